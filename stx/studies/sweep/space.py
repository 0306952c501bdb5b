"""Where a search looks: Hydra's intervals, ranges and choices as typed, and what Optuna makes of them."""

from collections.abc import Mapping, Sequence
from typing import Any

from stx.config.compose import Varied, key_of
from stx.errors import UserError, did_you_mean

LOG = "log"
GOLDEN = 0.382
"""Share of the way through an interval at which hardly any interval has a round number."""
HOW = "interval(1,100), tag(log, interval(1,100)), int(interval(1,100)), range(1,5) or a,b"
"""The ways to say where to look."""


def checked(axes: Sequence[Varied]) -> None:
    """Raise UserError for an axis that cannot be searched, or if there is none."""
    if not axes:
        raise UserError(f"hydra/sweeper: nothing is searched\nsay of an option where to look: key={HOW}")
    for axis in axes:
        said = f"{key_of(axis.key)}={axis.typed}"
        for tag in sorted(axis.tags - {LOG}):
            raise UserError(f"{said}: there is no tag {tag}{did_you_mean(tag, [LOG])}; log is the only one")
        if axis.values:
            if axis.tags:
                raise UserError(f"{said}: a choice has no scale; leave tag({LOG}, ...) out")
            if len(axis.values) == 1:
                raise UserError(f"{said}: there is one value in it; leave it alone, or say where to look: {HOW}")
            continue
        if axis.ends is None:
            raise UserError(f"{said}: there is no value in it; say where to look: {HOW}")
        low, high = axis.ends
        if low >= high:
            raise UserError(f"{said}: there is nothing between {low:g} and {high:g}; give the lower end first")
        if LOG in axis.tags and low <= 0:
            raise UserError(f"{said}: a logarithmic scale begins above 0, not at {low:g}")
        if LOG in axis.tags and axis.step not in (None, 1):
            raise UserError(f"{said}: a logarithmic scale has no steps; tag({LOG}, interval(...))")


def ends(axis: Varied) -> Sequence[str]:
    """The values of an axis to try beforehand: all of a choice, or both ends and, of an interval, a fraction inside."""
    if axis.ends is None:
        return axis.values
    low, high = axis.ends
    inside = [low + GOLDEN * (high - low)] if axis.step is None and isinstance(low, float) else []
    return [repr(value) for value in (low, high, *inside)]


def space(axes: Sequence[Varied]) -> Mapping[str, Any]:
    """Optuna's distributions by the keys of the options."""
    return {key_of(axis.key): distribution(axis) for axis in axes}


def distribution(axis: Varied) -> Any:
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    if axis.ends is None:
        return CategoricalDistribution(axis.values)
    (low, high), log = axis.ends, LOG in axis.tags
    if isinstance(low, int):
        return IntDistribution(low, int(high), log=log, step=int(axis.step or 1))
    return FloatDistribution(low, high, log=log, step=axis.step)


def overrides(parts: Sequence[str | Varied], values: Mapping[str, str]) -> list[str]:
    """The overrides of one trial, in the order in which they were typed."""
    return [part if isinstance(part, str) else f"{part.key}={values[key_of(part.key)]}" for part in parts]


def as_typed(params: Mapping[str, Any]) -> dict[str, str]:
    """A trial's values, each as one would type it."""
    return {key: value if isinstance(value, str) else repr(value) for key, value in params.items()}
