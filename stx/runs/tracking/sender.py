"""The entries of a run's journal, delivered to MLflow: none lost, none twice."""

import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from PIL import Image

from stx import atomic
from stx.errors import UserError
from stx.pictures.decode import FORMATS
from stx.runs.files import JOURNAL, STORED, alone_in
from stx.runs.tracking.courier import Courier
from stx.runs.tracking.journal import FORMAT, Entry, entries
from stx.runs.tracking.store import answers, open_store

MOST_IN_A_BATCH = 1000
"""Metrics that a store takes at once."""

PATIENCE = 10.0
"""Seconds without progress after which a store is given up."""

THIS_RUN = "{run_id}"
"""Stands in a journal's tags for the id that the run gets from its store."""

STATUS = {"finished": "FINISHED", "diverged": "FINISHED", "interrupted": "KILLED", "failed": "FAILED"}


class Sender:
    """One run's way into its store. The run begins when the journal's first entry arrives.

    Called with an entry, and whether it may have been delivered before. Raises whatever the store raises.
    """

    def __init__(self, folder: Path, uri: str, experiment: str):
        self.folder, self.uri, self.experiment = folder, uri, experiment
        self.client: Any = None
        self.run_id = known_run(folder).get("run_id", "")
        self.kinds: Mapping[str, Callable[[Any, bool], None]] = {
            "open": self.open,
            "reopen": self.reopen,
            "rows": self.rows,
            "measured": self.rows,
            "picture": self.picture,
            "artifact": self.artifact,
            "end": self.end,
        }

    def __call__(self, entry: Entry, doubtful: bool) -> None:
        if self.client is None:
            import mlflow

            self.experiment_id = open_store(self.uri, self.experiment)
            self.client = mlflow.MlflowClient(self.uri)
        for kind, content in entry.items():
            self.kinds[kind](content, doubtful)

    def open(self, content: Any, doubtful: bool) -> None:
        from mlflow.entities import Param
        from mlflow.tracking.context.registry import resolve_tags

        runs = self.client.search_runs([self.experiment_id], f"tags.`stx.key` = '{content['key']}'") if doubtful else []
        if runs:
            self.run_id = runs[0].info.run_id
        else:
            tags = resolve_tags({**content["tags"], "stx.key": content["key"]})
            run = self.client.create_run(self.experiment_id, content["at"], tags, content["name"])
            self.run_id = run.info.run_id
        self.client.log_batch(self.run_id, params=[Param(key, str(value)) for key, value in content["params"].items()])
        remember(self.folder, {"run_id": self.run_id, "experiment_id": self.experiment_id, "uri": self.uri})

    def reopen(self, content: Any, doubtful: bool) -> None:
        self.client.update_run(self.run_id, status="RUNNING")
        self.tags(content["tags"])

    def rows(self, content: Any, doubtful: bool) -> None:
        from mlflow.entities import Metric

        points = [(name, value, at, step) for step, at, values in content for name, value in values.items()]
        if doubtful:
            delivered_already = {
                (name, point.step)
                for name in {name for name, *_ in points}
                for point in self.client.get_metric_history(self.run_id, name)
            }
            points = [point for point in points if (point[0], point[3]) not in delivered_already]
        metrics = [Metric(*point) for point in points]
        for start in range(0, len(metrics), MOST_IN_A_BATCH):
            self.client.log_batch(self.run_id, metrics[start : start + MOST_IN_A_BATCH])

    def picture(self, content: Any, doubtful: bool) -> None:
        key, step = content["key"], content["step"]
        named = re.compile(rf"{re.escape(key)}[+%]step[+%]{step}[+%]")  # MLflow's separator has changed
        if doubtful and any(
            named.match(Path(file.path).name) for file in self.client.list_artifacts(self.run_id, "images")
        ):
            return
        with Image.open(self.folder / content["file"], formats=FORMATS) as picture:
            self.client.log_image(self.run_id, picture, key=key, step=step, timestamp=content["at"], synchronous=True)

    def artifact(self, content: Any, doubtful: bool) -> None:
        self.client.log_artifact(self.run_id, str(self.folder / content))

    def end(self, content: Any, doubtful: bool) -> None:
        self.tags(content["tags"])
        self.client.set_terminated(self.run_id, STATUS[content["outcome"]], content["at"])

    def tags(self, tags: Mapping[str, str]) -> None:
        from mlflow.entities import RunTag

        replaced = {key: value.replace(THIS_RUN, self.run_id) for key, value in tags.items()}
        self.client.log_batch(self.run_id, tags=[RunTag(key, value) for key, value in replaced.items()])


def known_run(folder: Path) -> dict[str, str]:
    """`run_id`, `experiment_id` and `uri` of a folder's run in its store; empty if it has not got there."""
    try:
        stored = json.loads((folder / STORED).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return stored if isinstance(stored, dict) else {}


def remember(folder: Path, address: Mapping[str, str]) -> None:
    atomic.write(folder / STORED, json.dumps(address))


def deliver(folder: Path, uri: str) -> str:
    """Deliver what is left of a folder's journal, to `uri` or where it was meant to go. What went wrong, or nothing."""
    opened = next((entry["open"] for entry, _ in entries(folder / JOURNAL, 0) if "open" in entry), None)
    if opened is None:
        return "its journal does not say which run it is"
    if opened.get("format", 1) > FORMAT:
        return "its journal was written by a later version of stx"
    uri = uri or opened["uri"]
    try:
        answers(uri)  # at once: the courier would be patient
    except UserError as error:
        return str(error).splitlines()[0]
    try:
        with alone_in(folder):
            courier = Courier(folder, Sender(folder, uri, opened["experiment"]))
            courier.start()
            return "" if courier.finish(PATIENCE) else courier.trouble or "the store does not answer"
    except UserError:
        return "its run is still at work, and delivers by itself"
