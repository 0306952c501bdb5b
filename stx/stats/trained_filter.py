"""Trained filters of co-occurrence, from files (Forcen et al. 2020, arXiv 2003.13827, section 3.2)."""

from functools import lru_cache
from pathlib import Path

import torch
from torch import Tensor

from stx.errors import UserError


def trained(file: str, channels: int, like: Tensor | None = None) -> Tensor:
    """The filter (D, D, k, k), with an odd k, in a file; with the type and on the device of `like`, if that is given.

    Raises UserError if there is none, or not for D `channels`.
    """
    weights = tensor_in(file, like)
    if weights.ndim != 4 or weights.shape[2] != weights.shape[3] or weights.shape[3] % 2 == 0:
        raise UserError(f"filter={file} has the shape {tuple(weights.shape)}: it must be (D, D, k, k) with an odd k")
    if weights.shape[:2] != (channels, channels):
        raise UserError(
            f"filter={file} is for {weights.shape[0]} channels and this layer has {channels}: name the layers that it "
            "fits in loss_weights.style_layers"
        )
    return weights


def tensor_in(file: str, like: Tensor | None) -> Tensor:
    try:
        path = Path(file).expanduser()
        written = path.stat()
    except OSError as error:
        raise UserError(f"filter={file}: no tensor can be read from it ({error.strerror})") from None
    if not (path.is_file() or path.is_dir()):  # a pipe could block for ever
        raise UserError(f"filter={file}: no tensor can be read from it (it is not a regular file)")
    version = written.st_mtime_ns, written.st_size
    return read(file, *version) if like is None else placed(file, like.device, like.dtype, *version)


@lru_cache(maxsize=64)
def placed(file: str, device: torch.device, dtype: torch.dtype, *version: int) -> Tensor:
    """A filter where the features are: a copy to a GPU at each step would wait for the host."""
    return read(file, *version).to(device, dtype)


@lru_cache(maxsize=64)
def read(file: str, *version: int) -> Tensor:
    """Read a tensor once for each `version` of its file, and not at each step. Raises UserError if that fails."""
    try:
        loaded = torch.load(Path(file).expanduser(), map_location="cpu", weights_only=True)
    except Exception as error:  # a damaged file may raise anything
        why = getattr(error, "strerror", None) or type(error).__name__
        raise UserError(f"filter={file}: no tensor can be read from it ({why})") from None
    if not isinstance(loaded, Tensor):
        raise UserError(f"filter={file} holds a {type(loaded).__name__}: it must hold one tensor")
    return loaded
