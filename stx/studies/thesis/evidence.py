"""A run of the store as the numbers that a verdict rests on."""

from collections.abc import Mapping, Sequence
from statistics import median
from typing import NamedTuple

from stx.runs.batch import AT_ONCE
from stx.runs.tracking.stored import Run
from stx.runs.words import style_share

Points = Sequence[tuple[int, float]]


class Evidence(NamedTuple):
    run_id: str
    outcome: str
    """finished or diverged."""
    event: str
    """The first value that was not finite; empty if there was none."""
    steps: int
    style: float
    """Held-out style distance over the untouched photograph's: 0 is the painting itself, 1 is no nearer to it."""
    content: float
    """Held-out content distance: 0 is the photograph, about 1 an unrelated picture."""
    pixels: float
    """Root mean square difference from the photograph, whose values lie in [0, 1]."""
    deep_style: float
    """Held-out style distance at conv4_3 alone."""
    step_ms: float
    """Median over all steps but the first, which warms up."""
    fastest_ms: float
    """The least over the same steps: what a step takes when nothing else runs on the machine."""
    at_once: bool
    """Whether other runs were at work on its machine."""
    series: Mapping[str, Points]
    """Every metric over steps, except measures and baselines."""
    size: tuple[int, int] = (512, 380)
    """Width and height."""
    asked: int = 1000
    """Number of steps asked for; a run that converges takes fewer."""

    def at(self, metric: str, place: str) -> float | None:
        """A metric at its "first", "middle" or "last" step."""
        points = self.series.get(metric, ())
        if not points:
            return None
        return points[{"first": 0, "middle": len(points) // 2, "last": -1}[place]][1]

    def layers(self, kind: str, place: str) -> dict[str, float]:
        """`style_magnitude`, `style_loss` or `grad_norm` of each layer."""
        values = {name.partition("/")[2]: self.at(name, place) for name in self.series if name.startswith(f"{kind}/")}
        return {layer: value for layer, value in sorted(values.items()) if value is not None}

    def pull(self, place: str) -> float | None:
        """How hard all style layers pull at the picture, as a multiple of the content's pull; None if it is unknown."""
        norms = self.layers("grad_norm", place)
        content = norms.pop("content", 0.0)
        return sum(norms.values()) / content if content else None


def read(run: Run) -> Evidence:
    latest = run.latest
    series = {name: run.history(name) for name in latest if not name.startswith(("measure/", "baseline/"))}
    times = [value for step, value in series.get("time/step_ms", []) if step > 1]  # the first step warms up
    untouched = run.baselines.get("sliced_wasserstein", 0.0)
    return Evidence(
        run_id=run.id,
        outcome=run.tags["stx.outcome"],
        event=run.tags.get("stx.first_event", ""),
        steps=max((step for step, _ in series.get("time/step_ms", [])), default=0),
        style=style_share(latest["measure/sliced_wasserstein"], untouched),
        content=latest.get("measure/content", float("nan")),
        pixels=latest.get("measure/pixels", float("nan")),
        deep_style=latest.get("measure/sliced_wasserstein_conv4_3", float("nan")),
        step_ms=median(times) if times else float("nan"),
        fastest_ms=min(times, default=float("nan")),
        at_once=AT_ONCE in run.tags,
        series=series,
        size=(int(run.params["image_size.width"]), int(run.params["image_size.height"])),
        asked=int(run.params["optim.steps"]),
    )
