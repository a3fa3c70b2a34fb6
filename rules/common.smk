# The study, its paths and the functions that rules ask for inputs and parameters. No rules here.
import gc
import inspect
import re
import sys
from functools import cache
from importlib.util import find_spec
from os import fspath
from pathlib import Path, PurePosixPath

from snakemake.exceptions import WorkflowError
from snakemake.logging import logger

# Snakemake's own folder of the workflow is another one where workflow/Snakefile includes the Snakefile, or where another
# workflow uses it as a module. A module from a git address comes file by file: the package then has the other files
RULES = workflow.current_basedir
CHECKOUT = Path(RULES).resolve().parent if hasattr(RULES, "__fspath__") else None
library = find_spec("flat")
if CHECKOUT and (library is None or library.origin is None):  # not installed: Snakemake alone is at hand
    sys.path.insert(0, fspath(CHECKOUT / "src"))
elif library is None:
    raise WorkflowError(
        f"{RULES.get_path_or_uri(secret_free=True)}: rules alone, and the package flat-robustness is not installed\n"
        "  remedy: pip install it in the same release, or clone the repository and name its workflow/Snakefile"
    )

from flat.jobs import code_digest as digest
from flat.study.cells import NO_ATTACK, AttackedCell, base_of, cell_at
from flat.plugins.code import made_of
from flat.plugins.registry import EXPLAINERS, REGISTRIES
from flat.study.known.recipes import is_made
from flat.errors import FlatError
from flat.files.installed import PACKAGE, ROOT, textattack_is_there
from flat.files.seen import forget as forget_digests
from flat.jobs import hangup, lifeline
from flat.jobs.planning import hasten
from flat.jobs.sharing import share
from flat.study.paths import CELL, coordinates, figure_key, figure_stem, final_model, of as paths_of
from flat.study.paths import previous_model, table_key, table_stem, test_ledger, train_ledger
from flat.study.readings import means_something, network_switches, switches_of
from flat.resources.places import shown
from flat.resources.own_files import check as check_own
from flat.resources.own_files import digests, files_of
from flat.study.known.resources import is_own, label, parts_of
from flat.study.path_checks import paths_of as named_paths
from flat.resources.catalogue import marker, marker_of_folder
from flat.study.seeds import seed_of
from flat.study.load import parse as parse_study
from flat.study.known.plugins import plugins_used
from flat.study.settings import all_seeds, attacked_test, attacked_train, device_of, explains_all, last_round
from flat.study.settings import metrics_of, objective_of, plugin_of, resources_of, rounds_of, training_of
from flat.study.grid import attacked_cells, explained_cells, explained_draws, importance_cells, replay_cells
from flat.study.grid import replayed_on, reported_datasets, shown_cells, trained_cells
from flat.paper import catalogue

# A plan of thousands of jobs is millions of objects that live to its end: looking for garbage among them took a third
# of a plan's time
gc.set_threshold(500_000, 50, 50)
share(bool(workflow.deployment_settings.deployment_method))
hangup.stop_planning()
lifeline.join(workflow.remote_exec)

try:
    STUDY = parse_study(dict(config), f"the study {config.get('name', '')}")
except FlatError as error:
    raise WorkflowError(str(error)) from None

REPOSITORY = CHECKOUT or ROOT
if (
    workflow.sourcecache.open(RULES.join("common.smk")).read().strip()
    != (REPOSITORY / "rules/common.smk").read_text().strip()
):
    raise WorkflowError(
        f"{RULES.get_path_or_uri(secret_free=True)}: rules of another release than those of {REPOSITORY}\n"
        "  remedy: name the tag of the release that is installed"
    )
