# Files and folders of the user's as inputs. No rules here.
from flat.own_files import config_of, digests, files_of, is_own, label
from flat.resources.weights import refuse_pickles


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
    """The input that a resource is: the record of a catalogued one, every file of a folder of the user's."""
    if not name:
        return []
    if is_own(name):
        return timeless(told(files_of, name))
    return [told(marker, name)]


def own(*names):
    """Digest by path of the user's files and folders among these; what changes with their content."""
    return told(digests, names)


def encoder_files(checkpoint):
    """The input that a pretrained encoder is; a folder that cannot be read as one is refused before any job."""
    if not is_own(checkpoint):
        return marker(checkpoint)
    files = told(files_of, checkpoint)
    told(refuse_pickles, checkpoint)
    told(config_of, files, checkpoint)
    return timeless(files)


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
