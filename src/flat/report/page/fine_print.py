"""The notes below the page's tables: what the page says once is not said again below each of them."""

from collections.abc import Sequence

from flat.report.tables.grid import ATTACK_MARK, DATA_MARK, MODEL_MARK
from flat.report.tables.layout import Table
from flat.report.tables.notes import ENTRIES, NO_PRINTED, OWN_ENTRIES

SEVERAL = 3  # tables from which on a note of theirs stands above all of them
SAID_ABOVE = (ENTRIES, OWN_ENTRIES, NO_PRINTED)  # the legend says it
OF_STAND_INS = (DATA_MARK, MODEL_MARK, ATTACK_MARK)  # the list of stand-ins says it


def divided(tables: Sequence[Table]) -> tuple[list[tuple[str, str]], dict[str, list[str]]]:
    """(note, the tables that it is of) of notes that several tables share, and the notes that a table keeps, by key."""
    kept = {table.key: [note for note in table.notes if not _said_above(note)] for table in tables}
    of_note: dict[str, list[Table]] = {}
    for table in tables:
        for note in kept[table.key]:
            of_note.setdefault(note, []).append(table)
    shared = {note: of for note, of in of_note.items() if len(of) >= SEVERAL}
    own = {key: [note for note in notes if note not in shared] for key, notes in kept.items()}
    return [(note, _names(of)) for note, of in shared.items()], own


def _said_above(note: str) -> bool:
    return note in SAID_ABOVE or note.startswith(OF_STAND_INS)


def _names(tables: Sequence[Table]) -> str:
    """Tables 2, 3, 4; Guards."""
    numbers = [table.key for table in tables if table.in_paper]
    others = [table.name for table in tables if not table.in_paper]
    return "; ".join([*([f"Tables {', '.join(numbers)}"] if numbers else []), *others])
