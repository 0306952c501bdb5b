"""All that a run's result depends on, as one digest: of two runs with the same digest, only one needs to be made."""

import hashlib
import inspect
import json
import os
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from stx.config.compose import leaves
from stx.config.schema import Config, PictureInit
from stx.model.prepare import Inputs

NUMERICS = 1
"""To be incremented when stx makes another picture from the same settings, or measures it differently; finished members
of old batches then run again."""

SETTINGS = (
    "model.name",
    "model.seed",
    "content_stat",
    "style_stat",
    "loss_weights",
    "prior",
    "temporal.weight",
    "pooling",
    "padding",
    "tile",
    "init.name",
    "init.noise",
    "init.low",
    "init.high",
    "colour",
    "style_mix",
    "style_blend",
    "optim",
    "seed",
    "guard.on_nan",
    "guard.backoffs",
    "guard.shrink",
    "tracking.measures_every",
    "tracking.grad_norms_every",
)
"""Settings that a result depends on, by name, with everything below them. Files count by their bytes, sizes by the
pictures, device and precision as resolved; what is not here (where a run is tracked, how often it is saved) changes no
result. The last two change what a run records."""


def digest(config: Config, inputs: Inputs) -> str:
    """The SHA-256, in hexadecimal digits, of all that a run's result depends on."""
    total = hashlib.sha256()
    for part in parts(config, inputs):
        total.update(hashlib.sha256(part).digest())
    return total.hexdigest()


def parts(config: Config, inputs: Inputs) -> Iterator[bytes]:
    hardware = inputs.hardware
    yield f"{NUMERICS} {hardware.device.type} torch.{hardware.precision} {inputs.weights.sha256}".encode()
    yield json.dumps(settings(config), sort_keys=True).encode()
    if config.guard.on_nan == "backoff" and any(term.renew for term in inputs.terms):
        yield b"renewed after a backoff"  # as they were not before version 0.3
    if inputs.budget.judged < 1:  # at another size the measures have other values
        yield f"measured at {inputs.budget.judged}".encode()
    for picture in (*inputs.pictures.values(), *inputs.others.values(), inputs.initial):
        yield str(tuple(picture.shape)).encode()
        yield picture.cpu().contiguous().numpy().tobytes()
    for name, guides in sorted(inputs.guides.items()):
        for region, guide in sorted(guides.items()):
            yield f"{name} {region}".encode() + guide.cpu().contiguous().numpy().tobytes()
    if isinstance(config.init, PictureInit):
        path = Path(os.path.expanduser(config.init.path))
        yield path.read_bytes() if path.is_file() else b""  # otherwise it comes with stx
    for file in sorted({file for function in functions(inputs) for _, file in files(function)}):
        yield file.read_bytes()
    for source in sorted({source for function in functions(inputs) if (source := own_source(function))}):
        yield Path(source).read_bytes()


LATER = {
    "colour.name": "style",
    "style_mix": None,
    "style_blend": "auto",
    "optim.beta1": 0.9,
    "optim.beta2": 0.999,
    "optim.average": 0.0,
    "optim.factor": 2.0,
    "optim.carry": False,
    "optim.unit": 1.0,
    "padding": "zeros",
    "tile": False,
    "pooling.rescale": 1.0,
}
"""Settings that an earlier version lacked, at the values that change nothing. They are left out of the digest, so that
runs of that version are recognised."""


def settings(config: Config) -> dict[str, Any]:
    resolved = config.model_copy(update={"init": config.start, "padding": config.given_padding})  # auto resolved
    values = leaves(resolved.model_dump(mode="json", by_alias=True))
    chosen = (item for item in values if item not in LATER.items())
    return {key: value for key, value in chosen if any(key == name or key.startswith(f"{name}.") for name in SETTINGS)}


def functions(inputs: Inputs) -> Iterator[Callable[..., Any]]:
    """Everything that a config may give by its dotted name."""
    yield inputs.optimiser
    for term in inputs.terms:
        yield from filter(None, (term.statistic, term.distance, term.reference))


def files(function: Callable[..., Any]) -> Iterator[tuple[str, Path]]:
    """The files that a function's own settings name, each with its setting."""
    while isinstance(function, partial):
        for name, value in function.keywords.items():
            path = Path(value).expanduser() if isinstance(value, str) else None
            if path and path.is_file():
                yield name, path
        function = function.func


def dotted(function: Callable[..., Any]) -> str:
    """A function's dotted name, as a config gives it."""
    while isinstance(function, partial):
        function = function.func
    named = function if hasattr(function, "__qualname__") else type(function)
    return f"{named.__module__}.{named.__qualname__}"


def own_source(function: Callable[..., Any]) -> str | None:
    """The source file of a function that is neither stx's nor torch's, as its author may change it; None otherwise."""
    while isinstance(function, partial):
        function = function.func
    # the source of a decorated function, and not that of a decorator such as @torch.no_grad()
    function = inspect.unwrap(function if hasattr(function, "__qualname__") else type(function))
    package = (getattr(function, "__module__", None) or "").partition(".")[0]
    try:
        return None if package in ("stx", "torch") else inspect.getsourcefile(function)
    except TypeError:  # built in
        return None
