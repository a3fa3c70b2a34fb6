"""The model under attack, as TextAttack asks it: texts in, logits out."""

from collections.abc import Collection, Hashable, Sequence
from functools import cached_property

import numpy as np
import torch

from flat.attacks.textattack_adapter.environment import textattack
from flat.attacks.textattack_adapter.words import Word, located_words
from flat.errors import AttackError
from flat.models.edits.editor import Editor
from flat.models.edits.screening import Screen

TOLERANCE = 1e-5  # how far two answers to one text may lie apart, times the largest logit where that exceeds 1


class Victim(textattack.models.wrappers.ModelWrapper):
    """Asks a ``flat.models`` classifier for fp32 logits, each input of an example once.

    Texts that are one to the model (words outside its vocabulary, words beyond its length) get one answer: such ties
    are then ties to the last bit, whatever batch a text came in.

    Attributes:
        model: the classifier, in evaluation mode; its weights stay as they are.
        stochastic: the classifier is in training mode: dropout and sampled masks are on. Its first answer to a text
            stands for the whole example.
        forwards: different inputs that the model has answered since ``start_example``, whole texts or edits of one.
        offered: scores edits in low precision, where the job screens.
        screen: ``offered`` while a search may use it; None: all edits are asked in fp32.
    """

    offered: Screen | None = None
    screen: Screen | None = None

    def __init__(self, model, stochastic: bool = False):
        self.model, self.stochastic = model, stochastic
        self.start_example()

    @cached_property
    def editor(self) -> Editor:
        """Answers one-word edits (``flat.models.edits.editor``). Of a stochastic model it only tells inputs apart."""
        own = getattr(self.model, "editor", None)
        return Editor(self.model) if own is None or self.stochastic else own()

    def start_example(self) -> None:
        """Forget the answers of the example before.

        Answers could be kept longer, but their last bits depend on the batch a text came in: results would then depend
        on which examples a process had before.
        """
        getattr(self.model, "forget", lambda: None)()
        self.forwards = 0
        self._answers: dict[Hashable, np.ndarray] = {}
        self._signatures: dict[str, Hashable] = {}

    def signature(self, text: str) -> Hashable:
        """What the model sees of a text; equal for two texts that it cannot tell apart."""
        if text not in self._signatures:
            self._signatures[text] = getattr(self.model, "signature", tuple)(text.split())
        return self._signatures[text]

    @property
    def answered(self) -> Collection[Hashable]:
        """Signatures of the texts that ``logits`` remembers."""
        return self._answers.keys()

    def logits(self, texts: Sequence[str]) -> np.ndarray:
        """float32 logits (texts, classes)."""
        keys = [self.signature(text) for text in texts]
        fresh: dict[Hashable, str] = {}
        for key, text in zip(keys, texts, strict=True):
            if key not in self._answers:
                fresh.setdefault(key, text)
        if fresh:
            self._answers.update(zip(fresh, self.whole(list(fresh.values())), strict=True))
            self.forwards += len(fresh)
        return np.stack([self._answers[key] for key in keys])

    def settled(self, texts: Sequence[str]) -> np.ndarray:
        """float32 logits (texts, classes) of one batch whose last bits decide: ``logits`` says the same from now on.

        A text on the very border of two classes may be of another class in another batch. A ledger that noted that one
        would contradict the search. What was answered before stands.
        """
        found = self.whole(texts)
        for text, row in zip(texts, found, strict=True):
            self._answers.setdefault(self.signature(text), row)
        return found

    def whole(self, texts: Sequence[str]) -> np.ndarray:
        """float32 logits (texts, classes) of one batch, asked without looking at what was answered before."""
        mode = {"stochastic": True} if self.stochastic else {}
        return np.asarray(self.model.logits([text.split() for text in texts], **mode), dtype=np.float32)

    @property
    def max_length(self) -> int:
        """Words of a text that a ranking by gradients looks at: no more are read of it."""
        return self.model.max_length

    def gradients(self, words: Sequence[str], label: int | None = None) -> np.ndarray:
        """Gradient of the cross entropy by the embedding of each word that the model reads, (words, dim) float32.

        A word of several pieces has their mean. The model stays in the mode that it is in: evaluation, but for attacks
        on a model in training mode.

        Args:
            label: the class; None: the one that the model answers.

        Raises:
            AttackError: the model has none, as a black box.
        """
        if not hasattr(self.model, "embed"):
            raise AttackError("the victim", "has no gradients", "attack it by an attack that needs none")
        batch = self.model.encode([list(words)]).to(next(self.model.parameters()).device)
        with torch.enable_grad(), torch.backends.cudnn.flags(enabled=False):  # cuDNN's LSTM has none in evaluation
            embeddings = self.model.embed(batch).detach().requires_grad_()  # (1, tokens, dim)
            logits = self.model.classify(embeddings, batch)
            wanted = logits.argmax(1) if label is None else torch.tensor([label], device=logits.device)
            (found,) = torch.autograd.grad(torch.nn.functional.cross_entropy(logits, wanted), embeddings)
        found, places = found[0].float().cpu().numpy(), batch.word_index[0].cpu().numpy()
        rows = np.zeros((int(places.max(initial=-1)) + 1, found.shape[1]), dtype=np.float32)
        for n in np.unique(places[places >= 0]):  # a word without pieces keeps its zeros
            rows[n] = found[places == n].mean(0)
        return rows

    def get_grad(self, text_input: str) -> dict[str, np.ndarray]:
        """What TextAttack's rankings by gradients ask for: a row of ``gradient`` for each of ``tokenize``'s tokens."""
        rows = self.gradients(text_input.split())
        tokens = np.asarray([word.token for word in self._words_read(text_input)], dtype=np.int64)
        return {"ids": tokens, "gradient": rows[tokens]}

    def tokenize(self, inputs: Sequence[str], strip_prefix: bool = False) -> list[list[str]]:
        """TextAttack's own words of each text, as far as the model reads it.

        A word is so aligned with itself, whatever pieces the model makes of it.
        """
        return [[word.text for word in self._words_read(text)] for text in inputs]

    def _words_read(self, text: str) -> list[Word]:
        words = text.split()
        read = int(self.model.encode([words]).word_index.max()) + 1 if words else 0
        return [word for word in located_words(" ".join(words)) if word.token < read]

    def __call__(self, text_input_list: Sequence[str]) -> torch.Tensor:
        """What TextAttack's goal functions ask for: a tensor of logits, never mistaken for probabilities.

        They leave a batch as it is when each of its rows happens to sum to 1; one added to every logit changes no
        probability but moves such sums away from 1.
        """
        logits = torch.from_numpy(self.logits(text_input_list))
        if ((logits.sum(dim=1) - 1).abs() < 1e-4).all():
            logits = logits + 1
        return logits


