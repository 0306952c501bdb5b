"""The style losses of STROTSS (Kolkin et al. 2019, arXiv 1904.12785), over a sample of positions in all layers."""

import random
from typing import Annotated

import torch
from annotated_types import Gt
from torch import Tensor
from torch.nn.functional import grid_sample, normalize

from stx.stats.fixed import fixes
from stx.stats.wrapped import wrapped

Count = Annotated[int, Gt(0)]


@fixes()
def relaxed_emd(features: list[Tensor], *, reference: tuple[Tensor, Tensor], wraps: bool = False) -> Tensor:
    """Lower bound of the earth mover's distance between hypercolumns, by cosines (eq. 4 to 6): one number.

    The larger of two means, over our sample and over the style's, of the distance to the nearest one in the other
    sample. The `reference` holds our places and the style's hypercolumns, as `sample` returns them. The value is a
    distance already.
    """
    places, style = reference
    ours = normalize(hypercolumns(features, places, wraps), dim=0)
    return both_ways(1 - ours.T @ normalize(style, dim=0))


@fixes("colours")
def palette_emd(features: Tensor, *, reference: tuple[Tensor, Tensor], wraps: bool = False) -> Tensor:
    """The same bound between colours, for a picture (3, H, W), by their Euclidean distances.

    The paper uses another colour basis, but a rotation changes no distance.
    """
    places, style = reference
    ours = hypercolumns([features], places, wraps)
    squares = (ours[:, :, None] - style[:, None, :]).square().sum(0)
    apart = squares > torch.finfo(squares.dtype).tiny  # the root has no gradient at zero
    return both_ways(torch.where(apart, squares, torch.ones_like(squares)).sqrt() * apart)


def both_ways(distances: Tensor) -> Tensor:
    return torch.maximum(distances.amin(0).mean(), distances.amin(1).mean())


@fixes("means", "covariances")
def hypercolumn_moments(features: list[Tensor], *, reference: Tensor, wraps: bool = False) -> Tensor:
    """Covariance and mean of hypercolumns at the places (N, 2) in `reference`: (D, D + 1).

    To be compared by `moment_distance`.
    """
    columns = hypercolumns(features, reference, wraps)
    mean = columns.mean(1, keepdim=True)
    centred = columns - mean
    return torch.cat([centred @ centred.T / centred.shape[1], mean], 1)


def moment_distance(ours: Tensor, target: Tensor) -> Tensor:
    """Mean absolute differences of covariances and of means, added (eq. 7)."""
    difference = (ours - target).abs()
    return difference[:, :-1].mean() + difference[:, -1].mean()


def hypercolumns(features: list[Tensor], places: Tensor, wraps: bool = False) -> Tensor:
    """The features of all layers at some places (N, 2), x and y as fractions of width and height: (sum of D, N).

    Interpolated between the nearest positions of each layer, as the paper's upsampled maps are; for a tile (`wraps`)
    also between positions at opposite edges.
    """
    return torch.cat(
        [at(wrapped(maps, 1), within_margin(maps, places)) if wraps else at(maps, places) for maps in features]
    )


def at(maps: Tensor, places: Tensor) -> Tensor:
    grid = (2 * places - 1)[None, None]
    return grid_sample(maps[None], grid, padding_mode="border", align_corners=False)[0, :, 0]


def within_margin(maps: Tensor, places: Tensor) -> Tensor:
    """Convert places in maps (D, H, W) to places in the same maps with a margin of one position around them."""
    sides = [(maps.shape[2], places[:, 0]), (maps.shape[1], places[:, 1])]
    return torch.stack([(part * side + 1) / (side + 2) for side, part in sides], 1)


def sample(features: Tensor | list[Tensor], *, most: Count, seed: int, step: int) -> tuple[Tensor, Tensor]:
    """Places (N, 2) for our picture, and the style's hypercolumns (D, N) at other places; new ones for every step."""
    maps = [features] if isinstance(features, Tensor) else features
    ours, theirs = (drawn(maps[0], most, f"{seed} {step} {which}") for which in ("ours", "style"))
    return ours, hypercolumns(maps, theirs)


def places(features: Tensor | list[Tensor], *, most: Count, seed: int, step: int) -> Tensor:
    """Places (N, 2), the same in both pictures; new ones for every step."""
    return drawn(features if isinstance(features, Tensor) else features[0], most, f"{seed} {step}")


def drawn(like: Tensor, count: int, seed: str) -> Tensor:
    """`count` random places, or as many as the map has positions if these are fewer; the seed may be any text."""
    generator = torch.Generator().manual_seed(random.Random(seed).getrandbits(63))  # nothing secret
    return torch.rand(min(count, like[0].numel()), 2, generator=generator).to(like)
