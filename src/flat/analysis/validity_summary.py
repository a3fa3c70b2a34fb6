"""Validity of adversarial texts by cell, and after-attack accuracy at stricter thresholds (Morris et al. 2020).

An attack whose text violates a threshold counts as failed; nothing is attacked again.
"""

from dataclasses import dataclass

from flat.analysis.attacked_cell import COORDINATES
from flat.analysis.robustness import Metric, mean, percent

METRICS = {
    "pairs": Metric("successful pairs", "count", 0),
    "perturbed_words_percent": Metric("perturbed words", "percent", 1),
    "sentence_similarity": Metric("sentence similarity", "cosine", 3, 1),
    "unchecked_sentence_similarity": Metric("sentence similarity, unchecked pairs", "cosine", 3, 1),
    "introduced_errors": Metric("grammar errors introduced", "errors a text", 3, -1),
    "antonym_percent": Metric("pairs with an antonym", "percent", 1, -1),
    "unjudged_percent": Metric("changes the synonym space cannot judge", "percent", 1),
    "after_attack_accuracy_percent": Metric("AA", "percent", 2, 1),
    "aa_word_percent": Metric("AA, words", "percent", 2, 1),
    "aa_sentence_percent": Metric("AA, sentence", "percent", 2, 1),
    "aa_both_percent": Metric("AA, both", "percent", 2, 1),
}
OF_WORDS = ("unjudged_percent", "aa_word_percent", "aa_both_percent")  # metrics that need a synonym space
OF_SENTENCES = ("sentence_similarity", "unchecked_sentence_similarity", "aa_sentence_percent", "aa_both_percent")


@dataclass(frozen=True)
class Thresholds:
    """Least cosine of a word and its substitute, and of the two texts, for an attack to count."""

    word_cosine: float
    sentence_similarity: float


def summarise(frame, antonyms, thresholds: Thresholds):
    """Tidy rows, one per cell, seed and metric of METRICS: COORDINATES, metric, value, n, measured_by.

    ``measured_by`` names the grammar checker of ``introduced_errors``. Where a metric's judge was not at hand (grammar
    checker, synonym space, sentence encoder) there is no row of it.

    After-attack accuracy counts every attacked example; at stricter thresholds a success whose least word cosine, or
    whose sentence similarity, lies below counts as failed. What cannot be judged (NaN) violates nothing, as in
    TextAttack's own constraint, and is counted in ``unjudged_percent``.

    Args:
        antonyms: frame of ``flat.analysis.antonyms.SCHEMA``.
    """
    import pandas as pd

    opposed = set(antonyms[[*COORDINATES, "example_id"]].itertuples(index=False, name=None))
    rows = []
    for cell, group in frame.groupby(list(COORDINATES), sort=True):
        won = group[group["status"] == "succeeded"]
        failed, n = int((group["status"] == "failed").sum()), len(group)
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
            "after_attack_accuracy_percent": (percent(failed, n), n),
            "aa_word_percent": (percent(failed + int(word.sum()), n), n),
            "aa_sentence_percent": (percent(failed + int(sentence.sum()), n), n),
            "aa_both_percent": (percent(failed + int((word | sentence).sum()), n), n),
        }
        for metrics, judge in ((OF_WORDS, "words_judged"), (OF_SENTENCES, "sentences_judged")):
            if not group[judge].all():
                values = {metric: found for metric, found in values.items() if metric not in metrics}
        rows += [(*cell, metric, value, size, "") for metric, (value, size) in values.items()]
        if checker := group["grammar_checker"].iloc[0]:
            rows.append((*cell, "introduced_errors", mean(won["introduced_errors"].tolist()), len(won), checker))
    return pd.DataFrame(rows, columns=[*COORDINATES, "metric", "value", "n", "measured_by"])
