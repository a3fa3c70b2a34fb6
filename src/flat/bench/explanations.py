"""LIME and integrated gradients: ours against the packages people use, one text at a time (docs/performance.md).

Stock LIME is ``LimeTextExplainer`` with all words as features and the classifier function that its users write. A CNN
or LSTM answers through ``logits``. BERT is as transformers loads it, behind its own tokenizer. It gets all strings that
the package hands over in one batch. Stock integrated gradients is one call of Captum per text and class. Both
sides draw the same masks and take the same 50 steps. Ours neither enumerates short texts here nor doubles steps. Both
LIMEs get the words that the model reads: ours takes no others as features, the package takes whatever it is given.
"""

from collections.abc import Callable
from functools import partial

import numpy as np
import torch

from flat.bench.material import victim
from flat.bench.measure import Comparison
from flat.bench.wrappers import network_of
from flat.interpretation import integrated_gradients, lime_words
from flat.interpretation.masked_texts import words_read
from flat.models.batch import Batch
from flat.models.encoders.encoder import Encoder
from flat.models.interface import Classifier
from flat.study.seeds import seed_of

SAMPLES = 1000
STEPS = 50
Texts = list[tuple[str, int]]
Sides = tuple[Callable[[], list], Callable[[], list]]


def comparisons() -> list[Comparison]:
    lime, ig = partial(np.allclose, rtol=0, atol=1e-4), partial(np.allclose, rtol=0, atol=1e-5)
    return [
        Comparison("lime-cnn", 11.4, partial(_lime, "cnn"), same=lime),
        Comparison("lime-bert", 2, partial(_lime, "bert"), same=lime, short=2),
        Comparison("ig-cnn", 5.3, partial(_ig, "cnn"), same=ig),
        Comparison("ig-bert", 1.8, partial(_ig, "bert"), same=ig, short=3),
    ]


def _lime(name: str, texts: Texts) -> Sides:
    model = victim(name)
    words = [text.split() for text, _ in texts]
    words = [text[: words_read(model, text)] for text in words]
    seeds = [seed_of("lime", " ".join(text)) for text in words]
    answer = _strings_answered(model)

    def stock() -> list:
        from lime.lime_text import LimeTextExplainer  # for cost

        found = []
        for text, seed in zip(words, seeds, strict=True):
            explainer = LimeTextExplainer(
                split_expression=str.split,
                bow=False,
                mask_string=model.unknown_word,
                feature_selection="none",
                random_state=np.random.RandomState(np.random.MT19937(seed)),
            )
            labels = range(model.classes)
            size = {"num_features": len(text), "num_samples": SAMPLES}
            fits = explainer.explain_instance(" ".join(text), answer, labels=labels, **size).local_exp
            found.append([[weight for _, weight in sorted(fits[label])] for label in labels])
        return found

    def ours() -> list:
        return _scores(lime_words.explain(model, words, samples=SAMPLES, seeds=seeds, exact_below=0))

    import lime.lime_text  # for cost  # noqa: F401 (what is not measured: imports)

    return stock, ours


def _ig(name: str, texts: Texts) -> Sides:
    model = victim(name)
    words = [text.split() for text, _ in texts]
    forward = _embeddings_answered(model)

    def stock() -> list:
        return [[_by_captum(model, forward, text, target) for target in range(model.classes)] for text in words]

    def ours() -> list:
        return _scores(integrated_gradients.explain(model, words, steps=STEPS, tolerance=float("inf")))

    import captum.attr  # for cost  # noqa: F401

    return stock, ours


def _by_captum(model: Classifier, forward: Callable, text: list[str], target: int) -> list[float]:
    """Captum's attributions of a text's words to a class's logit."""
    from captum.attr import IntegratedGradients  # for cost

    batch = model.encode([text])
    with torch.no_grad():
        embeddings, baseline = model.embed(batch), model.baseline(batch)
    method = IntegratedGradients(partial(forward, batch=batch))
    tokens = method.attribute(embeddings, baseline, target=target, n_steps=STEPS)[0].sum(-1)
    own = batch.word_index[0] >= 0
    return torch.zeros(len(text), dtype=tokens.dtype).index_add_(0, batch.word_index[0][own], tokens[own]).tolist()


def _scores(found: list) -> list:
    """(classes, words) of each text."""
    return [[one.scores.tolist() for one in attributions] for attributions in found]


def _strings_answered(model: Classifier) -> Callable[[list[str]], np.ndarray]:
    """Class probabilities of texts, as the lime package wants them: (texts, classes)."""
    network = network_of(model) if isinstance(model, Encoder) else None

    @torch.inference_mode()
    def answer(strings: list[str]) -> np.ndarray:
        if network is None:
            logits = torch.from_numpy(model.logits([string.split() for string in strings]))
        else:
            options = {"padding": True, "truncation": True, "max_length": model.max_length, "return_tensors": "pt"}
            split = [string.split() for string in strings]
            logits = network(**model.tokenizer(split, is_split_into_words=True, **options)).logits
        return logits.double().softmax(-1).numpy()

    return answer


def _embeddings_answered(model: Classifier) -> Callable:
    """Logits of points on a path of one text's embeddings."""
    if isinstance(model, Encoder):
        network = network_of(model)
        return lambda points, batch: (
            network(inputs_embeds=points, attention_mask=batch.present.long().expand(len(points), -1)).logits
        )
    return lambda points, batch: model.classify(points, _copies(batch, len(points)))


def _copies(batch: Batch, number: int) -> Batch:
    parts = (batch.ids, batch.present, batch.special, batch.word_index)
    return Batch(*(part.expand(number, -1) for part in parts))
