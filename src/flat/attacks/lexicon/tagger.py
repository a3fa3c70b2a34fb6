"""Part-of-speech tags for the attacks: NLTK's averaged perceptron without NLTK.

Reads the three JSON files of ``averaged_perceptron_tagger_eng`` and answers exactly what ``nltk.pos_tag`` answers (a
test compares them), some three times faster and without the import. Algorithm: Honnibal 2013.
"""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from flat.errors import ResourceError
from flat.files.failures import of_reading

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
        self._classes = np.array([self._universal.get(tag, "X") for tag in self.tags])
        self._nothing = np.zeros(len(self.tags))
        self._about: dict[str, tuple[np.ndarray, ...]] = {}  # word -> rows of the features that it alone decides

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

    def universal_in_context(self, before: Sequence[str], words: Sequence[str], after: Sequence[str]) -> list[str]:
        """The universal tag of each of ``words`` between ``before`` and ``after``, as ``universal_tags`` answers for
        ``[*before, word, *after]``; of a word that is in ``before`` too, the tag there (TextAttack's reading).

        Only what a word can change is tagged anew: itself and the two words before it, for all ``words`` at once.
        """
        words = list(words)
        tags = self._tags_in_context(list(before), words, list(after)) if words else np.empty(0, dtype=int)
        found = self._classes[tags].tolist()
        for n, word in enumerate(words):
            if word in before:
                found[n] = self.universal_tags([*before, word, *after])[list(before).index(word)]
            elif word in self.certain:
                found[n] = self._universal.get(self.certain[word], "X")
        return found

    def _tags_in_context(self, before: list[str], words: list[str], after: list[str]) -> np.ndarray:
        """(words,) positions in ``tags``; sums in NLTK's order of features, for the same rounding."""
        start, count = max(len(before) - 2, 0), len(words)
        context = START + [normalise(word) for word in before] + [""] + [normalise(word) for word in after] + END
        near = [START[1], START[0]]  # the tags of the two words before, the nearer last; fixed so far
        for i in range(start):
            tag = self.certain.get(before[i]) or self._best(features(i + 2, before[i], context, near[1], near[0]))
            near = [near[1], tag]
        about = [self._about[word] if word in self._about else self._words_rows(word) for word in words]
        suffix, prefix, own, next_word, next_suffix, second_word = (np.array(rows) for rows in zip(*about, strict=True))
        # each path: tags of the two words before -> the words with them
        paths = {tuple(near): np.arange(count)}
        for i in range(start, len(before)):
            last, going = i == len(before) - 1, {}
            for (tag2, tag1), members in paths.items():
                if before[i] in self.certain:
                    going.setdefault((tag1, self.certain[before[i]]), []).append(members)
                    continue
                listed = features(i + 2, before[i], context, tag1, tag2)
                if last:
                    total = self._sum(listed[:11]) + next_word[members] + next_suffix[members] + self._sum(listed[13:])
                else:
                    total = self._sum(listed[:13]) + second_word[members]
                best = total.argmax(1)
                for tag in np.unique(best):
                    going.setdefault((tag1, self.tags[tag]), []).append(members[best == tag])
            paths = {tags: np.concatenate(parts) for tags, parts in going.items()}
        found = np.empty(count, dtype=int)
        for (tag2, tag1), members in paths.items():
            listed = features(len(before) + 2, "", context, tag1, tag2)
            joint = np.array([self._feature(f"{listed[7]}{normalise(words[n])}") for n in members])
            total = self._feature(listed[0]) + suffix[members] + prefix[members]
            for feature in listed[3:6]:
                total += self._feature(feature)
            total += own[members]
            total += joint
            for feature in listed[8:]:
                total += self._feature(feature)
            found[members] = total.argmax(1)
        return found

    def _words_rows(self, word: str) -> tuple[np.ndarray, ...]:
        """Rows of the features that a word decides: of its own tag, of the word before it, of the one before that."""
        if len(self._about) > 10_000:
            self._about.clear()
        seen = normalise(word)
        named = (f"i suffix {word[-3:]}", f"i pref1 {word[:1]}", f"i word {seen}")
        named += (f"i+1 word {seen}", f"i+1 suffix {seen[-3:]}", f"i+2 word {seen}")
        self._about[word] = tuple(self._feature(feature) for feature in named)
        return self._about[word]

    def _feature(self, feature: str) -> np.ndarray:
        if feature not in self._weights:
            return self._nothing
        return self._rows[feature] if feature in self._rows else self._row(feature)

    def _sum(self, present: list[str]) -> np.ndarray:
        total = np.zeros(len(self.tags))
        for feature in present:  # in NLTK's order: the same rounding
            if feature in self._weights:
                total += self._rows[feature] if feature in self._rows else self._row(feature)
        return total

    def _best(self, present: list[str]) -> str:
        return self.tags[int(self._sum(present).argmax())]

    def _row(self, feature: str) -> np.ndarray:
        values = [0.0] * len(self.tags)
        for tag, weight in self._weights[feature].items():
            values[self._position[tag]] = weight
        row = np.array(values)
        if len(self._rows) >= ROWS:
            self._rows.clear()
        self._rows[feature] = row
        return row


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise of_reading(error, path, ResourceError) or ResourceError(
            str(path), f"cannot be read ({error})", "fetch the tagger again: make setup"
        ) from None


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
