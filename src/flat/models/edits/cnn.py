"""One-word edits of a text for a CNN: only the windows that the edit touches are computed anew.

A window's sum splits into one term per word and place in the window. The terms of a word (its embedding, times phi,
times each slice of each filter) are looked up. For filters of width k, an edit of word p changes the k windows that
hold p. The other windows enter with their maximum, known from maxima over all windows before and behind.
"""

from itertools import pairwise

import numpy as np
import torch
from numpy.lib.stride_tricks import sliding_window_view

from flat.models.edits.editor import WordEditor, WordText

CHUNK = 48  # edits at a time: their windows stay in the cache


class CnnEditor(WordEditor):
    """Opens texts for a ``flat.models.word_models.CNN``."""

    def __init__(self, model):
        self.widths = [convolution.kernel_size[0] for convolution in model.convolutions]
        self.filters = model.convolutions[0].out_channels
        weights = [convolution.weight.detach() for convolution in model.convolutions]  # (filters, dim, width)
        self._terms = torch.cat([w.permute(1, 2, 0).flatten(1) for w in weights], 1)  # (dim, sum of widths * filters)
        self.bias = [convolution.bias.detach().numpy() for convolution in model.convolutions]
        super().__init__(model, self._terms.shape[1])
        ends = np.cumsum([0, *self.widths]) * self.filters
        self.parts = [slice(a, b) for a, b in pairwise(ends)]  # a width's terms in a table row

    def rows(self, ids):
        with torch.inference_mode():
            return self.embeddings(ids) @ self._terms

    def open(self, text):
        return CnnText(self, list(text))

    def terms(self, places: np.ndarray, number: int) -> np.ndarray:
        """(n, width, filters) what words add to windows of the ``number``-th width, by their place in the window."""
        rows = self.table.vectors[places, self.parts[number]]
        return rows.reshape(len(places), self.widths[number], self.filters)

    def _together(self, places, words, lengths):
        """A window that several texts have is summed up once."""
        count, longest = words.shape
        padded = np.concatenate([words, np.full((count, max(self.widths) - 1), -1)], axis=1)
        begins = np.arange(longest) < lengths[:, None]
        starts = np.cumsum(lengths) - lengths
        pooled = np.empty((count, len(self.widths), self.filters), dtype=np.float32)
        for number, width in enumerate(self.widths):
            windows = sliding_window_view(padded, width, axis=1)[:, :longest][begins]  # (windows, width)
            different, which = _different(windows, len(places))
            sums = np.repeat(self.bias[number][None], len(different), axis=0)
            terms = self.table.vectors[:, self.parts[number]]
            for j in range(width):
                there = different[:, j] >= 0  # behind the text is nothing
                slot = slice(j * self.filters, (j + 1) * self.filters)
                if there.all():
                    sums += terms[places[different[:, j]], slot]
                else:
                    sums[there] += terms[places[different[there, j]], slot]
            np.maximum.reduceat(sums[which], starts, axis=0, out=pooled[:, number])
        return self.classify(np.maximum(pooled, 0, out=pooled).reshape(count, -1))


