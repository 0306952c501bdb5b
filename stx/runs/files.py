"""Every file in a run's folder by its name; one process at a time."""

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TypeVar

from filelock import FileLock, Timeout

from stx.errors import Taken, UserError, some_of

OUTPUT, CONTENT, STYLE, SHEET = "output.png", "content.png", "style.png", "sheet.jpg"
"""The newest good picture; both inputs at their working sizes; all three side by side."""
RUN, CONFIG = "run.json", "config.yaml"
"""Which run it is; what was typed came to, for people."""
LOSSES, EVENTS, CALIBRATION, BASELINES = "losses.csv", "nan_events.csv", "calibration.json", "baselines.json"
NORMS = "grad_norms.csv"
"""Of the steps at which gradients were measured."""
MEASURES = "measures.json"
"""What the judge says of the picture."""
TIMING = "timing.json"
"""Seconds of each part of the run, where that is asked for."""
CHECKPOINT = "checkpoint.pt"
"""What it takes to go on."""
BATCH = "batch.json"
"""Of a folder of many runs: which run of the store stands for all of them."""
SWEEP, SETTINGS = "sweep.json", "multirun.yaml"
"""Of a sweep's folder: which jobs it has; what Hydra would write of it."""
STUDY = "study.journal"
"""Of a search's folder: what was asked, and what came of it, as Optuna writes it."""
ERROR = "error.txt"
"""Why a member of a batch failed: in a line, and below where that was."""
JOURNAL, STORED, DELIVERED, ALONG = "journal.jsonl", "mlflow.json", "delivered.json", "pictures"
"""For the tracker: what it is told, where that went, how much of it, and pictures along the way."""
UNDELIVERED = "undelivered.jsonl"
"""What no store could take."""
FRAMES, TIMELAPSE = "frames", "timelapse"
"""Pictures for a film, while the run works; and the film's stem, where the run delivers no picture beside it."""
PLOTS = "plots"
"""Charts of what the tables have."""
HYDRA = ".hydra"
"""What was typed, as Hydra's own tools want it."""
WRITTEN = (
    OUTPUT, CONTENT, STYLE, SHEET, RUN, CONFIG, LOSSES, EVENTS, CALIBRATION, BASELINES, CHECKPOINT, ERROR, JOURNAL,
    STORED, DELIVERED, ALONG, UNDELIVERED, HYDRA, TIMING, MEASURES, FRAMES, NORMS, PLOTS,
    f"{TIMELAPSE}.mp4", f"{TIMELAPSE}.gif", f"{TIMELAPSE}.webp",
)  # fmt: skip
LOCK = ".lock"
GLANCE = 0.5
"""Seconds that a folder may be held by somebody who only looks whether another one is at work there."""


Picture = TypeVar("Picture")


def picture_files(given: Mapping[str, Picture]) -> dict[str, Picture]:
    """Given pictures by the names of their files: content.png, style.png, style_2.png."""
    return {f"{name}.png": picture for name, picture in given.items()}


def in_use(folder: Path) -> bool:
    """Whether another process is at work in a folder."""
    try:
        with FileLock(str(folder / LOCK), timeout=0) if folder.is_dir() else nullcontext():  # which would make it
            return False
    except Timeout:
        return True


def refuse_filled(folder: Path, marks: Collection[str], option: str = "output") -> None:
    """Raise UserError where files of somebody's would be mixed with stx's: the folder that `option` names has some, and
    none that is called as one of `marks`, which stx would have put there first. Hidden ones do not count."""
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
