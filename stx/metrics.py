"""Held-out measures: how much of the style and of the content a picture has, by layers that no default loss uses.

All pictures are judged by the same network, the original VGG19 with max pooling in float32, whatever made them.
"""

import torch
from torch import Tensor

from stx.vgg import VGG19, shortest_side
from stx.weights import load_weights

STYLE_LAYERS = ("conv1_2", "conv2_2", "conv3_3", "conv4_3")
CONTENT_LAYER = "conv4_3"
PROJECTIONS = 32
QUANTILES = 1024


def measures(picture: Tensor, content: Tensor, style: Tensor) -> dict[str, float]:
    """What a finished picture scores, and the untouched ones beside it. Empty for pictures too small for `conv4_3`.

    All are (3, H, W), RGB in [0, 1]; the style picture may have another size.

        measure/sliced_wasserstein          to the style picture, mean over STYLE_LAYERS; 0: the same distribution
        measure/sliced_wasserstein_<layer>  at one layer
        measure/content                     relative feature distance to the photograph at CONTENT_LAYER; 0: the same
        measure/pixels                      root mean square difference to the photograph
        baseline/sliced_wasserstein         of the photograph as it is: a picture without the style
        baseline/content                    of the style picture as it is, where it has the photograph's size
    """
    if min(*content.shape[1:], *style.shape[1:]) < shortest_side(CONTENT_LAYER):
        return {}
    vgg = VGG19(load_weights("vgg19", None, 0), "max", CONTENT_LAYER).to(content.device)
    with torch.no_grad():
        ours, photograph, painting = (vgg(shown, STYLE_LAYERS) for shown in (picture, content, style))
        distances = {
            layer: sliced_wasserstein(painting[layer], ours[layer], photograph[layer]) for layer in STYLE_LAYERS
        }
        found = {
            "measure/sliced_wasserstein": torch.stack([ending for ending, _ in distances.values()]).mean(),
            **{f"measure/sliced_wasserstein_{layer}": ending for layer, (ending, _) in distances.items()},
            "measure/content": relative_distance(ours[CONTENT_LAYER], photograph[CONTENT_LAYER]),
            "measure/pixels": (picture - content).square().mean().sqrt(),
            "baseline/sliced_wasserstein": torch.stack([untouched for _, untouched in distances.values()]).mean(),
        }
        if content.shape == style.shape:
            found["baseline/content"] = relative_distance(painting[CONTENT_LAYER], photograph[CONTENT_LAYER])
        return dict(zip(found, torch.stack(list(found.values())).tolist(), strict=True))


def relative_distance(ours: Tensor, theirs: Tensor) -> Tensor:
    """|ours - theirs| / |theirs|, position by position."""
    return torch.linalg.vector_norm(ours - theirs) / torch.linalg.vector_norm(theirs)


def sliced_wasserstein(target: Tensor, *others: Tensor) -> list[Tensor]:
    """Sliced 2-Wasserstein distance of each of `others` to `target`, features (D, H, W), without regard to position.

    The root mean square, over PROJECTIONS seeded directions and QUANTILES quantiles, of the difference between both
    projections' quantiles (Rabin et al. 2011; Heitz et al. 2021 for style), divided by the spread of `target` along
    such a direction, so that layers count alike. H and W may differ.
    """
    generator = torch.Generator().manual_seed(0)
    directions = torch.randn(PROJECTIONS, target.shape[0], generator=generator).to(target.device)
    directions = directions / torch.linalg.vector_norm(directions, dim=1, keepdim=True)
    flat = target.flatten(1)
    spread = (flat - flat.mean(1, keepdim=True)).square().sum(0).mean().div(len(flat)).sqrt()
    wanted = quantiles(directions @ flat)
    return [(quantiles(directions @ other.flatten(1)) - wanted).square().mean().sqrt() / spread for other in others]


def quantiles(rows: Tensor) -> Tensor:
    """QUANTILES of each row, evenly spaced, interpolated between the sorted values."""
    ordered = rows.sort(dim=1).values
    places = torch.linspace(0, ordered.shape[1] - 1, QUANTILES, dtype=torch.float64, device=rows.device)
    below = places.floor().long()
    above = (below + 1).clamp(max=ordered.shape[1] - 1)
    return torch.lerp(ordered[:, below], ordered[:, above], (places - below).float())
