"""Distances, on cases with known answers and against other packages."""

import numpy as np
import pytest
import torch
from scipy.fft import dctn
from scipy.linalg import sqrtm
from scipy.ndimage import gaussian_filter
from scipy.signal import convolve2d
from scipy.special import softmax
from scipy.stats import entropy
from torch import Tensor

from stx.measures import distances
from stx.measures.distances import (
    POSITIONS,
    TEMPERATURE,
    colour,
    colour_histogram,
    frechet,
    luminance,
    moments,
    relative_distance,
    relative_gram,
    root_mean_square,
    self_similarity,
    ssim,
    structure,
)
from stx.measures.transport import shape, sliced_wasserstein
from stx.pictures import bundled, images
from stx.pictures.painters import STYLES


def maps(seed: int, channels: int = 5, height: int = 40, width: int = 50) -> Tensor:
    return torch.randn(channels, height, width, generator=torch.Generator().manual_seed(seed))


def correlated(seed: int, channels: int, height: int, width: int) -> Tensor:
    """Features whose channels depend on each other, of unequal spread, away from zero."""
    mixing = torch.randn(channels, channels, generator=torch.Generator().manual_seed(seed + 100))
    return torch.einsum("dc,chw->dhw", mixing, maps(seed, channels, height, width)) + mixing[0].view(-1, 1, 1)


def picture(seed: int, height: int = 48, width: int = 64) -> Tensor:
    return torch.rand(3, height, width, generator=torch.Generator().manual_seed(seed))


def moved(features: Tensor) -> Tensor:
    """The same positions in another order and another shape."""
    channels, height, width = features.shape
    order = torch.randperm(height * width, generator=torch.Generator().manual_seed(1))
    return features.flatten(1)[:, order].view(channels, width, height)


@pytest.mark.parametrize("distance", [sliced_wasserstein, shape, relative_gram, frechet, colour])
def test_the_distances_to_a_style_do_not_see_places(distance: distances.ToTarget) -> None:
    features = picture(0)
    assert float(distance(features)(moved(features))) == pytest.approx(0, abs=1e-5)  # type: ignore[operator]


def test_relative_distance_is_a_share_of_the_second() -> None:
    assert float(relative_distance(torch.tensor([3.0, 0.0]), torch.tensor([0.0, 4.0]))) == pytest.approx(5 / 4)


def test_stronger_features_have_a_gram_matrix_at_the_square_of_their_strength() -> None:
    features = maps(0)
    assert float(relative_gram(features)(3 * features)) == pytest.approx(8)


def test_a_constant_offset_is_the_root_mean_square() -> None:
    assert float(root_mean_square(picture(0))(picture(0) - 0.25)) == pytest.approx(0.25)


def test_frechet_is_that_of_fid_by_scipy() -> None:
    ours, theirs = correlated(0, 12, 30, 40), correlated(1, 12, 25, 35)
    x, y = (features.flatten(1).double().numpy() for features in (ours, theirs))
    c, a = np.cov(x, bias=True), np.cov(y, bias=True)
    squared = np.sum((x.mean(1) - y.mean(1)) ** 2) + np.trace(c + a - 2 * sqrtm(c @ a).real)
    assert float(frechet(theirs)(ours)) == pytest.approx(squared / np.trace(a), rel=1e-7)


@pytest.mark.parametrize(("ours", "theirs"), [((4, 5), (30, 40)), ((30, 40), (4, 5)), ((4, 5), (3, 4))])
def test_frechet_holds_with_fewer_positions_than_channels(ours: tuple[int, int], theirs: tuple[int, int]) -> None:
    """The root's trace is the nuclear norm of the product of both centred features: exact at any rank."""
    target, other = correlated(1, 32, *theirs), correlated(0, 32, *ours)
    x, y = (features.flatten(1).double().numpy() for features in (other, target))
    (x_mean, x), (y_mean, y) = ((z.mean(1), (z - z.mean(1)[:, None]) / np.sqrt(z.shape[1])) for z in (x, y))
    common = np.linalg.svd(x.T @ y, compute_uv=False).sum()
    squared = np.sum((x_mean - y_mean) ** 2) + np.sum(x**2) + np.sum(y**2) - 2 * common
    assert float(frechet(target)(other)) == pytest.approx(squared / np.sum(y**2), rel=1e-6)


