"""Pictures on a sheet, looked at pixel by pixel."""

import pytest
from PIL import Image, ImageChops

from stx.pictures.sheet import EMPTY, FRAME, FRAME_WIDTH, GAP, contact_sheet, fitted, scaled, stacked

CELL = (60, 40)
WHITE = (255, 255, 255)


def colour(name: str, width: int, height: int) -> Image.Image:
    return Image.new("RGB", (width, height), name)


def box_of(sheet: Image.Image, name: str) -> tuple[int, int, int, int] | None:
    """The smallest box around all pixels of a colour: left, top, right, bottom."""
    difference = ImageChops.difference(sheet, Image.new("RGB", sheet.size, name)).split()
    other = ImageChops.lighter(ImageChops.lighter(difference[0], difference[1]), difference[2])
    return other.point(lambda value: 255 if value == 0 else 0).getbbox()


def test_pictures_keep_their_proportions_and_are_centred() -> None:
    sheet = contact_sheet([[colour("red", 600, 200), colour("blue", 5, 10)]], cell=CELL)
    assert sheet.mode == "RGB"
    assert sheet.size == (3 * GAP + 120, 2 * GAP + 40)
    assert box_of(sheet, "red") == (GAP, GAP + 10, GAP + 60, GAP + 30)  # 60 x 20
    assert box_of(sheet, "blue") == (2 * GAP + 80, GAP, 2 * GAP + 100, GAP + 40)  # 20 x 40


def test_what_is_missing_is_a_grey_cell() -> None:
    sheet = contact_sheet([[colour("red", 60, 40), colour("red", 60, 40)], [None]], cell=CELL)
    top = 2 * GAP + 40
    for left in (GAP, 2 * GAP + 60):
        cell = sheet.crop((left, top, left + 60, top + 40))
        assert cell.getcolors() == [(60 * 40, tuple(bytes.fromhex(EMPTY[1:])))]
    assert sheet.getpixel((GAP - 1, top)) == WHITE


def test_a_framed_cell_keeps_its_picture_and_moves_no_other() -> None:
    rows = [[colour("red", 60, 40), colour("blue", 60, 40)]]
    bare, framed = (contact_sheet(rows, cell=CELL, framed=place) for place in (None, (0, 1)))
    left = 2 * GAP + 60
    assert box_of(framed, "blue") == box_of(bare, "blue") == (left, GAP, left + 60, GAP + 40)
    edge = FRAME_WIDTH
    assert box_of(framed, FRAME) == (left - edge, GAP - edge, left + 60 + edge, GAP + 40 + edge)
    assert box_of(framed, "red") == box_of(bare, "red")
    assert box_of(bare, FRAME) is None


def test_a_size_is_scaled_to_its_longer_side_and_fitted_only_downwards() -> None:
    assert [scaled((96, 72), 256), scaled((72, 960), 256), scaled((1000, 1), 10)] == [(256, 192), (19, 256), (10, 1)]
    assert [fitted((96, 72), 256), fitted((1024, 768), 256)] == [(96, 72), (256, 192)]


def test_a_transparent_picture_lies_on_white() -> None:
    sheet = contact_sheet([[Image.new("RGBA", CELL, (255, 0, 0, 0))]], cell=CELL)
    assert sheet.getcolors() == [(sheet.width * sheet.height, WHITE)]


def test_labels_are_beside_their_pictures_and_touch_nothing() -> None:
    """The same sheet with labels is the one without, moved; the ink is outside it and off the edges."""
    rows = [[colour("red", 60, 40), None], [colour("blue", 60, 40), colour("lime", 60, 40)]]
    bare = contact_sheet(rows, cell=CELL)
    long = "a label far too long for any cell " * 3
    sheet = contact_sheet(rows, row_labels=[long, "y"], column_labels=[long, long], cell=CELL)
    left, top = sheet.width - bare.width, sheet.height - bare.height
    inner = (GAP, GAP, *bare.size)
    assert sheet.crop((left + GAP, top + GAP, *sheet.size)).tobytes() == bare.crop(inner).tobytes()
    assert left <= 2 * CELL[0] + 2 * GAP
    above = ImageChops.invert(sheet.crop((left, 0, sheet.width, top + GAP)).convert("L"))
    assert above.getbbox() is not None
    for gap in (0, GAP + 60, 2 * GAP + 120):  # left of, between and right of the two columns
        strip = above.crop((gap, 0, min(gap + GAP, above.width), above.height))
        assert strip.getbbox() is None
    beside = ImageChops.invert(sheet.crop((0, top + GAP, left, sheet.height)).convert("L"))
    assert beside.crop((0, 0, left, 40)).getbbox() is not None
    assert beside.crop((0, 40 + GAP, left, beside.height)).getbbox() is not None
    assert beside.crop((0, 0, GAP - 1, beside.height)).getbbox() is None


def test_row_labels_have_the_room_of_the_longest() -> None:
    rows = [[colour("red", 60, 40)]] * 2
    widths = [contact_sheet(rows, row_labels=["a", label], cell=CELL).width for label in ("b", "bbbb", "bbbbbbbb")]
    assert widths == sorted(set(widths))


def test_a_label_that_is_too_long_for_large_letters_is_read_whole_in_smaller_ones() -> None:
    wide = (256, 40)
    sheets = [
        contact_sheet([[colour("red", *wide)]], column_labels=[label], cell=wide)
        for label in ("sliced_wasserstein_fresh", "sliced_wasserstein_fresm", "sliced_wasserst")
    ]
    assert sheets[0].tobytes() != sheets[1].tobytes()  # up to its last letter
    assert GAP + 40 < sheets[0].height < sheets[2].height


def test_signs_that_the_font_lacks_are_written_plainly() -> None:
    rows = [[colour("red", 200, 40)]]
    fancy, plain = (contact_sheet(rows, column_labels=[label], cell=(200, 40)) for label in ("é × ü – x", "e x u - x"))
    assert fancy.tobytes() == plain.tobytes()


@pytest.mark.parametrize("rows", [[], [[]], [[None, None], [None]]])
def test_a_sheet_without_pictures_is_refused(rows: list[list[Image.Image | None]]) -> None:
    with pytest.raises(ValueError, match="without pictures"):
        contact_sheet(rows, cell=CELL)


def test_each_row_and_column_has_its_label_or_none_has() -> None:
    rows = [[colour("red", 6, 4), None], [None]]
    with pytest.raises(ValueError, match="1 row labels for 2 rows"):
        contact_sheet(rows, row_labels=["a"], cell=CELL)
    with pytest.raises(ValueError, match="3 column labels for 2 columns"):
        contact_sheet(rows, column_labels=["a", "b", "c"], cell=CELL)


def test_sheets_are_stacked_from_the_left_on_white() -> None:
    whole = stacked([colour("red", 30, 10), colour("blue", 20, 5)])
    assert whole.size == (30, 15)
    assert box_of(whole, "red") == (0, 0, 30, 10)
    assert box_of(whole, "blue") == (0, 10, 20, 15)
    assert box_of(whole, "white") == (20, 10, 30, 15)
