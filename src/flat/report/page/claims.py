"""The claims of claims.csv as the report page shows them."""

import csv
from dataclasses import dataclass
from pathlib import Path

from flat.analysis.measurements import METRICS
from flat.analysis.statistics import MARKS
from flat.errors import ArtefactError
from flat.study.artefacts import PAIR_SETS

VERDICTS = ("reproduced", "supported", "direction only", "inconclusive", "contradicted", "not run")
MEANINGS = {
    "reproduced": "five seeds or more; test and interval beyond the margin; no cell significantly reversed; the claim "
    "holds in as large a share of the cells as in the paper",
    "supported": "a claim of the study's own: five seeds or more; test and interval beyond the margin; no cell "
    "significantly reversed; the claim holds in every cell",
    "direction only": "the mean lies on the claimed side, without that certainty",
    "inconclusive": "the mean does not lie on the claimed side, without certainty either",
    "contradicted": "five seeds or more; test and interval on the other side of the margin",
    "not run": "this study has no cell of the claim",
}


@dataclass(frozen=True)
class ClaimLine:
    """One claim, as text.

    Attributes:
        links: (anchor on the page, what it is called) of the tables where it stands.
        elsewhere: (pair sets, verdict) of those on which the verdict is another one.
        everywhere: whether the verdict is the same on all pair sets that were run, several of them.
    """

    statement: str
    where: str
    estimand: str
    claimed: str
    ours: str
    interval: str
    mark: str
    printed: str
    verdict: str
    wins: str
    printed_wins: str
    holm_wins: str
    reversals: str
    detectable: str
    flags: str
    own: bool
    links: tuple[tuple[str, str], ...]
    elsewhere: tuple[tuple[tuple[str, ...], str], ...]
    everywhere: bool


def read(path: str | Path) -> list[ClaimLine]:
    """The lines of a claims.csv.

    Raises:
        ArtefactError: the file is absent or has other columns.
    """
    try:
        with Path(path).open(encoding="utf-8", newline="") as file:
            return [_line(row) for row in csv.DictReader(file)]
    except (FileNotFoundError, KeyError) as error:
        raise ArtefactError(str(path), f"not a usable claims.csv ({error})", "run snakemake claims again") from None


def _line(row: dict[str, str]) -> ClaimLine:
    run = row["verdict"] != "not run"
    places = _decimals(row)
    low, high = row["low"], row["high"]
    shown = _plain if row["unit"] == "correlation" else _signed  # |r| has no sign
    stems = [Path(path).stem for path in row["tables"].split(";") if path]
    tables = [(stem, stem.replace("table", "Table ")) for stem in stems]
    elsewhere = elsewhere_of(row)
    return ClaimLine(
        statement=row["statement"],
        where=row["where"],
        estimand=row["estimand"],
        claimed=f"{'>' if row['direction'] == 'above' else '<'} {row['margin'].replace('-', '−')}",
        ours=shown(row["value"], places) if run else "not run",
        interval=f"[{_signed(low, places)}, {_signed(high, places)}]" if low else "",
        mark=MARKS.get(row["mark"], ""),
        printed=shown(row["printed"], places),
        verdict=row["verdict"],
        wins=f"{row['wins']} of {row['cells_run']}" if run else "",
        printed_wins=f"{row['printed_wins']} of {row['printed_cells']}" if row["printed_cells"] else "",
        holm_wins=row["holm_wins"] if run and row["p"] else "",
        reversals=row["reversals"] if run and row["p"] else "",
        detectable=_plain(row["minimum_detectable"], places),
        flags=row["flags"].replace("_", " ").replace(";", ", "),
        own=row.get("claimed_by") == "study",
        links=tuple((stem, name) for stem, name in tables if name in row["where"].split(", ")),
        elsewhere=elsewhere,
        everywhere=len(_on_pair_sets(row)) > 1 and not elsewhere,
    )


def elsewhere_of(row: dict[str, str]) -> tuple[tuple[tuple[str, ...], str], ...]:
    """(pair sets, verdict) of those on which a claim's verdict is another one."""
    others: dict[str, tuple[str, ...]] = {}
    for name, verdict in _on_pair_sets(row).items():
        if verdict != row["verdict"]:
            others[verdict] = (*others.get(verdict, ()), name)
    return tuple((names, verdict) for verdict, names in others.items())


def _on_pair_sets(row: dict[str, str]) -> dict[str, str]:
    """The verdicts on the pair sets that were run; none of a claims.csv of a release that knew none."""
    said = {name: row.get(f"on_{name}") for name in PAIR_SETS}
    return {name: verdict for name, verdict in said.items() if verdict and verdict != "not run"}


def _decimals(row: dict[str, str]) -> int:
    return next((m.decimals for m in METRICS.values() if row["estimand"].startswith(m.title)), 3)


def _signed(text: str, places: int) -> str:
    shown = f"{float(text):+.{places}f}" if text else ""
    return shown.lstrip("+-") if shown and not float(shown) else shown.replace("-", "−")


def _plain(text: str, places: int) -> str:
    return f"{float(text):.{places}f}" if text else ""


def counts(lines: list[ClaimLine]) -> list[tuple[str, int, str]]:
    """(verdict, how many claims have it, what it means), in a fixed order: those that the claims at hand can have."""
    sides = {line.own for line in lines}
    left_out = {name for name, own in (("reproduced", False), ("supported", True)) if own not in sides}
    shown = [name for name in VERDICTS if name not in left_out]
    return [(name, sum(line.verdict == name for line in lines), MEANINGS[name]) for name in shown]
