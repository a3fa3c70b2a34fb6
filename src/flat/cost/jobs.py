"""The jobs of a study, from its grid alone: the same as Snakemake plans (a test compares them), without a run."""

from dataclasses import dataclass, replace

from flat.cost.facts import DataFacts
from flat.paper.catalogue import figure_keys, table_keys
from flat.plugins.registry import ATTACKS, EXPLAINERS, METRICS
from flat.study.cells import AttackedCell, Cell, base_of
from flat.study.grid import (
    attacked_cells,
    calibrated_cells,
    explained_cells,
    importance_cells,
    replay_cells,
    replayed_on,
    shown_cells,
    trained_cells,
)
from flat.study.known.recipes import is_made, made_from
from flat.study.known.resources import label, parts_of
from flat.study.paths import attacked_in_round, coordinates, figure_stem, table_stem
from flat.study.readings import switches_of
from flat.study.schema import Study
from flat.study.settings import (
    attacked_test,
    attacked_train,
    device_of,
    explained_test,
    last_round,
    passes_of,
    rounds_of,
    training_of,
)

# whose lazy search spares most sentences their encoding: another cost than the exact one's
ENCODING = ("textfooler",)


@dataclass(frozen=True)
class Job:
    """A job, and what its cost depends on.

    Attributes:
        rule, at: the rule, and the coordinates that its log file is named by.
        work: attack | train | an explanation method for rules whose cost depends on texts, else the rule's name.
        variant: what makes other work of the same kind: recipe and search, or the mask that is trained.
        model: the study's name of the network that answers; empty for none.
        texts: texts attacked, trained on (epochs counted) or explained.
        words: mean words of a text that the work sees.
        factor: units a text of 20 words is: answers of the model, for explanations.
        budget: queries an attack may ask of a text, or None.
        gpu: it runs on a GPU.
        precision: fp32 | bf16, of training.
    """

    rule: str
    at: tuple[str, ...]
    work: str
    variant: str = ""
    model: str = ""
    texts: float = 0
    words: float = 0
    factor: float = 1
    budget: int | None = None
    gpu: bool = False
    precision: str = "fp32"


def jobs_of(study: Study, data: dict[str, DataFacts], succeeded: float = 0.6, sharded: bool | None = None) -> list[Job]:
    """Every job of a study but the fetching of resources.

    Args:
        data: facts of each data set.
        succeeded: share of attacked train texts whose adversarial text a round trains on.
        sharded: attacks run as their shards, as on a cluster; None: as on one machine, unless the study says otherwise.
    """
    sharded = study.sharding == "always" if sharded is None else sharded
    if not sharded:
        whole = {name: attack.model_copy(update={"shards": 1}) for name, attack in study.attacks.items()}
        study = study.model_copy(update={"attacks": whole})
    return [
        *_data_jobs(study, data),
        *_train_jobs(study, data, succeeded),
        *_attack_jobs(study, data),
        *_explain_jobs(study, data),
        *_guard_jobs(study, data),
        *_report_jobs(study),
    ]


def _cell(cell: Cell) -> tuple[str, ...]:
    at = coordinates(cell)
    return (at["dataset"], at["model"], at["strategy"], at["train_attack"], f"seed{at['seed']}")


def _on_gpu(study: Study, model: str) -> bool:
    return device_of(study, model) != "cpu"


def _data_jobs(study: Study, data: dict[str, DataFacts]) -> list[Job]:
    cells = trained_cells(study) + [base_of(cell) for cell in trained_cells(study)]
    used = [name for name in study.datasets if any(cell.dataset == name for cell in cells)]
    jobs = []
    attacks = {(a.cell.dataset, a.attack) for a in attacked_cells(study)}
    attacks |= {(cell.dataset, cell.train_attack) for cell in cells if study.strategies[cell.strategy].adversarial}
    found = set()
    for dataset in used:
        facts = data[dataset]
        texts = facts.train + facts.dev + facts.test
        jobs.append(Job("preprocess", (dataset,), "preprocess", texts=texts, words=facts.words))
        jobs.append(Job("draw_examples", (dataset,), "draw_examples"))
        models = [study.models[name] for name in {c.model for c in cells if c.dataset == dataset}]
        vectors = {(model.vectors, f"{label(model.vectors)}-{model.vectors_size}") for model in models if model.vectors}
        found |= {("join_vectors" if parts_of(name) else "look_up_vectors", dataset, file) for name, file in vectors}
        groups = {study.strategies[c.strategy].groups for c in cells if c.dataset == dataset} - {None}
        found |= {("group_words", dataset, str(n)) for n in groups}
        for name in {attack for where, attack in attacks if where == dataset}:
            attack = study.attacks[name]
            if "wordnet" in ATTACKS[attack.recipe].roles:
                found.add(("look_up_synonyms", dataset))
            for role, resource in attack.resources.items():
                if is_made(role, resource):
                    own = made_from(role, resource)
                    found.add((_MADE_BY[role], dataset, *([own] if own else [])))
    for rule, dataset, *rest in sorted(found):
        facts, read = data[dataset], rule in ("train_masked_language_model", "count_bigrams")
        size = {"texts": facts.train, "words": facts.words} if read else {"texts": facts.vocabulary, "words": 20}
        jobs.append(Job(rule, (dataset, *rest), rule, **size))
    return jobs


