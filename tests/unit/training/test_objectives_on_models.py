"""Every objective on a network of every kind, with a mask and without: which weights it moves."""

import encoder_toys
import numpy as np
import pytest
import torch

from flat.models import registry
from flat.plugins.registry import OBJECTIVES
from flat.training.objective import Weights
from flat.training.objectives.a2t import gradients as importances_of
from flat.training.objectives.convex_hull import ConvexHull
from flat.training.objectives.plain import Plain
from flat.training.objectives.substitutes import Substitutes
from flat.training.strategy import Step, chosen

TEXTS = [["the", "film", "is", "good"], ["very", "dull", "plot"], ["warm", "film"]]
OTHERS = [["the", "film", "is", "baddeed"], ["very", "bad", "plot"]]  # baddeed: six pieces of an encoder
LABELS = torch.tensor([0, 1, 2])


class Space:
    index = dict.fromkeys(["good", "dull"])

    def neighbours(self, word, k):
        return [("warm", 0.9), ("bad", 0.8)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return encoder_toys.write(tmp_path_factory.mktemp("bert"), "bert")


@pytest.fixture(params=["cnn", "lstm", "encoder"])
def kind(request):
    return request.param


def make(kind, mask, folder):
    if kind == "encoder":
        return encoder_toys.make(folder, mask).train()
    torch.manual_seed(1)
    words = ["<pad>", "<unk>", *dict.fromkeys(word for text in TEXTS + OTHERS for word in text)]
    given = {"classes": 3, "max_length": 16, "words": words, "vectors": torch.randn(len(words), 6), "mask": mask}
    return registry.build(kind, {}, **given).train()


def step(model):
    generators = [torch.Generator().manual_seed(seed) for seed in (1, 2)]
    pairs = [model.encode(OTHERS), torch.tensor([0, 1])]
    return Step(model, model.encode(TEXTS), LABELS, *pairs, torch.full((2, 4), -1), Weights(), *generators, *pairs)


def objective(name):
    if name == "made":
        return Plain()
    if name != "ascc":
        return chosen(name).objective
    made = ConvexHull.__new__(ConvexHull)
    made.options, made._ids = OBJECTIVES[name].options(steps=2), {}
    made.substitutes = Substitutes(Space(), frozenset(), 5, 0.5)
    return made


def moved_by(model, name):
    """The weights with a gradient after a step's parts; all gradients are numbers."""
    torch.manual_seed(5)
    for part in objective(name).losses(step(model)):
        part["total"].backward()
    assert model.training
    found = {key: p.grad for key, p in model.named_parameters() if p.grad is not None}
    assert all(torch.isfinite(gradient).all() for gradient in found.values())
    return {key for key, gradient in found.items() if gradient.abs().max() > 0}


@pytest.mark.parametrize("mask", ["none", "variational"])
@pytest.mark.parametrize("name", ["freelb", "freelb-plus", "r-drop", "temperature", "made", "ascc"])
def test_a_step_moves_the_weights_that_flats_own_objective_moves(kind, mask, name, folder):
    if (kind, name) == ("encoder", "ascc"):  # its hulls are made of whole words' vectors
        assert OBJECTIVES[name].built_from == ("vectors",)
        return
    found, plain = (moved_by(make(kind, mask, folder), one) for one in (name, "flat"))
    assert found == plain and any(key.startswith("mask") for key in found) == (mask == "variational")


def test_importance_is_of_each_word_that_is_read_whatever_its_pieces(kind, folder):
    """Against the change of the loss along the gradient of a word's embeddings."""
    model = make(kind, "none", folder).eval().double()
    right, found = importances_of(model, OTHERS, np.array([0, 1]))
    assert right.shape == (2,) and [len(one) for one in found] == [4, 3]
    batch = model.encode(OTHERS)
    embeddings = model.embed(batch).detach().requires_grad_()
    torch.nn.functional.cross_entropy(model.classify(embeddings, batch), LABELS[:2], reduction="sum").backward()
    for text, importance in enumerate(found):
        for word, value in enumerate(importance):
            own = embeddings.grad[text][(batch.word_index[text] == word) & batch.maskable[text]]
            assert value == pytest.approx(float(own.mean(0).abs().sum()), rel=1e-6) and value > 0
