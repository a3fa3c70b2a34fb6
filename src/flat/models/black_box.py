"""A black box in the place of a network: strings in, probabilities out (``Model(built_from="texts")``).

It offers what an attack and an explanation without gradients ask of a ``Classifier``. It has no weights, no embeddings
and no gradients, and it reads texts whole: ``max_length`` cuts nothing.
"""

import hashlib
import json
import sys
from collections.abc import Mapping, Sequence

import numpy as np
import torch

from flat.errors import FlatError
from flat.models.batch import Batch, Texts
from flat.models.edits.editor import Editor
from flat.models.interface import Classifier
from flat.models.masks import Mask

TOLERANCE = 1e-3  # how far a text's probabilities may sum from 1: they may be rounded, or of half precision
LEAST = float(np.finfo(np.float32).tiny)  # what a probability of 0 counts as: its logarithm is -87.3
KEPT = 100_000  # answers kept in memory at most
UNKNOWN = "UNKWORDZ"  # in the place of a word left out, as in the lime package (Ribeiro et al. 2016)
MEANT = (
    "predict_proba(texts) must answer a list of strings with a row of class probabilities each (docs/add-a-model.md)"
)


class WholeTexts(Editor):
    """Edits are asked as whole texts. There is no low precision to score them in first."""

    puts_whole_texts = False


