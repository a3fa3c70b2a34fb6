"""After-attack accuracy against the attack's budget of queries: the lines of the figure "curves", for the page."""

from collections.abc import Iterator
from functools import cache
from pathlib import Path

from flat.analysis import statistics
from flat.analysis.curves import LINE, by_seed, curves
from flat.files.artefacts import read_table
from flat.report.explorer.numbers import rounded
from flat.study import paths
from flat.study.cells import NO_ATTACK
from flat.study.grid import curve_cells

OF_SEEDS, OF_TEXTS = "seeds", "texts"  # what a band is over


def budget_curves(study, root: str = ".") -> dict:
    """``panels``: of each data set, model and attack the budgets and a line a strategy; ``without``: attacks that have
    no exact counts of queries, hence no curve.

    A line has at each budget ``value``, the mean over seeds of AA in percent, ``low`` and ``high``, and ``fell``: the
    texts of all seeds that fell by then. Its ``band`` says whether low and high are the lowest and the highest seed or,
    of one seed, Wilson's interval over texts, as in tables. ``n`` are the texts of the seed that has fewest.

    Raises:
        ArtefactError: a ledger is absent or damaged.
    """
    cells = curve_cells(study)
    ledgers = [(paths.coordinates(each.cell) | {"attack": each.attack}, _ledger(study, root, each)) for each in cells]
    seeds = by_seed(ledgers)
    fell = seeds.groupby([*LINE, "budget"], sort=False)["fell"].sum()
    frame = curves(seeds).merge(fell.reset_index(), on=[*LINE, "budget"])
    main = study.artefacts.main
    drawn = {each.attack for each in cells}
    return {
        "panels": list(_panels(study, frame)),
        "without": [name for name in main.train_attacks if name not in drawn],
    }


def _ledger(study, root: str, attacked):
    return read_table(Path(root) / paths.test_ledger(study, attacked), ["example_id", "status", "queries"])


def _panels(study, frame) -> Iterator[dict]:
    """In the order that the study names attacks, data sets, models and strategies in."""
    main = study.artefacts.main
    panels = dict(iter(frame.groupby(["attack", "dataset", "model"], sort=False)))
    for attack in main.train_attacks:
        for dataset in main.datasets:
            for model in main.models:
                if (panel := panels.get((attack, dataset, model))) is None:
                    continue
                lines = dict(iter(panel.groupby("strategy", sort=False)))
                shown = [_line(study, attack, name, lines[name]) for name in main.strategies if name in lines]
                budgets = list(map(int, next(iter(lines.values()))["budget"]))
                keys = {"dataset": dataset, "model": model, "attack": attack}
                yield keys | {"budgets": budgets, "lines": shown}


def _line(study, attack: str, strategy: str, rows) -> dict:
    n, seeds = int(rows["n"].iloc[0]), int(rows["seeds"].iloc[0])
    ends = list(zip(rows["low"], rows["high"], strict=True))
    if seeds == 1:
        interval = cache(lambda value: statistics.wilson_share(value, n))
        ends = [interval(value) for value in rows["aa_percent"]]
    return {
        "strategy": strategy,
        "train_attack": attack if study.strategies[strategy].adversarial else NO_ATTACK,
        "n": n,
        "seeds": seeds,
        "band": OF_TEXTS if seeds == 1 else OF_SEEDS,
        "value": [rounded(value) for value in rows["aa_percent"]],
        "low": [rounded(low) for low, _ in ends],
        "high": [rounded(high) for _, high in ends],
        "fell": list(map(int, rows["fell"])),
    }
