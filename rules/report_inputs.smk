# What measurements, tables, figures, claims and the report are made of: functions of the study. No rules here.

ATTACKED = attacked_cells(STUDY)
TRAINED = trained_cells(STUDY)
ANALYSED = [coordinates(cell) for cell in importance_cells(STUDY)]
IMPORTANCE = [PATHS.importance("importance.parquet", **cell) for cell in ANALYSED[:1]]
SYNONYMS = [PATHS.importance("synonyms.parquet", **cell) for cell in ANALYSED]
GRADIENT_CELLS = explained_cells(STUDY, "ig")
SALIENCY = sorted(set(saliency_cells(STUDY)))
REPLAY = sorted(set(replay_cells(STUDY)))


def known_words(cell):
    """The vocabulary of a model that looks words up, to count substitutes it does not know."""
    if STUDY.models[cell.model].kind == "encoder":
        return None
    return PATHS.data(cell.dataset, "vocabulary.json")


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
    of_repository(f"src/flat/report/templates/{file.name}")
    for file in Path(workflow.basedir, "src/flat/report/templates").glob("*")
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


def explained_cells_of_model(wildcards):
    return [
        coordinates(a.cell) | {"attack": a.attack}
        for a in explained_of_model(wildcards)
    ]


def figure_code(wildcards):
    """The digest of one figure's own module too: it is imported by number."""
    key = figure_key(wildcards.figure)
    own = digest.of(f"{workflow.basedir}/src/flat/report/figure_{key}.py")
    return f"{code('draw_figure.py')}-{own}"


def study_values(wildcards):
    """The whole study as plain data: what tables and figures are labelled from."""
    return STUDY_VALUES


def results_folder(wildcards):
    return PATHS.root
