"""Distances to a target: each function takes the target and returns a function for the distance of others to it.

What depends on the target alone is computed once, as many pictures are compared with one target. Features are
(D, H, W), pictures (3, H, W), RGB in [0, 1]; distances are scalars on the device. docs/measures.md has all formulas.
"""

import math
from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn.functional import adaptive_avg_pool2d, kl_div, normalize

from stx.stats.gram_matrix import gram

__all__ = [
    "colour",
    "frechet",
    "noise",
    "relative",
    "relative_gram",
    "root_mean_square",
    "ssim",
    "structure",
]
"""The functions that a YAML may name."""

ToTarget = Callable[[Tensor], Tensor]

POSITIONS = 1024
"""The most positions that `structure` compares with each other; its memory grows with their square."""
TEMPERATURE = 0.1
"""Temperature of the softmax over cosines in `structure`. At 1 every row is nearly uniform, whatever the picture; at
0.02 it is nearly one-hot. At 0.1 it spreads over half of the positions."""
COLOUR_BINS = 8
SSIM_WINDOW = 11
"""Width in pixels: scikit-image cuts the Gaussian of sigma 1.5 off at 3.5 sigma."""
FINE = 0.25
"""Cycles per pixel, a quarter of the sampling rate: what is finer is noise if neither given picture has it."""
UNSEEN = (2 / 255) ** 2
"""Mean square of noise that is hardly visible, 2 of 255: the least energy that a given picture is taken to have."""
CHUNK = 2**16
"""Positions converted to float64 at a time: all of them would double the memory of the largest features."""


def relative_distance(ours: Tensor, theirs: Tensor) -> Tensor:
    """|ours - theirs| / |theirs|, position by position."""
    return torch.linalg.vector_norm(ours - theirs) / torch.linalg.vector_norm(theirs)


def relative(target: Tensor) -> ToTarget:
    """`relative_distance` to features of the same size."""
    return lambda ours: relative_distance(ours, target)


def root_mean_square(target: Tensor) -> ToTarget:
    """Root mean square difference to a picture of the same size."""
    return lambda ours: (ours - target).square().mean().sqrt()


def relative_gram(target: Tensor) -> ToTarget:
    """|G - A| / |A| in the Frobenius norm, between the Gram matrices of features of any sizes."""
    wanted = gram(target)
    return lambda ours: relative_distance(gram(ours), wanted)


def frechet(target: Tensor) -> ToTarget:
    """Squared Fréchet distance (W2) between Gaussians fitted to the features at all positions, over tr C_a. float64.

    (|m - m_a|² + tr(C + C_a - 2 (C_a^½ C C_a^½)^½)) / tr C_a, as in FID (Dowson & Landau 1982; Heusel et al. 2017),
    with the positions of one picture in place of many pictures. For any factor C_a = L Lᵀ the root's trace is that of
    (Lᵀ C L)^½, whose size is the rank of C_a: a target with fewer positions than channels costs less.
    """
    mean, covariance = moments(target)
    spread = covariance.trace()
    values, vectors = torch.linalg.eigh(covariance)
    kept = values > 1e-12 * values[-1]
    factor = vectors[:, kept] * values[kept].sqrt()

    def distance(ours: Tensor) -> Tensor:
        our_mean, our_covariance = moments(ours)
        common = torch.linalg.eigvalsh(factor.T @ our_covariance @ factor).clamp(min=0).sqrt().sum()
        squared = (our_mean - mean).square().sum() + our_covariance.trace() + spread - 2 * common
        return squared.clamp(min=0) / spread  # rounding leaves -1e-9 between equal ones

    return distance


def moments(features: Tensor) -> tuple[Tensor, Tensor]:
    """Mean (D,) and covariance (D, D) over positions, divided by H W, in float64."""
    flat = features.flatten(1)
    mean = flat.mean(1, dtype=torch.float64)
    covariance = mean.new_zeros(len(mean), len(mean))
    for part in torch.split(flat, CHUNK, dim=1):
        centred = part.double() - mean[:, None]
        covariance.addmm_(centred, centred.T)
    return mean, covariance / flat.shape[1]


def colour(target: Tensor) -> ToTarget:
    """1 - intersection (Swain & Ballard 1991) of two pictures' colour histograms, in [0, 1]; sizes may differ.

    For histograms that sum to 1 this is half the sum of their absolute differences, which is exactly 0 if they are
    equal.
    """
    wanted = colour_histogram(target)
    return lambda ours: (colour_histogram(ours) - wanted).abs().sum() / 2


