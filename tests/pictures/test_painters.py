"""The painted styles: repeatable, and full of the texture that a style picture is there for."""

import hashlib
import subprocess
import sys

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from stx.pictures import painters

STYLES = sorted(painters.STYLES)


@pytest.fixture(scope="module")
def painted() -> dict[str, Image.Image]:
    return {name: style(0) for name, style in painters.STYLES.items()}


def luminance(picture: Image.Image) -> NDArray[np.float64]:
    return np.asarray(picture, float) @ [0.2126, 0.7152, 0.0722]


def tiles(values: NDArray[np.float64], side: int) -> NDArray[np.float64]:
    """(n, side * side): the squares of `side` pixels that the picture falls into."""
    rows, columns = values.shape[0] // side, values.shape[1] // side
    grid = values[: rows * side, : columns * side].reshape(rows, side, columns, side)
    return grid.swapaxes(1, 2).reshape(-1, side * side)


@pytest.mark.parametrize("name", STYLES)
def test_the_same_seed_paints_the_same_bytes_whatever_the_global_random_state(
    name: str, painted: dict[str, Image.Image]
) -> None:
    np.random.seed(3)
    assert painters.STYLES[name](0).tobytes() == painted[name].tobytes()
    assert np.random.rand() == np.random.RandomState(3).rand()  # nor is that state touched


@pytest.mark.slow
def test_another_process_paints_the_same_bytes(painted: dict[str, Image.Image]) -> None:
    code = (
        "import hashlib; from stx.pictures import painters;"
        "[print(name, hashlib.sha256(style(0).tobytes()).hexdigest()) for name, style in painters.STYLES.items()]"
    )
    printed = subprocess.check_output([sys.executable, "-c", code], text=True)
    expected = {name: hashlib.sha256(picture.tobytes()).hexdigest() for name, picture in painted.items()}
    assert dict(line.split() for line in printed.splitlines()) == expected


@pytest.mark.parametrize("name", STYLES)
def test_another_seed_paints_another_picture(name: str, painted: dict[str, Image.Image]) -> None:
    difference = luminance(painters.STYLES[name](1)) - luminance(painted[name])
    assert (np.abs(difference) > 8).mean() > 0.3


@pytest.mark.parametrize("name", STYLES)
def test_a_painting_is_rgb_of_the_stated_size(name: str, painted: dict[str, Image.Image]) -> None:
    assert painted[name].mode == "RGB"
    assert painted[name].size == (640, 480)


@pytest.mark.parametrize("name", STYLES)
@pytest.mark.parametrize("side", [16, 32, 80])
def test_no_part_of_the_canvas_is_blank(name: str, side: int, painted: dict[str, Image.Image]) -> None:
    spread = tiles(luminance(painted[name]), side).std(axis=1)
    assert spread.min() > 2
    assert np.median(spread) > 15


@pytest.mark.parametrize("name", STYLES)
def test_a_painting_has_darks_lights_and_edges(name: str, painted: dict[str, Image.Image]) -> None:
    values = luminance(painted[name])
    dark, light = np.percentile(values, [5, 95])
    assert light - dark > 100
    assert np.abs(np.diff(values, axis=1)).mean() > 6


@pytest.mark.parametrize("name", STYLES)
def test_a_painting_has_many_colours(name: str, painted: dict[str, Image.Image]) -> None:
    coarse = np.asarray(painted[name]).reshape(-1, 3) // 32
    assert len(np.unique(coarse, axis=0)) > 60


@pytest.mark.parametrize("name", STYLES)
def test_no_single_colour_fills_much_of_a_painting(name: str, painted: dict[str, Image.Image]) -> None:
    counts = np.unique(np.asarray(painted[name]).reshape(-1, 3), axis=0, return_counts=True)[1]
    assert counts.max() < 0.1 * counts.sum()


@pytest.mark.parametrize("name", STYLES)
@pytest.mark.parametrize("scale", [1, 2, 4, 8, 16])
def test_a_painting_has_contrast_at_every_scale(name: str, scale: int, painted: dict[str, Image.Image]) -> None:
    """Of details between `scale` and twice as many pixels: what halving the resolution takes away."""
    values = luminance(painted[name])
    fine = tiles(values, scale).mean(axis=1).reshape(values.shape[0] // scale, -1)
    pairs = tiles(fine, 2)
    assert (pairs - pairs.mean(axis=1, keepdims=True)).std() > 7
