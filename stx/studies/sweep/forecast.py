"""What a sweep will take, estimated before it is started."""

from collections.abc import Sequence

from stx.config.command import say
from stx.config.schema import Config
from stx.runs.launching import Crew
from stx.runs.member import ENDED, outcome
from stx.runs.task import Task
from stx.runs.words import duration

EACH = 1.0
"""Seconds of a job besides its losses, steps and measures: its config, its record and its charts."""


def forecast(tasks: Sequence[Task], crew: Crew) -> str:
    """Lines with each job and its seconds, estimated from two timed steps, and the time and disk space of all jobs."""
    tasks = [task for task in tasks if outcome(task.folder) not in ENDED]
    if not tasks:
        return "nothing is left to do"
    say("stx: timing two steps of each kind of job")
    seconds, disk = needed([task.config for task in tasks])
    lines = [f"{task.number:4} {round(taken):6} s  {task.name}" for task, taken in zip(tasks, seconds, strict=True)]
    return "\n".join([*lines, summed(f"{len(tasks)} job{'' if len(tasks) == 1 else 's'}", seconds, disk, crew)])


def summed(jobs: str, seconds: Sequence[float], disk: float, crew: Crew) -> str:
    workers = min(crew.workers, len(seconds))
    at_once = f", {workers} at once" if workers > 1 else ", one after the other"
    total = max(max(seconds), sum(seconds) / workers)
    return f"{jobs}{at_once}: {duration(total)}, up to {disk / 1e6:.0f} MB of disk; none was started"


def needed(configs: Sequence[Config]) -> tuple[list[float], int]:
    """Seconds of each job, and the most bytes that all of them take on disk."""
    from stx.model.prepare import prepare  # late: they import torch
    from stx.runs import estimate
    from stx.runs.check import space

    timed: dict[str, float] = {}
    seconds, disk = [], 0
    for config in configs:
        inputs = prepare(config)
        weightless = config.loss_weights.model_copy(update={"alpha": 1.0, "beta": 1.0})
        alike = config.model_copy(
            update={"loss_weights": weightless, "seed": 0, "content": config.content and "", "style": ""}
        )
        key = f"{inputs.size} {[style.shape for style in inputs.styles.values()]} {alike.model_dump_json()}"
        if key not in timed:
            timed[key] = estimate.seconds(config, inputs)
        seconds.append(timed[key] + EACH)
        disk += space(config, inputs)
    return seconds, disk
