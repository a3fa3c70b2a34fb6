"""What a study says of one of its cells: seeds, rounds, sizes, the optimiser's options, overrides applied."""

from typing import Literal

from flat.plugins.registry import METRICS, OBJECTIVES
from flat.plugins.values import Options
from flat.study.cells import Cell
from flat.study.fields import MASK_WEIGHTS, OWN_OBJECTIVE, WEIGHTS
from flat.study.readings import objective_switches
from flat.study.schema import Rounds, Study, Training


def seeds_of(study: Study, cell: Cell) -> list[int]:
    """The seeds that a cell's model is trained with, overrides applied; the cell's own seed does not count."""
    chosen = [override.seeds for override in study.overrides if override.seeds and override.where.fits(cell)]
    return chosen[-1] if chosen else study.seeds


def all_seeds(study: Study) -> list[int]:
    """Every seed that some cell is trained with."""
    return sorted({seed for seeds in (study.seeds, *(o.seeds for o in study.overrides if o.seeds)) for seed in seeds})


def rounds_of(study: Study, cell: Cell) -> Rounds:
    """The rounds of a cell, overrides applied."""
    values = study.rounds.model_dump()
    for override in study.overrides:
        if override.where.fits(cell):
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


def explains_all(study: Study, dataset: str, model: str) -> bool:
    """Whether every attacked example of a model is explained, not those alone that are drawn for the data set."""
    return any(o.explained == "all" and o.where.covers(dataset, model) for o in study.overrides)


def explained_test(study: Study, dataset: str, model: str, attack: str) -> int | None:
    """Test examples under an attack that are explained; None for all."""
    attacked = attacked_test(study, dataset, model, attack)
    if explains_all(study, dataset, model):
        return attacked
    sizes = (study.datasets[dataset].explained, attacked)
    return min((size for size in sizes if size is not None), default=None)


def last_round(study: Study, cell: Cell) -> int:
    return rounds_of(study, cell).count if study.strategies[cell.strategy].adversarial else 0


def training_of(study: Study, cell: Cell, round_: int) -> Training:
    """The optimiser's options of one round of a cell, overrides applied. Rounds have their own number of epochs."""
    values, of_rounds = study.models[cell.model].training.model_dump(), set()
    if round_ > 0:
        rounds = rounds_of(study, cell)
        own = {"epochs": rounds.epochs, "texts_per_epoch": rounds.texts_per_epoch}
        of_rounds = {name for name, value in own.items() if value is not None}
        values |= {name: own[name] for name in of_rounds}
    for override in study.overrides:
        if override.where.fits(cell):
            values |= {k: v for k, v in override.training.items() if k not in of_rounds}
    return Training(**values)


def objective_of(study: Study, cell: Cell) -> dict:
    """Keyword arguments of flat.training.objective.Weights for a cell, overrides applied."""
    strategy = study.strategies[cell.strategy]
    values = {name: getattr(strategy, name) for name in WEIGHTS}
    values |= objective_switches(study, cell.model, cell.strategy)
    for override in study.overrides:
        if override.where.fits(cell):
            weighed = OBJECTIVES[strategy.objective].weights if strategy.mask == "variational" else ()
            given = override.objective.items()
            values |= {name: v for name, v in given if name in weighed or name not in MASK_WEIGHTS}
    return values


def plugin_of(study: Study, strategy: str) -> dict:
    """Objective, options and resources of a strategy: keyword arguments of flat.training.strategy.chosen.

    Empty for FLAT's own objective, which ``objective_of`` says all of.
    """
    name = study.strategies[strategy].objective
    if name == OWN_OBJECTIVE:
        return {}
    options = _options_of(study, strategy).model_dump(mode="json")
    resources = resources_of(study, strategy)
    return {"name": name, "options": options} | ({"resources": resources} if resources else {})


def resources_of(study: Study, strategy: str) -> dict[str, str]:
    """Role -> resource of a strategy's objective: its own, or that of the first attack that names one."""
    chosen = study.strategies[strategy]
    named = {role: name for attack in reversed(study.attacks.values()) for role, name in attack.resources.items()}
    named |= chosen.resources
    return {role: named[role] for role in OBJECTIVES[chosen.objective].roles if role in named}


def passes_of(study: Study, strategy: str) -> float:
    """Forward and backward passes over a text in a step of training; plain training has one."""
    return float(OBJECTIVES[study.strategies[strategy].objective].passes(_options_of(study, strategy)))


def _options_of(study: Study, strategy: str) -> Options:
    chosen = study.strategies[strategy]
    return OBJECTIVES[chosen.objective].options.model_validate(chosen.options)


def metrics_of(study: Study, of: Literal["pairs", "explanations"]) -> dict[str, dict]:
    """The further metrics of a kind that a study names, each with all its options as plain data."""
    found = {name: given for name, given in study.metrics.items() if METRICS[name].of == of}
    return {name: METRICS[name].options.model_validate(given).model_dump(mode="json") for name, given in found.items()}


def device_of(study: Study, model: str) -> str:
    """cpu | cuda | auto. A black box has a GPU if its own ``device`` says so, the study's is for networks."""
    chosen = study.models[model]
    return chosen.device or ("cpu" if chosen.is_black_box else study.device)


def searched(study: Study, strategy: str) -> dict[str, dict]:
    """What ``tune`` searches for a strategy, by name: low and high, or choices. Only variational masks have a beta and
    a gamma."""
    chosen = study.strategies[strategy]
    weights = OBJECTIVES[chosen.objective].weights if chosen.mask == "variational" else ()
    names = [*(name for name in MASK_WEIGHTS if name in weights), "learning_rate"]
    chosen = {name: getattr(study.tune, name) for name in names}
    return {name: where.model_dump(exclude_none=True) for name, where in chosen.items() if where is not None}


def tuned_attacked(study: Study, cell: Cell) -> int | None:
    """Train examples attacked in each round of a trial; None for all."""
    sizes = (study.tune.attacked, attacked_train(study, cell))
    return min((size for size in sizes if size is not None), default=None)
