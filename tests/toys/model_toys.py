"""Untrained models of every kind over a few words."""

import torch

from flat.models import registry

WORDS = ["<pad>", "<unk>", *(f"w{i}" for i in range(60))]


TEXTS = [["w1"], ["w2", "w3", "unseen"], [f"w{i}" for i in range(40)], ["W4", "w5"], []]


def make(kind="cnn", mask="none", seed=0, **options):
    torch.manual_seed(seed)
    vectors = torch.randn(len(WORDS), 8)
    vectors[0] = 0
    groups = torch.arange(len(WORDS)) % 4
    return registry.build(
        kind, options, classes=3, max_length=12, words=WORDS, vectors=vectors, mask=mask, mask_hidden=16, groups=groups
    )
