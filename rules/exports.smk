# What a finished study has made, in formats that others read. Not part of `all`: each is a target of its own.


include: "inputs/exports.smk"


rule evaluations:
    """Every attacked model's results as records of Every Eval Ever, with a line an example beside each."""
    input:
        passport=PATHS.top("provenance.json"),
        measurements=PATHS.measurements(),
        ledgers=[test_ledger(STUDY, attacked) for attacked in ATTACKED],
        consistency=[PATHS.consistency(*explained) for explained in EXPLAINED],
        summaries=EXPORTED_SUMMARIES,
    output:
        records=[PATHS.evaluation("json", a.attack, **coordinates(a.cell)) for a in ATTACKED],
        examples=[PATHS.evaluation("jsonl", a.attack, **coordinates(a.cell)) for a in ATTACKED],
    log:
        PATHS.log("evaluations"),
    benchmark:
        PATHS.benchmark("evaluations")
    localrule: True
    conda:
        "../envs/flat.yaml"
    params:
        study=study_values,
        code=code("export_evaluations.py"),
    script:
        "../workflow/scripts/export_evaluations.py"


rule model_cards:
    """A model card for every trained model."""
    input:
        passport=PATHS.top("provenance.json"),
        measurements=PATHS.measurements(),
        intervals=PATHS.intervals(),
        flags=PATHS.top("flags.parquet"),
        ledgers=[test_ledger(STUDY, attacked) for attacked in ATTACKED],
        consistency=[PATHS.consistency(*explained) for explained in EXPLAINED],
        metrics=[final_model(STUDY, cell, "metrics.json") for cell in TRAINED],
        configs=[final_model(STUDY, cell, "config.json") for cell in TRAINED],
        summaries=EXPORTED_SUMMARIES,
    output:
        cards=[PATHS.model_card(**coordinates(cell)) for cell in TRAINED],
    log:
        PATHS.log("model_cards"),
    benchmark:
        PATHS.benchmark("model_cards")
    localrule: True
    conda:
        "../envs/flat.yaml"
    params:
        study=study_values,
        code=code("export_model_cards.py"),
    script:
        "../workflow/scripts/export_model_cards.py"


rule croissant:
    """Croissant metadata of every prepared data set. Needs mlcroissant, which no other rule does."""
    input:
        passport=PATHS.top("provenance.json"),
        splits=[PATHS.split(d, split) for d in STUDY.datasets for split in SPLITS],
        summaries=EXPORTED_SUMMARIES,
    output:
        metadata=[PATHS.croissant(d) for d in STUDY.datasets],
    log:
        PATHS.log("croissant"),
    benchmark:
        PATHS.benchmark("croissant")
    retries: 0
    localrule: True
    conda:
        "../envs/flat.yaml"
    params:
        study=study_values,
        code=code("export_croissant.py"),
    script:
        "../workflow/scripts/export_croissant.py"
