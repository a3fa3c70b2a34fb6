"""CNN and LSTM over pretrained word vectors (paper, Appendix A).

Both ignore padding exactly, so that an answer does not depend on the batch a text came in.
"""

from collections.abc import Sequence
from statistics import fmean

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from flat.models.batch import Batch, Texts
from flat.models.edits.cnn import CnnEditor
from flat.models.edits.lstm import LstmEditor
from flat.models.interface import Classifier
from flat.models.masks import Mask
from flat.models.pooled_windows import pooled_windows

PAD, UNKNOWN = 0, 1
WORDS_AT_ONCE = 4096


class WordModel(Classifier):
    """A classifier on whole words: one token a word, no special tokens.

    Args:
        words: the vocabulary, ``words[0]`` the padding, ``words[1]`` the unknown word.
        vectors: (vocabulary, dim) float32 word vectors; row 0 is zero.
        classes: number of classes.
        max_length: words read of a text.
        mask: what multiplies the embeddings.
        freeze_vectors: keep the vectors as they are (the paper's choice).
    """

    def __init__(
        self,
        words: Sequence[str],
        vectors: Tensor,
        classes: int,
        max_length: int,
        mask: Mask,
        freeze_vectors: bool = True,
    ):
        super().__init__()
        self.words = list(words)
        self.index = {word: i for i, word in enumerate(self.words)}
        self.unknown_word = self.words[UNKNOWN]
        self.classes, self.max_length, self.mask = classes, max_length, mask
        self.embedding = nn.Embedding.from_pretrained(vectors, freeze=freeze_vectors, padding_idx=PAD)

    @property
    def dim(self) -> int:
        return self.embedding.embedding_dim

    def signature(self, text: Sequence[str]) -> tuple[int, ...]:
        return self.word_ids(text[: self.max_length])

    def word_ids(self, words: Sequence[str | None]) -> tuple[int, ...]:
        """The id of each word, as spelt or in lower case; None is unknown, and so is a text's own "<pad>"."""
        look_up = self.index.get
        return tuple(look_up(w) or look_up(w.lower()) or UNKNOWN if w else UNKNOWN for w in words)

    def encode(self, texts: Texts) -> Batch:
        return self.encode_ids([self.signature(text) for text in texts])

    def encode_ids(self, rows):
        longest = max([1, *map(len, rows)])
        ids = torch.tensor([(*row, *[PAD] * (longest - len(row))) for row in rows], dtype=torch.long)
        ids = ids.reshape(len(rows), longest)
        positions = torch.arange(longest).expand(len(rows), longest)
        present = positions < torch.tensor([len(row) for row in rows]).unsqueeze(1)
        return Batch(ids, present, torch.zeros_like(present), torch.where(present, positions, -1))

    def embed(self, batch: Batch) -> Tensor:
        return self.embedding(batch.ids)

    def baseline(self, batch: Batch) -> Tensor:
        """Zeros: the padding's embedding."""
        return torch.zeros(*batch.ids.shape, self.dim, device=batch.ids.device)


@torch.inference_mode()
def importance_of_unknown(model: Classifier) -> dict[str, float]:
    """phi, in evaluation, of the word that stands for all those a CNN or LSTM does not know.

    Every substitute outside the vocabulary has it. Beside it the mean over the words of the vocabulary, each once;
    padding and the unknown word are none of them. Empty for a model without a variational mask, and for encoders.
    """
    if not isinstance(model, WordModel) or not model.mask.variational:
        return {}
    phi = []
    for start in range(UNKNOWN, len(model.words), WORDS_AT_ONCE):
        ids = range(start, min(start + WORDS_AT_ONCE, len(model.words)))
        phi.append(model.phi(model.encode_ids([(i,) for i in ids]).to(model.device))[:, 0].double())
    unknown, *known = torch.cat(phi).tolist()
    return {"unknown_word_importance": unknown, "mean_word_importance": fmean(known)}


