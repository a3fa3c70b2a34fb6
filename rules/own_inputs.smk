# Files and folders of the user's as inputs. No rules here.
from snakemake.logging import logger

from flat.own_files import check as check_own
from flat.own_files import digests, files_of, is_own, label
from flat.study_paths import paths_of as named_paths


def timeless(paths):
    """Inputs whose times mean nothing: whether one is new, its content says (the param `own`).

    Copies and checkouts change times alone. Times count where a call leaves params out of --rerun-triggers, which are
    known when input functions are asked.
    """
    settings = workflow.dag_settings
    by_time = settings is not None and "PARAMS" not in {
        trigger.name for trigger in settings.rerun_triggers
    }
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
            check_own(
                path, network=key.endswith((".checkpoint", ".masked_language_model"))
            )
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


# the resources that are looked up for a data set, by the label that the looked up file's name shows
LABELLED = {label(m.vectors): m.vectors for m in STUDY.models.values() if m.vectors}


def labelled(wildcards):
    """The resource of a label."""
    return LABELLED.get(wildcards.resource, wildcards.resource)


def own_data(wildcards):
    """Digests of a data set's own files."""
    return told(digests, source_paths(wildcards), True)


def own_vectors(wildcards):
    return own(labelled(wildcards))


def own_encoder(wildcards):
    return own(STUDY.models[wildcards.model].checkpoint)


def own_of_attack(wildcards):
    return own(*STUDY.attacks[attack_name(wildcards)].resources.values())
