"""Small stand-ins for the attack tests: a bag-of-words victim and hand-made resources, no files of third parties."""

from functools import cached_property

import numpy as np
import pandas as pd
import torch

from flat.attacks.lexicon.resources import AttackResources
from flat.attacks.textattack_adapter import further_recipes as further
from flat.attacks.textattack_adapter import recipes as registry
from flat.attacks.textattack_adapter.environment import textattack
from flat.attacks.textattack_adapter.word_embedding import NeighbourEmbedding
from flat.models.batch import Batch
from flat.plugins.registry import ATTACKS
from flat.study.known.recipes import ROLES

WEIGHTS = {
    "good": 2.0, "great": 3.0, "fine": 0.5, "decent": -0.4, "superb": 2.5, "nice": 1.0,
    "bad": -2.0, "awful": -3.0, "poor": 0.3, "weak": -0.3, "dire": -2.5,
    "film": 0.1, "movie": 0.2, "picture": -0.1, "plot": 0.0, "story": 0.05, "acting": 0.1, "cast": -0.2,
}  # fmt: skip
NEAR = {
    "good": [("great", 0.8), ("fine", 0.7), ("decent", 0.6), ("superb", 0.55)],
    "great": [("superb", 0.9), ("good", 0.8), ("fine", 0.55)],
    "superb": [("great", 0.9), ("nice", 0.6), ("good", 0.55)],
    "bad": [("awful", 0.8), ("poor", 0.7), ("weak", 0.6), ("dire", 0.52)],
    "awful": [("dire", 0.85), ("bad", 0.8), ("poor", 0.6)],
    "dire": [("fine", 0.8)],
    "film": [("movie", 0.9), ("picture", 0.7), ("u.s.", 0.6)],
    "movie": [("film", 0.9), ("picture", 0.75)],
    "plot": [("story", 0.8)],
    "acting": [("cast", 0.6)],
}
SEMEMES = {
    "good": {"adj": ["fine", "nice", "bad"], "noun": ["story"]},
    "great": {"adj": ["superb", "fine", "weak"]},
    "bad": {"adj": ["good", "poor", "nice"]},
    "awful": {"adj": ["dire", "fine"]},
    "dire": {"adj": ["decent", "poor"]},
    "film": {"noun": ["movie", "picture", "e.g."]},
    "movie": {"noun": ["film", "cast"]},
    "plot": {"noun": ["story"], "verb": ["plan"]},
    "nice": {"adj": ["weak", "good"]},
}
# enough for the toys; the recipes' own values take seconds an example
SMALL = {recipe: {"pop_size": 6, "max_iters": 3} for recipe in ("gene", "iga", "pso")} | {
    "clare": {"max_candidates": 6}
}
RECIPES = ("textfooler", "pwws", "gene", "iga", "pso", "clare", "bae")  # the paper's
FURTHER = ("deepwordbug", "pruthi", "textbugger", "a2t", "bert-attack")
ALL = (*RECIPES, *FURTHER)
BUILT = registry.RECIPES | further.RECIPES
SENTENCES = [
    ("a good film with a decent plot", 1),
    ("great acting and a superb story in this movie", 1),
    ("a bad film", 0),
    ("an awful movie with poor acting , a weak plot and dire dialogue that nobody would ever want to hear", 0),
    ("good", 1),
    ("it 's a good movie , n't it ?", 1),
    ("awful", 1),  # the victim is wrong: skipped
    ("the plot", 1),
    ("nice film , great cast , and a fine story about two people who meet on a train to nowhere", 1),
    ("a dire picture", 0),
]
ODD_TEXTS = [
    "",
    "it 's n't",
    "a well-known 'quoted' film -- e.g. the u.s. one , @home *star*",
    "naïve café ½ 中文 words",
    "don't stop !!! >>>> ( 3.5 stars )",
]


