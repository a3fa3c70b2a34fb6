# Why a model answers as it does: attributions, their consistency between original and adversarial, word importance.


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


for METHOD in METHODS:

    rule:
        """Explain originals, their adversarial texts and the base model's adversarial texts by one method."""
        name:
            f"interpret_{METHOD}"
        input:
            unpack(explained_pairs),
            model=tested_model,
            examples=PATHS.data("{dataset}", "examples.json"),
        output:
            attributions=PATHS.attributions(METHOD, "{attack}", **CELL),
        log:
            PATHS.log(f"interpret_{METHOD}", *CELL_FOLDERS, "{attack}"),
        benchmark:
            PATHS.benchmark(f"interpret_{METHOD}", *CELL_FOLDERS, "{attack}")
        conda:
            "../envs/flat.yaml"
        threads: STUDY.torch_threads
        resources:
            gpu=gpus,
            mem_mb=memory,
            runtime=1440,
        params:
            method=METHOD,
            options=getattr(STUDY.interpretation, METHOD).model_dump(),
            classes=STUDY.interpretation.classes,
            seed=explanation_seed,
            journal=PATHS.journal(f"interpret_{METHOD}", *CELL_FOLDERS, "{attack}"),
            device=device,
            torch_threads=STUDY.torch_threads,
            code=code("interpret.py"),
        script:
            "../workflow/scripts/interpret.py"


rule measure_consistency:
    """Kendall's tau and top-k intersection between the attributions of original and adversarial texts."""
    input:
        attributions=attributions_of_model,
        ledgers=ledgers_of_model,
        shared=shared_ledgers_of_model,
    output:
        consistency=PATHS.consistency("{method}", "{dataset}", "{model}"),
    log:
        PATHS.log("measure_consistency", "{method}", "{dataset}", "{model}"),
    benchmark:
        PATHS.benchmark("measure_consistency", "{method}", "{dataset}", "{model}")
    conda:
        "../envs/flat.yaml"
    resources:
        mem_mb=4000,
        runtime=60,
    params:
        cells=explained_cells_of_model,
        classes=STUDY.interpretation.classes,
        code=code("measure_consistency.py"),
    script:
        "../workflow/scripts/measure_consistency.py"


rule measure_importance:
    """Learned importance of every word, and of words against their synonyms (Table 9, Figs 4 and 5)."""
    input:
        model=tested_model,
        vocabulary=PATHS.data("{dataset}", "vocabulary.json"),
        ledgers=train_ledgers_of_importance,
        space=synonyms_resource,
    output:
        importance=PATHS.importance("importance.parquet", **CELL),
        synonyms=PATHS.importance("synonyms.parquet", **CELL),
    log:
        PATHS.log("measure_importance", *CELL_FOLDERS),
    benchmark:
        PATHS.benchmark("measure_importance", *CELL_FOLDERS)
    conda:
        "../envs/flat.yaml"
    resources:
        gpu=gpus,
        mem_mb=4000,
        runtime=60,
    params:
        space=SYNONYM_SPACE,
        words=analysed_words,
        synonyms=analysed_synonyms,
        seed=seeded("importance"),
        device=device,
        torch_threads=STUDY.torch_threads,
        code=code("measure_importance.py"),
    script:
        "../workflow/scripts/measure_importance.py"