def colour_histogram(picture: Tensor) -> Tensor:
    """Share of the pixels in each of COLOUR_BINS³ cubes of RGB: shape (COLOUR_BINS³,)."""
    red, green, blue = (picture * COLOUR_BINS).long().clamp(0, COLOUR_BINS - 1).flatten(1)
    cubes = (red * COLOUR_BINS + green) * COLOUR_BINS + blue
    return torch.bincount(cubes, minlength=COLOUR_BINS**3) / cubes.numel()


def structure(target: Tensor) -> ToTarget:
    """Content feature structural distance (CFSD) of Chung, Hyun & Heo 2024 (arXiv 2312.09008), for the same H and W.

    1/(h w) sum_i D_KL(S_i || S'_i), where row i of S says which positions of the target are similar to position i, and
    S' says the same of the other features: positions that were similar should stay so, whatever they look like. See
    `self_similarity` for what differs from the paper.
    """
    wanted = self_similarity(target)
    return lambda ours: kl_div(self_similarity(ours), wanted, reduction="batchmean", log_target=True)


def self_similarity(features: Tensor) -> Tensor:
    """Logarithm of the softmax over each row of F Fᵀ between positions: shape (h w, h w), h w <= POSITIONS.

    Features are averaged over a grid of at most POSITIONS and scaled to unit length, so that F Fᵀ holds cosines, which
    are divided by TEMPERATURE. The authors' F is relu3_1 of another training of VGG19, divided by its number of
    channels: the softmax of raw features depends on their scale, and with the weights used here it would be one-hot.
    """
    height, width = features.shape[1:]
    scale = min(1, math.sqrt(POSITIONS / (height * width)))
    grid = max(1, int(height * scale)), max(1, int(width * scale))
    directions = normalize(adaptive_avg_pool2d(features, grid).flatten(1), dim=0)
    return (directions.T @ directions / TEMPERATURE).log_softmax(1)


def ssim(target: Tensor) -> ToTarget:
    """Structural similarity (Wang et al. 2004) of the luminance of pictures of one size: 1 if they are equal.

    With the paper's constants; no side may be shorter than SSIM_WINDOW. Computed on the CPU by scikit-image.
    """
    from skimage.metrics import structural_similarity  # late: it takes half a second, before a run's first step

    wanted = luminance(target).cpu().numpy()

    def similarity(ours: Tensor) -> Tensor:
        value = structural_similarity(  # type: ignore[no-untyped-call]
            luminance(ours).cpu().numpy(),
            wanted,
            data_range=1,
            gaussian_weights=True,
            sigma=1.5,
            use_sample_covariance=False,
        )
        return ours.new_tensor(value)

    return similarity


def luminance(picture: Tensor) -> Tensor:
    """Rec. 601 luma of the sRGB values, in float64: shape (H, W)."""
    return torch.einsum("chw,c->hw", picture.double(), picture.new_tensor((0.299, 0.587, 0.114)).double())


def noise(painting: Tensor, photograph: Tensor | None) -> ToTarget:
    """Fine energy of luma and of chroma, divided by the larger one of the given pictures: shape (2,); sizes may differ.

    1 is as much as the given pictures have. A picture without any, such as a grey one in chroma, counts as if it had
    UNSEEN.
    """
    most = fine_energy(painting).clamp(min=UNSEEN)
    if photograph is not None:
        most = torch.maximum(most, fine_energy(photograph))
    return lambda ours: fine_energy(ours) / most


def fine_energy(picture: Tensor) -> Tensor:
    """Mean square per pixel of luma, and of both chroma channels (Rec. 601) together, above FINE: float64, shape (2,).

    The picture is mirrored at its edges before the transform, since jumps there would count as noise.
    """
    red, _, blue = picture.double()
    luma = luminance(picture)
    channels = torch.stack([luma, (blue - luma) / 1.772, (red - luma) / 1.402])
    rows = torch.cat([channels, channels.flip(1)], 1)
    mirrored = torch.cat([rows, rows.flip(2)], 2)
    height, width = mirrored.shape[1:]
    power = 2 * torch.fft.rfft2(mirrored, norm="forward").abs().square()  # a column stands for its mirror image too,
    power[..., 0] /= 2  # except for the two that are their own mirror images, as the width is even
    power[..., -1] /= 2
    down = torch.fft.fftfreq(height, dtype=torch.float64, device=picture.device)[:, None]
    across = torch.fft.rfftfreq(width, dtype=torch.float64, device=picture.device)
    luma_energy, *chroma = power.mul(down.square() + across.square() > FINE**2).sum((1, 2))
    return torch.stack([luma_energy, sum(chroma, start=luma_energy.new_zeros(()))])
