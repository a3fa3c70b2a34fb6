"""Stock TextAttack 0.3.11, as its users run it: its own recipe, classes, ``Attacker`` and CSV log, nothing of ours.

What a recipe would download comes from where this pipeline has it. The package's own class reads NLTK's tagger and stop
words, and transformers' masked language models. For the rest the class keeps its interface and asks the same resource
plainly:

* counter-fitted vectors: the neighbour table, its distances remembered as ``WordEmbedding`` remembers them;
* Google's language model: the bigram table, answers remembered as ``GoogLMHelper`` remembers them;
* Universal Sentence Encoder: multilingual USE behind ``tensorflow_hub.load``;
* Flair's tagger: the perceptron tagger, each text object tagged once as Flair's sentence is;
* HowNet's candidates: the bank, without its file.
"""

import importlib
import random
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import patch

import numpy as np
import torch

from flat.attacks.attack import status_of
from flat.attacks.lexicon.resources import AttackResources
from flat.attacks.textattack_adapter import recipes as registry
from flat.attacks.textattack_adapter.build import override
from flat.attacks.textattack_adapter.environment import as_installed, textattack
from flat.attacks.textattack_adapter.words import attack_words
from flat.plugins.registry import ATTACKS

Answer = tuple[str, str, int]
"""Perturbed text, status and query count."""


def attack(
    recipe: str,
    wrapper,
    texts: Sequence[tuple[str, int]],
    resources: AttackResources,
    query_budget: int | None = None,
    parameters: dict | None = None,
    seed_of_text: Callable[[int], int] = lambda number: number,
    log: bool = True,
) -> list[Answer]:
    """Attack each text, in order.

    Args:
        recipe: a name of ``flat.attacks.textattack_adapter.recipes.RECIPES``.
        wrapper: a ``ModelWrapper`` of TextAttack.
        texts: with labels.
        resources: where the lexical resources are; loaded before, if loading them is not to be timed.
        seed_of_text: number of a text -> the seed of Python's, NumPy's and PyTorch's generators for it. (Stock seeds
            once; the searches draw, so that only equal seeds can give equal results.)
        log: write the CSV log, for which TextAttack marks what differs and guesses each text's language.
    """
    with stock_classes(recipe, resources), tempfile.TemporaryDirectory() as folder:
        entry = registry.RECIPES[recipe]
        module = importlib.import_module(f"textattack.attack_recipes.{entry.module}")
        built = getattr(module, entry.name).build(wrapper)
        override(built, entry, parameters or {}, query_budget)
        _seed_each(built, seed_of_text)
        file = str(Path(folder) / "log.csv") if log else None
        options = textattack.AttackArgs(num_examples=len(texts), log_to_csv=file, disable_stdout=True, silent=True)
        attacker = textattack.Attacker(built, textattack.datasets.Dataset(list(texts)), options)
        with redirect_stdout(StringIO()), redirect_stderr(StringIO()):
            results = attacker.attack_dataset()
    return [(r.perturbed_result.attacked_text.text, status_of(r), r.num_queries) for r in results]


def _seed_each(built, seed_of_text: Callable[[int], int]) -> None:
    own, number = built.attack, iter(range(sys.maxsize))

    def seeded(example, label):
        seed = seed_of_text(next(number))
        random.seed(seed)
        np.random.seed(seed % 2**32)
        torch.manual_seed(seed)
        return own(example, label)

    built.attack = seeded


