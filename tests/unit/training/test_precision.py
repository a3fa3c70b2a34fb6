"""``precision: bf16`` with bf16 arithmetic and without it: what is computed, said and recorded."""

import os
import platform
import subprocess
import sys

import encoder_toys as toys
import pytest
import torch
from encoder_training_toys import data, write_split

from flat.files.artefacts import read_json
from flat.models.devices import has_bf16
from flat.training import precision, rounds, trainer
from flat.training.objective import Weights
from flat.training.precision import BF16, FP32, ROUNDED, arithmetic, products, reduced
from flat.training.trainer import Options, train

X86 = platform.machine() in ("x86_64", "AMD64")


@pytest.mark.skipif(not X86, reason="these limits are of x86 processors")
@pytest.mark.parametrize(
    "limits",
    [
        {"ONEDNN_MAX_CPU_ISA": "AVX2", "ATEN_CPU_CAPABILITY": "avx2", "MKL_ENABLE_INSTRUCTIONS": "AVX2"},
        {"ONEDNN_MAX_CPU_ISA": "AVX512_CORE_VNNI"},
        {"DNNL_MAX_CPU_ISA": "avx512_core"},
    ],
)
def test_a_processor_kept_to_less_has_no_bf16(limits):
    code = "from flat.training.precision import *; print(has_bf16('cpu'), arithmetic('bf16', 'cpu'))"
    kept = {name: value for name, value in os.environ.items() if "CPU_ISA" not in name}
    run = subprocess.run([sys.executable, "-c", code], env=kept | limits, capture_output=True, text=True, check=True)
    assert run.stdout.strip() == f"False {ROUNDED}"


@pytest.mark.parametrize(("has", "how"), [(True, BF16), (False, ROUNDED)])
def test_what_is_asked_and_what_is_computed(monkeypatch, has, how):
    monkeypatch.setattr(precision, "has_bf16", lambda device: has)
    assert (arithmetic("bf16", "cpu"), arithmetic("fp32", "cpu")) == (how, FP32)


def test_a_device_of_another_kind_has_none():
    assert not has_bf16("meta")


def test_rounded_products_are_fp32_products_of_the_rounded_numbers_rounded_again():
    torch.manual_seed(0)
    left, right, bias = torch.randn(5, 7), torch.randn(7, 3), torch.randn(3)
    weight = torch.nn.Parameter(right.clone())
    with products(ROUNDED):
        with reduced(ROUNDED, "cpu"):
            out = torch.nn.functional.linear(left, weight.T, bias)
        out.float().sum().backward()
    a, w, b = (x.bfloat16().float() for x in (left, right, bias))
    assert out.dtype is torch.bfloat16 and torch.equal(out, torch.addmm(b, a, w).bfloat16())
    assert torch.equal(weight.grad, (a.T @ torch.ones(5, 3)).bfloat16().float())


def test_what_is_not_bf16_is_left_alone():
    a, b = torch.randn(4, 4), torch.randn(4, 4)
    with products(ROUNDED):
        assert torch.equal(a @ b, torch.mm(a, b)) and (a.long() @ b.long()).dtype is torch.long


def test_attention_keeps_its_fp32_sums():
    torch.manual_seed(0)
    query, key, value = (torch.randn(2, 2, 9, 16, dtype=torch.bfloat16, requires_grad=True) for _ in range(3))
    results = []
    for how in (BF16, ROUNDED):
        with products(how):
            out = torch.nn.functional.scaled_dot_product_attention(query, key, value)
            results.append([out, *torch.autograd.grad(out.float().square().sum(), (query, key, value))])
    for native, rounded in zip(*results, strict=True):
        assert rounded.dtype is torch.bfloat16
        assert torch.allclose(native.float(), rounded.float(), rtol=0.05, atol=0.05)


