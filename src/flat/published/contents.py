"""What the archive of a seed holds: the files that numbers, tables, figures and verdicts are made of, and no model.

The rules that are redrawn (``flat.published.redraw.RULES``) ask for them: rules/inputs/report.smk and guards.smk.
"""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import astuple, dataclass
from pathlib import Path, PurePosixPath

import pyarrow as pa

from flat.analysis import antonyms, importance, replay, validity
from flat.errors import ArtefactError
from flat.files.artefacts import read_json, read_table
from flat.files.columns import COORDINATES
from flat.interpretation import consistency, faithfulness
from flat.published import wordless
from flat.study import paths
from flat.study.cells import AttackedCell, Cell
from flat.study.grid import (
    attacked_cells,
    calibrated_cells,
    checked_cells,
    compared_strategies,
    explained_cells,
    importance_cells,
    replay_cells,
    trained_cells,
)
from flat.study.paths import Paths
from flat.study.schema import Study
from flat.study.settings import last_round, metrics_of

WORDS = {"importance.parquet": importance.SCHEMA, "synonyms.parquet": importance.SYNONYMS_SCHEMA}
OF_CELL = ("strategy", "train_attack", "seed", "attack")  # the order of cells in a consistency file
RUN = "snakemake --cores all --configfile STUDY.yaml --config 'seeds=[{seed}]', then pack before another seed is run"
LEFT_OUT = {
    "texts": "words of ledgers and attributions are tokens; Figure 3, which shows texts, is not redrawn",
    "scores": "the attributions' scores; their consistency and completeness are held",
    "models": "weights; what they answered is held",
    "train texts": "of attacks on train: ids, outcomes and the attack alone",
    "times": "seconds of single examples, logs, benchmarks, records of jobs",
}


@dataclass(frozen=True)
class Merged:
    """A file of all seeds, of which an archive holds the rows of one: its columns and the order of its rows."""

    schema: pa.Schema
    order: tuple[str, ...]


# by the end of a file's name and the folder that it lies in
MERGED = {
    "validity": Merged(validity.SCHEMA, (*COORDINATES, "example_id")),
    "antonyms": Merged(antonyms.SCHEMA, tuple(antonyms.SCHEMA.names[:-1])),
}


def merged(study: Study, path: str) -> Merged | None:
    """How the pieces of a file below a study's results are joined; None of a file that is whole in an archive."""
    parts = PurePosixPath(path).parts
    if parts[-1] == "antonyms.parquet":
        return MERGED["antonyms"]
    if parts[-1] == "consistency.parquet":
        return Merged(consistency.schema(metrics_of(study, "pairs")), OF_CELL)
    if parts[0] == "validity":
        return MERGED[parts[0]]
    return None


@dataclass(frozen=True)
class Piece:
    """A file of an archive: its path below the study's results, and what makes its content of the run's files there.

    ``content`` takes the folder of the study's results; ``more``: what it reads beside the file itself.
    """

    path: str
    content: Callable[[Path], bytes]
    more: tuple[str, ...] = ()


def pieces(study: Study, seed: int) -> list[Piece]:
    """Every file of a seed's archive, sorted by path."""
    place = Paths(".")
    found = [*_data(study, place), *_analysed(study, seed, place)]
    for cell in trained_cells(study):
        for round_ in _rounds(study, cell) if cell.seed == seed else ():
            names = paths.coordinates(cell)
            found += [_copy(place.model(file, round_, **names)) for file in ("metrics.json", "history.csv")]
    for a in attacked_cells(study):
        if a.cell.seed == seed:
            names = paths.coordinates(a.cell)
            found.append(_ledger(study, a, place.test_ledger("ledger.parquet", a.attack, **names)))
            found.append(_copy(place.test_ledger("lock.json", a.attack, **names)))
    for a in calibrated_cells(study):
        if a.cell.seed == seed:
            names = paths.coordinates(a.cell)
            found.append(_ledger(study, a, place.calibrated("ledger.parquet", a.attack, **names)))
            found += [_copy(place.calibrated(file, a.attack, **names)) for file in ("lock.json", "calibration.json")]
    for cell in {cell for group in compared_strategies(study) for cell in group if cell.seed == seed}:
        for round_ in range(1, last_round(study, cell) + 1):
            names = paths.coordinates(paths.attacked_in_round(study, cell, round_))
            found.append(_made(place.train_ledger("ledger.parquet", round_, **names), wordless.outcome_bytes))
            found.append(_copy(place.train_ledger("lock.json", round_, **names)))
    return [piece for _, piece in sorted({piece.path: piece for piece in found}.items())]


