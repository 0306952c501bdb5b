"""Distances between the distributions of two pictures' features along random directions, whatever their positions."""

import numpy as np
import torch
from torch import Tensor

from stx.measures.distances import ToTarget

__all__ = ["shape", "sliced_wasserstein"]
"""The functions that a YAML may name."""

PROJECTIONS = 256
"""Number of random directions. With 32, the distance at a layer varies by 4 to 7 % from one set to the next."""
QUANTILES = 1024
AT_ONCE = 8
"""Directions that features are projected on at a time: all of them would take more memory than the features."""
FLOOR = 0.01
"""FLOOR^2 of the mean variance is added to every channel's variance; otherwise noise would be scaled to variance 1."""


def sliced_wasserstein(target: Tensor) -> ToTarget:
    """Sliced 2-Wasserstein distance of features, without regard to position; H and W may differ.

    The root mean square, over PROJECTIONS seeded directions and QUANTILES quantiles, of the difference between both
    projections' quantiles (Rabin et al. 2011; Heitz et al. 2021 for style), divided by the spread of `target` along
    such a direction, so that all layers count the same.
    """
    generator = torch.Generator().manual_seed(0)
    directions = torch.randn(PROJECTIONS, target.shape[0], generator=generator).to(target.device)
    directions = directions / torch.linalg.vector_norm(directions, dim=1, keepdim=True)
    spread = target.flatten(1).var(1, correction=0).mean().sqrt()

    wanted = quantiles(target, directions)
    return lambda ours: (quantiles(ours, directions) - wanted).square().mean().sqrt() / spread


def shape(target: Tensor) -> ToTarget:
    """`sliced_wasserstein` of channels that have each been scaled to mean 0 and variance 1, so that neither counts.

    The square of a sliced Wasserstein distance comes mostly from means and deviations; this is what lies beyond them.
    """
    distance = sliced_wasserstein(standardised(target))
    return lambda ours: distance(standardised(ours))


def standardised(features: Tensor) -> Tensor:
    """Subtract each channel's mean and divide by its deviation; a channel that hardly varies goes to zero."""
    variance, mean = torch.var_mean(features.flatten(1), 1, correction=0)
    tiny = torch.finfo(variance.dtype).tiny
    scale = (variance + FLOOR**2 * variance.mean()).clamp(min=tiny).rsqrt()
    return (features - mean[:, None, None]) * scale[:, None, None]


def quantiles(features: Tensor, directions: Tensor) -> Tensor:
    """QUANTILES evenly spaced quantiles, interpolated, along each of the directions (K, D): shape (K, QUANTILES)."""
    flat = features.flatten(1)
    places = torch.linspace(0, flat.shape[1] - 1, QUANTILES, dtype=torch.float64, device=flat.device)
    below = places.floor().long()
    above, between = (below + 1).clamp(max=flat.shape[1] - 1), (places - below).to(flat)
    rows = (ascending(few @ flat) for few in torch.split(directions, AT_ONCE))
    return torch.cat([torch.lerp(each[:, below], each[:, above], between) for each in rows])


def ascending(rows: Tensor) -> Tensor:
    """Each row sorted: on a CPU by NumPy, which takes a sixth of PyTorch's time."""
    return torch.from_numpy(np.sort(rows.numpy())) if rows.device.type == "cpu" else rows.sort().values
