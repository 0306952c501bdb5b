"""What the sections of bench.py share: ways to time a call, a step of stx and of pastiche, and a whole command."""

import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from csv import DictReader
from pathlib import Path

from pastiche.pastiche import PasticheArtist
from torch import Tensor

from stx.config.compose import composition
from stx.config.schema import Config
from stx.loop.evaluate import evaluation
from stx.loop.steps import optimise
from stx.model.losses import LossNetwork
from stx.model.prepare import Inputs, loss_network, prepare
from stx.pictures import images

Row = tuple[str, float, str]
"""What was measured, the number, and a goal such as `<= 0.5` or `>= 50`, which is empty for what only explains."""

PLAIN = ("+experiment=plain", "optim.bands=0")
"""Gram and Adam at one size, which other programs have too."""


def config(*overrides: str) -> Config:
    return composition([PLAIN[0], "image_size=small", "tracking=none", *overrides]).config


def prepared(*overrides: str) -> tuple[Inputs, LossNetwork]:
    asked = config(*overrides)
    inputs = prepare(asked)
    return inputs, loss_network(asked, inputs)


def in_turn(rounds: int, **calls: Callable[[], object]) -> dict[str, float]:
    """The shortest time of each call in seconds; the calls alternate, so that all meet the same conditions."""
    times: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(rounds + 1):  # the first round warms up
        for name, call in calls.items():
            started = time.perf_counter()
            call()
            times[name].append(time.perf_counter() - started)
    return {name: min(taken[1:]) for name, taken in times.items()}


def stepping(inputs: Inputs, network: LossNetwork, image: Tensor | None = None) -> Callable[[], object]:
    """A function that makes one step of stx's own loop at each call, on `image` if it is given."""
    image = inputs.initial.clone().requires_grad_() if image is None else image
    evaluate, _ = evaluation(network, image)
    steps = optimise(network, image, inputs.optimiser([image]), 10**9, evaluate=evaluate)
    return lambda: next(steps)


def pastiche(inputs: Inputs, network: LossNetwork, optimiser: str, device: str = "cpu") -> PasticheArtist:
    """pastiche on the same pictures, with the same layers and the same weights of the losses."""
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name in ("content", "style"):
            images.save(images.to_picture(getattr(inputs, name)), Path(folder) / f"{name}.png")
        weights, scales = network.weights, network.scales
        layers = {part.layer: float(part.share) for part in network.every_part if part.term.group == "style"}
        (kept,) = (part.target for part in network.every_part if part.term.group == "content")
        assert kept is not None
        scale = weights["style"] / 4 * 1e-6  # near its own defaults, as its L-BFGS has absolute thresholds
        return PasticheArtist(
            f"{folder}/content.png",
            [f"{folder}/style.png"],
            optimizer=optimiser,
            device=device,
            size=list(inputs.initial.shape[1:]),
            style_size=list(inputs.style.shape[1:]),
            content_layer_weights=[1e-6 * weights["content"] * kept.numel() / 2],
            style_layer_weights=[scale * share * scales[layer] for layer, share in layers.items()],
        )


def command(folder: Path, name: str, *overrides: str) -> tuple[float, float, list[dict[str, str]], str]:
    """Run `stx run` in `folder`, and return its seconds, its peak memory in GB, its losses.csv and its output."""
    typed = [sys.executable, "-m", "stx.run", f"hydra.run.dir={name}", *overrides]
    started = time.perf_counter()
    with (folder / f"{name}.txt").open("w+") as said:
        process = subprocess.Popen(typed, cwd=folder, stdout=said, stderr=said)
        peak = 0.0
        while process.poll() is None:
            peak = max(peak, high_water(process.pid))
            time.sleep(0.02)
        taken = time.perf_counter() - started
        said.seek(0)
        text = said.read()
    if process.returncode:
        raise RuntimeError(text[-2000:])
    with (folder / name / "losses.csv").open(newline="") as table:
        return taken, peak, list(DictReader(table)), text


def high_water(process: int) -> float:
    """The most memory that a process has used so far, in GB. `wait4` would include this process's own, before exec."""
    status = Path(f"/proc/{process}/status").read_text(encoding="utf-8")
    return float(status.partition("VmHWM:")[2].split()[0]) * 1024 / 1e9 if "VmHWM:" in status else 0.0
