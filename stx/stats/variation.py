"""Priors: pure functions of the picture alone -> scalar. In a tile (`wraps`), opposite edges are neighbours."""

from typing import Annotated, Literal

from annotated_types import Gt
from torch import Tensor
from torch.nn.functional import pad

from stx.stats.wrapped import wrapped


def total_variation(
    picture: Tensor, *, power: Annotated[float, Gt(0)], smoothing: Annotated[float, Gt(0)], wraps: bool = False
) -> Tensor:
    """Mean over pixels of (|gradient|² + smoothing²)^(power/2), for a picture (3, H, W), RGB in [0, 1].

    The gradient is that of all channels together, by differences of neighbours (Mahendran & Vedaldi 2015, eq. 3; Rudin,
    Osher & Fatemi 1992 for power 1). The papers have no `smoothing`; without it, the loss has a gradient of NaN at flat
    places for powers below 2.
    """
    down, across = (each.square().sum(0) for each in differences(picture, wraps))
    if not wraps:
        down, across = pad(down, (0, 0, 0, 1)), pad(across, (0, 1))
    return (down + across + smoothing**2).pow(power / 2).mean()


def differences(picture: Tensor, wraps: bool) -> tuple[Tensor, Tensor]:
    """Differences of neighbours, below less above and right less left; for a tile as many as it has pixels."""
    if wraps:
        return picture.roll(-1, 1) - picture, picture.roll(-1, 2) - picture
    return picture[:, 1:] - picture[:, :-1], picture[:, :, 1:] - picture[:, :, :-1]


def anisotropic_variation(picture: Tensor, *, reduction: Literal["mean", "sum"], wraps: bool = False) -> Tensor:
    """|dx| + |dy|, summed over channels: mean over pixels or sum, for a picture (3, H, W) (Esedoglu & Osher 2004).

    It neither rounds corners nor smooths small differences: its slope is the same for all of them, and 0 for a
    difference of 0. The mean has the same meaning at any size; neural-style-pt has the sum, for values up to 255.
    """
    down, across = (each.abs() for each in differences(picture, wraps))
    return (down.sum() + across.sum()) / (picture[0].numel() if reduction == "mean" else 1)


def nine_point_variation(picture: Tensor, *, wraps: bool = False) -> Tensor:
    """2 (d1 + d2) / 3 + (d3 + d4) / 6, for a picture (3, H, W): mean squared differences in four directions.

    These are to the right, down and along both diagonals, over all channels, with the picture's edges replicated, as in
    style-transfer-pytorch (L2). The gradient is a nine-point Laplacian, which penalises grids along the diagonals as
    much as those along the axes.
    """
    whole = wrapped(picture, 1) if wraps else pad(picture[None], (1, 1, 1, 1), mode="replicate")[0]
    centre = whole[:, 1:-1, 1:-1]
    straight = (whole[:, 1:-1, 2:] - centre).square().mean() + (whole[:, 2:, 1:-1] - centre).square().mean()
    if wraps:
        whole = whole[:, 1:, 1:]  # so that every diagonal counts once
    falling, rising = whole[:, 1:, 1:] - whole[:, :-1, :-1], whole[:, 1:, :-1] - whole[:, :-1, 1:]
    return 2 / 3 * straight + (falling.square().mean() + rising.square().mean()) / 6
