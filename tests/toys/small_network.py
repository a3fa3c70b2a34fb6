"""A CNN over four words with random weights, and the configuration that it is built from."""

import torch

from flat.models import registry

WORDS = ["<pad>", "<unk>", "good", "bad"]
NETWORK = {"kind": "cnn", "options": {"filters": 4}, "classes": 2, "max_length": 5, "mask": "none", "mask_hidden": 4}
NETWORK |= {"switches": {}}


def model():
    torch.manual_seed(0)
    vectors = torch.randn(len(WORDS), 6)
    vectors[0] = 0
    return registry.build(**NETWORK, words=WORDS, vectors=vectors)