_MADE_BY = {
    "sememes": "look_up_sememes",
    "language_model": "count_bigrams",
    "masked_language_model": "train_masked_language_model",
}


def _train_jobs(study: Study, data: dict[str, DataFacts], succeeded: float) -> list[Job]:
    cells = trained_cells(study)
    base = {cell for cell in cells if not study.strategies[cell.strategy].adversarial}
    base |= {base_of(cell) for cell in cells if study.strategies[cell.strategy].start == "base"}
    jobs = [_training(study, data, cell, 0, 0) for cell in sorted(base)]
    for cell in sorted(set(cells) - base):
        rounds, switches = rounds_of(study, cell), switches_of(study, cell.model, cell.strategy)
        texts = min(attacked_train(study, cell) or data[cell.dataset].train, data[cell.dataset].train)
        pairs = texts * (1.0 if switches["keep"] == "everything" else succeeded)
        if study.strategies[cell.strategy].start == "own":
            jobs.append(_training(study, data, cell, 0, 0))
        for k in range(1, rounds.count + 1):
            jobs.append(_training(study, data, cell, k, pairs * (k if rounds.accumulate else 1)))
    return jobs


def _training(study: Study, data: dict[str, DataFacts], cell: Cell, k: int, pairs: float) -> Job:
    options, facts = training_of(study, cell, k), data[cell.dataset]
    taken = min(facts.train, max(options.texts_per_epoch or facts.train, pairs))
    # a forward pass is a third of a training step: dev after each epoch, test at the end
    passes = passes_of(study, cell.strategy)
    texts = passes * options.epochs * (taken + pairs) + (options.epochs * facts.dev + facts.test) / 3
    rule = "train_round" if k else "train_base" if cell == base_of(cell) else "train_start"
    at = {
        "train_base": (cell.dataset, cell.model, f"seed{cell.seed}"),
        "train_start": _cell(cell),
        "train_round": (*_cell(cell), f"round{k}"),
    }[rule]
    words = min(facts.words, study.datasets[cell.dataset].max_length)
    mask = study.strategies[cell.strategy].mask
    on_gpu = _on_gpu(study, cell.model)
    return Job(rule, at, "train", mask, cell.model, texts, words, gpu=on_gpu, precision=options.precision)


def _attack_jobs(study: Study, data: dict[str, DataFacts]) -> list[Job]:
    jobs, rounds = [], {}
    for cell in trained_cells(study):
        for k in range(1, last_round(study, cell) + 1):
            rounds[*_cell(attacked_in_round(study, cell, k)), f"round{k}"] = cell
    for at, cell in sorted(rounds.items()):
        texts = min(attacked_train(study, cell) or data[cell.dataset].train, data[cell.dataset].train)
        jobs += _attack(study, data, "attack_train", at, cell, cell.train_attack, texts)
    for attacked in attacked_cells(study):
        cell = attacked.cell
        texts = _attacked_test(study, data, attacked)
        jobs += _attack(study, data, "attack_test", (*_cell(cell), attacked.attack), cell, attacked.attack, texts)
    return jobs


def _attacked_test(study: Study, data: dict[str, DataFacts], attacked: AttackedCell) -> int:
    test = data[attacked.cell.dataset].test
    return min(attacked_test(study, attacked.cell.dataset, attacked.cell.model, attacked.attack) or test, test)


def _attack(study: Study, data, rule: str, at: tuple[str, ...], cell: Cell, name: str, texts: int) -> list[Job]:
    """One job, or its shards and the job that merges them."""
    attack = study.attacks[name]
    if attack.shards == 1:
        return _whole(study, data, at, cell, name, texts, rule)
    shards = [(*at[:-1], f"{at[-1]}-shard{n}") for n in range(attack.shards)]
    parts = [
        job for one in shards for job in _whole(study, data, one, cell, name, texts / attack.shards, f"{rule}_shard")
    ]
    return [*parts, Job(rule, at, "merge_shards")]


