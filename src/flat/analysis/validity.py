"""How valid adversarial texts are: how much changed, how alike sentences and words still are, grammar errors made.

Morris et al. 2020 (Reevaluating adversarial examples): many successes of attacks at their own thresholds do not keep
the meaning. Everything is measured on the stored ledgers, on each text whether the attack's own constraint looked at it
or let it pass. ``flat.analysis.validity`` counts after-attack accuracy again at stricter thresholds.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Protocol

import numpy as np
import pyarrow as pa

from flat.analysis.measurements import Metric, mean, percent
from flat.attacks.ledger import count
from flat.files.columns import COORDINATES, FIELDS
from flat.study.guards import Validity

SCHEMA = pa.schema(
    [
        *FIELDS,
        ("example_id", pa.string()),
        ("status", pa.string()),  # succeeded | failed | skipped; the columns below are of succeeded attacks alone
        ("words", pa.int64()),  # of the original
        ("changed", pa.int64()),  # replaced, inserted and dropped ones
        ("sentence_similarity", pa.float64()),  # cosine of the two whole texts; NaN without an encoder
        ("least_word_cosine", pa.float64()),  # of the replacements that the space can judge; NaN if there is none
        ("unjudged", pa.int64()),  # changes that the space cannot judge: an unknown word, an insertion, a deletion
        ("similarity_unchecked", pa.bool_()),  # the attack's own sentence constraint let the text pass
        ("introduced_errors", pa.float64()),  # grammar errors of the text minus those of its original; NaN: not counted
        ("grammar_checker", pa.string()),  # what counted them, with its version; "": nothing did
        ("words_judged", pa.bool_()),  # a synonym space was at hand
        ("sentences_judged", pa.bool_()),  # a sentence encoder was
    ]
)
LEDGER_COLUMNS = ["example_id", "status", "original", "perturbed", "original_words", "swaps", "similarity_unchecked"]
UNDEFINED = ("least_word_cosine", "sentence_similarity", "introduced_errors")  # of attacks that did not succeed
BATCH = 64  # texts encoded at once

Encoder = Callable[[Sequence[str]], np.ndarray]


class Grammar(Protocol):
    """A grammar checker (``flat.analysis.grammar``)."""

    name: str

    def errors(self, texts: Iterable[str]) -> dict[str, int]: ...


class Space(Protocol):
    """A synonym space (``flat.attacks.lexicon.synonyms``): ``cosine`` of words far apart is below every threshold."""

    index: Mapping[str, int]

    def cosine(self, a: str, b: str) -> float: ...


def measure(
    ledgers: Sequence[tuple[Mapping, object]], space: Space | None, encode: Encoder | None, grammar: Grammar | None
):
    """The frame (SCHEMA) of ledgers of one data set: a row an attacked example, sorted.

    Args:
        ledgers: (coordinates, ledger with LEDGER_COLUMNS).
        space: None where the study names none: no word is judged.
        encode: n texts -> (n, dim); None: no similarity of sentences.
        grammar: None where there is none: no error is counted.
    """
    import pandas as pd  # for cost

    pairs = {
        (row.original, row.perturbed)
        for _, ledger in ledgers
        for row in ledger[ledger["status"] == "succeeded"].itertuples()
    }
    similarity = similarities(pairs, encode) if encode is not None else {}
    introduced = introduced_errors(pairs, grammar) if grammar is not None else {}
    judges = {
        "grammar_checker": grammar.name if grammar is not None else "",
        "words_judged": space is not None,
        "sentences_judged": encode is not None,
    }
    rows = []
    for coordinates, ledger in ledgers:
        about = {name: coordinates[name] for name in COORDINATES} | {"seed": int(coordinates["seed"])}
        for row in ledger.itertuples():
            known = about | {"example_id": row.example_id, "status": row.status, "words": len(row.original_words)}
            known |= {"similarity_unchecked": bool(row.similarity_unchecked)} | judges
            if row.status == "succeeded":
                least, unjudged = judge_words(row.swaps, space)
                texts = (row.original, row.perturbed)
                known |= {"changed": len(row.swaps), "least_word_cosine": least, "unjudged": unjudged}
                known["sentence_similarity"] = similarity.get(texts, float("nan"))
                known["introduced_errors"] = introduced.get(texts, float("nan"))
            else:
                known |= {"changed": 0, "unjudged": 0} | dict.fromkeys(UNDEFINED, float("nan"))
            rows.append(known)
    frame = pd.DataFrame(rows, columns=SCHEMA.names)
    return frame.sort_values([*COORDINATES, "example_id"], kind="stable", ignore_index=True)


def similarities(pairs: set[tuple[str, str]], encode: Encoder) -> dict[tuple[str, str], float]:
    """Cosine of the two texts of each pair; each text is encoded once, in batches of texts of like length."""
    texts = sorted({text for pair in pairs for text in pair}, key=lambda text: (text.count(" "), text))
    vectors: dict[str, np.ndarray] = {}
    for start in range(0, len(texts), BATCH):
        batch = texts[start : start + BATCH]
        found = np.asarray(encode(batch), dtype=np.float64)
        found = found / np.maximum(np.linalg.norm(found, axis=1, keepdims=True), 1e-12)
        vectors.update(zip(batch, found, strict=True))
    return {(a, b): float(vectors[a] @ vectors[b]) for a, b in sorted(pairs)}


def introduced_errors(pairs: set[tuple[str, str]], grammar: Grammar) -> dict[tuple[str, str], float]:
    """Errors of the second text of each pair minus those of the first: below 0 where an attack mended some."""
    errors = grammar.errors(text for pair in pairs for text in pair)
    return {(original, perturbed): float(errors[perturbed] - errors[original]) for original, perturbed in pairs}


def judge_words(swaps: Sequence[Mapping], space: Space | None) -> tuple[float, int]:
    """The least cosine among the replacements that the space can judge (NaN: none), and how many changes it cannot."""
    cosines = [_cosine(swap["from"], swap["to"], space) for swap in swaps]
    judged = [value for value in cosines if value is not None]
    return min(judged, default=float("nan")), len(cosines) - len(judged)


def _cosine(word: str, substitute: str, space: Space | None) -> float | None:
    a, b = _bare(word), _bare(substitute)
    if space is None or a not in space.index or b not in space.index:
        return None
    return space.cosine(a, b)


def _bare(token: str) -> str:
    """A token as the space spells words: lower-cased, without what punctuation clings to it."""
    return token.lower().strip("'\"`.,;:!?()[]-_")


METRICS = {
    "pairs": Metric("successful pairs", "count", 0),
    "perturbed_words_percent": Metric("perturbed words", "percent", 1),
    "sentence_similarity": Metric("sentence similarity", "cosine", 3),
    "unchecked_sentence_similarity": Metric("sentence similarity, unchecked pairs", "cosine", 3),
    "introduced_errors": Metric("grammar errors introduced", "errors a text", 3),
    "antonym_percent": Metric("pairs with an antonym", "percent", 1),
    "unjudged_percent": Metric("changes the synonym space cannot judge", "percent", 1),
    "after_attack_accuracy_percent": Metric("AA", "percent", 2),
    "aa_word_percent": Metric("AA, words", "percent", 2),
    "aa_sentence_percent": Metric("AA, sentence", "percent", 2),
    "aa_both_percent": Metric("AA, both", "percent", 2),
}
OF_WORDS = ("unjudged_percent", "aa_word_percent", "aa_both_percent")  # metrics that need a synonym space
BLIND = ("aa_word_percent", "aa_both_percent")  # left out of a cell of which the space judges no change
OF_SENTENCES = ("sentence_similarity", "unchecked_sentence_similarity", "aa_sentence_percent", "aa_both_percent")


def summarise(frame, antonyms, thresholds: Validity):
    """Tidy rows, one per cell, seed and metric of METRICS: COORDINATES, metric, value, n, measured_by.

    ``measured_by`` names the grammar checker of ``introduced_errors``. Where a metric's judge was not at hand (grammar
    checker, synonym space, sentence encoder) there is no row of it.
    A cell of which the space judges no change has no row of BLIND either.

    After-attack accuracy counts every attacked example; at stricter thresholds a success whose least word cosine, or
    whose sentence similarity, lies below counts as failed. What cannot be judged (NaN) violates nothing, as in
    TextAttack's own constraint, and is counted in ``unjudged_percent``.

    Args:
        antonyms: frame of ``flat.analysis.antonyms.SCHEMA``.
        thresholds: least cosines of a word and its substitute, and of the two texts, for an attack to count.
    """
    import pandas as pd  # for cost

    opposed = set(antonyms[[*COORDINATES, "example_id"]].itertuples(index=False, name=None))
    rows = []
    for cell, group in frame.groupby(list(COORDINATES), sort=True):
        won = group[group["status"] == "succeeded"]
        counts, n = count(group["status"]), len(group)
        word = won["least_word_cosine"] < thresholds.word_cosine
        sentence = won["sentence_similarity"] < thresholds.sentence_similarity
        with_antonym = sum((*cell, name) in opposed for name in won["example_id"])
        similar, unchecked = won["sentence_similarity"], won.loc[won["similarity_unchecked"], "sentence_similarity"]
        changed, unjudged = int(won["changed"].sum()), int(won["unjudged"].sum())
        shares = (won["changed"] / won["words"]).tolist()
        values = {
            "pairs": (float(len(won)), len(won)),
            "perturbed_words_percent": (100 * mean(shares), len(won)),
            "sentence_similarity": (mean(similar.tolist()), len(won)),
            "unchecked_sentence_similarity": (mean(unchecked.tolist()), len(unchecked)),
            "antonym_percent": (percent(with_antonym, len(won)), len(won)),
            "unjudged_percent": (percent(unjudged, changed), changed),
            "after_attack_accuracy_percent": (counts.after_attack_accuracy(), n),
            "aa_word_percent": (counts.after_attack_accuracy(spared=int(word.sum())), n),
            "aa_sentence_percent": (counts.after_attack_accuracy(spared=int(sentence.sum())), n),
            "aa_both_percent": (counts.after_attack_accuracy(spared=int((word | sentence).sum())), n),
        }
        for metrics, judge in ((OF_WORDS, "words_judged"), (OF_SENTENCES, "sentences_judged")):
            if not group[judge].all():
                values = {metric: found for metric, found in values.items() if metric not in metrics}
        if changed and unjudged == changed:  # the space knows none of the words: they would repeat AA
            values = {metric: found for metric, found in values.items() if metric not in BLIND}
        rows += [(*cell, metric, value, size, "") for metric, (value, size) in values.items()]
        if checker := group["grammar_checker"].iloc[0]:
            rows.append((*cell, "introduced_errors", mean(won["introduced_errors"].tolist()), len(won), checker))
    return pd.DataFrame(rows, columns=[*COORDINATES, "metric", "value", "n", "measured_by"])
