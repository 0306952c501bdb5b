"""What a statistic fixes: which moments of the features two pictures share that are alike in it.

It decides which measures judge such a picture by its own loss; a list by hand would be wrong for the next statistic.
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
"""Of channels, at one layer. "second moments": E[f f^T], the Gram matrix; "marginals": each channel's distribution;
"distribution": all channels' together; "colours": the picture's; "features": what is at each position;
"similarities": which positions are alike."""
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
"""Who has all of the first has the second. Places come apart: "features" are compared at one layer alone."""

Function = TypeVar("Function", bound=Callable[..., Any])


def fixes(*moments: Moment | Callable[..., Iterable[Moment]]) -> Callable[[Function], Function]:
    """Say what a function of features fixes: moments, or a function of its keyword arguments that gives them."""

    def said(function: Function) -> Function:
        function.fixes = moments  # type: ignore[attr-defined]
        return function

    return said


def fixed_by(statistics: Iterable[Callable[..., Any]]) -> frozenset[str] | None:
    """What statistics fix together, with their keyword arguments bound; None where one of them does not say."""
    together: set[str] = set()
    for statistic in statistics:
        bound = statistic if isinstance(statistic, partial) else partial(statistic)
        if not hasattr(bound.func, "fixes"):
            return None
        for moment in bound.func.fixes:
            together |= set(moment(**bound.keywords)) if callable(moment) else {moment}
    return closed(together)


def closed(moments: Collection[str]) -> frozenset[str]:
    """With all that follows."""
    together, before = set(moments), -1
    while len(together) != before:
        before = len(together)
        together |= {moment for needed, moment in FOLLOWS if needed <= together}
    return frozenset(together)