def _whole(study: Study, data, at: tuple[str, ...], cell: Cell, name: str, texts: float, rule: str = "") -> list[Job]:
    """One attack job."""
    attack = study.attacks[name]
    search = attack.search or ("lazy" if rule.startswith("attack_train") else "exact")
    variant = f"{attack.recipe}, {search}" if attack.recipe in ENCODING else attack.recipe
    work = ("attack", variant, cell.model)
    size = {"words": data[cell.dataset].words, "budget": attack.query_budget, "gpu": _on_gpu(study, cell.model)}
    return [Job(rule, at, *work, texts=texts, **size)]


def _explain_jobs(study: Study, data: dict[str, DataFacts]) -> list[Job]:
    jobs, explained = [], set()
    for method in study.interpretation.methods:
        for attacked in explained_cells(study, method):
            explained.add((method, attacked.cell.dataset, attacked.cell.model))
            jobs.append(_explanation(study, data, method, attacked))
            if any(METRICS[name].of == "explanations" for name in study.metrics):
                jobs.append(_faithfulness(study, data, method, attacked))
        jobs += [_explanation(study, data, method, attacked) for attacked in shown_cells(study, method)]
    jobs += [Job("measure_consistency", at, "measure_consistency") for at in sorted(explained)]
    for cell in sorted(set(importance_cells(study))):
        jobs.append(Job("measure_importance", _cell(cell), "measure_importance"))
    for attacked in sorted(set(replay_cells(study))):
        cell = attacked.cell
        texts = sum(_attacked_test(study, data, read) for read in replayed_on(study, cell))
        at = (*_cell(cell), attacked.attack)
        gpu = _on_gpu(study, cell.model)
        jobs.append(Job("replay", at, "replay", "", cell.model, texts, data[cell.dataset].words, gpu=gpu))
    return jobs


def _faithfulness(study: Study, data: dict[str, DataFacts], method: str, attacked: AttackedCell) -> Job:
    """Its cost grows with the texts and words explained; what each metric asks is not known beforehand."""
    explained = _explanation(study, data, method, attacked)
    classes = len(study.datasets[attacked.cell.dataset].classes) if study.interpretation.classes == "all" else 1
    rule = "measure_faithfulness"
    return replace(explained, rule=rule, work=rule, at=(*explained.at, method), factor=classes)


def _explanation(study: Study, data: dict[str, DataFacts], method: str, attacked: AttackedCell) -> Job:
    cell, how = attacked.cell, study.interpretation
    dataset = study.datasets[cell.dataset]
    test = data[cell.dataset].test
    texts = min(explained_test(study, cell.dataset, cell.model, attacked.attack) or test, test)
    classes = len(dataset.classes) if how.classes == "all" else 1
    factor = EXPLAINERS[method].answers(getattr(how, method), classes)
    words, gpu = min(data[cell.dataset].words, dataset.max_length), _on_gpu(study, cell.model)
    at = (*_cell(cell), attacked.attack)
    return Job(f"interpret_{method}".replace("-", "_"), at, method, "", cell.model, texts, words, factor, gpu=gpu)


def _guard_jobs(study: Study, data: dict[str, DataFacts]) -> list[Job]:
    jobs = [Job("check_guards", (), "check_guards"), Job("find_antonyms", (), "find_antonyms")]
    jobs += [Job("measure_validity", (name,), "measure_validity") for name in study.artefacts.main.datasets]
    for attacked in calibrated_cells(study):
        cell = attacked.cell
        texts = min(study.guards.calibration.examples, _attacked_test(study, data, attacked))
        at = (*_cell(cell), attacked.attack)
        jobs += [
            replace(job, rule="attack_calibrated") for job in _whole(study, data, at, cell, attacked.attack, texts)
        ]
    return jobs


def _report_jobs(study: Study) -> list[Job]:
    once = ("collect_measurements", "estimate_intervals", "judge_claims", "write_report", "write_explorer")
    jobs = [Job(rule, (), rule) for rule in once]
    jobs += [Job("make_table", (table_stem(key),), "make_table") for key in table_keys(study)]
    return jobs + [Job("draw_figure", (figure_stem(number),), "draw_figure") for number in figure_keys(study)]