def test_frechet_of_a_shift_and_of_a_scaling_are_their_squares() -> None:
    features = correlated(0, 6, 20, 30)
    mean, covariance = moments(features)
    shift = torch.arange(6.0).view(6, 1, 1)
    assert float(frechet(features)(features + shift)) == pytest.approx(55 / float(covariance.trace()), rel=1e-5)
    scaled = mean.view(6, 1, 1) + 3 * (features - mean.view(6, 1, 1))
    assert float(frechet(features)(scaled)) == pytest.approx(4, rel=1e-5)


def test_moments_are_those_of_numpy_in_chunks_of_any_size(monkeypatch: pytest.MonkeyPatch) -> None:
    features = maps(0, 4, 9, 11) * 1e-3 + 1e3  # sums of squares in float32 would lose the covariance
    for chunk in (7, 99, 2**16):
        monkeypatch.setattr(distances, "CHUNK", chunk)
        mean, covariance = moments(features)
        flat = features.flatten(1).double().numpy()
        np.testing.assert_allclose(mean.numpy(), flat.mean(1), rtol=1e-12)
        np.testing.assert_allclose(covariance.numpy(), np.cov(flat, bias=True), rtol=1e-9)


def test_the_colour_histogram_is_that_of_numpy_with_white_in_the_last_cube() -> None:
    shown = picture(0)
    shown[:, :5] = 1
    expected, _ = np.histogramdd(shown.flatten(1).T.numpy(), bins=8, range=[(0, 1)] * 3)
    np.testing.assert_allclose(colour_histogram(shown).numpy(), expected.flatten() / (48 * 64), rtol=1e-6)


def test_colour_is_the_share_of_pixels_that_another_colour_has() -> None:
    black, red = torch.zeros(3, 8, 8), torch.zeros(3, 4, 4)
    red[0] = 1
    assert colour(black)(red) == 1
    half = black.clone()
    half[0, :4] = 0.9
    assert colour(black)(half) == 0.5
    assert colour(half)(half) == 0
    assert colour(black)(black + 0.1) == 0  # within one cube


def test_structure_is_the_divergence_of_scipy_between_rows_of_cosines() -> None:
    ours, theirs = maps(0, 5, 6, 7).relu(), maps(1, 5, 6, 7).relu()

    def rows(features: Tensor) -> np.ndarray:
        flat = features.flatten(1).T.double().numpy()
        unit = flat / np.maximum(np.linalg.norm(flat, axis=1, keepdims=True), 1e-12)
        return softmax(unit @ unit.T / TEMPERATURE, axis=1)

    expected = entropy(rows(theirs), rows(ours), axis=1).mean()
    assert float(structure(theirs)(ours)) == pytest.approx(expected, rel=1e-4)


def test_structure_sees_what_is_alike_and_not_what_it_looks_like() -> None:
    """Exchanged channels and another strength keep what is alike; exchanged places do not."""
    features = maps(0, 8, 20, 20).relu()
    assert float(structure(features)(0.3 * features.flip(0))) == pytest.approx(0, abs=1e-5)
    assert float(structure(features)(features.flip(2))) > 0.5


def test_structure_of_large_pictures_is_compared_on_a_grid() -> None:
    coarse = maps(0, 4, 32, 32)
    fine = coarse.repeat_interleave(2, 1).repeat_interleave(2, 2)
    torch.testing.assert_close(self_similarity(fine), self_similarity(coarse), rtol=1e-4, atol=1e-4)
    assert 900 <= len(self_similarity(maps(0, 4, 95, 128))) <= POSITIONS
    assert len(self_similarity(maps(0, 4, 1, 5000))) == 2262


def test_luminance_is_white_at_one_and_mostly_green() -> None:
    shown = torch.eye(3).view(3, 3, 1)
    torch.testing.assert_close(luminance(shown)[:, 0], torch.tensor([0.299, 0.587, 0.114], dtype=torch.float64))
    assert float(luminance(torch.ones(3, 1, 1))) == pytest.approx(1)


def test_ssim_is_that_of_the_paper() -> None:
    """Equations 13-16 of Wang et al. 2004, with an 11 x 11 window, wherever it fits."""
    ours, theirs = picture(0), picture(0) * 0.7 + picture(1) * 0.3
    x, y = luminance(ours).numpy(), luminance(theirs).numpy()
    impulse = np.zeros((11, 11))
    impulse[5, 5] = 1
    window = gaussian_filter(impulse, 1.5, radius=5, mode="constant")
    window /= window.sum()

    def blur(values: np.ndarray) -> np.ndarray:
        return convolve2d(values, window, mode="valid")

    x_mean, y_mean = blur(x), blur(y)
    x_variance, y_variance = blur(x * x) - x_mean**2, blur(y * y) - y_mean**2
    covariance = blur(x * y) - x_mean * y_mean
    c1, c2 = 0.01**2, 0.03**2
    local = (2 * x_mean * y_mean + c1) * (2 * covariance + c2)
    local /= (x_mean**2 + y_mean**2 + c1) * (x_variance + y_variance + c2)
    assert float(ssim(theirs)(ours)) == pytest.approx(local.mean(), rel=1e-5)
    assert float(ssim(theirs)(theirs)) == pytest.approx(1)


