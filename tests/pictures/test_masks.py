"""Masks: flat colours are regions, whatever their files make of them."""

import io
import time

import numpy as np
import pytest
import torch
from PIL import Image, ImageDraw, ImageFilter

from stx.errors import UserError
from stx.pictures import bundled, masks, palette

RED, GREEN, BLUE = (255, 0, 0), (0, 255, 0), (0, 0, 255)


def halves(left: tuple[int, int, int], right: tuple[int, int, int], size: tuple[int, int] = (60, 40)) -> Image.Image:
    mask = Image.new("RGB", size, left)
    ImageDraw.Draw(mask).rectangle([size[0] // 2, 0, size[0], size[1]], fill=right)
    return mask


def test_equal_colours_are_one_region_wherever_they_lie() -> None:
    found = masks.regions(halves(RED, BLUE), {"style": halves(BLUE, RED, (20, 10))})
    assert found.shares == {"ff0000": pytest.approx(0.5), "0000ff": pytest.approx(0.5)}
    assert found.guides["content"]["ff0000"][:, :30].min() == 1
    assert found.guides["content"]["ff0000"][:, 30:].max() == 0
    assert found.guides["style"]["ff0000"][:, :10].max() == 0
    assert found.guides["style"]["ff0000"][:, 10:].min() == 1


def test_a_jpeg_has_the_regions_of_what_it_was_saved_from() -> None:
    stream = io.BytesIO()
    halves((250, 4, 9), (5, 0, 240)).save(stream, "JPEG", quality=70)
    saved = Image.open(stream).convert("RGB")
    found = masks.regions(saved, {"style": halves(RED, BLUE)})
    assert len(found.shares) == 2
    (left, right) = found.guides["content"].values()
    assert {float((guide > 0.5).float().mean()) for guide in (left, right)} == {0.5}


def test_a_soft_edge_belongs_to_both_of_its_regions() -> None:
    soft = halves(RED, BLUE, (120, 40)).filter(ImageFilter.GaussianBlur(4))
    red, blue = masks.memberships(soft, [RED, BLUE])
    torch.testing.assert_close(red + blue, torch.ones(40, 120))
    row = red[20]
    assert ((row[:-1] - row[1:]) >= 0).all()
    assert ((row > 0.2) & (row < 0.8)).sum() >= 6
    shares = np.array(soft)[20, :, 0] / 255
    between = (shares > 0.06) & (shares < 0.94)  # nearer to one of both it is that one
    np.testing.assert_allclose(row.numpy()[between], shares[between], atol=0.01)


def test_a_third_colour_between_two_is_a_region_of_its_own() -> None:
    grey = halves((0, 0, 0), (255, 255, 255), (60, 40))
    ImageDraw.Draw(grey).rectangle([20, 0, 39, 40], fill=(128, 128, 128))
    assert {*palette.palette(grey, "it")} == {(0, 0, 0), (128, 128, 128), (255, 255, 255)}


def test_a_region_that_no_style_picture_has_is_named_with_those_that_there_are() -> None:
    with pytest.raises(UserError, match=r"masks.style: no region is #00ff00, as .*; it has #0000ff, #ff0000"):
        masks.regions(halves(RED, GREEN), {"style": halves(RED, BLUE)})
    both = masks.regions(halves(RED, GREEN), {"style": halves(RED, RED), "style_2": halves(GREEN, GREEN)})
    assert [list(both.guides[name]) for name in ("style", "style_2")] == [["ff0000"], ["00ff00"]]


@pytest.mark.parametrize("name", ["noise", "coffee", "astronaut"])
def test_a_picture_without_flat_colours_is_no_mask(name: str) -> None:
    pixels = np.random.default_rng(0).integers(0, 255, (80, 100, 3), dtype=np.uint8)
    shaded = Image.fromarray(pixels) if name == "noise" else bundled.open_picture(name).convert("RGB")
    with pytest.raises(UserError, match=r"masks.content: less than half of it has flat colours"):
        masks.regions(shaded, {"style": halves(RED, BLUE)})


def test_a_large_mask_of_many_colours_is_read_in_no_time() -> None:
    noise = np.random.default_rng(0).integers(0, 6, (3000, 4000, 3), dtype=np.uint8)
    noise[:, 2000:] += 200
    started = time.process_time()
    found = masks.regions(Image.fromarray(noise), {"style": halves((2, 2, 2), (202, 202, 202))})
    assert time.process_time() - started < 20
    assert len(found.shares) == 2
    assert max(found.guides["content"][name].shape[1] for name in found.shares) == masks.LONGEST


def test_a_mask_of_other_proportions_is_refused() -> None:
    masks.refuse_proportions("masks.content=a.png", (30, 20), (640, 427))
    with pytest.raises(UserError, match=r"masks.content=a.png: 30 x 30 pixels do not fit a picture of 640 x 427"):
        masks.refuse_proportions("masks.content=a.png", (30, 30), (640, 427))


def test_a_guide_at_another_size_stays_within_its_range_and_keeps_its_mean() -> None:
    guide = torch.zeros(40, 60)
    guide[:, 30:] = 1
    smaller = masks.at_size(guide, (10, 15))
    assert (float(smaller.min()), float(smaller.max())) == (0, 1)
    assert float(smaller.mean()) == pytest.approx(0.5, abs=0.02)


def labels(*values: int, size: tuple[int, int] = (60, 40)) -> Image.Image:
    """Stripes of grey, as a program numbers regions."""
    pixels = np.repeat(np.array(values, np.uint8), size[0] // len(values))
    return Image.fromarray(np.tile(pixels, (size[1], 1)))


def test_numbered_labels_are_regions_however_near_their_greys_are() -> None:
    found = masks.regions(labels(0, 1, 2), {"style": labels(2, 0), "style_2": labels(1, 1)})
    assert set(found.shares) == {"000000", "010101", "020202"}
    assert set(found.guides["style"]) == {"000000", "020202"}
    assert set(found.guides["style_2"]) == {"010101"}
    large = masks.regions(labels(0, 2, size=(6000, 30)), {"style": labels(0, 2)})
    assert set(large.shares) == {"000000", "020202"}  # not 1, which lies between


def test_a_style_picture_without_any_of_the_regions_is_refused() -> None:
    with pytest.raises(UserError, match=r"masks.style: style_2 has no region that the photograph has"):
        masks.regions(labels(0, 1), {"style": labels(0, 1), "style_2": labels(255, 255)})


def test_a_small_square_is_a_region_and_what_is_too_small_is_told() -> None:
    square = halves(RED, RED, (96, 64))
    ImageDraw.Draw(square).rectangle([10, 10, 15, 15], fill=BLUE)
    assert set(masks.regions(square, {"style": halves(RED, BLUE)}).shares) == {"ff0000", "0000ff"}
    dot = halves(RED, RED, (96, 64))
    ImageDraw.Draw(dot).rectangle([10, 10, 12, 12], fill=BLUE)
    (note,) = masks.regions(dot, {"style": halves(RED, BLUE)}).notes
    assert note == ("masks.content: too small for a region, and part of what is next to it in colour: #0000ff (0.15%)")


def test_what_is_transparent_of_a_region_is_said() -> None:
    right = torch.zeros(40, 60)
    right[:, 30:] = 1
    both = {"style": halves(RED, BLUE)}
    assert masks.regions(halves(RED, BLUE), both, {"content": right}).notes == ("masks: #ff0000 is all transparent",)
    with pytest.raises(UserError, match=r"masks.style: no region is #ff0000, .*; that of style is all transparent"):
        masks.regions(halves(RED, BLUE), both, {"style": right})
    with pytest.raises(UserError, match=r"masks.content: all of its regions are transparent in the photograph"):
        masks.regions(halves(RED, RED), {"style": halves(RED, RED)}, {"content": torch.zeros(40, 60)})
