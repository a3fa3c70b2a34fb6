"""Measured points of how the cost of an attack grows, as a file, and the exponents drawn from them."""

from dataclasses import asdict, dataclass, fields
from pathlib import Path

from flat.files.artefacts import atomic


@dataclass(frozen=True)
class Point:
    """An attack to measure: ``axis`` says what varies; ``candidates`` None: the recipe's own number."""

    axis: str
    recipe: str
    model: str
    words: int
    texts: int
    candidates: int | None = None
    shards: int = 1


@dataclass(frozen=True)
class Measured(Point):
    """CPU-seconds of the whole attack; victim queries as TextAttack counts them, and texts really put to it."""

    cpu_s: float = 0.0
    queries: int = 0
    forwards: int = 0
    code: str = ""


def read(path: str | Path) -> list[Measured]:
    """The points of a growth.csv; none if there is no such file."""
    import pandas as pd  # for cost

    if not Path(path).is_file():
        return []
    frame = pd.read_csv(path, dtype={"candidates": "Int64"})
    rows = frame.astype(object).where(frame.notna(), None).to_dict("records")
    return [Measured(**row) for row in rows]


def write(path: str | Path, rows: list[Measured]) -> None:
    import pandas as pd  # for cost

    with atomic(path) as part:
        pd.DataFrame([asdict(row) for row in rows], columns=[f.name for f in fields(Measured)]).to_csv(
            part, index=False, lineterminator="\n"
        )


def exponents(rows: list[Measured]) -> dict[tuple[str, str], float]:
    """(recipe, model) -> e of CPU-seconds a text ~ words ** e: the slope through the points of the axis of words."""
    import numpy as np  # for cost

    found = {}
    for key in sorted({(row.recipe, row.model) for row in rows if row.axis == "words"}):
        line = [row for row in rows if row.axis == "words" and (row.recipe, row.model) == key]
        if len(line) > 1:
            words, cost = (np.log([value(row) for row in line]) for value in (lambda r: r.words, _cost))
            found[key] = round(float(np.polyfit(words, cost, 1)[0]), 2)
    return found


def _cost(row: Measured) -> float:
    return row.cpu_s / row.texts
