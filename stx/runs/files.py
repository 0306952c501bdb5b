"""Every file in a run's folder by its name; what was typed, read back; one process at a time."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml
from filelock import FileLock, Timeout

from stx.errors import UserError

OUTPUT, CONTENT, STYLE, SHEET = "output.png", "content.png", "style.png", "sheet.jpg"
"""The newest good picture; both inputs at their working sizes; all three side by side."""
RUN, CONFIG = "run.json", "config.yaml"
"""What was typed, and what it came to."""
LOSSES, EVENTS, CALIBRATION, BASELINES = "losses.csv", "nan_events.csv", "calibration.json", "baselines.json"
CHECKPOINT = "checkpoint.pt"
"""What it takes to go on."""
ERROR = "error.txt"
"""Why a member of a batch failed."""
JOURNAL, STORED, DELIVERED, ALONG = "journal.jsonl", "mlflow.json", "delivered.json", "pictures"
"""For the tracker: what it is told, where that went, how much of it, and pictures along the way."""
WRITTEN = (
    OUTPUT, CONTENT, STYLE, SHEET, RUN, CONFIG, LOSSES, EVENTS, CALIBRATION, BASELINES, CHECKPOINT, ERROR, JOURNAL,
    STORED, DELIVERED, ALONG,
)  # fmt: skip
LOCK = ".lock"
FORMAT = 1
"""Of run.json; a later version than this is not read."""


def told(folder: Path) -> tuple[list[str], dict[str, str], dict[str, Any]]:
    """Overrides, choices and dumped config of the run in a folder. Raises ValueError or OSError where there is none,
    UserError for one of a later version."""
    run = json.loads((folder / RUN).read_text(encoding="utf-8"))
    config = yaml.safe_load((folder / CONFIG).read_text(encoding="utf-8"))
    if not isinstance(run, dict) or not isinstance(config, dict):
        raise ValueError(f"{folder}: {RUN} or {CONFIG} holds something else")
    if run.get("format", 1) > FORMAT:
        raise UserError(
            f"{folder / RUN}: written by a later version of stx (format {run['format']}); this one reads {FORMAT}"
        )
    return list(run["overrides"]), dict(run["choices"]), config


def refuse_taken(folder: Path) -> None:
    """Raise UserError where a run would write over another one's files, or over anybody's."""
    if (folder / RUN).exists():
        raise UserError(f"{folder} holds a run; go on with it by resume={folder}, or name another: hydra.run.dir=...")
    for name in WRITTEN:
        if (folder / name).exists():
            raise UserError(f"{folder / name} would be written over; name another folder: hydra.run.dir=...")


@contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    lock = FileLock(str(folder / LOCK), timeout=0)
    try:
        lock.acquire()
    except Timeout:
        raise UserError(f"{folder}: another process is at work in this folder; wait for it, or name another") from None
    try:
        yield
    finally:
        lock.release()
