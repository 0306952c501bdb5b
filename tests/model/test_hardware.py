"""Device and precision are chosen by what is there, and said."""

import pytest
import torch

from stx.errors import UserError
from stx.model import hardware


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
    chosen = hardware.choose("cpu", "auto")
    assert chosen.dtype == (torch.bfloat16 if fast else torch.float32)
    assert ("bf16" if fast else "fp32") in chosen.description
    assert "as this processor has" in chosen.description


def test_an_explicit_precision_is_obeyed() -> None:
    assert hardware.choose("cpu", "bf16").dtype == torch.bfloat16
    assert hardware.choose("cpu", "fp32").dtype == torch.float32


def test_auto_takes_the_gpu_when_there_is_one_and_names_the_ones_there_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda chosen: "some GPU")
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation: True)
    assert hardware.choose("auto", "auto").device == torch.device("cuda")
    assert hardware.choose("cuda:1", "auto").dtype == torch.bfloat16
    with pytest.raises(UserError, match="devices here are 0 to 1"):
        hardware.choose("cuda:2", "auto")


def test_a_gpu_that_is_not_there_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(UserError, match="no CUDA device here; use device=auto or device=cpu"):
        hardware.choose("cuda", "auto")
