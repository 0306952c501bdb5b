"""Ctrl-C and SIGTERM end the step, not the process; a second one ends at once."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class Stop:
    """Which signal has asked for the end, if any."""

    signal: int | None = None
    raising = False

    @contextmanager
    def at_once(self) -> Iterator[None]:
        """The block, less what a signal cuts off: for what nobody need wait for."""
        self.raising = True
        try:
            yield
        except KeyboardInterrupt:
            if self.signal is None:
                raise
        finally:
            self.raising = False


@contextmanager
def raising() -> Iterator[None]:
    """Ctrl-C raises KeyboardInterrupt, and SIGTERM SystemExit, for a block that has something to clear away between its
    runs, or others at work for it."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def terminated(number: int, frame: FrameType | None) -> None:
        raise SystemExit(128 + number)

    before = signal.signal(signal.SIGINT, signal.default_int_handler), signal.signal(signal.SIGTERM, terminated)
    try:
        yield
    finally:
        for number, handler in zip((signal.SIGINT, signal.SIGTERM), before, strict=True):
            signal.signal(number, handler)


@contextmanager
def interruptible() -> Iterator[Stop]:
    """In any other thread than the main one nothing is changed: Python lets that one alone answer to signals."""
    stop = Stop()
    if threading.current_thread() is not threading.main_thread():
        yield stop
        return
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def ask(number: int, frame: FrameType | None) -> None:
        stop.signal = number
        restore()
        signal.signal(signal.SIGINT, signal.default_int_handler)  # a second one: there is something to clear away
        if stop.raising:
            raise KeyboardInterrupt

    def restore() -> None:
        for number, handler in before.items():
            signal.signal(number, handler)

    for number in before:
        signal.signal(number, ask)
    try:
        yield stop
    finally:
        restore()
