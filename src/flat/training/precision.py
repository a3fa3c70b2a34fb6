"""``precision: bf16`` on machines with bf16 arithmetic, and on those without.

A matrix product in bf16 multiplies numbers of 8 significant bits and adds the products up in fp32. Where a processor
lacks such instructions a library imitates them: measured, 8 to 45 times slower than fp32. There we multiply the same
rounded numbers as fp32 and round the sum to bf16. That is as fast as fp32, and gives bf16's results but for the order
of additions.
"""

import logging
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from math import isfinite

import torch
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_map_only

from flat.models.devices import has_bf16

log = logging.getLogger(__name__)

FP32, BF16, ROUNDED = "fp32", "bf16", "fp32 products of bf16-rounded numbers"
_aten = torch.ops.aten
# what multiplies matrices, in training and its backward pass
PRODUCTS = {
    _aten.mm.default,
    _aten.bmm.default,
    _aten.addmm.default,
    _aten.baddbmm.default,
    _aten.addmv.default,
    _aten.mv.default,
    _aten.convolution.default,
    _aten.convolution_backward.default,
    _aten._scaled_dot_product_flash_attention_for_cpu.default,
    _aten._scaled_dot_product_flash_attention_for_cpu_backward.default,
    _aten.mkldnn_rnn_layer.default,
    _aten.mkldnn_rnn_layer_backward.default,
}
# results that stay fp32 beside bf16 operands: the sums that attention's backward pass divides by
FP32_RESULTS = {_aten._scaled_dot_product_flash_attention_for_cpu.default: 1}


def arithmetic(precision: str, device: str | torch.device) -> str:
    """What ``precision`` (fp32 | bf16) is computed with on a device, for metrics.json: FP32, BF16 or ROUNDED."""
    if precision == "fp32":
        return FP32
    return BF16 if has_bf16(device) else ROUNDED


@contextmanager
def reduced(how: str, device: str | torch.device) -> Iterator[None]:
    """A forward pass in bf16, unless ``how`` is FP32: matrix products in bf16, sums and losses in fp32 (autocast)."""
    if how == FP32:
        yield
        return
    with _MaskedInRange(), torch.autocast(torch.device(device).type, torch.bfloat16):
        yield


def products(how: str) -> AbstractContextManager:
    """Within, bf16 products are computed as ``how`` says: put the forward passes and their backward passes into it."""
    return _RoundedProducts() if how == ROUNDED else nullcontext()


def say(how: str, device: str | torch.device) -> None:
    """One line in a job's log where bf16 is asked for and the device has none."""
    if how == ROUNDED:
        log.info("this %s has no bf16 arithmetic: %s (metrics.json says so)", torch.device(device).type, ROUNDED)


class _RoundedProducts(TorchDispatchMode):
    """bf16 operands of a product are given to it as fp32, its fp32 results are rounded to bf16."""

    def __torch_dispatch__(self, operation, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        if operation not in PRODUCTS or not _any_bf16(args):
            return operation(*args, **kwargs)
        args, kwargs = tree_map_only(torch.Tensor, _widened, (args, kwargs))
        results = operation(*args, **kwargs)
        if (kept := FP32_RESULTS.get(operation)) is None:
            return tree_map_only(torch.Tensor, _rounded, results)
        return tuple(_rounded(result) if place != kept else result for place, result in enumerate(results))


def _any_bf16(args: tuple) -> bool:
    return any(isinstance(a, torch.Tensor) and a.dtype is torch.bfloat16 for a in args)


def _widened(tensor: torch.Tensor) -> torch.Tensor:
    return tensor.float() if tensor.dtype is torch.bfloat16 else tensor


def _rounded(tensor: torch.Tensor) -> torch.Tensor:
    return tensor.bfloat16() if tensor.dtype is torch.float32 else tensor


class _MaskedInRange(TorchFunctionMode):
    """A mask's value is brought into the range of the tensor that it falls on.

    DeBERTa (v1) masks its attention scores, which are bf16 here, with the least number of fp32, which bf16 cannot hold.
    """

    def __torch_function__(self, function, types, args=(), kwargs=None):
        if function in (torch.Tensor.masked_fill, torch.masked_fill) and len(args) == 3:
            scores, _, value = args
            if isinstance(value, float) and isfinite(value) and scores.is_floating_point():
                args = (*args[:2], max(value, torch.finfo(scores.dtype).min))
        return function(*args, **(kwargs or {}))