def probe(victim: Victim, texts: Sequence[str]) -> None:
    """Make sure that the victim answers the same whatever the time and the batch (docs/guards.md: within 1e-5).

    A stochastic victim, with dropout or sampled masks left on, would fake robustness. Beyond logits of size 1 the
    tolerance grows with them, as float32's steps do: a saturated victim is for the calibration guard to catch.

    Raises:
        AttackError: a part of the model is in training mode, or two answers to one text differ, or are no numbers.
    """
    modules = victim.model.named_modules() if hasattr(victim.model, "named_modules") else ()
    training = [name or "the model" for name, module in modules if module.training]
    if training:
        raise AttackError(
            "the victim",
            f"is in training mode ({training[0]})",
            "call model.eval() before the attack: this is a defect",
        )
    words = [text.split() for text in texts]
    first = victim.model.logits(words)
    finite(first)
    allowed = TOLERANCE * max(1.0, float(np.abs(first).max(initial=0.0)))
    for size in (64, 1, 3):
        getattr(victim.model, "forget", lambda: None)()  # what is asked is whether it answers the same again
        apart = float(np.abs(victim.model.logits(words, batch_size=size) - first).max(initial=0.0))
        if not apart <= allowed:
            raise AttackError(
                "the victim",
                f"gives one text logits that differ by {apart:.2g} (batches of {size}), more than {allowed:.2g}",
                "a stochastic or batch-dependent model fakes robustness: mend its evaluation mode",
            )


def finite(logits: np.ndarray) -> np.ndarray:
    """The same logits.

    Raises:
        AttackError: one is no number, and could not be ranked.
    """
    if not np.isfinite(logits).all():
        raise AttackError("the victim", "answers infinite or undefined logits", "look at its training's history.csv")
    return logits
