"""The tracking store: how it is opened, and told of many runs together."""

import json
import logging
import sqlite3
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import url2pathname

from stx import atomic
from stx.config.addresses import database_file
from stx.config.regular import regular
from stx.config.secrets import public, revealed
from stx.errors import UserError
from stx.runs.files import BATCH
from stx.runs.tracking import names, page
from stx.runs.tracking.patient import Patient
from stx.runs.tracking.reach import answers, reachable, within
from stx.runs.tracking.stored import Run, search
from stx.runs.tracking.turn import turn

log = logging.getLogger("stx")

MEASURED_AT = "stx.measured_at"
"""The tag of a run that was measured at a smaller size than its picture has, for lack of memory."""
PARENT, STAND_IN = "mlflow.parentRunId", "stx.stand_in"
"""Tags with the id of a batch's own run: on every run below it; on one made for a member that began none."""
WHY = "stx.error"
"""The tag that says, in one line, why a run failed."""
ANSWER = 6.0
"""Seconds for a server to say which experiment it has, after reach.SOON for saying that it is there."""


def open_store(uri: str, experiment: str) -> str:
    """Id of the experiment, created if it is new.

    An experiment's artifact folder is fixed when it is created: beside the database file, or where a server says.
    """
    file = database_file(uri)
    with touched(uri) as client:
        stored = client.get_experiment_by_name(experiment)
        if stored and stored.lifecycle_stage == "deleted":
            raise UserError(
                f"tracking.experiment={experiment} was deleted in this store; name another, or "
                f"restore it: mlflow experiments restore --experiment-id {stored.experiment_id}"
            )
        artifacts = (file.absolute().parent / "artifacts").as_uri() if file else None
        if stored:
            if file and stored.artifact_location != artifacts:
                moved(file, str(stored.artifact_location))
            return str(stored.experiment_id)
        return created(client, experiment, artifacts)


def created(client: Any, experiment: str, artifacts: str | None) -> str:
    """The id of a new experiment, or of the one that somebody else has meanwhile made on a server."""
    from mlflow.exceptions import MlflowException

    try:
        return str(client.create_experiment(experiment, artifact_location=artifacts))
    except MlflowException as error:
        if error.error_code != "RESOURCE_ALREADY_EXISTS":
            raise
        return str(client.get_experiment_by_name(experiment).experiment_id)


