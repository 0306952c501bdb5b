"""The measures of content that can be held equal, and what a claim rests on."""

import math
from collections.abc import Mapping
from typing import NamedTuple


class Yardstick(NamedTuple):
    label: str
    optimised_by: frozenset[str] = frozenset()
    """Content statistics whose own loss it measures, though at other layers."""
    claimed: bool = True
    """Whether a claim must hold when this is held equal."""


YARDSTICKS = {
    "content": Yardstick("features (conv4_3)", frozenset({"features"})),
    "cfsd": Yardstick("structure (CFSD)", frozenset({"self_similarity", "coarse_self_similarity"})),
    "lite0_content": Yardstick("features (Lite0)"),
    "ssim": Yardstick("1 - SSIM", claimed=False),  # it sees strokes as noise, and is only shown
}
CLAIMED = tuple(name for name, each in YARDSTICKS.items() if each.claimed)
IN_TURN = ("content", "lite0_content", "ssim", "cfsd")
"""Which of them is held equal if a protocol does not say: the first in this order that nothing optimised."""


def measured(latest: Mapping[str, float], name: str) -> float:
    """A content distance by the name of its measure; for a similarity, 1 minus it."""
    value = latest.get(f"measure/{name}", math.nan)
    return 1 - value if name == "ssim" else value
