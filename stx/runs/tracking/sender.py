"""The entries of a run's journal, delivered to MLflow: none lost, none twice."""

import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path, PurePosixPath
from types import MappingProxyType
from typing import Any

from PIL import Image

from stx import atomic
from stx.config.regular import regular
from stx.config.secrets import public, revealed
from stx.errors import UserError, first_line
from stx.pictures.decode import FORMATS
from stx.runs.files import JOURNAL, STORED, alone_in
from stx.runs.tracking.courier import Courier, delivered
from stx.runs.tracking.journal import Entry, Journal, opened
from stx.runs.tracking.names import metric, name, text
from stx.runs.tracking.reach import answers
from stx.runs.tracking.store import open_store
from stx.runs.tracking.verdict import Verdict, verdict

MOST_IN_A_BATCH = 1000
"""Metrics that a store takes at once."""

PATIENCE = 10.0
"""Seconds without progress after which a store is given up."""

THIS_RUN = "{run_id}"
"""Stands in a journal's tags for the id that the run gets from its store."""

STATUS = {
    "finished": "FINISHED",
    "diverged": "FINISHED",
    "pruned": "KILLED",
    "interrupted": "KILLED",
    "failed": "FAILED",
}


class Sender:
    """One run's way into its store. The run begins when the journal's first entry arrives.

    Called with an entry, and whether it may have been delivered before. Raises whatever the store raises.
    """

    def __init__(self, folder: Path, uri: str, experiment: str, again: bool = False):
        self.folder, self.uri, self.experiment, self.again = folder, uri, experiment, again
        self.client: Any = None
        self.run_id = ""
        self.kinds: Mapping[str, Callable[[Any, bool], None]] = {
            "open": self.open,
            "reopen": self.reopen,
            "tags": self.retag,
            "rows": self.rows,
            "measured": self.rows,
            "picture": self.picture,
            "artifact": self.artifact,
            "end": self.end,
        }

    def connect(self) -> int:
        """Connect, and return how many bytes of the journal the store has; 0 if it lacks the run, or with `again`."""
        import mlflow

        self.experiment_id = open_store(self.uri, self.experiment)
        self.client, self.run_id = mlflow.MlflowClient(self.uri), ""
        for address in addresses(self.folder):
            run = self.read(address["run_id"])
            if run is None or (run.info.lifecycle_stage == "deleted" and self.again):
                continue
            if run.info.lifecycle_stage == "deleted":
                raise UserError(
                    f"its run {address['run_id']} was deleted in the store: mlflow runs restore --run-id "
                    f"{address['run_id']}, or send it as a new one: stx sync --again {self.folder}"
                )
            self.take(run)
            return 0 if self.again else delivered(self.folder, self.run_id)
        return 0

    def read(self, run_id: str) -> Any:
        """A run of the store; None if it has none of that id."""
        from mlflow.exceptions import MlflowException

        try:
            return self.client.get_run(run_id)
        except MlflowException as error:
            if verdict(error) is Verdict.UNKNOWN:
                return None
            raise

    def take(self, run: Any) -> None:
        self.run_id = run.info.run_id
        address = {"run_id": self.run_id, "experiment_id": run.info.experiment_id, "uri": public(self.uri)}
        remember(self.folder, address)

    def __call__(self, entry: Entry, doubtful: bool) -> None:
        for kind, content in entry.items():
            self.kinds[kind](content, doubtful)

    def open(self, content: Any, doubtful: bool) -> None:
        from mlflow.entities import Param
        from mlflow.tracking.context.registry import resolve_tags

        runs = self.client.search_runs([self.experiment_id], f"tags.`stx.key` = '{content['key']}'") if doubtful else []
        if not runs and not self.run_id:
            tags = {name(key): text(value) for key, value in content["tags"].items()}
            tags = {
                key: text(value)
                for key, value in resolve_tags({**tags, "stx.key": content["key"], "mlflow.source.name": "stx"}).items()
            }
            runs = [self.client.create_run(self.experiment_id, content["at"], tags, text(content["name"]))]
        if not self.run_id:
            self.take(runs[0])
        for run in runs:
            if run.info.run_id != self.run_id and not run.data.metrics:
                self.client.delete_run(run.info.run_id)  # made for a process that was gone by then
        params = [Param(name(key), text(value)) for key, value in content["params"].items()]
        self.client.log_batch(self.run_id, params=params)

    def reopen(self, content: Any, doubtful: bool) -> None:
        self.client.update_run(self.run_id, status="RUNNING")
        self.tags(content["tags"])

    def retag(self, content: Any, doubtful: bool) -> None:
        self.tags(content["tags"])

    def rows(self, content: Any, doubtful: bool) -> None:
        from mlflow.entities import Metric

        points = [(metric(key), value, at, step) for step, at, values in content for key, value in values.items()]
        if doubtful:
            delivered_already = {
                (key, point.step)
                for key in {key for key, *_ in points}
                for point in self.client.get_metric_history(self.run_id, key)
            }
            points = [point for point in points if (point[0], point[3]) not in delivered_already]
        metrics = [Metric(*point) for point in points]
        for start in range(0, len(metrics), MOST_IN_A_BATCH):
            self.client.log_batch(self.run_id, metrics[start : start + MOST_IN_A_BATCH])

    def picture(self, content: Any, doubtful: bool) -> None:
        key, step = content["key"], content["step"]
        spelt = re.escape(key).replace("/", "[~#]")
        named = re.compile(rf"{spelt}[+%]step[+%]{step}[+%]")  # MLflow's separators have changed
        if doubtful and any(
            named.match(Path(file.path).name) for file in self.client.list_artifacts(self.run_id, "images")
        ):
            return
        image = whole_picture(self.folder / content["file"])
        self.client.log_image(self.run_id, image, key=key, step=step, timestamp=content["at"], synchronous=True)

    def artifact(self, content: Any, doubtful: bool) -> None:
        path = self.folder / content
        if not path.is_file():
            raise FileNotFoundError(f"{path} is gone")
        folder = PurePosixPath(content).parent.as_posix()
        self.client.log_artifact(self.run_id, str(path), None if folder == "." else folder)

    def end(self, content: Any, doubtful: bool) -> None:
        self.tags(content["tags"])
        self.client.set_terminated(self.run_id, STATUS[content["outcome"]], content["at"])

    def tags(self, tags: Mapping[str, str]) -> None:
        from mlflow.entities import RunTag

        replaced = {name(key): text(value).replace(THIS_RUN, self.run_id) for key, value in tags.items()}
        self.client.log_batch(self.run_id, tags=[RunTag(key, value) for key, value in replaced.items()])


