# What the rules of report.smk ask for: inputs and parameters, as functions of the study and of wildcards.
from flat.report.marks import labels as all_labels, topic
from flat.study.paths import figure_name, table_name

TRAINED = trained_cells(STUDY)
ANALYSED = [coordinates(cell) for cell in importance_cells(STUDY)]
IMPORTANCE = [PATHS.importance("importance.parquet", **cell) for cell in ANALYSED]
GRADIENT_CELLS = explained_cells(STUDY, "ig")
# (method, attacked cell) whose explanations are held against their model, where the study names a metric of that kind
FAITHFUL = [(m, a) for m in METHODS for a in explained_cells(STUDY, m)] if OF_EXPLANATIONS else []
FAITHFULNESS = [PATHS.faithfulness(m, a.attack, **coordinates(a.cell)) for m, a in FAITHFUL]
PRINTED = [of_repository(f"config/paper/{table.printed_file}") for table in catalogue.TABLES.values() if table.printed]
CLAIMS = [PATHS.claims("claims.csv"), PATHS.claims("claim_cells.csv")]
# what tables and figures are made of, by the names that their entries in flat.paper.catalogue need
FILES = {
    "measurements": PATHS.measurements(),
    "intervals": PATHS.intervals(),
    "flags": PATHS.top("flags.parquet"),
    "guards": PATHS.top("guards.parquet"),
    "summaries": [PATHS.data(d, "summary.json") for d in reported_datasets(STUDY)],
    "importance": IMPORTANCE[0] if IMPORTANCE else None,
    "synonyms": [PATHS.importance("synonyms.parquet", **cell) for cell in ANALYSED],
    "replays": [PATHS.replay(a.attack, **coordinates(a.cell)) for a in sorted(set(replay_cells(STUDY)))],
    "validity": [PATHS.validity(f"{d}.parquet") for d in STUDY.artefacts.main.datasets],
    "antonyms": PATHS.validity("antonyms.parquet"),
    "paper": PRINTED,
}


def needed(entry):
    """The files that a table or figure is made of, by name."""
    cells = entry.cells(STUDY) if hasattr(entry, "cells") else []
    of_cells = {
        "ledgers": [test_ledger(STUDY, a) for a in cells],
        "attributions": [PATHS.attributions("ig", a.attack, **coordinates(a.cell)) for a in cells],
    }
    return {name: (of_cells | FILES)[name] for name in entry.needs}


REPORT_TABLES = {key: needed(catalogue.TABLES[key]) for key in TABLE_KEYS}
REPORT_TEMPLATES = sorted(shown(file) for file in (PACKAGE / "report/page/templates").glob("*"))

EXPLORER_FILES = [shown(PACKAGE / "report/explorer" / name) for name in ("bundle.js", "explorer.css")]
EXPLANATIONS = [
    PATHS.attributions(method, a.attack, **coordinates(a.cell))
    for method in METHODS
    for a in explained_cells(STUDY, method) + shown_cells(STUDY, method)
]


def table_inputs(wildcards):
    """What a table is built from, with the printed table that it is shown beside."""
    table = catalogue.TABLES[table_key(wildcards.table)]
    beside = of_repository(f"config/paper/{table.printed_file}") if table.printed else []
    return {"paper": beside} | REPORT_TABLES[table.key]


def figure_inputs(wildcards):
    """What a figure is drawn from, and the flags of doubtful cells."""
    return needed(catalogue.FIGURES[figure_key(wildcards.figure)])


def figure_cells(wildcards):
    """The cells that a figure shows, in the order of their files."""
    shown = catalogue.FIGURES[figure_key(wildcards.figure)].cells(STUDY)
    return [coordinates(a.cell) | {"attack": a.attack} for a in shown]


def code_with(script, *entries):
    """The digest of a script and of the modules of tables or figures, which are imported by name."""
    modules = sorted({entry.module.partition(".")[2].replace(".", "/") for entry in entries})
    own = [digest.of(f"{PACKAGE}/{module}.py") for module in modules]
    metrics = metric_plugins(STUDY.metrics) if any(entry.of_metrics for entry in entries) else []
    return "-".join([code(script, *metrics), *own])


def table_code(wildcards):
    return code_with("make_table.py", catalogue.TABLES[table_key(wildcards.table)])


def figure_code(wildcards):
    return code_with("draw_figure.py", catalogue.FIGURES[figure_key(wildcards.figure)])


def measured_metrics():
    """Params of what gathers the metrics that the study names; none where it names none."""
    if not STUDY.metrics:
        return {}
    of_cells = [coordinates(a.cell) | {"attack": a.attack, "method": m} for m, a in FAITHFUL]
    return {"faithful": of_cells, "plugins": brought(*metric_plugins(STUDY.metrics))}


def study_values(wildcards):
    """The whole study as plain data: what tables and figures are labelled from."""
    return STUDY_VALUES


def results_folder(wildcards):
    return PATHS.root


# --- for snakemake --report


@cache
def marks():
    """Labels of every table and figure, by name; asked when a report is made, not when a run is planned."""
    return all_labels(STUDY)


def marked(name):
    return lambda wildcards: marks()[name]


def table_topic(wildcards):
    return topic(catalogue.TABLES[table_key(wildcards.table)])


def table_labels(wildcards):
    return marks()[table_name(table_key(wildcards.table))]


def figure_topic(wildcards):
    return topic(catalogue.FIGURES[figure_key(wildcards.figure)])


def figure_labels(wildcards):
    return marks()[figure_name(figure_key(wildcards.figure))]