class BagOfWords(torch.nn.Module):
    """Two classes; the logit of class 1 is the sum of the words' weights. ``break_on`` makes it fail on a word."""

    classes, max_length = 2, 50

    def __init__(self, weights=None, dropout: float = 0.0, break_on: str | None = None):
        super().__init__()
        self.words = list(weights or WEIGHTS)
        self.weight = torch.nn.Parameter(torch.tensor(list((weights or WEIGHTS).values())))
        self.dropout = torch.nn.Dropout(dropout)
        self.break_on = break_on
        self.asked: list[str] = []

    def encode(self, texts) -> Batch:
        """A text whose words are tokens; words that the model does not know are the last id."""
        index = {word: i for i, word in enumerate(self.words)}
        (text,) = texts
        read = text[: self.max_length]
        ids = torch.tensor([[index.get(word.lower(), len(index)) for word in read]], dtype=torch.long)
        present = torch.ones_like(ids, dtype=torch.bool)
        return Batch(ids, present, ~present, torch.arange(len(read))[None])

    def embed(self, batch):
        """(texts, tokens, 1): a signed root of each word's weight, so that gradients grow with weights."""
        weights = torch.cat([self.weight, torch.zeros(1)])[batch.ids].unsqueeze(-1)
        return weights.sign() * weights.abs().sqrt()

    def classify(self, embeddings, batch):
        score = (embeddings * embeddings.abs()).sum((1, 2))
        return torch.stack([-score, score], dim=1)

    def logits(self, texts, batch_size: int = 64) -> np.ndarray:
        self.asked += [" ".join(text) for text in texts]
        if any(self.break_on in text for text in texts):
            raise ZeroDivisionError(f"cannot read {self.break_on}")
        index = {word: i for i, word in enumerate(self.words)}
        score = torch.stack(
            [
                sum((self.weight[index[w.lower()]] for w in text if w.lower() in index), torch.zeros(()))
                for text in texts
            ]
        )
        rows = torch.stack([-score, score], dim=1)
        return self.dropout(rows).detach().numpy().astype(np.float32)


class Neighbours:
    """A neighbour table as ``flat.attacks.lexicon.synonyms`` gives it."""

    def __init__(self, near=None):
        near = near or NEAR
        self.words = sorted({*near, *(word for pairs in near.values() for word, _ in pairs)})
        self.index = {word: i for i, word in enumerate(self.words)}
        self._near = near
        self._cosine = {frozenset((a, b)): c for a, pairs in near.items() for b, c in pairs}

    def neighbours(self, word, k):
        return self._near.get(word, [])[:k]

    def cosine(self, a, b):
        return 1.0 if a == b else self._cosine.get(frozenset((a, b)), -1.0)


class Tagger:
    """Adjectives by list; everything else is a noun."""

    ADJECTIVES = frozenset(WEIGHTS) - {"film", "movie", "picture", "plot", "story", "acting", "cast"}

    def universal_tags(self, words):
        return ["ADJ" if word.lower() in self.ADJECTIVES else "NOUN" for word in words]


class WordSynonyms:
    def of(self, word):
        return [other for other, _ in NEAR.get(word, []) if other != "u.s."]


class Encoder:
    """Counts of letters: similar texts get similar vectors."""

    def __init__(self):
        self.encoded: list[str] = []
        self.batches: list[list[str]] = []

    def __call__(self, texts):
        self.encoded += list(texts)
        self.batches.append(list(texts))
        vectors = [[text.count(letter) + 0.1 for letter in "abcdefghijklmnopqrstuvwxyz "] for text in texts]
        return np.asarray(vectors, dtype=np.float32)


class LanguageModel:
    """Likes long words, the more so after long words."""

    def get_words_probs(self, previous, words):
        return [(len(word) + 1) / (40 + len(previous)) for word in words]


def toy_masked_network():
    """A random BERT of one layer that knows the toys' words and some pieces, and its tokenizer."""
    import torch
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
    from transformers import BertConfig, BertForMaskedLM, PreTrainedTokenizerFast

    words = sorted({*WEIGHTS, *(word for text, _ in SENTENCES for word in text.split())})
    pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "[unused1]", *words, "##ly", "##s", "un", "!", "1999"]
    vocabulary = {piece: i for i, piece in enumerate(pieces)}
    backend = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))
    backend.normalizer = normalizers.BertNormalizer()
    backend.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    ends = [("[CLS]", vocabulary["[CLS]"]), ("[SEP]", vocabulary["[SEP]"])]
    backend.post_processor = processors.TemplateProcessing("[CLS] $A [SEP]", "[CLS] $A [SEP] $B [SEP]", ends)
    special = {f"{name}_token": f"[{name.upper()}]" for name in ("pad", "unk", "cls", "sep", "mask")}
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=backend, model_max_length=512, **special)
    with torch.random.fork_rng():
        torch.manual_seed(5)
        sizes = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 32}
        config = BertConfig(
            vocab_size=len(pieces), max_position_embeddings=512, pad_token_id=0, initializer_range=0.5, **sizes
        )
        network = BertForMaskedLM(config).eval()
    return network, tokenizer


