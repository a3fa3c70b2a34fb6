"""What the page of two compared studies embeds: the comparison's numbers, and each text as both studies answered it."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path

from flat.analysis.comparison import words
from flat.analysis.comparison.cells import Compared
from flat.analysis.comparison.opened import Opened
from flat.analysis.comparison.settings import Difference
from flat.attacks.ledger import FAILED, SUCCEEDED
from flat.files.artefacts import read_table
from flat.report.explorer.block import embedded, embedded_json, pack
from flat.report.explorer.content import FORMAT, LIMIT, Content, coloured
from flat.report.explorer.numbers import rounded
from flat.report.explorer.pairs import PARTS, SIDES, STATUSES, UNDEFINED, Pairs, Source
from flat.study import paths
from flat.study.cells import AttackedCell

DIFFER, SAME, ALONE = 0, 2, 3  # in what order texts are taken where not all fit; 1: neither fell while the other held


@dataclass(frozen=True)
class Matched:
    """A cell of both studies: its texts by id, sorted.

    shared: same id and same original in both. fell_a: fell in A, held in B. fell_b: the inverse.
    order: all texts of either, those first that tell the studies apart.
    """

    attacked: AttackedCell
    shared: list[str]
    fell_a: list[str]
    fell_b: list[str]
    only_a: list[str]
    only_b: list[str]
    order: list[str]


def matched(a: Opened, b: Opened) -> list[Matched]:
    """The attacked cells that both studies have the texts of, sorted.

    Raises:
        ArtefactError: a ledger is absent or damaged.
    """
    found = [
        _matched(attacked, *(_ledger(side, attacked) for side in (a, b)))
        for attacked in sorted(a.attacked & b.attacked)
    ]
    return [each for each in found if each is not None]


def _ledger(side: Opened, attacked: AttackedCell) -> dict[str, tuple[str, str]]:
    """Of each example its original text and what came of the attack; nothing where texts are not stored."""
    frame = read_table(paths.test_ledger(side.study, attacked), ["example_id", "original", "status"])
    told = zip(frame["example_id"], frame["original"], frame["status"], strict=True)
    return {example: (text, status) for example, text, status in told if text}


def _matched(attacked: AttackedCell, a: dict, b: dict) -> Matched | None:
    if not a or not b:
        return None
    shared = sorted(e for e in a.keys() & b.keys() if a[e][0] == b[e][0])
    outcomes = {e: (a[e][1], b[e][1]) for e in shared}
    fell_a = [e for e in shared if outcomes[e] == (SUCCEEDED, FAILED)]
    fell_b = [e for e in shared if outcomes[e] == (FAILED, SUCCEEDED)]
    only_a, only_b = (sorted(of.keys() - set(shared)) for of in (a, b))
    rank = dict.fromkeys([*only_a, *only_b], ALONE) | {e: SAME if x == y else 1 for e, (x, y) in outcomes.items()}
    rank |= dict.fromkeys([*fell_a, *fell_b], DIFFER)
    order = sorted(rank, key=lambda e: (rank[e], sha256(e.encode()).digest(), e))
    return Matched(attacked, shared, fell_a, fell_b, only_a, only_b, order)


def content(
    a: Opened, b: Opened, found: Sequence[Compared], differing: Sequence[Difference], limit: int = LIMIT
) -> Content:
    """What the page holds. Of each cell as many texts as fit within ``limit`` bytes, those first that fell in one study
    and held in the other.

    Args:
        found: what ``cells.compare`` found. differing: what ``settings.differences`` found.

    Raises:
        ArtefactError: a file of a study is absent or damaged.
    """
    cells = matched(a, b)
    facts = _facts(a, b, cells, found, differing)
    explained = [{m: side.explained[m] for m in facts["methods"]} for side in (a, b)]
    sources = [Source(side.study, "", cells, cells) for side, cells in zip((a, b), explained, strict=True)]
    most = max((len(each.order) for each in cells), default=0)
    made = _blocks(facts, sources, (a, b), cells, most)
    while made.size > limit and most > 1:
        most = max(1, int(most * min(0.95, 0.98 * limit / made.size)))
        made = _blocks(facts, sources, (a, b), cells, most)
    return made


def _blocks(facts: dict, sources: list[Source], sides: tuple, cells: list[Matched], most: int) -> Content:
    pairs = Pairs(datasets=[each["name"] for each in facts["datasets"]])
    for number, each in enumerate(cells):
        chosen = set(each.order[:most])
        for name, source, side in zip("ab", sources, sides, strict=True):
            pairs.side = "" if name == "a" else "b"
            source.add(pairs, each.attacked, lambda ids, of=chosen: of & set(ids))
            ledger = Path(pairs.cells[-1]["ledger"]).resolve()
            pairs.cells[-1] |= {"side": name, "match": number, "ledger": str(ledger.relative_to(side.root))}
            classes = list(side.study.datasets[each.attacked.cell.dataset].classes)
            pairs.cells[-1] |= {"classes": classes}
    places, data = pack(pairs.columns(facts["methods"]))
    head = facts | {"cells": pairs.cells, "ids": pairs.ids, "words": list(pairs.words), "columns": places}
    return Content(embedded_json(head), embedded(data))


def _facts(
    a: Opened, b: Opened, cells: list[Matched], found: Sequence[Compared], differing: Sequence[Difference]
) -> dict:
    shown = words.shown(found)
    return {
        "format": FORMAT,
        "chunks": [],
        "name": f"{a.called} {b.called}",
        "title": f"{a.called} and {b.called}",
        "statuses": STATUSES,
        "sides": SIDES,
        "parts": PARTS,
        "undefined": UNDEFINED,
        "methods": sorted(a.explained.keys() & b.explained.keys()),
        "datasets": _named(a, b, "datasets", lambda of: {"classes": list(of.classes), "stand_in": of.stand_in}),
        "models": _named(a, b, "models"),
        "attacks": _named(a, b, "attacks"),
        "strategies": coloured(a.study, b.study),
        "comparison": {
            "a": _about(a),
            "b": _about(b),
            "sentences": words.summary(shown),
            "notes": words.notes(shown),
            "numbers": [_number(each) for each in shown],
            "cells": [_cell(each) for each in cells],
            "differences": [asdict(each) for each in differing],
        },
    }


def _about(side: Opened) -> dict:
    return {"name": side.called, "title": side.study.title, "given": side.given, "outdated": side.outdated}


def _named(a: Opened, b: Opened, kind: str, more=lambda of: {}) -> list[dict]:
    """Data sets, models or attacks of either study, with A's titles."""
    both = getattr(b.study, kind) | getattr(a.study, kind)
    order = [*getattr(a.study, kind), *(name for name in both if name not in getattr(a.study, kind))]
    return [{"name": name, "title": both[name].title} | more(both[name]) for name in order]


def _number(each: Compared) -> dict:
    keys = dict(zip(("dataset", "model", "strategy", "train_attack"), each.cell, strict=True))
    rest = {name: value for name, value in asdict(each).items() if name != "cell"}
    for name in ("a", "b", "difference", "low", "high"):
        rest[name] = rounded(rest[name])
    return keys | rest | {"title": words.titled(each)[0], "said": words.figures(each)}


def _cell(each: Matched) -> dict:
    """How many texts of a cell are shared, and on how many the studies differ: of all, also where few are embedded."""
    cell = each.attacked.cell
    keys = {"dataset": cell.dataset, "model": cell.model, "strategy": cell.strategy, "train_attack": cell.train_attack}
    counts = {name: len(getattr(each, name)) for name in ("shared", "fell_a", "fell_b", "only_a", "only_b")}
    return keys | {"seed": cell.seed, "attack": each.attacked.attack} | counts
