"""The cells of a study: which models it trains, which attacks it runs on them, and with which settings.

A block of ``artefacts`` that a study leaves out has no cells, tables or figures.
"""

from dataclasses import replace

from flat.cells import NO_ATTACK, AttackedCell, Cell, base_of
from flat.readings import objective_switches
from flat.study import Rounds, Study, Training

# the block of artefacts that each table or figure shows, in the order of the report: the paper's by number, then others
TABLE_BLOCKS = {
    "1": "main",
    "2": "main",
    "3": "main",
    "4": "transfer",
    "5": "ablation",
    "6": "main",
    "7": "main",
    "8": "main",
    "9": "importance",
    "10": "groups",
    "guards": "main",
    "validity": "main",
    "readings": "readings",
    "replay": "replay",
    "grim": "main",
}
FIGURE_BLOCKS: dict[int | str, str] = {3: "saliency", 4: "importance", 5: "importance", 6: "main", "curves": "main"}


def _cell(study: Study, dataset: str, model: str, strategy: str, attack: str, seed: int) -> Cell:
    adversarial = study.strategies[strategy].adversarial
    return Cell(dataset, model, strategy, attack if adversarial else NO_ATTACK, seed)


def seeds_of(study: Study, cell: Cell) -> list[int]:
    """The seeds that a cell's model is trained with, overrides applied; the cell's own seed does not count."""
    from flat.study_checks import fits

    chosen = [override.seeds for override in study.overrides if override.seeds and fits(override.where, cell)]
    return chosen[-1] if chosen else study.seeds


def all_seeds(study: Study) -> list[int]:
    """Every seed that some cell is trained with."""
    return sorted({seed for seeds in (study.seeds, *(o.seeds for o in study.overrides if o.seeds)) for seed in seeds})


def _cells(study: Study, dataset: str, model: str, strategy: str, attack: str) -> list[Cell]:
    """A model of each of its seeds."""
    first = _cell(study, dataset, model, strategy, attack, study.seeds[0])
    return [replace(first, seed=seed) for seed in seeds_of(study, first)]


def main_cells(study: Study) -> list[AttackedCell]:
    """Tables 2, 3, 7, 8 and Fig. 6: each model under the attack it was trained on, the base model under each."""
    main = study.artefacts.main
    return [
        AttackedCell(cell, a)
        for d in main.datasets
        for m in main.models
        for s in main.strategies
        for a in main.train_attacks
        for cell in _cells(study, d, m, s, a)
    ]


def transfer_cells(study: Study) -> list[AttackedCell]:
    """Table 4."""
    return [
        AttackedCell(cell, a)
        for t in study.artefacts.present("transfer").values()
        for m in t.models
        for s in t.strategies
        for a in t.attacks
        for cell in _cells(study, t.dataset, m, s, t.train_attack)
    ]


def variant_cells(study: Study) -> list[AttackedCell]:
    """Tables 5 and 10: variants of a strategy on one data set, model and attack."""
    return [
        AttackedCell(cell, b.attack)
        for b in study.artefacts.present("ablation", "groups").values()
        for s in b.strategies
        for cell in _cells(study, b.dataset, b.model, s, b.attack)
    ]


def importance_cells(study: Study) -> list[Cell]:
    """Table 9, Figs 4 and 5: the first seed's models with and without gamma."""
    return [
        _cell(study, i.dataset, i.model, strategy, i.attack, study.seeds[0])
        for i in study.artefacts.present("importance").values()
        for strategy in (i.strategy, i.without_gamma)
    ]


def saliency_cells(study: Study) -> list[AttackedCell]:
    """Fig. 3: the main strategies' models of the first seed."""
    return [
        AttackedCell(_cell(study, s.dataset, s.model, strategy, s.attack, study.seeds[0]), s.attack)
        for s in study.artefacts.present("saliency").values()
        for strategy in study.artefacts.main.strategies
    ]


def replay_cells(study: Study) -> list[AttackedCell]:
    """The transfer matrix: models whose stored adversarial texts are asked of one another."""
    return [
        AttackedCell(cell, r.attack)
        for r in study.artefacts.present("replay").values()
        for m in r.models
        for s in r.strategies
        for cell in _cells(study, r.dataset, m, s, r.train_attack)
    ]


def replayed_on(study: Study, cell: Cell) -> list[AttackedCell]:
    """The cells whose adversarial texts a model of the transfer matrix is asked: those of its seed, its own too.

    Other seeds are left out, so that a study may grow by a seed and keep what it has.
    """
    return sorted({attacked for attacked in replay_cells(study) if attacked.cell.seed == cell.seed})


def reading_cells(study: Study) -> list[AttackedCell]:
    """The rows of the table of readings."""
    return [
        AttackedCell(cell, r.attack)
        for r in study.artefacts.present("readings").values()
        for row in r.rows
        for cell in _cells(study, row.dataset, row.model, row.strategy, r.attack)
    ]


