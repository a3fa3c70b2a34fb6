"""The report: one html page with every table and figure and what they rest on. It loads nothing from anywhere.

Pictures are embedded and styles are in the page. The template escapes every text. A content security policy forbids the
browser to fetch anything. Links lead only to files beside the page.
"""

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, takewhile
from pathlib import Path

from flat.paper.scope import prints
from flat.report.figures.files import PAGE_WIDTH_PX, SUFFIXES, FigureFile
from flat.report.page import fine_print
from flat.report.page.claims import ClaimLine, counts
from flat.report.tables.layout import FLAG_MARK, RUN, Entry, Table, Wide, wide
from flat.study.grid import attacked_cells, reported_datasets, trained_cells
from flat.study.seed_groups import seed_groups, seeds_that_ran, shortened
from flat.study.settings import seeds_of

TEMPLATES = Path(__file__).parent / "templates"
TABLE_KINDS = ("csv", "md", "tex")
UNFOLDED = 8  # claims that are shown at once
CLAIMED_BY = {
    frozenset([False]): "What the paper claims, and what this study says of it",
    frozenset([True]): "What this study claims of its own cells, and what they say",
    frozenset([False, True]): "What the paper and this study claim, and what its cells say",
}


@dataclass(frozen=True)
class Label:
    """A row's label and how many rows it stands for; 0 rows: covered by a label above."""

    text: str
    rows: int


@dataclass(frozen=True)
class Line:
    """``within``: the labels before the last one, which a narrow page shows above it."""

    labels: tuple[Label, ...]
    entries: tuple[Entry, ...]
    new_block: bool
    within: str = ""


@dataclass(frozen=True)
class View:
    """One laid-out version of a table: a pair set, or the table itself (heading empty).

    ``starts``: places of the entries, from 0, at which a group of columns begins. ``wide``: to be set small, intervals
    and printed values below ours.
    """

    heading: str
    header: tuple[tuple[tuple[str, int], ...], ...]
    lines: tuple[Line, ...]
    starts: frozenset[int] = frozenset()
    wide: bool = False


def build(
    study,
    tables: Sequence[Table],
    figures: Sequence[FigureFile],
    provenance: Mapping[str, object],
    claims: Sequence[ClaimLine] = (),
) -> str:
    """The page as html.

    Args:
        study: flat.study.schema.Study.
        tables: flat.report.build.build(...), in the order to show them.
        figures: flat.report.figures.files.read(...), in the order to show them.
        claims: flat.report.page.claims.read(...); the section is left out where there are none.
        provenance: flat.provenance.passport.study_passport(...); times appear nowhere else on the page.
    """
    import jinja2  # for cost

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["pretty"] = lambda value: json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False)
    # a narrow cell breaks before ± and nowhere else
    environment.filters["unbroken"] = lambda text: text.replace("± ", "±\N{NO-BREAK SPACE}").replace(
        f" {FLAG_MARK}", f"\N{NO-BREAK SPACE}{FLAG_MARK}"
    )
    environment.filters["base64"] = lambda data: base64.b64encode(data).decode("ascii")
    shared_notes, own_notes = fine_print.divided(tables)
    return environment.get_template("report.html").render(
        study=study,
        stand_ins=stand_ins(study),
        stood_in=stood_in(study),
        shared_notes=shared_notes,
        own_notes=own_notes,
        unfolded=UNFOLDED,
        sizes=sizes(study),
        tables=[(table, [view(wide(table, name)) for name in table.views]) for table in tables],
        figures=figures,
        provenance=provenance,
        claims=claims,
        claims_title=CLAIMED_BY[frozenset(line.own for line in claims)] if claims else "",
        printed_claims=any(line.printed for line in claims) or not all(line.own for line in claims),
        prints=prints(study),
        seeds=seeds(study),
        verdict_counts=counts(list(claims)),
        run=RUN,
        table_kinds=TABLE_KINDS,
        figure_kinds=SUFFIXES,
        page_width_px=PAGE_WIDTH_PX,
    )


