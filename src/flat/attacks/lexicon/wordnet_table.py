"""The WordNet synonyms of every word of a data set, looked up once.

WordNet's first touch costs some 5 CPU-seconds a process; PWWS would pay it in each job. A rule writes this table once
per data set; ``Synonyms`` reads it and asks WordNet itself only for words that the table lacks.
"""

import os
import warnings
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from flat.attacks.textattack_adapter.environment import textattack
from flat.attacks.textattack_adapter.words import attack_vocabulary
from flat.errors import ResourceError
from flat.files.artefacts import read_json, write_json


class WordNet:
    """TextAttack's WordSwapWordNet look-up on a WordNet folder: ``<folder>/corpora/wordnet`` as NLTK reads it."""

    def __init__(self, folder: str | Path):
        self.folder = Path(folder)

    @property
    def reader(self):
        """NLTK's own reader of this folder; after a fork it opens its files anew.

        Those that a parent opened share their place with it and with its other children.
        """
        reader = read_wordnet(self.folder)
        _admit(self.folder)
        if reader.opened_by != os.getpid():
            reader.opened_by = os.getpid()
            reader._data_file_map = {}
            reader._key_count_file = reader._key_synset_file = None
        return reader

    def synonyms(self, word: str) -> list[str]:
        """Lemmas that share a synset with ``word``, phrases left out, commonest sense first."""
        found = {}  # ordered and without duplicates
        for synset in self.reader.synsets(word):
            for lemma in synset.lemma_names():
                if lemma != word and "_" not in lemma and textattack.shared.utils.is_one_word(lemma):
                    found[lemma] = None
        return list(found)


def _admit(folder: Path) -> None:
    """NLTK reads nothing outside its roots."""
    from nltk.data import path as roots  # for cost

    if str(folder) not in roots:
        roots.insert(0, str(folder))


@cache
def read_wordnet(folder: Path):
    """NLTK's reader of a WordNet folder, once a process: its indices take more than three CPU-seconds to read.

    Raises:
        ResourceError: the folder holds no WordNet, or files that another user owns or may write to.
    """
    from nltk.corpus.reader.wordnet import WordNetCorpusReader  # for cost

    corpus = folder / "corpora" / "wordnet"
    if not corpus.is_dir():
        raise ResourceError(str(corpus), "no such folder", "make setup fetches WordNet")
    _admit(folder)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # "multilingual functions are not available": nobody wants them
            reader = WordNetCorpusReader(str(corpus), None)
    except PermissionError as error:
        raise ResourceError(
            str(corpus),
            f"cannot be read ({error})",
            f"chmod -R go-w {folder}; of files that another user owns fetch a copy of your own: "
            "FLAT_RESOURCES=my-folder python -m flat.resources fetch",
        ) from None
    reader.opened_by = os.getpid()
    return reader


class Synonyms:
    """Synonyms from a table, from WordNet where the table lacks the word.

    Args:
        wordnet: the WordNet that the table was built from.
        table: a file written by ``write``, or None to ask WordNet every time.
    """

    def __init__(self, wordnet: WordNet, table: str | Path | None = None):
        self.wordnet = wordnet
        self._known: dict[str, list[str]] = read_json(table) if table is not None else {}

    def of(self, word: str) -> list[str]:
        if word not in self._known:
            self._known[word] = self.wordnet.synonyms(word)
        return self._known[word]


def build(words: Iterable[str], wordnet_folder: str | Path) -> dict[str, list[str]]:
    """The synonyms of each word, exactly as TextAttack's WordSwapWordNet gives them (as a list instead of a set).

    ``words`` may be our tokens or TextAttack's words: each is split as TextAttack splits it.
    """
    wordnet = WordNet(wordnet_folder)
    return {word: wordnet.synonyms(word) for word in attack_vocabulary(words)}


def write(path: str | Path, table: dict[str, list[str]]) -> None:
    write_json(path, table)