PATHS = paths_of(STUDY)
METHODS = STUDY.interpretation.methods
STUDY_VALUES = STUDY.model_dump(mode="json")
TABLE_KEYS = catalogue.table_keys(STUDY)
FIGURE_KEYS = catalogue.figure_keys(STUDY)
TABLES = [PATHS.table(key, kind) for key in TABLE_KEYS for kind in ("csv", "md", "tex")]
FIGURES = [PATHS.figure(key, kind) for key in FIGURE_KEYS for kind in ("pdf", "png", "csv")]
ATTACKED = attacked_cells(STUDY)
EXPLAINED = sorted(
    {(method, a.cell.dataset, a.cell.model) for method in METHODS for a in explained_cells(STUDY, method)}
)
CELL_FOLDERS = ("{dataset}", "{model}", "{strategy}", "{train_attack}", "seed{seed}")
# the metrics that the study names, with their options; what the rules that use them are given beside the rest
OF_PAIRS, OF_EXPLANATIONS = (metrics_of(STUDY, of) for of in ("pairs", "explanations"))
# the strategies that train a model on the original texts alone which is not the base model
OWN_START = [n for n, s in STUDY.strategies.items() if n != "base" and (s.start == "own" or not s.adversarial)] or ["-"]
CHECKPOINT = {"weights": "model.safetensors", "config": "config.json", "words": "vocabulary.json"}
CHECKPOINT |= {"history": "history.csv", "metrics": "metrics.json"}
MOMENTS = "optimizer.safetensors"
if any(rounds_of(STUDY, cell).optimizer == "kept" for cell in trained_cells(STUDY)):
    CHECKPOINT |= {"moments": MOMENTS}


def alternatives(names):
    """A regular expression that matches exactly these names."""
    return "|".join(sorted(map(re.escape, names), key=len, reverse=True))


wildcard_constraints:
    dataset=alternatives(STUDY.datasets),
    model=alternatives(STUDY.models),
    strategy=alternatives(STUDY.strategies),
    train_attack=alternatives([*STUDY.attacks, NO_ATTACK]),
    attack=alternatives(STUDY.attacks),
    seed=alternatives(map(str, all_seeds(STUDY))),
    round=r"\d+",
    method=alternatives(METHODS),
    table=alternatives(map(table_stem, TABLE_KEYS)),
    figure=alternatives(map(figure_stem, FIGURE_KEYS)),
    shard=r"\d+",
    groups=r"\d+",
    resource=r"[A-Za-z0-9._-]+",


def code(script, *plugins):
    """Digest of a script and the code it uses; a rule's param, so that changed code reruns the rule.

    ``plugins``: (kind, name) of those that the job uses.
    """
    return told(digest.of, f"{REPOSITORY}/workflow/scripts/{script}", *plugins)


@cache
def brought(*plugins):
    """Of these plugins (kind, name) the ones that are not FLAT's own: what their jobs load, a rule's param."""
    return {f"{kind}/{name}": told(made_of, kind, name) for kind, name in plugins if REGISTRIES[kind].found(name).given}


def model_plugin(wildcards):
    return ("models", STUDY.models[wildcards.model].kind)


def plugins_of_model(wildcards):
    return brought(model_plugin(wildcards))


def of_repository(file):
    """A file of the repository, from wherever Snakemake runs: the user's files alone are looked for there."""
    return shown(REPOSITORY / file)


def checkpoint_of(round, cell):
    """The files of one checkpoint, by name."""
    return {name: PATHS.model(file, round, **cell) for name, file in CHECKPOINT.items()}


def cell_of(wildcards):
    """The cell of a job; where its files name no strategy, the base model's."""
    base = {"strategy": "base", "train_attack": NO_ATTACK}
    return cell_at(base | dict(wildcards.items()))


def seeded(*names):
    return seed_of(STUDY.seed, *names)


def gpus(wildcards):
    """One GPU for a model that may compute on one, none for a model that the study puts on the CPU."""
    return int(device_of(STUDY, wildcards.model) != "cpu")


def memory(wildcards, attempt):
    """MiB of a heavy job; more at each attempt."""
    model = STUDY.models.get(wildcards.get("model"))
    return (12000 if model and model.is_encoder else 4000) * attempt


def device(wildcards):
    return device_of(STUDY, wildcards.model)


def known_words(cell):
    """The vocabulary of a model that looks words up, to count substitutes it does not know."""
    if not STUDY.models[cell.model].looks_up:
        return None
    return PATHS.data(cell.dataset, "vocabulary.json")


# --- files and folders of the user's


def timeless(paths):
    """Inputs whose times mean nothing: whether one is new, its content says (the param `own`).

    Copies and checkouts change times alone. Times count where a call leaves params out of --rerun-triggers, which are
    known when input functions are asked.
    """
    settings = workflow.dag_settings
    by_time = settings is not None and "PARAMS" not in {trigger.name for trigger in settings.rerun_triggers}
    return list(paths) if by_time else [ancient(path) for path in paths]