def _made(path: str, make: Callable[..., bytes], more: Sequence[str] = (), **keywords) -> Piece:
    """A file that ``make`` makes of the one at its path, and of ``more``."""
    path, more = str(PurePosixPath(path)), tuple(str(PurePosixPath(file)) for file in more)
    return Piece(path, lambda root: make(root / path, *(root / file for file in more), **keywords), more)


def _copy(path: str) -> Piece:
    return _made(path, Path.read_bytes)


def _rounds(study: Study, cell: Cell) -> range:
    """The rounds of a cell that have a checkpoint: round 0 is the base model's, unless the cell starts by itself."""
    strategy = study.strategies[cell.strategy]
    first = 0 if not strategy.adversarial or strategy.start == "own" else 1
    return range(first, last_round(study, cell) + 1)


def _data(study: Study, place: Paths) -> Iterable[Piece]:
    attacked = {a.cell.dataset for a in attacked_cells(study)}
    for name in study.datasets:
        yield _made(place.data(name, "vocabulary.json"), lambda _: as_json(wordless.VOCABULARY))
        yield _made(place.data(name, "summary.json"), lambda path: as_json(read_json(path) | {"warnings": []}))
        if name in attacked:
            yield _copy(place.data(name, "examples.json"))
            dev, test = place.split(name, "dev"), place.split(name, "test")
            yield _made(dev, lambda dev: wordless.split_texts([dev])[0])
            yield _made(test, lambda test, dev: wordless.split_texts([dev, test])[1], [dev])


def _ledger(study: Study, a: AttackedCell, path: str) -> Piece:
    looks_up = study.models[a.cell.model].looks_up
    vocabulary = [Paths(".").data(a.cell.dataset, "vocabulary.json")] if looks_up else []
    return _made(path, wordless.ledger_bytes, vocabulary)


def _analysed(study: Study, seed: int, place: Paths) -> Iterable[Piece]:
    """Explanations, importance, transfer, validity."""
    expected: dict[str, list[tuple]] = {}
    for method in study.interpretation.methods:
        for a in explained_cells(study, method):
            if a.cell.seed == seed:
                cell = (a.cell.strategy, a.cell.train_attack, seed, a.attack)
                expected.setdefault(place.consistency(method, a.cell.dataset, a.cell.model), []).append(cell)
                if metrics_of(study, "explanations"):
                    file = place.faithfulness(method, a.attack, **paths.coordinates(a.cell))
                    yield _made(file, wordless.same_bytes, schema=faithfulness.SCHEMA)
                if method == "ig":
                    file = place.attributions(method, a.attack, **paths.coordinates(a.cell))
                    yield _made(file, wordless.sums_bytes)
    schema = consistency.schema(metrics_of(study, "pairs"))
    for path, cells in expected.items():
        yield _made(path, _rows, seed=seed, schema=schema, names=OF_CELL, cells=cells)
    for cell in importance_cells(study):
        if cell.seed == seed:
            for file, schema in WORDS.items():
                yield _made(place.importance(file, **paths.coordinates(cell)), wordless.same_bytes, schema=schema)
    for a in replay_cells(study):
        if a.cell.seed == seed:
            file = place.replay(a.attack, **paths.coordinates(a.cell))
            yield _made(file, wordless.same_bytes, schema=replay.SCHEMA)
    checked = [a for a in checked_cells(study) if a.cell.seed == seed]
    for name in study.artefacts.main.datasets:
        cells = [(*astuple(a.cell)[:-1], a.attack, seed) for a in checked if a.cell.dataset == name]
        path = place.validity(f"{name}.parquet")
        yield _made(path, _rows, seed=seed, schema=validity.SCHEMA, names=COORDINATES, cells=cells)
    yield _made(place.validity("antonyms.parquet"), _rows, seed=seed, schema=antonyms.SCHEMA)


def _rows(path: Path, *, seed: int, schema: pa.Schema, names: Sequence[str] = (), cells: Iterable[tuple] = ()) -> bytes:
    """The rows of one seed of a file of all seeds; each of ``cells`` (values of columns ``names``) must have some.

    Raises:
        ArtefactError: names a cell that has none.
    """
    frame = read_table(path, schema.names)
    frame = frame[frame["seed"] == seed]
    there = set(frame[list(names)].itertuples(index=False, name=None)) if names else set()
    absent = sorted(set(cells) - there)
    if absent:
        problem = f"no rows of {'/'.join(map(str, absent[0]))} (one of {len(absent)} cells of seed {seed})"
        raise ArtefactError(str(path), problem, RUN.format(seed=seed))
    return wordless.parquet(wordless.opposed(frame) if schema is antonyms.SCHEMA else frame, schema)


def as_json(value: object) -> bytes:
    """Canonical JSON, as ``flat.files.artefacts.write_json`` writes it."""
    return (json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False) + "\n").encode()
