"""A search's trials in its Optuna study: which search it is, what to try next, and what came of it."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from stx.config.compose import Varied, key_of
from stx.errors import UserError
from stx.runs.files import STUDY, SWEEP
from stx.runs.study import all_trials, mended, opened, optuna, trial
from stx.runs.sweep_record import recorded
from stx.studies.sweep.results import Row

KEPT = "stx"
"""The attribute of a study that says which search it belongs to."""


def refuse_other_s(folder: Path, resume: bool) -> None:
    """Raise UserError if a folder's search or sweep would be started over, or if there is no search to continue."""
    search = (folder / STUDY).exists() and (folder / STUDY).stat().st_size > 0
    if not search and any(text.startswith("hydra/sweeper=") for text in recorded(folder).get("workers", ())):
        raise UserError(f"{folder / STUDY} is missing or empty: nothing says what the search there has tried")
    if resume and not search:
        raise UserError(f"sweep.resume=true: {folder} holds a sweep, and no search: leave hydra/sweeper= out")
    if not resume and (search or (folder / SWEEP).exists()):
        what = "search" if search else "sweep"
        raise UserError(f"{folder} holds a {what}; continue it with resume={folder}, or name another: hydra.sweep.dir=")


def described(axes: Sequence[Varied], content_at_most: float | None, rest: str) -> dict[str, Any]:
    """What tells one search from another. `rest`: a digest of everything that is not searched."""
    typed = {key_of(axis.key): axis.typed.replace(" ", "") for axis in axes}
    return {"format": 1, "axes": typed, "content_at_most": content_at_most, "rest": rest}


def refuse_another(folder: Path, now: Mapping[str, Any], trials: int) -> None:
    """Raise UserError if a folder's study is of another search, or has more trials than asked for. Only reads."""
    study = opened(folder)
    before = study.user_attrs.get(KEPT)
    if (many := len(all_trials(study))) > trials:
        raise UserError(f"hydra.sweeper.n_trials={trials}: the search in {folder} has {many} trials already")
    if before != now and (before or all_trials(study)):
        raise UserError(
            f"{folder / STUDY} is of another search: {difference(before or {}, now)}\n"
            "undo that, or begin a new search: without resume"
        )


def taken_up(folder: Path, now: Mapping[str, Any]) -> Any:
    """The study of a search, either new or as found in its folder."""
    mended(folder)
    study = opened(folder, 2 if now["content_at_most"] is None else 1)
    if KEPT not in study.user_attrs:
        study.set_user_attr(KEPT, dict(now))
    return study


def difference(before: Mapping[str, Any], now: Mapping[str, Any]) -> str:
    if before.get("format") != now["format"]:
        return "another version of stx began it"
    at, bound = "content_at_most", "hydra.sweeper.content_at_most"
    there, here = ({**one["axes"], bound: "null" if one[at] is None else one[at]} for one in (before, now))
    for key in {**there, **here}:
        if there.get(key) != here.get(key):
            was, is_ = (f"{key}={one[key]}" if key in one else f"no {key}" for one in (there, here))
            return f"it has {was}, and {is_} is typed"
    return "what is not searched (an option, a picture, the weights) is otherwise than it was"


def ask(study: Any, space: Mapping[str, Any], seed: int, number: int) -> Any:
    """The next trial, or one that was being asked for when the search was cut off.

    It depends only on the seed, its number and what the study holds, so that a search that is continued asks for what
    it would have asked for.
    """
    own = np.random.SeedSequence([seed, number]).generate_state(1)
    study.sampler = optuna().samplers.TPESampler(seed=int(own[0]))
    if number == len(all_trials(study)):
        study.ask(dict(space))
    elif all_trials(study)[number].params.keys() != space.keys():
        half = trial(study, number)
        for name, distribution in space.items():
            half._suggest(name, distribution)
    return all_trials(study)[number]


def left(study: Any) -> list[int]:
    """The trials that were asked for but have no result: at work, or left behind by a search that was cut off."""
    return [one.number for one in all_trials(study) if not one.state.is_finished()]


def twin(study: Any, one: Any) -> Any | None:
    """The first earlier trial with the same values, or None. Failed ones do not count: they may have had bad luck."""
    failed = optuna().trial.TrialState.FAIL
    return next(
        (other for other in all_trials(study)[: one.number] if other.params == one.params and other.state != failed),
        None,
    )


def tell(study: Any, number: int, row: Row, content_at_most: float | None) -> None:
    """Tell the study what came of a trial. One without a picture that can be judged has failed; the search goes on."""
    state = optuna().trial.TrialState
    if row.outcome not in ("finished", "pruned") or not math.isfinite(row.style + row.content):
        study.tell(number, state=state.FAIL)
        return
    if content_at_most is not None:
        constrain(study, number, row.content - content_at_most)
    if row.outcome == "pruned":
        study.tell(number, state=state.PRUNED)
    else:
        study.tell(number, [row.style, row.content] if content_at_most is None else row.style)


def tell_alike(study: Any, number: int, other: Any) -> None:
    """Tell the study that a trial has the result of another one with the same values."""
    if "content" in other.constraints:
        constrain(study, number, other.constraints["content"])
    complete = other.state == optuna().trial.TrialState.COMPLETE
    study.tell(number, other.values if complete else None, state=other.state)


def constrain(study: Any, number: int, beyond: float) -> None:
    """Set a trial's constraint. `beyond`: by how much the content distance exceeds its limit."""
    if "content" not in all_trials(study)[number].constraints:  # else the search was cut off right after setting it
        trial(study, number).set_constraint("content", beyond)


def best(study: Any, content_at_most: float | None) -> list[int]:
    """The numbers of the trials that are the search's answer: one, or the front; empty if it has none yet."""
    if content_at_most is None:
        return [one.number for one in study.best_trials]
    try:
        return [study.best_trial.number]
    except ValueError:  # none has ended, or none within the bound
        return []