class ToyResources(AttackResources):
    """Every role played by a toy; each has a folder with one file, so that the lock finds something to digest."""

    def __init__(self, folder, encoder=None):
        folders = {role: folder / role for role in ROLES}
        for role, path in folders.items():
            path.mkdir(parents=True, exist_ok=True)
            (path / "data").write_text(role)
        super().__init__(folders=folders)
        self.synonyms = NeighbourEmbedding(Neighbours())
        self.tagger = Tagger()
        self.wordnet = WordSynonyms()
        self.stopwords = frozenset({"a", "the", "with", "and", "in", "this"})
        self.sentence_encoder = encoder or Encoder()
        self.sememes = SEMEMES
        self.language_model = LanguageModel()

    @cached_property
    def masked_language_model(self):
        from flat.attacks.lexicon.masked_language_model import MaskedLanguageModel

        return MaskedLanguageModel(*toy_masked_network())


def stock_recipe(recipe: str, victim, monkeypatch, tmp_path):
    """TextAttack's own recipe, built of its own components; the toys lie where these look for their downloads.

    Stop words come from ``nltk.data.path``; the sentence encoder is not loaded before it is asked.
    """
    import importlib
    import io
    import pickle
    import types

    entry = BUILT[recipe]
    own = NeighbourEmbedding(Neighbours())
    monkeypatch.setattr(textattack.shared.WordEmbedding, "counterfitted_GLOVE_embedding", lambda: own)
    google = textattack.constraints.grammaticality.language_models.google_language_model.google_language_model
    monkeypatch.setattr(google, "GoogLMHelper", LanguageModel)
    (tmp_path / "word_candidates_sense.pkl").write_bytes(pickle.dumps(SEMEMES))
    monkeypatch.setattr(textattack.shared.utils, "download_from_s3", lambda path: tmp_path / path.rpartition("/")[2])
    if recipe == "textbugger":  # TextAttack's release lacks a file that only its differential evolution reads
        homoglyphs = importlib.import_module("textattack.transformations.word_swaps.word_swap_homoglyph_swap")
        monkeypatch.setattr(homoglyphs, "open", lambda *_, **__: io.StringIO(), raising=False)
    if recipe == "a2t":
        sbert = importlib.import_module("textattack.constraints.semantics.sentence_encoders.sentence_bert.sbert")
        network = types.SimpleNamespace(to=lambda device: None, encode=lambda texts: Encoder()(texts))
        there = types.SimpleNamespace(SentenceTransformer=lambda name: network)
        monkeypatch.setattr(sbert, "sentence_transformers", there)
    if "masked_language_model" in ATTACKS[recipe].roles:
        import transformers

        network, tokenizer = toy_masked_network()
        for name in ("AutoModelForCausalLM", "AutoModelForMaskedLM"):
            monkeypatch.setattr(getattr(transformers, name), "from_pretrained", lambda *_, **__: network)
        monkeypatch.setattr(transformers.AutoTokenizer, "from_pretrained", lambda *_, **__: tokenizer)
    module = importlib.import_module(f"textattack.attack_recipes.{entry.module}")
    return getattr(module, entry.name).build(victim)


def toy_resources(tmp_path, encoder=None) -> ToyResources:
    return ToyResources(tmp_path, encoder)


def toy_examples(repeat: int = 1) -> pd.DataFrame:
    texts = SENTENCES * repeat
    return pd.DataFrame(
        {
            "example_id": [f"test-{i:06d}" for i in range(len(texts))],
            "text": [text for text, _ in texts],
            "label": [label for _, label in texts],
            "words": [text.split(" ") for text, _ in texts],
        }
    )


def spec(recipe: str, **values) -> dict:
    parameters = SMALL.get(recipe, {})
    return {"recipe": recipe, "query_budget": None, "resources": {}, "parameters": parameters, **values}
