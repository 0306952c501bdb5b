"""The Gram matrix of Gatys et al. 2015 (arXiv 1508.06576)."""

from torch import Tensor


def gram(features: Tensor) -> Tensor:
    """Correlations between channels, `F F^T / M`, for features (D, H, W) with M = H W: shape (D, D).

    Dividing by M keeps the statistic comparable between pictures of different sizes (Gatys et al. 2015, eq. 3,
    has the plain sum). With `quarter_mean_square` the distance is their eq. 4 when both sizes are equal.
    """
    flat = features.flatten(1)
    return flat @ flat.T / flat.shape[1]


def quarter_mean_square(ours: Tensor, target: Tensor) -> Tensor:
    """`sum (G - A)^2 / (4 N^2 M^2)` of Gatys et al. 2015, eq. 4, for Gram matrices already divided by M."""
    return (ours - target).square().mean() / 4
