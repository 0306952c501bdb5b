"""The tracking store: opened once, and read back. Beside tracking.py the only file that imports mlflow."""

import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any
from urllib.parse import quote

from filelock import FileLock

from stx.errors import UserError


@contextmanager
def reachable(uri: str) -> Iterator[None]:
    """Raise UserError where the store cannot be used: no server, no driver, no folder."""
    from mlflow.exceptions import MlflowException

    try:
        yield
    except (MlflowException, ImportError, OSError) as error:
        raise UserError(f"tracking.uri={uri}: {str(error).strip().splitlines()[0]}") from None


def open_store(uri: str, experiment: str) -> str:
    """Id of the experiment, created if it is new.

    Processes that touch a new database together all fail in its migrations, so the first touch stands under a lock.
    An experiment's artifact folder is fixed when it is created: beside the database file, or where a server says.
    """
    import mlflow

    mlflow.set_tracking_uri(uri)
    folder = Path(uri.removeprefix("sqlite:///")).absolute().parent if uri.startswith("sqlite:///") else None
    if folder:
        folder.mkdir(parents=True, exist_ok=True)
    with FileLock(str(folder / ".store.lock")) if folder else nullcontext():
        client = mlflow.MlflowClient()
        found = client.get_experiment_by_name(experiment)
        if found and found.lifecycle_stage == "deleted":
            raise UserError(
                f"tracking.experiment={experiment} was deleted in this store; name another, or "
                f"restore it: mlflow experiments restore --experiment-id {found.experiment_id}"
            )
        if found:
            return str(found.experiment_id)
        artifacts = f"file://{quote(str(folder / 'artifacts'))}" if folder else None
        return str(client.create_experiment(experiment, artifact_location=artifacts))


class Run:
    """What the store knows of one run."""

    def __init__(self, client: Any, found: Any):
        self._client, self._histories = client, dict[str, list[tuple[int, float]]]()
        self.id: str = found.info.run_id
        self.status: str = found.info.status
        self.tags: Mapping[str, str] = found.data.tags
        self.params: Mapping[str, str] = found.data.params
        self.latest: Mapping[str, float] = found.data.metrics

    def history(self, metric: str) -> list[tuple[int, float]]:
        """(step, value) in the order of steps."""
        if metric not in self._histories:
            points = self._client.get_metric_history(self.id, metric) if metric in self.latest else []
            self._histories[metric] = sorted((point.step, point.value) for point in points)
        return self._histories[metric]

    def artifact(self, path: str) -> Path:
        """A local copy, or the file itself where the store is on this machine. Raises OSError or MlflowException."""
        return Path(self._client.download_artifacts(self.id, path))


class Store:
    """One experiment of a store, for those who run and read many runs together."""

    def __init__(self, uri: str, experiment: str):
        import mlflow

        os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
        self.experiment_id = open_store(uri, experiment)
        self.client = mlflow.MlflowClient(uri)

    def runs(self, tag: str, value: str) -> list[Run]:
        """The runs that carry a tag, newest first."""
        found: list[Run] = []
        page = None
        while page is None or page.token:
            page = self.client.search_runs(
                [self.experiment_id], f"tags.`{tag}` = '{value}'", page_token=page.token if page else None
            )
            found.extend(Run(self.client, run) for run in page)
        return found

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