class CnnText(WordText):
    """A text with its windows: for each width (words, filters), before ReLU; window s begins at word s."""

    _windows: list[np.ndarray] | None = None

    @property
    def windows(self) -> list[np.ndarray]:
        if self._windows is None:
            self._windows = [sums[-1] for sums in self._partial_sums(self.ids)]
        return self._windows

    def _partial_sums(self, ids: tuple[int, ...]) -> list[np.ndarray]:
        """For each width (width, words, filters): windows' sums over their first 1, 2 ... words, with the bias."""
        places, found = self.editor.table.places(ids), []
        for number, width in enumerate(self.editor.widths):
            terms = self.editor.terms(places, number)
            sums = np.empty((width, len(ids), self.editor.filters), dtype=np.float32)
            np.add(terms[:, 0], self.editor.bias[number], out=sums[0])
            for j in range(1, width):
                sums[j] = sums[j - 1]
                sums[j, : max(len(ids) - j, 0)] += terms[j:, j]  # behind the text is nothing
            found.append(sums)
        return found

    def _replaced(self, words, position, ids):
        new = CnnText(self.editor, words, ids)
        if self._windows is None or position >= self.limit:
            new._windows = self._windows
            return new
        new._windows = []
        first = max(position - max(self.editor.widths) + 1, 0)
        places = self.editor.table.places(new.ids[first : position + max(self.editor.widths)])
        for number, (width, old) in enumerate(zip(self.editor.widths, self._windows, strict=True)):
            windows, terms = old.copy(), self.editor.terms(places, number)
            for s in range(max(position - width + 1, 0), position + 1):
                reach = range(min(width, len(ids[: self.limit]) - s))
                windows[s] = self.editor.bias[number]
                for j in reach:
                    windows[s] += terms[s - first + j, j]
            new._windows.append(windows)
        return new

    def _substituted(self, positions, ids):
        editor, own = self.editor, self.windows
        places = editor.table.places([*ids, *(self.ids[p] for p in positions)])
        new, old = places[: len(ids)], places[len(ids) :]
        asked, first, group = np.unique(positions, return_index=True, return_inverse=True)
        pooled = np.empty((len(ids), len(editor.widths), editor.filters), dtype=np.float32)
        for number, width in enumerate(editor.widths):
            others = _others(own[number], asked - width + 1, asked + 1)  # windows without the word
            # what stays of those with it; there are none before the text
            starts = asked[:, None] - np.arange(width)  # (asked, place of the word in the window)
            stay = own[number][np.maximum(starts, 0)] - editor.terms(old[first], number)
            stay[starts < 0] = -np.inf
            for a in range(0, len(ids), CHUNK):
                part = slice(a, a + CHUNK)
                sums = editor.terms(new[part], number) + stay[group[part]]  # (edits, width, filters)
                np.maximum(sums.max(1), others[group[part]], out=pooled[part, number])
        return editor.classify(pooled.reshape(len(ids), -1))

    def _deleted(self, positions, ids):
        editor = self.editor
        pooled = np.empty((len(positions), len(editor.widths), editor.filters), dtype=np.float32)
        for number, sums in enumerate(self._partial_sums(self.beyond)):
            width, whole = editor.widths[number], sums[-1]
            best = _others(whole, positions - width + 1, positions + 1)
            for m in range(1, width):  # m words before the deleted one, the rest from behind it
                inside = positions >= m
                starts = positions[inside] - m
                joined = sums[m - 1, starts] + (whole[starts + 1] - sums[m - 1, starts + 1])
                best[inside] = np.maximum(best[inside], joined)
            pooled[:, number] = best
        return editor.classify(pooled.reshape(len(positions), -1))


def _different(windows: np.ndarray, words: int) -> tuple[np.ndarray, np.ndarray]:
    """The different rows of ``windows`` (n, width), numbers from -1 to ``words`` - 1, and which of them each row is."""
    width = windows.shape[1]
    if (words + 1) ** width >= 2**63:
        return np.unique(windows, axis=0, return_inverse=True)
    code = windows[:, 0] + 1
    for j in range(1, width):
        code = code * (words + 1) + windows[:, j] + 1
    _, first, which = np.unique(code, return_index=True, return_inverse=True)
    return windows[first], which


def _others(windows: np.ndarray, starts: np.ndarray, stops: np.ndarray) -> np.ndarray:
    """(n, filters) the greatest of the windows outside [start, stop), and of zero (ReLU), for each n."""
    found = np.zeros((len(starts), windows.shape[1]), dtype=np.float32)
    if len(starts) <= 3:
        for n, (start, stop) in enumerate(zip(starts, stops, strict=True)):
            if start > 0:
                np.maximum(found[n], windows[:start].max(0), out=found[n])
            if stop < len(windows):
                np.maximum(found[n], windows[stop:].max(0), out=found[n])
        return found
    before, behind = np.maximum.accumulate(windows), np.maximum.accumulate(windows[::-1])
    left, right = starts > 0, stops < len(windows)
    found[left] = np.maximum(found[left], before[starts[left] - 1])
    found[right] = np.maximum(found[right], behind[len(windows) - 1 - stops[right]])
    return found
