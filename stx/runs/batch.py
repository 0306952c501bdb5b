"""Many runs as the children of one: finished ones are not run again, failed ones are listed and not fatal."""

import logging
import time
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from stx.config.effects import ineffective
from stx.config.schema import MlflowTracking
from stx.errors import UserError
from stx.loop.signals import raising
from stx.runs import identity
from stx.runs.files import CHECKPOINT, JOURNAL, alone_in
from stx.runs.launching import Crew, Order, watched
from stx.runs.launching import work as launch
from stx.runs.member import ENDED, attempt, failure, outcome
from stx.runs.plan import Member, Planned, plans
from stx.runs.tracking.reach import answers, reachable
from stx.runs.tracking.sender import deliver
from stx.runs.tracking.store import Store
from stx.runs.tracking.stored import Run

log = logging.getLogger("stx")

GOES_ON = "interrupted; the same command goes on from here, and what has finished is kept"
AT_ONCE = "stx.at_once"
"""The tag of a run that shared its machine with others: how many ran at once."""
OFTEN = 10.0
"""Seconds, at least, between two log lines that say how many have ended."""


class Ended(NamedTuple):
    name: str
    outcome: str
    """finished, diverged or failed."""
    seconds: float
    message: str
    """What went wrong; "kept" if the run had been made before."""


class Batch:
    """A parent run in the store, and the runs that belong under it."""

    def __init__(
        self,
        store: Store,
        parent: Run,
        planned: Mapping[str, Planned],
        folder: Path,
        crew: Crew | None = None,
        earlier: Mapping[str, Run] = MappingProxyType({}),
        making: bool = True,
    ):
        self.store, self.parent, self.planned, self.folder = store, parent, dict(planned), folder
        self.crew, self.earlier, self.making = crew, earlier, making
        self.worked: set[str] = set()

    def add(self, members: Sequence[Member]) -> None:
        """Add members, such as those whose plan depends on the results of others. Raises UserError as `batch` does."""
        self.planned |= plans(members, self.folder)

    def run_of(self, name: str) -> Run | None:
        """The newest completed run of a member, from here or else from the earlier batch that was named."""
        for run_ in self.store.runs("stx.digest", self.planned[name].digest):
            if run_.tags.get("mlflow.parentRunId") == self.parent.id and run_.tags.get("stx.outcome") in ENDED:
                return run_
        return self.earlier.get(self.planned[name].recipe)

    def work(self) -> Iterator[Ended]:
        """Make the runs that are missing, in the order of the plan. An error ends only the run that raised it.

        Called again, after `add`, it goes on with the new members. A run that had too little memory is tried again
        after the others, as another program may have taken the memory.
        """
        for left in self.store.runs("mlflow.parentRunId", self.parent.id):
            if left.status == "RUNNING":  # its process is dead: nobody else works in this folder
                self.store.end(left, "interrupted", "KILLED")
        waiting = deque(name for name in self.planned if name not in self.worked)
        if not self.making:
            waiting = deque(name for name in waiting if self.kept(name)[0])
        if self.crew:
            yield from self.handed_out(self.crew, waiting)
            return
        while waiting:
            name = waiting.popleft()
            planned, first = self.planned[name], name not in self.worked
            self.worked.add(name)
            started, message = time.monotonic(), "kept"
            run_, trouble = self.kept(name)
            if not run_ and not trouble:
                tags = {"mlflow.parentRunId": self.parent.id, "stx.digest": planned.digest}
                message, full = attempt(planned.job._replace(tags=tags))
                if full and first:
                    log.warning(f"{name}: {message}; tried again after the others")
                    waiting.append(name)
                    continue
                run_ = self.run_of(name)
            yield self.ended(name, run_, time.monotonic() - started, trouble or message)

    def handed_out(self, crew: Crew, names: Iterable[str]) -> Iterator[Ended]:
        """Like `work`, in other processes, which get all runs at once: none is reported before all have ended."""
        kept = {name: self.kept(name) for name in names}
        orders = []
        for name in (name for name, (run_, trouble) in kept.items() if not run_ and not trouble):
            job, digest, _ = self.planned[name]
            tags = {"mlflow.parentRunId": self.parent.id, "stx.digest": digest, **beside(crew)}
            orders.append(Order(name, job.overrides, job.folder, tags))
        with counted(orders):
            launch(crew, orders, self.folder, between=lambda: None)
        self.worked |= kept.keys()
        for name, (before, trouble) in kept.items():
            run_ = before or self.run_of(name)
            message = "kept" if before else trouble or failure(self.planned[name].job.folder)
            yield self.ended(name, run_, seconds(self.planned[name].job.folder), message)

    def ended(self, name: str, run_: Run | None, seconds: float, message: str) -> Ended:
        """How a member ended, whose run may be missing, or in its folder but not in the store."""
        place = self.planned[name].job.folder
        if run_:
            forget(place)
            return Ended(name, run_.tags["stx.outcome"], seconds, message)
        if outcome(place) in ENDED:
            message = f"made, but not in the store{f': {message}' if message else ''}; stx sync {place} sends it there"
        return Ended(name, "failed", seconds, message)

    def kept(self, name: str) -> tuple[Run | None, str]:
        """A member's run that was completed before, and what keeps it from the store, if anything.

        A run that has ended in its folder but is not in the store under this parent is sent there: the store is another
        one, or was lost.
        """
        if run_ := self.run_of(name):
            return run_, ""
        job, digest, _ = self.planned[name]
        try:
            record = identity.read(job.folder)
        except UserError:  # a damaged record: the attempt to make the run reports it
            return None, ""
        if record is None or record.outcome not in ENDED or not (job.folder / JOURNAL).exists():
            return None, ""
        place = {"stx.folder": str(job.folder.absolute())}
        tags = {**place, "mlflow.parentRunId": self.parent.id, "stx.digest": digest}
        trouble = deliver(job.folder, job.config.tracking.uri, tags)  # type: ignore[union-attr]  # a batch has a store
        run_ = self.run_of(name)
        return run_, "" if run_ else trouble


