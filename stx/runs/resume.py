"""resume=<folder, run id or "last">: the job of a stopped run, to be continued in its folder and MLflow run."""

import os
from collections.abc import Mapping, Sequence
from copy import deepcopy
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf

from stx.config import paths
from stx.config.compose import choices_of, compose, key_of, leaves, task
from stx.config.paths import exists, from_folder
from stx.config.restored import restored
from stx.config.schema import validate
from stx.config.secrets import public
from stx.config.spelled import spelled
from stx.config.variables import say_taken, without_variables
from stx.errors import UserError, did_you_mean
from stx.pictures.bundled import NAMES
from stx.pictures.images import WRITTEN
from stx.runs import identity
from stx.runs.files import BATCH, JOURNAL, LOSSES, OUTPUT, RUN, SWEEP, whole_of
from stx.runs.identity import Identity
from stx.runs.job import Job
from stx.runs.latest import LAST, OUTPUTS, behind, newest, relative
from stx.runs.table import columns_and_last
from stx.runs.tracking.courier import pending
from stx.runs.tracking.journal import entries
from stx.runs.tracking.sender import deliver, folder_of_address

MAY_DIFFER = ("tracking.uri", "tracking.offline_ok", "tracking.plots", "optim.stop_at", "guard.keep_state",
              "guard.checkpoint_every", "timing", "live")  # fmt: skip
DELIVERED = "output."
"""Prefix of the options for what is put beside the run's folder, which may differ too."""
FILES = tuple(option for option in paths.FILES if option not in ("resume", "from_picture"))
"""Options that name what a run was made from; the files may have moved, as their digests identify them."""
BEGUN = "that is the newest run that has begun; a command that was stopped before its run began has to be typed again"


def job(name: str, given: Sequence[str], tracking: Mapping[str, Any]) -> Job:
    """The job of the run `name`, or of the newest, with those changes of the overrides now `given` that are allowed.

    Raises UserError if the run is missing, damaged or has nothing left to do, and for any other change.
    """
    newest_asked = name == LAST
    folder = newest() if newest_asked else find(name, tracking)
    if newest_asked and (whole := whole_of(folder, BATCH)):
        raise UserError(
            f"resume=last: the newest run is one of those in {whole}; the command that began these continues them.\n"
            f"For this run alone: resume={folder}"
        )
    name = str(folder) if newest_asked else name
    record = identity.read(folder)
    if record is None:
        raise UserError(f"resume={name}: {folder} holds no run that has begun ({RUN})")
    overrides, choices, dumped = record.overrides, record.choices, deepcopy(record.config)
    now = choices | dict(leaves(restored(dumped).model_dump(by_alias=True)))
    changes = changed_settings(now, overrides, [text for text in given if key_of(text) != "resume"])
    for key, (before, after) in changes.items():
        if key == "optim.steps" and isinstance(after, int) and after >= select(dumped, key):
            refuse_unequal(name, folder)
            continue
        free = key in MAY_DIFFER or key.startswith(DELIVERED)
        elsewhere = key in FILES and record.files and None not in (before, after)  # files may have moved
        if not free and not elsewhere:
            raise UserError(
                f"resume={name}: {key} is {spelled(before)} in the run and {spelled(after)} asked for; a run "
                f"continues unchanged, but optim.steps may grow.\n{for_a_new_one(folder)}"
            )
    if why := finished(folder, record, changes):
        newest_begun = BEGUN if newest_asked else ""
        raise UserError(
            "\n".join(filter(None, (f"resume={name}: {why}", newest_begun, rest_delivered(folder, record))))
        )
    dumped.setdefault("output", restored(dumped).output.model_dump())
    for key, (_, after) in changes.items():
        put(dumped, key, after)
    if (file := dumped["output"]["file"]) and "output.file" not in changes:
        dumped["output"]["file"] = str(relative(Path(record.begun_in, os.path.expanduser(file))))
    for option in FILES:
        value = identity.setting(dumped, option)
        if isinstance(value, str | list) and option not in changes:
            names = value if isinstance(value, list) else [value]
            seen = [each if each in NAMES else seen_from_here(each, record) for each in names]
            refuse_lost(f"resume={name}", option, seen)
            put(dumped, option, seen if isinstance(value, list) else seen[0])
    if "tracking.uri" not in changes and "uri" in dumped["tracking"]:
        dumped["tracking"]["uri"] = identity.store(record, folder)
    return Job(restored(dumped), folder, choices, overrides, resumed=record)


def seen_from_here(name: str, record: Identity) -> str:
    """The path from here of a file that the run named, from the folder where it began; `name` if it is not there, as
    the run may have moved together with its files."""
    before = from_folder(record.begun_in, name, " ".join(record.files.values()).split())
    return name if before == name else str(relative(Path(before)))


