"""A run's tracker: a journal on disk that a courier delivers to MLflow, or none."""

import importlib.metadata
import logging
import math
import platform
import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import NamedTuple, Protocol

from PIL.Image import Image

from stx import __version__
from stx.loop.record import Row
from stx.runs.files import SHEET, alone_in
from stx.runs.tracking.courier import Courier
from stx.runs.tracking.journal import Journal, entries, last_step
from stx.runs.tracking.sender import PATIENCE, THIS_RUN, Sender, known_run

log = logging.getLogger("stx")


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
    def measured(self, values: Mapping[str, float], step: int) -> None: ...
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

    def measured(self, values: Mapping[str, float], step: int) -> None:
        pass

    def picture(self, picture: Image, step: int) -> None:
        pass

    def artifact(self, path: Path) -> None:
        pass

    def finish(self, outcome: str, event: str | None) -> None:
        pass


class JournalTracker:
    """Writes what it is told into the folder's journal. What a resumed run tells again is left out."""

    def __init__(self, about: About, folder: Path, journal: Journal, courier: Courier):
        self.about, self.folder, self.journal, self.courier = about, folder, journal, courier
        self.known = last_step(journal.path)
        self.shown = {entry["picture"]["step"] for entry, _ in entries(journal.path, 0) if "picture" in entry}
        self.judged = {
            (step, name)
            for entry, _ in entries(journal.path, 0)
            for step, _, values in entry.get("measured", ())
            for name in values
        }
        self.ended = False

    @property
    def where(self) -> str:
        known = known_run(self.folder)
        if not known:
            return ""
        page = f"#/experiments/{known['experiment_id']}/runs/{known['run_id']}?workflowType=machine_learning"
        uri = known["uri"]
        if uri.startswith("http"):
            return f"{uri}/{page}"
        return f"http://127.0.0.1:5000/{page}\nafter: mlflow ui --backend-store-uri {uri}"

    def rows(self, rows: list[Row]) -> None:
        told = [
            # what is not finite the store would corrupt or refuse
            (
                row.step,
                int(row.time * 1000),
                {name: row.values[name] for name in losses_first(row.values) if math.isfinite(row.values[name])},
            )
            for row in rows
            if row.step > self.known
        ]
        if told:
            self.write("rows", told)

    def measured(self, values: Mapping[str, float], step: int) -> None:
        """Held-out measures of the picture after a step; at step 0, what was measured before the first."""
        new = {
            name: value for name, value in values.items() if (step, name) not in self.judged and math.isfinite(value)
        }
        if new:
            self.judged |= {(step, name) for name in new}
            self.write("measured", [(step, now(), new)])

    def picture(self, picture: Image, step: int) -> None:
        if step in self.shown:
            return
        self.shown.add(step)
        file = Path("pictures") / f"step-{step:06d}.png"
        (self.folder / file).parent.mkdir(exist_ok=True)
        picture.save(self.folder / file, compress_level=1)  # this thread is the run's own
        self.write("picture", {"key": "picture", "step": step, "file": str(file), "at": now()})

    def artifact(self, path: Path) -> None:
        self.write("artifact", path.name)

    def finish(self, outcome: str, event: str | None) -> None:
        """Say how the run ended, and wait until the store has it all, or does not take it."""
        sheet = (self.folder / SHEET).exists()
        tags = {"stx.outcome": outcome, "mlflow.note.content": description(self.about, outcome, event, sheet)}
        if event:
            tags["stx.first_event"] = event
        self.ended = True
        self.write("end", {"outcome": outcome, "tags": tags, "at": now()})
        if not self.courier.finish(PATIENCE):
            log.warning("not all of the run is in its store yet; deliver the rest: python -m stx.sync %s", self.folder)

    def write(self, kind: str, content: object) -> None:
        self.journal.write(kind, content)
        self.courier.wake()


def now() -> int:
    return int(time.time() * 1000)


def losses_first(names: Iterable[str]) -> list[str]:
    """The order in which the UI lists metrics is that in which a run's first step brings them."""
    opening = ("loss/total", "loss/content", "loss/style")
    return sorted(names, key=lambda name: opening.index(name) if name in opening else len(opening))


def description(about: About, outcome: str, event: str | None, sheet: bool = False) -> str:
    """Markdown; the UI folds it after four lines, or the headline and a third of the `sheet`'s pictures.

    It shows no picture but from an address, at its own size. This one is relative to the page.
    """
    lines = [f"**{outcome}**{f' at {event}' if event else ''} · {about.headline}", f"`{about.command}`"]
    if sheet:
        address = f"get-artifact?path={SHEET}&run_uuid={THIS_RUN}"
        lines.insert(1, f"![photograph, painting and result]({address})")
    return "\n\n".join(lines)


@contextmanager
def mlflow_run(about: About, folder: Path, *, uri: str, experiment: str, offline_ok: bool) -> Iterator[Tracker]:
    """An MLflow run around a block, new or, where the folder's journal has one, taken up again; FAILED if it raises."""
    with alone_in(folder):
        journal = Journal(folder)
        courier = Courier(folder, Sender(folder, uri, experiment))
        tracker = JournalTracker(about, folder, journal, courier)
        running = {"stx.outcome": "running", "mlflow.note.content": description(about, "running", None)}
        if journal.path.stat().st_size == 0:
            opened = {"name": about.name, "params": dict(about.params), "tags": {**about.tags, **running}, "at": now()}
            journal.write("open", {**opened, "key": uuid.uuid4().hex, "uri": uri, "experiment": experiment})
        else:
            journal.write("reopen", {"tags": running})
        courier.start()
        try:
            yield tracker
        except BaseException:
            if not tracker.ended:
                with suppress(OSError):  # a full disk takes no last word
                    tracker.finish("failed", None)
            raise
        finally:
            journal.close()


@contextmanager
def no_run(about: About, folder: Path) -> Iterator[Tracker]:
    yield NullTracker()


TRACKERS: dict[str, Callable[..., AbstractContextManager[Tracker]]] = {"mlflow": mlflow_run, "none": no_run}


def versions() -> str:
    """What a result depends on, for a tag."""
    packages = ("torch", "torchvision", "mlflow", "hydra-core", "pillow", "numpy")
    found = [f"{name} {importlib.metadata.version(name)}" for name in packages]
    return ", ".join([f"python {platform.python_version()}", f"stx {__version__}", *found])
