"""The description of a run, in Markdown, which MLflow shows before anything else.

The page folds it after a hundred pixels, and shows pictures only by their addresses, at their own sizes. The addresses
here are relative to the page, so that they hold wherever the store is served.
"""

import re
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import NamedTuple

from stx.runs.files import CONFIG, LOSSES, PLOTS, SHEET
from stx.runs.tracking.sender import THIS_RUN

SHOWN = "losses.png"
"""The one chart of a run that is on its page."""


class About(NamedTuple):
    """What a tracker tells of a run."""

    name: str
    params: Mapping[str, str | int]
    """The leaves that identify it; every image card of the UI prints them all, so they are few and short."""
    tags: Mapping[str, str]
    headline: str
    """What it makes, in Markdown."""
    command: str
    id: str = ""
    """The id by which all stores know it."""
    steps: int = 0
    """Steps that it may take at most."""
    place: str = ""
    """The folder that file names in the command are relative to."""


def note(about: About, outcome: str, event: str | None, said: Collection[str], folder: Path) -> str:
    """The description of a run, with the sheet and the chart that are in its folder.

    `said`, in Markdown, is what came of the run, which goes on the first line, and further paragraphs.
    """
    first, *paragraphs = said or ("",)
    how = f"**{outcome}**{f' at {code(event)}' if event else ''}"
    lines = [f"{how}: {first}" if first else how]
    if (folder / SHEET).exists():
        lines.append(picture(SHEET, "given pictures and result"))
    lines += [about.headline, *paragraphs]
    if (folder / PLOTS / SHOWN).exists():
        others = f"{code(LOSSES)} has every step, {code(PLOTS)} more charts, {code(CONFIG)} all settings."
        lines += [picture(f"{PLOTS}/{SHOWN}", "losses"), f"Below *Artifacts*: {others}"]
    return "\n\n".join([*lines, repeated(about.command, about.place)])


def repeated(command: str, place: str) -> str:
    """How to do the same again; `place` is the folder that file names in the command are relative to."""
    where = f", in {code(place)}" if place else ""
    return f"To repeat it{where}: {code(command)}"


def picture(file: str, says: str, run_id: str = THIS_RUN) -> str:
    """A picture among the artifacts of a run. `says` is shown in its place if it cannot be loaded."""
    return f"![{says}]({address(file, run_id)})"


def address(file: str, run_id: str = THIS_RUN) -> str:
    return f"get-artifact?path={file}&run_uuid={run_id}"


def code(text: object) -> str:
    """Any text as Markdown code, on one line but otherwise as it is: several blanks in a file's name are kept."""
    line = " ".join(part.strip() for part in str(text).strip().splitlines())
    fence = "`" * (1 + max(map(len, re.findall("`+", line)), default=0))
    return f"{fence}{line}{fence}" if len(fence) == 1 else f"{fence} {line} {fence}"
