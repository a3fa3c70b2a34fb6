"""Masks: worked by hand on tiny networks."""

import math

import model_toys
import pytest
import torch

from flat.models import word_models
from flat.models.batch import Batch
from flat.models.interface import word_phi
from flat.models.masks import GroupMask, Mask, VariationalWordMask, build_mask


def batch_of(present, special=None, word_index=None):
    present = torch.tensor(present)
    special = torch.tensor(special) if special is not None else torch.zeros_like(present)
    index = torch.tensor(word_index) if word_index is not None else torch.arange(present.shape[1]).expand_as(present)
    return Batch(torch.zeros(present.shape, dtype=torch.long), present, special, index)


def mask_with_probability(p: float, dim: int = 3) -> VariationalWordMask:
    """A mask network whose phi is p for every word."""
    mask = VariationalWordMask(dim, 4)
    with torch.no_grad():
        mask.network[2].weight.zero_()
        mask.network[2].bias.copy_(torch.tensor([0.0, math.log(p / (1 - p))]))
    return mask


def test_phi_is_the_probability_of_keeping_the_word():
    mask = mask_with_probability(0.8)
    phi = mask.phi(torch.randn(2, 5, 3), batch_of([[True] * 5] * 2))
    assert phi.shape == (2, 5)
    assert torch.allclose(phi, torch.full((2, 5), 0.8), atol=1e-6)


def test_phi_depends_on_the_word_alone():
    torch.manual_seed(0)
    mask = VariationalWordMask(3)
    word = torch.randn(3)
    embeddings = torch.randn(2, 6, 3)
    embeddings[0, 1] = embeddings[0, 4] = embeddings[1, 5] = word
    phi = mask.phi(embeddings, batch_of([[True] * 6] * 2)).detach()
    assert phi[0, 1] == pytest.approx(float(phi[0, 4])) == pytest.approx(float(phi[1, 5]))
    assert ((phi > 0) & (phi < 1)).all()
    assert len(set(phi.flatten().tolist())) > 3  # and differs between words


def test_entropy_by_hand_over_real_tokens_only():
    # H(0.8) = -(0.8 ln 0.8 + 0.2 ln 0.2) = 0.50040
    mask = mask_with_probability(0.8)
    with_padding = batch_of([[True, True, False, False], [True] * 4], [[True, False, False, False], [False] * 4])
    entropy = mask.entropy(torch.randn(2, 4, 3), with_padding)
    assert torch.allclose(entropy, torch.tensor([0.50040, 0.50040]), atol=1e-5)
    assert entropy.min() >= 0


def test_entropy_ignores_pads_and_special_tokens():
    torch.manual_seed(1)
    mask = VariationalWordMask(3)
    words = torch.randn(1, 3, 3)
    alone = mask.entropy(words, batch_of([[True] * 3]))
    padded = torch.cat([torch.randn(1, 1, 3), words, torch.randn(1, 2, 3)], 1)  # CLS, three words, SEP, pad
    batch = batch_of([[True] * 5 + [False]], [[True, False, False, False, True, False]])
    assert torch.allclose(mask.entropy(padded, batch), alone)
    assert mask.entropy(padded, batch_of([[False] * 6])).item() == 0.0  # a text without words


def test_samples_are_hard_and_follow_phi_and_carry_gradient():
    mask = mask_with_probability(0.7)
    embeddings = torch.zeros(200, 50, 3)
    sample = mask.sample(embeddings, batch_of([[True] * 50] * 200), torch.Generator().manual_seed(0))
    assert set(sample.detach().round(decimals=5).unique().tolist()) == {0.0, 1.0}
    assert sample.mean().item() == pytest.approx(0.7, abs=0.01)
    sample.sum().backward()
    assert mask.network[2].bias.grad.abs().sum() > 0


