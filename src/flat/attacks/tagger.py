"""Part-of-speech tags for the attacks: NLTK's averaged perceptron without NLTK.

Reads the three JSON files of ``averaged_perceptron_tagger_eng`` and answers exactly what ``nltk.pos_tag`` answers (a
test compares them), some three times faster and without the import. Algorithm: Honnibal 2013.
"""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from flat.errors import ResourceError

NAME = "averaged_perceptron_tagger_eng"
START, END = ["-START-", "-START2-"], ["-END-", "-END2-"]
ROWS = 20_000  # features whose weights are kept as arrays: 8 MB


class PerceptronTagger:
    """Tags a list of words with Penn Treebank tags, or their universal classes (Petrov, Das and McDonald 2012).

    Args:
        folder: laid out as NLTK's data, with ``taggers/averaged_perceptron_tagger_eng/*.json`` and
            ``taggers/universal_tagset/en-ptb.map``.

    Raises:
        ResourceError: a file is absent or unreadable.
    """

    def __init__(self, folder: str | Path):
        weights, self.certain, classes = (
            json.loads(_read(Path(folder) / f"taggers/{NAME}/{NAME}.{part}.json"))
            for part in ("weights", "tagdict", "classes")
        )
        lines = _read(Path(folder) / "taggers/universal_tagset/en-ptb.map").splitlines()
        self._universal = dict(line.split("\t") for line in lines if line.strip())
        self._weights: dict[str, dict[str, float]] = weights
        # among equal scores NLTK takes the alphabetically last tag: descending order makes that argmax's first
        self.tags = sorted(classes, reverse=True)
        self._position = {tag: i for i, tag in enumerate(self.tags)}
        self._rows: dict[str, np.ndarray] = {}  # feature -> its weight for each tag, made on first use

    def tag(self, words: Sequence[str]) -> list[str]:
        """The Penn Treebank tag of each word."""
        context = START + [normalise(word) for word in words] + END
        before, before2 = START
        tags = []
        for i, word in enumerate(words):
            tag = self.certain.get(word) or self._best(features(i + 2, word, context, before, before2))
            tags.append(tag)
            before, before2 = tag, before
        return tags

    def universal_tags(self, words: Sequence[str]) -> list[str]:
        """The universal tag (NOUN, VERB, ADJ ...) of each word; X where the map has none, as NLTK answers."""
        return [self._universal.get(tag, "X") for tag in self.tag(words)]

    def _best(self, present: list[str]) -> str:
        total = np.zeros(len(self.tags))
        for feature in present:  # in NLTK's order: the same rounding
            if feature in self._weights:
                total += self._rows[feature] if feature in self._rows else self._row(feature)
        return self.tags[int(total.argmax())]

    def _row(self, feature: str) -> np.ndarray:
        row = np.zeros(len(self.tags))
        for tag, weight in self._weights[feature].items():
            row[self._position[tag]] = weight
        if len(self._rows) >= ROWS:
            self._rows.clear()
        self._rows[feature] = row
        return row


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise ResourceError(str(path), f"cannot be read ({error})", "fetch the tagger again: make setup") from None


def normalise(word: str) -> str:
    """What the tagger sees of a word: lower case, with hyphenated words, years and numbers each as one class."""
    if "-" in word and word[0] != "-":
        return "!HYPHEN"
    if word.isdigit() and len(word) == 4:
        return "!YEAR"
    if word and word[0].isdigit():
        return "!DIGITS"
    return word.lower()


def features(i: int, word: str, context: list[str], before: str, before2: str) -> list[str]:
    """The tagger's features of ``context[i]``; ``before`` and ``before2`` are the tags of the two words before it."""
    return [
        "bias",
        f"i suffix {word[-3:]}",
        f"i pref1 {word[:1]}",
        f"i-1 tag {before}",
        f"i-2 tag {before2}",
        f"i tag+i-2 tag {before} {before2}",
        f"i word {context[i]}",
        f"i-1 tag+i word {before} {context[i]}",
        f"i-1 word {context[i - 1]}",
        f"i-1 suffix {context[i - 1][-3:]}",
        f"i-2 word {context[i - 2]}",
        f"i+1 word {context[i + 1]}",
        f"i+1 suffix {context[i + 1][-3:]}",
        f"i+2 word {context[i + 2]}",
    ]
