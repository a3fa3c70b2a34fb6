"""Everything that the explorer holds of a finished study: its names, numbers and pairs, cut to a size."""

import csv
from dataclasses import dataclass
from pathlib import Path

from flat.analysis import statistics
from flat.analysis.claims.rows import CLAIM_COLUMNS
from flat.analysis.outcomes import Outcomes
from flat.errors import ArtefactError
from flat.files.artefacts import read_table
from flat.paper.scope import prints
from flat.report.explorer import chunks, numbers
from flat.report.explorer.block import embedded, embedded_json, pack
from flat.report.explorer.budgets import budget_curves
from flat.report.explorer.lexicon import lexicon
from flat.report.explorer.pairs import PARTS, SIDES, STATUSES, UNDEFINED, Pairs, Source, gather
from flat.report.explorer.sentences import sentences
from flat.report.figures.style import STRATEGY_COLOURS, STRATEGY_DASHES, VARIANT_COLOURS
from flat.report.page.claims import elsewhere_of
from flat.report.page.page import stand_ins
from flat.study import paths

FORMAT = 1
LIMIT = 12 * 2**20  # bytes of the embedded blocks
FIRST = 20  # examples of a cell, from which the size of more is foretold
SMALL = 50_000  # pairs of a study that is read whole at once: most such fit
FORETOLD = 4  # times the limit: of so much more is tried, since what is foretold from few is too much
NUMBERS = ("value", "low", "high", "printed", "margin")  # of a claim
TEXTS = ("statement", "where", "estimand", "direction", "verdict", "unit", "wins", "cells_run", "claimed_by")


@dataclass(frozen=True)
class Content:
    """The two blocks of the page as text: names and numbers; columns of the pairs. ``chunked``: more lies beside it."""

    head: str
    columns: str
    chunked: bool = False

    @property
    def size(self) -> int:
        return len(self.head) + len(self.columns)


def content(
    study,
    root: str = ".",
    limit: int = LIMIT,
    draws: int = statistics.DRAWS,
    folder: str | Path | None = None,
) -> Content:
    """What the page of a study embeds. Of each cell as many pairs as fit within ``limit`` bytes, all if they do.

    Args:
        folder: one beside the page, which then takes all pairs, a file a cell, if not all fit; else it is emptied. The
            page loads them from ``explorer/``.

    Raises:
        ArtefactError: a file of the study is absent or damaged.
    """
    if folder is not None:
        chunks.clear(folder)
    facts = _facts(study, root, draws)
    if Source.of(study, root).attacked() <= SMALL:
        made = _blocks(study, facts, gather(study, root))
        if made.size <= limit:
            return made
    few = gather(study, root, FIRST)
    made = _blocks(study, facts, few)
    whole = max((cell["attacked"] for cell in few.cells), default=0)
    if whole <= FIRST:
        return made
    shown, attacked = (sum(cell[name] for cell in few.cells) for name in ("shown", "attacked"))
    foretold = made.size / shown * attacked  # too much: words and names are soon all there
    most = whole if foretold <= FORETOLD * limit else max(FIRST, round(whole * FORETOLD * limit / foretold))
    pairs = gather(study, root, most)
    made = _blocks(study, facts, pairs)
    if folder is not None and (most < whole or made.size > limit):
        facts["chunks"] = chunks.write(study, root, folder)
        made = _blocks(study, facts, pairs)
    while made.size > limit and most > 1:
        most = max(1, int(most * min(0.95, 0.98 * limit / made.size)))
        made = _blocks(study, facts, gather(study, root, most))
    return made


def _blocks(study, facts: dict, pairs: Pairs) -> Content:
    places, data = pack(pairs.columns(study.interpretation.methods))
    head = facts | {"cells": pairs.cells, "ids": pairs.ids, "words": list(pairs.words), "columns": places}
    return Content(embedded_json(head), embedded(data), bool(facts["chunks"]))


def _facts(study, root: str, draws: int) -> dict:
    place, here = paths.of(study), Path(root)
    measurements = read_table(here / place.measurements())
    outcomes = Outcomes(study, measurements, root)
    rows = numbers.results(study, measurements, read_table(here / place.intervals()), outcomes, draws)
    contrasts = numbers.contrasts(study, outcomes, draws)
    flags = read_table(here / place.top("flags.parquet")).to_dict("records")
    return {
        "format": FORMAT,
        "chunks": [],  # of each cell where all of its pairs are, if the page holds a draw
        "name": study.name,
        "title": study.title,
        "statuses": STATUSES,
        "sides": SIDES,
        "parts": PARTS,
        "undefined": UNDEFINED,
        "methods": list(study.interpretation.methods),
        "datasets": [
            {"name": name, "title": of.title, "stand_in": of.stand_in, "classes": list(of.classes)}
            for name, of in study.datasets.items()
        ],
        "models": [{"name": name, "title": of.title} for name, of in study.models.items()],
        "attacks": [{"name": name, "title": of.title} for name, of in study.attacks.items()],
        "strategies": coloured(study),
        "stand_ins": stand_ins(study),
        "prints": prints(study),
        "metrics": numbers.metrics_of([*rows, *contrasts]),
        "results": rows,
        "contrasts": contrasts,
        "curves": budget_curves(study, root),
        "lexicon": lexicon(study, root),
        "sentences": sentences(study, contrasts, len(flags)),
        "claims": _claims(here / place.claims()),
        "flags": flags,
    }


def coloured(study, *more) -> list[dict]:
    """The strategies of these studies, main ones first, each as figures draw it, and whether its models have a word
    mask."""
    main = list(study.artefacts.main.strategies)
    known = {name: of for each in (*more, study) for name, of in each.strategies.items()}
    others = [name for name in dict.fromkeys([*study.strategies, *known]) if name not in main]
    variants = iter(VARIANT_COLOURS * (1 + len(known) // len(VARIANT_COLOURS)))
    return [
        {"name": name, "title": known[name].title, "main": name in main, "mask": known[name].mask != "none"}
        | {"colour": STRATEGY_COLOURS.get(name) or next(variants), "dash": STRATEGY_DASHES.get(name, ())}
        for name in [*main, *others]
    ]


def _claims(path: Path) -> dict:
    """The paper's or the study's own claims that the study has cells of, and how many it has none of."""
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        run = [row for row in rows if row["verdict"] != "not run"]
        numbered = [{name: float(row[name]) if row[name] else None for name in NUMBERS} for row in run]
        texts = [{name: row[name] for name in TEXTS} | {"elsewhere": elsewhere_of(row)} for row in run]
        kept = [number | text for number, text in zip(numbered, texts, strict=True)]
    except (FileNotFoundError, KeyError, ValueError) as error:
        problem = f"not a usable claims.csv ({error}); its columns are {', '.join(CLAIM_COLUMNS[:3])} ..."
        raise ArtefactError(str(path), problem, "run snakemake claims again") from None
    return {"run": kept, "not_run": len(rows) - len(kept)}
