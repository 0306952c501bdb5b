"""Colours kept: moments against NumPy's, YIQ and Oklab against their definitions, and no picture without a number."""

import numpy as np
import pytest
import torch
from torch import Tensor

from stx.config.schema import MatchedColour, PlainColour
from stx.pictures import colour, images

YIQ = np.array([[0.299, 0.587, 0.114], [0.5959, -0.2746, -0.3213], [0.2115, -0.5227, 0.3112]])
STYLE, LUMINANCE, AFTER = (PlainColour(name=name) for name in ("style", "luminance", "after"))
MATCHES = [MatchedColour(name="match", by=by) for by in ("pca", "cholesky")]


def noise(seed: int, low: float = 0.3, high: float = 0.6, height: int = 12) -> Tensor:
    """A picture whose channels go together, far from black and white."""
    generator = torch.Generator().manual_seed(seed)
    mixed = torch.eye(3) + 0.5 * torch.rand(3, 3, generator=generator)
    points = mixed @ torch.rand(3, height * 16, generator=generator)
    return (low + (high - low) * (points - points.min()) / (points.max() - points.min())).view(3, height, 16)


def flat(picture: Tensor) -> np.ndarray:
    return picture.double().flatten(1).numpy()


@pytest.mark.parametrize("match", MATCHES, ids=lambda match: match.by)
def test_a_matched_painting_has_the_photographs_mean_and_covariance(match: MatchedColour) -> None:
    photograph, painting = noise(0), noise(1, 0.4, 0.5, height=9)
    content, matched = colour.before(match, photograph, painting)
    assert content is photograph
    assert matched.shape == painting.shape
    assert flat(matched).mean(1) == pytest.approx(flat(photograph).mean(1), abs=1e-5)
    assert np.cov(flat(matched), bias=True) == pytest.approx(np.cov(flat(photograph), bias=True), abs=2e-4)


def test_both_maps_differ_and_leave_a_picture_that_has_those_colours_alone() -> None:
    photograph, painting = noise(0), noise(1)
    by = [colour.before(match, photograph, painting)[1] for match in MATCHES]
    assert (by[0] - by[1]).abs().max() > 0.002
    for match in MATCHES:
        assert torch.allclose(colour.before(match, photograph, photograph)[1], photograph, atol=1e-5)


def test_the_triangular_map_takes_red_from_red_alone() -> None:
    photograph, painting = noise(0), noise(1)
    changed = painting.clone()
    changed[1:] = painting[1:].flip(1, 2)
    cholesky = MATCHES[1]
    red = [colour.before(cholesky, photograph, each)[1][0] for each in (painting, changed)]
    assert torch.allclose(*red, atol=1e-5)


def test_luminance_is_transferred_in_grey_and_comes_back_in_the_photographs_colours() -> None:
    photograph, painting = noise(0), noise(1, 0.1, 0.9)
    content, style = colour.before(LUMINANCE, photograph, painting)
    luma = YIQ[0] @ flat(photograph)
    for channel in flat(content):
        assert channel == pytest.approx(luma, abs=1e-6)
    assert (style[0] == style[1]).all()
    assert [float(style.mean()), float(style.std(correction=0))] == pytest.approx([luma.mean(), luma.std()], abs=1e-4)
    result = noise(2)
    finished = colour.finishing(LUMINANCE, photograph)(result)
    expected = YIQ @ flat(photograph)
    expected[0] = YIQ[0] @ flat(result)
    assert YIQ @ flat(finished) == pytest.approx(expected, abs=1e-3)  # I and Q above have four digits


@pytest.mark.parametrize(
    ("rgb", "lab"),
    [
        ((1, 1, 1), (1, 0, 0)),
        ((1, 0, 0), (0.62796, 0.22486, 0.12585)),
        ((0, 1, 0), (0.86644, -0.23389, 0.17950)),
        ((0, 0, 1), (0.45201, -0.03246, -0.31153)),
        ((0, 0, 0), (0, 0, 0)),
    ],
)
def test_oklab_is_that_of_its_author(rgb: tuple[float, ...], lab: tuple[float, ...]) -> None:
    picture = torch.tensor(rgb, dtype=torch.float32).view(3, 1, 1)
    assert colour.oklab(picture).flatten().tolist() == pytest.approx(lab, abs=1e-4)


def test_oklab_and_back_is_the_picture() -> None:
    picture = torch.rand(3, 8, 8, generator=torch.Generator().manual_seed(0))
    assert torch.allclose(colour.from_oklab(colour.oklab(picture)), picture, atol=1e-5)


def test_hues_are_given_behind_the_run_and_lightness_stays() -> None:
    photograph, result = noise(0, 0.4, 0.6), noise(1, 0.4, 0.6, height=9)
    assert colour.before(AFTER, photograph, result) == (photograph, result)
    finished = colour.oklab(colour.finishing(AFTER, photograph)(result))
    theirs, ours = colour.oklab(photograph), colour.oklab(result)
    assert torch.allclose(finished[0], ours[0], atol=1e-3)
    resized = images.to_tensor(images.to_picture(photograph), (16, 9))  # as large as the result
    assert flat(finished)[1:].mean(1) == pytest.approx(flat(theirs)[1:].mean(1), abs=1e-3)
    assert np.cov(flat(finished)[1:], bias=True) == pytest.approx(
        np.cov(flat(colour.oklab(resized))[1:], bias=True), abs=2e-4
    )


def test_the_paintings_colours_leave_everything_as_it_is() -> None:
    photograph, painting = noise(0), noise(1)
    assert colour.before(STYLE, photograph, painting) == (photograph, painting)
    assert colour.finishing(STYLE, photograph) is colour.unchanged
    assert colour.unchanged(painting) is painting


@pytest.mark.parametrize("how", [LUMINANCE, AFTER, *MATCHES], ids=str)
@pytest.mark.parametrize("plain", [torch.zeros(3, 8, 8), torch.full((3, 8, 8), 0.7), noise(3)[:1].expand(3, -1, -1)])
def test_grey_and_one_coloured_pictures_are_no_nan(how: colour.Colour, plain: Tensor) -> None:
    for photograph, painting in ((noise(0), plain), (plain, noise(0)), (plain, plain)):
        seen = colour.before(how, photograph, painting)
        finished = colour.finishing(how, photograph)(noise(1))
        for picture in (*seen, finished, colour.finishing(how, photograph)(plain)):
            assert picture.isfinite().all()
            assert picture.min() >= 0
            assert picture.max() <= 1
