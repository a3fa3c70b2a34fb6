"""The texts that an objective makes of training texts, epoch by epoch, encoded."""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import torch

from flat.data.batches import EncodedTexts
from flat.models.batch import Batch
from flat.models.interface import Classifier
from flat.study.seeds import seed_of
from flat.training.strategy import Epoch, Objective


def by_row(rows: Iterable[int]) -> dict[int, list[int]]:
    """Training row -> the numbers of the texts that were made from it."""
    found: dict[int, list[int]] = {}
    for number, row in enumerate(rows):
        found.setdefault(row, []).append(number)
    return found


class Made:
    """An epoch's texts.

    Args:
        texts: ``rows`` (training rows that they were made from) and ``texts`` (word lists); None: none.
    """

    def __init__(self, model: Classifier, texts: Mapping | None):
        self._of = by_row(texts["rows"]) if texts else {}
        self._encoded = EncodedTexts(model, texts["texts"]) if self._of else None

    def take(self, rows: np.ndarray, device: torch.device) -> tuple[Batch | None, torch.Tensor]:
        """(the texts made from these rows or None, the place in ``rows`` that each belongs to)."""
        found = [(place, number) for place, row in enumerate(rows) for number in self._of.get(row, ())]
        places = torch.tensor([place for place, _ in found], dtype=torch.long, device=device)
        return (self._encoded.take(np.array([number for _, number in found]), device) if found else None), places


def texts_of_epoch(
    objective: Objective,
    model: Classifier,
    texts: Sequence[Sequence[str]],
    labels: Sequence[int],
    rows: np.ndarray,
    number: int,
    seed: int,
) -> dict | None:
    """What an objective makes of an epoch's texts, as ``Made`` takes it and a checkpoint holds it."""
    if not objective.makes_texts:
        return None
    model.eval()
    draws = np.random.default_rng(seed_of(seed, "objective", number))
    found = objective.before_epoch(Epoch(number, model, texts, np.asarray(labels), rows, draws))
    if found is None:
        return None
    return {"rows": list(map(int, found.rows)), "texts": [list(map(str, words)) for words in found.texts]}
