"""Spectra against numpy's transforms, and autocorrelations against loops."""

import numpy as np
import pytest
import torch
from torch import Tensor

from stx.stats import deep_correlations, off_spectrum, spectrum


def maps(seed: int, channels: int = 3, height: int = 6, width: int = 7) -> Tensor:
    return torch.rand(channels, height, width, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@pytest.mark.parametrize("size", [(6, 7), (5, 8)])
def test_the_loss_is_the_distance_to_liu_s_projection(size: tuple[int, int]) -> None:
    """Their eq. 6: the target's waves, each turned by the one phase that all channels share."""
    ours, style = (maps(seed, 3, *size).numpy() for seed in (0, 1))
    waves, target = (np.fft.fft2(each) for each in (ours, style))
    common = (waves * target.conj()).sum(0)
    nearest = np.fft.ifft2(common / np.abs(common) * target)
    assert np.abs(nearest.imag).max() < 1e-12
    expected = np.mean((ours - nearest.real) ** 2)
    loss = off_spectrum(spectrum(torch.from_numpy(ours)), spectrum(torch.from_numpy(style)))
    assert float(loss) == pytest.approx(expected, rel=1e-10)


def test_its_gradient_is_the_picture_less_that_projection() -> None:
    ours, style = maps(0).requires_grad_(), maps(1)
    off_spectrum(spectrum(ours), spectrum(style)).backward()
    waves, target = np.fft.fft2(ours.detach().numpy()), np.fft.fft2(style.numpy())
    common = (waves * target.conj()).sum(0)
    nearest = np.fft.ifft2(common / np.abs(common) * target).real
    assert ours.grad is not None
    np.testing.assert_allclose(ours.grad.numpy(), 2 * (ours.detach().numpy() - nearest) / ours.numel(), atol=1e-12)


def test_a_picture_shifted_around_has_its_own_spectrum() -> None:
    one, other = maps(0), maps(0).roll((2, 3), (1, 2))
    assert float(off_spectrum(spectrum(other), spectrum(one))) == pytest.approx(0, abs=1e-12)


def test_a_black_picture_has_a_finite_gradient() -> None:
    black = torch.zeros(3, 6, 7, requires_grad=True)
    off_spectrum(spectrum(black), spectrum(maps(0).float())).backward()
    assert black.grad is not None
    assert torch.isfinite(black.grad).all()


def by_loops(features: Tensor, reach: int) -> Tensor:
    channels, height, width = features.shape
    result = torch.zeros(channels, 2 * reach + 1, reach + 1, dtype=torch.float64)
    for channel in range(channels):
        for dy in range(-reach, reach + 1):
            for dx in range(reach + 1):
                products = [
                    float(features[channel, y, x] * features[channel, y + dy, x + dx])
                    for y in range(height)
                    for x in range(width)
                    if 0 <= y + dy < height and x + dx < width
                ]
                result[channel, dy, dx] = sum(products) / len(products) if products else 0.0
    return result.roll(reach, 1)


@pytest.mark.parametrize("reach", [0, 2, 8])
def test_deep_correlations_are_means_over_all_pairs_of_a_shift(reach: int) -> None:
    expected = by_loops(maps(0, 2, 5, 4), reach)
    torch.testing.assert_close(deep_correlations(maps(0, 2, 5, 4), reach=reach), expected, atol=1e-12, rtol=1e-9)


def test_their_gradient_is_that_of_finite_differences() -> None:
    assert torch.autograd.gradcheck(lambda x: deep_correlations(x, reach=2), maps(1, 2, 4, 3).requires_grad_())