def told(function, *given):
    """What a function of the library returns; its errors are told as the workflow's."""
    try:
        return function(*given)
    except FlatError as error:
        raise WorkflowError(str(error)) from None


def resource_files(name):
    """The input that a resource is: the record of a catalogued one, every file of a folder of the user's.

    Of what is absent the path, which Snakemake then misses.
    """
    if not name:
        return []
    if not is_own(name):
        return [told(marker, name)]
    there = Path(name).exists()
    return timeless(told(files_of, name) if there else [str(PurePosixPath(name))])


def own(*names):
    """Digest by path of the user's files and folders among these; what changes with their content."""
    return told(digests, names)


def encoder_files(checkpoint):
    """The input that a pretrained encoder is."""
    return resource_files(checkpoint) if is_own(checkpoint) else marker(checkpoint)


def problems_of_own():
    """Path -> what is wrong with it, of all that the study names of the user's."""
    problems = {}
    for key, path in named_paths(STUDY):
        if key in ("results", "mirror"):
            continue
        try:
            check_own(path, network=key.endswith((".checkpoint", ".masked_language_model")))
        except FlatError as error:
            problems[path] = f"{key}: {error}"
    return problems


# Told at each call. Snakemake takes what has been made of an absent file for finished, so that this is no refusal yet;
# the Snakefile refuses before the first job if one needs such a path
UNUSABLE = problems_of_own()
for problem in UNUSABLE.values():
    logger.warning(problem)


def refuse_unusable(jobs):
    """Raise WorkflowError for the first of these jobs that reads a path which no job can read."""
    for job in jobs:
        for path in job.params.get("own") or ():
            if path in UNUSABLE:
                raise WorkflowError(UNUSABLE[path])


OF_JOBS = ("pandas", "torch", "transformers")  # what jobs import and a plan does not; TextAttack is fetched


def refuse_without_packages():
    """Raise WorkflowError where jobs would not find what they import: none is installed, and no --sdm brings it."""
    absent = [name for name in OF_JOBS if find_spec(name) is None]
    if absent and not workflow.deployment_settings.deployment_method:
        raise WorkflowError(
            f"FLAT's jobs need packages that are not installed in {sys.prefix}: {', '.join(absent)}\n"
            "  remedy: make setup and source .venv/bin/activate; or --sdm conda (docs/resources.md)"
        )


# the resources that are looked up for a data set, by the label that the looked up file's name shows
LABELLED = {label(m.vectors): m.vectors for m in STUDY.models.values() if m.vectors}


JOINED = [name for name in LABELLED if parts_of(name)] or ["-"]  # made of several; a rule needs a name to match
LOOKED_UP = [name for name in LABELLED if name not in JOINED] or ["-"]


def labelled(wildcards):
    """The resource of a label."""
    return LABELLED.get(wildcards.resource, wildcards.resource)


def own_data(wildcards):
    """Digests of a data set's own files."""
    return told(digests, source_paths(wildcards), True)


def own_vectors(wildcards):
    return own(labelled(wildcards))


def own_of_attack(wildcards):
    return own(*STUDY.attacks[attack_name(wildcards)].resources.values())


# --- Snakemake, tamed


# Snakemake keeps its limit of jobs in a time by looking at its queue again some time after each look, while jobs wait: one
# timer more with each job that ends. Late in a long run of short jobs they take a core. A limit that cannot bind is none.
UNBOUND = 10_000


def lift_job_rate_limit():
    """Have Snakemake count no jobs in a time where the profile's limit cannot bind."""
    scheduler = getattr(workflow, "scheduler", None)
    limiter = getattr(scheduler, "job_rate_limiter", None)
    if limiter is not None and limiter.max_jobs >= UNBOUND:
        scheduler.job_rate_limiter = None


def hasten_plan():
    """Plan without what Snakemake repeats at each job (flat.jobs.planning)."""
    functions = [function for function in globals().values() if inspect.isfunction(function)]
    hasten([function for function in functions if "wildcards" in function.__code__.co_varnames[:1]])
