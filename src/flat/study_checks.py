"""What a study's parts must have in common: names that exist, combinations that make sense."""

from collections.abc import Iterable

from pydantic import ValidationError

from flat.errors import StudyError
from flat.study import Study

# the roles of lexical resources each recipe needs
RECIPE_RESOURCES: dict[str, tuple[str, ...]] = {
    "textfooler": ("synonyms", "sentence_encoder", "tagger"),
    "pwws": ("wordnet", "stopwords"),
    "gene": ("synonyms", "language_model"),
    "iga": ("synonyms",),
    "pso": ("sememes", "tagger"),
    "clare": ("masked_language_model", "sentence_encoder"),
    "bae": ("masked_language_model", "sentence_encoder", "tagger"),
}


def check(study: Study, where: str) -> None:
    """Raise StudyError for the first reference that names nothing or combination that cannot be run."""
    artefacts = study.artefacts
    for part, block in artefacts:
        for field, known, kind in (
            ("dataset", study.datasets, "datasets"),
            ("datasets", study.datasets, "datasets"),
            ("model", study.models, "models"),
            ("models", study.models, "models"),
            ("strategy", study.strategies, "strategies"),
            ("strategies", study.strategies, "strategies"),
            ("without_gamma", study.strategies, "strategies"),
            ("attack", study.attacks, "attacks"),
            ("attacks", study.attacks, "attacks"),
            ("train_attack", study.attacks, "attacks"),
            ("train_attacks", study.attacks, "attacks"),
        ):
            value = getattr(block, field, None)
            names = value if isinstance(value, list) else [value] if value is not None else []
            _known(names, known, f"{where}: artefacts.{part}.{field}", kind)
    for part in ("main", "transfer"):
        if "base" not in getattr(artefacts, part).strategies:
            raise StudyError(
                f"{where}: artefacts.{part}.strategies", "base is missing", "add base: the others start from it"
            )
    if study.strategies.get("base") is None or study.strategies["base"].adversarial:
        raise StudyError(
            f"{where}: strategies.base", "there is no strategy base with adversarial: false", "add it: all start there"
        )
    importance = artefacts.importance
    for field in ("strategy", "without_gamma"):
        name = getattr(importance, field)
        if study.strategies[name].mask != "variational":
            raise StudyError(
                f"{where}: artefacts.importance.{field}", f"{name} has no variational mask", "name a FLAT strategy"
            )
    for name, attack in study.attacks.items():
        missing = [role for role in RECIPE_RESOURCES[attack.recipe] if role not in attack.resources]
        if missing:
            raise StudyError(
                f"{where}: attacks.{name}.resources",
                f"the recipe {attack.recipe} needs {', '.join(missing)}",
                f"name a resource for each: {', '.join(RECIPE_RESOURCES[attack.recipe])}",
            )
    for name, dataset in study.datasets.items():
        if dataset.explained and dataset.attacked_test and dataset.explained > dataset.attacked_test:
            raise StudyError(
                f"{where}: datasets.{name}.explained",
                f"{dataset.explained} examples to explain, but only {dataset.attacked_test} attacked",
                "explain at most as many as attacked_test",
            )
    if len(set(study.seeds)) != len(study.seeds):
        raise StudyError(f"{where}: seeds", f"a seed stands twice in {study.seeds}", "list each seed once")
    _check_resources(study, where)
    _check_overrides(study, where)
    _check_options(study, where)


def _known(names: Iterable[str], known: Iterable[str], place: str, kind: str) -> None:
    unknown = [name for name in names if name not in known]
    if unknown:
        raise StudyError(place, f"{', '.join(unknown)} is not among the {kind}", f"use one of {', '.join(known)}")


def _check_resources(study: Study, where: str) -> None:
    from flat.resources.catalogue import load_catalogue

    known = set(load_catalogue())
    wanted = {f"models.{n}.vectors": m.vectors for n, m in study.models.items() if m.vectors}
    for name, attack in study.attacks.items():
        wanted |= {f"attacks.{name}.resources.{role}": r for role, r in attack.resources.items()}
    for place, resource in wanted.items():
        if resource not in known and "/" not in resource:
            raise StudyError(
                f"{where}: {place}",
                f"{resource} is not in the resource catalogue",
                f"use one of {', '.join(sorted(known))}, or a folder (with a / in its name)",
            )


def _check_options(study: Study, where: str) -> None:
    """Options of CNN and LSTM: the registry says which exist (read as text: importing it would import torch)."""
    allowed = {
        "cnn": {"filters", "widths", "dropout", "freeze_vectors"},
        "lstm": {"hidden", "dropout", "embedding_dropout", "freeze_vectors"},
    }
    for name, model in study.models.items():
        unknown = set(model.options) - allowed.get(model.kind, set(model.options))
        if unknown:
            raise StudyError(
                f"{where}: models.{name}.options",
                f"{', '.join(sorted(unknown))} is no option of a {model.kind}",
                f"use {', '.join(sorted(allowed[model.kind]))}",
            )


def _check_overrides(study: Study, where: str) -> None:
    from flat.study import Rounds, Training
    from flat.study_grid import rounds_of, trained_cells, training_of

    cells = trained_cells(study)
    for number, override in enumerate(study.overrides):
        place = f"{where}: overrides.{number}"
        for field, known in (
            ("datasets", study.datasets),
            ("models", study.models),
            ("strategies", study.strategies),
            ("train_attacks", study.attacks),
        ):
            _known(getattr(override.where, field) or [], known, f"{place}.where.{field}", field)
        for field, model in (("training", Training), ("rounds", Rounds)):
            _known(getattr(override, field), model.model_fields, f"{place}.{field}", f"options of {field}")
        covered = [cell for cell in cells if fits(override.where, cell)]
        if not covered:
            raise StudyError(f"{place}.where", "it fits no cell of the study", "remove it or widen it")
        for build in (rounds_of, lambda s, c: training_of(s, c, 0), lambda s, c: training_of(s, c, 1)):
            try:
                build(study, covered[0])
            except ValidationError as error:
                item = error.errors()[0]
                key = ".".join(map(str, item["loc"]))
                raise StudyError(f"{place}: {key}", item["msg"], "correct the value") from None


def fits(where, cell) -> bool:
    """Whether an override's ``where`` covers a cell; a field it does not name covers all."""
    return all(
        allowed is None or value in allowed
        for allowed, value in (
            (where.datasets, cell.dataset),
            (where.models, cell.model),
            (where.strategies, cell.strategy),
            (where.train_attacks, cell.train_attack),
        )
    )
