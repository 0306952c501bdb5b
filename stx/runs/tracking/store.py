"""The tracking store: opened once, and read back. Beside tracking.py the only file that imports mlflow."""

import json
import logging
import os
import socket
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import urlopen

from filelock import FileLock

from stx.errors import UserError
from stx.runs.files import BASELINES

ENVIRONMENT = {
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",  # else a server that is down takes 247 s to say so
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "10",  # and one that hangs two minutes
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",  # which is for the picture's path
}
"""How MLflow's client behaves, where the user has not said otherwise."""

SOON = 4.0
"""Seconds for a store's first answer."""


@contextmanager
def reachable(uri: str) -> Iterator[None]:
    """Raise UserError where the store cannot be used: no server, no driver, no folder."""
    try:
        yield
    except UserError:
        raise
    except Exception as error:  # MLflow's, a driver's, a database's, the network's
        why = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise UserError(f"tracking.uri={uri}: {why}") from None


def answers(uri: str) -> None:
    """Raise UserError, within seconds, where a server or a database at this address does not answer.

    MLflow's own clients try for minutes.
    """
    if uri.startswith("sqlite:///"):
        refuse_other_files(uri, Path(uri.removeprefix("sqlite:///")))
    address = urlsplit(uri)
    if not address.hostname:
        return
    ports = {"http": 80, "https": 443, "postgresql": 5432, "mysql": 3306}
    try:
        port = address.port or ports.get(address.scheme.partition("+")[0], 0)
        socket.create_connection((address.hostname, port), timeout=SOON).close()
        if address.scheme in ("http", "https"):
            urlopen(f"{uri.rstrip('/')}/health", timeout=SOON).close()
    except HTTPError:
        return  # an answer, if only a refusal
    except (OSError, ValueError) as error:
        raise UserError(
            f"tracking.uri={uri}: nothing answers there ({getattr(error, 'reason', None) or error})\n"
            "start the server, or go on without it: tracking.offline_ok=true"
        ) from None


def refuse_other_files(uri: str, path: Path) -> None:
    """Raise UserError where a database file would stand, but something else does."""
    existing = next(place for place in (path.absolute(), *path.absolute().parents) if place.exists())
    if existing == path.absolute():
        wrong = not path.is_file() or path.read_bytes()[:15] not in (b"", b"SQLite format 3")
    else:
        wrong = not existing.is_dir()
    if wrong:
        raise UserError(f"tracking.uri={uri}: {existing} is no SQLite database; name another file")