def beside(crew: Crew) -> dict[str, str]:
    """A tag for runs that share their machine, where the time that a step took says little."""
    return {AT_ONCE: f"{crew.workers}"} if crew.workers > 1 else {}


def seconds(folder: Path) -> float:
    """Seconds that the run in a folder has taken so far; 0 if there is none."""
    with suppress(UserError):
        record = identity.read(folder)
        return record.seconds if record else 0.0
    return 0.0


@contextmanager
def counted(orders: Sequence[Order]) -> Iterator[None]:
    """A block in which others work, with a line now and then that says how many have ended."""
    told = 0

    def look(ended: int) -> None:
        nonlocal told
        if ended != told:
            told = ended
            log.warning(f"{ended} of {len(orders)} have ended")

    with watched([order.folder for order in orders], OFTEN, look):
        yield


def forget(folder: Path) -> None:
    """Delete the state of a completed member: nobody resumes it, and L-BFGS has much to remember."""
    if outcome(folder) in ENDED:
        (folder / CHECKPOINT).unlink(missing_ok=True)


def checked(
    name: str, members: Sequence[Member], folder: Path, earlier: Mapping[str, Run]
) -> tuple[MlflowTracking, dict[str, Planned]]:
    """The members' store, and each member composed and checked. Raises UserError as `batch` does."""
    first = plans(members[:1], folder, members)
    tracking = first[members[0].name].job.config.tracking
    if not isinstance(tracking, MlflowTracking):
        raise UserError(f"tracking={tracking.name}: {name} keeps its runs in a store and reads them there")
    planned = first | plans(members[1:], folder, members)
    if earlier and not any(each.recipe in earlier for each in planned.values()):
        counts = f"none of its {len(earlier)} runs is one of these {len(planned)}"
        raise UserError(f"earlier: {counts}: settings, pictures or weights differ")
    jobs = [each.job for each in planned.values()]
    for line in dict.fromkeys(line for job in jobs for line in ineffective(job.config, job.overrides)):
        log.warning(line)
    return tracking, planned


@contextmanager
def batch(
    name: str,
    members: Sequence[Member],
    folder: Path,
    crew: Crew | None = None,
    earlier: Mapping[str, Run] = MappingProxyType({}),
    making: bool = True,
    title: str = "",
) -> Iterator[Batch]:
    """The batch called `name` in `folder`, new or taken up again; its parent run ends with the block.

    `crew`: who makes the runs; without one, this process does, one by one. `earlier`: runs of another batch, by their
    recipes, that need not be made again. `making`: whether missing runs are made or passed over. `title`: what people
    see of the parent run, in place of its name.

    Every member is composed and checked before the first starts. Raises UserError for whatever would keep one from
    running, for tracking=none, for a store that cannot be reached, if another batch is at work in `folder`, and for
    `earlier` runs none of which is a member.
    """
    tracking, planned = checked(name, members, folder, earlier)
    answers(tracking.uri)
    folder.mkdir(parents=True, exist_ok=True)  # before a store is created, as this may fail
    with reachable(tracking.uri):
        store = Store(tracking.uri, tracking.experiment)
    with alone_in(folder), raising():
        parent = store.parent(name, folder, title)
        with ended(store, parent):
            yield Batch(store, parent, planned, folder, crew, earlier, making)


@contextmanager
def ended(store: Store, parent: Run) -> Iterator[None]:
    """A block after which the batch's own run says how it ended."""
    try:
        yield
    except Exception:
        store.end(parent, "failed", "FAILED")
        raise
    except KeyboardInterrupt:
        store.end(parent, "interrupted", "KILLED")
        raise KeyboardInterrupt(GOES_ON) from None
    except BaseException:  # another signal
        log.warning(GOES_ON)
        store.end(parent, "interrupted", "KILLED")
        raise
    store.end(parent, "finished", "FINISHED")
