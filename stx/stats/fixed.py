"""What a statistic fixes: which moments of the features two pictures share if they have the same value of it.

This decides which measures judge a picture by its own loss; a list kept by hand would be wrong for the next statistic.
"""

from collections.abc import Callable, Collection, Iterable
from functools import partial
from typing import Any, Literal, TypeVar, get_args

Moment = Literal[
    "means",
    "deviations",
    "correlations",
    "covariances",
    "second moments",
    "marginals",
    "distribution",
    "colours",
    "features",
    "similarities",
]
"""Moments of the channels at one layer. "second moments": E[f f^T], the Gram matrix; "marginals": the distribution of
each channel; "distribution": the joint one of all channels; "colours": those of the picture; "features": what is at
each position; "similarities": which positions are alike."""
MOMENTS: tuple[Moment, ...] = get_args(Moment)
FOLLOWS: tuple[tuple[frozenset[str], str], ...] = (
    (frozenset({"distribution"}), "marginals"),
    (frozenset({"distribution"}), "covariances"),
    (frozenset({"marginals"}), "means"),
    (frozenset({"marginals"}), "deviations"),
    (frozenset({"covariances"}), "deviations"),
    (frozenset({"covariances"}), "correlations"),
    (frozenset({"deviations", "correlations"}), "covariances"),
    (frozenset({"means", "covariances"}), "second moments"),
    (frozenset({"means", "second moments"}), "covariances"),
)
"""Whatever fixes all of the first fixes the second. "features" imply nothing: they are compared at one layer only."""

Function = TypeVar("Function", bound=Callable[..., Any])


def fixes(*moments: Moment | Callable[..., Iterable[Moment]]) -> Callable[[Function], Function]:
    """Decorator: say what a function of features fixes, as moments or as functions of its keyword arguments."""

    def said(function: Function) -> Function:
        function.fixes = moments  # type: ignore[attr-defined]
        return function

    return said


def fixed_by(statistics: Iterable[Callable[..., Any]]) -> frozenset[str] | None:
    """What statistics with bound keyword arguments fix together; None if one of them does not say."""
    together: set[str] = set()
    for statistic in statistics:
        bound = statistic if isinstance(statistic, partial) else partial(statistic)
        if not hasattr(bound.func, "fixes"):
            return None
        for moment in bound.func.fixes:
            together |= set(moment(**bound.keywords)) if callable(moment) else {moment}
    return closed(together)


def closed(moments: Collection[str]) -> frozenset[str]:
    """The moments with all that follow from them."""
    together, before = set(moments), -1
    while len(together) != before:
        before = len(together)
        together |= {moment for needed, moment in FOLLOWS if needed <= together}
    return frozenset(together)
