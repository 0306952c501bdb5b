"""Which channels are active together: correlations between channels at a place, around it, or at a distance."""

from typing import Literal

import torch
from torch import Tensor

from stx.errors import UserError
from stx.stats.cooccurrence import Threshold, above, box_mean
from stx.stats.gram_matrix import correlation

Limit = Threshold | Literal["none"]


def cooc_gram(features: Tensor, *, radius: int | list[int], threshold: Limit, centred: bool) -> Tensor:
    """Channel-by-channel co-occurrence: `S[k, w]`, the mean over positions of A[k] times the window mean of A[w].

    Shape (D, D), or (R, D, D) for a list of R radii. A are the features (D, H, W) above the threshold: "mean" (theirs),
    a number, or "none" for all; windows are (2r+1) x (2r+1), zero padded. `centred` takes the channels' means off A
    first. It keeps *with what* a channel is active in a neighbourhood, where the co-occurrence forms of Forcén et al.
    2020 keep *where* it is active. With radius 0 and no threshold it is the Gram matrix; since zero padding makes the
    window symmetric, S is too. Costs a matrix product a radius, O(D^2 H W) as Gram.

    Raises UserError for a radius below 0, or none, and for a threshold that is not finite.
    """
    radii = [radius] if isinstance(radius, int) else radius
    if not radii or min(radii) < 0:
        raise UserError(f"radius is {radius}: it must be 0 or more, or a list of such")
    active = features if threshold == "none" else features * above(features, threshold)
    if centred:
        active = active - active.sum((1, 2), keepdim=True) / active[0].numel()
    flat = active.flatten(1)
    with torch.no_grad():  # the correlation's gradient counts theirs
        around = [flat if each == 0 else box_mean(active, each).flatten(1) for each in radii]
    matrices = [correlation(flat, window) for window in around]
    return matrices[0] if isinstance(radius, int) else torch.stack(matrices)


def shift_gram(features: Tensor, *, shifts: list[int]) -> Tensor:
    """Correlations between channels at a distance (Berger & Memisevic 2017, arXiv 1606.01286, section 3).

    For each shift, the mean over positions of F[k] at one place and F[w] that many positions further along x, and the
    same along y: shape (2 S, D, D) for S shifts of features (D, H, W). A shift of 0 is the Gram matrix. Beyond the
    picture it is cut to the largest that leaves a row. Raises UserError for a negative shift, or none.
    """
    if not shifts or min(shifts) < 0:
        raise UserError(f"shifts is {shifts}: it must be a list of whole numbers from 0")
    return torch.stack([shifted(features, shift, axis) for shift in shifts for axis in (1, 0)])


def shifted(features: Tensor, shift: int, axis: int) -> Tensor:
    places = features.permute(1, 2, 0)  # as channels-last maps lie in memory: what is cut out is copied in large pieces
    size = places.shape[axis]
    shift = min(shift, size - 1)
    near, far = (places.narrow(axis, start, size - shift).reshape(-1, len(features)) for start in (0, shift))
    return near.T @ far / len(near)
