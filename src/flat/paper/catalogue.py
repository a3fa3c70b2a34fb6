"""The tables and figures of a study: which block of ``artefacts`` shows each, in the order of the report."""

from flat.study.schema import Study

# the block of artefacts that each table or figure shows, in the order of the report: the paper's by number, then others
TABLE_BLOCKS = {
    "1": "main",
    "2": "main",
    "3": "main",
    "4": "transfer",
    "5": "ablation",
    "6": "main",
    "7": "main",
    "8": "main",
    "9": "importance",
    "10": "groups",
    "guards": "main",
    "validity": "main",
    "readings": "readings",
    "replay": "replay",
    "grim": "main",
}


FIGURE_BLOCKS: dict[int | str, str] = {3: "saliency", 4: "importance", 5: "importance", 6: "main", "curves": "main"}


def table_keys(study: Study) -> list[str]:
    """The tables of a study: those of the blocks of artefacts that it has."""
    return [key for key, block in TABLE_BLOCKS.items() if block in study.artefacts.present()]


def figure_keys(study: Study) -> list[int | str]:
    """The figures of a study, as its tables."""
    return [key for key, block in FIGURE_BLOCKS.items() if block in study.artefacts.present()]


def module_of(key: int | str) -> str:
    """The module of ``flat.report.figures`` that draws a figure."""
    return f"figure_{key}" if isinstance(key, int) or str(key).isdigit() else str(key)
