"""The report of a film: how much it flickers and whether its brightness drifts, in numbers and on a page."""

import json
import math
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from stx import atomic
from stx.pictures import charts, images
from stx.pictures.sheet import contact_sheet, fitted
from stx.runs.tracking.note import repeated
from stx.studies import page
from stx.studies.film import reel
from stx.studies.film.frames import Plan
from stx.studies.film.reel import Reel
from stx.studies.film.work import NUMBERS, Frame
from stx.studies.page import Block, Heading, Items, Picture, Table, Text
from stx.studies.preview import linked, preview

TITLE, FRAMES = "A film", "frames.jpg"
CELL, MOST = 224, 5
"""Pixels of the longer side of a frame on the sheet, and the most frames on it."""


class Summary(NamedTuple):
    """A film in numbers; NaN where there is nothing to measure."""

    flicker: float
    """Mean over all frames that do not begin a scene."""
    source_flicker: float
    drift: float
    """Largest drift of brightness of any frame, as an absolute value in [0, 1]."""
    end: float
    """Drift of the last frame, with its sign."""
    source_end: float
    """The same for the source: how much brighter it has become by then."""
    alone: float
    """Mean flicker of the frames made by themselves."""
    beside: float
    """Mean flicker of the film over the same frames."""
    source_beside: float
    """Mean flicker of the source over the same frames."""


def summary(frames: Sequence[Frame], alone: Mapping[int, float]) -> Summary:
    within = [frame for frame in frames if not frame.anew]
    beside = [frame for frame in within if frame.number in alone]
    drifts, sources = drift(frames, "brightness"), drift(frames, "source_brightness")
    return Summary(
        mean([frame.flicker for frame in within]),
        mean([frame.source_flicker for frame in within]),
        max(map(abs, drifts)),
        drifts[-1],
        sources[-1],
        mean([alone[frame.number] for frame in beside]),
        mean([frame.flicker for frame in beside]),
        mean([frame.source_flicker for frame in beside]),
    )


def drift(frames: Sequence[Frame], of: str) -> list[float]:
    """How much brighter each frame is than the first of its scene."""
    drifts, began = [], frames[0]
    for frame in frames:
        began = frame if frame.anew else began
        drifts.append(getattr(frame, of) - getattr(began, of))
    return drifts


def mean(values: Sequence[float]) -> float:
    finite = [value for value in values if math.isfinite(value)]
    return sum(finite) / len(finite) if finite else math.nan


def write(plan: Plan, place: Reel, frames: Sequence[Frame], alone: Mapping[int, float], command: str) -> list[Path]:
    """Write page, numbers and charts into the film's folder, and return their paths, the page first. Raises OSError."""
    folder = place.folder / "report"
    folder.mkdir(exist_ok=True)
    total = summary(frames, alone)
    numbers = folder / "film.json"
    atomic.write(numbers, json.dumps(as_json(total, frames, alone), indent=1))
    drawn = [*drawings(folder, frames, alone), sheet(place, frames, folder / FRAMES)]
    blocks: list[Block] = [
        Text(f"`{command}`"),
        *said(plan, total, frames),
        *(Picture(path.name, caption(path.stem)) for path in drawn),
        Heading("Frame by frame"),
        table(frames, alone),
    ]
    html, markdown = page.write(folder, TITLE, blocks)
    return [html, markdown, numbers, *drawn, preview(folder / FRAMES)]


def as_json(total: Summary, frames: Sequence[Frame], alone: Mapping[int, float]) -> dict[str, Any]:
    rows = zip(frames, drift(frames, "brightness"), strict=True)
    return {
        "summary": finite(total._asdict()),
        "frames": [
            finite({**frame._asdict(), "drift": drifted, "alone": alone.get(frame.number, math.nan)})
            | {"losses": finite(frame.losses)}
            for frame, drifted in rows
        ],
    }


def finite(values: Mapping[str, Any]) -> dict[str, Any]:
    """Replace numbers that are not finite with None, as JSON has no NaN."""
    missing = [name for name, each in values.items() if isinstance(each, float) and not math.isfinite(each)]
    return {**values, **dict.fromkeys(missing)}


