"""The first signal asks, the second one ends."""

import os
import signal

import pytest

from stx.loop.signals import interruptible


def test_the_first_ctrl_c_only_asks_and_the_second_interrupts() -> None:
    with interruptible() as stop:
        assert stop.signal is None
        os.kill(os.getpid(), signal.SIGINT)
        assert stop.signal == signal.SIGINT
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)


def test_handlers_are_put_back() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with interruptible():
        assert signal.getsignal(signal.SIGTERM) is not before
    assert signal.getsignal(signal.SIGTERM) is before
