"""Captum's methods behind the door of explainers: one adapter for those by gradients, one for those by coalitions.

A method by gradients is asked of the embeddings of one text, through the word mask. A method by coalitions is asked of
which words are there; a word that is out is the model's unknown word, so that black boxes can be explained too. Draws
come from the text's seed alone. Captum draws from the generators of torch and of NumPy, which are put back.

DeepLift is not here: it needs a network of modules each used once, and a recurrent layer has no rule. Layer methods
explain no words.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import numpy as np
import torch
from captum.attr import GradientShap, NoiseTunnel, Saliency, ShapleyValueSampling
from torch import Tensor

from flat.interpretation.explainers.gradients import UNDEFINED, by_word, embedded
from flat.interpretation.explainers.kernel_shap import SMALLEST_CHANGE, Asked
from flat.interpretation.integrated_gradients import recurrent_backward, repeated
from flat.interpretation.masked_texts import words_read
from flat.interpretation.word_attribution import WordAttribution, check_fit_to_explain
from flat.models.interface import Classifier

# (logits of embeddings, embeddings, their baseline, target, options) -> a score per number, (1, tokens, dim)
OfEmbeddings = Callable[[Callable, Tensor, Tensor, int, object], Tensor]


def gradient_shap(model: Classifier, texts, targets, seeds, options) -> list[list[WordAttribution]]:
    """GradientShap (Lundberg and Lee 2017): gradients at random points between baseline and text, times the way.

    With ``noise`` the points lie around the text. Without, it is integrated gradients by Monte Carlo.

    Raises:
        RuntimeError: the model is in training mode.
    """

    def score(logits: Callable, embeddings: Tensor, baseline: Tensor, target: int, options) -> Tensor:
        stdevs = options.noise * _range(embeddings)
        return GradientShap(logits).attribute(
            embeddings, baselines=baseline, n_samples=options.samples, stdevs=stdevs, target=target
        )

    return _by_gradients(score, model, texts, targets, seeds, options)


def smooth_grad(model: Classifier, texts, targets, seeds, options) -> list[list[WordAttribution]]:
    """SmoothGrad (Smilkov et al. 2017): the mean gradient around the text, times the embedding.

    Without ``noise`` it is input x gradient.

    Raises:
        RuntimeError: the model is in training mode.
    """

    def score(logits: Callable, embeddings: Tensor, baseline: Tensor, target: int, options) -> Tensor:
        tunnel = NoiseTunnel(Saliency(logits))
        stdevs = options.noise * _range(embeddings)
        given = {"nt_type": "smoothgrad", "nt_samples": options.samples, "stdevs": stdevs}
        return tunnel.attribute(embeddings, **given, abs=False, target=target) * embeddings

    return _by_gradients(score, model, texts, targets, seeds, options)


def shapley_sampling(model: Classifier, texts, targets, seeds, options) -> list[list[WordAttribution]]:
    """Shapley values of words by drawn orders (Castro et al. 2009): what each word adds when it comes, in the mean.

    The values of a class sum to its probability for the text less that for a text of unknown words.

    Raises:
        RuntimeError: the model is in training mode.
    """
    check_fit_to_explain(model)
    found = []
    for words, wanted, seed in zip(texts, targets, seeds, strict=True):
        read = words_read(model, words)
        asked = Asked(model, words, 1024 if model.device.type == "cuda" else 128)
        found.append([_sampled(asked, len(words), read, target, seed, options.orders) for target in wanted])
    return found


def _sampled(asked: Asked, words: int, read: int, target: int, seed: int, orders: int) -> WordAttribution:
    scores, error = np.zeros(words, dtype=np.float32), UNDEFINED
    if read:
        method = ShapleyValueSampling(lambda masks: torch.from_numpy(asked(masks.bool().numpy())[:, target]))
        whole, none = torch.ones(1, read), torch.zeros(1, read)
        with drawn(seed, torch.device("cpu")):
            values = method.attribute(whole, baselines=none, n_samples=orders, perturbations_per_eval=read)[0].double()
        scores[:read] = values.numpy()
        ends = asked(np.array([[True] * read, [False] * read]))[:, target]
        change = float(ends[0] - ends[1])
        error = abs(float(values.sum()) - change) / max(abs(change), SMALLEST_CHANGE)
    return WordAttribution(scores, error, orders * read + 1)


def _by_gradients(
    score: OfEmbeddings,
    model: Classifier,
    texts: Sequence[Sequence[str]],
    targets: Sequence[Sequence[int]],
    seeds: Sequence[int],
    options,
) -> list[list[WordAttribution]]:
    """A method that Captum asks of embeddings; every class of a text gets the same draws."""
    check_fit_to_explain(model)
    found = []
    with recurrent_backward(model):
        for words, wanted, seed in zip(texts, targets, seeds, strict=True):
            batch, embeddings = embedded(model, words)
            with torch.no_grad():
                baseline = model.baseline(batch)

            def logits(points: Tensor, batch=batch) -> Tensor:
                return model.classify(points, repeated(batch, len(points)))

            rows = []
            for target in wanted:
                with torch.enable_grad(), drawn(seed, model.device):
                    points = embeddings.detach().clone().requires_grad_()
                    rows.append(score(logits, points, baseline, target, options).detach().double().sum(-1)[0])
            tokens = torch.stack(rows) if rows else torch.zeros(0, batch.ids.shape[1], dtype=torch.float64)
            found.append(by_word(tokens, batch, len(words), options.samples, [UNDEFINED] * len(wanted)))
    return found


def _range(embeddings: Tensor) -> float:
    """Of the numbers of a text's embeddings: what a share of noise is a share of."""
    values = embeddings.detach()
    return float(values.max() - values.min()) if values.numel() else 0.0


@contextmanager
def drawn(seed: int, device: torch.device) -> Iterator[None]:
    """The generators of torch and NumPy from this seed, and afterwards as they were."""
    before = np.random.get_state()
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        torch.manual_seed(seed % 2**63)
        np.random.seed(seed % 2**32)
        try:
            yield
        finally:
            np.random.set_state(before)
