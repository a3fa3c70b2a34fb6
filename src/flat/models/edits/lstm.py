"""One-word edits of a text for an LSTM: the states of the words before the edit are shared.

What a word adds to the gates is looked up. All edits of a text go through it together: at each word those join that
change it, so that an edit of word p costs the words from p on. The text itself goes along and leaves its states.
"""

import numpy as np
import torch

from flat.models.edits.editor import WordEditor, WordText


class LstmEditor(WordEditor):
    """Opens texts for a ``flat.models.word_models.LSTM``."""

    def __init__(self, model):
        lstm, self.hidden = model.lstm, model.lstm.hidden_size
        # PyTorch's gates are input, forget, cell, output; the three sigmoids are put side by side
        order = torch.arange(4 * self.hidden).reshape(4, -1)[[0, 1, 3, 2]].flatten()
        self._inward = lstm.weight_ih_l0.detach()[order].T.contiguous()  # (dim, 4 hidden)
        self._bias = (lstm.bias_ih_l0 + lstm.bias_hh_l0).detach()[order]
        self.recurrent = lstm.weight_hh_l0.detach()[order].T.contiguous()  # (hidden, 4 hidden)
        super().__init__(model, 4 * self.hidden)

    def rows(self, ids):
        with torch.inference_mode():
            return torch.addmm(self._bias, self.embeddings(ids), self._inward)

    def open(self, text):
        return LstmText(self, list(text))

    def step(self, gates: torch.Tensor, state: torch.Tensor, cell: torch.Tensor) -> None:
        """One word: gates (n, 4 hidden) hold the words' part and are overwritten, as are state and cell (n, hidden)."""
        size = self.hidden
        gates.addmm_(state, self.recurrent)
        sigmoids = gates[:, : 3 * size].sigmoid_()
        cell.mul_(sigmoids[:, size : 2 * size]).addcmul_(sigmoids[:, :size], gates[:, 3 * size :].tanh_())
        torch.tanh(cell, out=state).mul_(sigmoids[:, 2 * size :])

    @torch.inference_mode()
    def _together(self, places, words, lengths):
        """A word is read once for all texts that are the same up to it."""
        inputs, most_of = torch.from_numpy(self.table.vectors), torch.empty(len(words), self.hidden)
        state = cell = torch.zeros(1, self.hidden)
        most = torch.full((1, self.hidden), -torch.inf)
        begin = np.zeros(len(words), dtype=np.int64)  # of each text: which of the begins so far it has
        for t in range(words.shape[1]):
            reading = np.flatnonzero(lengths > t)
            longer, begin[reading] = np.unique(begin[reading] * len(places) + words[reading, t], return_inverse=True)
            before, word = np.divmod(longer, len(places))
            state, cell, most = state[before], cell[before], most[before]
            self.step(inputs[places[word]], state, cell)
            torch.maximum(most, state, out=most)
            ending = np.flatnonzero(lengths == t + 1)
            most_of[ending] = most[begin[ending]]
        return self.classify(torch.tanh(most_of))


class LstmText(WordText):
    """A text with its states before each word, as far as they are known."""

    def __init__(self, editor, words, ids=None):
        super().__init__(editor, words, ids)
        # [t]: state, cell and greatest state before word t
        self._before = torch.zeros(3, len(self.beyond) + 1, editor.hidden)
        self._before[2, 0] = -torch.inf
        self._known = 0

    def _replaced(self, words, position, ids):
        new = LstmText(self.editor, words, ids)
        new._known = min(self._known, position)
        new._before[:, : new._known + 1] = self._before[:, : new._known + 1]
        return new

    def _substituted(self, positions, ids):
        return self._run(positions, positions, self.ids, ids)

    def _deleted(self, positions, ids):
        return self._run(positions, positions + 1, self.beyond, None)

    @torch.inference_mode()
    def _run(self, left: np.ndarray, joined: np.ndarray, own: tuple[int, ...], ids: list[int] | None) -> np.ndarray:
        """Logits (n, classes) of texts that leave the text before word ``left[n]`` and go on with word ``joined[n]``.

        Args:
            own: the text's words.
            ids: what each reads instead of word ``joined[n]``, or None: that word itself.
        """
        size, start = len(left), min(self._known, int(left.min()))
        order = np.argsort(joined, kind="stable")
        places = self.editor.table.places([*own, *([] if ids is None else [ids[n] for n in order])])
        inputs = torch.from_numpy(self.editor.table.vectors)
        # row 0 is the text itself
        state, cell, most = torch.empty(3, size + 1, self.editor.hidden)
        gates = torch.empty(size + 1, 4 * self.editor.hidden)
        ends = 1 + np.searchsorted(joined[order], np.arange(len(own) + 1), side="right")  # rows that read word t
        last = int(left.max())  # the text's own states are wanted up to here
        state[0], cell[0], most[0] = self._before[:, start]
        rows = 1
        for t in range(start, len(own)):
            count = int(ends[t])
            if t <= last:
                self._keep(t, state[0], cell[0], most[0])
            if count > rows:  # those that join here
                before = self._before[:, int(left[order[rows - 1]])]
                state[rows:count], cell[rows:count], most[rows:count] = before.unsqueeze(1)
            read = gates[:count]
            read[:] = inputs[places[t]]
            if ids is not None and count > rows:
                read[rows:] = inputs[places[len(own) + rows - 1 : len(own) + count - 1]]
            rows = count
            self.editor.step(read, state[:rows], cell[:rows])
            torch.maximum(most[:rows], state[:rows], out=most[:rows])
        if last >= len(own):
            self._keep(len(own), state[0], cell[0], most[0])
        for n in range(rows, size + 1):  # nothing is left to read behind a last word that was deleted
            most[n] = self._before[2, int(left[order[n - 1]])]
        answers = np.empty((size, self.editor.model.classes), dtype=np.float32)
        answers[order] = self.editor.classify(torch.tanh(most[1:]))
        return answers

    def _keep(self, t: int, state: torch.Tensor, cell: torch.Tensor, most: torch.Tensor) -> None:
        if t > self._known:
            for kept, value in zip(self._before[:, t], (state, cell, most), strict=True):
                kept.copy_(value)
            self._known = t
