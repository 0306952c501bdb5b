"""A report page made of blocks, written as HTML and as Markdown from the same data."""

import math
import re
from collections.abc import Callable, Collection, Sequence
from itertools import count
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from stx import atomic

# These match only what Markdown reads the same way: code without spaces at its ends, bold at word boundaries (2**3**4
# is arithmetic), and neither of them next to more of its own markers.
CODE = r"(?<!`)`(?!\s)([^`]+)(?<!\s)`(?!`)"
BOLD = r"(?<![\w*])\*\*(?![\s*])((?:[^*`]|`[^`]+`|\*(?!\*))+)(?<![\s*])\*\*(?![\w*])"
MARKED = re.compile(f"{CODE}|{BOLD}")
# The last two would start a link, inside which Markdown shows backslashes; an image whose text begins with ^ would not
# be read as one.
SPECIAL = re.compile(r"[\\`*_\[\]<~|$#^]|&(?=#?\w+;)|:(?=//)|(?<=www)\.")
LINE_START = re.compile(r"^(\d{1,9}(?=[.)](?:\s|$))|(?=[-+>]))")
# Where a name in a table cell may break: after these characters, but not within a number.
BREAK = re.compile(r"(?<=[\w\])]{2}[_.,=/])(?=[A-Za-z\[(])")
NUMBER = r"[-+−]?\d[\d.,]*(?:e[-+]?\d+)?"
GAP = "–"
"""What a table has where there is no number."""
NUMERIC = re.compile(rf"\s*{NUMBER}(?:\s*±\s*{NUMBER})?\s*(?:[%†‡§?]\s*)*", re.IGNORECASE)


def rounded(value: float) -> str:
    """A number with two decimals as a table shows it; GAP if it is none."""
    return f"{value:.2f}" if math.isfinite(value) else GAP


class Heading(NamedTuple):
    text: str
    level: int = 2


class Text(NamedTuple):
    """One paragraph."""

    text: str


class Quote(NamedTuple):
    text: str
    source: str


class Items(NamedTuple):
    items: Sequence[str]


class Links(NamedTuple):
    """A list, each item of which is a sequence of texts, shown literally, with their addresses, already quoted."""

    items: Sequence[Sequence[tuple[str, str]]]


class Table(NamedTuple):
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    caption: str = ""
    marked: Collection[int] = ()
    """Indices of the rows that are tinted in HTML."""


class Picture(NamedTuple):
    """`file` is relative to the page's folder, with slashes, not yet quoted."""

    file: str
    caption: str


class Pictures(NamedTuple):
    """Side by side, each `width` pixels wide on the page."""

    pictures: Sequence[Picture]
    width: int = 192


Block = Heading | Text | Quote | Items | Links | Table | Picture | Pictures


def write(folder: Path, title: str, blocks: Sequence[Block], name: str = "report") -> tuple[Path, Path]:
    """Write `name`.html and `name`.md, each atomically, into `folder`, which is made if missing.

    In all texts `code` and **bold** are marked up, and everything else is shown literally. Raises ValueError, with
    nothing written, if a row has more or fewer cells than its table has columns, a heading's level is not 2 or 3, or a
    picture's path is absolute.
    """
    for block in blocks:
        if isinstance(block, Table):
            for row in block.rows:
                if len(row) != len(block.columns):
                    raise ValueError(f"table row {list(row)}: {len(row)} cells for {len(block.columns)} columns")
        elif isinstance(block, Heading) and block.level not in (2, 3):
            raise ValueError(f"heading {block.text!r}: level {block.level}, not 2 or 3")
    views = [(type(block).__name__, block, slug) for block, slug in zip(blocks, slugs(blocks), strict=True)]
    texts = {end: TEMPLATES.get_template(f"page.{end}").render(title=title, blocks=views) for end in ("html", "md")}
    folder.mkdir(parents=True, exist_ok=True)
    for end, text in texts.items():
        # File names that are not valid Unicode hold surrogates, which UTF-8 cannot encode.
        atomic.write(folder / f"{name}.{end}", text.encode("utf-8", "replace"))
    return folder / f"{name}.html", folder / f"{name}.md"


def slugs(blocks: Sequence[Block]) -> list[str]:
    """A different id for each heading, and an empty string for the other blocks."""
    slugs: list[str] = []
    for block in blocks:
        slug = ""
        if isinstance(block, Heading):
            base = re.sub(r"\W+", "-", plain(block.text).lower()).strip("-") or "section"
            slug = next(name for n in count(1) if (name := base if n == 1 else f"{base}-{n}") not in slugs)
        slugs.append(slug)
    return slugs


def inline(text: str, literal: Callable[[str], str], code: Callable[[str], str], bold: str) -> str:
    """Mark up a text; `bold` is a template whose {} is replaced with each bold part."""
    parts, end = [], 0
    for match in MARKED.finditer(text):
        parts.append(literal(text[end : match.start()]))
        if match[1]:
            parts.append(code(match[1]))
        else:
            parts.append(bold.replace("{}", inline(match[2], literal, code, bold)))
        end = match.end()
    return "".join([*parts, literal(text[end:])])


def plain(text: str) -> str:
    return inline(text, str, str, "{}")


def html(text: str) -> Markup:
    return Markup(inline(text, escape, Markup("<code>{}</code>").format, "<strong>{}</strong>"))


def html_cell(text: str) -> Markup:
    """HTML of a table cell, in which long names may break so that many columns fit side by side."""

    def broken(part: str) -> str:
        return Markup("<wbr>").join(BREAK.split(part))

    return Markup(inline(text, broken, Markup("<code>{}</code>").format, "<strong>{}</strong>"))


def literal(text: str) -> str:
    """Markdown that shows `text` literally inside a line."""
    return SPECIAL.sub(r"\\\g<0>", text)


def words(text: str) -> str:
    return inline(on_one_line(text), literal, "`{}`".format, "**{}**")


def on_one_line(text: str) -> str:
    """Join the lines of a text with single spaces. Runs of spaces within a line stay, as file names may have them."""
    return " ".join(part.strip() for part in text.strip().splitlines())


def line(text: str) -> str:
    """A whole line of Markdown, escaped so that its beginning does not make it a list or a quote."""
    return LINE_START.sub(r"\1\\", words(text))


def cell(text: str) -> str:
    def lines(part: str) -> str:
        return re.sub(r"\s*[\r\n]\s*", "<br>", literal(part))

    def code(part: str) -> str:
        return "`" + on_one_line(part).replace("|", r"\|") + "`"

    return inline(text.strip(), lines, code, "**{}**")


def numeric(text: str) -> bool:
    return NUMERIC.fullmatch(plain(text)) is not None


def numbers(rows: Sequence[Sequence[str]], column: int) -> bool:
    """Whether all cells of a column are numeric."""
    return bool(rows) and all(numeric(row[column]) for row in rows)


def url(file: str) -> str:
    if file.startswith("/"):
        raise ValueError(f"picture {file}: not relative to the page's folder")
    return quote(file, errors="surrogateescape")


TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=lambda name: name != "page.md",
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
TEMPLATES.filters |= {"plain": plain, "html": html, "html_cell": html_cell, "numbers": numbers}
TEMPLATES.filters |= {"words": words, "line": line, "cell": cell}
TEMPLATES.filters["alt"] = lambda text: literal(" ".join(plain(text).split()))
TEMPLATES.filters["attribute"] = lambda text: str(escape(" ".join(plain(text).split()))).replace("|", "&#124;")
TEMPLATES.filters["url"] = url
TEMPLATES.tests["numeric"] = numeric