def test_a_target_keeps_nothing_of_a_picture_judged_before() -> None:
    features = picture(0)
    for distance in (sliced_wasserstein, relative_gram, frechet, colour, structure, ssim):
        to_target = distance(features)
        first = float(to_target(picture(1)))
        to_target(picture(2))
        assert float(to_target(picture(1))) == first


def waves(height: int, width: int, cycles: float, amplitude: float) -> Tensor:
    """Grey, with a cosine across of `cycles` a pixel whose mirror image goes on with it."""
    wave = amplitude * torch.cos(2 * torch.pi * cycles * (torch.arange(width, dtype=torch.float64) + 0.5))
    return (0.5 + wave).expand(3, height, width).clone()


@pytest.mark.parametrize(("cycles", "share"), [(0.125, 0), (0.375, 1)])
def test_the_fine_energy_of_a_wave_is_half_its_squared_amplitude_above_a_quarter_cycle(
    cycles: float, share: float
) -> None:
    for picture in (waves(16, 24, cycles, 0.2), waves(17, 24, cycles, 0.2), waves(16, 24, cycles, 0.2).mT):
        luma, chroma = distances.fine_energy(picture).tolist()
        assert luma == pytest.approx(share * 0.2**2 / 2, abs=1e-12)
        assert chroma == pytest.approx(0, abs=1e-12)


def test_the_fine_energy_of_a_checkerboard_is_its_variance_and_of_a_ramp_next_to_nothing() -> None:
    board = (torch.arange(12)[:, None] + torch.arange(17)) % 2 * 0.5
    assert distances.fine_energy(board.expand(3, 12, 17))[0] == pytest.approx(0.0625, rel=0.05)
    ramp = torch.linspace(0, 1, 64).expand(3, 48, 64)
    assert distances.fine_energy(ramp)[0] < 1e-5


def test_colour_noise_of_one_luma_is_chroma_alone() -> None:
    signs = (torch.arange(16)[:, None] + torch.arange(16)) % 2 * 2.0 - 1
    picture = 0.5 + torch.stack([0.587 * 0.1 * signs, -0.299 * 0.1 * signs, 0 * signs])
    luma, chroma = distances.fine_energy(picture).tolist()
    assert luma == pytest.approx(0, abs=1e-12)
    assert chroma == pytest.approx((0.0587 / 1.402) ** 2, rel=0.05)


def test_noise_is_over_the_larger_of_both_given_pictures_and_grey_ones_have_what_is_hardly_seen() -> None:
    photograph, painting, picture = (waves(16, 24, 0.375, each) for each in (0.1, 0.2, 0.4))
    assert distances.noise(painting, photograph)(picture).tolist() == pytest.approx([4, 0], abs=1e-6)
    assert distances.noise(photograph, painting)(painting).tolist() == pytest.approx([1, 0], abs=1e-6)
    grey = torch.full((3, 32, 32), 0.5)
    speckled = grey + torch.randn(1, 32, 32, generator=torch.Generator().manual_seed(0)) * 2 / 255
    assert distances.noise(grey, grey)(grey).tolist() == [0, 0]
    luma, chroma = distances.noise(grey, grey)(speckled).tolist()
    assert 0.5 < luma < 1  # of white noise four fifths are fine
    assert chroma == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize("name", STYLES)
@pytest.mark.parametrize("side", [128, 512])
def test_the_least_energy_changes_no_noise_beside_a_painting_that_comes_with_stx(name: str, side: int) -> None:
    picture = bundled.open_picture(name)
    painting = images.to_tensor(picture, (side, round(side * picture.height / picture.width)))
    assert (distances.fine_energy(painting) > distances.UNSEEN).all()


