"""Which plugins a study uses, whoever brought them."""

from flat.study.schema import Study


def plugins_used(study: Study) -> list[tuple[str, str]]:
    """(kind, name) of each, sorted: what ``flat.plugins.registry.REGISTRIES`` finds it by."""
    found = {("models", model.kind) for model in study.models.values()}
    found |= {("attacks", attack.recipe) for attack in study.attacks.values()}
    found |= {("explainers", name) for name in study.interpretation.methods}
    return sorted(found)
