"""A gallery as one HTML file that loads nothing else."""

import hashlib
import json
import os
from base64 import b64encode
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from markupsafe import Markup

from stx import atomic
from stx.errors import UserError
from stx.runs.selection import Selection
from stx.runs.shown import Shown
from stx.studies.gallery.album import Album
from stx.studies.gallery.entries import entry, keys, size
from stx.studies.gallery.sides import LARGEST, Sides, sides
from stx.studies.page import TEMPLATES
from stx.studies.sweep.results import nearest

NAME = "gallery.html"
MARK = '<meta name="generator" content="stx gallery">'
"""The mark by which a file is recognised as a gallery."""
BEGINNING = 2000
"""Bytes at the start of a file within which its mark stands."""
PARTS = Path(__file__).parents[1] / "templates"
STYLES = ("base.css", "gallery/page.css", "gallery/view.css")
SCRIPTS = ("gallery/chart.js", "gallery/view.js", "gallery/order.js", "gallery/grid.js")


class Written(NamedTuple):
    without: int
    """Number of runs without a picture."""
    sides: Sides
    size: int
    """Bytes."""

    @property
    def shrunk(self) -> bool:
        return self.sides != LARGEST


def place(output: str) -> Path:
    """The file that `output` names, or gallery.html in the folder that it names.

    Raises UserError if that would overwrite something that is not a gallery.
    """
    if not output:
        raise UserError("output= must name a folder, or a file that ends in .html")
    path = Path(os.path.expanduser(output))
    if path.suffix.lower() not in (".html", ".htm") or path.is_dir():
        path /= NAME
    for parent in path.parents:
        if parent.exists() and not parent.is_dir():
            raise UserError(f"output={output}: {parent} is a file; name a folder, or a file that ends in .html")
    if path.is_dir():
        raise UserError(f"output={output}: {path} is a folder; name another")
    if path.exists() and not (path.is_file() and is_gallery(path)):
        raise UserError(f"output={output}: {path} is not a gallery and would be overwritten; name another file")
    return path


def is_gallery(path: Path) -> bool:
    with path.open("rb") as file:
        return MARK.encode() in file.read(BEGINNING)


def write(selection: Selection, path: Path) -> Written:
    """Write the page of these runs, into a folder that is made if missing. Raises OSError."""
    runs, album = selection.runs, Album()
    chosen = sides([size(run) for run in runs])
    best = nearest(runs) if selection.sweep else None
    entries = [entry(run, album, chosen) | {"best": best is not None and run is best[0]} for run in runs]
    page = rendered(selection.asked, runs, entries, album).encode("utf-8", "replace")  # a name may hold surrogates
    path.parent.mkdir(parents=True, exist_ok=True)
    atomic.write(path, page)
    return Written(sum(not one["picture"] for one in entries), chosen, len(page))


def rendered(title: str, runs: Sequence[Shown], entries: Sequence[dict[str, Any]], album: Album) -> str:
    first = {key for one in entries for each in (one, *one["given"]) for key in each["picture"][:1]}
    style, script = source(STYLES), f"(() => {{\n{source(SCRIPTS)}}})();"  # a scope of its own
    return TEMPLATES.get_template("gallery/page.html").render(
        title=title,
        mark=Markup(MARK),
        style=Markup(style),
        script=Markup(script),
        style_digest=digest(style),
        script_digest=digest(script),
        content=inert({"runs": entries, "keys": [key._asdict() for key in keys(runs)]}),
        tiles={key: text for key, text in album.texts.items() if key in first},
        larger={key: text for key, text in album.texts.items() if key not in first},
    )


def source(names: Sequence[str]) -> str:
    return "\n".join((PARTS / name).read_text(encoding="utf-8") for name in names)


def digest(text: str) -> str:
    """The SHA-256 of a text as a content security policy lists what is allowed."""
    return b64encode(hashlib.sha256(text.encode()).digest()).decode()


def inert(content: Any) -> Markup:
    """JSON that cannot end the element that it stands in, or mean anything to an HTML parser."""
    text = json.dumps(content, allow_nan=False, separators=(",", ":"))
    return Markup(text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026"))
