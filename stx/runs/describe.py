"""What a run says of itself: on the terminal, in its folder and in its tracker."""

import json
import math
import os
import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import yaml
from PIL.Image import Image

from stx.loop.record import Outcome
from stx.model.prepare import Inputs
from stx.pictures import images
from stx.pictures.sheet import contact_sheet, fitted
from stx.runs.files import BASELINES, LOSSES, SHEET
from stx.runs.tracking.tracker import About, versions
from stx.runs.words import style_share

if TYPE_CHECKING:
    from torch.optim import Optimizer

    from stx.loop.levels import Start
    from stx.run import Job

NOISY = 1.5
"""Times the fine energy of painting and photograph, from which a run says so."""

THUMBNAIL = 256
"""Pixels of the longer side of a picture on the sheet of photograph, painting and result."""


def command(job: "Job") -> str:
    return shlex.join(["python", "-m", "stx.run", *job.overrides])


def run(job: "Job", inputs: Inputs) -> About:
    """Name, params, tags and headline for the tracker."""
    config, choices = job.config, job.choices
    content, style = Path(config.content).stem, Path(config.style).stem
    statistic = choices["style_stat"]
    groups = ("experiment", "style_stat", "model", "pooling", "init", "optim", "loss_weights")
    params: dict[str, str | int] = {
        "content": config.content,
        "style": config.style,
        **{group: choices[group] for group in groups if group in choices},
        "image_size.width": inputs.content.shape[2],
        "image_size.height": inputs.content.shape[1],
        "optim.steps": config.optim.steps,
        "loss_weights.alpha": f"{config.loss_weights.alpha:g}",
        "loss_weights.beta": f"{config.loss_weights.beta:g}",
        "seed": config.seed,
    }
    for override in job.overrides:  # whatever else was set is what a sweep would vary
        key, _, value = override.lstrip("+~").partition("=")
        if not key.startswith(("hydra", "tracking", "guard")) and key not in choices:
            params.setdefault(key, value)
    tags = {
        "stx.command": command(job),
        "stx.folder": str(job.folder.absolute()),
        "stx.hardware": inputs.hardware.description,
        "stx.expected_memory_gb": f"{inputs.memory / 1e9:.1f}",
        "stx.weights_sha256": inputs.weights.sha256,
        "stx.versions": versions(),
        **job.tags,
    }
    pair = f"{content} × {style}"
    return About(job.name or pair, params, tags, f"{statistic} · {pair}", command(job))


def calibration(folder: Path, level: "Start") -> Path:
    """What each level of the pyramid measured before its first step, as a file that grows by `level`.

    Sizes in pixels; `norms`, of the gradients of content and style terms; `scales`, the constants of the style losses.
    """
    path, (_, height, width) = folder / "calibration.json", level.image.shape
    begun = json.loads(path.read_text(encoding="utf-8")) if path.exists() else []
    if not any((known["width"], known["height"]) == (width, height) for known in begun):  # a resumed level has its own
        norms = {term: norm if math.isfinite(norm) else None for term, norm in level.network.norms.items()}
        begun.append({"width": width, "height": height, "norms": norms, "scales": level.network.scales})
        part = folder / f".{path.name}.part"
        part.write_text(json.dumps(begun, indent=2), encoding="utf-8")
        os.replace(part, path)
    return path


def results(
    folder: Path, inputs: Inputs, picture: Image, outcome: Outcome, measured: Mapping[str, float]
) -> Iterator[Path]:
    """What came of a run, as files in its folder: picture, losses, baselines, values that were not finite, a sheet."""
    yield folder / "output.png"
    if (folder / LOSSES).exists():  # none, if it was stopped before the first step
        yield folder / LOSSES
    named = {key.removeprefix("baseline/"): value for key, value in measured.items() if key.startswith("baseline/")}
    baselines = {name: value for name, value in named.items() if math.isfinite(value)}
    if baselines:
        (folder / BASELINES).write_text(json.dumps(baselines, indent=2), encoding="utf-8")
        yield folder / BASELINES
    yield from events(folder, outcome)
    shown = [images.to_picture(inputs.content), images.to_picture(inputs.style), picture]
    contact_sheet([shown], cell=fitted(picture.size, THUMBNAIL)).save(folder / SHEET, quality=90)
    yield folder / SHEET


