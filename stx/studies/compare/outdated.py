"""Runs of a comparison that do not count because they were made from something else than is there now."""

from pathlib import Path

from stx.runs.batch import Batch
from stx.runs.member import ENDED


def outdated(work: Batch) -> list[str]:
    """The members that have no run, although this comparison has a finished one of the same name.

    Their pictures, code or options have changed since.
    """
    runs = work.store.runs("mlflow.parentRunId", work.parent.id)
    ended = [Path(run.tags.get("stx.folder", "")).name for run in runs if run.tags.get("stx.outcome") in ENDED]
    names = {folder.rpartition("-")[0] for folder in ended}  # a digest of what it was made from follows
    return [name for name in work.planned if name in names and not work.run_of(name)]


def said(names: list[str], among: int) -> str:
    """The same in words, for the terminal and the report; empty if everything that was made still counts."""
    if not names:
        return ""
    return (
        f"{len(names)} of {among} runs were made from other pictures, code or options than today's, and do not "
        f"count: {names[0]}{' and others' if len(names) > 1 else ''}; undo the change, or run them again without "
        "report=only"
    )
