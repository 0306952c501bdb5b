"""A run's tracker: a journal on disk that a courier delivers to MLflow, or none."""

import logging
import math
import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path

from torch import Tensor

from stx import atomic
from stx.config.schema import MlflowTracking, NoTracking
from stx.config.secrets import hidden, public
from stx.errors import first_line
from stx.loop.listener import Listener, Row, Start
from stx.pictures import images
from stx.pictures.colour import Finish, unchanged
from stx.runs.files import ALONG
from stx.runs.tracking import page
from stx.runs.tracking.journal import FORMAT, Journal, entries, last_step
from stx.runs.tracking.note import About, code, note
from stx.runs.tracking.office import Delivery
from stx.runs.tracking.points import Points
from stx.runs.tracking.sender import PATIENCE, newest_address
from stx.runs.tracking.store import WHY

log = logging.getLogger("stx")


SLIDER = "along the way/picture"
"""The image card for the pictures: the UI puts it below a heading of its own, and sorts headings alphabetically."""
KINDS = ("loss/total", "loss/content", "loss/style", "loss", "style_loss", "content_loss", "style_magnitude",
         "content_magnitude", "grad_norm")  # fmt: skip
"""Kinds of metrics, in the order in which people want them; others come after these."""


class Tracker(Listener):
    """tracking=none: takes everything, tells nobody."""

    where = ""
    """Where people can see the run; empty if nowhere."""

    def measured(self, values: Mapping[str, float], step: int) -> None:
        """Held-out measures of the picture after a step; at step 0, what was measured before the first."""

    def artifact(self, path: Path) -> None:
        """A file in the run's folder that has been written."""

    def finish(self, outcome: str, event: str | None, *said: str) -> None:
        """How the run ended, the first value that was not finite, and what else is to be said, as `note` takes it."""

    def plotted(self, charts: Sequence[Path]) -> None:
        """Charts of a run that has ended, in its folder."""

    def settle(self) -> None:
        """Wait until the store has everything, or does not take it."""


class JournalTracker(Tracker):
    """Writes what it is told into the folder's journal, except for what a resumed run tells again."""

    def __init__(self, about: About, folder: Path, journal: Journal, courier: Delivery, points: Points, every: int = 0):
        self.points, self.every = points, every
        self.coloured: Finish = unchanged
        self.about, self.folder, self.journal, self.courier = about, folder, journal, courier
        self.told = last_step(journal.path)
        self.shown = {entry["picture"]["step"] for entry, _ in entries(journal.path, 0) if "picture" in entry}
        self.judged = {
            (step, name)
            for entry, _ in entries(journal.path, 0)
            for step, _, values in entry.get("measured", ())
            for name in values
        }
        self.ended = False
        self.described: Callable[[], str] = str
        """The description, once the run has ended."""

    @property
    def where(self) -> str:  # type: ignore[override]  # a constant without a store
        stored = newest_address(self.folder)
        if not stored:
            return ""
        return page.of_run(stored["uri"], stored["experiment_id"], stored["run_id"])

    def rows(self, rows: list[Row]) -> None:
        self.tell(self.points.pick(rows))

    def tell(self, rows: Iterable[Row]) -> None:
        told = [
            # only finite values: the store would corrupt or refuse others
            (
                row.step,
                int(row.time * 1000),
                {name: row.values[name] for name in in_order(row.values) if math.isfinite(row.values[name])},
            )
            for row in rows
            if row.step > self.told
        ]
        if told:
            self.write("rows", told)

    def measured(self, values: Mapping[str, float], step: int) -> None:
        new = {
            name: value for name, value in values.items() if (step, name) not in self.judged and math.isfinite(value)
        }
        if new:
            self.judged |= {(step, name) for name in new}
            self.write("measured", [(step, now(), new)])

    def begun(self, level: Start) -> None:
        self.coloured = level.finish
        if level.image.is_cuda:
            self.measured({"time/cuda_graph": float(level.graph)}, level.done)

    def picture(self, picture: Tensor, step: int) -> None:
        if step in self.shown:
            return
        self.shown.add(step)
        file = Path(ALONG) / f"step-{step:06d}.png"
        (self.folder / file).parent.mkdir(exist_ok=True)
        with atomic.replacing(self.folder / file) as part:
            images.to_picture(self.coloured(picture)).save(part, compress_level=1)  # quick, as the run waits
        self.write("picture", {"key": SLIDER, "step": step, "file": file.as_posix(), "at": now()})

    def artifact(self, path: Path) -> None:
        self.write("artifact", path.relative_to(self.folder).as_posix())

    def finish(self, outcome: str, event: str | None, *said: str, why: str = "") -> None:
        """`why` says in one line why a run failed."""
        if self.points.left:
            self.tell([self.points.left])
        self.described = partial(note, self.about, outcome, event, [code(why)] if why else said, self.folder)
        tags = {"stx.outcome": outcome, "mlflow.note.content": self.described(), **({WHY: why} if why else {})}
        if event:
            tags["stx.first_event"] = event
        self.ended = True
        self.write("end", {"outcome": outcome, "tags": tags, "at": now()})

    def plotted(self, charts: Sequence[Path]) -> None:
        for chart in charts:
            self.artifact(chart)
        if charts:
            self.write("tags", {"tags": {"mlflow.note.content": self.described()}})

    def settle(self) -> None:
        complete = False
        try:
            complete = self.courier.finish(PATIENCE)
        finally:
            if not complete:
                why = f" ({self.courier.trouble})" if self.courier.trouble else ""
                log.warning(
                    "not all of the run is in its store yet%s; deliver the rest: stx sync %s",
                    why,
                    self.folder,
                )

    def write(self, kind: str, content: object) -> None:
        self.journal.write(kind, content)


