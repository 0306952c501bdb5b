"""A run's tracker: MLflow, or none. Beside store.py the only file that imports mlflow."""

import importlib.metadata
import logging
import math
import os
import platform
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from PIL.Image import Image

from stx.record import Row
from stx.store import open_store, reachable


class About(NamedTuple):
    """What a tracker tells of a run."""

    name: str
    params: Mapping[str, str | int]
    """The leaves that identify it; every image card of the UI prints them all, so they are few and short."""
    tags: Mapping[str, str]
    headline: str
    """Statistic and pictures, for the first line of the description."""
    command: str


class Tracker(Protocol):
    def rows(self, rows: list[Row]) -> None: ...
    def picture(self, picture: Image, step: int) -> None: ...
    def artifact(self, path: Path) -> None: ...
    def finish(self, outcome: str, event: str | None) -> None: ...
    @property
    def where(self) -> str: ...


class NullTracker:
    """tracking=none."""

    where = ""

    def rows(self, rows: list[Row]) -> None:
        pass

    def picture(self, picture: Image, step: int) -> None:
        pass

    def artifact(self, path: Path) -> None:
        pass

    def finish(self, outcome: str, event: str | None) -> None:
        pass


MOST_IN_A_BATCH = 1000
"""Metrics that a store takes at once."""

STATUS = {"finished": "FINISHED", "diverged": "FINISHED", "interrupted": "KILLED", "failed": "FAILED"}


class MlflowTracker:
    """One MLflow run. Metrics and pictures are queued and written by MLflow's own threads."""

    def __init__(self, client: Any, run: Any, uri: str, about: About):
        self.client, self.run_id, self.about = client, run.info.run_id, about
        self.pending: list[Any] = []
        page = f"#/experiments/{run.info.experiment_id}/runs/{self.run_id}?workflowType=machine_learning"
        served = uri.startswith("http")
        self.where = f"{uri if served else 'http://127.0.0.1:5000'}/{page}" + (
            "" if served else f"\nafter: mlflow ui --backend-store-uri {uri}"
        )

    def rows(self, rows: list[Row]) -> None:
        from mlflow.entities import Metric

        metrics = [
            Metric(name, value, int(row.time * 1000), row.step)
            for row in rows
            for name, value in row.values.items()
            if math.isfinite(value)  # the store would corrupt or refuse the others
        ]
        for start in range(0, len(metrics), MOST_IN_A_BATCH):
            batch = metrics[start : start + MOST_IN_A_BATCH]
            self.pending.append(self.client.log_batch(self.run_id, batch, synchronous=False))

    def picture(self, picture: Image, step: int) -> None:
        self.client.log_image(self.run_id, picture, key="picture", step=step)

    def artifact(self, path: Path) -> None:
        self.client.log_artifact(self.run_id, str(path))

    def finish(self, outcome: str, event: str | None) -> None:
        """Wait for all that is queued, then say how the run ended. Raises MlflowException for a lost write."""
        import mlflow

        ended = {"stx.outcome": outcome, "mlflow.note.content": description(self.about, outcome, event)}
        if event:
            ended["stx.first_event"] = event
        try:
            for operation in self.pending:
                operation.wait()  # flushing alone is silent about failed writes
            mlflow.flush_artifact_async_logging()
        finally:
            mlflow.set_tags(ended)
            mlflow.end_run(STATUS[outcome])


def description(about: About, outcome: str, event: str | None) -> str:
    """Markdown; the UI folds it after four lines."""
    lines = [f"**{outcome}**{f' at {event}' if event else ''} · {about.headline}", f"`{about.command}`"]
    return "\n\n".join(lines)


@contextmanager
def mlflow_run(about: About, uri: str, experiment: str) -> Iterator[Tracker]:
    """An MLflow run around a block; FAILED if the block raises."""
    import mlflow

    for noisy in ("alembic", "mlflow"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "2")  # else a server that is down takes 247 s to say so
    tags = dict(about.tags) | {"stx.outcome": "running", "mlflow.note.content": description(about, "running", None)}
    with reachable(uri):
        run = mlflow.start_run(experiment_id=open_store(uri, experiment), run_name=about.name, tags=tags)
    tracker = MlflowTracker(mlflow.MlflowClient(), run, uri, about)
    try:
        mlflow.log_params(dict(about.params))
        yield tracker
    except BaseException:
        if mlflow.active_run():
            tracker.finish("failed", None)
        raise


@contextmanager
def no_run(about: About) -> Iterator[Tracker]:
    yield NullTracker()


TRACKERS: dict[str, Callable[..., AbstractContextManager[Tracker]]] = {"mlflow": mlflow_run, "none": no_run}


def versions() -> str:
    """What a result depends on, for a tag."""
    packages = ("stx", "torch", "torchvision", "mlflow", "hydra-core", "pillow", "numpy")
    found = [f"{name} {importlib.metadata.version(name)}" for name in packages]
    return ", ".join([f"python {platform.python_version()}", *found])