@contextmanager
def stock_classes(recipe: str, resources: AttackResources) -> Iterator[None]:
    """Within, TextAttack is as installed, and finds what ``recipe`` would download."""
    import nltk  # for cost

    utils = textattack.shared.utils
    roles = ATTACKS[recipe].roles
    changes = [
        patch.object(nltk.data, "path", [str(resources.folder(r)) for r in roles if r in ("tagger", "stopwords")]),
        patch.object(importlib.import_module("textattack.attack_results.attack_result"), "detect", _detect()),
    ]
    if "tagger" in roles:
        changes += _flair(resources)
    if "synonyms" in roles:
        embedding = _Embedding(resources.synonyms.table)
        changes.append(
            patch.object(textattack.shared.WordEmbedding, "counterfitted_GLOVE_embedding", lambda: embedding)
        )
    if "language_model" in roles:
        google = textattack.constraints.grammaticality.language_models.google_language_model.google_language_model
        changes.append(patch.object(google, "GoogLMHelper", lambda: _LanguageModel(resources.language_model)))
    if "sememes" in roles:
        hownet = importlib.import_module("textattack.transformations.word_swaps.word_swap_hownet")
        changes += [
            patch.object(utils, "download_from_s3", lambda path: "/dev/null"),
            patch.object(hownet.pickle, "load", lambda stream: resources.sememes),
        ]
    if "sentence_encoder" in roles:
        encoders = importlib.import_module("textattack.constraints.semantics.sentence_encoders")
        use = encoders.universal_sentence_encoder.universal_sentence_encoder
        hub = SimpleNamespace(load=lambda url: lambda texts: _Numpy(resources.sentence_encoder(texts)))
        changes.append(patch.object(use, "hub", hub))
    if "masked_language_model" in roles:
        import transformers  # for cost

        model = resources.masked_language_model
        for name in ("AutoModelForCausalLM", "AutoModelForMaskedLM"):
            changes.append(patch.object(getattr(transformers, name), "from_pretrained", lambda *_, **__: model.network))
        changes.append(patch.object(transformers.AutoTokenizer, "from_pretrained", lambda *_, **__: model.tokenizer))
    with ExitStack() as stack:
        stack.enter_context(as_installed())
        for change in changes:
            stack.enter_context(change)
        yield


def _detect() -> Callable[[str], str]:
    """The language detector that the log asks about each result."""
    stand_in = sys.modules.pop("langdetect", None)  # where nothing is logged
    detect = importlib.import_module("langdetect").detect
    if stand_in is not None:
        sys.modules["langdetect"] = stand_in
    return detect


class _Numpy:
    """What TensorFlow's tensors have: ``numpy()``."""

    def __init__(self, vectors):
        self.vectors = vectors

    def numpy(self):
        return self.vectors


class _Embedding(textattack.shared.AbstractWordEmbedding):
    """``WordEmbedding`` on a neighbour table: neighbours made once, as its matrix of neighbours is; distances kept."""

    def __init__(self, table):
        self.table, self._near, self._distance = table, {}, {}

    def __getitem__(self, index):
        raise NotImplementedError

    def word2index(self, word):
        return self.table.index[word]

    def index2word(self, index):
        return self.table.words[index]

    def nearest_neighbours(self, index, topn):
        if index not in self._near:
            found = self.table.neighbours(self.table.words[index], topn)
            self._near[index] = [self.table.index[word] for word, _ in found if attack_words(word) == [word]]
        return self._near[index]

    def get_cos_sim(self, a, b):
        return self.table.cosine(self.table.words[a], self.table.words[b])

    def get_mse_dist(self, a, b):
        key = (min(a, b), max(a, b))
        if key not in self._distance:
            self._distance[key] = 2 - 2 * float(self.get_cos_sim(*key))
        return self._distance[key]


class _LanguageModel:
    """``GoogLMHelper.get_words_probs`` on a bigram table, word for word."""

    def __init__(self, bigrams):
        self.bigrams, self.cache = bigrams, {}

    def get_words_probs(self, prefix, list_words):
        fresh = list(dict.fromkeys(word for word in list_words if (prefix, word) not in self.cache))
        if fresh:
            self.cache.update(
                zip([(prefix, w) for w in fresh], self.bigrams.get_words_probs(prefix, fresh), strict=True)
            )
        return [self.cache[prefix, word] for word in list_words]


class _Sentence:
    """A text's words as Flair's ``Sentence`` holds them."""

    def __init__(self, text, use_tokenizer):
        self.words, self.tags = use_tokenizer.tokenize(text), []


def _flair(resources: AttackResources) -> list:
    """TextAttack's calls of Flair, answered by the local tagger."""
    tagger, utils = resources.tagger, textattack.shared.utils

    def flair_tag(sentence, tag_type="upos-fast"):
        sentence.tags = tagger.universal_tags(sentence.words)

    return [
        patch.object(sys.modules["textattack.shared.attacked_text"], "Sentence", _Sentence),
        patch.object(utils, "flair_tag", flair_tag),
        patch.object(utils, "zip_flair_result", lambda sentence, tag_type="": (sentence.words, sentence.tags)),
    ]
