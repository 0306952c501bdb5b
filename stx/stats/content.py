"""Content statistics: pure functions, features (D, H, W) of one layer and picture -> Tensor, and their distances."""

from itertools import count
from typing import Annotated

import torch
from annotated_types import Gt
from torch import Tensor
from torch.nn.functional import avg_pool2d, normalize, pad

from stx.stats.fixed import fixes
from stx.stats.gathered import at_each_position, over_positions
from stx.stats.squared_error import squared_error

ROUNDINGS = 64
"""Rounding errors of a cosine that the distance between equal features may amount to."""


@at_each_position
@fixes("features")
def features(features: Tensor, *, weights: Tensor | None = None) -> Tensor:
    """The features as they are, (D, H, W). With `half_sum_of_squares` the loss of Gatys et al. 2015, eq. 1.

    With `weights` of positions they are scaled down where the weight is below the largest one, by the root of the
    ratio: a position without weight has no pull.
    """
    return features if weights is None else features * (weights / weights.max()).sqrt()


@over_positions("sum")
def half_sum_of_squares(ours: Tensor, target: Tensor) -> Tensor:
    return squared_error(ours, target, 0.5)


@fixes("similarities")
def self_similarity(features: Tensor, *, reference: Tensor) -> Tensor:
    """How similar the places of a picture are to each other: (N, N), for the N positions in `reference`.

    Cosine distances between the features at two positions, each column divided by its sum (Kolkin et al. 2019, STROTSS,
    arXiv 1904.12785, eq. 7), to be compared by `mean_absolute`. It keeps which places are similar and which differ, and
    leaves colours and textures free. If all features of a picture are alike it has no distances, and all columns are
    next to zero.
    """
    chosen = normalize(features.flatten(1).index_select(1, reference), dim=0)
    distances = (1 - chosen.T @ chosen).clamp(min=0)
    rounding = ROUNDINGS * torch.finfo(distances.dtype).eps * len(distances)
    return distances / distances.sum(0, keepdim=True).clamp(min=rounding)


def positions(features: Tensor, *, most: Annotated[int, Gt(0)]) -> Tensor:
    """At most `most` of the H W positions, the same for all pictures of a size; the paper draws new ones every step."""
    drawn = torch.randperm(features[0].numel(), generator=torch.Generator().manual_seed(0))[:most]
    return drawn.sort().values.to(features.device)


@fixes("similarities")
def coarse_self_similarity(features: Tensor, *, most: Annotated[int, Gt(1)]) -> Tensor:
    """`self_similarity` of means over k x k positions, with the smallest k that leaves at most `most` of them: (N, N).

    No position is left out, since a sample that is always the same leaves its pattern in smooth places.
    """
    height, width = features.shape[1:]
    side = next(k for k in count(1) if -(-height // k) * -(-width // k) <= most)
    means = avg_pool2d(features[None], side, ceil_mode=True)[0]
    return self_similarity(means, reference=torch.arange(means[0].numel(), device=features.device))


@fixes()
def laplacian(picture: Tensor, *, pool: Annotated[int, Gt(0)]) -> Tensor:
    """Where a picture (3, H, W) has edges: the Laplacian of its colours' sum, of means over `pool` x `pool` pixels.

    Li et al. 2017 ("Laplacian-steered neural style transfer", arXiv 1707.01253), eq. 6: (h, w). The border is
    replicated.
    """
    windows = tuple(min(pool, side) for side in picture.shape[1:])
    small = avg_pool2d(picture.sum(0, keepdim=True)[None], windows)
    padded = pad(small, (1, 1, 1, 1), mode="replicate")[0, 0]
    middle = padded[1:-1, 1:-1]
    return 4 * middle - padded[:-2, 1:-1] - padded[2:, 1:-1] - padded[1:-1, :-2] - padded[1:-1, 2:]


@over_positions("mean")
def mean_absolute(ours: Tensor, target: Tensor) -> Tensor:
    return (ours - target).abs().mean()
