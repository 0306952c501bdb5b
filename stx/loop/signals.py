"""Ctrl-C and SIGTERM end a run after its current step; a second signal ends the process at once."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class Stop:
    """Tells which signal has asked for the end, if any has."""

    signal: int | None = None
    raising = False

    @contextmanager
    def at_once(self) -> Iterator[None]:
        """Let a signal cut the block short at once, for work that nobody has to wait for."""
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
    """Make Ctrl-C raise KeyboardInterrupt and SIGTERM raise SystemExit in the block.

    For a block that has something to clean up between its runs, or has other processes at work.
    """
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
    """Note the first Ctrl-C or SIGTERM in the `Stop` that is yielded, instead of ending the process.

    In any thread but the main one nothing changes, since Python handles signals in the main thread only.
    """
    stop = Stop()
    if threading.current_thread() is not threading.main_thread():
        yield stop
        return
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def ask(number: int, frame: FrameType | None) -> None:
        stop.signal = number
        restore()
        signal.signal(signal.SIGINT, signal.default_int_handler)  # so that a second Ctrl-C still lets the run clean up
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
