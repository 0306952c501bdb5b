"""Which processor computes, and in which precision. Both are printed and recorded; neither is chosen by timing."""

from typing import NamedTuple

import torch

from stx.errors import UserError
from stx.model import machine


class Hardware(NamedTuple):
    device: torch.device
    dtype: torch.dtype
    """Type of weights and features; statistics, losses and the picture are float32."""
    description: str
    tf32: bool = False
    """Whether float32 factors are rounded to 10 bits of mantissa; their products are summed in full float32."""

    @property
    def precision(self) -> str:
        return "tf32" if self.tf32 else str(self.dtype).removeprefix("torch.")


def choose(device: str, precision: str, deterministic: bool) -> Hardware:
    """Resolve "auto": the CUDA device if there is one, bfloat16 if the processor has it. It never picks mps.

    Sets PyTorch's switches for CUDA devices, and reduces its threads to the processors that this process may use. With
    `deterministic`, cuDNN uses no algorithm that sums in varying order; without it, two float32 runs differed by up to
    0.7 in a pixel after 300 steps.

    Raises UserError if the device does not exist, or does not support tf32 that is asked for.
    """
    count = torch.cuda.device_count() if torch.cuda.is_available() else 0
    name, _, index = (("cuda" if count else "cpu") if device == "auto" else device).partition(":")
    if name == "mps" and not torch.backends.mps.is_available():
        raise UserError("device=mps: PyTorch finds no Apple GPU here; use device=auto or device=cpu")
    if name == "cuda" and int(index or 0) >= count:
        have = f"the CUDA devices here are 0 to {count - 1}" if count else "PyTorch finds no CUDA device here"
        raise UserError(f"device={device}: {have}; use device=auto or device=cpu")
    chosen = torch.device(f"{name}:{int(index)}" if index else name)
    native = has_bfloat16(chosen)
    bf16, tf32 = native if precision == "auto" else precision == "bf16", precision == "tf32"
    if tf32 and not (chosen.type == "cuda" and torch.cuda.get_device_capability(chosen) >= (8, 0)):
        raise UserError(
            f"precision=tf32: {chosen} does not support it; NVIDIA's cards from Ampere on do; use precision=auto"
        )
    if chosen.type == "cuda":
        torch.backends.cudnn.deterministic = deterministic
        torch.backends.cudnn.allow_tf32 = tf32  # PyTorch allows it for convolutions by default, even where fp32 is said
        torch.backends.cuda.matmul.allow_tf32 = tf32
    torch.set_num_threads(min(torch.get_num_threads(), machine.processors()))  # more threads would compete
    processor = torch.cuda.get_device_name(chosen) if chosen.type == "cuda" else f"{torch.get_num_threads()} threads"
    reason = "" if precision != "auto" else f", as this processor has {'fast' if native else 'no fast'} bfloat16"
    description = f"{chosen} ({processor}), precision {'bf16' if bf16 else 'tf32' if tf32 else 'fp32'}{reason}"
    if chosen.type == "cuda" and not deterministic:
        description += ", not repeatable to the bit"
    if chosen.type == "mps":
        description += ", sums in float32 as mps has no float64"
    return Hardware(chosen, torch.bfloat16 if bf16 else torch.float32, description, tf32)


def has_bfloat16(device: torch.device) -> bool:
    """Whether the processor multiplies bfloat16 faster than float32, judged by its features."""
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    if device.type == "mps":
        return False
    has = torch.cpu.get_capabilities()
    # Intel's processors with AMX run avx512_bf16 at half their float32 rate (168 against 333 GFLOP/s, measured where
    # a hypervisor hid AMX); avx512_fp16 tells them apart. On all others avx512_bf16 is what makes bfloat16 fast.
    return bool(has.get("amx_bf16") or (has.get("avx512_bf16") and not has.get("avx512_fp16")))
