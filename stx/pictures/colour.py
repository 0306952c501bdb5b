"""Whose colours a result has: the pictures are changed before the network sees them, or the result afterwards.

Pictures are (3, H, W), RGB in [0, 1], gamma-encoded as they are read. Values that leave [0, 1] are clipped.
"""

from collections.abc import Callable
from functools import partial
from typing import Literal

import torch
from torch import Tensor
from torch.nn.functional import interpolate

from stx.config.schema import Colour
from stx.pictures import masks

By = Literal["pca", "cholesky"]
Finish = Callable[[Tensor], Tensor]
"""The last change to a result before it is shown or saved."""

LUMA = (0.299, 0.587, 0.114)
"""Weights of Y in YIQ, which Gatys et al. use."""
TO_CONES = (
    (0.4122214708, 0.5363325363, 0.0514459929),
    (0.2119034982, 0.6806995451, 0.1073969566),
    (0.0883024619, 0.2817188376, 0.6299787005),
)
TO_OKLAB = (
    (0.2104542553, 0.7936177850, -0.0040720468),
    (1.9779984951, -2.4285922050, 0.4505937099),
    (0.0259040371, 0.7827717662, -0.8086757660),
)
"""Matrices from linear sRGB to cone responses, and from their cube roots to Oklab (Ottosson 2020)."""
FLOOR = 1e-5
"""Added to variances: less than eight bits resolve, but enough to make the covariance of a single colour invertible."""


def unchanged(picture: Tensor) -> Tensor:
    return picture


def before(
    colour: Colour,
    photograph: Tensor,
    painting: Tensor,
    opacities: tuple[Tensor | None, Tensor | None] = (None, None),
) -> tuple[Tensor, Tensor]:
    """Both pictures as the network is to see them. Colours are matched by pixels weighted with `opacities` (H, W)."""
    theirs, own = (flat(each, picture) for each, picture in zip(opacities, (photograph, painting), strict=True))
    if colour.name == "match":
        matched = moments_matched(painting.flatten(1), photograph.flatten(1), colour.by, own, theirs)
        return photograph, matched.view_as(painting).clamp(0, 1)
    if colour.name == "luminance":
        return grey(photograph), luminance_matched(grey(painting), grey(photograph), own, theirs)
    return photograph, painting


def flat(opacity: Tensor | None, picture: Tensor) -> Tensor | None:
    """Weights of a picture's pixels by opacity, (N,) with a sum of one; None if all weigh the same."""
    if opacity is None:
        return None
    weights = masks.at_size(opacity.to(picture), picture.shape[1:]).flatten()
    return weights / weights.sum() if float(weights.sum()) > 0 else None


def finishing(colour: Colour, photograph: Tensor, opacity: Tensor | None = None) -> Finish:
    """The function that gives a result of any size the photograph's colours, if asked for, and its `opacity` (H, W)."""
    finish = {"luminance": with_colours_of, "after": with_hues_of}.get(colour.name)
    coloured = partial(at_size, finish, photograph, opacity) if finish else unchanged
    return coloured if opacity is None else partial(with_alpha, coloured, opacity)


def with_alpha(finish: Finish, opacity: Tensor, picture: Tensor) -> Tensor:
    """A finished picture (4, H, W) with an `opacity` (H, W) of any size in [0, 1].

    Its colours are such that, laid on white with that opacity, they are what the network saw.
    """
    finished = finish(picture)
    alpha = masks.at_size(opacity.to(finished), finished.shape[1:])[None]
    alone = (finished - (1 - alpha)) / alpha.clamp(min=1 / 255)
    return torch.cat([torch.where(alpha > 0, alone.clamp(0, 1), finished), alpha])


def at_size(finish: Callable[..., Tensor], photograph: Tensor, opacity: Tensor | None, picture: Tensor) -> Tensor:
    photograph = photograph.to(picture)
    if photograph.shape != picture.shape:
        size = list(picture.shape[1:])
        photograph = interpolate(photograph[None], size, mode="bilinear", antialias=True, align_corners=False)[0]
    return finish(picture.clamp(0, 1), photograph, flat(opacity, picture))


def grey(picture: Tensor) -> Tensor:
    """A picture's luma in all three channels."""
    weights = torch.tensor(LUMA, dtype=picture.dtype, device=picture.device)
    return (weights @ picture.flatten(1)).view(1, *picture.shape[1:]).expand(3, -1, -1).contiguous()


