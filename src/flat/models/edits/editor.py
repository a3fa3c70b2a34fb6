"""What a model says of a text with one word changed: the questions of an attack, below the cost of whole texts.

    editor = model.editor()                    # once per attack: it remembers what depends on single words alone
    text = editor.open(words)                  # the text that is edited
    text.logits([3, 3, 7], ["fine", "great", None])    # word 3 replaced, twice; word 7 deleted

``Editor`` asks about whole texts and serves every model, encoders among them; a CNN recomputes the windows that an
edit touches (``flat.models.edits.cnn``), an LSTM runs on from the words before it (``flat.models.edits.lstm``). Their
answers equal those of ``Classifier.logits`` but for rounding: logits of order 1 lie within ``TOLERANCE``.
"""

from collections.abc import Hashable, Sequence

import numpy as np
import torch

from flat.models.batch import Batch
from flat.models.gpu_memory import Parts

TOLERANCE = 1e-5
TOKENS = {"cpu": 512, "cuda": 16_384}  # of one pass over whole texts: on a CPU larger ones leave the cache
SLACK = 1.15  # how much longer than its shortest text the longest of a pass may be
WORDS = 4096  # words whose rows a table keeps
TEXTS = 512  # that are answered together

Word = str | None
"""What comes in the place of a word; None: nothing, it is deleted."""


