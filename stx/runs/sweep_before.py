"""What a continued sweep had before: its options, which stay as they were, and jobs that are no longer asked for."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from stx.config.command import say
from stx.config.compose import HydraException, choices_of, compose, key_of, leaves, stands_for_several, task, value_of
from stx.config.paths import FILES, SEVERAL, exists
from stx.config.restored import restored
from stx.config.schema import Config, validate
from stx.config.spelled import spelled
from stx.config.variables import without_variables
from stx.errors import UserError, some_of
from stx.pictures.bundled import NAMES
from stx.runs.axes import is_axis
from stx.runs.member import ENDED, outcome
from stx.runs.naming import job_name
from stx.runs.task import Task

FREE = ("tracking.uri", "tracking.offline_ok", "tracking.plots", "guard.keep_state", "guard.checkpoint_every", "timing",
        "live", "output", "sweep")  # fmt: skip
"""Options, with everything below them, that change no job's result."""


def refuse_otherwise(
    folder: Path, record: Mapping[str, Any], asked: Sequence[Sequence[str]], typed: Sequence[str], own: Sequence[str]
) -> None:
    """Raise UserError if the jobs that are `asked` for differ from the earlier ones in an option that is no axis.

    `typed` are the command's overrides, `own` those of Hydra's options.
    """
    if not record.get("jobs"):
        return
    axes = {key_of(text) for text in (*record["overrides"], *typed) if is_axis(text) or stands_for_several(text)}
    before = record["jobs"][0]["overrides"]
    fixed = {key_of(text): text for text in asked[0] if key_of(text) not in axes}
    again = [*fixed.values(), *(text for text in before if key_of(text) in axes)]
    try:
        was, now = settings([*own, *before]), settings([*own, *again])
    except (HydraException, UserError):  # the check of that job says it better
        return
    changes = {
        key: (was.get(key), now.get(key)) for key in {**was, **now} if otherwise(key, was.get(key), now.get(key))
    }
    if not changes:
        return
    key = next((key for key in changes if key in fixed), next(iter(changes)))
    had, has = (spelled(value) for value in changes[key])
    cure = f"leave {fixed[key]} out" if key in fixed else f"give {key}={had} again"
    raise UserError(
        f"resume={folder}: {key} is {had} in that sweep and {has} asked for; a sweep continues unchanged, but its "
        f"axes may get more values.\n{cure}, or begin a new sweep: without resume"
    )


def settings(overrides: Sequence[str]) -> dict[str, Any]:
    """The values that a job's overrides compose to, by dotted key, and the option of each group."""
    whole = compose(overrides)
    config = validate(without_variables(task(whole)))
    return choices_of(whole.hydra) | dict(leaves(config.model_dump(by_alias=True)))


def otherwise(key: str, was: Any, now: Any) -> bool:
    """Whether an option has another meaning now: a file may have moved."""
    if was == now or any(key == free or key.startswith(f"{free}.") for free in FREE):
        return False
    return key not in FILES or not same_files(was, now)


def same_files(was: Any, now: Any) -> bool:
    """Whether two values name files of the same contents. One that is gone counts as the same; digests can tell."""
    from stx.runs.identity import of_picture  # late: it imports torch

    before, after = (value if isinstance(value, list) else [value] for value in (was, now))
    if len(before) != len(after) or None in (*before, *after):
        return False
    pairs = [pair for pair in zip(before, after, strict=True) if all(name in NAMES or exists(name) for name in pair)]
    return all(of_picture(one) == of_picture(other) for one, other in pairs)


def kept(folder: Path, record: Mapping[str, Any], tasks: Sequence[Task]) -> list[Task]:
    """Earlier jobs that are not among the sweep's `tasks` now, and have results. Says which earlier jobs are not."""
    from stx.runs import identity  # late: it imports torch

    again = {task.digest for task in tasks}
    others = [one for one in record.get("jobs", ()) if one["digest"] not in again]
    stay = []
    for one in others:
        place = folder / one["folder"]
        if outcome(place) in ENDED and (its := identity.read(place)):
            config = restored(its.config)
            stay.append(Task(one["number"], one["overrides"], one["values"], place, config, one["digest"]))
    if others:
        jobs = f"{len(others)} job{'' if len(others) == 1 else 's'} of this sweep {'is' if len(others) == 1 else 'are'}"
        rest = "" if len(stay) == len(others) else f"; of {len(stay)} there are results"
        typed = [sorted(task.overrides) for task in tasks]
        names = some_of([told(one, tasks[0].config, typed) for one in others])
        say(f"stx: {jobs} not asked for now: {names}. What has been made stays in its table{rest}")
    return stay


def told(job: Mapping[str, Any], config: Config, typed: Sequence[Sequence[str]]) -> str:
    """A job's name, and why it is not among the jobs now `typed`, which are lists of sorted overrides."""
    pictures = [value_of(text) for text in job["overrides"] if key_of(text) in SEVERAL]
    gone = [os.path.basename(name) for name in pictures if name not in NAMES and not exists(name)]
    name = job_name(job["values"], config)
    if sorted(job["overrides"]) in typed:
        return f"{name} (a file that it names has changed, or the device)"
    why = "gone" if [name] == gone else f"{' and '.join(gone)} {'are' if len(gone) > 1 else 'is'} gone"
    return f"{name} ({why})" if gone else name
