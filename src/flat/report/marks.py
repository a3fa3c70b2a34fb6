"""How ``snakemake --report`` sorts and labels what a study has made (rules/report.smk; captions: workflow/report/)."""

from flat.paper.catalogue import Figure, Table
from flat.study.schema import Study

FURTHER = "Further tables and figures"
# Topic -> keys of its tables and figures, in the catalogue; one that is named nowhere is of FURTHER
TOPICS: dict[str, tuple[str | int, ...]] = {
    "Data sets": ("1", "6"),
    "Accuracy": ("2", "7"),
    "Robustness": ("3", "8", "4", "replay", "curves"),
    "Interpretation": ("9", "faithfulness", 3, 4, 5, 6),
    "What the method's parts do": ("5", "10", "readings"),
    "How far to trust the numbers": ("guards", "validity", "grim"),
}


def topic(entry: Table | Figure) -> str:
    """The topic of a table or figure. Keys are told apart by type: "5" is Table 5, 5 is Figure 5."""
    return next((name for name, keys in TOPICS.items() if entry.key in keys), FURTHER)


def labels(study: Study) -> dict[str, dict[str, str]]:
    """Name of each table and figure -> its labels: what it is called, its title, what it says in one line.

    Files are read where they lie, relative to the working folder: for a finished study.
    """
    from flat.report.summary_items import collect  # for cost: pandas, which a plan does without

    return {item.name: {"name": item.name, "title": item.title, "says": item.key_line} for item in collect(study)}
