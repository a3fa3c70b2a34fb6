"""What a study's parts must have in common: names that exist, combinations that make sense."""

from collections.abc import Iterable
from difflib import get_close_matches

from pydantic import ValidationError

from flat.errors import StudyError
from flat.plugins.registry import ATTACKS, EXPLAINERS, MODELS
from flat.plugins.values import Strict
from flat.study.cells import base_of
from flat.study.grid import attacked_cells, explained_draws, trained_cells
from flat.study.known.recipes import ROLES, made_from, problem_of
from flat.study.known.resources import catalogued, is_own
from flat.study.readings import ENCODER_SWITCHES, MASK_SWITCHES
from flat.study.schema import Rounds, Study, Training
from flat.study.settings import rounds_of, seeds_of, training_of

# part of a study -> the fields whose names must be in it
NAMED_IN = {
    "datasets": ("dataset", "datasets"),
    "models": ("model", "models"),
    "strategies": ("strategy", "strategies", "without_gamma", "of", "minus"),
    "attacks": ("attack", "attacks", "train_attack", "train_attacks"),
}


def check_names(study: Study, block: Strict, place: str) -> None:
    """Raise StudyError for the first data set, model, strategy or attack that a block names and the study has not.

    Args:
        place: file and key of the block.
    """
    for part, fields in NAMED_IN.items():
        for field in fields:
            value = getattr(block, field, None)
            names = [value] if isinstance(value, str) else value or []
            refuse_unknown(names, getattr(study, part), f"{place}.{field}", part)


def refuse_unknown(names: Iterable[str], known: Iterable[str], place: str, kind: str) -> None:
    """Raise StudyError if a name is not among the known ones, which are of a ``kind`` (in words, plural)."""
    unknown = [name for name in names if name not in known]
    if unknown:
        near = get_close_matches(unknown[0], known, n=1)
        hint = f"did you mean {near[0]}? " if near else ""
        raise StudyError(place, f"{', '.join(unknown)} is not among the {kind}", f"{hint}use one of {', '.join(known)}")


def check(study: Study, where: str) -> None:
    """Raise StudyError for the first reference that names nothing or combination that cannot be run."""
    artefacts = study.artefacts
    for part, block in artefacts.present().items():
        check_names(study, block, f"{where}: artefacts.{part}")
    for number, claim in enumerate(study.claims or ()):
        check_names(study, claim, f"{where}: claims.{number}")
    for part, block in artefacts.present("main", "transfer", "replay").items():
        if "base" not in block.strategies:
            raise StudyError(
                f"{where}: artefacts.{part}.strategies", "base is missing", "add base: the others start from it"
            )
    if study.strategies.get("base") is None or study.strategies["base"].adversarial:
        raise StudyError(
            f"{where}: strategies.base", "there is no strategy base with adversarial: false", "add it: all start there"
        )
    for part, block in artefacts.present("importance").items():
        for field in ("strategy", "without_gamma"):
            name = getattr(block, field)
            if study.strategies[name].mask != "variational":
                raise StudyError(
                    f"{where}: artefacts.{part}.{field}", f"{name} has no variational mask", "name a FLAT strategy"
                )
    for name, attack in study.attacks.items():
        missing = [role for role in ATTACKS[attack.recipe].roles if role not in attack.resources]
        if missing:
            raise StudyError(
                f"{where}: attacks.{name}.resources",
                f"the recipe {attack.recipe} needs {', '.join(missing)}",
                f"name a resource for each: {', '.join(ATTACKS[attack.recipe].roles)}",
            )
    for name, dataset in study.datasets.items():
        if dataset.explained and dataset.attacked_test and dataset.explained > dataset.attacked_test:
            raise StudyError(
                f"{where}: datasets.{name}.explained",
                f"{dataset.explained} examples to explain, but only {dataset.attacked_test} attacked",
                "explain at most as many as attacked_test",
            )
    for place, seeds in [("", study.seeds)] + [(f"overrides.{i}.", o.seeds) for i, o in enumerate(study.overrides)]:
        if seeds and len(set(seeds)) != len(seeds):
            raise StudyError(f"{where}: {place}seeds", f"a seed stands twice in {seeds}", "list each seed once")
    _check_resources(study, where)
    _check_readings(study, where)
    _check_gradients(study, where)
    _check_explained(study, where)
    _check_overrides(study, where)
    _check_seeds(study, where)
    _check_groups(study, where)


