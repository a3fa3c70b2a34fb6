"""The cells of a study: which models it trains, which attacks it runs on them, and with which settings.

A block of ``artefacts`` that a study leaves out has no cells, tables or figures.
"""

from dataclasses import replace

from flat.plugins.registry import EXPLAINERS, MODELS
from flat.study.cells import NO_ATTACK, AttackedCell, Cell, base_of
from flat.study.fields import Where
from flat.study.schema import Study
from flat.study.settings import attacked_test, explains_all, seeds_of


def _cell(study: Study, dataset: str, model: str, strategy: str, attack: str, seed: int) -> Cell:
    adversarial = study.strategies[strategy].adversarial
    return Cell(dataset, model, strategy, attack if adversarial else NO_ATTACK, seed)


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


def _readings_where(study: Study, asked: str) -> list[AttackedCell]:
    """The rows of the table of readings, if its block says that they are ``explained`` or ``calibrated``."""
    block = study.artefacts.readings
    return reading_cells(study) if block is not None and getattr(block, asked) else []


def curve_cells(study: Study) -> list[AttackedCell]:
    """Robustness curves: the main tables' cells whose query counts are exact, which a lazy search's are not."""
    lazy = {name for name, attack in study.attacks.items() if attack.search == "lazy"}
    return sorted({attacked for attacked in main_cells(study) if attacked.attack not in lazy})


def explained_cells(study: Study, method: str) -> list[AttackedCell]:
    """The cells whose explanations are compared: Table 8's; of a method that goes beyond the main tables also those of
    the readings (``artefacts.readings.explained``) and of Fig. 3. None of a method that the study gives no options, or
    of a model that a method cannot explain."""
    if method not in study.interpretation.methods:
        return []
    found = set(main_cells(study))
    if EXPLAINERS[method].beyond_main:
        found.update(saliency_cells(study), _readings_where(study, "explained"))
    fitting = {name for name, model in study.models.items() if EXPLAINERS[method].suits(MODELS[model.kind])}
    return sorted(attacked for attacked in found if attacked.cell.model in fitting)


def shown_cells(study: Study, method: str) -> list[AttackedCell]:
    """The cells that are explained for the explorer alone (``artefacts.explorer``): no table compares them."""
    page = study.artefacts.explorer
    if page is None or method not in study.interpretation.methods or not EXPLAINERS[method].beyond_main:
        return []
    asked = {name: model for name, model in study.models.items() if name in page.models}
    fitting = {name for name, model in asked.items() if EXPLAINERS[method].suits(MODELS[model.kind])}
    found = {a for a in _of_tables(study) | all_explained_cells(study) if a.cell.model in fitting}
    return sorted((found | _shared(found)) - set(explained_cells(study, method)))


def all_explained_cells(study: Study) -> set[AttackedCell]:
    """The cells that some method explains."""
    return {attacked for method in EXPLAINERS for attacked in explained_cells(study, method)}


def attacked_cells(study: Study) -> list[AttackedCell]:
    explained = all_explained_cells(study) | {a for method in EXPLAINERS for a in shown_cells(study, method)}
    return sorted(_of_tables(study) | explained | _shared(explained))


def _shared(explained: set[AttackedCell]) -> set[AttackedCell]:
    """The base models' cells whose adversarial texts are explained, too."""
    return {AttackedCell(base_of(a.cell), a.attack) for a in explained}


def _of_tables(study: Study) -> set[AttackedCell]:
    """The cells whose attack a table counts."""
    grids = (main_cells, transfer_cells, variant_cells, replay_cells, reading_cells)
    return {attacked for grid in grids for attacked in grid(study)}


def trained_cells(study: Study) -> list[Cell]:
    return sorted({a.cell for a in attacked_cells(study)} | set(importance_cells(study)))


def reported_datasets(study: Study) -> list[str]:
    """The study's data sets without those that exist for rows of the table of readings alone."""
    blocks = study.artefacts.present()
    readings = blocks.pop("readings", None)
    used = {name for block in blocks.values() for name in getattr(block, "datasets", [getattr(block, "dataset", "")])}
    only_read = {row.dataset for row in readings.rows} - used if readings else set()
    return [name for name in study.datasets if name not in only_read]


