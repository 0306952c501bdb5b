"""Optical flow from one frame of a film to the next, and where it is reliable. OpenCV is an extra of stx.

A flow is (2, H, W) in pixels, to the right and down: what is at a position in one frame is at that position plus the
flow in the other. It is computed by OpenCV's dense inverse search (Kroeger et al. 2016, arXiv 1603.03590) at full size.
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
"""Least pixels of a frame's shorter side: with fewer, the search has no windows to look at."""
SMOOTHNESS, REFINEMENTS = 40.0, 15
"""Settings of the refinement after the search. On the film of scripts/film.py, whose flow is known, half of all
positions are within 0.037 pixels of it with these, and within 0.043 with OpenCV's own, 20 and 5."""
RETURN = 0.01, 0.5
"""Most squared error of going there and back: a share of both flows' squares, plus pixels squared (eq. 5)."""
MOTION_EDGE = 0.01, 0.002
"""Most squared gradient away from an edge of the motion: a share of the flow's square, plus a constant (eq. 6)."""


def refuse_missing() -> None:
    """Raise UserError if OpenCV is not installed."""
    if importlib.util.find_spec("cv2") is None:
        raise UserError("film: OpenCV is not installed, which follows what moves: pip install 'stx[video]'")


def flow(one: Image.Image, other: Image.Image) -> Tensor:
    """The flow (2, H, W) from one picture to another of the same size, with at least SHORTEST pixels a side."""
    import cv2  # an extra

    search: Any = cv2.DISOpticalFlow_create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    search.setFinestScale(0)  # full size
    search.setVariationalRefinementAlpha(SMOOTHNESS)
    search.setVariationalRefinementIterations(REFINEMENTS)
    grey = (np.ascontiguousarray(np.asarray(picture.convert("L"))) for picture in (one, other))
    return torch.from_numpy(search.calc(*grey, None)).permute(2, 0, 1).contiguous()


def warped(picture: Tensor, flow: Tensor) -> Tensor:
    """Sample a picture (C, H, W) where a flow (2, H, W) leads that starts at the positions of another frame.

    Bilinear between pixels; beyond an edge the pixels at the edge are repeated.
    """
    height, width = flow.shape[1:]
    at = positions(flow) + flow
    half = torch.tensor([max(width - 1, 1) / 2, max(height - 1, 1) / 2]).view(2, 1, 1)
    grid = (at / half - 1).permute(1, 2, 0)[None]
    return grid_sample(picture[None], grid, mode="bilinear", padding_mode="border", align_corners=True)[0]


def at_size(flow: Tensor, size: Size) -> Tensor:
    """A flow rescaled to pictures of another (width, height)."""
    height, width = flow.shape[1:]
    scales = flow.new_tensor([size[0] / width, size[1] / height]).view(2, 1, 1)
    return interpolate(flow[None], (size[1], size[0]), mode="bilinear", align_corners=False)[0] * scales


def positions(flow: Tensor) -> Tensor:
    """The x and y of each position of a flow: (2, H, W)."""
    height, width = flow.shape[1:]
    down, right = torch.meshgrid(torch.arange(float(height)), torch.arange(float(width)), indexing="ij")
    return torch.stack([right, down])


def consistent(back: Tensor, forward: Tensor) -> Tensor:
    """Where a frame shows what the previous one showed, as booleans (H, W), by the flows between them.

    `back` leads from the frame to the previous one, `forward` from that to the frame. False where `forward` does not
    lead back to the start, as for what was hidden before; at edges of the motion, which are sharp in no flow; and where
    `back` leads out of the picture (Sundaram et al. 2010; Ruder et al. 2016, arXiv 1604.08610, eq. 5 and 6).
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