def luminance_matched(
    painting: Tensor, photograph: Tensor, own: Tensor | None = None, theirs: Tensor | None = None
) -> Tensor:
    """A grey painting with the mean and deviation of a grey photograph (Gatys et al. 2017, section 5).

    `own` and `theirs` are the weights of the pixels of each, as for `moments`.
    """
    (mean, variance), (wanted, its_variance) = (
        moments(each.flatten(1)[:1], weights, floor=0.0) for each, weights in ((painting, own), (photograph, theirs))
    )
    scaled = (painting - mean) * (its_variance.sqrt() / variance.sqrt().clamp(min=FLOOR**0.5)) + wanted
    return scaled.clamp(0, 1)


def with_colours_of(picture: Tensor, photograph: Tensor, weights: Tensor | None = None) -> Tensor:
    """The photograph with the picture's luma. Its I and Q of YIQ stay, as the same is added to all channels."""
    return (photograph + grey(picture) - grey(photograph)).clamp(0, 1)


def with_hues_of(picture: Tensor, photograph: Tensor, weights: Tensor | None = None) -> Tensor:
    """The picture with the photograph's mean and covariance of Oklab's a and b. Its lightness stays."""
    ours, theirs = oklab(picture), oklab(photograph)
    hues = moments_matched(ours[1:].flatten(1), theirs[1:].flatten(1), "pca", weights, weights).view_as(ours[1:])
    return from_oklab(torch.cat([ours[:1], hues])).clamp(0, 1)


def moments_matched(
    ours: Tensor, theirs: Tensor, by: By, our_weights: Tensor | None = None, their_weights: Tensor | None = None
) -> Tensor:
    """Points (C, N), mapped so that their mean and covariance are those of others (C, M): Gatys et al. 2017, section 5.

    Computed in float64, as the covariance of a nearly grey picture is almost singular.
    """
    (our_mean, our_covariance), (their_mean, their_covariance) = (
        moments(points.double(), weights) for points, weights in ((ours, our_weights), (theirs, their_weights))
    )
    if by == "cholesky":
        lower = torch.linalg.cholesky(their_covariance)
        change = torch.linalg.solve_triangular(torch.linalg.cholesky(our_covariance), lower, upper=False, left=False)
    else:
        change = power(their_covariance, 0.5) @ power(our_covariance, -0.5)
    return (change @ (ours.double() - our_mean) + their_mean).to(ours.dtype)


def moments(points: Tensor, weights: Tensor | None = None, floor: float = FLOOR) -> tuple[Tensor, Tensor]:
    """Mean (C, 1) and covariance (C, C) plus `floor`, of points (C, N) weighted equally or by `weights` (N,)."""
    shares = points.new_full((points.shape[1],), 1 / points.shape[1]) if weights is None else weights.to(points)
    mean = (points @ shares)[:, None]
    centred = points - mean
    return mean, (centred * shares) @ centred.T + floor * torch.eye(
        len(points), dtype=points.dtype, device=points.device
    )


def power(covariance: Tensor, exponent: float) -> Tensor:
    values, vectors = torch.linalg.eigh(covariance)
    return vectors * values.clamp(min=FLOOR).pow(exponent) @ vectors.T


def oklab(picture: Tensor) -> Tensor:
    """L, a and b of Oklab (Ottosson 2020), in float64."""
    encoded = picture.double()
    linear = torch.where(encoded <= 0.04045, encoded / 12.92, ((encoded + 0.055) / 1.055).pow(2.4))
    cones = matrix(TO_CONES, linear) @ linear.flatten(1)
    return (matrix(TO_OKLAB, linear) @ cones.clamp(min=0).pow(1 / 3)).view_as(picture)


def from_oklab(lab: Tensor) -> Tensor:
    """RGB in float32, outside [0, 1] if sRGB has no such colour."""
    roots = torch.linalg.solve(matrix(TO_OKLAB, lab), lab.flatten(1))
    linear = torch.linalg.solve(matrix(TO_CONES, lab), roots.pow(3))
    encoded = torch.where(linear <= 0.0031308, linear * 12.92, 1.055 * linear.clamp(min=0.0031308).pow(1 / 2.4) - 0.055)
    return encoded.view_as(lab).float()


def matrix(rows: tuple[tuple[float, ...], ...], like: Tensor) -> Tensor:
    return torch.tensor(rows, dtype=torch.float64, device=like.device)
