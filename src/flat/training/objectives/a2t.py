"""A2T: before each epoch a cheap attack on the model as it stands makes adversarial texts (Yoo and Qi, EMNLP 2021).

Algorithm 1 of the paper. The attack is theirs but for the bound on the similarity of sentences, which asks a sentence
encoder of every candidate: words in the order of their gradients, each replaced by the neighbour in the synonym space
that raises the loss most, with the same part of speech, up to a share of the text's words. Texts that the model gets
wrong as they are, and those whose label no replacement turns, are passed over.
"""

import math
from collections.abc import Iterator, Sequence

import numpy as np
import torch
import torch.nn.functional as F

from flat.attacks.lexicon.resources import AttackResources
from flat.models.interface import Classifier
from flat.plugins.own.objectives import Attacked
from flat.training.objectives.plain import Plain
from flat.training.objectives.substitutes import Substitutes, of_resources
from flat.training.pairs import Pairs
from flat.training.strategy import Epoch

AT_ONCE = 32  # texts whose gradients are taken together


class A2T(Plain):
    """``share`` of an epoch's originals come with an adversarial text, after ``clean_epochs`` without."""

    def __init__(self, options: Attacked, **resources: str):
        self.options = options
        self.substitutes = of_resources(resources, options.neighbours, options.least_cosine)
        self.tagger = AttackResources({"tagger": resources["tagger"]}).tagger

    def before_epoch(self, epoch: Epoch) -> Pairs | None:
        if epoch.number <= self.options.clean_epochs:
            return None
        substitutes = self.substitutes.among(epoch.texts)
        wanted, found = math.ceil(self.options.share * len(epoch.rows)), Pairs([], [])
        for row, order in _ranked(epoch):
            text = list(epoch.texts[row])
            attacked = self.attacked(epoch.model, text, int(epoch.labels[row]), order, substitutes)
            if attacked is not None:
                found.rows.append(row)
                found.texts.append(attacked)
            if len(found.rows) == wanted:
                break
        return found

    def attacked(
        self, model: Classifier, text: list[str], label: int, order: Sequence[int], substitutes: Substitutes
    ) -> list[str] | None:
        """The text with words replaced that the model gives another label, or None.

        Args:
            order: the places of its words, the most important first.
        """
        left = max(math.ceil(self.options.rate * len(text)), self.options.least_words)
        current = list(text)
        for place in order:
            others = self._others(current, place, substitutes) if left else ()
            candidates = [[*current[:place], word, *current[place + 1 :]] for word in others]
            if not candidates:
                continue
            logits = torch.from_numpy(model.logits([current, *candidates])).double()
            losses = -logits.log_softmax(-1)[:, label]
            best = 1 + int(losses[1:].argmax())
            if losses[best] <= losses[0]:
                continue
            current, left = candidates[best - 1], left - 1
            if int(logits[best].argmax()) != label:
                return current
        return None

    def _others(self, text: Sequence[str], place: int, substitutes: Substitutes) -> list[str]:
        """Substitutes of a word that have its part of speech where it stands."""
        others = substitutes.of(text[place])
        if not others:
            return []
        own, *tags = self.tagger.universal_in_context(text[:place], [text[place], *others], text[place + 1 :])
        return [word for word, tag in zip(others, tags, strict=True) if tag == own]


def _ranked(epoch: Epoch) -> Iterator[tuple[int, list[int]]]:
    """Rows that the model gets right, in a random order, with the places of their words, most important first."""
    rows = epoch.draws.permutation(epoch.rows)
    for start in range(0, len(rows), AT_ONCE):
        some = rows[start : start + AT_ONCE]
        right, importances = gradients(epoch.model, [epoch.texts[row] for row in some], epoch.labels[some])
        for row, is_right, importance in zip(some, right, importances, strict=True):
            if is_right:
                yield int(row), np.argsort(-importance, kind="stable").tolist()


def gradients(model: Classifier, texts: Sequence[Sequence[str]], labels: np.ndarray) -> tuple[np.ndarray, list]:
    """Which texts the model gets right, and of each text the importance of its words that are read.

    A word's importance is the L1 norm of the gradient of the text's cross entropy along its embedding, the mean over
    its pieces.
    """
    batch = model.encode(texts).to(model.device)
    gold = torch.as_tensor(labels, dtype=torch.long, device=model.device)
    embeddings = model.embed(batch).detach().requires_grad_()
    with torch.backends.cudnn.flags(enabled=False):  # cuDNN has no gradient of an LSTM in evaluation mode
        logits = model.classify(embeddings, batch)
        (slopes,) = torch.autograd.grad(F.cross_entropy(logits, gold, reduction="sum"), embeddings)
    right = (logits.argmax(-1) == gold).cpu().numpy()
    importances = []
    for own, words, is_word in zip(slopes.cpu(), batch.word_index.cpu(), batch.maskable.cpu(), strict=True):
        number = int(words[is_word].max()) + 1 if is_word.any() else 0
        total = own.new_zeros(number, own.shape[-1]).index_add_(0, words[is_word], own[is_word])
        pieces = torch.bincount(words[is_word], minlength=number).clamp(min=1)
        importances.append((total / pieces.unsqueeze(-1)).abs().sum(-1).double().numpy())
    return right, importances
