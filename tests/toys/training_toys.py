"""A few texts and a model to train on them."""

import numpy as np
import torch

from flat.models import registry

WORDS = ["<pad>", "<unk>", "good", "bad", *(f"w{i}" for i in range(30))]


def make(mask="none", seed=0):
    torch.manual_seed(seed)
    vectors = torch.randn(len(WORDS), 10)
    vectors[0] = 0
    return registry.build(
        "cnn", {"filters": 8}, classes=2, max_length=9, words=WORDS, vectors=vectors, mask=mask, mask_hidden=8
    )


def data(n=120, seed=0):
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 2, n)
    texts = [
        [f"w{i}" for i in rng.integers(0, 30, rng.integers(2, 7))] + ["good" if label else "bad"] for label in labels
    ]
    return texts, labels
