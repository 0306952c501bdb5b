"""Many pictures on one sheet, in rows and columns with their names."""

import unicodedata
from collections.abc import Sequence

from PIL import Image, ImageDraw, ImageFont

GAP = 6
"""Pixels between cells and around the sheet."""

SMALLEST, LARGEST = 11, 24
"""Pixels of a label's letters, at least and at most."""
INK, EMPTY = "#222222", "#ececec"
FRAME, FRAME_WIDTH = "#d55e00", 4
"""The frame around a marked cell, which lies within the gap."""
Font = ImageFont.FreeTypeFont | ImageFont.ImageFont
OTHER_SIGNS = str.maketrans("×·–—−’‘“”", "x.---''\"\"")


def contact_sheet(
    rows: Sequence[Sequence[Image.Image | None]],
    *,
    row_labels: Sequence[str] = (),
    column_labels: Sequence[str] = (),
    cell: tuple[int, int],
    framed: tuple[int, int] | None = None,
) -> Image.Image:
    """The pictures on white, RGB, each as large as its `cell` (width, height in pixels) allows and centred in it.

    None, and what a short row lacks, is a light grey cell. The cell at the row and column `framed` has a frame. Letters
    are as large as possible with all labels whole: a column's label has the width of its cell, a row's that of two
    cells. A label that is too long for the smallest letters ends in an ellipsis. Raises ValueError if there is no
    picture, or if there are labels but not one for each row or column.
    """
    width, height = cell
    columns = max((len(row) for row in rows), default=0)
    if not any(picture for row in rows for picture in row):
        raise ValueError("a contact sheet without pictures")
    for name, labels, number in (("row", row_labels, len(rows)), ("column", column_labels, columns)):
        if labels and len(labels) != number:
            raise ValueError(f"{len(labels)} {name} labels for {number} {name}s")

    font = lettering([(label, 2 * width) for label in row_labels] + [(label, width) for label in column_labels], width)
    beside = [shortened(label, font, 2 * width) for label in row_labels]
    above = [shortened(label, font, width) for label in column_labels]
    left = GAP + (GAP + round(max(map(font.getlength, beside)) + 0.5) if beside else 0)
    top = GAP + (GAP + round(font.getbbox("g")[3]) + 1 if above else 0)
    size = (left + columns * (width + GAP), top + len(rows) * (height + GAP))
    sheet = Image.new("RGB", size, "white")
    draw = ImageDraw.Draw(sheet)
    for column, label in enumerate(above):
        draw.text((left + column * (width + GAP) + width / 2, GAP), label, INK, font, anchor="ma")
    for number, row in enumerate(rows):
        y = top + number * (height + GAP)
        if beside:
            draw.text((GAP, y + height / 2), beside[number], INK, font, anchor="lm")
        for column in range(columns):
            x = left + column * (width + GAP)
            picture = row[column] if column < len(row) else None
            if (number, column) == framed:
                edge = FRAME_WIDTH
                draw.rectangle((x - edge, y - edge, x + width - 1 + edge, y + height - 1 + edge), FRAME)
                draw.rectangle((x, y, x + width - 1, y + height - 1), "white")
            if picture is None:
                draw.rectangle((x, y, x + width - 1, y + height - 1), EMPTY)
                continue
            inside = fit(picture, cell)
            sheet.paste(inside, (x + (width - inside.width) // 2, y + (height - inside.height) // 2), inside)
    return sheet


def stacked(sheets: Sequence[Image.Image]) -> Image.Image:
    """Sheets stacked from top to bottom, RGB."""
    whole = Image.new("RGB", (max(sheet.width for sheet in sheets), sum(sheet.height for sheet in sheets)), "white")
    top = 0
    for sheet in sheets:
        whole.paste(sheet, (0, top))
        top += sheet.height
    return whole


def repeated(tile: Image.Image) -> Image.Image:
    """The tile repeated two by two."""
    whole = Image.new(tile.mode, (2 * tile.width, 2 * tile.height))
    for x in (0, tile.width):
        for y in (0, tile.height):
            whole.paste(tile, (x, y))
    return whole


def fit(picture: Image.Image, cell: tuple[int, int]) -> Image.Image:
    """The picture as RGBA, scaled up or down until it touches two sides of the cell."""
    scale = min(cell[0] / picture.width, cell[1] / picture.height)
    size = max(round(picture.width * scale), 1), max(round(picture.height * scale), 1)
    return picture.convert("RGBA").resize(size, Image.Resampling.LANCZOS)


def fitted(size: tuple[int, int], largest: int) -> tuple[int, int]:
    """`size`, made smaller if its longer side is above `largest`."""
    return scaled(size, min(largest, max(size)))


def scaled(size: tuple[int, int], longer: int) -> tuple[int, int]:
    """`size`, scaled up or down to a longer side of `longer` pixels."""
    scale = longer / max(size)
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


def lettering(labels: Sequence[tuple[str, int]], cell: int) -> Font:
    """The largest font in which each label fits its width in pixels, or the smallest. Its limit grows with `cell`."""
    for size in range(min(cell // 10, LARGEST), SMALLEST, -1):
        larger = ImageFont.load_default(size)
        if all(larger.getlength(line(label)) <= room for label, room in labels):
            return larger
    return ImageFont.load_default(SMALLEST)


def shortened(label: str, font: Font, width: int) -> str:
    """As much of the label as is at most `width` pixels wide, on one line."""
    label = line(label)
    if font.getlength(label) <= width:
        return label
    while label and font.getlength(label + "…") > width:
        label = label[:-1].rstrip()
    return label + "…" if label else ""


def line(label: str) -> str:
    return " ".join(drawable(label).split())


def drawable(label: str) -> str:
    """The label without accents and typographic signs, for which Pillow's font has only an empty box."""
    letters = unicodedata.normalize("NFKD", label.translate(OTHER_SIGNS))
    return "".join(letter for letter in letters if not unicodedata.combining(letter))