def explained_draws(study: Study, dataset: str) -> list[int | None]:
    """Sizes of the draws whose adversarial texts are explained; what is explained is chosen from what they share. Not
    those of models that are explained on all they are attacked on."""
    cells = [a for a in all_explained_cells(study) if a.cell.dataset == dataset]
    chosen = {(a.cell.model, a.attack) for a in cells if not explains_all(study, dataset, a.cell.model)}
    return sorted({attacked_test(study, dataset, *names) for names in chosen}, key=lambda size: (size is None, size))


def tuned_cell(study: Study, dataset: str, model: str, strategy: str) -> Cell:
    """The cell that a search trains; a base model has no train attack."""
    seed = study.seeds[0] if study.tune.seed is None else study.tune.seed
    return _cell(study, dataset, model, strategy, study.tune.train_attack or NO_ATTACK, seed)


def tuned_cells(study: Study) -> list[Cell]:
    """The cells that ``snakemake tune`` searches, each once."""
    tune = study.tune
    names = [(d, m, s) for d in tune.datasets for m in tune.models for s in tune.strategies]
    return [tuned_cell(study, *of_cell) for of_cell in dict.fromkeys(names)]


def tuned_where(study: Study, cell: Cell) -> Where:
    """The cells that get what a search chose: those of one data set, model and strategy, and of one train attack if
    ``apply_to`` says so."""
    one_attack = study.tune.apply_to == "train_attack" and cell.train_attack != NO_ATTACK
    return Where(
        datasets=[cell.dataset],
        models=[cell.model],
        strategies=[cell.strategy],
        train_attacks=[cell.train_attack] if one_attack else None,
    )


REFERENCES = ("adv", "base")  # the strategies that the others are compared with, where a group has it


def checked_cells(study: Study) -> list[AttackedCell]:
    """The cells whose adversarial texts are judged: those of Tables 2, 3 and 8."""
    return sorted(set(main_cells(study)))


def calibrated_cells(study: Study) -> list[AttackedCell]:
    """The cells that are attacked again at the temperature fitted on dev; none without ``guards.calibration``.

    Those of Tables 3 and 8 that its ``where`` fits, and the readings (``artefacts.readings.calibrated``).
    """
    if study.guards.calibration is None:
        return []
    return sorted({*chosen_for_calibration(study), *_readings_where(study, "calibrated")})


def chosen_for_calibration(study: Study) -> list[AttackedCell]:
    """The cells of Tables 3 and 8 that ``guards.calibration.where`` fits.

    ``where.train_attacks`` speaks of the attack of a column: a base model is attacked by each.
    """
    return [a for a in checked_cells(study) if study.guards.calibration.where.fits(_as_trained(a))]


def _as_trained(attacked: AttackedCell) -> Cell:
    cell = attacked.cell
    return Cell(cell.dataset, cell.model, cell.strategy, attacked.attack, cell.seed)


def trained_beside(study: Study, base: Cell) -> Cell | None:
    """The cell of adv that goes on from a base model: its rounds are training that others must have in one go."""
    of_base = (base.dataset, base.model, base.seed)
    cells = (cell for cell in trained_cells(study) if (cell.dataset, cell.model, cell.seed) == of_base)
    return next((cell for cell in cells if cell.strategy == REFERENCES[0] and cell.train_attack != NO_ATTACK), None)


def compared_strategies(study: Study) -> list[list[Cell]]:
    """Groups of cells that differ in nothing but their strategy, the one that the others are compared with first.

    Strategies that train on no adversarial texts are compared with the base model, or with all of adv's training where
    the study has it (``trained_beside``). Readings are not among them: their
    rows differ on purpose.
    """
    groups: dict[tuple, set[Cell]] = {}
    for attacked in [*main_cells(study), *transfer_cells(study), *variant_cells(study)]:
        cell = attacked.cell
        groups.setdefault((cell.dataset, cell.model, cell.train_attack, cell.seed), set()).add(cell)
    ordered = (sorted(group, key=lambda c: (c.strategy not in REFERENCES, c)) for _, group in sorted(groups.items()))
    return [group for group in ordered if len(group) > 1]
