"""The painted styles: repeatable, and full of the texture that a style picture is there for."""

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from stx import paint

STYLES = sorted(paint.STYLES)


@pytest.fixture(scope="module")
def painted() -> dict[str, Image.Image]:
    return {name: style(0) for name, style in paint.STYLES.items()}


def luminance(picture: Image.Image) -> NDArray[np.float64]:
    return np.asarray(picture, float) @ [0.2126, 0.7152, 0.0722]


def tiles(values: NDArray[np.float64], side: int) -> NDArray[np.float64]:
    """(n, side * side): the squares of `side` pixels that the picture falls into."""
    rows, columns = values.shape[0] // side, values.shape[1] // side
    grid = values[: rows * side, : columns * side].reshape(rows, side, columns, side)
    return grid.swapaxes(1, 2).reshape(-1, side * side)


@pytest.mark.parametrize("name", STYLES)
def test_the_same_seed_paints_the_same_bytes(name: str, painted: dict[str, Image.Image]) -> None:
    assert paint.STYLES[name](0).tobytes() == painted[name].tobytes()


@pytest.mark.parametrize("name", STYLES)
def test_another_seed_paints_another_picture(name: str, painted: dict[str, Image.Image]) -> None:
    difference = luminance(paint.STYLES[name](1)) - luminance(painted[name])
    assert (np.abs(difference) > 8).mean() > 0.3


@pytest.mark.parametrize("name", STYLES)
def test_painting_leaves_the_global_random_state_alone(name: str) -> None:
    np.random.seed(3)
    expected = np.random.RandomState(3).rand()
    paint.STYLES[name](0)
    assert np.random.rand() == expected


@pytest.mark.parametrize("name", STYLES)
def test_a_painting_is_rgb_of_the_stated_size(name: str, painted: dict[str, Image.Image]) -> None:
    assert painted[name].mode == "RGB"
    assert painted[name].size == (paint.WIDTH, paint.HEIGHT)


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
