"""Which channels are active together: correlations between channels at a place, around it, or at a distance."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import pad

from stx.errors import UserError
from stx.stats import guided
from stx.stats.cooccurrence import Threshold, above
from stx.stats.fixed import Moment, fixes
from stx.stats.gram_matrix import mean_products, scaled_product
from stx.stats.windows import box_mean
from stx.stats.wrapped import within


def in_one_place(*, radius: int | list[int], threshold: Threshold, centred: bool, **_: object) -> list[Moment]:
    """What radius 0 fixes, of all features."""
    if threshold != "none" or 0 not in ([radius] if isinstance(radius, int) else radius):
        return []
    return ["covariances"] if centred else ["second moments"]


@fixes(in_one_place)
def cooc_gram(
    features: Tensor,
    *,
    radius: int | list[int],
    threshold: Threshold,
    centred: bool,
    softness: float | None = None,
    weights: Tensor | None = None,
    wraps: bool = False,
) -> Tensor:
    """Channel-by-channel co-occurrence: `S[k, w]`, the mean over positions of A[k] times the window mean of A[w].

    Shape (D, D), or (R, D, D) for a list of R radii. A are the features (D, H, W) above the threshold: "mean" (theirs),
    a number, or "none" for all; windows are (2r+1) x (2r+1), zero padded. `centred` takes the channels' means off A
    first. It keeps *with what* a channel is active in a neighbourhood, where the co-occurrence forms of Forcén et al.
    2020 keep *where* it is active. With radius 0 and no threshold it is the Gram matrix; since zero padding makes the
    window symmetric, S is too. With `weights` of positions both ends of a pair are weighed by their roots, and the
    sum is divided by that of the roots' products. Of a tile, which `wraps`, windows go on at the other side, and the
    mean is times what zero padding leaves of them: as large as that of a picture that ends. Costs a matrix product a
    radius, O(D^2 H W) as Gram.

    Raises UserError for a radius below 0, or none, and for a threshold that is not finite.
    """
    radii = [radius] if isinstance(radius, int) else radius
    if not radii or min(radii) < 0:
        raise UserError(f"radius is {radius}: it must be 0 or more, or a list of such")
    all_of_them = threshold == "none" and softness is None
    active = features if all_of_them else features * above(features, threshold, softness, weights)
    if centred:
        active = centred_by(active, weights)
    active = guided.guided(active, weights)
    flat = active.flatten(1)
    with torch.no_grad():  # the correlation's gradient counts theirs
        around = [flat if each == 0 else box_mean(active, each, wraps).flatten(1) for each in radii]
    matrices = [mean_products(flat, window) for window in around]
    if wraps:
        matrices = [m * within(features.shape[1:], each) for m, each in zip(matrices, radii, strict=True)]
    if weights is not None:
        matrices = [guided.per_pair(m, pairs(weights, each)) for m, each in zip(matrices, radii, strict=True)]
    return matrices[0] if isinstance(radius, int) else torch.stack(matrices)


def pairs(weights: Tensor, radius: int) -> Tensor:
    """How much of the pairs within a window both ends of are within a region, relative to the whole map."""
    guide = guided.guide(weights)
    return (guide * box_mean(guide, radius)).mean() / box_mean(torch.ones_like(guide), radius).mean()


def centred_by(maps: Tensor, weights: Tensor | None) -> Tensor:
    """Maps (D, H, W) less the mean of each, weighted or not."""
    if weights is not None:
        return guided.centred(maps, weights)
    centred: Tensor = Centred.apply(maps)  # type: ignore[no-untyped-call]
    return centred


class Centred(torch.autograd.Function):
    """Maps (D, H, W) less the mean of each; its own adjoint, as all that takes a mean away is."""

    @staticmethod
    def forward(maps: Tensor) -> Tensor:
        return maps - maps.sum((1, 2), keepdim=True) / maps[0].numel()

    @staticmethod
    def setup_context(context: Any, inputs: tuple[Tensor], output: Tensor) -> None:
        pass

    @staticmethod
    def backward(context: Any, gradient: Tensor) -> Tensor:
        centred: Tensor = Centred.apply(gradient)  # type: ignore[no-untyped-call]
        return centred


@fixes(lambda *, shifts, **_: ["second moments"] if 0 in shifts else [])
def shift_gram(features: Tensor, *, shifts: list[int], weights: Tensor | None = None, wraps: bool = False) -> Tensor:
    """Correlations between channels at a distance (Berger & Memisevic 2017, arXiv 1606.01286, section 3).

    For each shift, the mean over positions of F[k] at one place and F[w] that many positions further along x, and the
    same along y: shape (2 S, D, D) for S shifts of features (D, H, W). A shift of 0 is the Gram matrix. Beyond the
    picture it is cut to the largest that leaves a row. Of a tile, which `wraps`, every place has one so far away.
    Raises UserError for a negative shift, or none.
    """
    if not shifts or min(shifts) < 0:
        raise UserError(f"shifts is {shifts}: it must be a list of whole numbers from 0")
    if wraps:
        return round_the_edges(features, shifts)
    matrices: Tensor = Shifted.apply(guided.guided(features, weights), tuple(shifts))  # type: ignore[no-untyped-call]
    if weights is None:
        return matrices
    return guided.per_pair(matrices, Shifted.apply(guided.guide(weights), tuple(shifts)))  # type: ignore[no-untyped-call]


def round_the_edges(features: Tensor, shifts: Sequence[int]) -> Tensor:
    """`shift_gram` of a tile."""
    flat, matrices = features.flatten(1), list[Tensor]()
    for shift in shifts:
        for dimension in (2, 1):
            apart = min(shift, features.shape[dimension] - 1)
            further = features.roll(-apart, dimension).flatten(1)
            matrices.append(scaled_product(flat, further.T, 1 / flat.shape[1]))
    return torch.stack(matrices)


class Shifted(torch.autograd.Function):
    """What `shift_gram` gives, from maps laid out position by position with a margin of zeros behind each row.

    There two places that lie `shift` apart, along x or y, are as many positions apart everywhere, and products with the
    margin are zero: each matrix is one product of two views, and nothing is cut out and copied.
    """

    @staticmethod
    def forward(features: Tensor, shifts: tuple[int, ...]) -> Tensor:
        flat, offsets = with_margin(features, shifts)
        return torch.stack([scaled_product(flat[: len(flat) - off].T, flat[off:], 1 / pairs) for off, pairs in offsets])

    @staticmethod
    def setup_context(context: Any, inputs: tuple[Tensor, tuple[int, ...]], output: Tensor) -> None:
        context.save_for_backward(inputs[0])
        context.shifts = inputs[1]

    @staticmethod
    def backward(context: Any, gradient: Tensor) -> tuple[Tensor, None]:
        (features,) = context.saved_tensors
        channels, height, width = features.shape
        flat, offsets = with_margin(features, context.shifts)
        to_flat = torch.zeros_like(flat)
        for matrix, (off, pairs) in zip(gradient.unbind(), offsets, strict=True):
            near = len(flat) - off
            to_flat[:near].addmm_(flat[off:], matrix.T, alpha=1 / pairs)
            to_flat[off:].addmm_(flat[:near], matrix, alpha=1 / pairs)
        places = to_flat.view(height, -1, channels)[:, :width].contiguous()
        return places.permute(2, 0, 1), None


def with_margin(features: Tensor, shifts: Sequence[int]) -> tuple[Tensor, list[tuple[int, int]]]:
    """Features (D, H, W) as (H (W + margin), D), and for each shift, along x and y, the positions between two places
    and the number of such pairs."""
    channels, height, width = features.shape
    across = [min(shift, width - 1) for shift in shifts]
    margin = max(across)
    flat = pad(features.permute(1, 2, 0), (0, 0, 0, margin)).reshape(-1, channels)
    offsets = []
    for shift, x in zip(shifts, across, strict=True):
        y = min(shift, height - 1)
        offsets += [(x, height * (width - x)), (y * (width + margin), (height - y) * width)]
    return flat, offsets
