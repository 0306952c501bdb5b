"""The held-out measures that conf/measure/*.yaml defines: one function and one YAML each."""

from collections.abc import Callable, Mapping
from functools import cache, partial
from types import MappingProxyType
from typing import Any, NamedTuple

import yaml
from pydantic import ValidationError

from stx.config.explain import explain
from stx.config.functions import bind
from stx.config.schema import CONF, Measured
from stx.errors import UserError, did_you_mean
from stx.stats.fixed import MOMENTS


class Measure(NamedTuple):
    distance: Callable[..., Any]
    """Target, or two targets -> a function of other features, or of a picture -> one number, or one per part."""
    spec: Measured

    def names(self, name: str) -> tuple[str, ...]:
        """The names of its numbers: its own `name`, or that followed by each of its parts."""
        return tuple(f"{name}_{part}" for part in self.spec.parts) or (name,)


@cache
def catalogue() -> Mapping[str, Measure]:
    """All measures by name, in alphabetical order. Raises UserError for a YAML that does not define a measure."""
    return MappingProxyType({file.stem: load(file.stem) for file in sorted((CONF / "measure").glob("*.yaml"))})


def load(name: str) -> Measure:
    plain = yaml.safe_load((CONF / "measure" / f"{name}.yaml").read_text(encoding="utf-8"))
    try:
        spec = Measured.model_validate(plain)
    except ValidationError as error:
        raise UserError(f"conf/measure/{name}.yaml: {explain(error, plain)}") from None
    for moment in spec.of:
        if moment not in MOMENTS:
            offered = f"choose from {', '.join(MOMENTS)}{did_you_mean(moment, MOMENTS)}"
            raise UserError(f"conf/measure/{name}.yaml: of={moment}: {offered}")
    # The targets are the first arguments; of a measure against both pictures, the painting and then the photograph.
    bound: partial[Any] = bind(spec, f"measure.{name}", given=("photograph",) if spec.to == "both" else ())
    return Measure(bound, spec)


def toward(picture: str) -> dict[str, Measure]:
    """The measures against "style", "content" or "both"."""
    return {name: measure for name, measure in catalogue().items() if measure.spec.to == picture}


def labels() -> dict[str, str]:
    """The labels of measures in tables, by "measure/<name>": first those to the style, then those to the content."""
    shown = sorted(catalogue().items(), key=lambda item: ("style", "content", "both").index(item[1].spec.to))
    return {
        f"measure/{each}": f"{measure.spec.label}, {part}" if part else measure.spec.label
        for name, measure in shown
        if measure.spec.label
        for each, part in zip(measure.names(name), measure.spec.parts or [""], strict=True)
    }
