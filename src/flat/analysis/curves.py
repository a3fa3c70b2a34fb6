"""After-attack accuracy as a function of the attack's budget: how many queries it takes to bring a model down.

Read from the recorded counts, without any further run: an attack that needed q queries would have failed under every
budget below q. That holds for searches that ask one example's queries in the same order whatever the budget, and whose
counts are those of the attack as published. TextFooler searched lazily saves queries, and has no curve.
"""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from flat.attacks.ledger import SUCCEEDED, count

PER_DECADE = 24  # budgets drawn per power of ten


def budgets(largest: int) -> list[int]:
    """0, then whole numbers about equally far apart on a logarithmic axis, up to ``largest``."""
    if largest < 1:
        return [0]
    steps = int(np.ceil(PER_DECADE * np.log10(largest))) + 1
    found = np.unique(np.rint(np.logspace(0, np.log10(largest), steps)).astype(int)) if steps > 1 else [1]
    return [0, *map(int, found)]


def after_attack_accuracy(status: Sequence[str], queries: Sequence[int], budget: Sequence[int]) -> np.ndarray:
    """AA in percent under each budget: (budgets,).

    An example counts as wrong that the model got wrong beforehand (``skipped``) or that an attack of at most ``budget``
    queries succeeded on. At budget 0 this is the accuracy on the attacked examples, at the largest count their AA.
    """
    status, queries = np.asarray(status), np.asarray(queries)
    fell = np.sort(queries[status == SUCCEEDED])
    spared = len(fell) - np.searchsorted(fell, np.asarray(budget), side="right")
    return count(status).after_attack_accuracy(spared)


def curves(ledgers: Iterable[tuple[Mapping[str, object], object]]):
    """The curve of every cell as a tidy frame, one row a budget.

    ``aa_percent`` is the mean over seeds, ``low`` and ``high`` the lowest and highest, ``n`` the attacked examples.
    The cells of an attack and data set share their budgets, up to the largest count among them.

    Args:
        ledgers: (coordinates of the cell and its attack, ledger with status and queries).
    """
    import pandas as pd  # for cost

    panels: dict[tuple, dict[tuple, list]] = {}
    for cell, ledger in ledgers:
        panel = panels.setdefault((cell["attack"], cell["dataset"]), {})
        panel.setdefault((cell["model"], cell["strategy"]), []).append(ledger)
    rows = []
    for (attack, dataset), lines in panels.items():
        budget = budgets(max(int(ledger["queries"].max()) for found in lines.values() for ledger in found))
        for (model, strategy), found in lines.items():
            seeds = np.array([after_attack_accuracy(one["status"], one["queries"], budget) for one in found])
            common = {"attack": attack, "dataset": dataset, "model": model, "strategy": strategy}
            size = {"seeds": len(found), "n": min(map(len, found))}
            parts = zip(budget, seeds.mean(axis=0), seeds.min(axis=0), seeds.max(axis=0), strict=True)
            rows += [
                {**common, "budget": b, "aa_percent": value, "low": low, "high": high, **size}
                for b, value, low, high in parts
            ]
    names = ["attack", "dataset", "model", "strategy", "budget", "aa_percent", "low", "high", "seeds", "n"]
    return pd.DataFrame(rows, columns=names)
