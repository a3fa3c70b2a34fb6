"""A linear layer in evaluation, by oneDNN's kernel with the weights laid out for it once.

PyTorch lays a weight out anew for each product. Done once, a product of an encoder's size takes 0.85 to 0.9 of the time
with AVX-512, and as long with AVX2 (docs/performance.md). A layout takes as much memory as the weight. oneDNN adds up
in another order than MKL: its rounding error is 1.8 times as large (``flat.models.edits.bert.ONEDNN_ERROR``).
"""

from functools import cache

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

ROWS = 1024  # of the products that the layout is chosen for


class Product:
    """``layer(rows)`` up to rounding, differentiable in ``rows`` alone; changed weights are laid out again.

    Args:
        layer: on the CPU, in float32.
    """

    def __init__(self, layer: nn.Linear):
        self.layer = layer
        self._laid_out: dict[bool, tuple[tuple[int, int], Tensor]] = {}

    def __call__(self, rows: Tensor) -> Tensor:
        if torch.is_autocast_enabled("cpu") or not serves():
            return self.layer(rows)
        if torch.is_grad_enabled() and rows.requires_grad:
            return _Differentiable.apply(rows, self)
        return self.times(rows, transposed=False)

    def times(self, rows: Tensor, transposed: bool) -> Tensor:
        """``rows`` times the layer's weight with its bias; times the transposed weight without."""
        weight = self.layer.weight
        version = weight.data_ptr(), weight._version
        seen, laid_out = self._laid_out.get(transposed, (None, None))
        if seen != version:
            plain = weight.detach().t().contiguous() if transposed else weight.detach()
            laid_out = torch.ops.mkldnn._reorder_linear_weight(plain, ROWS)
            self._laid_out[transposed] = version, laid_out
        return torch.ops.mkldnn._linear_pointwise(
            rows, laid_out, None if transposed else self.layer.bias, "none", [], ""
        )

    def __getstate__(self):
        return {"layer": self.layer, "_laid_out": {}}  # a layout cannot be copied


class _Differentiable(torch.autograd.Function):
    @staticmethod
    def forward(ctx, rows: Tensor, product: Product) -> Tensor:
        ctx.product = product
        return product.times(rows, transposed=False)

    @staticmethod
    @once_differentiable
    def backward(ctx, gradient: Tensor) -> tuple[Tensor, None]:
        return ctx.product.times(gradient.contiguous(), transposed=True), None


@cache
def serves() -> bool:
    """Whether this build of PyTorch has the kernel, and the processor what makes it faster."""
    return torch.backends.mkldnn.is_available() and "AVX512" in torch.backends.cpu.get_cpu_capability()
