"""How things move from one frame of a film to the next, and where that can be told; OpenCV is an extra of stx.

A flow is (2, H, W) in pixels, to the right and down: what is at a position of one frame is at that plus the flow in the
other. Dense inverse search (Kroeger et al. 2016, arXiv 1603.03590) by OpenCV, at whole size.
"""

import importlib.util
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.nn.functional import grid_sample, interpolate

from stx.errors import UserError
from stx.pictures.sizes import Size

SHORTEST = 16
"""Pixels of a frame's shorter side, below which the search has no windows to look at."""
SMOOTHNESS, REFINEMENTS = 40.0, 15
"""Of the refinement behind the search. On the film of scripts/film.py, whose flow is known, half of all positions are
within 0.037 pixels of it so, and 0.043 by OpenCV's own 20 and 5."""
RETURN = 0.01, 0.5
"""Of what a way there and back may miss: the share of both flows' squares, and pixels squared (eq. 5)."""
MOTION_EDGE = 0.01, 0.002
"""Of a flow's gradient, squared, from which a position is at an edge of the motion: likewise (eq. 6)."""


def refuse_missing() -> None:
    """Raise UserError where OpenCV is not installed."""
    if importlib.util.find_spec("cv2") is None:
        raise UserError("film: OpenCV is not installed, which follows what moves: pip install 'stx[video]'")


def flow(one: Image.Image, other: Image.Image) -> Tensor:
    """From one picture to another of its size, of SHORTEST pixels a side at least: (2, H, W)."""
    import cv2  # an extra

    search: Any = cv2.DISOpticalFlow_create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    search.setFinestScale(0)  # the whole size
    search.setVariationalRefinementAlpha(SMOOTHNESS)
    search.setVariationalRefinementIterations(REFINEMENTS)
    grey = (np.ascontiguousarray(np.asarray(picture.convert("L"))) for picture in (one, other))
    return torch.from_numpy(search.calc(*grey, None)).permute(2, 0, 1).contiguous()


def warped(picture: Tensor, flow: Tensor) -> Tensor:
    """What a picture (C, H, W) has where each position's flow (2, H, W) leads: of another frame's positions into it.

    Bilinear between pixels; beyond an edge the picture goes on as it ends.
    """
    height, width = flow.shape[1:]
    at = positions(flow) + flow
    half = torch.tensor([max(width - 1, 1) / 2, max(height - 1, 1) / 2]).view(2, 1, 1)
    grid = (at / half - 1).permute(1, 2, 0)[None]
    return grid_sample(picture[None], grid, mode="bilinear", padding_mode="border", align_corners=True)[0]


def at_size(flow: Tensor, size: Size) -> Tensor:
    """A flow between pictures of another (width, height)."""
    height, width = flow.shape[1:]
    scales = flow.new_tensor([size[0] / width, size[1] / height]).view(2, 1, 1)
    return interpolate(flow[None], (size[1], size[0]), mode="bilinear", align_corners=False)[0] * scales


def positions(flow: Tensor) -> Tensor:
    """The x and y of each of a flow's: (2, H, W)."""
    height, width = flow.shape[1:]
    down, right = torch.meshgrid(torch.arange(float(height)), torch.arange(float(width)), indexing="ij")
    return torch.stack([right, down])


def consistent(back: Tensor, forward: Tensor) -> Tensor:
    """Where a frame shows what the one before it showed, (H, W) of true and false, by the flows between them.

    `back` leads from the frame to the one before it, `forward` from that to the frame. Not where one does not come back
    by the other, as at what was hidden before; nor at edges of the motion, which no flow has sharp; nor where `back`
    leads out of the picture (Sundaram et al. 2010; Ruder et al. 2016, arXiv 1604.08610, eq. 5 and 6).
    """
    height, width = back.shape[1:]
    right, down = positions(back) + back
    inside = (right >= -0.5) & (right <= width - 0.5) & (down >= -0.5) & (down <= height - 0.5)
    onward = warped(forward, back)
    missed, both = squares(onward + back), squares(onward) + squares(back)
    share, least = RETURN
    returns = missed <= share * both + least
    share, least = MOTION_EDGE
    smooth = steepness(back) <= share * squares(back) + least
    return inside & returns & smooth


def squares(flow: Tensor) -> Tensor:
    return flow.square().sum(0)


def steepness(flow: Tensor) -> Tensor:
    """The squared length of both gradients of a flow (2, H, W), by central differences: (H, W)."""
    return sum((each.square().sum(0) for each in torch.gradient(flow, dim=(1, 2))), torch.zeros(flow.shape[1:]))
