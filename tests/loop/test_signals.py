"""The first signal asks, the second one ends."""

import os
import signal
import threading

import pytest

from stx.loop.signals import interruptible, raising


def test_the_first_ctrl_c_only_asks_and_the_second_interrupts() -> None:
    with interruptible() as stop:
        assert stop.signal is None
        os.kill(os.getpid(), signal.SIGINT)
        assert stop.signal == signal.SIGINT
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)


def test_the_second_ctrl_c_lets_things_be_cleared_away_where_the_first_would_have_left_at_once() -> None:
    before = signal.signal(signal.SIGINT, lambda *_: pytest.fail("left at once"))
    try:
        with interruptible():
            os.kill(os.getpid(), signal.SIGINT)
            with pytest.raises(KeyboardInterrupt):
                os.kill(os.getpid(), signal.SIGINT)
    finally:
        signal.signal(signal.SIGINT, before)


def test_handlers_are_put_back() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with interruptible():
        assert signal.getsignal(signal.SIGTERM) is not before
    assert signal.getsignal(signal.SIGTERM) is before


def test_from_the_first_one_on_a_signal_does_what_it_did() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with interruptible():
        os.kill(os.getpid(), signal.SIGINT)
        assert signal.getsignal(signal.SIGTERM) is before


def test_in_another_thread_signals_stay_as_they_are() -> None:
    before, seen = signal.getsignal(signal.SIGINT), []

    def work() -> None:
        with interruptible() as stop:
            seen.append((stop.signal, signal.getsignal(signal.SIGINT)))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [(None, before)]


def test_what_nobody_need_wait_for_is_cut_off_by_the_first_signal() -> None:
    reached = []
    with interruptible() as stop:
        with stop.at_once():
            os.kill(os.getpid(), signal.SIGTERM)
            reached.append("behind")
        assert (reached, stop.signal) == ([], signal.SIGTERM)


def test_what_is_interrupted_by_something_else_than_a_signal_is_not_swallowed() -> None:
    with pytest.raises(KeyboardInterrupt), interruptible() as stop, stop.at_once():
        raise KeyboardInterrupt


def test_behind_what_nobody_need_wait_for_the_first_signal_only_asks_again() -> None:
    with interruptible() as stop:
        with stop.at_once():
            pass
        os.kill(os.getpid(), signal.SIGTERM)
        assert stop.signal == signal.SIGTERM


def test_ctrl_c_raises_within_a_block_whatever_it_does_around_it() -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with pytest.raises(KeyboardInterrupt), raising():
            os.kill(os.getpid(), signal.SIGINT)
        assert signal.getsignal(signal.SIGINT) == signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)


def test_in_another_thread_a_block_that_would_raise_changes_nothing() -> None:
    before, seen = signal.getsignal(signal.SIGINT), []

    def work() -> None:
        with raising():
            seen.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [before]
