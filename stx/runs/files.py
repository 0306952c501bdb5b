"""The names of the files in a run's folder, and a lock that lets one process at a time work there."""

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TypeVar

from filelock import FileLock, Timeout

from stx.errors import Taken, UserError, some_of

OUTPUT, CONTENT, STYLE, SHEET = "output.png", "content.png", "style.png", "sheet.jpg"
"""The newest good picture; both inputs at their working sizes; all three side by side."""
RUN, CONFIG = "run.json", "config.yaml"
"""The record of the run; the config that was composed, for people to read."""
LOSSES, EVENTS, CALIBRATION, BASELINES = "losses.csv", "nan_events.csv", "calibration.json", "baselines.json"
NORMS = "grad_norms.csv"
"""The norms of the gradients, for the steps at which they were measured."""
MEASURES = "measures.json"
"""The judge's measures of the picture."""
TIMING = "timing.json"
"""Seconds of each part of the run, if they are asked for."""
CHECKPOINT = "checkpoint.pt"
"""The state from which the run can be resumed."""
BATCH = "batch.json"
"""In a folder of many runs: which run of the store stands for all of them."""
SWEEP, SETTINGS = "sweep.json", "multirun.yaml"
"""In a sweep's folder: which jobs it has; what Hydra would write about it."""
REPORT = "report"
"""In a comparison's folder: its report."""
STUDY = "study.journal"
"""In a search's folder: its trials and their results, as Optuna writes them."""
ERROR = "error.txt"
"""Why a member of a batch failed: one line, and the traceback below it."""
JOURNAL, STORED, DELIVERED, ALONG = "journal.jsonl", "mlflow.json", "delivered.json", "pictures"
"""The tracker's: what it is told, where that is sent, how much has been delivered, and pictures along the way."""
UNDELIVERED = "undelivered.jsonl"
"""What no store could take."""
FRAMES, TIMELAPSE = "frames", "timelapse"
"""Pictures for a film; and the stem of the film's name, if no picture is delivered elsewhere."""
PLOTS = "plots"
"""Charts of the tables."""
HYDRA = ".hydra"
"""What was typed, as Hydra's own tools expect it."""
WRITTEN = (
    OUTPUT, CONTENT, STYLE, SHEET, RUN, CONFIG, LOSSES, EVENTS, CALIBRATION, BASELINES, CHECKPOINT, ERROR, JOURNAL,
    STORED, DELIVERED, ALONG, UNDELIVERED, HYDRA, TIMING, MEASURES, FRAMES, NORMS, PLOTS,
    f"{TIMELAPSE}.mp4", f"{TIMELAPSE}.gif", f"{TIMELAPSE}.webp",
)  # fmt: skip
LOCK = ".lock"
GLANCE = 0.5
"""Seconds for which a process that only checks whether a folder is in use may hold its lock."""


Picture = TypeVar("Picture")


def whole_of(folder: Path, record: str) -> Path | None:
    """The folder of the sweep (SWEEP) or other batch (BATCH) that a run's folder is in; None if it is in none."""
    return next((each for each in folder.parents[:2] if (each / record).is_file()), None)


def picture_files(given: Mapping[str, Picture]) -> dict[str, Picture]:
    """Given pictures by the names of their files: content.png, style.png, style_2.png."""
    return {f"{name}.png": picture for name, picture in given.items()}


def in_use(folder: Path) -> bool:
    """Whether another process is at work in a folder."""
    try:
        with FileLock(str(folder / LOCK), timeout=0) if folder.is_dir() else nullcontext():  # a lock would create it
            return False
    except Timeout:
        return True


def refuse_filled(folder: Path, marks: Collection[str], option: str = "output") -> None:
    """Raise UserError if stx's files would be mixed with somebody's own.

    That is so if the folder that `option` names has files, but none of `marks`, which stx would have put there first.
    Hidden files do not count.
    """
    names = sorted(each.name for each in folder.iterdir() if each.name[0] != ".") if folder.is_dir() else []
    if names and not {*marks} & {*names}:
        raise UserError(
            f"{option}={folder}: that folder has other files in it ({some_of(names, 3)}); name one that is new or empty"
        )


@contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    lock = FileLock(str(folder / LOCK), timeout=GLANCE)
    try:
        lock.acquire()
    except Timeout:
        raise Taken(f"{folder}: another process is at work in this folder; wait for it, or name another") from None
    try:
        yield
    finally:
        lock.release()
