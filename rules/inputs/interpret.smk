# What the rules of interpret.smk ask for: inputs and parameters, as functions of the study and of wildcards.


def explained_pairs(wildcards):
    """The cell's own adversarial texts and those stored from the base model (the shared pair set)."""
    attacked = AttackedCell(cell_of(wildcards), wildcards.attack)
    shared = AttackedCell(base_of(attacked.cell), wildcards.attack)
    return {"own": test_ledger(STUDY, attacked), "shared": test_ledger(STUDY, shared)}


def explained_of_model(wildcards):
    return [
        a
        for a in explained_cells(STUDY, wildcards.method)
        if a.cell.dataset == wildcards.dataset and a.cell.model == wildcards.model
    ]


def attributions_of_model(wildcards):
    return [
        PATHS.attributions(wildcards.method, a.attack, **coordinates(a.cell)) for a in explained_of_model(wildcards)
    ]


def ledgers_of_model(wildcards):
    return [test_ledger(STUDY, a) for a in explained_of_model(wildcards)]


def shared_ledgers_of_model(wildcards):
    return [test_ledger(STUDY, AttackedCell(base_of(a.cell), a.attack)) for a in explained_of_model(wildcards)]


def everything_explained(wildcards):
    """Whether all that is attacked is explained, not the data set's draw alone."""
    return explains_all(STUDY, wildcards.dataset, wildcards.model)


def explanation_seed(wildcards):
    """The same for every model, so that strategies are explained with the same perturbations."""
    return seeded("explain", wildcards.dataset)


def train_ledgers_of_importance(wildcards):
    cell = cell_of(wildcards)
    return [train_ledger(STUDY, cell, k) for k in range(1, last_round(STUDY, cell) + 1)]


def analysed_words(wildcards):
    """How many words are compared with their synonyms."""
    return STUDY.artefacts.importance.words


def analysed_synonyms(wildcards):
    return STUDY.artefacts.importance.synonyms


def explained_cells_of_model(wildcards):
    return [coordinates(a.cell) | {"attack": a.attack} for a in explained_of_model(wildcards)]


def plugins_of_explanation(method):
    def of(wildcards):
        return brought(model_plugin(wildcards), ("explainers", method))

    return of


def explanation_code(method):
    def of(wildcards):
        return code("interpret.py", model_plugin(wildcards), ("explainers", method))

    return of


def importance_code(wildcards):
    return code("measure_importance.py", model_plugin(wildcards))


def metric_plugins(metrics):
    return [("metrics", name) for name in metrics]


def given_metrics(metrics):
    """What a job that uses these metrics is given beside the rest; nothing where there are none. metrics: by name."""
    return {"metrics": metrics, "plugins": brought(*metric_plugins(metrics))} if metrics else {}


def plugins_of_faithfulness(wildcards):
    return brought(model_plugin(wildcards), ("explainers", wildcards.method), *metric_plugins(OF_EXPLANATIONS))


def faithfulness_code(wildcards):
    plugins = (model_plugin(wildcards), ("explainers", wildcards.method), *metric_plugins(OF_EXPLANATIONS))
    return code("measure_faithfulness.py", *plugins)