def _check_gradients(study: Study, where: str) -> None:
    """Attacks that need gradients meet no black box."""
    met = {(a.cell.model, a.attack) for a in attacked_cells(study)}
    met |= {(c.model, c.train_attack) for c in trained_cells(study) if study.strategies[c.strategy].adversarial}
    for model, name in sorted(met):
        recipe = study.attacks[name].recipe
        if ATTACKS[recipe].gradients and not MODELS[study.models[model].kind].trained:
            raise StudyError(
                f"{where}: attacks.{name}.recipe",
                f"{recipe} needs gradients, and {model} is a black box",
                "attack it by an attack that needs none",
            )


def _check_readings(study: Study, where: str) -> None:
    """Rows of the table of readings: names that exist, each row once, switches that can change the row's model."""
    readings = study.artefacts.readings
    seen: dict[tuple[str, str, str], int] = {}
    for number, row in enumerate(readings.rows if readings else ()):
        place = f"{where}: artefacts.readings.rows.{number}"
        check_names(study, row, place)
        first = seen.setdefault((row.dataset, row.model, row.strategy), number)
        if first != number:
            raise StudyError(place, f"it is row {first} once more", "remove it")
        strategy, model = study.strategies[row.strategy], study.models[row.model]
        if not strategy.adversarial and row.strategy != "base":
            raise StudyError(
                f"{place}.strategy",
                f"{row.strategy} sets adversarial: false, but base alone is trained on no adversarial texts",
                "name base, or a strategy with adversarial: true",
            )
        if not strategy.adversarial and strategy.switches.double_softmax:
            raise StudyError(
                f"{place}.strategy",
                "base sets double_softmax, but it is trained with the plain cross entropy in either reading",
                "remove the switch",
            )
        for switch in strategy.switches.model_dump(exclude_none=True):
            if switch in ENCODER_SWITCHES and not model.is_encoder:
                raise StudyError(
                    f"{place}.strategy",
                    f"{row.strategy} sets {switch}, which only encoders have; {row.model} is a {model.kind}",
                    "name an encoder, or a strategy without this switch",
                )
            if switch in MASK_SWITCHES and strategy.mask != "variational":
                raise StudyError(
                    f"{place}.strategy",
                    f"{row.strategy} sets {switch}, but it has no variational mask that it could act on",
                    "give the strategy mask: variational, or remove the switch",
                )


def _check_explained(study: Study, where: str) -> None:
    """What is explained is drawn from what every model is attacked on, and each method explains some model."""
    kinds = sorted({model.kind for model in study.models.values()})
    for method in study.interpretation.model_extra:  # those beside ig and lime, which every study has
        if not any(EXPLAINERS[method].suits(MODELS[kind]) for kind in kinds):
            raise StudyError(
                f"{where}: interpretation.{method}",
                f"it can explain none of the study's models, which are of the kinds {', '.join(kinds)}",
                "remove it, or add a model that it can explain",
            )
    for name, dataset in study.datasets.items():
        for size in explained_draws(study, name):
            if dataset.explained and size is not None and dataset.explained > size:
                raise StudyError(
                    f"{where}: datasets.{name}.explained",
                    f"{dataset.explained} examples to explain, but only {size} are attacked (attacks.*.examples, "
                    "overrides.*.attacked_test)",
                    f"set it to at most {size}, or attack more",
                )


