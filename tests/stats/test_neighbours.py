"""Matches and their distance against loops over all pairs of positions."""

import pytest
import torch
from torch import Tensor

from stx.stats import nearest, nearest_neighbour
from stx.stats import neighbours as module


def maps(seed: int, height: int = 4, width: int = 5) -> Tensor:
    return torch.rand(6, height, width, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def by_loops(ours: Tensor, styles: list[Tensor]) -> float:
    columns = [column - style.flatten(1).mean(1) for style in styles for column in style.flatten(1).T]
    distances = []
    for column in ours.flatten(1).T:
        one = column - ours.flatten(1).mean(1)
        distances.append(min(1 - float(one @ other / (one.norm() * other.norm())) for other in columns))
    return sum(distances) / len(distances)


@pytest.mark.parametrize("turned", [False, True])
def test_the_loss_is_the_mean_distance_to_the_nearest(turned: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "HELD", 150)  # so that there are several
    styles = [torch.rot90(maps(1, 3, 7), turns, (1, 2)) ** (1 + turns) for turns in range(4 if turned else 1)]
    reference = nearest(styles, ours=maps(0))
    assert float(nearest_neighbour(maps(0), reference=reference)) == pytest.approx(by_loops(maps(0), styles))


def test_matches_stay_while_the_picture_changes() -> None:
    reference = nearest(maps(1), ours=maps(0))
    moved = maps(2)
    expected = 0.0
    for column, match in zip(moved.flatten(1).T, reference.T, strict=True):
        one = column - moved.flatten(1).mean(1)
        expected += 1 - float(one @ match / one.norm())
    assert float(nearest_neighbour(moved, reference=reference)) == pytest.approx(expected / 20)


def test_a_style_is_at_no_distance_from_itself_wherever_its_places_are() -> None:
    shuffled = maps(1).flatten(1)[:, torch.randperm(20, generator=torch.Generator().manual_seed(0))].view(6, 4, 5)
    assert float(nearest_neighbour(shuffled, reference=nearest(maps(1), ours=shuffled))) == pytest.approx(0, abs=1e-12)


def test_features_that_are_all_alike_have_a_finite_gradient() -> None:
    flat = torch.ones(6, 4, 5, requires_grad=True)
    nearest_neighbour(flat, reference=nearest(torch.ones(6, 3, 3), ours=flat.detach())).backward()
    assert flat.grad is not None
    assert torch.isfinite(flat.grad).all()


def test_its_gradient_is_that_of_finite_differences() -> None:
    reference = nearest(maps(1), ours=maps(0))
    assert torch.autograd.gradcheck(lambda x: nearest_neighbour(x, reference=reference), maps(0).requires_grad_())