class CNN(WordModel):
    """Convolutions of several widths over the words, max over time (Kim 2014; 200 filters of widths 3, 4, 5).

    A text is read as if followed by max(widths) - 1 empty words, whatever its batch holds. So the shortest text has one
    window of each width. Windows that lie wholly in the padding never count.
    """

    def __init__(self, *args, filters: int = 200, widths: Sequence[int] = (3, 4, 5), dropout: float = 0.2, **kwargs):
        super().__init__(*args, **kwargs)
        self.convolutions = nn.ModuleList(nn.Conv1d(self.dim, filters, width) for width in widths)
        self.dropout = nn.Dropout(dropout)
        self.output = nn.Linear(filters * len(widths), self.classes)

    def editor(self):
        return CnnEditor(self) if self.device.type == "cpu" else super().editor()

    def joins_batches(self) -> bool:
        own = type(self).encode_embeddings is CNN.encode_embeddings  # another's may draw its dropout otherwise
        return own and self.trains_on_cpu(self.embedding.weight)

    def trains_on_cpu(self, embeddings: Tensor) -> bool:
        """Whether training's own, faster formula serves: a gradient is wanted, once, in fp32 on a CPU."""
        return (
            self.training
            and torch.is_grad_enabled()
            and embeddings.device.type == "cpu"
            and embeddings.dtype == torch.float32
            and not torch.is_autocast_enabled("cpu")
        )

    def drop_noise(self, batch: Batch, features: int) -> Tensor:
        """What dropout multiplies features by, (batch, features): drawn part by part, as separate passes draw it."""
        ones = self.output.weight.new_ones
        return torch.cat(
            [F.dropout(ones(rows, features), self.dropout.p) for rows, _ in batch.parts or (tuple(batch.ids.shape),)]
        )

    def encode_embeddings(self, embeddings: Tensor, batch: Batch) -> Tensor:
        embeddings = embeddings * batch.present.unsqueeze(-1)  # padding carries nothing, also on IG's path
        if not self.trains_on_cpu(embeddings):
            return self.output(self.dropout(self.pooled(embeddings, batch.present)))  # (batch, classes)
        kept = self.drop_noise(batch, self.output.in_features)
        return self.output(pooled_windows(embeddings, batch.present, self.convolutions) * kept)

    def pooled(self, embeddings: Tensor, present: Tensor) -> Tensor:
        """The largest window of each filter, after ReLU: (batch, filters of all widths)."""
        channels = embeddings.transpose(1, 2)  # (batch, dim, tokens)
        pooled = []
        for convolution in self.convolutions:
            width = convolution.kernel_size[0]
            windows = F.relu(convolution(F.pad(channels, (0, width - 1))))  # (batch, filters, tokens)
            # ReLU is >= 0 and each text has a window at its first word: zero never wins wrongly over a real window
            windows = windows.masked_fill(~present.unsqueeze(1), 0.0)
            pooled.append(windows.amax(-1))  # (batch, filters)
        return torch.cat(pooled, -1)


class LSTM(WordModel):
    """One unidirectional layer, tanh, max over time without the padding (Appendix A; hidden 300)."""

    def __init__(self, *args, hidden: int = 300, dropout: float = 0.2, embedding_dropout: float = 0.2, **kwargs):
        super().__init__(*args, **kwargs)
        self.embedding_dropout = nn.Dropout(embedding_dropout)
        self.lstm = nn.LSTM(self.dim, hidden, batch_first=True)
        self.dropout = nn.Dropout(dropout)
        self.output = nn.Linear(hidden, self.classes)

    def editor(self):
        return LstmEditor(self) if self.device.type == "cpu" else super().editor()

    def drop_embeddings(self, embeddings: Tensor) -> Tensor:
        return self.embedding_dropout(embeddings)

    def encode_embeddings(self, embeddings: Tensor, batch: Batch) -> Tensor:
        states, _ = self.lstm(self.drop_embeddings(embeddings))  # (batch, tokens, hidden); padding comes last
        if batch.ids.is_cuda or not batch.present.all():  # a GPU is not made to wait for the answer
            states = states.masked_fill(~batch.present.unsqueeze(-1), -torch.inf)  # padding never wins
        # tanh rises: the largest of tanh is tanh of the largest. Unlike amax, max gives one place the gradient
        return self.output(self.dropout(torch.tanh(states.max(1).values)))  # (batch, classes)
