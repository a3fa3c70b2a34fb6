"""What a study's parts must have in common: combinations that make sense."""

from collections.abc import Iterator

from pydantic import ValidationError

from flat.errors import StudyError
from flat.plugins.registry import ATTACKS, EXPLAINERS, MODELS
from flat.study.bounds.names import unknown
from flat.study.cells import base_of
from flat.study.grid import attacked_cells, explained_draws, trained_cells
from flat.study.known.recipes import ROLES, made_from, problem_of
from flat.study.known.resources import catalogued, is_own
from flat.study.readings import ENCODER_SWITCHES, MASK_SWITCHES
from flat.study.schema import Rounds, Study, Training
from flat.study.settings import rounds_of, seeds_of, training_of


def misfits(study: Study, where: str) -> Iterator[StudyError]:
    """Every combination that cannot be run, of a study whose names are known (``bounds.names``)."""
    artefacts = study.artefacts
    for part, block in artefacts.present("main", "transfer", "replay").items():
        if "base" not in block.strategies:
            yield StudyError(
                f"{where}: artefacts.{part}.strategies", "base is missing", "add base: the others start from it"
            )
    for part, block in artefacts.present("importance").items():
        for field in ("strategy", "without_gamma"):
            name = getattr(block, field)
            if study.strategies[name].mask != "variational":
                yield StudyError(
                    f"{where}: artefacts.{part}.{field}", f"{name} has no variational mask", "name a FLAT strategy"
                )
    for name, attack in study.attacks.items():
        missing = [role for role in ATTACKS[attack.recipe].roles if role not in attack.resources]
        if missing:
            yield StudyError(
                f"{where}: attacks.{name}.resources",
                f"the recipe {attack.recipe} needs {', '.join(missing)}",
                f"name a resource for each: {', '.join(ATTACKS[attack.recipe].roles)}",
            )
    for name, dataset in study.datasets.items():
        if dataset.explained and dataset.attacked_test and dataset.explained > dataset.attacked_test:
            yield StudyError(
                f"{where}: datasets.{name}.explained",
                f"{dataset.explained} examples to explain, but only {dataset.attacked_test} attacked",
                "explain at most as many as attacked_test",
            )
    for place, seeds in [("", study.seeds)] + [(f"overrides.{i}.", o.seeds) for i, o in enumerate(study.overrides)]:
        if seeds and len(set(seeds)) != len(seeds):
            yield StudyError(f"{where}: {place}seeds", f"a seed stands twice in {seeds}", "list each seed once")
    yield from _check_resources(study, where)
    yield from _check_readings(study, where)
    yield from _check_gradients(study, where)
    yield from _check_explained(study, where)
    yield from _check_overrides(study, where)
    yield from _check_seeds(study, where)
    yield from _check_groups(study, where)


def _check_gradients(study: Study, where: str) -> Iterator[StudyError]:
    """Attacks that need gradients meet no black box."""
    met = {(a.cell.model, a.attack) for a in attacked_cells(study)}
    met |= {(c.model, c.train_attack) for c in trained_cells(study) if study.strategies[c.strategy].adversarial}
    for model, name in sorted(met):
        recipe = study.attacks[name].recipe
        if ATTACKS[recipe].gradients and not MODELS[study.models[model].kind].trained:
            yield StudyError(
                f"{where}: attacks.{name}.recipe",
                f"{recipe} needs gradients, and {model} is a black box",
                "attack it by an attack that needs none",
            )


def _check_readings(study: Study, where: str) -> Iterator[StudyError]:
    """Rows of the table of readings: names that exist, each row once, switches that can change the row's model."""
    readings = study.artefacts.readings
    seen: dict[tuple[str, str, str], int] = {}
    for number, row in enumerate(readings.rows if readings else ()):
        place = f"{where}: artefacts.readings.rows.{number}"
        first = seen.setdefault((row.dataset, row.model, row.strategy), number)
        if first != number:
            yield StudyError(place, f"it is row {first} once more", "remove it")
        strategy, model = study.strategies[row.strategy], study.models[row.model]
        if not strategy.adversarial and row.strategy != "base":
            yield StudyError(
                f"{place}.strategy",
                f"{row.strategy} sets adversarial: false, but base alone is trained on no adversarial texts",
                "name base, or a strategy with adversarial: true",
            )
        if not strategy.adversarial and strategy.switches.double_softmax:
            yield StudyError(
                f"{place}.strategy",
                "base sets double_softmax, but it is trained with the plain cross entropy in either reading",
                "remove the switch",
            )
        for switch in strategy.switches.model_dump(exclude_none=True):
            if switch in ENCODER_SWITCHES and not model.is_encoder:
                yield StudyError(
                    f"{place}.strategy",
                    f"{row.strategy} sets {switch}, which only encoders have; {row.model} is a {model.kind}",
                    "name an encoder, or a strategy without this switch",
                )
            if switch in MASK_SWITCHES and strategy.mask != "variational":
                yield StudyError(
                    f"{place}.strategy",
                    f"{row.strategy} sets {switch}, but it has no variational mask that it could act on",
                    "give the strategy mask: variational, or remove the switch",
                )


