# From ledgers and explanations to the paper's tables and figures. Light jobs, run where Snakemake runs.

TRAINED = trained_cells(STUDY)
ANALYSED = [coordinates(cell) for cell in importance_cells(STUDY)]
IMPORTANCE = [PATHS.importance("importance.parquet", **cell) for cell in ANALYSED[:1]]
SYNONYMS = [PATHS.importance("synonyms.parquet", **cell) for cell in ANALYSED]
GRADIENT_CELLS = explained_cells(STUDY, "ig")
SALIENCY = sorted(set(saliency_cells(STUDY)))
REPLAY = sorted(set(replay_cells(STUDY)))


def table_inputs(wildcards):
    """What a table reads, with the printed table it is shown beside."""
    key = table_key(wildcards.table)
    if key == "grim":
        return {"paper": PRINTED}
    if key not in PAPER_TABLES:
        return TABLE_SOURCES[key]
    printed = of_repository(f"config/paper/{wildcards.table}_{PAPER_TABLES[key]}.csv")
    return TABLE_SOURCES[key] | {"paper": printed}


# what each table is built from: the measurements; 1 and 6 from the data, 9 from the word importance, replay from itself
MEASURED = {"measurements": PATHS.measurements(), "intervals": PATHS.intervals()}
TABLE_SOURCES = {key: MEASURED for key in TABLE_KEYS}
TABLE_SOURCES |= dict.fromkeys(
    ("1", "6"),
    {"summaries": [PATHS.data(d, "summary.json") for d in reported_datasets(STUDY)]},
)
if IMPORTANCE:
    TABLE_SOURCES["9"] = {"importance": IMPORTANCE[0]}
REPLAYS = [PATHS.replay(a.attack, **coordinates(a.cell)) for a in REPLAY]
if REPLAYS:
    TABLE_SOURCES["replay"] = {"replays": REPLAYS}
VALIDITY = {
    "validity": [PATHS.validity(f"{d}.parquet") for d in STUDY.artefacts.main.datasets],
    "antonyms": PATHS.validity("antonyms.parquet"),
}
TABLE_SOURCES |= {
    "validity": VALIDITY,
    "guards": {"guards": PATHS.top("guards.parquet")},
}
# the flags of doubtful cells go into every table that shows cells
FLAGS = {"flags": PATHS.top("flags.parquet")}
TABLE_SOURCES |= {
    key: files | FLAGS for key, files in TABLE_SOURCES.items() if key not in ("1", "6")
}
TABLE_SOURCES["grim"] = {}
REPORT_TABLES = TABLE_SOURCES
REPORT_TEMPLATES = sorted(
    of_repository(f"src/flat/report/page/templates/{file.name}")
    for file in Path(workflow.basedir, "src/flat/report/page/templates").glob("*")
)
REPORT_SOURCES = [
    *MEASURED.values(),
    *IMPORTANCE,
    *REPLAYS,
    FLAGS["flags"],
    PATHS.top("guards.parquet"),
    *VALIDITY["validity"],
    VALIDITY["antonyms"],
]
PAPER_TABLES = {
    "1": "datasets",
    "2": "test_accuracy",
    "3": "robustness_ig",
    "4": "transfer",
    "5": "ablation",
    "6": "preprocessing",
    "7": "dev_accuracy",
    "8": "robustness_lime",
    "9": "correlations",
    "10": "group_masks",
}


PRINTED = [
    of_repository(f"config/paper/table{key}_{name}.csv")
    for key, name in PAPER_TABLES.items()
]
CLAIMS = [PATHS.claims("claims.csv"), PATHS.claims("claim_cells.csv")]
CURVES = curve_cells(STUDY)


def figure_inputs(wildcards):
    """What a figure is drawn from, and the flags of doubtful cells."""
    return figure_sources(wildcards) | FLAGS


