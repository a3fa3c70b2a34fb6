"""What a device can multiply by itself."""

import os

import torch

BELOW_BF16 = ("AVX512_CORE", "AVX512_CORE_VNNI")  # of oneDNN's names; those without AVX-512 it knows itself


def has_bf16(device: str | torch.device) -> bool:
    """Whether a device multiplies bf16 numbers with instructions of its own.

    A processor's answer respects the limits that users set: ``ATEN_CPU_CAPABILITY``, ``ONEDNN_MAX_CPU_ISA``.
    """
    device = torch.device(device)
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    if device.type != "cpu":
        return False
    if not torch.backends.mkldnn.is_available() or not torch.ops.mkldnn._is_mkldnn_bf16_supported():
        return False
    can = torch.cpu.get_capabilities()
    if can.get("architecture") != "x86_64":
        return True
    limit = os.environ.get("ONEDNN_MAX_CPU_ISA", os.environ.get("DNNL_MAX_CPU_ISA", "")).upper()
    return bool(can.get("avx512_bf16") or can.get("amx_bf16")) and limit not in BELOW_BF16