def _check_explained(study: Study, where: str) -> Iterator[StudyError]:
    """What is explained is drawn from what every model is attacked on, and each method explains some model."""
    kinds = sorted({model.kind for model in study.models.values()})
    for method in study.interpretation.model_extra:  # those beside ig and lime, which every study has
        if not any(EXPLAINERS[method].suits(MODELS[kind]) for kind in kinds):
            yield StudyError(
                f"{where}: interpretation.{method}",
                f"it can explain none of the study's models, which are of the kinds {', '.join(kinds)}",
                "remove it, or add a model that it can explain",
            )
    for name, dataset in study.datasets.items():
        for size in explained_draws(study, name):
            if dataset.explained and size is not None and dataset.explained > size:
                yield StudyError(
                    f"{where}: datasets.{name}.explained",
                    f"{dataset.explained} examples to explain, but only {size} are attacked (attacks.*.examples, "
                    "overrides.*.attacked_test)",
                    f"set it to at most {size}, or attack more",
                )


def _check_resources(study: Study, where: str) -> Iterator[StudyError]:
    known = set(catalogued())
    wanted = {f"models.{n}.vectors": m.vectors for n, m in study.models.items() if m.vectors}
    wanted |= {f"models.{n}.checkpoint": m.checkpoint for n, m in study.models.items() if m.checkpoint}
    named = {f"attacks.{name}.resources": attack.resources for name, attack in study.attacks.items()}
    named |= {f"strategies.{name}.resources": strategy.resources for name, strategy in study.strategies.items()}
    for place, resources in named.items():
        yield from unknown(resources, ROLES, f"{where}: {place}", "roles")
        for role, resource in resources.items():
            if problem := problem_of(role, resource):
                yield StudyError(f"{where}: {place}.{role}", f"{resource}: {problem}", "name a resource as it is")
            if (base := made_from(role, resource)) is not None:
                wanted[f"{place}.{role}"] = base
    read = [
        (f"datasets.{n}.source ({d.source.kind})", r) for n, d in study.datasets.items() for r in d.source.resources
    ]
    for place, resource in [*wanted.items(), *read]:
        if resource not in known and not is_own(resource):
            yield StudyError(
                f"{where}: {place}",
                f"{resource} is not in the resource catalogue",
                f"use one of {', '.join(sorted(known))}, or a folder (with a / in its name)",
            )


def _check_groups(study: Study, where: str) -> Iterator[StudyError]:
    for part, block in study.artefacts.present("groups").items():
        place = f"{where}: artefacts.{part}"
        if study.models[block.model].is_encoder:
            yield StudyError(
                f"{place}.model",
                f"{block.model} reads word pieces, and Table 10's groups are groups of words",
                "name a CNN or LSTM",
            )
        for name in block.strategies:
            if study.strategies[name].groups is None:
                yield StudyError(f"{place}.strategies", f"{name} has no groups", "name strategies with mask: group")


def _check_overrides(study: Study, where: str) -> Iterator[StudyError]:
    cells = trained_cells(study)
    for number, override in enumerate(study.overrides):
        place = f"{where}: overrides.{number}"
        for field, model in (("training", Training), ("rounds", Rounds)):
            yield from unknown(getattr(override, field), model.model_fields, f"{place}.{field}", f"options of {field}")
        covered = [cell for cell in cells if override.where.fits(cell)]
        if not covered:
            yield StudyError(f"{place}.where", "it fits no cell of the study", "remove it or widen it")
            continue
        if override.where.strategies and "attacked" in override.rounds:
            yield StudyError(
                f"{place}.rounds.attacked",
                "strategies must train on equally many adversarial texts, and may share the first round's",
                "leave strategies out of this override's where",
            )
        for key, done in (("attacked_test", "attacked on"), ("explained", "explained for")):
            if getattr(override, key) and (override.where.strategies or override.where.train_attacks):
                yield StudyError(
                    f"{place}.{key}",
                    f"models of one kind are compared example by example: all of them must be {done} the same",
                    "leave strategies and train_attacks out of this override's where",
                )
        for build in (rounds_of, lambda s, c: training_of(s, c, 0), lambda s, c: training_of(s, c, 1)):
            try:
                build(study, covered[0])
            except ValidationError as error:
                item = error.errors()[0]
                if item["loc"][0] in {*override.training, *override.rounds} and item["type"] != "extra_forbidden":
                    key = ".".join(map(str, item["loc"]))
                    yield StudyError(f"{place}: {key}", item["msg"], "correct the value")


def _check_seeds(study: Study, where: str) -> Iterator[StudyError]:
    """Seeds of overrides: the study's first one among them, and a base model for every model that starts from it or is
    compared with it."""
    first = study.seeds[0]
    for number, override in enumerate(study.overrides):
        if override.seeds and first not in override.seeds:
            yield StudyError(
                f"{where}: overrides.{number}.seeds",
                f"{first}, the study's first seed, is not in {override.seeds}: figures of one model show that one",
                f"add {first}",
            )
    for cell in trained_cells(study):
        if cell.seed not in seeds_of(study, base_of(cell)):
            name = "/".join((cell.dataset, cell.model, cell.strategy, cell.train_attack))
            yield StudyError(
                f"{where}: overrides",
                f"{name} is trained with seed {cell.seed}, the base model of {cell.dataset}/{cell.model} is not",
                "name base among the strategies of the override that gives seeds, and no train_attacks there",
            )
