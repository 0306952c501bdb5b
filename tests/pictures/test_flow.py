"""Optical flow against motions that are known, and where it says that two frames show the same."""

import sys

import numpy as np
import pytest
import torch
from PIL import Image

from stx.errors import UserError
from stx.pictures import bundled, flow

pytest.importorskip("cv2", reason="OpenCV (stx[video]) is not installed")
WIDTH, HEIGHT = 128, 96


@pytest.fixture(scope="module")
def large() -> Image.Image:
    return bundled.open_picture("china").convert("RGB").resize((WIDTH + 32, HEIGHT + 32), Image.Resampling.LANCZOS)


def window(large: Image.Image, right: int, down: int) -> Image.Image:
    return large.crop((16 + right, 16 + down, 16 + right + WIDTH, 16 + down + HEIGHT))


def within(values: torch.Tensor) -> torch.Tensor:
    """Where nothing has come in over an edge."""
    return values[..., 12:-12, 12:-12]


def test_a_translation_is_the_same_flow_everywhere(large: Image.Image) -> None:
    before, after = window(large, 0, 0), window(large, 3, -2)  # what is at (x, y) after was at (x + 3, y - 2)
    back = flow.flow(after, before)
    truth = torch.tensor([3.0, -2.0]).view(2, 1, 1)
    assert float(within((back - truth).norm(dim=0)).mean()) < 0.05
    seen = flow.consistent(back, flow.flow(before, after))
    assert float(within(seen.float()).mean()) > 0.97
    assert not seen[:, -2:].any()  # which came in from the right
    assert not seen[:1].any()


def test_a_rotation_is_a_flow_that_grows_from_the_middle(large: Image.Image) -> None:
    angle = np.deg2rad(3)
    middle = ((WIDTH + 32) / 2, (HEIGHT + 32) / 2)
    turned = large.rotate(3, Image.Resampling.BICUBIC, center=middle)  # against the clock
    back = flow.flow(window(turned, 0, 0), window(large, 0, 0))
    at = flow.positions(back) - torch.tensor([(WIDTH - 1) / 2, (HEIGHT - 1) / 2]).view(2, 1, 1)
    cosine, sine = float(np.cos(angle)), float(np.sin(angle))
    truth = torch.stack([at[0] * cosine - at[1] * sine, at[0] * sine + at[1] * cosine]) - at
    assert float(within((back - truth).norm(dim=0)).mean()) < 0.1


def test_what_a_square_uncovers_is_not_consistent_and_the_rest_of_the_ground_is(large: Image.Image) -> None:
    ground, square = window(large, 0, 0), bundled.open_picture("chelsea").convert("RGB").resize((48, 48))
    before, after = ground.copy(), ground.copy()
    before.paste(square, (40, 24))
    after.paste(square, (44, 24))
    seen = flow.consistent(flow.flow(after, before), flow.flow(before, after)).float()
    assert float(seen[26:70, 41:43].mean()) < 0.25  # uncovered
    assert float(seen[:16].mean()) > 0.99
    assert float(seen[80:].mean()) > 0.99
    assert float(seen[30:66, 50:86].mean()) > 0.9  # the square itself, which has moved


def test_a_picture_is_moved_between_pixels_as_loops_move_it() -> None:
    generator = torch.Generator().manual_seed(0)
    picture = torch.rand(2, 5, 6, generator=generator)
    moves = 3 * torch.randn(2, 5, 6, generator=generator)
    expected = torch.zeros_like(picture)
    for row in range(5):
        for column in range(6):
            x = min(max(column + float(moves[0, row, column]), 0), 5)
            y = min(max(row + float(moves[1, row, column]), 0), 4)
            left, top = min(int(x), 4), min(int(y), 3)
            for across, of_x in ((0, 1 - (x - left)), (1, x - left)):
                for down, of_y in ((0, 1 - (y - top)), (1, y - top)):
                    expected[:, row, column] += of_x * of_y * picture[:, top + down, left + across]
    assert torch.allclose(flow.warped(picture, moves), expected, atol=1e-5)


def test_a_flow_that_does_not_come_back_and_one_that_has_an_edge_are_not_consistent() -> None:
    still = torch.zeros(2, 8, 8)
    assert flow.consistent(still, still).all()
    away = still + torch.tensor([2.0, 0.0]).view(2, 1, 1)
    seen = flow.consistent(away, still)
    assert not seen.any()  # 4 pixels squared are missed, beyond 0.01 of 4 and 0.5
    back = flow.consistent(away, -away)
    assert back[:, :6].all()
    assert not back[:, 6:].any()  # it leads out of the picture
    edge = still.clone()
    edge[0, :, 4:] = 0.2
    assert flow.consistent(edge, still).all(0).tolist() == [True, True, True, False, False, True, True, True]


def test_a_flow_at_another_size_leads_to_the_same_places() -> None:
    """Of a picture that is turned and stretched about its corner, measured from the edges of its first pixel."""

    def affine(width: int, height: int, stretch: torch.Tensor) -> torch.Tensor:
        """Its flow at a size that is `stretch` times that of 8 x 6."""
        at = (flow.positions(torch.zeros(2, height, width)) + 0.5) / stretch
        turned = torch.stack([0.25 * at[0] - 0.5 * at[1] + 1, 0.125 * at[0] + 0.75 * at[1] - 2])
        return turned * stretch

    unit = torch.ones(2, 1, 1)
    stretch = torch.tensor([3.0, 2.0]).view(2, 1, 1)
    larger = flow.at_size(affine(8, 6, unit), (24, 12))
    assert larger.shape == (2, 12, 24)
    inner = (slice(None), slice(2, -2), slice(2, -2))  # at its ends a flow goes on as it is
    assert torch.allclose(larger[inner], affine(24, 12, stretch)[inner], atol=1e-5)


def test_without_opencv_it_is_said_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cv2", None)
    with pytest.raises(UserError, match=r"pip install 'stx\[video\]'"):
        flow.refuse_missing()
