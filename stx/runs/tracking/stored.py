"""A run as its store has it, read back."""

import atexit
import json
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from functools import cache, cached_property, partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import url2pathname

from stx.config.regular import regular
from stx.runs.files import BASELINES


class Run:
    """What the store knows of one run."""

    def __init__(self, client: Any, run: Any):
        self.client, self.histories = client, dict[str, list[tuple[int, float]]]()
        self.id: str = run.info.run_id
        self.name: str = run.info.run_name or ""
        self.started: float = (run.info.start_time or 0) / 1000
        """Seconds since 1970."""
        self.experiment_id: str = run.info.experiment_id
        self.artifacts: str = run.info.artifact_uri or ""
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
        """Held-out measures of the untouched photograph and painting, by name; empty if there are none."""
        from mlflow.exceptions import MlflowException

        before = {key: value for key, value in self.latest.items() if key.startswith("baseline/")}
        if before:  # metrics, in runs of an earlier version
            return {key.removeprefix("baseline/"): value for key, value in before.items()}
        try:
            return json.loads(regular(self.artifact(BASELINES)).read_text(encoding="utf-8"))
        except (OSError, ValueError, MlflowException):  # there is none, or the server is away
            return {}

    def artifact(self, path: str) -> Path:
        """The file itself if the store is on this machine, else a copy that lasts as long as this process.

        Raises OSError or MlflowException.
        """
        address = urlsplit(self.artifacts)
        if address.scheme == "file":
            return (Path(url2pathname(address.path)) / path).resolve(strict=True)
        return Path(self.client.download_artifacts(self.id, path, str(copies(self.id))))


@cache
def copies(run_id: str) -> Path:
    """A folder for copies of a run's files on a server, deleted when this process ends."""
    folder = Path(tempfile.mkdtemp(prefix="stx-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def search(client: Any, experiment_id: str, condition: str) -> list[Run]:
    """The runs of an experiment that meet an MLflow filter, newest first. Raises MlflowException."""
    return [Run(client, run) for run in paged(partial(client.search_runs, [experiment_id], condition))]


def paged(ask: Callable[..., Any]) -> Iterator[Any]:
    """Everything that a client's method answers, which gives a thousand at a time."""
    page = None
    while page is None or page.token:
        page = ask(page_token=page.token if page else None)
        yield from page
