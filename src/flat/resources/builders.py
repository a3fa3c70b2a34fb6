"""Steps that turn fetched files into the layout a library expects.

Each builder gets the folder that holds the extracted members, changes it in place, and imports no foreign code.
"""

import json
import pickle
from pathlib import Path
from typing import ClassVar

from flat.errors import ResourceError
from flat.resources.deberta import build_deberta

# Petrov, Das & McDonald (2012), "A universal part-of-speech tagset": their map of the Penn Treebank's tags
PENN_TO_UNIVERSAL = {
    "ADJ": "JJ JJR JJS",
    "ADP": "IN",
    "ADV": "RB RBR RBS WRB",
    "CONJ": "CC",
    "DET": "DT EX PDT WDT",
    "NOUN": "NN NNP NNPS NNS",
    "NUM": "CD",
    "PRON": "PRP PRP$ WP WP$",
    "PRT": "POS RP TO",
    "VERB": "MD VB VBD VBG VBN VBP VBZ",
    "X": "FW LS SYM UH",
    ".": "# $ '' ( ) , -LRB- -RRB- . : ``",
}


def build_wordnet(folder: Path) -> None:
    """``corpora/wordnet`` for NLTK from a WordNet 3.0 whose noun file was cut in two.

    The byte offsets inside the index only fit when the halves are joined by the one newline that was lost. NLTK
    insists on the lists of irregular forms and sense counts; the package has none, so they stay empty: WordNet then
    does not lead "mice" to "mouse".
    """
    corpus = folder / "corpora" / "wordnet"
    halves = [corpus / "data.noun1", corpus / "data.noun2"]
    (corpus / "data.noun").write_bytes(b"\n".join(half.read_bytes() for half in halves))
    for half in halves:
        half.unlink()
    for name in ("adj.exc", "adv.exc", "noun.exc", "verb.exc", "cntlist.rev"):
        (corpus / name).touch()


def build_tagger(folder: Path) -> None:
    """NLTK's averaged perceptron tagger (three json files) and its tag map from one pickle of plain containers."""
    source = folder / "trontagger.pickle"
    with source.open("rb") as stream:
        weights, word_tags, classes = PlainUnpickler(stream, encoding="latin-1").load()
    source.unlink()
    target = folder / "taggers" / "averaged_perceptron_tagger_eng"
    target.mkdir(parents=True)
    for part, value in {"weights": weights, "tagdict": word_tags, "classes": sorted(classes)}.items():
        text = json.dumps(value, ensure_ascii=True, sort_keys=True)
        (target / f"averaged_perceptron_tagger_eng.{part}.json").write_text(text, encoding="utf-8")
    lines = [f"{fine}\t{coarse}\n" for coarse, tags in PENN_TO_UNIVERSAL.items() for fine in tags.split()]
    tag_map = folder / "taggers" / "universal_tagset" / "en-ptb.map"
    tag_map.parent.mkdir()
    tag_map.write_text("".join(sorted(lines)), encoding="utf-8")


def build_stopwords(folder: Path) -> None:
    """``corpora/stopwords/english`` from scikit-learn's list, standing for NLTK's."""
    from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS  # for cost

    target = folder / "corpora" / "stopwords" / "english"
    target.parent.mkdir(parents=True)
    target.write_text("".join(f"{word}\n" for word in sorted(ENGLISH_STOP_WORDS)), encoding="utf-8")


class PlainUnpickler(pickle.Unpickler):
    """Reads containers, numbers and strings; refuses every class or function, so nothing foreign can run."""

    ALLOWED: ClassVar[set[tuple[str, str]]] = {("__builtin__", "set"), ("builtins", "set")}

    def find_class(self, module: str, name: str) -> type:
        if (module, name) in self.ALLOWED:
            return set
        raise ResourceError(
            "pickle of a resource", f"it wants to load {module}.{name}", "do not use this file; report the resource"
        )


BUILDERS = {
    "wordnet": build_wordnet,
    "tagger": build_tagger,
    "stopwords": build_stopwords,
    "deberta": build_deberta,
}