def now() -> int:
    return int(time.time() * 1000)


def in_order(names: Iterable[str]) -> list[str]:
    """Metrics kind by kind, and within a kind layer by layer, as the network has them.

    The UI lists metrics in the order in which a run's first step brings them.
    """
    names = list(names)
    kinds = list(dict.fromkeys((*KINDS, *map(kind, names))))
    return sorted(names, key=lambda name: kinds.index(kind(name)))


def kind(name: str) -> str:
    return name if name in KINDS else name.partition("/")[0]


@contextmanager
def mlflow_run(tracking: MlflowTracking, about: About, folder: Path) -> Iterator[Tracker]:
    """An MLflow run around a block, new or, if the folder's journal has one, taken up again; FAILED if it raises."""
    journal = Journal(folder)
    courier = Delivery(folder, tracking.uri, tracking.experiment)
    tracker = JournalTracker(
        about, folder, journal, courier, Points(tracking.points, about.steps), tracking.pictures_every
    )
    running = {"stx.outcome": "running", "mlflow.note.content": note(about, "running", None, (), folder)}
    if journal.path.stat().st_size == 0:
        opened = {"name": about.name, "params": dict(about.params), "tags": {**about.tags, **running}, "at": now()}
        store = {"key": about.id or uuid.uuid4().hex, "uri": public(tracking.uri), "experiment": tracking.experiment}
        journal.write("open", {"format": FORMAT, **opened, **store})
    else:
        journal.write("reopen", {"tags": {**about.tags, **running, WHY: ""}})  # of an earlier attempt
    courier.start()
    try:
        yield tracker
    except BaseException as error:
        if not tracker.ended:
            with suppress(OSError):  # a full disk takes no last word
                cut_off = isinstance(error, KeyboardInterrupt)  # by a second Ctrl-C, which waits for nothing
                why = "" if cut_off else hidden(first_line(error))
                tracker.finish("interrupted" if cut_off else "failed", None, why=why)
                if not cut_off:
                    tracker.settle()
        raise
    finally:
        journal.close()


@contextmanager
def tracked(tracking: MlflowTracking | NoTracking, about: About, folder: Path) -> Iterator[Tracker]:
    """The tracker that a config asks for, around a run."""
    if isinstance(tracking, NoTracking):
        yield Tracker()
        return
    with mlflow_run(tracking, about, folder) as tracker:
        yield tracker
