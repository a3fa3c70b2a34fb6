"""What every model promises: answers that do not depend on a text's company, words that stay words, true gradients."""

from pathlib import Path

import numpy as np
import torch

from flat.conformance.material import CLASSES, TEXTS, build
from flat.conformance.promises import Promise, Texts, fewer_words
from flat.models import checkpoint
from flat.models.interface import Classifier
from flat.plugins.kinds import Model

NEAR = 1e-4  # how far two logits of one text may lie apart, for each unit of the largest


def promises(plugin: Model, folder: Path) -> list[Promise]:
    """The promises of a kind of model, tried on one of it with random weights."""
    built: list[Classifier] = []

    def model() -> Classifier:
        if not built:
            built.append(build(plugin, folder / "encoder", "variational" if plugin.trained else "none"))
        return built[0]

    def apart(one: np.ndarray, other: np.ndarray) -> float:
        return float(np.abs(one - other).max(initial=0.0)) / max(1.0, float(np.abs(other).max(initial=0.0)))

    def alone(texts: Texts) -> np.ndarray:
        return np.concatenate([model().logits([text]) for text in texts])

    def shape(texts: Texts) -> str | None:
        found = model().logits(texts)
        if found.shape != (len(texts), CLASSES):
            return f"logits of shape {found.shape} for {len(texts)} texts and {CLASSES} classes"
        return None if np.isfinite(found).all() else "a logit is no finite number"

    def batch(texts: Texts) -> str | None:
        gap = apart(model().logits(texts), alone(texts))
        return f"a text's logits move by {gap:.2g} with the texts that are asked beside it" if gap > NEAR else None

    def order(texts: Texts) -> str | None:
        gap = apart(model().logits(texts[::-1])[::-1], model().logits(texts))
        return f"logits move by {gap:.2g} with the order of the texts" if gap > NEAR else None

    def seed(texts: Texts) -> str | None:
        torch.manual_seed(1)
        first = model().logits(texts)
        torch.manual_seed(2)
        gap = apart(model().logits(texts), first)
        return f"logits move by {gap:.2g} from one time to the next" if gap > 0 else None

    def edits(texts: Texts) -> str | None:
        editor = model().editor()
        for words in texts:
            places = [*range(len(words)), *range(len(words) if len(words) > 1 else 0)]
            put = ["fine"] * len(words) + [None] * (len(places) - len(words))
            edited = [
                words[:p] + ([] if word is None else [word]) + words[p + 1 :]
                for p, word in zip(places, put, strict=True)
            ]
            gap = apart(editor.open(words).logits(places, put), alone(edited))
            if gap > NEAR:
                return f"the editor's answers to one-word edits lie {gap:.2g} from those to the whole texts"
        return None

    found = [
        Promise("shape", "logits (texts, classes), each a finite number", [TEXTS], shape, fewer_words),
        Promise("batch", "a text's answer does not depend on the texts beside it", [TEXTS], batch, fewer_words),
        Promise("order", "nor on their order", [TEXTS], order, fewer_words),
        Promise("repeat", "in evaluation a text has one answer, bit for bit", [TEXTS], seed, fewer_words),
        Promise("edits", "edits are answered as whole texts are", [TEXTS[:5]], edits, fewer_words),
    ]
    return found + _of_trained(plugin, folder, model, apart) if plugin.trained else found