def figure_sources(wildcards):
    if wildcards.figure == "curves":
        return {"ledgers": [test_ledger(STUDY, a) for a in CURVES]}
    if wildcards.figure == "fig3":
        return {
            "attributions": [
                PATHS.attributions("ig", a.attack, **coordinates(a.cell))
                for a in SALIENCY
            ],
            "ledgers": [test_ledger(STUDY, a) for a in SALIENCY],
        }
    if wildcards.figure == "fig4":
        return {"importance": IMPORTANCE[0]}
    if wildcards.figure == "fig5":
        return {"synonyms": SYNONYMS}
    return {"measurements": PATHS.measurements()}


def figure_cells(wildcards):
    """The cells of a figure's files, where it reads files of cells."""
    if wildcards.figure == "curves":
        return [coordinates(a.cell) | {"attack": a.attack} for a in CURVES]
    return [coordinates(a.cell) for a in SALIENCY]


def figure_code(wildcards):
    """The digest of one figure's own module too: it is imported by number."""
    key = figure_key(wildcards.figure)
    own = digest.of(f"{workflow.basedir}/src/flat/report/figures/{module_of(key)}.py")
    return f"{code('draw_figure.py')}-{own}"


def study_values(wildcards):
    """The whole study as plain data: what tables and figures are labelled from."""
    return STUDY_VALUES


def results_folder(wildcards):
    return PATHS.root


rule collect_measurements:
    """Every measured number of the study in one tidy table, recounted from the ledgers and checked."""
    input:
        metrics=[final_model(STUDY, cell, "metrics.json") for cell in TRAINED],
        ledgers=[test_ledger(STUDY, attacked) for attacked in ATTACKED],
        consistency=[PATHS.consistency(*explained) for explained in EXPLAINED],
        gradients=[
            PATHS.attributions("ig", a.attack, **coordinates(a.cell))
            for a in GRADIENT_CELLS
        ],
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
        trained=[
            coordinates(cell)
            | {"round": last_round(STUDY, cell), "vocabulary": known_words(cell)}
            for cell in TRAINED
        ],
        consistency=[
            dict(zip(("method", "dataset", "model"), names)) for names in EXPLAINED
        ],
        explained=[coordinates(a.cell) | {"attack": a.attack} for a in GRADIENT_CELLS],
        tolerance=STUDY.interpretation.ig.tolerance,
        attacked=[
            coordinates(a.cell)
            | {"round": last_round(STUDY, a.cell), "attack": a.attack}
            for a in ATTACKED
        ],
        code=code("collect_measurements.py"),
    script:
        "../workflow/scripts/collect_measurements.py"


rule estimate_intervals:
    """The interval of each number measured under several seeds: seeds and examples resampled."""
    input:
        measurements=PATHS.measurements(),
        ledgers=[test_ledger(STUDY, attacked) for attacked in ATTACKED],
        consistency=[PATHS.consistency(*explained) for explained in EXPLAINED],
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
        **FLAGS,
        claims=of_repository("config/claims.yaml"),
        paper=PRINTED,
        measurements=PATHS.measurements(),
        ledgers=[test_ledger(STUDY, attacked) for attacked in ATTACKED],
        consistency=[PATHS.consistency(*explained) for explained in EXPLAINED],
        importance=IMPORTANCE,
        synonyms=SYNONYMS,
    output:
        claims=CLAIMS[0],
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
        csv=PATHS.table("{table}", "csv"),
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
        code=code("make_table.py"),
    script:
        "../workflow/scripts/make_table.py"


rule draw_figure:
    """A figure of the paper, with the data behind it."""
    input:
        unpack(figure_inputs),
    output:
        pdf=PATHS.figure("{figure}", "pdf"),
        png=PATHS.figure("{figure}", "png"),
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
        sources=REPORT_SOURCES,
        templates=REPORT_TEMPLATES,
    output:
        report=PATHS.top("report.html"),
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
        code=code("write_report.py"),
    script:
        "../workflow/scripts/write_report.py"


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