class BlackBox(Classifier):
    """A ``Classifier`` whose answers an object gives that is asked with strings.

    A text is its words joined by one space. Its logits are the logarithms of its probabilities, so that their softmax
    is the probabilities, scaled to a sum of 1. Answers are kept until ``forget`` is called, at most ``KEPT`` of them.
    It is never in training mode.

    Args:
        box: has ``predict_proba(texts)``, (texts, classes) probabilities. May have ``unknown_word``, the word that
            explanations put in the place of one left out; otherwise it is "UNKWORDZ".
        classes: number of classes.
        name: how the study names the kind, for errors.
        made_of: digest of the code behind the box.
        options: what it was made with.

    Raises:
        FlatError: the object cannot be asked so.
    """

    def __init__(self, box, classes: int, name: str, made_of: str, options: Mapping):
        super().__init__()
        if not callable(getattr(box, "predict_proba", None)):
            raise FlatError(f"model {name}", f"make gives a {type(box).__name__} without predict_proba", MEANT)
        self.unknown_word = getattr(box, "unknown_word", UNKNOWN)
        if not isinstance(self.unknown_word, str) or self.unknown_word.split() != [self.unknown_word]:
            raise FlatError(f"model {name}", f"unknown_word is {self.unknown_word!r}", "name one word without spaces")
        object.__setattr__(self, "box", box)  # one of torch is no part of this module: its weights are its own affair
        self.classes, self.name = classes, name
        self.max_length = sys.maxsize
        self.mask = Mask()
        self.words: list[str] = []  # it has no vocabulary
        super().train(False)
        about = json.dumps([name, made_of, classes, dict(options)], sort_keys=True)
        digest = hashlib.sha256(about.encode()).digest()
        # in the place of weights: what tells two boxes apart, in a checkpoint as in the notes of a stopped job
        self.register_buffer("made_of", torch.tensor(list(digest), dtype=torch.uint8))
        self._index: dict[str, int] = {}  # of each word that was asked, in the order of their first questions
        self._spelt: list[str] = []
        self._answers: dict[str, np.ndarray] = {}

    @property
    def device(self) -> torch.device:
        return torch.device("cpu")

    def train(self, mode: bool = True) -> "BlackBox":
        """There is nothing to train: it stays in evaluation mode."""
        return self

    def editor(self) -> Editor:
        return WholeTexts(self)

    def forget(self) -> None:
        """Forget the answers that are kept."""
        self._answers.clear()

    def signature(self, text: Sequence[str]) -> tuple[int, ...]:
        """A number for each word. It reads every word, so that only equal texts have equal signatures."""
        for word in text:
            if word not in self._index:
                self._index[word] = len(self._spelt)
                self._spelt.append(word)
        return tuple(self._index[word] for word in text)

    def encode(self, texts: Texts) -> Batch:
        """One token a word: (texts, words)."""
        rows = [self.signature(text) for text in texts]
        longest = max([1, *map(len, rows)])
        ids = torch.tensor([(*row, *[0] * (longest - len(row))) for row in rows], dtype=torch.long)
        places = torch.arange(longest).expand(len(rows), longest)
        present = places < torch.tensor([len(row) for row in rows]).unsqueeze(1)
        return Batch(
            ids.reshape(len(rows), longest), present, torch.zeros_like(present), torch.where(present, places, -1)
        )

    def forward(self, batch: Batch, generator: torch.Generator | None = None) -> torch.Tensor:
        """Logits (texts, classes) of texts that this object has encoded."""
        rows = [ids[there].tolist() for ids, there in zip(batch.ids, batch.present, strict=True)]
        return torch.from_numpy(self.logits([[self._spelt[i] for i in row] for row in rows], max(1, len(rows))))

    def embed(self, batch: Batch) -> torch.Tensor:
        """It has no embeddings.

        Raises:
            FlatError: always.
        """
        raise FlatError(f"model {self.name}", "is a black box: it has neither embeddings nor gradients", "ask it texts")

    baseline = embed

    def encode_embeddings(self, embeddings: torch.Tensor, batch: Batch) -> torch.Tensor:
        """It reads no embeddings.

        Raises:
            FlatError: always.
        """
        return self.embed(batch)

    def logits(self, texts: Texts, batch_size: int = 64, stochastic: bool = False) -> np.ndarray:
        """float32 log-probabilities (texts, classes); each different text is asked once, ``batch_size`` at a time.

        Raises:
            FlatError: an answer is none; the first text that it is not for is named.
        """
        asked = [" ".join(text) for text in texts]
        fresh = [text for text in dict.fromkeys(asked) if text not in self._answers]
        found = {text: self._answers[text] for text in asked if text in self._answers}
        for start in range(0, len(fresh), batch_size):
            part = fresh[start : start + batch_size]
            found |= zip(part, self._asked(part), strict=True)
        for text in fresh:
            self._answers[text] = found[text]
        while len(self._answers) > KEPT:
            del self._answers[next(iter(self._answers))]  # the oldest
        return np.array([found[text] for text in asked], dtype=np.float32).reshape(len(asked), self.classes)

    def _asked(self, texts: list[str]) -> np.ndarray:
        """Logits of texts that are asked now, checked."""
        try:
            given = self.box.predict_proba(list(texts))
        except (FlatError, MemoryError):
            raise
        except Exception as error:  # whatever is behind it
            raise self._refused(texts[0], f"asked of {len(texts)} texts, it raised {error!r}") from error
        try:
            answer = np.asarray(given, dtype=np.float64)
        except (TypeError, ValueError) as error:
            raise self._refused(texts[0], f"gives no array of numbers ({error})") from error
        if answer.shape != (len(texts), self.classes):
            wanted = f"{len(texts)} texts and {self.classes} classes"
            raise self._refused(texts[0], f"gives the shape {answer.shape} for {wanted}")
        sums = answer.sum(1)
        good = np.isfinite(answer).all(1) & (answer >= -TOLERANCE).all(1) & (np.abs(sums - 1) <= TOLERANCE)
        if not good.all():
            first = int(np.argmin(good))
            raise self._refused(texts[first], f"gives {answer[first].tolist()}, which are no probabilities of sum 1")
        return np.log(np.maximum(answer, LEAST)).astype(np.float32)

    def _refused(self, text: str, problem: str) -> FlatError:
        shown = text if len(text) <= 200 else f"{text[:197]}..."
        return FlatError(f"model {self.name}, the text {shown!r}", problem, MEANT)
