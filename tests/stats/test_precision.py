"""What is summed in float64 where a device has it."""

import torch

from stx.stats.precision import wide, widest


def test_all_devices_but_apple_s_have_float64() -> None:
    assert [widest(torch.device(name)) for name in ("cpu", "cuda", "mps")] == [
        torch.float64, torch.float64, torch.float32,
    ]  # fmt: skip
    assert wide(torch.ones(3)).dtype == torch.float64