def curve_cells(study: Study) -> list[AttackedCell]:
    """Robustness curves: the main tables' cells whose query counts are exact, which a lazy search's are not."""
    lazy = {name for name, attack in study.attacks.items() if attack.search == "lazy"}
    return sorted({attacked for attacked in main_cells(study) if attacked.attack not in lazy})


def explained_cells(study: Study, method: str) -> list[AttackedCell]:
    """The cells whose explanations are compared: Table 8's with LIME (the dearer method); those of Tables 3 and of
    the readings, and Figs 3 and 6, with integrated gradients."""
    if method == "lime":
        return sorted(set(main_cells(study)))
    return sorted({*main_cells(study), *saliency_cells(study), *reading_cells(study)})


def attacked_cells(study: Study) -> list[AttackedCell]:
    grids = (main_cells, transfer_cells, variant_cells, replay_cells)
    explained = explained_cells(study, "ig")
    shared = {AttackedCell(base_of(a.cell), a.attack) for a in explained}  # their adversarial texts are explained too
    return sorted({attacked for grid in grids for attacked in grid(study)} | {*explained} | shared)


def trained_cells(study: Study) -> list[Cell]:
    return sorted({a.cell for a in attacked_cells(study)} | set(importance_cells(study)))


def reported_datasets(study: Study) -> list[str]:
    """The study's data sets without those that exist for rows of the table of readings alone."""
    blocks = study.artefacts.present()
    readings = blocks.pop("readings", None)
    used = {name for block in blocks.values() for name in getattr(block, "datasets", [getattr(block, "dataset", "")])}
    only_read = {row.dataset for row in readings.rows} - used if readings else set()
    return [name for name in study.datasets if name not in only_read]


def table_keys(study: Study) -> list[str]:
    """The tables of a study: those of the blocks of artefacts that it has."""
    return [key for key, block in TABLE_BLOCKS.items() if block in study.artefacts.present()]


def figure_keys(study: Study) -> list[int | str]:
    """The figures of a study, as its tables."""
    return [key for key, block in FIGURE_BLOCKS.items() if block in study.artefacts.present()]


def rounds_of(study: Study, cell: Cell) -> Rounds:
    """The rounds of a cell, overrides applied."""
    from flat.study_checks import fits

    values = study.rounds.model_dump()
    for override in study.overrides:
        if fits(override.where, cell):
            values |= override.rounds
    return Rounds(**values)


def attacked_train(study: Study, cell: Cell) -> int | None:
    """Train examples attacked in each round of a cell; None for all. One number for all strategies of a model: adv and
    FLAT may share the first round's texts, and train on equally many."""
    return rounds_of(study, cell).attacked or study.datasets[cell.dataset].attacked_train


def attacked_test(study: Study, dataset: str, model: str, attack: str) -> int | None:
    """Test examples of the data set's draw that an attack is run on; None for all. One number for all strategies and
    seeds of a model: they are compared example by example."""
    own = [o.attacked_test for o in study.overrides if o.attacked_test and o.where.covers(dataset, model)]
    sizes = (study.attacks[attack].examples, study.datasets[dataset].attacked_test, *own[-1:])
    return min((size for size in sizes if size is not None), default=None)


def explained_draws(study: Study, dataset: str) -> list[int | None]:
    """Sizes of the draws whose adversarial texts are explained; what is explained is chosen from what they share."""
    explained = {*explained_cells(study, "ig"), *explained_cells(study, "lime")}
    chosen = {(a.cell.model, a.attack) for a in explained if a.cell.dataset == dataset}
    return sorted({attacked_test(study, dataset, *names) for names in chosen}, key=lambda size: (size is None, size))


def last_round(study: Study, cell: Cell) -> int:
    return rounds_of(study, cell).count if study.strategies[cell.strategy].adversarial else 0


def training_of(study: Study, cell: Cell, round_: int) -> Training:
    """The optimiser's options of one round of a cell, overrides applied. Rounds have their own number of epochs."""
    from flat.study_checks import fits

    values, of_rounds = study.models[cell.model].training.model_dump(), set()
    if round_ > 0:
        rounds = rounds_of(study, cell)
        own = {"epochs": rounds.epochs, "texts_per_epoch": rounds.texts_per_epoch}
        of_rounds = {name for name, value in own.items() if value is not None}
        values |= {name: own[name] for name in of_rounds}
    for override in study.overrides:
        if fits(override.where, cell):
            values |= {k: v for k, v in override.training.items() if k not in of_rounds}
    return Training(**values)


def objective_of(study: Study, cell: Cell) -> dict:
    """Keyword arguments of flat.training.objective.Weights for a cell, overrides applied."""
    from flat.study_checks import fits

    strategy = study.strategies[cell.strategy]
    values = {"beta": strategy.beta, "gamma": strategy.gamma}
    values |= objective_switches(study, cell.model, cell.strategy)
    for override in study.overrides:
        if fits(override.where, cell) and strategy.mask == "variational":
            values |= override.objective
    return values


def device_of(study: Study, model: str) -> str:
    return study.models[model].device or study.device