def said(plan: Plan, total: Summary, frames: Sequence[Frame]) -> list[Block]:
    width, height = plan.size
    lines = [
        f"{len(frames)} frames of {plan.film.source}, {width} x {height}, {float(plan.film.rate):.5g} a second",
    ]
    if math.isfinite(total.flicker):
        lines.append(f"flicker {total.flicker:.4f}; the source's own {total.source_flicker:.4f}")
    if math.isfinite(total.alone) and math.isfinite(total.beside):
        lines.append(
            f"the first frames: {total.beside:.4f} as a film, **{total.alone:.4f}** each made by itself, "
            f"{total.source_beside:.4f} in the source"
        )
    lines.append(
        f"brightness has drifted by {total.drift:.4f} of 1 at most, and by {total.end:+.4f} at the end; "
        f"the source's own by {total.source_end:+.4f}"
    )
    if scenes := [str(frame.number) for frame in frames[1:] if frame.anew]:
        lines.append(f"a new scene begins with frame {', '.join(scenes)}, from the frame itself")
    if diverged := [str(frame.number) for frame in frames if frame.outcome == "diverged"]:
        lines.append(f"**diverged**, with the last finite picture in its place: frame {', '.join(diverged)}")
    measure = (
        "Flicker is the root mean square difference between a frame and the one before, moved as the source moves, "
        "over the positions that both show. Drift is how much brighter, in mean luma, a frame is than the first "
        "of its scene."
    )
    return [Items(lines), Text(measure)]


def drawings(folder: Path, frames: Sequence[Frame], alone: Mapping[int, float]) -> list[Path]:
    flickers = {
        "the film": [(frame.number, frame.flicker) for frame in frames],
        "its source": [(frame.number, frame.source_flicker) for frame in frames],
    }
    if alone:
        flickers["frame by frame"] = list(alone.items())
    bright = {
        "the film": [(frame.number, frame.brightness) for frame in frames],
        "its source": [(frame.number, frame.source_brightness) for frame in frames],
    }
    return [
        charts.lines(folder / "flicker.png", flickers, title="Flicker", x="frame", y="root mean square, of 1"),
        charts.points(folder / "brightness.png", bright, title="Brightness", x="frame", y="mean luma, of 1"),
    ]


def caption(name: str) -> str:
    return {
        "flicker": "Flicker of each frame against the one before.",
        "brightness": "Mean luma of each frame.",
        "frames": "Frames of the source and of the film.",
    }[name]


def sheet(place: Reel, frames: Sequence[Frame], path: Path) -> Path:
    """Save a sheet of some frames, evenly spread, below those of the source."""
    shown = min(MOST, len(frames))
    numbers = [frames[each * (len(frames) - 1) // max(1, shown - 1)].number for each in range(shown)]
    rows = [[reel.opened(of(number)) for number in numbers] for of in (place.source, place.frame)]
    names = [f"frame {number}" for number in numbers]
    images.save(contact_sheet(rows, column_labels=names, cell=fitted(rows[0][0].size, CELL)), path)
    return path


def table(frames: Sequence[Frame], alone: Mapping[int, float]) -> Table:
    columns = ["frame", "seen before", "flicker", "source's", "by itself", "brightness", "source's", "drift"]
    rows = [
        [
            str(frame.number),
            *(shown(getattr(frame, name)) for name in NUMBERS[:3]),
            shown(alone.get(frame.number, math.nan)),
            *(shown(getattr(frame, name)) for name in NUMBERS[3:]),
            f"{drifted:+.4f}",
        ]
        for frame, drifted in zip(frames, drift(frames, "brightness"), strict=True)
    ]
    return Table(columns, rows)


def shown(value: float) -> str:
    return f"{value:.4f}" if math.isfinite(value) else ""


def description(total: Summary, command: str) -> str:
    """Markdown for the film's run in the store; its first line is also printed on the terminal."""
    parts = [f"drift of brightness {total.end:+.4f}"]
    if math.isfinite(total.flicker):
        beside = f", {total.alone:.4f} frame by frame" if math.isfinite(total.alone) else ""
        parts.insert(0, f"**flicker {total.flicker:.4f}**{beside}")
    lines = [
        " · ".join(parts),
        linked(FRAMES, "frames of the source, and of the film below them"),
        "Flicker: how much a frame differs from the one before, moved as the source moves. Drift: how much "
        "brighter the last frame is than the first of its scene. The film and all numbers are below *Artifacts*.",
        repeated(command, os.getcwd()),
    ]
    return "\n\n".join(lines)
