"""Which processor computes, and in which precision; both are said and recorded, neither is ever timed."""

from typing import NamedTuple

import torch

from stx.errors import UserError
from stx.model import machine


class Hardware(NamedTuple):
    device: torch.device
    dtype: torch.dtype
    """Of weights and features; statistics, losses and the picture are float32."""
    description: str


def choose(device: str, precision: str) -> Hardware:
    """Resolve "auto": the CUDA device if there is one, bfloat16 if the processor has it. It never picks mps.

    PyTorch's threads are cut down to the processors that this process may use.

    Raises UserError for a device that is not there.
    """
    count = torch.cuda.device_count() if torch.cuda.is_available() else 0
    name, _, index = (("cuda" if count else "cpu") if device == "auto" else device).partition(":")
    if name == "mps" and not torch.backends.mps.is_available():
        raise UserError("device=mps: PyTorch finds no GPU of Apple's here; use device=auto or device=cpu")
    if name == "cuda" and int(index or 0) >= count:
        have = f"the CUDA devices here are 0 to {count - 1}" if count else "PyTorch finds no CUDA device here"
        raise UserError(f"device={device}: {have}; use device=auto or device=cpu")
    chosen = torch.device(f"{name}:{int(index)}" if index else name)
    native = has_bfloat16(chosen)
    bf16 = native if precision == "auto" else precision == "bf16"
    if chosen.type == "cuda" and not bf16:
        torch.backends.cudnn.allow_tf32 = False  # PyTorch's default for convolutions, and not what fp32 says
    torch.set_num_threads(min(torch.get_num_threads(), machine.processors()))  # more would wait for each other
    processor = torch.cuda.get_device_name(chosen) if chosen.type == "cuda" else f"{torch.get_num_threads()} threads"
    reason = "" if precision != "auto" else f", as this processor has {'fast' if native else 'no fast'} bfloat16"
    description = f"{chosen} ({processor}), precision {'bf16' if bf16 else 'fp32'}{reason}"
    if chosen.type == "mps":
        description += ", sums in float32 as mps has no float64"
    return Hardware(chosen, torch.bfloat16 if bf16 else torch.float32, description)


def has_bfloat16(device: torch.device) -> bool:
    """Whether the processor multiplies bfloat16 faster than float32, judged by its features."""
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    if device.type == "mps":
        return False
    has = torch.cpu.get_capabilities()
    # Intel's processors with AMX run avx512_bf16 at half their float32 rate (168 against 333 GFLOP/s measured where
    # a hypervisor hid AMX); they are those with avx512_fp16. On others it is what makes bfloat16 fast.
    return bool(has.get("amx_bf16") or (has.get("avx512_bf16") and not has.get("avx512_fp16")))
