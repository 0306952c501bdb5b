"""A trial of a search, cut short where earlier ones had come further by the same step."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from stx.loop.listener import Listener
from stx.runs import study
from stx.runs.words import style_share


def pruner(trial: Mapping[str, Any]) -> Sequence["Pruner"]:
    """What a member's run is watched by, of what it is told of its trial; nothing where it is none."""
    return [Pruner(**{**trial, "folder": Path(trial["folder"])})] if trial else []


class Pruner(Listener):
    """Tells the study what the run measures along the way, and asks it whether to go on. The study is a file in the
    search's folder, so that each process has its own eyes on it."""

    def __init__(self, folder: Path, number: int, content_at_most: float, steps: int):
        """`folder`: the search's; `steps`: that the run has, as it is not cut short behind its last."""
        self.folder, self.number, self.content_at_most, self.steps = folder, number, content_at_most, steps

    @cached_property
    def trial(self) -> Any:
        return study.trial(study.opened(self.folder), self.number)

    def observed(self, measured: Mapping[str, float], step: int) -> None:
        share = style_share(measured["measure/sliced_wasserstein"], measured["baseline/sliced_wasserstein"])
        if step not in study.asked(self.trial.study)[self.number].intermediate_values:  # of a run that goes on
            self.trial.report(merit(share, measured["measure/content"], self.content_at_most), step)
        self.enough = step < self.steps and self.trial.should_prune()


def merit(style: float, content: float, content_at_most: float) -> float:
    """How far a picture is from what is searched: its style distance, and the share by which its content distance is
    beyond what it may be. By the style alone, pictures that have left the photograph would end all others."""
    return style + max(0.0, content / content_at_most - 1)