def open_store(uri: str, experiment: str) -> str:
    """Id of the experiment, created if it is new.

    Processes that touch a new database together all fail in its migrations, so the first touch stands under a lock.
    An experiment's artifact folder is fixed when it is created: beside the database file, or where a server says.
    """
    import mlflow

    for noisy in ("alembic", "mlflow"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    for name, value in ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    mlflow.set_tracking_uri(uri)
    folder = Path(uri.removeprefix("sqlite:///")).absolute().parent if uri.startswith("sqlite:///") else None
    if folder:
        folder.mkdir(parents=True, exist_ok=True)
    with FileLock(str(folder / ".store.lock")) if folder else nullcontext():
        client = mlflow.MlflowClient()
        stored = client.get_experiment_by_name(experiment)
        if stored and stored.lifecycle_stage == "deleted":
            raise UserError(
                f"tracking.experiment={experiment} was deleted in this store; name another, or "
                f"restore it: mlflow experiments restore --experiment-id {stored.experiment_id}"
            )
        if stored:
            return str(stored.experiment_id)
        artifacts = (folder / "artifacts").as_uri() if folder else None
        return str(client.create_experiment(experiment, artifact_location=artifacts))


class Run:
    """What the store knows of one run."""

    def __init__(self, client: Any, run: Any):
        self.client, self.histories = client, dict[str, list[tuple[int, float]]]()
        self.id: str = run.info.run_id
        self.status: str = run.info.status
        self.tags: Mapping[str, str] = run.data.tags
        self.params: Mapping[str, str] = run.data.params
        self.latest: Mapping[str, float] = run.data.metrics

    def history(self, metric: str) -> list[tuple[int, float]]:
        """(step, value) in the order of steps."""
        if metric not in self.histories:
            points = self.client.get_metric_history(self.id, metric) if metric in self.latest else []
            self.histories[metric] = sorted((point.step, point.value) for point in points)
        return self.histories[metric]

    @cached_property
    def baselines(self) -> Mapping[str, float]:
        """Held-out measures of the untouched photograph and painting, by name; empty where there are none."""
        from mlflow.exceptions import MlflowException

        before = {key: value for key, value in self.latest.items() if key.startswith("baseline/")}
        if before:  # metrics, in runs of an earlier version
            return {key.removeprefix("baseline/"): value for key, value in before.items()}
        try:
            return json.loads(self.artifact(BASELINES).read_text(encoding="utf-8"))
        except (OSError, ValueError, MlflowException):  # there is none, or the server is away
            return {}

    def artifact(self, path: str) -> Path:
        """A local copy, or the file itself where the store is on this machine. Raises OSError or MlflowException."""
        return Path(self.client.download_artifacts(self.id, path))


class Store:
    """One experiment of a store, for those who run and read many runs together."""

    def __init__(self, uri: str, experiment: str):
        import mlflow

        self.experiment_id = open_store(uri, experiment)
        self.client = mlflow.MlflowClient(uri)

    def runs(self, tag: str, value: str) -> list[Run]:
        """The runs that carry a tag, newest first."""
        runs: list[Run] = []
        page = None
        while page is None or page.token:
            page = self.client.search_runs(
                [self.experiment_id], f"tags.`{tag}` = '{value}'", page_token=page.token if page else None
            )
            runs.extend(Run(self.client, run) for run in page)
        return runs

    def parent(self, name: str, folder: Path) -> Run:
        """The batch's own run, taken up again if the folder has one already."""
        where = str(folder.absolute())
        for run in self.runs("stx.batch", name):
            if run.tags.get("stx.folder") == where:
                self.client.update_run(run.id, status="RUNNING")
                return run
        tags = {"stx.batch": name, "stx.folder": where, "mlflow.runName": name, "stx.outcome": "running"}
        return Run(self.client, self.client.create_run(self.experiment_id, tags=tags))

    def read(self, run_id: str) -> Run:
        return Run(self.client, self.client.get_run(run_id))

    def note(self, run: Run, metrics: Mapping[str, float], tags: Mapping[str, str]) -> None:
        """Add to a run: metrics without a step, tags."""
        from mlflow.entities import Metric

        now = int(time.time() * 1000)
        self.client.log_batch(run.id, [Metric(name, value, now, 0) for name, value in metrics.items()])
        for name, text in tags.items():
            self.client.set_tag(run.id, name, text)

    def attach(self, run: Run, folder: Path) -> None:
        """A folder's files as the run's artifacts, under the folder's name."""
        self.client.log_artifacts(run.id, str(folder), folder.name)

    def end(self, run: Run, outcome: str, status: str) -> None:
        self.client.set_tag(run.id, "stx.outcome", outcome)
        self.client.set_terminated(run.id, status)


def folder_of(run_id: str, uri: str, experiment: str) -> Path | None:
    """The output folder that a run of the store names; nothing for a run that it does not have."""
    import mlflow
    from mlflow.exceptions import MlflowException

    answers(uri)
    if uri.startswith("sqlite:///") and not Path(uri.removeprefix("sqlite:///")).exists():
        return None
    with reachable(uri):
        open_store(uri, experiment)
    try:
        tags = mlflow.MlflowClient(uri).get_run(run_id).data.tags
    except MlflowException:
        return None
    return Path(tags["stx.folder"]) if "stx.folder" in tags else None