def _of_trained(plugin: Model, folder: Path, model, apart) -> list[Promise]:
    """Promises of models that show their tokens, weights and gradients."""

    def words(texts: Texts) -> str | None:
        """Tokens of other words stay as they are when one word changes: no token is made of two words."""
        for text in texts:
            before = _by_word(model(), text)
            for place in range(min(len(text), len(before))):
                for other in ("fine", "bad", "unheard"):
                    after = _by_word(model(), [*text[:place], other, *text[place + 1 :]])
                    cut = min(len(before), len(after))  # a longer word may push the last ones out
                    changed = [n for n in range(max(0, cut - 1)) if n != place and before[n] != after[n]]
                    if changed:
                        return (
                            f"tokens of word {changed[0]} ({text[changed[0]]!r}) change when word {place} becomes "
                            f"{other!r}: tokens do not keep to words"
                        )
        return None

    def aligned(texts: Texts) -> str | None:
        for text in texts:
            batch = model().encode([text])
            index = batch.word_index[0][batch.maskable[0]].tolist()
            read = sorted(set(index))
            if read != list(range(len(read))) or index != sorted(index) or (read and read[-1] >= len(text)):
                return f"word_index is {index} for {len(text)} words: the words that are read, in their order"
            if bool((batch.word_index[0][~batch.maskable[0]] != -1).any()):
                return "padding or a special token has a word"
        return None

    def padding(texts: Texts) -> str | None:
        together = model().encode(texts)
        with torch.no_grad():
            found = model()(together.to(model().device)).numpy()
        gap = apart(found, np.concatenate([model().logits([text]) for text in texts]))
        return f"logits move by {gap:.2g} with the padding beside a text" if gap > NEAR else None

    def gradients(texts: Texts) -> str | None:
        """The gradient along a random direction against a difference of two answers, in float64."""
        exact = model().double()
        try:
            for text in texts:
                batch = exact.encode([text])
                point = exact.embed(batch).detach()
                direction = torch.randn(point.shape, generator=torch.Generator().manual_seed(3), dtype=point.dtype)
                direction = direction * batch.maskable.unsqueeze(-1)
                moving = point.clone().requires_grad_()
                logit = exact.classify(moving, batch)[0, 0]
                (gradient,) = torch.autograd.grad(logit, moving, allow_unused=True)
                if gradient is None:
                    return "the logits do not depend on the embeddings"
                with torch.no_grad():
                    step = 1e-5
                    ends = [exact.classify(point + s * step * direction, batch)[0, 0] for s in (1, -1)]
                    slope, told = float((ends[0] - ends[1]) / (2 * step)), float((gradient * direction).sum())
                if abs(slope - told) > 1e-3 * max(1.0, abs(slope)):
                    return f"the gradient says {told:.4g} where the logit moves by {slope:.4g}"
        finally:
            model().float()
        return None

    def resume(texts: Texts) -> str | None:
        config = {"kind": plugin.name, "options": plugin.options().model_dump(exclude_unset=True), "classes": CLASSES}
        config |= {"max_length": model().max_length, "mask": "variational", "mask_hidden": 7}
        place = folder / "checkpoint"
        place.mkdir(exist_ok=True)
        checkpoint.save(model(), place, config)
        gap = apart(checkpoint.load(place).logits(texts), model().logits(texts))
        return f"a saved model that is loaded answers {gap:.2g} otherwise" if gap > 0 else None

    return [
        Promise("padding", "padding changes no answer", [TEXTS], padding, fewer_words),
        Promise(
            "alignment",
            "each token belongs to a word, and the words read are the first ones",
            [TEXTS],
            aligned,
            fewer_words,
        ),
        Promise("words", "a word's tokens are its own: others stay when it changes", [TEXTS], words, fewer_words),
        Promise("gradients", "gradients are those of the answers", [TEXTS[:4]], gradients, fewer_words),
        Promise(
            "checkpoint", "a model that is saved and loaded answers the same, bit for bit", [TEXTS], resume, fewer_words
        ),
    ]


def _by_word(model: Classifier, text: list[str]) -> list[list[int]]:
    """The token ids of each word that is read."""
    batch = model.encode([text])
    found: list[list[int]] = []
    for token, word in zip(batch.ids[0].tolist(), batch.word_index[0].tolist(), strict=True):
        if word >= 0:
            found += [[] for _ in range(word + 1 - len(found))]
            found[word].append(token)
    return found