def _check_resources(study: Study, where: str) -> None:
    known = set(catalogued())
    wanted = {f"models.{n}.vectors": m.vectors for n, m in study.models.items() if m.vectors}
    wanted |= {f"models.{n}.checkpoint": m.checkpoint for n, m in study.models.items() if m.checkpoint}
    named = {f"attacks.{name}.resources": attack.resources for name, attack in study.attacks.items()}
    named |= {f"strategies.{name}.resources": strategy.resources for name, strategy in study.strategies.items()}
    for place, resources in named.items():
        refuse_unknown(resources, ROLES, f"{where}: {place}", "roles")
        for role, resource in resources.items():
            if problem := problem_of(role, resource):
                raise StudyError(f"{where}: {place}.{role}", f"{resource}: {problem}", "name a resource as it is")
            if (base := made_from(role, resource)) is not None:
                wanted[f"{place}.{role}"] = base
    read = [
        (f"datasets.{n}.source ({d.source.kind})", r) for n, d in study.datasets.items() for r in d.source.resources
    ]
    for place, resource in [*wanted.items(), *read]:
        if resource not in known and not is_own(resource):
            raise StudyError(
                f"{where}: {place}",
                f"{resource} is not in the resource catalogue",
                f"use one of {', '.join(sorted(known))}, or a folder (with a / in its name)",
            )


def _check_groups(study: Study, where: str) -> None:
    for part, block in study.artefacts.present("groups").items():
        place = f"{where}: artefacts.{part}"
        if study.models[block.model].is_encoder:
            raise StudyError(
                f"{place}.model",
                f"{block.model} reads word pieces, and Table 10's groups are groups of words",
                "name a CNN or LSTM",
            )
        for name in block.strategies:
            if study.strategies[name].groups is None:
                raise StudyError(f"{place}.strategies", f"{name} has no groups", "name strategies with mask: group")


def _check_overrides(study: Study, where: str) -> None:
    cells = trained_cells(study)
    for number, override in enumerate(study.overrides):
        place = f"{where}: overrides.{number}"
        check_names(study, override.where, f"{place}.where")
        for field, model in (("training", Training), ("rounds", Rounds)):
            refuse_unknown(getattr(override, field), model.model_fields, f"{place}.{field}", f"options of {field}")
        covered = [cell for cell in cells if override.where.fits(cell)]
        if not covered:
            raise StudyError(f"{place}.where", "it fits no cell of the study", "remove it or widen it")
        if override.where.strategies and "attacked" in override.rounds:
            raise StudyError(
                f"{place}.rounds.attacked",
                "strategies must train on equally many adversarial texts, and may share the first round's",
                "leave strategies out of this override's where",
            )
        for key, done in (("attacked_test", "attacked on"), ("explained", "explained for")):
            if getattr(override, key) and (override.where.strategies or override.where.train_attacks):
                raise StudyError(
                    f"{place}.{key}",
                    f"models of one kind are compared example by example: all of them must be {done} the same",
                    "leave strategies and train_attacks out of this override's where",
                )
        for build in (rounds_of, lambda s, c: training_of(s, c, 0), lambda s, c: training_of(s, c, 1)):
            try:
                build(study, covered[0])
            except ValidationError as error:
                item = error.errors()[0]
                key = ".".join(map(str, item["loc"]))
                raise StudyError(f"{place}: {key}", item["msg"], "correct the value") from None


def _check_seeds(study: Study, where: str) -> None:
    """Seeds of overrides: the study's first one among them, and a base model for every model that starts from it or is
    compared with it."""
    first = study.seeds[0]
    for number, override in enumerate(study.overrides):
        if override.seeds and first not in override.seeds:
            raise StudyError(
                f"{where}: overrides.{number}.seeds",
                f"{first}, the study's first seed, is not in {override.seeds}: figures of one model show that one",
                f"add {first}",
            )
    for cell in trained_cells(study):
        if cell.seed not in seeds_of(study, base_of(cell)):
            name = "/".join((cell.dataset, cell.model, cell.strategy, cell.train_attack))
            raise StudyError(
                f"{where}: overrides",
                f"{name} is trained with seed {cell.seed}, the base model of {cell.dataset}/{cell.model} is not",
                "name base among the strategies of the override that gives seeds, and no train_attacks there",
            )
