# From ledgers and explanations to the paper's tables and figures. Light jobs, run where Snakemake runs.


include: "inputs/report.smk"


rule collect_measurements:
    """Every measured number of the study in one tidy table, recounted from the ledgers and checked."""
    input:
        metrics=[final_model(STUDY, cell, "metrics.json") for cell in TRAINED],
        ledgers=[test_ledger(STUDY, attacked) for attacked in ATTACKED],
        consistency=[PATHS.consistency(*explained) for explained in EXPLAINED],
        gradients=[PATHS.attributions("ig", a.attack, **coordinates(a.cell)) for a in GRADIENT_CELLS],
        faithfulness=FAITHFULNESS,
        vocabularies=[PATHS.data(d, "vocabulary.json") for d in STUDY.datasets],
    output:
        measurements=PATHS.measurements(),
    log:
        PATHS.log("collect_measurements"),
    benchmark:
        PATHS.benchmark("collect_measurements")
    localrule: True
    conda:
        "../envs/flat.yaml"
    params:
        **measured_metrics(),
        trained=[
            coordinates(cell) | {"round": last_round(STUDY, cell), "vocabulary": known_words(cell)} for cell in TRAINED
        ],
        consistency=[dict(zip(("method", "dataset", "model"), names)) for names in EXPLAINED],
        explained=[coordinates(a.cell) | {"attack": a.attack} for a in GRADIENT_CELLS],
        tolerance=STUDY.interpretation.ig.tolerance,
        attacked=[coordinates(a.cell) | {"round": last_round(STUDY, a.cell), "attack": a.attack} for a in ATTACKED],
        code=code("collect_measurements.py"),
    script:
        "../workflow/scripts/collect_measurements.py"


rule estimate_intervals:
    """The interval of each number measured under several seeds: seeds and examples resampled."""
    input:
        measurements=PATHS.measurements(),
        ledgers=[test_ledger(STUDY, attacked) for attacked in ATTACKED],
        consistency=[PATHS.consistency(*explained) for explained in EXPLAINED],
        faithfulness=FAITHFULNESS,
    output:
        intervals=PATHS.intervals(),
    log:
        PATHS.log("estimate_intervals"),
    benchmark:
        PATHS.benchmark("estimate_intervals")
    localrule: True
    conda:
        "../envs/flat.yaml"
    params:
        study=study_values,
        code=code("estimate_intervals.py"),
    script:
        "../workflow/scripts/estimate_intervals.py"


rule judge_claims:
    """What the study has to say on each of the paper's claims (config/claims.yaml), and on each cell of it."""
    input:
        flags=FILES["flags"],
        claims=of_repository("config/claims.yaml"),
        paper=PRINTED,
        measurements=PATHS.measurements(),
        ledgers=[test_ledger(STUDY, attacked) for attacked in ATTACKED],
        consistency=[PATHS.consistency(*explained) for explained in EXPLAINED],
        importance=IMPORTANCE[:1],
        synonyms=FILES["synonyms"],
    output:
        claims=report(CLAIMS[0], caption="../workflow/report/claims.rst", category="Claims", labels=marked("Claims")),
        cells=CLAIMS[1],
    log:
        PATHS.log("judge_claims"),
    benchmark:
        PATHS.benchmark("judge_claims")
    localrule: True
    conda:
        "../envs/flat.yaml"
    params:
        study=study_values,
        code=code("judge_claims.py"),
    script:
        "../workflow/scripts/judge_claims.py"


rule make_table:
    """A table of the paper, each of our values beside the printed one."""
    input:
        unpack(table_inputs),
    output:
        csv=report(
            PATHS.table("{table}", "csv"),
            caption="../workflow/report/table.rst",
            category=table_topic,
            labels=table_labels,
        ),
        md=PATHS.table("{table}", "md"),
        tex=PATHS.table("{table}", "tex"),
    log:
        PATHS.log("make_table", "{table}"),
    benchmark:
        PATHS.benchmark("make_table", "{table}")
    localrule: True
    conda:
        "../envs/flat.yaml"
    params:
        study=study_values,
        code=table_code,
    script:
        "../workflow/scripts/make_table.py"


