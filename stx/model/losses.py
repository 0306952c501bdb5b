"""The loss network: fixed targets from two pictures; a third picture -> its losses."""

import math
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from stx.errors import UserError
from stx.model.vgg import VGG19, kept_as

Statistic = Callable[..., Tensor]
Distance = Callable[[Tensor, Tensor], Tensor]

CALIBRATION_NOISE = 0.1
"""Standard deviation, in [0, 1] pixel units. At the content picture itself the content gradient is zero; at pure
noise the same balance costs twice the content distance for the same style distance."""


class Losses(NamedTuple):
    """Scalars of one picture, on its device. The terms stand before their weights, after their scale."""

    total: Tensor
    content: Tensor
    style: Tensor
    prior: Tensor | None
    style_layers: dict[str, Tensor]
    """E_l, so that style = sum of w_l E_l."""
    parts: dict[str, Tensor]
    """What E_l is the mean of, one a term: "<layer>", or "<layer>/<term>" where there are several."""
    magnitudes: dict[str, Tensor]
    """Root mean square of each part's statistic, float64: the square of 1e26 overflows float32."""
    peaks: dict[str, Tensor]
    """Largest feature of each layer; not finite if any feature is not, which a masked statistic can hide."""


def mean_square(ours: Tensor, target: Tensor) -> Tensor:
    """The distance of every statistic that has none of its own."""
    return (ours - target).square().sum() / ours.numel()  # not mean(): its gradient loses the memory format


class Term(NamedTuple):
    """A style statistic and how two of its values are compared."""

    statistic: Statistic
    distance: Distance = mean_square
    reference: Callable[[Tensor], Any] | None = None
    """Called once a layer with the style picture's features; its result is the statistic's keyword of that name."""


class Prior(NamedTuple):
    """A penalty of the picture alone."""

    penalty: Callable[[Tensor], Tensor]
    weight: float


def root_mean_square(values: Tensor) -> Tensor:
    return torch.linalg.vector_norm(values.detach(), dtype=torch.float64) / math.sqrt(values.numel())


def refuse_two_shapes(part: str, ours: Tensor, target: Tensor) -> None:
    if ours.shape != target.shape:
        raise UserError(
            "this style statistic compares position by position, so both pictures must have one size: "
            f"use style_size=same ({part}: {tuple(ours.shape)} against {tuple(target.shape)})"
        )