def refuse_lost(run: str, option: str, names: Sequence[str]) -> None:
    """Raise UserError for a file of a run that is neither where it was nor one of the bundled pictures."""
    for each in names:
        if each not in NAMES and not os.path.exists(os.path.expanduser(each)):
            raise UserError(
                f"{run}: its {option}, {each}, is not there any more; put it back, or say where it is: {option}=..."
            )


def finished(folder: Path, record: Identity, changes: Mapping[str, Any]) -> str:
    """Why a completed run goes no further; empty if it was cut off, or has more to do now."""
    if ended(folder, record) != "finished":
        return ""
    optim = record.config["optim"]
    (_, done), steps = columns_and_last(folder / LOSSES), optim["steps"]
    before = f"that run ended at step {done} of {steps}"
    if done == 0 or done >= steps:
        return (
            "" if "optim.steps" in changes else f"that run has finished its {steps} steps; give more: optim.steps=..."
        )
    if optim.get("stop_at") is None:
        return f"{before}, where its optimiser stalled.\n{for_a_new_one(folder)}"
    if "optim.stop_at" not in changes:
        return f"{before}, as its loss fell no more; to go on all the same: optim.stop_at=null"
    return ""


def rest_delivered(folder: Path, record: Identity) -> str:
    """Deliver what an ended run could not, having been killed. Returns how that went; empty if nothing was left."""
    if folder not in pending(folder):
        return ""
    trouble = deliver(folder, identity.store(record, folder))
    lacking = f"its store lacks some of it ({trouble}): stx sync {folder}"
    return lacking if trouble else "what its store lacked is delivered now"


def refuse_unequal(name: str, folder: Path) -> None:
    """Raise UserError for more steps of one of many runs, which are compared as they were made."""
    if whole := whole_of(folder, SWEEP) or whole_of(folder, BATCH):
        raise UserError(
            f"resume={name}: optim.steps: that run is one of those in {whole}, which are compared with each other.\n"
            f"{for_a_new_one(folder)}"
        )


def for_a_new_one(folder: Path) -> str:
    return f"For a new one: init=picture init.path={folder / OUTPUT}"


def ended(folder: Path, record: Identity) -> str:
    """The outcome of a folder's run; empty if it was cut off."""
    if record.outcome:
        return "" if record.outcome == "running" else record.outcome
    path = folder / JOURNAL  # earlier versions wrote it only there
    entered = [entry for entry, _ in entries(path, 0)] if path.exists() else []
    return str(entered[-1].get("end", {}).get("outcome", "")) if entered else ""


def find(name: str, tracking: Mapping[str, Any]) -> Path:
    """A run's folder, from its own path or the run's id in a store. Raises UserError if there is none."""
    folder = Path(os.path.expanduser(name))
    if folder.is_dir():
        return behind(folder)  # outputs/latest leads to another run once the next one begins
    if noted := folder_of_address(name, OUTPUTS):
        return noted
    if tracking.get("name") == "mlflow" and len(name) == 32 and name.isalnum():
        from stx.runs.tracking.store import folder_of

        say_taken(OmegaConf.create({"tracking": tracking}))
        stored_in = folder_of(name, tracking["uri"])
        if stored_in and stored_in.is_dir():
            return stored_in
    hint = did_you_mean(name, [LAST])
    if Path(name).suffix.lower() in WRITTEN and exists(name):
        hint = f"; to repeat the run of a picture: from_picture={name}"
    where = f" in {public(str(tracking['uri']))}" if tracking.get("uri") else ""
    raise UserError(
        f"resume={name}: neither a run's folder nor the id of a run{where} whose folder is on this machine{hint}"
    )


def changed_settings(
    now: Mapping[str, Any], overrides: Sequence[str], given: Sequence[str]
) -> dict[str, tuple[Any, Any]]:
    """What `given` overrides change in a run's config as it is `now`: (before, after) by dotted key.

    `overrides` are those that the run began with; what an earlier resume has changed is in its config alone.
    """
    if not given:
        return {}
    again = {key_of(text) for text in given}
    at_first = settings(overrides)
    after = settings([*(text for text in overrides if key_of(text) not in again), *given])
    touched = {key for key in at_first.keys() | after.keys() if at_first.get(key) != after.get(key)} | again
    return {
        key: (now.get(key), after.get(key)) for key in sorted(touched & after.keys()) if now.get(key) != after[key]
    } | {key: (now.get(key), None) for key in sorted(touched - after.keys()) if key in now}


def settings(overrides: Sequence[str]) -> dict[str, Any]:
    """What overrides set, by dotted key, and the option of each group."""
    whole = compose(overrides)
    config = validate(without_variables(task(whole)))  # a resumed run has its own store
    return choices_of(whole.hydra) | dict(leaves(config.model_dump(by_alias=True, exclude={"resume"})))


def select(dumped: Any, key: str) -> Any:
    for part in key.split(".") if key else ():
        dumped = dumped[part]
    return dumped


def put(dumped: Any, key: str, value: Any) -> None:
    section, _, leaf = key.rpartition(".")
    select(dumped, section)[leaf] = value
