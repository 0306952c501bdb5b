"""The run of a store that stands for many: for all jobs of a sweep, all frames of a film."""

import logging
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from stx.config.schema import MlflowTracking, NoTracking
from stx.config.secrets import hidden, public
from stx.errors import UserError, first_line
from stx.runs.tracking import page
from stx.runs.tracking.note import code
from stx.runs.tracking.reach import answers, reachable
from stx.runs.tracking.sender import THIS_RUN
from stx.runs.tracking.store import PARENT, WHY, Store
from stx.runs.tracking.stored import Run

log = logging.getLogger("stx")


class Failed(NamedTuple):
    """A job that has begun no run of its own."""

    name: str
    why: str
    """In one line."""
    folder: Path
    values: Mapping[str, str]
    """The values that tell it from the others, by the names of params."""


class NoParent:
    """The parent of a sweep, or a film, that tells no store."""

    tags: Mapping[str, str] = {}
    """Tags for its jobs."""
    where = ""
    """Where people can see it; empty if nowhere."""

    def show(self, files: Collection[Path], tags: Mapping[str, str]) -> None:
        """Replace the files of its page, and the tags that say what is on it. THIS_RUN in a tag stands for its id."""

    def measured(self, values: Mapping[str, float], step: int = 0) -> None:
        """Its results in numbers, told once for each step, as each call adds a point."""

    def told(self, name: str) -> set[int]:
        """The steps at which it has a number of that name."""
        return set()

    def lost(self, jobs: Sequence[Failed]) -> None:
        """The jobs that failed before the store heard of them, in place of those told before."""

    def end(self, outcome: str, status: str) -> None: ...


class Parent(NoParent):
    """The parent in its store. If the store fails on the way, nothing ends: what it lacks is in the folder.

    One warning says so, with the command that sends it `again`.
    """

    def __init__(self, store: Store, run: Run, uri: str, kind: str, again: str):
        self.store, self.run, self.failed, self.kind, self.again = store, run, False, kind, again
        self.tags = {PARENT: run.id}
        self.where = page.of_run(public(uri), run.experiment_id, run.id)

    def show(self, files: Collection[Path], tags: Mapping[str, str]) -> None:
        try:
            for file in files:
                self.store.client.log_artifact(self.run.id, str(file))
            self.store.note(self.run, {}, {key: text.replace(THIS_RUN, self.run.id) for key, text in tags.items()})
        except Exception as error:
            self.trouble(error)

    def measured(self, values: Mapping[str, float], step: int = 0) -> None:
        try:
            self.store.note(self.run, values, {}, step)
        except Exception as error:
            self.trouble(error)

    def told(self, name: str) -> set[int]:
        try:
            return {step for step, _ in self.run.history(name)}
        except Exception as error:
            self.trouble(error)
            return set()

    def lost(self, jobs: Sequence[Failed]) -> None:
        try:
            self.store.without_stand_ins(self.run)
            for job in jobs:
                note = f"**failed** before it began: {code(job.why)}"
                tags = {"stx.folder": str(job.folder.absolute()), WHY: job.why, "mlflow.note.content": note}
                self.store.stand_in(self.run, job.name, tags, job.values)
        except Exception as error:
            self.trouble(error)

    def end(self, outcome: str, status: str) -> None:
        try:
            self.store.end(self.run, outcome, status)
        except Exception as error:
            self.trouble(error)

    def trouble(self, error: Exception) -> None:
        if not self.failed:
            why = hidden(first_line(error))[:200]
            log.warning(
                f"the {self.kind}'s own run in the store could not be updated ({why}); {self.again} sends it again"
            )
        self.failed = True


def parent(
    trackings: Collection[MlflowTracking | NoTracking],
    folder: Path,
    name: str,
    kind: str = "sweep",
    again: str = "sweep.resume=true",
) -> NoParent:
    """The run of a sweep, or of what `kind` says, in the store of its jobs, taken up again if the folder has one.

    NoParent if the jobs do not all go to one store, or if that is away and may be. Raises UserError if it may not.
    """
    stores = {(one.uri, one.experiment) for one in trackings if isinstance(one, MlflowTracking)}
    if len(stores) != 1 or not all(isinstance(one, MlflowTracking) for one in trackings):
        return NoParent()
    ((uri, experiment),) = stores
    try:
        answers(uri)
        with reachable(uri):
            store = Store(uri, experiment)
            return Parent(store, store.parent(kind, folder, name), uri, kind, again)
    except UserError as error:
        if all(isinstance(one, MlflowTracking) and one.offline_ok for one in trackings):
            log.warning(f"the {kind} has no run of its own: {error}")
            return NoParent()
        raise