@contextmanager
def touched(uri: str) -> Iterator[Any]:
    """A block with MLflow's client of a store, which is made when it is first used; other processes wait their turn."""
    import mlflow

    for noisy in ("alembic", "mlflow"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    logging.getLogger("mlflow.store.db.utils").setLevel(logging.CRITICAL)  # logs a traceback for a lock, raised too
    if file := database_file(uri):
        file.absolute().parent.mkdir(parents=True, exist_ok=True)
    with turn(uri):
        # not set_tracking_uri, which writes the address, password and all, into MLFLOW_TRACKING_URI
        yield mlflow.MlflowClient(uri)


def opened(uri: str, experiment: str) -> str:
    """`open_store`, within seconds. Raises UserError if the store cannot be used."""
    with reachable(uri):
        if uri.startswith("http"):
            return str(within(ANSWER, lambda: open_store(uri, experiment)))
        return open_store(uri, experiment)


def moved(database: Path, before: str) -> None:
    """Update a database that has moved, with its artifacts, to where those are now: MLflow keeps absolute addresses."""
    now = database.absolute().parent / "artifacts"
    if not before.startswith("file://") or Path(url2pathname(urlsplit(before).path)).exists() or not now.is_dir():
        return
    with closing(sqlite3.connect(database)) as connection, connection:
        for table, column in (("experiments", "artifact_location"), ("runs", "artifact_uri")):
            connection.execute(
                f"UPDATE {table} SET {column} = ? || substr({column}, ?) WHERE substr({column}, 1, ?) = ?",
                (now.as_uri(), len(before) + 1, len(before), before),
            )
    log.warning("the store has moved to %s; its artifacts' addresses have been updated", now.parent)


class Store:
    """One experiment of a store, for callers that make and read many runs together."""

    def __init__(self, uri: str, experiment: str):
        import mlflow

        self.experiment_id = open_store(uri, experiment)
        self.client = Patient(mlflow.MlflowClient(uri))
        self.uri = public(uri)

    def where(self, run: Run) -> str:
        """Where people can see one of its runs."""
        return page.of_run(self.uri, run.experiment_id, run.id)

    def runs(self, tag: str, value: str) -> list[Run]:
        """The runs that carry a tag, newest first."""
        return search(self.client, self.experiment_id, f"tags.`{tag}` = '{value}'")

    def parent(self, name: str, folder: Path, title: str = "") -> Run:
        """The batch's own run, taken up again if the folder has one here, whatever its experiment is called.

        `title`: what people see, in place of its name.
        """
        folder.mkdir(parents=True, exist_ok=True)
        where = str(folder.absolute())
        for run in [*self.recorded(folder), *self.runs("stx.batch", name)]:
            if run.id in ids(folder) or run.tags.get("stx.folder") == where:
                self.experiment_id = run.experiment_id
                self.client.update_run(run.id, status="RUNNING")
                self.client.set_tag(run.id, "stx.folder", where)
                self.client.set_tag(run.id, "stx.outcome", "running")
                break
        else:
            tags = {"stx.batch": name, "stx.folder": where, "stx.outcome": "running"}
            tags |= {"mlflow.runName": title or name, "mlflow.source.name": "stx"}
            run = Run(self.client, self.client.create_run(self.experiment_id, tags=tags))
        atomic.write(folder / BATCH, json.dumps({"format": 1, "runs": [run.id, *ids(folder) - {run.id}]}))
        return run

    def recorded(self, folder: Path) -> Iterator[Run]:
        """Those runs that a batch's folder names and this store has."""
        from mlflow.exceptions import MlflowException

        for run_id in ids(folder):
            try:
                run = self.client.get_run(run_id)
            except MlflowException:  # another store's
                continue
            if run.info.lifecycle_stage == "active":
                yield Run(self.client, run)

    def read(self, run_id: str) -> Run:
        return Run(self.client, self.client.get_run(run_id))

    def note(self, run: Run, metrics: Mapping[str, float], tags: Mapping[str, str], step: int = 0) -> None:
        """Add metrics at a step, and tags, to a run."""
        from mlflow.entities import Metric

        now = int(time.time() * 1000)
        self.client.log_batch(run.id, [Metric(name, value, now, step) for name, value in metrics.items()])
        for name, text in tags.items():
            self.client.set_tag(run.id, name, text)

    def attach(self, run: Run, folder: Path) -> None:
        """Add a folder's files to a run's artifacts, under the folder's name."""
        self.client.log_artifacts(run.id, str(folder), folder.name)

    def stand_in(self, run: Run, name: str, tags: Mapping[str, str], params: Mapping[str, str]) -> None:
        """Create a failed run below a batch's own, for a member that has told the store nothing itself."""
        from mlflow.entities import Param

        told = {**tags, PARENT: run.id, STAND_IN: run.id, "mlflow.runName": name, "mlflow.source.name": "stx"}
        member = self.client.create_run(run.experiment_id, tags={key: names.text(value) for key, value in told.items()})
        identify = [Param(names.name(key), names.text(value)) for key, value in params.items()]
        self.client.log_batch(member.info.run_id, params=identify)
        self.end(Run(self.client, member), "failed", "FAILED")

    def without_stand_ins(self, run: Run) -> None:
        """Delete the stand-ins that an earlier attempt has left below a batch's own run."""
        for member in self.runs(STAND_IN, run.id):
            self.client.delete_run(member.id)

    def end(self, run: Run, outcome: str, status: str) -> None:
        self.client.set_tag(run.id, "stx.outcome", outcome)
        self.client.set_terminated(run.id, status)


def ids(folder: Path) -> set[str]:
    """The ids of a batch's own run, one for each store that was told of it."""
    try:
        return set(json.loads(regular(folder / BATCH).read_text(encoding="utf-8"))["runs"])
    except (OSError, ValueError, KeyError, TypeError):
        return set()


def folder_of(run_id: str, uri: str) -> Path | None:
    """The output folder that a run of the store names; None if it has no such run. Only reads."""
    tags = tags_of(run_id, uri)
    return Path(tags["stx.folder"]) if "stx.folder" in tags else None


def tags_of(run_id: str, uri: str) -> Mapping[str, str]:
    """The tags of a run of the store; empty if it has no such run. Only reads."""
    from mlflow.exceptions import MlflowException

    uri = revealed(uri)
    answers(uri)
    if (file := database_file(uri)) and not file.exists():
        return {}
    with reachable(uri), touched(uri) as client:
        client.search_experiments(max_results=1)
    try:
        return dict(client.get_run(run_id).data.tags)
    except MlflowException:
        return {}
