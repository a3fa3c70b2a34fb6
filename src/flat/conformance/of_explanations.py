"""What every explainer and every metric of explanations promises."""

from pathlib import Path

import numpy as np
import torch

from flat.conformance.material import CLASSES, TEXTS, own_model, vectors
from flat.conformance.promises import Promise, Texts, fewer_numbers, fewer_words
from flat.interpretation.asking import Ask
from flat.interpretation.attributions import Question, as_attributions
from flat.interpretation.explainers.occlusion import probabilities
from flat.models.fingerprint import weights_digest
from flat.models.interface import Classifier
from flat.plugins.kinds import Explainer, Metric
from flat.plugins.registry import MODELS

NEAR = 1e-4


def of_explainer(plugin: Explainer, folder: Path) -> list[Promise]:
    """Tried on FLAT's own kinds of model that it suits, with random weights."""
    kinds = [name for name in ("cnn", "lstm", "encoder") if plugin.suits(MODELS[name])]
    options = plugin.options()

    def answers(kind: str, texts: Texts, seed: int = 5) -> list[np.ndarray]:
        """(classes, words) of each text."""
        model, classes = own_model(kind, folder), list(range(CLASSES))
        given = plugin.load()(model, texts, [classes] * len(texts), [seed] * len(texts), options)
        asked = [Question(tuple(text), tuple(classes), seed) for text in texts]
        return [np.stack([one.scores for one in of_text]) for of_text in as_attributions(given, asked, plugin.name)]

    def on_each(check):
        def broken(texts: Texts) -> str | None:
            for kind in kinds:
                if problem := check(kind, texts):
                    return f"{problem} (on a {kind})"
            return None

        return broken

    def shape(kind: str, texts: Texts) -> str | None:
        whole = all(np.isfinite(scores).all() for scores in answers(kind, texts))
        return None if whole else "a score is no finite number"

    def batch(kind: str, texts: Texts) -> str | None:
        together = answers(kind, texts)
        gap = max(_apart(one, answers(kind, [text])[0]) for one, text in zip(together, texts, strict=True))
        return f"a text's scores move by {gap:.2g} with the texts beside it" if gap > NEAR else None

    def seed(kind: str, texts: Texts) -> str | None:
        torch.manual_seed(1)
        np.random.seed(1)
        first = answers(kind, texts)
        torch.manual_seed(2)
        np.random.seed(2)
        gap = max(map(_apart, answers(kind, texts), first))
        if gap > 0:
            return f"one seed gives two answers, {gap:.2g} apart"
        other = answers(kind, texts, seed=6)
        if not plugin.random and max(map(_apart, other, first)) > 0:
            return "another seed gives another answer, though it does not say that it is random"
        return None

    def draws(kind: str, texts: Texts) -> str | None:
        torch.manual_seed(3)
        before = torch.get_rng_state()
        answers(kind, texts)
        return None if torch.equal(torch.get_rng_state(), before) else "it moves torch's own generator"

    def unmoved(kind: str, texts: Texts) -> str | None:
        model = own_model(kind, folder)
        before = weights_digest(model.state_dict())
        answers(kind, texts)
        if model.training or weights_digest(model.state_dict()) != before:
            return "it leaves the model changed"
        return None

    def complete(kind: str, texts: Texts) -> str | None:
        model, declared = own_model(kind, folder), plugin.complete
        for words, scores in zip(texts, answers(kind, texts), strict=True):
            gain = _gain(model, words, declared.baseline, declared.output)
            error = float(np.abs(scores.sum(1) - gain).max()) / max(float(np.abs(gain).max()), 1e-3)
            if error > declared.within:
                return (
                    f"the scores sum to {scores.sum(1).round(4).tolist()} where the {declared.output} gains "
                    f"{gain.round(4).tolist()}"
                )
        return None

    texts = TEXTS[:5]
    found = [
        Promise("shape", "a finite score per word, for each text and class", [texts], on_each(shape), fewer_words),
        Promise("batch", "a text's scores do not depend on the texts beside it", [texts], on_each(batch), fewer_words),
        Promise("seed", "a text's seed decides what is drawn, nothing else does", [texts], on_each(seed), fewer_words),
        Promise("generator", "torch's own generator is left as it was", [texts[:3]], on_each(draws), fewer_words),
        Promise("model", "the model is left as it was", [texts[:3]], on_each(unmoved), fewer_words),
    ]
    if plugin.complete:
        says = f"scores sum to the {plugin.complete.output}'s gain over the {plugin.complete.baseline} baseline"
        found.append(Promise("completeness", says, [texts], on_each(complete), fewer_words))
    return found


