"""How hard each part of a loss pulls at the picture, and scales that make all parts pull equally hard."""

import math
import warnings
from functools import partial

import torch
from torch import Tensor

from stx.model.losses import Losses, LossNetwork
from stx.model.names import place
from stx.model.parts import Part
from stx.stats.precision import widest

YARDSTICK = "content"
"""The group whose gradient, as a whole, sets the length to which the gradients of the others are scaled."""
LARGEST = 1e38
"""Largest scale that float32 holds; a gradient of mere rounding errors would need a larger one."""
NOISE = 0.1
"""Standard deviation of the noise added to the content picture, in [0, 1] pixel units. At the content picture itself
the content gradient is zero; balanced at pure noise, the same style distance costs twice the content distance."""


def pulls(losses: Losses) -> dict[str, Tensor]:
    """The losses that are measured one by one: the yardstick as a whole, and every part of the other groups."""
    others = {part.key: part.scale * d for part, d in losses.distances.items() if part.term.group != YARDSTICK}
    return {YARDSTICK: losses.groups[YARDSTICK], **others} if YARDSTICK in losses.groups else others


def gradient_norms(network: LossNetwork, picture: Tensor) -> dict[str, Tensor]:
    """Norm of the gradient of each of `pulls` with respect to the picture, before weights."""
    return {name: norm_of(gradient, picture) for name, gradient in network.gradients(picture, pulls)}


def norm_of(gradient: Tensor | None, picture: Tensor) -> Tensor:
    if gradient is None:
        return picture.new_zeros(())
    return torch.linalg.vector_norm(gradient, dtype=widest(picture.device))  # its squares may overflow float32


def balance_yardstick(network: LossNetwork, picture: Tensor) -> None:
    """Scale the parts of a yardstick with several terms, so that each pulls as hard as the first term at its layer.

    At a layer that the first term does not look at, its pull at its own first layer counts. Without this, a term that
    is too weak beside the others would have no part in what the other groups are measured by.
    """
    members = [part for part in network.every_part if part.term.group == YARDSTICK]
    if len({part.term.name for part in members}) < 2:
        return
    first: dict[str, float] = {}
    leading = network.first[YARDSTICK]
    for part in sorted(members, key=lambda part: part.term.name != leading):
        ((_, gradient),) = network.gradients(picture, partial(one_pull, part))
        norm = float(norm_of(gradient, picture))
        if part.term.name == leading:
            first[part.layer] = norm
        wanted = first.get(part.layer, next(iter(first.values()), norm))
        if math.isfinite(norm) and math.isfinite(wanted / norm if norm else math.inf) and wanted > 0:
            part.scale.mul_(wanted / norm)


def one_pull(part: Part, losses: Losses) -> dict[str, Tensor]:
    return {part.key: part.scale * losses.distances[part]}


def weighted_gradient_norms(network: LossNetwork, picture: Tensor) -> dict[str, Tensor]:
    """`gradient_norms` times the weights with which they enter the total: how hard each pulls at the picture."""
    weights: dict[str, float | Tensor] = {YARDSTICK: network.weights.get(YARDSTICK, 0.0)}
    for part in network.every_part:
        name = part.term.group
        if name != YARDSTICK:
            weights[part.key] = network.weights[name] * part.share
    return {name: norm * weights[name] for name, norm in gradient_norms(network, picture).items()}


def calibrate(network: LossNetwork, content: Tensor, generator: torch.Generator) -> None:
    """Scale every part so that its gradient is as long as the content's, measured at the content picture plus noise.

    Any statistic then starts from the same balance, and weights mean the same for all of them. Without a content layer
    the shallowest part sets the length. Parts whose gradient is zero or not finite keep their scale; one warning names
    them all.
    """
    noise = torch.randn(content.shape, generator=generator).to(content.device)
    near = (content + NOISE * noise).clamp(0, 1)
    balance_yardstick(network, near)
    measured = gradient_norms(network, near)
    norms = {name: float(norm) for name, norm in measured.items()}
    network.norms = dict(norms)
    wanted = norms.pop(YARDSTICK, 0.0)
    if not any(part.term.group == YARDSTICK for part in network.every_part):
        wanted = next(iter(norms.values()), 0.0)
    usable = math.isfinite(wanted) and wanted > 0
    scales = network.scales
    unusable = [name for name, norm in norms.items() if not (usable and fits(norm, scales[name] * wanted))]
    network.rescale({name: scales[name] * (wanted / norms[name]) for name in norms.keys() - unusable})
    if unusable:
        warnings.warn(
            f"not calibrated, since {'a gradient there' if usable else 'what all are measured by'} is zero or not "
            f"finite: {', '.join(map(place, unusable))}",
            stacklevel=2,
        )


def fits(norm: float, wanted: float) -> bool:
    """Whether a gradient of length `norm` can be scaled to the length `wanted`."""
    return math.isfinite(norm) and norm > 0 and wanted / norm < LARGEST
