"""What the study knows of single words: how often train texts hold them, and the importance (phi) that masks learned.

Of the words alone that attacks replaced, or put in, where they succeeded.
"""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from flat.attacks.ledger import SUCCEEDED
from flat.data import vocabulary
from flat.errors import ArtefactError
from flat.files.artefacts import read_table
from flat.report.explorer.numbers import rounded
from flat.study import paths
from flat.study.grid import attacked_cells, importance_cells


def lexicon(study, root: str = ".") -> dict:
    """``words``, sorted; ``frequency``: by data set the count of each in its train texts; ``phi``: of each model whose
    importance the study measures, its coordinates and phi of each word (``values``). None: not in the vocabulary.

    Raises:
        ArtefactError: a file is absent or damaged.
    """
    place, here = paths.of(study), Path(root)
    words = _swapped(study, here)
    used = {attacked.cell.dataset for attacked in attacked_cells(study)}
    frequency = {}
    for name in study.datasets:
        if name in used:
            counts = dict(zip(*vocabulary.load(here / place.data(name, "vocabulary.json")), strict=True))
            frequency[name] = _looked_up(words, counts, int)
    return {"words": words, "frequency": frequency, "phi": [_phi(place, here, each, words) for each in _cells(study)]}


def _cells(study) -> list:
    """In the order that the study names strategies in; each once."""
    rank = list(study.strategies).index
    return sorted(set(importance_cells(study)), key=lambda cell: rank(cell.strategy))


def _phi(place: paths.Paths, here: Path, cell, words: list[str]) -> dict:
    keys = paths.coordinates(cell)
    file = here / place.importance("importance.parquet", **keys)
    frame = read_table(file, ["word", "phi"])
    if frame["phi"].isna().any():
        raise ArtefactError(str(file), "words without phi", "delete the file and run snakemake again")
    values = _looked_up(words, dict(zip(frame["word"], frame["phi"], strict=True)), rounded)
    return keys | {"seed": cell.seed, "values": values}


def _looked_up(words: Iterable[str], known: Mapping[str, float], number: Callable[[float], float]) -> list:
    """Each word as it stands, else lower-cased, as the models look words up."""
    found = (known.get(word, known.get(word.lower())) for word in words)
    return [None if value is None else number(value) for value in found]


def _swapped(study, here: Path) -> list[str]:
    """Every word that an attack replaced, or put in, in an adversarial text that succeeded; sorted."""
    found: set[str] = set()
    for attacked in attacked_cells(study):
        ledger = read_table(here / paths.test_ledger(study, attacked), ["status", "swaps"])
        for swaps in ledger.loc[ledger["status"].eq(SUCCEEDED), "swaps"]:
            for swap in swaps:
                found.update((swap["from"], swap["to"]))
    return sorted(found - {""})