def of_metric(plugin: Metric, folder: Path) -> list[Promise]:
    """Tried on pairs of score vectors, or on scores for the words of small texts."""
    options = plugin.options()

    def value(pair: tuple[list[float], list[float]]) -> float:
        one, other = (np.array(vector, dtype=np.float32) for vector in pair)
        if plugin.of == "pairs":
            return plugin.load()(one, other, options)
        model = own_model("cnn", folder)
        words = [TEXTS[-1][place % len(TEXTS[-1])] for place in range(len(one))]
        return plugin.load()(Ask(model), words, 1, one, options)

    def number(pair) -> str | None:
        found = value(pair)
        good = isinstance(found, int | float | np.floating | np.integer) and not isinstance(found, bool)
        return None if good and not np.isinf(found) else f"it gives {found!r}: a number is meant, NaN where undefined"

    def within(pair) -> str | None:
        found = float(value(pair))
        meant = f"{'' if plugin.low is None else plugin.low} to {'' if plugin.high is None else plugin.high}"
        return None if plugin.holds(found) else f"it gives {found:.6g}: its declared range is {meant}"

    def again(pair) -> str | None:
        np.random.seed(1)
        first = float(value(pair))
        np.random.seed(2)
        second = float(value(pair))
        return None if first == second or (np.isnan(first) and np.isnan(second)) else f"{first:.6g}, then {second:.6g}"

    def untouched(pair) -> str | None:
        one = np.array(pair[0], dtype=np.float32)
        kept = one.copy()
        if plugin.of == "pairs":
            plugin.load()(one, np.array(pair[1], dtype=np.float32), options)
        else:
            value((one, pair[1]))
        return None if np.array_equal(one, kept) else "it changes the scores that it is given"

    def best(pair) -> str | None:
        same, other = float(value((pair[0], pair[0]))), float(value(pair))
        worse = other - same if plugin.better == "higher" else same - other
        return f"a text is less like itself ({same:.6g}) than like another ({other:.6g})" if worse > NEAR else None

    given = vectors()
    found = [
        Promise("number", "a number, NaN where it is undefined", given, number, fewer_numbers),
        Promise("range", "the value lies in the declared range", given, within, fewer_numbers),
        Promise("repeat", "the same explanations give the same value", given, again, fewer_numbers),
        Promise("scores", "the scores are left as they were", given[:20], untouched, fewer_numbers),
    ]
    if plugin.of == "pairs" and plugin.better != "neither":
        found.append(Promise("likeness", "no explanation is more like another than itself", given, best, fewer_numbers))
    return found


def _apart(one: np.ndarray, other: np.ndarray) -> float:
    return float(np.abs(one - other).max(initial=0.0)) / max(1.0, float(np.abs(other).max(initial=0.0)))


def _gain(model: Classifier, words: list[str], baseline: str, output: str) -> np.ndarray:
    """(classes,) of the text's answers less the baseline's."""
    if baseline == "embeddings":
        batch = model.encode([words])
        with torch.no_grad():
            ends = [model.classify(point, batch)[0].numpy() for point in (model.embed(batch), model.baseline(batch))]
    else:
        other = [model.unknown_word] * len(words) if baseline == "unknown" else []
        ends = [model.logits([words])[0], model.logits([other])[0]]
    one, none = (probabilities(end.astype(float)) if output == "probability" else end.astype(float) for end in ends)
    return one - none
