"""How well a picture tiles: whether the step from its last pixels to its first is like any other."""

import torch
from torch import Tensor


def wrap(picture: Tensor) -> float:
    """Root mean square difference of neighbours across the edges of a picture (3, H, W), divided by that inside.

    About 1 for a tile, and for a flat picture; several times as much for a picture that does not tile.
    """
    steps = [(picture.roll(-1, dimension) - picture).double().movedim(dimension, 0) for dimension in (1, 2)]
    inside = torch.cat([each[:-1].flatten() for each in steps]).square().mean()
    across = torch.cat([each[-1].flatten() for each in steps]).square().mean()
    return float((across / inside).sqrt()) if float(inside) > 0 else 1.0