def whole_picture(path: Path) -> Image.Image:
    """The picture in a file. Raises ValueError if it is damaged, not the OSError that a network raises too."""
    try:
        with Image.open(regular(path), formats=FORMATS) as picture:
            return picture.copy()
    except Exception as error:  # on a damaged file Pillow's decoders raise whatever they stumble on
        raise ValueError(f"{path} is no whole picture") from error


def addresses(folder: Path) -> list[dict[str, str]]:
    """`run_id`, `experiment_id` and `uri` of a folder's run in each store that has been told of it, newest first."""
    try:
        stored = json.loads(regular(folder / STORED).read_text(encoding="utf-8"))
        known = [stored, *stored.get("earlier", ())]
        return [{key: str(one[key]) for key in ("run_id", "experiment_id", "uri")} for one in known]
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return []


def newest_address(folder: Path) -> dict[str, str]:
    """The newest of `addresses`; empty if the run has not got to any store."""
    return next(iter(addresses(folder)), {})


def folder_of_address(run_id: str, below: Path) -> Path | None:
    """The folder, below another, whose run has that id in any store."""
    folders = (stored.parent for stored in below.rglob(STORED))
    return next((folder for folder in folders if any(one["run_id"] == run_id for one in addresses(folder))), None)


def remember(folder: Path, address: Mapping[str, str]) -> None:
    earlier = [one for one in addresses(folder) if one["run_id"] != address["run_id"]]
    atomic.write(folder / STORED, json.dumps({**address, "earlier": earlier}))


def deliver(folder: Path, uri: str = "", tags: Mapping[str, str] = MappingProxyType({}), again: bool = False) -> str:
    """Deliver what is left of a folder's journal, to `uri` or where it was meant to go. Returns what went wrong.

    `tags` are added to the run. `again` delivers all of the journal, as if the store had been told nothing.
    """
    try:
        opened_as = opened(folder / JOURNAL)
        uri = revealed(uri or opened_as["uri"])
        answers(uri)  # fails at once, where the courier would be patient
        with alone_in(folder):
            journal = Journal(folder)  # which drops a torn last line
            if tags:
                journal.write("tags", {"tags": dict(tags)})
            journal.close()
            courier = Courier(folder, Sender(folder, uri, opened_as["experiment"], again))
            courier.start()
            return "" if courier.finish(PATIENCE) else courier.trouble or "the store does not answer"
    except UserError as error:
        return first_line(error)
