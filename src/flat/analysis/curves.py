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
    spared = np.count_nonzero(np.asarray(status) == SUCCEEDED) - fallen(status, queries, budget)
    return count(status).after_attack_accuracy(spared)


def fallen(status: Sequence[str], queries: Sequence[int], budget: Sequence[int]) -> np.ndarray:
    """The examples that an attack of at most ``budget`` queries succeeds on, under each budget: (budgets,)."""
    found = np.sort(np.asarray(queries)[np.asarray(status) == SUCCEEDED])
    return np.searchsorted(found, np.asarray(budget), side="right")


LINE = ["attack", "dataset", "model", "strategy"]
NAMES = [*LINE, "budget", "aa_percent", "low", "high", "seeds", "n"]


def by_seed(ledgers: Iterable[tuple[Mapping[str, object], object]]):
    """The curve of every ledger as a tidy frame, one row a budget: LINE, ``seed`` (its place among those of the line),
    ``budget``, ``aa_percent``, ``fell``, the examples that fell by then, and ``n``, the attacked examples.

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
            common = {"attack": attack, "dataset": dataset, "model": model, "strategy": strategy}
            for seed, one in enumerate(found):
                values = after_attack_accuracy(one["status"], one["queries"], budget)
                fell = map(int, fallen(one["status"], one["queries"], budget))
                about = common | {"seed": seed, "n": len(one)}
                rows += [
                    about | {"budget": b, "aa_percent": value, "fell": down}
                    for b, value, down in zip(budget, values, fell, strict=True)
                ]
    return pd.DataFrame(rows, columns=[*LINE, "seed", "budget", "aa_percent", "fell", "n"])


def curves(seeds):
    """The frame of ``by_seed`` over seeds, one row a budget: ``aa_percent`` is their mean, ``low`` and ``high`` the
    lowest and highest, ``seeds`` their number, ``n`` the attacked examples of the seed that has the fewest."""
    groups = seeds.groupby([*LINE, "budget"], sort=False)
    of = {"aa_percent": ("aa_percent", "mean"), "low": ("aa_percent", "min"), "high": ("aa_percent", "max")}
    return groups.agg(**of, seeds=("seed", "nunique"), n=("n", "min")).reset_index()[NAMES]