class LossNetwork(nn.Module):
    """Content and style losses of a picture against two fixed ones (Gatys et al. 2015, eq. 1-7).

    content   L_c = 1/2 sum (F - P)^2, summed over `content_layers`
    style     L_s = sum_l w_l E_l over `style_layers`, E_l = mean over terms of scale distance(S(x), S(a))
    total     alpha L_c + beta L_s, and where there is a prior, its weight times scale times penalty

    Pictures are (3, H, W), RGB in [0, 1]; the content picture has the size of those that will be judged. Statistics
    and losses are float32 whatever the features are. `literal_factor` is the thesis's reading of E_l: Gram's factor
    `sum (S(x) - S(a))^2 / (4 N^2 M^2)` for every statistic without a distance of its own.

    Raises UserError where the two pictures' statistics have different shapes.
    """

    def __init__(
        self,
        vgg: VGG19,
        content: Tensor,
        style: Tensor,
        *,
        content_layers: Sequence[str],
        style_layers: Sequence[str],
        style_weights: Sequence[float],
        alpha: float,
        beta: float,
        terms: Mapping[str, Term],
        prior: Prior | None = None,
        literal_factor: bool = False,
    ):
        super().__init__()
        self.vgg = vgg
        self.layers = [name for name in vgg.layers if name in {*content_layers, *style_layers}]
        self.alpha, self.beta, self.prior = alpha, beta, prior
        self.style_weights = dict(zip(style_layers, style_weights, strict=True))
        self.parts: dict[str, dict[str, Term]] = {
            layer: {layer if len(terms) == 1 else f"{layer}/{name}": term for name, term in terms.items()}
            for layer in style_layers
        }
        self.norms: dict[str, float] = {}
        """Gradient norms that the calibration found, before the scales: "content", the parts and "prior"."""
        self.scales = {part: 1.0 for parts in self.parts.values() for part in parts}
        if prior:
            self.scales["prior"] = 1.0
        self.statistics: dict[str, Statistic] = {}
        self.style_targets: dict[str, Tensor] = {}
        self.content_targets: dict[str, Tensor] = {}
        with torch.no_grad():
            for layer, features in self.features(style):
                for part, (statistic, _, reference) in self.parts.get(layer, {}).items():
                    fitted = partial(statistic, reference=reference(features)) if reference else statistic
                    self.statistics[part], self.style_targets[part] = fitted, fitted(features)
            for layer, features in self.features(content):
                if layer in content_layers:
                    self.content_targets[layer] = features
                for part, term in self.parts.get(layer, {}).items():
                    ours = self.statistics[part](features)
                    refuse_two_shapes(part, ours, self.style_targets[part])
                    if literal_factor and term.distance is mean_square:
                        self.scales[part] = ours.numel() / (4 * features.numel() ** 2)

    def features(self, picture: Tensor) -> Iterator[tuple[str, Tensor]]:
        """Of the layers that a loss needs, in network order; float32, whatever the network computes in."""
        return ((layer, maps.float()) for layer, maps in self.vgg.stream(picture, self.layers))

    def forward(self, picture: Tensor) -> Losses:
        zero = picture.new_zeros(())
        content, style = zero, zero
        style_layers, distances, magnitudes, peaks = (dict[str, Tensor]() for _ in range(4))
        for layer, maps in self.vgg.stream(picture, self.layers):
            features = maps.float()
            peaks[layer] = features.detach().amax()
            parts = self.parts.get(layer, {})
            with kept_as(maps, features):
                if layer in self.content_targets:
                    content = content + (features - self.content_targets[layer]).square().sum() / 2
                for part, term in parts.items():
                    ours = self.statistics[part](features)
                    distances[part] = self.scales[part] * term.distance(ours, self.style_targets[part])
                    magnitudes[part] = root_mean_square(ours)
            if parts:
                style_layers[layer] = torch.stack([distances[part] for part in parts]).mean()
                style = style + self.style_weights[layer] * style_layers[layer]
        total = self.alpha * content + self.beta * style
        prior = None
        if self.prior:
            prior = self.scales["prior"] * self.prior.penalty(picture)
            total = total + self.prior.weight * prior
        return Losses(total, content, style, prior, style_layers, distances, magnitudes, peaks)

    def gradient_norms(self, picture: Tensor) -> dict[str, Tensor]:
        """Norm of the gradient with respect to the picture of "content", each part of the style and a "prior", before
        weights.

        Costs one forward and a backward pass a term, with activation checkpointing a forward pass a term too.
        """
        picture = picture.detach().requires_grad_()
        # A graph that goes back several times keeps all that it has computed again: then each term has its own.
        shared = None if self.vgg.checkpointing else self(picture)

        def term(name: str) -> Tensor:  # alone, so that nothing else of its graph is held
            losses = shared or self(picture)
            terms = {
                "content": losses.content,
                **losses.parts,
                **({} if losses.prior is None else {"prior": losses.prior}),
            }
            return terms[name]

        def norm(term: Tensor) -> Tensor:
            if not term.requires_grad:  # no layer of that kind
                return picture.new_zeros(())
            (gradient,) = torch.autograd.grad(term, picture, retain_graph=shared is not None)
            return torch.linalg.vector_norm(gradient, dtype=torch.float64)  # squares leave float32 first

        parts = (part for layer in self.layers for part in self.parts.get(layer, ()))
        names = ("content", *parts, *(["prior"] if self.prior else []))
        return {name: norm(term(name)) for name in names}

    def weighted_gradient_norms(self, picture: Tensor) -> dict[str, Tensor]:
        """The same as each term enters the total: how hard each of them pulls at the picture."""
        norms = self.gradient_norms(picture)
        weights = {
            part: self.beta * self.style_weights[layer] / len(parts)
            for layer, parts in self.parts.items()
            for part in parts
        }
        if self.prior:
            weights["prior"] = self.prior.weight
        return {name: norm * weights.get(name, self.alpha) for name, norm in norms.items()}

    def calibrate(self, content: Tensor, generator: torch.Generator) -> None:
        """Scale each part of the style, and a prior, so that its gradient is as long as the content's.

        Measured at the content plus noise.

        Any statistic then starts from the same balance, and alpha and beta mean the same for all of them. Without a
        content layer the shallowest part sets the length. A term whose gradient is zero or not finite keeps its
        scale, with one warning.
        """
        noise = torch.randn(content.shape, generator=generator).to(content.device)
        norms = {
            name: float(norm)
            for name, norm in self.gradient_norms((content + CALIBRATION_NOISE * noise).clamp(0, 1)).items()
        }
        self.norms = dict(norms)
        wanted = norms.pop("content")
        if not self.content_targets:
            wanted = next(iter(norms.values()), 0.0)
        unusable = [part for part, norm in norms.items() if not (math.isfinite(norm) and norm > 0)]
        if not (math.isfinite(wanted) and wanted > 0):
            unusable = list(norms)
        for part in norms.keys() - unusable:
            self.scales[part] *= wanted / norms[part]
        if unusable:
            warnings.warn(
                f"not calibrated, since a gradient there is zero or not finite: {', '.join(unusable)}", stacklevel=2
            )
