# What the rules of preprocess.smk ask for: inputs and parameters, as functions of the study and of wildcards.

# keys of a data set that change no file of it, and why; all others are handed on
NOT_OF_DATA = {
    "title": "only printed",
    "stand_in": "only printed",
    "attacked_train": "how many are attacked: asked for in attack_train",
    "attacked_test": "how many are attacked: asked for in draw_examples",
    "explained": "how many are explained: asked for in draw_examples",
}


def canonical(value):
    """The same value with sorted keys: Snakemake would take another order of keys for another parameter."""
    if isinstance(value, dict):
        return {key: canonical(value[key]) for key in sorted(value)}
    return [canonical(item) for item in value] if isinstance(value, list | tuple) else value


def dataset_options(wildcards):
    dataset = STUDY.datasets[wildcards.dataset]
    return canonical(dataset.model_dump(exclude={*NOT_OF_DATA}))


def source_plugin(wildcards):
    return ("sources", STUDY.datasets[wildcards.dataset].source.kind)


def plugins_of_source(wildcards):
    return brought(source_plugin(wildcards))


def source_code(wildcards):
    return code("preprocess.py", source_plugin(wildcards))


def source_paths(wildcards):
    """The user's own files of a data set."""
    source = STUDY.datasets[wildcards.dataset].source
    return [str(PurePosixPath(path)) for path in source.named.values() if source.own]


def source_files(wildcards):
    """The user's own files, so that an edited file reruns, and resources that hold the texts; of a folder its files."""
    resources = STUDY.datasets[wildcards.dataset].source.resources
    paths = [told(files_of, path) if Path(path).is_dir() else [path] for path in source_paths(wildcards)]
    return timeless([file for files in paths for file in files]) + [marker(name) for name in resources]


def role_resource(role):
    """The resource the study's attacks name for a role: the first that does."""
    named = [attack.resources[role] for attack in STUDY.attacks.values() if role in attack.resources]
    return named[0] if named else None


WORDNET = role_resource("wordnet")
SYNONYM_SPACE = role_resource("synonyms")


def vectors_resource(wildcards):
    return resource_files(labelled(wildcards))


def vectors_size(wildcards):
    """The size that vectors are scaled to; None: as they are."""
    return None if wildcards.size == "as_is" else float(wildcards.size)


def joined_resources(wildcards):
    """The resources that joined vectors are made of, by name."""
    return {name: marker(name) for name in parts_of(wildcards.resource)}


def named_resource(wildcards):
    return resource_files(wildcards.resource)


def masked_language_model_files():
    """The files of a masked language model trained further on a data set, by name."""
    names = {"weights": "model.safetensors", "config": "config.json"}
    names |= {"tokenizer": "tokenizer.json", "metrics": "metrics.json"}
    return {name: PATHS.data("{dataset}", f"mlm-{{resource}}/{file}") for name, file in names.items()}


def wordnet_resource(wildcards):
    return resource_files(WORDNET)


def synonyms_resource(wildcards):
    return resource_files(SYNONYM_SPACE)


def draws_of_explained(wildcards):
    return explained_draws(STUDY, wildcards.dataset)