class Editor:
    """Opens texts for editing.

    Args:
        model: a classifier in evaluation mode, whose weights do not change while the editor is used.

    Attributes:
        puts_whole_texts: edits are answered by the model's own forward pass, in whatever precision that runs.
        error: how far a logit may lie from that of a whole text's batch, for each unit of its size and one more.
    """

    puts_whole_texts = True
    error = 3e-6  # measured: less than half of it

    def __init__(self, model):
        self.model = model
        self.lengths = getattr(model, "lengths", None) or (lambda texts: [len(text) for text in texts])
        self.signature = getattr(model, "signature", tuple)
        self.tokens = TOKENS.get(self._device, TOKENS["cuda"])

    def open(self, text: Sequence[str]) -> "EditedText":
        return EditedText(self, list(text))

    def whole(self, texts: Sequence[Sequence[str]]) -> np.ndarray:
        """float32 logits (texts, classes), asked in batches of nearly equal length."""
        if self._device != "cpu" and getattr(self.model, "encode_ids", None):
            return self.of_ids([self.signature(text) for text in texts])
        lengths = self.lengths(texts)
        order = sorted(range(len(texts)), key=lengths.__getitem__)
        most = TOKENS["cpu"]
        answers = np.empty((len(texts), self.model.classes), dtype=np.float32)
        start = 0
        for stop in range(1, len(order) + 1):
            if stop < len(order):
                longest, shortest = max(lengths[order[stop]], 1), max(lengths[order[start]], 1)
                if longest <= SLACK * shortest + 1 and longest * (stop - start + 1) <= most:
                    continue
            rows = order[start:stop]
            answers[rows] = self.model.logits([texts[i] for i in rows], batch_size=len(rows))
            start = stop
        return answers

    def together(self, texts: Sequence[Sequence[str]]) -> np.ndarray:
        """float32 logits (texts, classes) of texts that share most of their words, within ``error`` as of ``whole``."""
        return self.whole(texts)

    @property
    def _device(self) -> str:
        return getattr(getattr(self.model, "device", None), "type", "cpu")

    def of_ids(self, rows: Sequence[Sequence[int]]) -> np.ndarray:
        """float32 logits (texts, classes) of texts as ``signature`` gives them; a batch holds texts of one length."""
        answers = np.empty((len(rows), self.model.classes), dtype=np.float32)
        places: dict[int, list[int]] = {}
        for place, row in enumerate(rows):
            places.setdefault(len(row), []).append(place)

        def ask(tokens: int) -> None:
            asked, found = [], []  # a GPU is given all passes before the first answer is fetched
            for length, own in places.items():
                size = max(1, tokens // max(length, 1))
                for start in range(0, len(own), size):
                    part = own[start : start + size]
                    batch = self.model.encode_ids([rows[place] for place in part]).to(self.model.device)
                    asked += part
                    found.append(self.model(batch).float())
            if found:
                answers[asked] = torch.cat(found).cpu().numpy()

        with torch.inference_mode():
            at_once = Parts(self.tokens)
            at_once.run(ask, "asking a model about edits")
            self.tokens = at_once.size  # what the GPU's memory holds
        return answers


class EditedText:
    """One text and its one-word edits.

    Attributes:
        words: the text.
        key: what the model sees of the text; equal for two texts, of one editor, that it cannot tell apart.
    """

    def __init__(self, editor: Editor, words: list[str]):
        self.editor, self.words = editor, words
        self.key: Hashable = editor.signature(words)

    def replaced(self, position: int, word: str) -> "EditedText":
        """The text with one word replaced, opened."""
        return self.editor.open(self._edited(position, word))

    def keys(self, positions: Sequence[int], words: Sequence[Word]) -> list[Hashable]:
        """``key`` of each edit."""
        return [self.editor.signature(self._edited(p, word)) for p, word in zip(positions, words, strict=True)]

    def logits(self, positions: Sequence[int], words: Sequence[Word]) -> np.ndarray:
        """float32 logits (edits, classes).

        Args:
            positions: word of the text that each edit is about.
            words: what comes in its place, None: nothing.
        """
        return self.editor.whole([self._edited(p, word) for p, word in zip(positions, words, strict=True)])

    def _edited(self, position: int, word: Word) -> list[str]:
        return [*self.words[:position], *([] if word is None else [word]), *self.words[position + 1 :]]


class WordTable:
    """A vector for each word id, computed in batches when first asked for; the memory it takes is bounded.

    Args:
        width: numbers in a vector.
        compute: ids (n,) -> (n, width) float32 tensor.
    """

    def __init__(self, width: int, compute):
        self.compute = compute
        self.vectors = np.empty((WORDS, width), dtype=np.float32)
        self._place: dict[int, int] = {}

    def places(self, ids: Sequence[int]) -> np.ndarray:
        """(n,) rows of ``vectors`` that hold the words ``ids``; valid until the next call."""
        place = self._place
        fresh = list({i for i in ids if i not in place})
        if len(place) + len(fresh) > len(self.vectors):
            place.clear()
            fresh = list(set(ids))
            if len(fresh) > len(self.vectors):
                self.vectors = np.empty((len(fresh), self.vectors.shape[1]), dtype=np.float32)
        if fresh:
            start = len(place)
            self.vectors[start : start + len(fresh)] = self.compute(torch.tensor(fresh)).numpy()
            place.update(zip(fresh, range(start, start + len(fresh)), strict=True))
        return np.fromiter((place[i] for i in ids), dtype=np.intp, count=len(ids))


class WordEditor(Editor):
    """For models on whole words. phi is a function of the word alone in evaluation, so masks are part of the table."""

    puts_whole_texts = False

    def __init__(self, model, width: int):
        super().__init__(model)
        self.table = WordTable(width, self.rows)
        self.output = model.output.weight.detach().T.contiguous(), model.output.bias.detach()

    def rows(self, ids: torch.Tensor) -> torch.Tensor:
        """(n, width) what the table holds of words."""
        raise NotImplementedError

    @torch.inference_mode()
    def embeddings(self, ids: torch.Tensor) -> torch.Tensor:
        """(n,) word ids -> (n, dim) their embeddings times phi."""
        present = torch.ones(1, len(ids), dtype=torch.bool)
        batch = Batch(ids.unsqueeze(0), present, ~present, torch.arange(len(ids)).unsqueeze(0))
        embeddings = self.model.embed(batch)
        weights = self.model.token_weights(embeddings, batch)
        return (embeddings if weights is None else embeddings * weights.unsqueeze(-1))[0]

    def together(self, texts):
        answers = np.empty((len(texts), self.model.classes), dtype=np.float32)
        rows = [self.model.signature(text) for text in texts]
        empty, full = [n for n, row in enumerate(rows) if not row], [n for n, row in enumerate(rows) if row]
        if empty:
            answers[empty] = self.whole([texts[n] for n in empty])
        for start in range(0, len(full), TEXTS):
            part = full[start : start + TEXTS]
            lengths = np.array([len(rows[n]) for n in part])
            distinct, numbers = np.unique(np.concatenate([rows[n] for n in part]), return_inverse=True)
            words = np.full((len(part), lengths.max()), -1)
            words[np.arange(lengths.max()) < lengths[:, None]] = numbers
            answers[part] = self._together(self.table.places(distinct.tolist()), words, lengths)
        return answers

    def _together(self, places: np.ndarray, words: np.ndarray, lengths: np.ndarray) -> np.ndarray:
        """Logits (n, classes) of texts that share most of their words.

        Args:
            places: rows of the table, one for each different word.
            words: (n, longest) numbers in ``places``; -1 behind a text.
            lengths: (n,) words of each text, at least one.
        """
        raise NotImplementedError

    def classify(self, pooled: np.ndarray | torch.Tensor) -> np.ndarray:
        """(n, features) -> (n, classes) logits."""
        weight, bias = self.output
        with torch.inference_mode():
            return torch.addmm(bias, torch.as_tensor(pooled), weight).numpy()


class WordText(EditedText):
    """A text as word ids. Subclasses give ``_substituted``, ``_deleted`` and ``_replaced``."""

    def __init__(self, editor: WordEditor, words: list[str], ids: tuple[int, ...] | None = None):
        self.editor, self.words = editor, words
        self.limit = editor.model.max_length
        # one word more than the model reads: it moves up where an earlier one is deleted
        self.beyond = editor.model.word_ids(words[: self.limit + 1]) if ids is None else ids
        self.ids = self.beyond[: self.limit]
        self._bytes = np.array(self.beyond, dtype=np.int32).tobytes()
        self.key = self._bytes[: 4 * self.limit]

    def keys(self, positions, words):
        return [self._key(p, i) for p, i in zip(positions, self._looked_up(words), strict=True)]

    def _looked_up(self, words: Sequence[Word]) -> list[int | None]:
        return [None if word is None else i for word, i in zip(words, self.editor.model.word_ids(words), strict=True)]

    def _key(self, position: int, i: int | None) -> bytes:
        if position >= self.limit:
            return self.key
        start, end = 4 * position, 4 * self.limit
        if i is None:
            return self._bytes[:start] + self._bytes[start + 4 :]
        return self._bytes[:start] + i.to_bytes(4, "little") + self._bytes[start + 4 : end]

    def logits(self, positions, words):
        where, ids = np.asarray(positions, dtype=np.intp), self._looked_up(words)
        answers = np.empty((len(ids), self.editor.model.classes), dtype=np.float32)
        deleted = np.fromiter((i is None for i in ids), dtype=bool, count=len(ids))
        outside = where >= self.limit
        if outside.any():
            answers[outside] = self.editor.whole([self.words])
        for asked, answer in ((deleted & ~outside, self._deleted), (~deleted & ~outside, self._substituted)):
            if asked.any():
                rows = np.flatnonzero(asked)
                answers[rows] = answer(where[rows], [ids[n] for n in rows])
        return answers

    def replaced(self, position, word):
        words = [*self.words[:position], word, *self.words[position + 1 :]]
        if position > self.limit:
            return self._replaced(words, position, self.beyond)
        (i,) = self.editor.model.word_ids([word])
        return self._replaced(words, position, (*self.beyond[:position], i, *self.beyond[position + 1 :]))

    def _replaced(self, words: list[str], position: int, ids: tuple[int, ...]) -> "WordText":
        """The same text with other ``ids``, which differ at ``position`` at most; may share what this one has."""
        return type(self)(self.editor, words, ids)

    def _substituted(self, positions: np.ndarray, ids: list[int]) -> np.ndarray:
        """Logits (n, classes) where word ``positions[n]``, which the model reads, becomes ``ids[n]``."""
        raise NotImplementedError

    def _deleted(self, positions: np.ndarray, ids: list[None]) -> np.ndarray:
        """Logits (n, classes) where word ``positions[n]``, which the model reads, is taken out."""
        raise NotImplementedError
