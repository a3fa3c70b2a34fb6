"""The words a CNN or LSTM knows (paper, Table 6): those of the cleaned train texts, lower-cased.

The vocabulary is never extended: a substitute that no train text holds is the unknown word.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from flat.errors import ArtefactError
from flat.files.artefacts import read_json, write_json

PAD, UNKNOWN = "<pad>", "<unk>"


def build(texts: Iterable[Sequence[str]], min_count: int = 0, lower: bool = True) -> tuple[list[str], list[int]]:
    """Words and their counts: padding (0) and unknown (1) first, then by descending count, then by the alphabet.

    Args:
        texts: word lists.
        min_count: words seen less often are left out; they are counted for nothing.
    """
    counts = Counter(word.lower() if lower else word for words in texts for word in words)
    for special in (PAD, UNKNOWN):
        counts.pop(special, None)
    kept = sorted((w for w, n in counts.items() if n >= min_count), key=lambda w: (-counts[w], w))
    return [PAD, UNKNOWN, *kept], [0, 0, *(counts[word] for word in kept)]


def unknown_share(texts: Iterable[Sequence[str]], known: set[str]) -> float:
    """The share of word occurrences that are the unknown word to a model with the words ``known``."""
    total = missed = 0
    for words in texts:
        total += len(words)
        missed += sum(word.lower() not in known for word in words)
    return missed / max(1, total)


def save(path: str | Path, words: Sequence[str], counts: Sequence[int]) -> None:
    write_json(path, {"words": list(words), "counts": list(counts)})


def load(path: str | Path) -> tuple[list[str], list[int]]:
    """Words and counts as ``save`` wrote them.

    Raises:
        ArtefactError: the file is absent or is no vocabulary.
    """
    value = read_json(path)
    words, counts = (value.get("words"), value.get("counts")) if isinstance(value, dict) else (None, None)
    if not words or not counts or words[:2] != [PAD, UNKNOWN] or len(words) != len(counts):
        raise ArtefactError(
            str(path),
            "no vocabulary: words and counts of one length, <pad> and <unk> first",
            "delete the file and run snakemake again",
        )
    return words, counts
