# Why a model answers as it does: attributions, their consistency between original and adversarial, word importance.


include: "inputs/interpret.smk"


for METHOD in METHODS:

    rule:
        """Explain originals, their adversarial texts and the base model's adversarial texts by one method."""
        name:
            f"interpret_{METHOD}".replace("-", "_")
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
            options=getattr(STUDY.interpretation, METHOD).model_dump(mode="json"),
            classes=STUDY.interpretation.classes,
            everything=everything_explained,
            seed=explanation_seed,
            journal=PATHS.journal(f"interpret_{METHOD}", *CELL_FOLDERS, "{attack}"),
            device=device,
            torch_threads=STUDY.torch_threads,
            plugins=plugins_of_explanation(METHOD),
            code=explanation_code(METHOD),
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
        **given_metrics(OF_PAIRS),
        cells=explained_cells_of_model,
        classes=STUDY.interpretation.classes,
        code=code("measure_consistency.py", *metric_plugins(OF_PAIRS)),
    script:
        "../workflow/scripts/measure_consistency.py"


if OF_EXPLANATIONS:

    rule measure_faithfulness:
        """What the model answers without the words that its explanations name: metrics of single explanations."""
        input:
            attributions=PATHS.attributions("{method}", "{attack}", **CELL),
            model=tested_model,
        output:
            faithfulness=PATHS.faithfulness("{method}", "{attack}", **CELL),
        log:
            PATHS.log("measure_faithfulness", *CELL_FOLDERS, "{attack}", "{method}"),
        benchmark:
            PATHS.benchmark("measure_faithfulness", *CELL_FOLDERS, "{attack}", "{method}")
        conda:
            "../envs/flat.yaml"
        threads: STUDY.torch_threads
        resources:
            gpu=gpus,
            mem_mb=memory,
            runtime=1440,
        params:
            metrics=OF_EXPLANATIONS,
            device=device,
            torch_threads=STUDY.torch_threads,
            plugins=plugins_of_faithfulness,
            code=faithfulness_code,
        script:
            "../workflow/scripts/measure_faithfulness.py"


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
        plugins=plugins_of_model,
        code=importance_code,
    script:
        "../workflow/scripts/measure_importance.py"
