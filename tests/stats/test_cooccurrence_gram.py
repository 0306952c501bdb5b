"""Correlations between channels against loops over the definition, and against Gram."""

import itertools

import pytest
import torch
from torch import Tensor

from stx import stats
from stx.errors import UserError


def features(*shape: int, seed: int = 0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(*shape, generator=generator, dtype=torch.float64).relu()


def looped(maps: Tensor, radius: int, limit: float, centred: bool) -> Tensor:
    """The definition, a position and a neighbour at a time."""
    channels, height, width = maps.shape
    active = torch.where(maps > limit, maps, 0.0)
    if centred:
        active = active - active.mean((1, 2), keepdim=True)
    measured = torch.zeros(channels, channels, dtype=maps.dtype)
    for i, j in itertools.product(range(height), range(width)):
        for u, v in itertools.product(range(i - radius, i + radius + 1), range(j - radius, j + radius + 1)):
            if 0 <= u < height and 0 <= v < width:
                measured += active[:, i, j, None] * active[None, :, u, v]
    return measured / (2 * radius + 1) ** 2 / (height * width)


@pytest.mark.parametrize("radius", [0, 1, 3])
@pytest.mark.parametrize("threshold", ["mean", "none", 0.4])
@pytest.mark.parametrize("centred", [False, True])
def test_cooc_gram_is_its_definition(radius: int, threshold: str | float, centred: bool) -> None:
    maps = features(4, 5, 6)
    limit = {"mean": float(maps.mean()), "none": -1.0}.get(str(threshold), 0.4)
    ours = stats.cooc_gram(maps, radius=radius, threshold=threshold, centred=centred)  # type: ignore[arg-type]
    torch.testing.assert_close(ours, looped(maps, radius, limit, centred))
    torch.testing.assert_close(ours, ours.T)


@pytest.mark.parametrize("radius", [0, 2, [0, 1, 3]])
@pytest.mark.parametrize("threshold", ["mean", "none"])
@pytest.mark.parametrize("centred", [False, True])
def test_its_gradient_is_that_of_its_definition(radius: int | list[int], threshold: str, centred: bool) -> None:
    maps, same = features(3, 5, 4).requires_grad_(), features(3, 5, 4).requires_grad_()
    limit = {"mean": float(maps.detach().mean()), "none": -1.0}[threshold]
    radii = [radius] if isinstance(radius, int) else radius
    expected = torch.stack([looped(same, each, limit, centred) for each in radii])
    ours = stats.cooc_gram(maps, radius=radius, threshold=threshold, centred=centred).view_as(expected)  # type: ignore[arg-type]
    pull = torch.randn(expected.shape, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    (ours * pull).sum().backward()
    (expected * pull).sum().backward()
    torch.testing.assert_close(maps.grad, same.grad)


def test_without_radius_and_threshold_it_is_gram_exactly() -> None:
    maps = features(6, 7, 8).float()
    assert torch.equal(stats.cooc_gram(maps, radius=0, threshold="none", centred=False), stats.gram(maps))
    assert torch.equal(stats.shift_gram(maps, shifts=[0])[1], stats.gram(maps))


@pytest.mark.parametrize("shifts", [[0], [1], [2, 0], [1, 3, 9]])
@pytest.mark.parametrize("shape", [(3, 5, 4), (2, 3, 6), (2, 1, 4)])
def test_the_gradient_at_a_distance_is_that_of_finite_differences(shifts: list[int], shape: tuple[int, ...]) -> None:
    maps = features(*shape, seed=4).requires_grad_()
    assert torch.autograd.gradcheck(lambda maps: stats.shift_gram(maps, shifts=shifts), maps)


def test_several_radii_are_stacked() -> None:
    maps = features(4, 5, 6)
    stack = stats.cooc_gram(maps, radius=[0, 2], threshold="mean", centred=False)
    for measured, radius in zip(stack, (0, 2), strict=True):
        torch.testing.assert_close(measured, stats.cooc_gram(maps, radius=radius, threshold="mean", centred=False))


def test_it_sees_neighbours_that_gram_does_not() -> None:
    """Two channels never active at one place, but side by side."""
    maps = torch.zeros(2, 6, 6, dtype=torch.float64)
    maps[0, :, ::2], maps[1, :, 1::2] = 1, 1
    assert stats.gram(maps)[0, 1] == 0
    assert stats.cooc_gram(maps, radius=1, threshold="none", centred=False)[0, 1] > 0


def test_shift_gram_is_its_definition() -> None:
    maps = features(3, 5, 6)
    along_x, along_y = stats.shift_gram(maps, shifts=[2])
    for measured, (down, across) in ((along_x, (0, 2)), (along_y, (2, 0))):
        expected = torch.zeros(3, 3, dtype=torch.float64)
        places = list(itertools.product(range(5 - down), range(6 - across)))
        for i, j in places:
            expected += maps[:, i, j, None] * maps[None, :, i + down, j + across] / len(places)
        torch.testing.assert_close(measured, expected)


def test_a_shift_beyond_the_picture_is_cut() -> None:
    maps = features(3, 2, 4)
    torch.testing.assert_close(stats.shift_gram(maps, shifts=[9])[1], stats.shift_gram(maps, shifts=[1])[1])


def test_what_cannot_be_meant_is_a_mistake() -> None:
    for radius in (-1, [], [1, -2]):
        with pytest.raises(UserError, match="radius is"):
            stats.cooc_gram(features(2, 3, 3), radius=radius, threshold="mean", centred=False)  # type: ignore[arg-type]
    for shifts in ([], [-1]):
        with pytest.raises(UserError, match="shifts is"):
            stats.shift_gram(features(2, 3, 3), shifts=shifts)


@pytest.mark.parametrize("threshold", [float("nan"), float("inf")])
def test_a_threshold_that_nothing_is_above_is_a_mistake(threshold: float) -> None:
    with pytest.raises(UserError, match="threshold is"):
        stats.cooc_gram(features(2, 3, 3), radius=1, threshold=threshold, centred=False)


def test_one_bad_radius_or_shift_of_several_is_a_mistake_wherever_it_stands() -> None:
    for radius in ([-1, 2], [2, -1], [-1]):
        with pytest.raises(UserError, match=r"radius is \["):
            stats.cooc_gram(features(2, 3, 3), radius=radius, threshold="mean", centred=False)
    for shifts in ([-1, 2], [2, -1]):
        with pytest.raises(UserError, match=r"shifts is \["):
            stats.shift_gram(features(2, 3, 3), shifts=shifts)


def test_a_list_of_one_is_a_stack_of_one_and_nought_is_no_mistake() -> None:
    maps = features(2, 3, 4)
    assert stats.cooc_gram(maps, radius=[0], threshold="mean", centred=False).shape == (1, 2, 2)
    assert stats.cooc_gram(maps, radius=0, threshold="mean", centred=False).shape == (2, 2)
    along_x, along_y = stats.shift_gram(maps, shifts=[0])
    torch.testing.assert_close(along_x, stats.gram(maps))
    torch.testing.assert_close(along_y, stats.gram(maps))


def test_several_shifts_stand_in_their_order_along_x_and_then_y() -> None:
    maps = features(3, 5, 6)
    stack = stats.shift_gram(maps, shifts=[3, 1])
    torch.testing.assert_close(stack, torch.cat([stats.shift_gram(maps, shifts=[shift]) for shift in (3, 1)]))
    torch.testing.assert_close(stats.shift_gram(maps, shifts=[6])[0], stats.shift_gram(maps, shifts=[5])[0])
    last = maps[:, :, 0] @ maps[:, :, 5].T / 5
    torch.testing.assert_close(stats.shift_gram(maps, shifts=[5])[0], last)