@pytest.mark.parametrize("module", [torch.nn.Conv1d(6, 4, 3), torch.nn.LSTM(6, 4, batch_first=True)])
def test_convolutions_and_recurrences_too(module):
    torch.manual_seed(0)
    texts = torch.randn(3, 6, 6)
    found = []
    for how in (FP32, ROUNDED):
        module.zero_grad()
        with products(how):
            with reduced(how, "cpu"):
                out = module(texts)
            out = out[0] if isinstance(out, tuple) else out
            out.float().square().sum().backward()
        found.append((out.float().detach(), *(p.grad.clone() for p in module.parameters())))
    for full, rounded in zip(*found, strict=True):
        assert torch.allclose(full, rounded, rtol=0.1, atol=0.1) and not torch.equal(full, rounded)


def trained(folder, how, monkeypatch, family="bert"):
    texts, labels = data(60)
    model = toys.make(folder, "variational")
    monkeypatch.setattr(trainer, "arithmetic", lambda *_: how)
    options = Options(2, 8, 0.005, "adamw", clip_norm=1.0, precision="fp32" if how == FP32 else "bf16")
    train(model, texts, labels, data(30, 1), options, Weights(0.1, 0.1), 7)
    return torch.from_numpy(model.logits(texts))


def test_a_model_trained_on_rounded_products_is_nearer_to_bf16_than_fp32_is(tmp_path, monkeypatch):
    folder = toys.write(tmp_path, "bert", initializer_range=0.1)
    fp32, bf16, rounded = (trained(folder, how, monkeypatch) for how in (FP32, BF16, ROUNDED))
    assert (rounded - bf16).abs().max() < (fp32 - bf16).abs().max() / 2


@pytest.mark.parametrize("how", [BF16, ROUNDED])
@pytest.mark.parametrize("family", ["deberta", "deberta-v2"])
def test_debertas_train_in_bf16(tmp_path, monkeypatch, family, how):
    """The first DeBERTa masks bf16 scores with the least number of fp32."""
    folder = toys.write(tmp_path, family, initializer_range=0.1)
    assert torch.isfinite(trained(folder, how, monkeypatch)).all()


def test_only_a_mask_that_is_out_of_range_is_changed():
    scores, mask = torch.zeros(2, dtype=torch.bfloat16), torch.tensor([True, False])
    least = torch.finfo(torch.float32).min
    with reduced(BF16, "cpu"):
        assert scores.masked_fill(mask, least)[0] == torch.finfo(torch.bfloat16).min
        assert scores.masked_fill(mask, -7.0)[0] == -7.0 and scores.float().masked_fill(mask, least)[0] == least
        assert scores.masked_fill(mask, float("inf"))[0] == float("inf")
        assert scores.masked_fill(mask, float("-inf"))[0] == float("-inf")


@pytest.mark.parametrize(
    ("asked", "has", "how"), [("fp32", False, FP32), ("bf16", True, BF16), ("bf16", False, ROUNDED)]
)
def test_a_training_says_and_records_its_arithmetic(tmp_path, monkeypatch, caplog, asked, has, how):
    monkeypatch.setattr(precision, "has_bf16", lambda device: has)
    texts, labels = data(24)
    splits = {name: write_split(tmp_path / f"{name}.parquet", texts, labels) for name in ("train", "dev", "test")}
    folder = toys.write(tmp_path / "encoder", "bert")
    network = {"kind": "encoder", "options": {}, "classes": 3, "max_length": 16, "mask": "none", "mask_hidden": 7}
    outputs = {
        k: str(tmp_path / f) for k, f in [("weights", "model.safetensors"), ("history", "h.csv"), ("metrics", "m.json")]
    }
    with caplog.at_level("INFO"):
        rounds.run(
            splits=splits,
            network=network | {"switches": {}},
            inputs={"encoder": str(folder / "config.json")},
            ledgers=[],
            keep="successful",
            training={"epochs": 1, "batch_size": 8, "learning_rate": 1e-3, "precision": asked},
            objective={},
            seed=3,
            device="cpu",
            outputs=outputs,
        )
    assert read_json(outputs["metrics"])["arithmetic"] == how
    assert caplog.text.count("no bf16 arithmetic") == (how == ROUNDED)
