"""Device and precision are chosen by what is there, and said."""

from types import SimpleNamespace

import pytest
import torch

from stx.errors import UserError
from stx.model import hardware, machine


@pytest.mark.parametrize(
    ("features", "fast"),
    [
        ({}, False),
        ({"avx512_bf16": True}, True),  # Zen 4, Cooper Lake
        ({"avx512_bf16": True, "avx512_fp16": True}, False),  # Sapphire Rapids whose AMX is hidden
        ({"avx512_bf16": True, "avx512_fp16": True, "amx_bf16": True}, True),
    ],
)
def test_auto_takes_bfloat16_only_where_the_processor_is_fast_at_it(
    monkeypatch: pytest.MonkeyPatch, features: dict[str, bool], fast: bool
) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: features)
    chosen = hardware.choose("cpu", "auto", True)
    assert chosen.dtype == (torch.bfloat16 if fast else torch.float32)
    assert ("bf16" if fast else "fp32") in chosen.description
    assert "as this processor has" in chosen.description


def test_an_explicit_precision_is_obeyed() -> None:
    assert hardware.choose("cpu", "bf16", True).dtype == torch.bfloat16
    assert hardware.choose("cpu", "fp32", True).dtype == torch.float32


def test_auto_takes_the_gpu_when_there_is_one_and_names_the_ones_there_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda chosen: "some GPU")
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation: not including_emulation)
    assert hardware.choose("auto", "auto", True).device == torch.device("cuda")
    assert hardware.choose("auto", "auto", True).description.startswith("cuda (some GPU), precision bf16, as")
    assert hardware.choose("cuda:1", "auto", True).dtype == torch.bfloat16
    with pytest.raises(UserError, match="devices here are 0 to 1"):
        hardware.choose("cuda:2", "auto", True)


def test_a_gpu_that_is_not_there_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(UserError, match="no CUDA device here; use device=auto or device=cpu"):
        hardware.choose("cuda", "auto", True)


def test_apple_s_gpu_is_taken_when_asked_for_in_float32_and_that_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    chosen = hardware.choose("mps", "auto", True)
    assert (chosen.device.type, chosen.dtype) == ("mps", torch.float32)
    assert chosen.description.endswith("sums in float32 as mps has no float64")
    assert hardware.choose("auto", "auto", True).device.type != "mps"


def test_threads_are_cut_down_to_the_processors_that_may_be_used(monkeypatch: pytest.MonkeyPatch) -> None:
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    monkeypatch.setattr(machine, "processors", lambda: 1)
    try:
        assert "(1 threads)" in hardware.choose("cpu", "fp32", True).description
        assert torch.get_num_threads() == 1
    finally:
        torch.set_num_threads(before)


@pytest.mark.parametrize(
    ("device", "precision", "deterministic", "left"),
    [
        ("cuda", "fp32", True, (False, False, True)),
        ("cuda", "tf32", False, (True, True, False)),
        ("cuda", "bf16", True, (False, False, True)),
        ("cpu", "fp32", True, (True, False, False)),
    ],
)
def test_float32_on_a_gpu_is_rounded_to_less_where_that_is_asked_for_and_repeats_to_the_bit(
    monkeypatch: pytest.MonkeyPatch, device: str, precision: str, deterministic: bool, left: tuple[bool, bool, bool]
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda chosen: "some GPU")
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation: True)
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda chosen: (9, 0))
    monkeypatch.setattr(torch.backends.cudnn, "allow_tf32", True)
    monkeypatch.setattr(torch.backends.cudnn, "deterministic", False)
    monkeypatch.setattr(torch.backends.cuda, "matmul", SimpleNamespace(allow_tf32=False))  # has no plain attributes
    chosen = hardware.choose(device, precision, deterministic)
    assert chosen.precision == {"fp32": "float32", "bf16": "bfloat16"}.get(precision, precision)
    assert f"precision {precision}" in chosen.description
    assert ("not repeatable" in chosen.description) == (not deterministic)
    cudnn, products = torch.backends.cudnn, torch.backends.cuda.matmul
    assert (cudnn.allow_tf32, products.allow_tf32, cudnn.deterministic) == left
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda chosen: (7, 5))
    with pytest.raises(UserError, match="precision=tf32: cuda does not support it"):
        hardware.choose("cuda", "tf32", True)
    with pytest.raises(UserError, match="devices here are 0 to 0"):
        hardware.choose("cuda:1", precision, True)


def test_apple_s_gpu_is_refused_where_there_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    with pytest.raises(UserError, match="no Apple GPU here"):
        hardware.choose("mps", "auto", True)
    assert hardware.choose("cpu", "fp32", True).description.endswith("threads), precision fp32")