def sizes(study) -> list[tuple[str, str]]:
    """(number, of what) of what the study runs: a model, strategy or attack that no table asks for does not count."""
    trained = trained_cells(study)
    seeds = {len(seeds_of(study, cell)) for cell in trained}
    counted = {
        "data set": len(reported_datasets(study)),
        "model": len({cell.model for cell in trained}),
        "strategy": len({cell.strategy for cell in trained}),
        "attack": len({attacked.attack for attacked in attacked_cells(study)}),
        "round": study.rounds.count,
        # "1–3" where only some models have more than one
        "seed": "–".join(map(str, sorted({min(seeds), max(seeds)}))),
    }
    return [(str(number), noun if number in (1, "1") else _plural(noun)) for noun, number in counted.items()]


def seeds(study) -> str:
    """The seeds that ran: 0–2; and which cells have which where they differ: 0–2 (0–2: CNN; 0: the other cells)."""
    groups = seed_groups(study)
    every = shortened(seeds_that_ran(groups))
    return every if len(groups) == 1 else f"{every} ({'; '.join(group.text for group in groups)})"


def _plural(noun: str) -> str:
    return f"{noun.removesuffix('y')}ies" if noun.endswith("y") else f"{noun}s"


def stand_ins(study) -> list[tuple[str, str, str]]:
    """(kind, name, what is used instead) of everything in the study that is not the paper's own."""
    found = [("data", dataset.title, dataset.stand_in) for dataset in study.datasets.values() if dataset.stand_in]
    found += [("model", model.title, model.stand_in) for model in study.models.values() if model.stand_in]
    found += [("attack", attack.title, what) for attack in study.attacks.values() for what in attack.stand_ins]
    return found


def stood_in(study) -> str:
    """Of what there are stand-ins: 4 data sets, 2 models, 6 attacks."""
    found: dict[str, set[str]] = {}
    for kind, name, _ in stand_ins(study):
        found.setdefault("data set" if kind == "data" else kind, set()).add(name)
    counted = [(len(names), noun) for noun, names in found.items()]
    return ", ".join(f"{number} {noun if number == 1 else _plural(noun)}" for number, noun in counted)


def view(laid_out: Wide) -> View:
    """A laid-out table with repeated labels joined: neighbouring rows of a block share their leading labels."""
    keys, block = [], 0
    for row in laid_out.body:
        block += row.new_block
        # the innermost label is printed in each row, so it takes no part in joining
        keys.append([(block, row.labels[: place + 1]) for place in range(len(row.labels) - 1)])
    lines = [
        Line(
            tuple(Label(text, _rows_joined(keys, i, place)) for place, text in enumerate(row.labels)),
            row.entries,
            row.new_block,
            ", ".join(row.labels[:-1]),
        )
        for i, row in enumerate(laid_out.body)
    ]
    return View(laid_out.heading, laid_out.header, tuple(lines), _group_starts(laid_out), _is_wide(laid_out))


def _is_wide(laid_out: Wide) -> bool:
    intervals = any(entry.interval for row in laid_out.body for entry in row.entries)
    return len(laid_out.header[-1]) > (6 if intervals else 10)


def _group_starts(laid_out: Wide) -> frozenset[int]:
    if len(laid_out.header) == 1 or not laid_out.body:
        return frozenset()
    labels = len(laid_out.body[0].labels)
    ends = accumulate((span for _, span in laid_out.header[0][labels:]), initial=0)
    return frozenset(list(ends)[:-1])


def _rows_joined(keys: Sequence[Sequence[object]], row: int, place: int) -> int:
    """How many rows the label at (row, place) stands for; 0 where the row above has it already."""
    if place >= len(keys[row]):
        return 1
    key = keys[row][place]
    if row and keys[row - 1][place] == key:
        return 0
    return sum(1 for _ in takewhile(lambda other: other[place] == key, keys[row:]))
