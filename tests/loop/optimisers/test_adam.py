"""Adam on bands against PyTorch's Adam on what the bands stand for."""

from collections.abc import Callable
from functools import partial

import pytest
import torch
from torch import Tensor
from torch.nn.functional import interpolate

from stx.loop.optimisers.adam import Adam

usual = partial(Adam, beta1=0.9, beta2=0.999)
"""As Kingma & Ba propose."""

TARGET = torch.rand(3, 13, 18, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
START = torch.full_like(TARGET, 0.5)


def loss_of(picture: Tensor) -> Tensor:
    return (picture - TARGET).square().sum() + picture[:, 2:].diff(dim=2).pow(4).sum()


def descend(bands: int, steps: int, lr: float, betas: tuple[float, float] = (0.9, 0.999)) -> Tensor:
    image = START.clone().requires_grad_()
    optimiser = Adam([image], lr=lr, bands=bands, beta1=betas[0], beta2=betas[1], carry=False)

    def closure() -> Tensor:
        image.grad = None
        loss = loss_of(image)
        loss.backward()  # type: ignore[no-untyped-call]
        return loss

    for _ in range(steps):
        optimiser.step(closure)
    return image.detach()


@pytest.mark.parametrize(("bands", "betas"), [(0, (0.9, 0.999)), (0, (0.5, 0.99)), (1, (0.9, 0.9)), (3, (0.9, 0.999))])
def test_it_is_pytorchs_adam_on_pictures_that_are_added(bands: int, betas: tuple[float, float]) -> None:
    added = [torch.zeros(3, 13 >> k, 18 >> k, dtype=torch.float64, requires_grad=True) for k in range(bands + 1)]
    theirs = torch.optim.Adam(added, lr=0.01, betas=betas)

    def picture() -> Tensor:
        larger = [interpolate(one[None], size=(13, 18), mode="bilinear", align_corners=False)[0] for one in added[1:]]
        return START + added[0] + sum(larger, start=torch.zeros_like(START))

    for _ in range(8):
        theirs.zero_grad()
        loss_of(picture()).backward()  # type: ignore[no-untyped-call]
        theirs.step()
    torch.testing.assert_close(descend(bands, 8, 0.01, betas), picture().detach())


def test_pixels_stay_within_their_range_and_more_bands_than_halvings_do_no_harm() -> None:
    image = descend(12, 60, 0.2)
    assert 0 <= image.min() <= image.max() <= 1
    assert torch.isfinite(image).all()


def test_it_goes_on_from_its_state_as_if_nothing_had_happened() -> None:
    image = START.clone().requires_grad_()

    def closure() -> Tensor:
        image.grad = None
        loss = loss_of(image)
        loss.backward()  # type: ignore[no-untyped-call]
        return loss

    optimiser = usual([image], lr=0.05, bands=2, carry=False)
    for step in range(10):
        if step == 4:
            state = optimiser.state_dict()
            optimiser = usual([image], lr=0.05, bands=2, carry=False)
            optimiser.load_state_dict(state)
        optimiser.step(closure)
    assert torch.equal(image.detach(), descend(2, 10, 0.05))


def test_it_goes_on_from_the_state_of_pytorchs_class_as_checkpoints_of_before_have_it() -> None:
    """With one band, where the picture stays within its range, both are one algorithm, to the bit."""
    image, theirs = (START.clone().requires_grad_() for _ in range(2))
    optimisers = usual([image], lr=0.9, bands=0, carry=False), torch.optim.Adam([theirs], lr=0.01)

    def closure_of(picture: Tensor) -> Callable[[], Tensor]:
        def closure() -> Tensor:
            picture.grad = None
            loss = loss_of(picture)
            loss.backward()  # type: ignore[no-untyped-call]
            return loss

        return closure

    for _ in range(3):
        optimisers[1].step(closure_of(theirs))
    with torch.no_grad():
        image.copy_(theirs)
    optimisers[0].load_state_dict(optimisers[1].state_dict())
    for _ in range(3):
        for optimiser, picture in zip(optimisers, (image, theirs), strict=True):
            optimiser.step(closure_of(picture))
    torch.testing.assert_close(image, theirs, rtol=0, atol=1e-15)  # a step is added to a picture, not made in place
    for moment in ("step", "exp_avg", "exp_avg_sq"):
        ours, same = optimisers[0].state[0][moment], optimisers[1].state[theirs][moment]
        torch.testing.assert_close(ours, same, rtol=1e-12, atol=0)


@pytest.mark.parametrize("bands", [0, 2])
def test_its_steps_are_shorter_by_the_factor(bands: int) -> None:
    """The first one moves every coordinate by the learning rate, in each band."""
    moved = []
    for factor in (1.0, 0.25):
        image = START.clone().requires_grad_()
        optimiser = usual([image], lr=0.01, bands=bands, carry=False)
        optimiser.shorten(factor)

        def closure(image: Tensor = image) -> Tensor:
            image.grad = torch.ones_like(image)
            return image.new_tensor(3.0)

        assert float(optimiser.step(closure)) == 3.0
        moved.append(image.detach() - START)
        assert torch.equal(optimiser.accepted(), image.detach())
    torch.testing.assert_close(moved[1], 0.25 * moved[0])
    torch.testing.assert_close(moved[0], torch.full_like(START, -0.01 * (bands + 1)))
    assert not optimiser.stalled
    assert not optimiser.rejected
    assert not optimiser.measured


def test_what_it_remembers_goes_on_at_another_size_where_that_is_asked_for() -> None:
    image = START.clone().requires_grad_()
    carrying = usual([image], lr=0.05, bands=1, carry=True)

    def closure() -> Tensor:
        image.grad = None
        loss = loss_of(image)
        loss.backward()  # type: ignore[no-untyped-call]
        return loss

    for _ in range(3):
        carrying.step(closure)
    larger = torch.rand(3, 20, 26, generator=torch.Generator().manual_seed(1), dtype=torch.float64).requires_grad_()
    other = usual([larger], lr=0.05, bands=1, carry=True)
    other.load_state_dict(carrying.handed_on((20, 26)))
    for number, size in ((0, (20, 26)), (1, (10, 13))):
        own, handed = carrying.state[number], other.state[number]
        for moment, mode in (("exp_avg", "bicubic"), ("exp_avg_sq", "bilinear")):
            expected = interpolate(own[moment][None], size=size, mode=mode)[0]
            torch.testing.assert_close(handed[moment], expected.clamp(min=0) if moment == "exp_avg_sq" else expected)
        assert float(handed["step"]) == 3
    assert usual([image], lr=0.05, bands=1, carry=False).handed_on((20, 26)) == {}
