# The study, its paths and the functions that rules ask for inputs and parameters. No rules here.
import gc
import inspect
import re
from functools import cache
from pathlib import Path, PurePosixPath

from snakemake.exceptions import WorkflowError

from flat import digest
from flat.cells import AttackedCell, Cell, base_of
from flat.attacks.roles import is_made, made_from
from flat.errors import FlatError
from flat.job import share_package
from flat.paths import (
    CELL,
    coordinates,
    figure_key,
    figure_stem,
    final_model,
    of as paths_of,
    previous_model,
    table_key,
    table_stem,
    test_ledger,
    train_ledger,
)
from flat.readings import network_switches, switches_of
from flat.resources import shown
from flat.resources.catalogue import marker, marker_of_folder
from flat.seeds import seed_of
from flat.study import parse as parse_study
from flat.study_grid import (
    all_seeds,
    attacked_cells,
    attacked_test,
    attacked_train,
    curve_cells,
    device_of,
    explained_cells,
    explained_draws,
    figure_keys,
    importance_cells,
    last_round,
    objective_of,
    replay_cells,
    replayed_on,
    reported_datasets,
    rounds_of,
    saliency_cells,
    table_keys,
    trained_cells,
    training_of,
)

# A plan of thousands of jobs is millions of objects that live to its end: looking for garbage among them took a third
# of a plan's time
gc.set_threshold(500_000, 50, 50)
share_package()  # with jobs in an environment that lacks it (--sdm conda)

try:
    STUDY = parse_study(dict(config), f"the study {config.get('name', '')}")
except FlatError as error:
    raise WorkflowError(str(error)) from None

PATHS = paths_of(STUDY)
METHODS = ("ig", "lime")
STUDY_VALUES = STUDY.model_dump(mode="json")
TABLE_KEYS = table_keys(STUDY)
FIGURE_KEYS = figure_keys(STUDY)
TABLES = [PATHS.table(key, kind) for key in TABLE_KEYS for kind in ("csv", "md", "tex")]
FIGURES = [
    PATHS.figure(key, kind) for key in FIGURE_KEYS for kind in ("pdf", "png", "csv")
]
RUNNABLE_ATTACKS = attacked_cells(STUDY)
EXPLAINED = sorted(
    {
        (method, a.cell.dataset, a.cell.model)
        for method in METHODS
        for a in explained_cells(STUDY, method)
    }
)
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
    seed=alternatives(map(str, all_seeds(STUDY))),
    round=r"\d+",
    method="ig|lime",
    table=alternatives(map(table_stem, TABLE_KEYS)),
    figure=alternatives(map(figure_stem, FIGURE_KEYS)),
    shard=r"\d+",
    groups=r"\d+",
    resource=r"[A-Za-z0-9._-]+",


def code(script):
    """Digest of a script and the library code it uses; a rule's param, so that changed code reruns the rule."""
    return digest.of(f"{workflow.basedir}/workflow/scripts/{script}")


def of_repository(file):
    """A file of the repository, from wherever Snakemake runs: the user's files alone are looked for there."""
    return shown(Path(workflow.basedir).resolve() / file)


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
