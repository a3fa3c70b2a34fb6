"""Low precision on a machine that has none: products of rounded numbers."""

import torch
from torch.utils._python_dispatch import TorchDispatchMode

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