rule draw_figure:
    """A figure of the paper, with the data behind it."""
    input:
        unpack(figure_inputs),
    output:
        pdf=PATHS.figure("{figure}", "pdf"),
        png=report(
            PATHS.figure("{figure}", "png"),
            caption="../workflow/report/figure.rst",
            category=figure_topic,
            labels=figure_labels,
        ),
        csv=PATHS.figure("{figure}", "csv"),
    log:
        PATHS.log("draw_figure", "{figure}"),
    benchmark:
        PATHS.benchmark("draw_figure", "{figure}")
    localrule: True
    conda:
        "../envs/flat.yaml"
    params:
        study=study_values,
        cells=figure_cells,
        code=figure_code,
    script:
        "../workflow/scripts/draw_figure.py"


rule write_report:
    """One page with every table and figure and where the numbers come from."""
    input:
        tables=TABLES,
        figures=FIGURES,
        claims=CLAIMS,
        locks=[test_ledger(STUDY, attacked, "lock.json") for attacked in ATTACKED],
        summaries=[PATHS.data(d, "summary.json") for d in STUDY.datasets],
        sources=[files for needs in REPORT_TABLES.values() for files in needs.values()],
        templates=REPORT_TEMPLATES,
    output:
        report=report(
            PATHS.top("report.html"),
            caption="../workflow/report/page.rst",
            category="Whole report",
            labels={"name": "report.html", "title": "All tables and figures on one page"},
        ),
        provenance=PATHS.top("provenance.json"),
    log:
        PATHS.log("write_report"),
    benchmark:
        PATHS.benchmark("write_report")
    localrule: True
    conda:
        "../envs/flat.yaml"
    params:
        study=study_values,
        tables=REPORT_TABLES,
        figures=FIGURE_KEYS,
        plugins=brought(*plugins_used(STUDY)),
        code=code_with("write_report.py", *(catalogue.TABLES[key] for key in TABLE_KEYS)),
    script:
        "../workflow/scripts/write_report.py"


rule write_explorer:
    """One page to look into the study: its numbers, and every pair of texts behind them. It loads nothing.

    The folder beside it is empty, unless the study has more pairs than fit into one page.
    """
    input:
        measurements=PATHS.measurements(),
        intervals=PATHS.intervals(),
        flags=FILES["flags"],
        claims=CLAIMS[0],
        metrics=[final_model(STUDY, cell, "metrics.json") for cell in TRAINED],
        ledgers=[test_ledger(STUDY, attacked) for attacked in ATTACKED],
        consistency=[PATHS.consistency(*explained) for explained in EXPLAINED],
        attributions=EXPLANATIONS,
        vocabularies=[PATHS.data(d, "vocabulary.json") for d in STUDY.datasets],
        importance=IMPORTANCE,
        templates=EXPLORER_FILES,
    output:
        explorer=report(
            PATHS.top("explorer.html"),
            caption="../workflow/report/explorer.rst",
            category="Whole report",
            labels={"name": "explorer.html", "title": "Every pair of texts, to search and to filter"},
        ),
        chunks=directory(PATHS.top("explorer")),
    log:
        PATHS.log("write_explorer"),
    benchmark:
        PATHS.benchmark("write_explorer")
    localrule: True
    conda:
        "../envs/flat.yaml"
    params:
        study=study_values,
        code=code("write_explorer.py"),
    script:
        "../workflow/scripts/write_explorer.py"


rule verify:
    """Compare every result with its recorded checksum and lineage; fails and says what changed, file by file."""
    log:
        PATHS.log("verify"),
    retries: 0
    localrule: True
    conda:
        "../envs/flat.yaml"
    params:
        root=results_folder,
    script:
        "../workflow/scripts/verify.py"


rule crate:
    """Describe the finished study as a Workflow Run RO-Crate: its results folder becomes the crate."""
    input:
        passport=PATHS.top("provenance.json"),
    output:
        metadata=PATHS.top("ro-crate-metadata.json"),
        snakefile=PATHS.top("workflow/Snakefile"),
        study=PATHS.top("workflow/study.yaml"),
    log:
        PATHS.log("crate"),
    benchmark:
        PATHS.benchmark("crate")
    localrule: True
    conda:
        "../envs/flat.yaml"
    params:
        study=study_values,
        code=code("crate.py"),
    script:
        "../workflow/scripts/crate.py"
