"""Low precision on a machine that has none: products of rounded numbers. Texts to try it on."""

import numpy as np
import pandas as pd
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from flat.attacks.job import screening_of

WORDS = ["good", "great", "fine", "bad", "awful", "dire", "film", "movie", "plot", "acting", "superb", "the", "is", "a"]
ATEN = torch.ops.aten
PRODUCTS = {ATEN.mm.default: 0, ATEN.bmm.default: 0, ATEN.addmm.default: 1}  # -> its first factor's place
PRODUCTS |= {ATEN.linear.default: 0, ATEN.matmul.default: 0}


class RoundedProducts(TorchDispatchMode):
    """Factors of matrix products keep the eight bits of bf16's mantissa, or ``coarse`` times fewer steps."""

    def __init__(self, coarse: float = 1.0):
        super().__init__()
        self.coarse = coarse

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        if function in PRODUCTS:
            first = PRODUCTS[function]
            factors = [self._rounded(factor) for factor in args[first : first + 2]]
            args = (*args[:first], *factors, *args[first + 2 :])
        return function(*args, **(kwargs or {}))

    def _rounded(self, numbers: torch.Tensor) -> torch.Tensor:
        rounded = numbers.bfloat16().float()
        return numbers + self.coarse * (rounded - numbers)


def examples(encoder, count=24, least=3, most=22, seed=5) -> pd.DataFrame:
    """Random texts, labelled with what the model answers: none is skipped."""
    rng = np.random.default_rng(seed)
    texts = [" ".join(rng.choice(WORDS, int(rng.integers(least, most)))) for _ in range(count)]
    labels = encoder.logits([text.split() for text in texts]).argmax(1)
    return pd.DataFrame({"example_id": [f"e{i:03}" for i in range(count)], "text": texts, "label": labels})


def counts(run) -> dict:
    return screening_of(run.screening, [row["screening"] for row in run.rows()])["screening"]