def test_distances_are_shares_of_the_target_and_not_of_what_is_judged() -> None:
    target, judged = maps(0), 3 * maps(0)
    assert float(distances.relative(target)(judged)) == pytest.approx(2)
    assert float(distances.relative(judged)(target)) == pytest.approx(2 / 3)
    assert float(relative_gram(judged)(target)) == pytest.approx(8 / 9)
    assert float(sliced_wasserstein(target)(judged)) == pytest.approx(3 * float(sliced_wasserstein(judged)(target)))
    assert float(frechet(target)(judged)) == pytest.approx(9 * float(frechet(judged)(target)))


@pytest.mark.parametrize("scale", [1e-6, 1e6])
def test_frechet_does_not_depend_on_the_scale_of_both_where_channels_are_copies_of_each_other(scale: float) -> None:
    ours, theirs = (correlated(seed, 4, 20, 30).repeat(2, 1, 1) for seed in (0, 1))
    x, y = (features[:4].flatten(1).double().numpy() for features in (ours, theirs))
    c, a = np.cov(x, bias=True), np.cov(y, bias=True)  # every number counts twice, on both sides of the share
    squared = np.sum((x.mean(1) - y.mean(1)) ** 2) + np.trace(c + a - 2 * sqrtm(c @ a).real)
    assert float(frechet(scale * theirs)(scale * ours)) == pytest.approx(squared / np.trace(a), rel=1e-5)


def test_frechet_of_equal_features_is_never_below_zero() -> None:
    for seed in range(8):
        features = correlated(seed, 6, 9, 9)
        assert 0 <= float(frechet(features)(features.clone())) < 1e-6


def test_each_corner_of_the_colour_cube_has_its_own_bin() -> None:
    corners = torch.tensor([[r, g, b] for r in (0.0, 1.0) for g in (0.0, 1.0) for b in (0.0, 1.0)])
    histogram = colour_histogram(corners.T.reshape(3, 2, 4))
    assert histogram.shape == (8**3,)
    assert histogram.nonzero().flatten().tolist() == [
        r * 64 + g * 8 + b for r in (0, 7) for g in (0, 7) for b in (0, 7)
    ]
    assert (histogram[histogram > 0] == 1 / 8).all()
    outside = torch.tensor([-0.3, 1.4, 0.5]).view(3, 1, 1)
    assert colour_histogram(outside)[0 * 64 + 7 * 8 + 4] == 1


def test_each_row_of_a_self_similarity_is_a_distribution_at_a_temperature_of_a_tenth() -> None:
    features = maps(0, 5, 4, 6).relu()
    rows = self_similarity(features)
    torch.testing.assert_close(rows.exp().sum(1), torch.ones(24))
    cosine = torch.cosine_similarity(features[:, 0, 1], features[:, 2, 3], dim=0)
    assert float(rows[1, 15] - rows[1, 1]) == pytest.approx((float(cosine) - 1) / 0.1, rel=1e-4)


@pytest.mark.parametrize(
    ("size", "positions"), [((32, 32), 1024), ((33, 33), 32 * 32), ((16, 256), 8 * 128), ((31, 33), 1023)]
)
def test_at_most_1024_positions_are_compared(size: tuple[int, int], positions: int) -> None:
    assert self_similarity(maps(0, 2, *size)).shape == (positions, positions)


@pytest.mark.parametrize(("height", "width"), [(12, 17), (13, 16), (9, 9), (8, 24)])
def test_fine_energy_is_that_of_the_cosine_transform_above_a_quarter_cycle(height: int, width: int) -> None:
    shown = picture(4, height, width).double()
    red, _, blue = shown.numpy()
    luma = luminance(shown).numpy()
    frequency = np.hypot(np.arange(height)[:, None] / (2 * height), np.arange(width) / (2 * width))

    def energy(channel: np.ndarray) -> float:
        return np.sum(dctn(channel, norm="ortho")[frequency > 0.25] ** 2) / channel.size

    expected = [energy(luma), energy((blue - luma) / 1.772) + energy((red - luma) / 1.402)]
    assert distances.fine_energy(shown).tolist() == pytest.approx(expected, rel=1e-6)


def test_detail_of_exactly_a_quarter_cycle_is_not_fine() -> None:
    assert distances.fine_energy(waves(16, 24, 0.25, 0.2)).tolist() == pytest.approx([0, 0], abs=1e-12)


def test_pictures_without_detail_count_as_if_they_had_two_of_255() -> None:
    grey, wave = torch.full((3, 16, 24), 0.5), waves(16, 24, 0.375, 2 / 255)
    luma, _ = distances.noise(grey, grey)(wave).tolist()
    assert luma == pytest.approx(0.5, rel=1e-3)
