"""A linear layer in evaluation, by oneDNN's kernel with the weights laid out for it once.

PyTorch lays a weight out anew for each product. Done once, a product of an encoder's size takes 0.85 to 0.9 of the time
with AVX-512, and as long with AVX2 (docs/performance.md). The layout takes as much memory as the weight. oneDNN adds up
in another order than MKL: its rounding error is 1.8 times as large. An attack's guard does not allow for that, so edits
are answered without it.
"""

from functools import cache

import torch
from torch import Tensor, nn

ROWS = 1024  # of the products that the layout is chosen for


class Product:
    """``layer(rows)`` up to rounding; a weight that has changed since is laid out again.

    Args:
        layer: on the CPU, in float32. With a gradient asked for it answers itself.
    """

    def __init__(self, layer: nn.Linear):
        self.layer = layer
        self._seen, self._laid_out = None, None

    def __call__(self, rows: Tensor) -> Tensor:
        if torch.is_grad_enabled() or torch.is_autocast_enabled("cpu") or not serves():
            return self.layer(rows)
        weight = self.layer.weight
        if self._seen != (weight.data_ptr(), weight._version):
            self._seen = weight.data_ptr(), weight._version
            self._laid_out = torch.ops.mkldnn._reorder_linear_weight(weight.detach(), ROWS)
        return torch.ops.mkldnn._linear_pointwise(rows, self._laid_out, self.layer.bias, "none", [], "")

    def __getstate__(self):
        return {"layer": self.layer, "_seen": None, "_laid_out": None}  # a layout cannot be copied


@cache
def serves() -> bool:
    """Whether this build of PyTorch has the kernel, and the processor what makes it faster."""
    return torch.backends.mkldnn.is_available() and "AVX512" in torch.backends.cpu.get_cpu_capability()
