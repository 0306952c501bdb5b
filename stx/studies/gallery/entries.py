"""What a gallery's page is told of each run."""

import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from stx.runs.files import CONTENT, STYLE
from stx.runs.params import MIXED
from stx.runs.shown import Shown
from stx.studies.gallery.album import Album
from stx.studies.gallery.curves import MOST, curves, rounded, spread
from stx.studies.gallery.sides import ALONG, Sides

UNKNOWN_SIZE = (512, 512)
"""The size of a result if no param says it."""
WHY_NO_PICTURE = {
    "waiting": "It has not started.",
    "running": "It has no picture yet.",
    "failed": "It failed before it had a picture.",
    "interrupted": "It was interrupted before it had a picture.",
}


class Key(NamedTuple):
    """A field that runs can be sorted by and filtered on."""

    key: str
    label: str
    number: bool
    """Whether all values are numbers; otherwise they are texts."""


def size(run: Shown) -> tuple[int, int]:
    """Width and height of a run's result in pixels, if its params say so; else UNKNOWN_SIZE."""
    sides = [number(run.params.get(f"image_size.{side}", "")) for side in ("width", "height")]
    if not all(side and side >= 1 for side in sides):
        return UNKNOWN_SIZE
    return int(sides[0] or 0), int(sides[1] or 0)


def entry(run: Shown, album: Album, sides: Sides) -> dict[str, Any]:
    """A run as the page has it, ready for JSON, with keys of the album in place of pictures."""
    along = list(run.along().items())
    result = album.add(run.picture(), sides.tile, sides.result)
    if not result and along:  # the run's result is gone
        result = album.add(run.picture(along[-1][1]), sides.tile, sides.result)
    return {
        "name": run.name,
        "outcome": run.outcome,
        "message": run.message,
        "params": dict(run.params),
        "metrics": {name: rounded(value) for name, value in run.metrics.items()},
        "started": run.started,
        "command": run.command,
        "place": run.place,
        "link": run.link.splitlines(),
        "folder": str(run.folder or ""),
        "picture": result,
        "empty": "" if result else WHY_NO_PICTURE.get(run.outcome, "Its picture is gone, or cannot be read."),
        "given": list(given(run, album, sides)),
        "along": steps(run, along, result, album, sides) if result else [],
        "losses": curves(run.losses()),
        "events": run.events()[:MOST],
    }


def given(run: Shown, album: Album, sides: Sides) -> Iterable[dict[str, Any]]:
    """The photograph, unless the run is a texture, and each painting."""
    named = {CONTENT: ("content", run.params.get("content", ""))}
    for place, style in enumerate(run.params.get("style", "").split(MIXED)):
        named[STYLE if place == 0 else f"{Path(STYLE).stem}_{place + 1}.png"] = ("style", style)
    for file, (role, name) in named.items():
        if role == "style" or name:
            picture = album.add(run.picture(file), sides.given, sides.result)
            yield {"role": role, "name": Path(name).name, "picture": picture}


def steps(
    run: Shown, along: Sequence[tuple[int, str]], result: Sequence[str], album: Album, sides: Sides
) -> list[tuple[int, str]]:
    """Some steps, evenly spread, each with the key of its picture; the last has the result's."""
    if not sides.along or len(along) < 2:
        return []
    *before, (last, _) = along
    several = [(step, album.add(run.picture(name), sides.along)) for step, name in spread(before, ALONG)]
    return [*((step, keys[0]) for step, keys in several if keys), (last, result[1])]


def keys(runs: Sequence[Shown]) -> list[Key]:
    """The keys for all params and metrics that any of the runs has, by name."""
    params = sorted({name for run in runs for name in run.params})
    metrics = sorted({name for run in runs for name in run.metrics})
    return [
        *(Key(f"params.{name}", name, all(numeric(run.params, name) for run in runs)) for name in params),
        *(Key(f"metrics.{name}", name, True) for name in metrics),
    ]


def numeric(params: Mapping[str, str], name: str) -> bool:
    return name not in params or number(params[name]) is not None


def number(text: str) -> float | None:
    """A finite number that JavaScript reads as well; None if the text is not one."""
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) and text.isascii() and "_" not in text else None
