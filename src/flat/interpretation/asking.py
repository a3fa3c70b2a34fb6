"""The metrics of single explanations, asked of the model that was explained (``flat.interpretation.faithfulness``)."""

from collections.abc import Mapping, Sequence

import numpy as np

from flat.errors import ArtefactError
from flat.interpretation import metrics
from flat.interpretation.faithfulness import SCHEMA
from flat.models.interface import Classifier

COLUMNS = ["example_id", "side", "target", "words", "scores"]  # of the attributions


class Ask:
    """What a metric asks of a model: ``ask(texts)`` answers lists of words with probabilities (texts, classes).

    An answer is remembered until ``forget``, so that metrics of one text do not ask for it twice.

    Attributes:
        unknown: the word that stands for one that is left out.
    """

    def __init__(self, model: Classifier, batch_size: int = 64):
        self._model, self._batch_size = model, batch_size
        self._known: dict[tuple[str, ...], np.ndarray] = {}
        self.unknown = model.unknown_word

    def __call__(self, texts: Sequence[Sequence[str]]) -> np.ndarray:
        wanted = [tuple(text) or (self.unknown,) for text in texts]
        new = [text for text in dict.fromkeys(wanted) if text not in self._known]
        if new:
            logits = self._model.logits([list(text) for text in new], self._batch_size).astype(np.float64)
            weights = np.exp(logits - logits.max(axis=1, keepdims=True))
            self._known |= zip(new, weights / weights.sum(axis=1, keepdims=True), strict=True)
        return np.array([self._known[text] for text in wanted]).reshape(len(wanted), self._model.classes)

    def forget(self) -> None:
        self._known.clear()


def measure(
    attributions,
    model: Classifier,
    further: Mapping[str, Mapping],
    *,
    strategy: str,
    train_attack: str,
    attack: str,
    seed: int,
    batch_size: int = 64,
):
    """The frame (SCHEMA) of a cell's originals, sorted by example, class and metric.

    Args:
        attributions: frame of ``flat.interpretation.attributions.SCHEMA``.
        model: the model that was explained, in evaluation mode.
        further: the metrics that a study names, with their options; those of explanations are measured.

    Raises:
        ArtefactError: a score is not finite, or there is not one a word.
        FlatError: a metric returned what it must not.
    """
    import pandas as pd  # for cost

    of_explanations, ask = metrics.chosen(further, "explanations"), Ask(model, batch_size)
    originals = attributions[attributions["side"] == "original"].sort_values(["example_id", "target"])
    rows = []
    for example, texts in originals.groupby("example_id", sort=True):
        ask.forget()
        for row in texts.itertuples(index=False):
            words, scores = list(row.words), np.asarray(row.scores, dtype=np.float64)
            if len(scores) != len(words) or not np.isfinite(scores).all():
                raise ArtefactError(
                    f"example {example}", f"its {len(words)} words have no finite score each", "explain the cell again"
                )
            about = (strategy, train_attack, attack, seed, example, int(row.target))
            rows += [(*about, m.name, m.value(example, ask, words, about[-1], scores)) for m in of_explanations]
    return pd.DataFrame(rows, columns=SCHEMA.names).sort_values(["example_id", "target", "metric"], ignore_index=True)
