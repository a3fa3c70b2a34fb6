"""Readings of the method: where the printed description is silent, or the published code departs from it.

A study names a reading (``method.reading: paper | authors``). Each switch may also be set alone, for the whole study
(``method.switches``) or for one strategy (``strategies.<name>.switches``). So a table can turn them on one by one.
docs/method.md says what each means and where it comes from.
"""

from flat.study.schema import Study

PAPER = {
    "keep": "successful",
    "detach_importance": False,
    "double_softmax": False,
    "attack_in_train_mode": False,
    "importance_over": "changed",
    "entropy_over": "words",
    "position_dependent_masks": False,
    "mask_special_tokens": False,
    "mask_attention": False,
    "freeze_embeddings": False,
    "pairs_weight": "union",
}
# What the published code does, by kind of model; what a kind does not name is as in PAPER.
AUTHORS_WORD_MODELS = {
    "keep": "everything",
    "double_softmax": True,
    "attack_in_train_mode": True,
    "importance_over": "all",
    "entropy_over": "positions",
}
AUTHORS_ENCODERS = {
    "keep": "everything",
    "detach_importance": True,
    "importance_over": "all",
    "entropy_over": "positions",
    "position_dependent_masks": True,
    "mask_special_tokens": True,
    "mask_attention": True,
    "freeze_embeddings": True,
}


# Switches that say nothing without a variational mask, and those among them that only encoders have.
ENCODER_SWITCHES = ("position_dependent_masks", "mask_special_tokens", "mask_attention", "freeze_embeddings")
MASK_SWITCHES = ("detach_importance", "importance_over", "entropy_over", *ENCODER_SWITCHES)


def reading_of(study: Study, model: str) -> dict[str, bool | str]:
    """Every switch of a model as the study's reading of the method has it."""
    if study.method.reading == "paper":
        return dict(PAPER)
    if study.models[model].is_black_box:  # it has no mask and is not trained: there is nothing to read otherwise
        return dict(PAPER)
    return PAPER | (AUTHORS_ENCODERS if study.models[model].is_encoder else AUTHORS_WORD_MODELS)


def switches_of(study: Study, model: str, strategy: str) -> dict[str, bool | str]:
    """Every switch of a model trained with a strategy, resolved: none is null."""
    values = reading_of(study, model)
    for level in (study.method.switches, study.strategies[strategy].switches):
        values |= level.model_dump(exclude_none=True)
    return values


def means_something(study: Study, model: str, strategy: str, switch: str) -> bool:
    """Whether a switch can change anything in a model trained with a strategy."""
    trained = study.strategies[strategy]
    if switch in MASK_SWITCHES and trained.mask != "variational":
        return False
    if switch in ENCODER_SWITCHES and not study.models[model].is_encoder:
        return False
    return trained.adversarial or switch not in ("keep", "attack_in_train_mode", "pairs_weight")


def network_switches(study: Study, model: str, strategy: str) -> dict[str, bool]:
    """The switches that decide how a network answers, for its config.json. Only encoders have any."""
    if not study.models[model].is_encoder or study.strategies[strategy].mask != "variational":
        return {}
    resolved = switches_of(study, model, strategy)
    return {name: resolved[name] for name in ("position_dependent_masks", "mask_special_tokens", "mask_attention")}


def objective_switches(study: Study, model: str, strategy: str) -> dict[str, bool | str]:
    """The switches of flat.training.objective.Weights."""
    resolved = switches_of(study, model, strategy)
    names = ("detach_importance", "double_softmax", "importance_over", "entropy_over", "pairs_weight")
    return {name: resolved[name] for name in names}
