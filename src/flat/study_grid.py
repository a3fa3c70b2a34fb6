"""The cells of a study: which models it trains, which attacks it runs on them, and with which settings."""

from dataclasses import dataclass

from flat.readings import objective_switches
from flat.study import Rounds, Study, Training

NO_ATTACK = "none"  # the train attack of models that saw no adversarial text


@dataclass(frozen=True, order=True)
class Cell:
    """One trained model: a checkpoint after its last round."""

    dataset: str
    model: str
    strategy: str
    train_attack: str
    seed: int


@dataclass(frozen=True, order=True)
class AttackedCell:
    """One column entry: a trained model under a test attack."""

    cell: Cell
    attack: str


def _cell(study: Study, dataset: str, model: str, strategy: str, attack: str, seed: int) -> Cell:
    adversarial = study.strategies[strategy].adversarial
    return Cell(dataset, model, strategy, attack if adversarial else NO_ATTACK, seed)


def main_cells(study: Study) -> list[AttackedCell]:
    """Tables 2, 3, 7, 8 and Fig. 6: each model under the attack it was trained on, the base model under each."""
    main = study.artefacts.main
    return [
        AttackedCell(_cell(study, d, m, s, a, seed), a)
        for d in main.datasets
        for m in main.models
        for s in main.strategies
        for a in main.train_attacks
        for seed in study.seeds
    ]


def transfer_cells(study: Study) -> list[AttackedCell]:
    """Table 4."""
    t = study.artefacts.transfer
    return [
        AttackedCell(_cell(study, t.dataset, m, s, t.train_attack, seed), a)
        for m in t.models
        for s in t.strategies
        for a in t.attacks
        for seed in study.seeds
    ]


def variant_cells(study: Study) -> list[AttackedCell]:
    """Tables 5 and 10: variants of a strategy on one data set, model and attack."""
    blocks = (study.artefacts.ablation, study.artefacts.groups)
    return [
        AttackedCell(_cell(study, b.dataset, b.model, s, b.attack, seed), b.attack)
        for b in blocks
        for s in b.strategies
        for seed in study.seeds
    ]


def importance_cells(study: Study) -> list[Cell]:
    """Table 9, Figs 4 and 5: the first seed's models with and without gamma."""
    i = study.artefacts.importance
    return [_cell(study, i.dataset, i.model, s, i.attack, study.seeds[0]) for s in (i.strategy, i.without_gamma)]


def explained_cells(study: Study) -> list[AttackedCell]:
    """The cells whose explanations are compared (Tables 3 and 8, Figs 3 and 6)."""
    s = study.artefacts.saliency
    saliency = [
        AttackedCell(_cell(study, s.dataset, s.model, strategy, s.attack, study.seeds[0]), s.attack)
        for strategy in study.artefacts.main.strategies
    ]
    return sorted({*main_cells(study), *saliency})


def attacked_cells(study: Study) -> list[AttackedCell]:
    return sorted({*main_cells(study), *transfer_cells(study), *variant_cells(study), *explained_cells(study)})


def trained_cells(study: Study) -> list[Cell]:
    return sorted({a.cell for a in attacked_cells(study)} | set(importance_cells(study)))


def rounds_of(study: Study, cell: Cell) -> Rounds:
    """The rounds of a cell, overrides applied."""
    from flat.study_checks import fits

    values = study.rounds.model_dump()
    for override in study.overrides:
        if fits(override.where, cell):
            values |= override.rounds
    return Rounds(**values)


def last_round(study: Study, cell: Cell) -> int:
    return rounds_of(study, cell).count if study.strategies[cell.strategy].adversarial else 0


def training_of(study: Study, cell: Cell, round_: int) -> Training:
    """The optimiser's options of one round of a cell, overrides applied. Rounds have their own number of epochs."""
    from flat.study_checks import fits

    values = study.models[cell.model].training.model_dump()
    if round_ > 0:
        values["epochs"] = rounds_of(study, cell).epochs
    for override in study.overrides:
        if fits(override.where, cell):
            values |= {k: v for k, v in override.training.items() if not (round_ > 0 and k == "epochs")}
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