def test_samples_depend_on_the_generator_alone():
    mask = mask_with_probability(0.5)
    batch, embeddings = batch_of([[True] * 9]), torch.zeros(1, 9, 3)
    first = mask.sample(embeddings, batch, torch.Generator().manual_seed(3))
    torch.manual_seed(99)
    again = mask.sample(embeddings, batch, torch.Generator().manual_seed(3))
    other = mask.sample(embeddings, batch, torch.Generator().manual_seed(4))
    assert torch.equal(first, again) and not torch.equal(first, other)


def test_group_mask_starts_at_one_and_shares_weights():
    mask = GroupMask(torch.tensor([2, 2, 0, 1, 0]))
    batch = Batch(torch.tensor([[2, 4, 3]]), *(torch.ones(1, 3, dtype=torch.bool),) * 2, torch.arange(3)[None])
    assert torch.equal(mask.phi(torch.zeros(1, 3, 2), batch), torch.ones(1, 3))
    with torch.no_grad():
        mask.weights.copy_(torch.tensor([0.5, 2.0, 9.0]))
    assert mask.phi(torch.zeros(1, 3, 2), batch).tolist() == [[0.5, 0.5, 2.0]]
    assert sum(p.numel() for p in mask.parameters()) == 3


def test_word_phi_is_the_largest_of_a_words_pieces():
    # CLS w0 w0 w1 SEP pad
    batch = batch_of([[True] * 5 + [False]], [[True, False, False, False, True, False]], [[-1, 0, 0, 1, -1, -1]])
    phi = torch.tensor([[0.99, 0.2, 0.6, 0.3, 0.98, 0.97]])
    assert torch.allclose(word_phi(phi, batch, 3), torch.tensor([[0.6, 0.3, 0.0]]))
    assert torch.allclose(word_phi(phi, batch, 1), torch.tensor([[0.6]]))  # later words are not asked for


def test_build_mask_refuses_unknown_kinds():
    assert type(build_mask("none", 3)) is Mask
    with pytest.raises(ValueError, match="soft"):
        build_mask("soft", 3)
    with pytest.raises(ValueError, match="group"):
        build_mask("group", 3)


@pytest.mark.parametrize("kind", ["cnn", "lstm"])
def test_the_importance_of_the_unknown_word_stands_beside_the_mean_of_the_known(kind, monkeypatch):
    model = model_toys.make(kind, "variational")
    with torch.no_grad():  # phi of a word: the sigmoid of its first number
        model.mask.network = torch.nn.Linear(8, 2)
        model.mask.network.weight.zero_()
        model.mask.network.weight[1, 0] = 1
        model.mask.network.bias.zero_()
        model.embedding.weight[:, 0] = math.log(3)  # every word's phi: 3/4 ...
        model.embedding.weight[1, 0] = 0  # ... the unknown word's: 1/2 ...
        model.embedding.weight[2, 0] = math.log(1 / 3)  # ... and one word's: 1/4
    wanted = {"unknown_word_importance": 0.5, "mean_word_importance": (0.25 + 59 * 0.75) / 60}
    for at_once in (4096, 7):  # whole or in parts, in evaluation or in training: phi is neither sampled nor dropped
        monkeypatch.setattr(word_models, "WORDS_AT_ONCE", at_once)
        for mode in (model.eval(), model.train()):
            assert word_models.importance_of_unknown(mode) == pytest.approx(wanted, abs=1e-6)
    model.eval()
    phi = model.phi(model.encode([["never-seen", "w0"]]))[0].tolist()  # what a substitute out of the vocabulary gets
    assert phi == pytest.approx([wanted["unknown_word_importance"], 0.25], abs=1e-6)


def test_models_without_a_variational_mask_have_learned_no_importance():
    assert [word_models.importance_of_unknown(model_toys.make("cnn", mask)) for mask in ("none", "group")] == [{}, {}]
    encoder = torch.nn.Module()  # no word model: its pieces know every word
    assert word_models.importance_of_unknown(encoder) == {}
