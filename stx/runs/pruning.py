"""A trial of a search, cut short if earlier ones had come further by the same step."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from stx.loop.listener import Listener
from stx.runs import study
from stx.runs.words import style_share


def pruner(trial: Mapping[str, Any]) -> Sequence["Pruner"]:
    """The listeners that a member's run needs, given what it is told of its trial; empty if it is no trial."""
    return [Pruner(**{**trial, "folder": Path(trial["folder"])})] if trial else []


class Pruner(Listener):
    """Tells the study what the run measures along the way, and asks it whether to go on.

    The study is a file in the search's folder, which each process opens for itself.
    """

    def __init__(self, folder: Path, number: int, content_at_most: float, steps: int):
        """`folder` is the search's; `steps` are those that the run has, as it is not cut short after the last."""
        self.folder, self.number, self.content_at_most, self.steps = folder, number, content_at_most, steps

    @cached_property
    def trial(self) -> Any:
        return study.trial(study.opened(self.folder), self.number)

    def observed(self, measured: Mapping[str, float], step: int) -> None:
        share = style_share(measured["measure/sliced_wasserstein"], measured["baseline/sliced_wasserstein"])
        before = study.all_trials(self.trial.study)[self.number].intermediate_values
        if step not in before:  # unless it was reported before a resume
            self.trial.report(merit(share, measured["measure/content"], self.content_at_most), step)
        if step < self.steps:
            within = Within(self.trial.study)
            self.enough = bool(within.study.pruner.prune(within, study.all_trials(within.study)[self.number]))


class Within:
    """A study as its pruner is to see it: without the trials that ended beyond the allowed content distance.

    Those are ahead of all others in style, by doing what they are not supposed to do.
    """

    def __init__(self, study: Any):
        self.study, self.direction = study, study.direction

    def get_trials(self, deepcopy: bool = True, states: Any = None) -> list[Any]:
        trials = self.study.get_trials(deepcopy=deepcopy, states=states)
        return [one for one in trials if all(beyond <= 0 for beyond in one.constraints.values())]


def merit(style: float, content: float, content_at_most: float) -> float:
    """How far a picture is from what is searched for: its style distance, plus the share by which its content distance
    exceeds `content_at_most`, so that a picture that has left the photograph does not count as near."""
    return style + max(0.0, content / content_at_most - 1)
