"""WordNet's database files, read directly: which words are synonyms, which antonyms, in which of their senses.

The format is described in WordNet's manual pages wndb(5WN) and senseidx(5WN). Reading the four data files ourselves
takes two seconds and gives what NLTK hides behind objects: the rank of a sense among all senses of a word.
"""

import re
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

from flat.errors import ResourceError
from flat.files.failures import of_reading

FILES = {"n": "data.noun", "v": "data.verb", "a": "data.adj", "r": "data.adv"}
SINGLE_WORD = re.compile(r"[a-z]+(?:[-'][a-z]+)*")
MARKER = re.compile(r"\((?:p|a|ip)\)$")  # "galore(ip)": where an adjective may stand
SENSE_KEY_POS = {"1": "n", "2": "v", "3": "a", "4": "r", "5": "a"}

Sense = tuple[str, int]
"""Part of speech (n, v, a, r; satellites are a) and the offset of the synset in its file."""


@dataclass(frozen=True)
class Synset:
    """One sense: its words in WordNet's order, and its pointers as (symbol, sense, own word number, other's)."""

    lemmas: tuple[str, ...]
    pointers: tuple[tuple[str, Sense, int, int], ...]


@dataclass
class WordNet:
    """Synsets by sense, and how much of a word's use each of its senses is.

    ``share[(word, sense)]`` is the sense's tag count plus 1 / its rank, over all senses of the word of any part of
    speech: most words were never tagged, and their senses are ordered by the lexicographers.
    """

    synsets: dict[Sense, Synset] = field(default_factory=dict)
    share: dict[tuple[str, Sense], float] = field(default_factory=dict)

    def words(self) -> dict[str, set[str]]:
        """Lower-case single words -> their parts of speech. Names ("Paris") are lower-cased."""
        found: dict[str, set[str]] = defaultdict(set)
        for (pos, _), synset in self.synsets.items():
            for lemma in synset.lemmas:
                if SINGLE_WORD.fullmatch(lemma.lower()):
                    found[lemma.lower()].add(pos)
        return found

    def names(self) -> set[str]:
        """Words that WordNet knows only with a capital, lower-cased."""
        plain = {lemma for synset in self.synsets.values() for lemma in synset.lemmas if lemma == lemma.lower()}
        return {w.lower() for s in self.synsets.values() for w in s.lemmas if w != w.lower()} - plain


def read(folder: str | Path) -> WordNet:
    """Read ``data.*`` and ``index.sense`` of WordNet 3.0 in ``folder`` (or its ``corpora/wordnet``).

    Raises:
        ResourceError: a file is absent or its first synset is not where its offset says.
    """
    folder = Path(folder)
    folder = folder / "corpora" / "wordnet" if (folder / "corpora" / "wordnet").is_dir() else folder
    net = WordNet()
    try:
        for pos, name in FILES.items():
            for line in (folder / name).read_text(encoding="latin-1").splitlines():
                if not line.startswith("  "):  # the licence at the top
                    offset, synset = _parse(line)
                    net.synsets[pos, offset] = synset
        _read_shares(net, folder / "index.sense")
    except (OSError, ValueError, IndexError) as error:
        raise of_reading(error, folder, ResourceError) or ResourceError(
            str(folder), f"not WordNet's database files ({error})", "make setup"
        ) from None
    return net


def _parse(line: str) -> tuple[int, Synset]:
    cells = line.split(" | ")[0].split()
    count = int(cells[3], 16)
    lemmas = tuple(MARKER.sub("", cells[4 + 2 * i]) for i in range(count))
    at = 4 + 2 * count
    pointers = []
    for i in range(int(cells[at])):
        symbol, offset, pos, ends = cells[at + 1 + 4 * i : at + 5 + 4 * i]
        target = ("a" if pos == "s" else pos, int(offset))
        pointers.append((symbol, target, int(ends[:2], 16), int(ends[2:], 16)))
    return int(cells[0]), Synset(lemmas, tuple(pointers))


def _read_shares(net: WordNet, path: Path) -> None:
    weights: dict[str, dict[Sense, float]] = defaultdict(dict)
    for line in path.read_text(encoding="latin-1").splitlines():
        key, offset, rank, tagged = line.split()
        lemma, rest = key.split("%")
        weights[lemma][SENSE_KEY_POS[rest[0]], int(offset)] = int(tagged) + 1 / int(rank)
    for lemma, senses in weights.items():
        total = sum(senses.values())
        for sense, weight in senses.items():
            net.share[lemma, sense] = weight / total


def synonym_pairs(net: WordNet, minimum_share: float) -> set[tuple[str, str, str]]:
    """(word, word, part of speech), words in alphabetical order, of every synset that both words often mean.

    ``minimum_share``: the least share of each word's use that the common sense must be. Without it "be" would be a
    synonym of "live", and "good" of "full".
    """
    pairs = set()
    for sense, synset in net.synsets.items():
        common = [w for w in _single(synset) if net.share.get((w, sense), 0) >= minimum_share]
        pairs.update((*sorted((a, b)), sense[0]) for i, a in enumerate(common) for b in common[:i])
    return pairs


def antonym_pairs(net: WordNet, minimum_share: float) -> set[tuple[str, str, str]]:
    """(word, word, part of speech) of opposites, words in alphabetical order.

    Direct antonyms as WordNet lists them. In clusters of adjectives also a satellite of one head ("superb") against the
    other head and its satellites. Each word is in a sense that is ``minimum_share`` of its use.
    """
    pairs = set()
    for sense, synset in net.synsets.items():
        for symbol, target, own, other in synset.pointers:
            if symbol != "!":
                continue
            a, b = synset.lemmas[own - 1], net.synsets[target].lemmas[other - 1]
            if SINGLE_WORD.fullmatch(a) and SINGLE_WORD.fullmatch(b):
                pairs.add((*sorted((a, b)), sense[0]))
            if sense[0] == "a":
                left, right = _cluster(net, sense, minimum_share), _cluster(net, target, minimum_share)
                pairs.update((*sorted((x, y)), "a") for x in left for y in right if x != y)
    return pairs


def _cluster(net: WordNet, head: Sense, minimum_share: float) -> set[str]:
    """Words of a head adjective and of its satellites, where that is a usual sense of the word."""
    members = [head] + [target for symbol, target, _, _ in net.synsets[head].pointers if symbol == "&"]
    return {w for s in members for w in _single(net.synsets[s]) if net.share.get((w, s), 0) >= minimum_share}


def _single(synset: Synset) -> list[str]:
    return [lemma for lemma in synset.lemmas if SINGLE_WORD.fullmatch(lemma)]
