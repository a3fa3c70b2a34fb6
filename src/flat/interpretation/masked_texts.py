"""How a model answers one text with words left out: thousands of texts that differ in nothing else.

Word models are asked by token ids, never by lists of words. A CNN's window of w words has 2^w forms, whatever the
number of masked texts: each form is computed once, and a masked text looks its windows up. Encoders get batches of
texts of one length, which need neither padding nor an attention mask.
"""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from flat.interpretation import convolution_path
from flat.models.batch import Batch
from flat.models.interface import Classifier
from flat.models.word_models import CNN, UNKNOWN, WordModel

WIDEST = 6  # a wider window has more forms than masked texts have windows


def words_read(model: Classifier, text: Sequence[str]) -> int:
    """How many of the words reach the model."""
    return int(model.encode([text]).word_index.max()) + 1 if len(text) else 0


@torch.inference_mode()
def probabilities(model: Classifier, text: Sequence[str], masks: np.ndarray, batch_size: int) -> np.ndarray:
    """Class probabilities (masks, classes) float64 of a text with words replaced by the model's unknown word.

    Masked texts that come out equal are asked once.

    Args:
        masks: (masks, words) bool, True where a word is kept; of the words that the model reads.
    """
    words, unknown = list(text), model.unknown_word
    by_ids = isinstance(model, WordModel) and type(model).encode is WordModel.encode
    if by_ids:
        ids = model.encode([text]).ids[0, : masks.shape[1]].numpy()
        hidden = ids == UNKNOWN  # masked or not, the model sees the same
    else:
        hidden = np.array([word == unknown for word in words[: masks.shape[1]]])
    distinct, back = np.unique(np.packbits(masks | hidden, axis=1), axis=0, return_inverse=True)
    shown = np.unpackbits(distinct, axis=1, count=masks.shape[1]).astype(bool)
    if by_ids and convolution_path.applies_to(model) and max(c.kernel_size[0] for c in model.convolutions) <= WIDEST:
        logits = _by_windows(model, ids, shown)
    elif by_ids:
        rows = torch.from_numpy(np.where(shown, ids, UNKNOWN)).to(model.device)
        logits = torch.cat([model(_whole(part)) for part in rows.split(batch_size)])
    else:
        logits = _by_words(model, words, shown, batch_size)
    return logits.double().softmax(-1).cpu().numpy()[back.reshape(-1)]


def _whole(ids: Tensor) -> Batch:
    """The batch of these token ids, one a word: (texts, words)."""
    present = torch.ones_like(ids, dtype=torch.bool)
    return Batch(ids, present, ~present, torch.arange(ids.shape[1], device=ids.device).expand_as(ids))


def _by_words(model: Classifier, words: list[str], shown: np.ndarray, batch_size: int) -> Tensor:
    """Logits (texts, classes), asked in batches of texts of equal length."""
    unknown, read = model.unknown_word, shown.shape[1]
    rest = words[read:]  # unread as the text stands, but a mask may be shorter than what it hides
    asked = [[w if keep else unknown for w, keep in zip(words, row, strict=False)] + rest for row in shown.tolist()]
    if model.packed is not None:
        return torch.from_numpy(model.packed.logits([model.signature(text) for text in asked], rounder=True))
    lengths = np.array(model.lengths(asked))
    logits = torch.empty(len(asked), model.classes)
    for length in np.unique(lengths):
        rows = np.flatnonzero(lengths == length)
        for part in np.split(rows, range(batch_size, len(rows), batch_size)):
            logits[part] = model(model.encode([asked[i] for i in part]).to(model.device)).float().cpu()
    return logits


def _by_windows(model: CNN, ids: np.ndarray, shown: np.ndarray) -> Tensor:
    """A CNN's logits (texts, classes): ``model(...)`` of the masked texts up to the order of its sums."""
    words = len(ids)
    one = _whole(torch.from_numpy(np.append(ids, UNKNOWN)[None]).to(model.device))
    seen = (model.embed(one) * model.phi(one).unsqueeze(-1))[0]  # (words + 1, dim), the unknown word last
    kept = torch.from_numpy(shown).to(model.device).long()
    pooled = []
    for convolution in model.convolutions:
        width = convolution.kernel_size[0]
        put = torch.einsum("td,fdo->otf", seen, convolution.weight)  # (places, words + 1, filters)
        # forms of a window: bit o says that its word at place o is shown; beyond the text there is nothing
        bits = torch.arange(2**width, device=seen.device).unsqueeze(1) >> torch.arange(width, device=seen.device) & 1
        form = torch.zeros(len(shown), words, dtype=torch.long, device=seen.device)
        table = convolution.bias.expand(words, 2**width, -1).clone()  # (windows, forms, filters)
        for place in range(min(width, words)):
            form[:, : words - place] += kept[:, place:] << place
            choice = bits[:, place].bool().view(1, -1, 1)
            table[: words - place] += torch.where(choice, put[place, place:words].unsqueeze(1), put[place, words])
        best = table[0].index_select(0, form[:, 0])  # (texts, filters)
        for window in range(1, words):
            torch.maximum(best, table[window].index_select(0, form[:, window]), out=best)
        pooled.append(best.relu_())
    return model.output(torch.cat(pooled, -1))
