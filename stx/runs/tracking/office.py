"""MLflow in a process of its own: its imports take seconds, and its work would take the interpreter from a run's steps.

The office begins while a run's pictures are read, serves all runs of the process that began it, and ends when that
process does, however it ends. The two exchange lines of JSON: [what, which request, content].
"""

import atexit
import json
import logging
import os
import signal
import subprocess
import sys
import threading
import warnings
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from queue import Empty, Queue
from typing import IO, Any, Protocol

from stx.errors import UserError
from stx.runs.tracking.courier import Courier

log = logging.getLogger("stx")

CODE = "import json, sys; sys.path[:] = json.loads(sys.argv[1]); from stx.runs.tracking.office import main; main()"
"""It gets the path of the process that begins it, which may have found stx where Python by itself would not look."""


class Process(Protocol):
    """The office's process, as seen from outside."""

    stdin: Any
    stdout: Any

    def kill(self) -> Any: ...
    def wait(self) -> Any: ...


def started() -> Process:
    """Start the process.

    It has a session of its own, so that a Ctrl-C in the terminal is not meant for it, and -P, so that a file re.py in
    the working directory is not taken for Python's.
    """
    return subprocess.Popen(
        [sys.executable, "-P", "-c", CODE, json.dumps(sys.path)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8", start_new_session=True,
    )  # fmt: skip


class Office:
    """The office, as seen from outside. If its process has gone, requests get no answer, and journals wait."""

    def __init__(self) -> None:
        self.process = started()
        self.answers: dict[str, Queue[Any]] = {}
        self.gone = threading.Event()
        self.listener = threading.Thread(target=self.listen, name="office", daemon=True)
        self.listener.start()

    def listen(self) -> None:
        for line in self.process.stdout:
            what, request, content = json.loads(line)
            if what == "log":
                log.log(content["level"], content["message"])
            else:
                self.answers[request].put(content)
        self.gone.set()

    def tell(self, what: str, request: str, content: object) -> None:
        try:
            self.process.stdin.write(json.dumps([what, request, content]) + "\n")
            self.process.stdin.flush()
        except (OSError, ValueError):  # it has gone
            self.gone.set()

    def ask(self, what: str, request: str, content: object) -> Any:
        """The answer to a request; None if the process goes before it answers."""
        answer = self.answers[request] = Queue()
        self.tell(what, request, content)
        while True:
            try:
                return answer.get(timeout=0.1)  # to let Ctrl-C through, which an endless wait would not
            except Empty:
                if self.gone.is_set() and answer.empty():
                    return None

    def close(self) -> None:
        """End the process at once: what it has not delivered stays in the journals."""
        self.process.kill()
        self.process.wait()
        with suppress(OSError):  # what it has not read
            self.process.stdin.close()
        self.listener.join()
        self.process.stdout.close()


_begun: list[Office] = []


def begin() -> Office:
    """The office, begun at the first call, and again if it has gone."""
    if not _begun:
        atexit.register(close)
    elif _begun[0].gone.is_set():
        close()
    if not _begun:
        _begun.append(Office())
    return _begun[0]


def close() -> None:
    while _begun:
        _begun.pop().close()


def open_store(uri: str, experiment: str) -> None:
    """Open the store of a run. Raises UserError if it cannot be used."""
    answer = begin().ask("open", uri, {"experiment": experiment, "environment": dict(os.environ)})
    if answer is None:
        raise UserError(f"tracking.uri={uri}: MLflow's process has ended; tracking=none does without it")
    if answer:
        raise UserError(answer)


class Delivery:
    """A folder's journal, delivered by the office."""

    def __init__(self, folder: Path, uri: str, experiment: str):
        self.folder, self.uri, self.experiment = folder.absolute(), uri, experiment
        self.office = begin()
        self.trouble = ""
        """The store's last error, if it failed."""

    def start(self) -> None:
        content = {"uri": self.uri, "experiment": self.experiment, "environment": dict(os.environ)}
        self.office.tell("deliver", str(self.folder), content)

    def finish(self, patience: float) -> bool:
        """As `Courier.finish`."""
        answer = self.office.ask("finish", str(self.folder), patience)
        self.trouble = answer["trouble"] if answer else "MLflow's process has ended"
        return bool(answer and answer["complete"])


class Serving:
    """The office, as seen from within its process: what it does for each kind of request."""

    def __init__(self, answers: IO[str]):
        self.lock, self.answers = threading.Lock(), answers
        self.couriers: dict[str, Courier] = {}

    def answer(self, what: str, request: str, content: object) -> None:
        with self.lock, suppress(BrokenPipeError):  # whoever asked has gone, as after Ctrl-C
            self.answers.write(json.dumps([what, request, content]) + "\n")
            self.answers.flush()

    def say(self, level: int, message: str) -> None:
        self.answer("log", "", {"level": level, "message": message})

    def open(self, uri: str, content: Mapping[str, Any]) -> None:
        from stx.runs.tracking.store import opened

        as_outside(content["environment"])
        try:
            opened(uri, content["experiment"])
        except UserError as error:
            self.answer("opened", uri, str(error))
        else:
            self.answer("opened", uri, "")

    def deliver(self, folder: str, content: Mapping[str, Any]) -> None:
        from stx.runs.tracking.sender import Sender

        as_outside(content["environment"])
        self.couriers[folder] = Courier(Path(folder), Sender(Path(folder), content["uri"], content["experiment"]))
        self.couriers[folder].start()

    def finish(self, folder: str, patience: float) -> None:
        def finished() -> None:
            courier = self.couriers.pop(folder)
            complete = courier.finish(patience)
            self.answer("finished", folder, {"complete": complete, "trouble": courier.trouble})

        threading.Thread(target=finished, daemon=True).start()  # requests are read meanwhile: whoever asked may go


def as_outside(environment: Mapping[str, str]) -> None:
    """Take over the environment: passwords, proxies and certificates may have been set since this process began."""
    os.environ.update(environment)
    for name in os.environ.keys() - environment.keys():  # not cleared first, as threads that deliver read it
        del os.environ[name]


def serve(requests: Iterable[str], serving: Serving) -> None:
    """Handle requests until there are no more, when the process that sends them has ended."""
    import mlflow.store.tracking.sqlalchemy_store  # noqa: F401  # the slowest import, while nobody waits

    acts: dict[str, Callable[[str, Any], None]]
    acts = {"open": serving.open, "deliver": serving.deliver, "finish": serving.finish}
    for line in requests:
        what, request, content = json.loads(line)
        acts[what](request, content)


def relay(serving: Serving) -> None:
    """Pass on what is logged and warned of here to the process outside."""
    handler = logging.Handler()
    handler.emit = lambda record: serving.say(record.levelno, record.getMessage())  # type: ignore[method-assign]
    log.handlers, log.propagate = [handler], False
    log.setLevel(logging.DEBUG)
    warnings.showwarning = lambda message, *_, **__: serving.say(logging.WARNING, f"{message}")


def main() -> None:
    """The office's process. It ignores signals, and ends with its input: when the process that began it ends."""
    for name in ("SIGINT", "SIGTERM"):
        signal.signal(getattr(signal, name), signal.SIG_IGN)
    serving = Serving(os.fdopen(os.dup(1), "w", encoding="utf-8"))
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # keeps what MLflow prints out of the answers
    relay(serving)
    try:
        serve(sys.stdin, serving)
    except Exception:
        sys.excepthook(*sys.exc_info())
    finally:
        os._exit(0)  # even during a delivery, which is to delay no exit
