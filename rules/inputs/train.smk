# What the rules of train.smk ask for: inputs and parameters, as functions of the study and of wildcards.


def model_inputs(wildcards):
    """Vocabulary and vectors for word models; for encoders the record of the pretrained network, or its whole folder.

    Of a black box nothing: its code is a param.
    """
    model = STUDY.models[wildcards.model]
    if model.is_encoder:
        return {"encoder": encoder_files(model.checkpoint)}
    if model.is_black_box:
        return {}
    return {
        "vocabulary": PATHS.data(wildcards.dataset, "vocabulary.json"),
        "vectors": PATHS.data(wildcards.dataset, f"vectors-{label(model.vectors)}-{model.vectors_size}.safetensors"),
    }


def start_inputs(wildcards):
    """What a model trained on clean data needs: word groups, for a group mask; the resources of its objective."""
    groups = STUDY.strategies[wildcards.strategy].groups
    named = sorted(set(resources_of(STUDY, wildcards.strategy).values()))
    return (
        model_inputs(wildcards)
        | ({"groups": PATHS.data(wildcards.dataset, f"groups{groups}.json")} if groups else {})
        | ({"resources": [file for name in named for file in resource_files(name)]} if named else {})
    )


def round_inputs(wildcards):
    """Checkpoint of the round before and the ledgers whose adversarial texts this round trains on."""
    cell, k = cell_of(wildcards), int(wildcards.round)
    first = 1 if rounds_of(STUDY, cell).accumulate else k
    kept = {"moments": previous_model(STUDY, cell, k, MOMENTS)} if moments_param(wildcards) else {}
    return (
        start_inputs(wildcards)
        | {
            "previous": previous_model(STUDY, cell, k),
            "ledgers": [train_ledger(STUDY, cell, i) for i in range(first, k + 1)],
        }
        | kept
    )


def moments_param(wildcards):
    """The file of the optimiser's moments that a round goes on with; None: its optimiser starts anew."""
    return MOMENTS if rounds_of(STUDY, cell_of(wildcards)).optimizer == "kept" else None


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
        if model.is_encoder
        else {}
    )


def training_params(wildcards):
    return training_of(STUDY, cell_of(wildcards), int(wildcards.get("round", 0))).model_dump()


def objective_params(wildcards):
    return objective_of_cell(cell_of(wildcards))


def objective_of_cell(cell):
    """Weights and switches of a cell's objective; its name, options and resources where it is not FLAT's own."""
    plugin = plugin_of(STUDY, cell.strategy)
    return objective_of(STUDY, cell) | ({"plugin": canonical(plugin)} if plugin else {})


def objective_plugin(wildcards):
    return ("objectives", STUDY.strategies[wildcards.get("strategy", "base")].objective)


def own_of_training(wildcards):
    """Digests of the user's files that a training reads: its encoder's, its objective's."""
    names = resources_of(STUDY, wildcards.get("strategy", "base")).values()
    return own(STUDY.models[wildcards.model].checkpoint, *names)


def freeze_param(wildcards):
    """Whether a variational encoder's embedding block stays as it starts."""
    names = (STUDY, wildcards.model, wildcards.strategy)
    return means_something(*names, "freeze_embeddings") and switches_of(*names)["freeze_embeddings"]


def keep_param(wildcards):
    return switches_of(STUDY, wildcards.model, wildcards.strategy)["keep"]


def training_seed(wildcards):
    """The same for every strategy, so that strategies differ in nothing but what the study says."""
    return seeded("train", wildcards.dataset, wildcards.model, wildcards.seed, wildcards.get("round", 0))


def plugins_of_training(wildcards):
    return brought(model_plugin(wildcards), objective_plugin(wildcards))


def train_code(wildcards):
    return code("train.py", model_plugin(wildcards), objective_plugin(wildcards))