def write(job: "Job", inputs: Inputs) -> Iterator[Path]:
    """What a new run starts from, into its folder: config, and both pictures at their working sizes.

    Of one that goes on, the config alone: what has changed in it holds for the next time too.
    """
    config = yaml.safe_dump(job.config.model_dump(by_alias=True), sort_keys=False, allow_unicode=True)
    if job.resumed:
        part = job.folder / ".config.yaml.part"
        part.write_text(config, encoding="utf-8")
        os.replace(part, job.folder / "config.yaml")
        return
    for name, picture in (("content.png", inputs.content), ("style.png", inputs.style)):
        images.save(images.to_picture(picture), job.folder / name)
        yield job.folder / name
    for name, text in (
        ("config.yaml", config),
        ("run.json", json.dumps({"overrides": job.overrides, "choices": job.choices}, indent=2)),
    ):
        (job.folder / name).write_text(text, encoding="utf-8")
        yield job.folder / name


def opening(job: "Job", inputs: Inputs) -> str:
    config, (_, height, width) = job.config, inputs.content.shape
    lines = [
        f"{job.choices['style_stat']}: {config.content} in the style of {config.style}, {width} x {height}, "
        f"{config.optim.steps} steps on {inputs.hardware.description}, about {inputs.memory / 1e9:.1f} GB of memory"
    ]
    if inputs.squashed:
        lines.append(
            f"squashed to {width} x {height}: the {' and the '.join(inputs.squashed)}; image_size=photograph keeps the "
            "photograph's proportions, style_size=own the painting's, where the statistic allows it"
        )
    weights = config.loss_weights
    if weights.calibrate == "gradient" and weights.beta > 30 * weights.alpha:
        lines.append("loss_weights: with beta beyond 30 times alpha the content vanishes")
    return "\n".join(lines)


def events(folder: Path, outcome: Outcome) -> list[Path]:
    """A table of all values that were not finite; no file where there was none."""
    if not outcome.events:
        return []
    path = folder / "nan_events.csv"
    lines = ["step,what", *(f"{step},{what}" for step, what in outcome.events)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return [path]


def how_to_go_on(folder: Path) -> str:
    typed = shlex.join(["python", "-m", "stx.run", f"resume={folder}"])
    return f"the picture so far: {folder / 'output.png'}\ngo on: {typed}"


def closing(outcome: Outcome, measured: Mapping[str, float], optimiser: "Optimizer", where: str) -> str:
    """How the run ended; `where` its tracker shows it, if it has one."""
    lines = [f"{outcome.status} after {outcome.steps} steps"]
    if outcome.events and outcome.status != "diverged":
        lines = [
            f"{outcome.status} after {outcome.steps} steps, having gone back {len(outcome.events)} times: first at "
            f"{outcome.event}"
        ]
    elif outcome.event:
        lines = [f"diverged: not finite at {outcome.event}; the picture is the last finite one"]
    if outcome.converged:
        lines.append("converged: the loss falls no more (optim.stop_at)")
    if getattr(optimiser, "stalled", False):
        lines.append("L-BFGS stalled: not even a short step along the gradient lowers the loss any more")
    if measured:
        share = style_share(measured["measure/sliced_wasserstein"], measured["baseline/sliced_wasserstein"])
        lines.append(
            f"style distance {share:.2f} of the photograph's own, content distance {measured['measure/content']:.2f}"
        )
        fine = {what: measured[f"measure/noise_{what}"] for what in ("luma", "chroma")}
        if max(fine.values()) > NOISY:
            lines.append(
                f"noisy: {fine['luma']:.1f} times the finest detail of painting and photograph in luma, "
                f"{fine['chroma']:.1f} in chroma; prior=total_variation, optim=lbfgs and a pyramid keep it down"
            )
    if where:
        lines.append(f"MLflow: {where}")
    return "\n".join(lines)
