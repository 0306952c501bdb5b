"""The reader of the loop: batches, values that are not finite, the picture to keep."""

from collections.abc import Iterator, Sequence
from typing import Any

import pytest
import torch
from torch import Tensor

from stx.loop import record as module
from stx.loop.checkpoint import Checkpoint
from stx.loop.listener import Event, Listener, Outcome, Row
from stx.loop.record import Before, Rules, record
from stx.loop.signals import Stop
from stx.loop.steps import Step

NAMES = ("peak/conv1_1", "style_magnitude/conv1_1", "loss/content", "style_loss/conv1_1", "loss/style", "loss/total")


def steps(count: int, broken: dict[int, str] | None = None) -> Iterator[Step]:
    """A loop whose image after step n is n everywhere; `broken` has scalars that are not finite by step."""
    last_finite = torch.zeros(3, 2, 2)
    for number in range(1, count + 1):
        values = torch.arange(len(NAMES), dtype=torch.float64) + number
        if broken and number in broken:
            values[NAMES.index(broken[number])] = float("nan")
        else:
            last_finite = torch.full((3, 2, 2), float(number - 1))
        yield Step(number, NAMES, values, torch.full((3, 2, 2), float(number)), last_finite, False)


class Notes(Listener):
    """All that was told, by kind."""

    def __init__(self, every: int = 0):
        self.every = every
        self.batches: list[list[Row]] = []
        self.pictures: list[int] = []
        self.kept_pictures: list[float] = []
        self.seen_pictures: list[tuple[int, float]] = []
        self.states: list[Checkpoint] = []
        self.events: list[list[Event]] = []

    @property
    def all_rows(self) -> list[Row]:
        return [row for rows in self.batches for row in rows]

    def rows(self, rows: list[Row]) -> None:
        self.batches.append(rows)

    def picture(self, picture: Tensor, step: int) -> None:
        self.pictures.append(step)

    def kept(self, picture: Tensor) -> None:
        self.kept_pictures.append(float(picture.mean()))

    def seen(self, picture: Tensor, step: int) -> None:
        self.seen_pictures.append((step, float(picture.mean())))

    def state(self, state: Checkpoint) -> None:
        self.states.append(state)

    def happened(self, events: Sequence[Event]) -> None:
        self.events.append(list(events))


BLANK = torch.zeros(3, 2, 2)


def collect(
    loop: Iterator[Step], every: int = 0, stop: Stop | None = None, notes: Notes | None = None, **changes: Any
) -> tuple[Outcome, Notes]:
    def snapshot(step: Step, events: list[Event], lowest: list[float]) -> Checkpoint:
        return Checkpoint.start(step.image)._replace(step=step.number, lowest=lowest)

    notes = notes or Notes(every)
    before = Before(0, BLANK, BLANK, [], [])
    rules = Rules(save_every=0, stop_at=None, on_nan="stop")
    before = before._replace(**{name: value for name, value in changes.items() if name in before._fields})
    rules = rules._replace(**{name: value for name, value in changes.items() if name in rules._fields})
    return record(loop, before, rules, [notes], snapshot, stop or Stop()), notes


def test_every_step_becomes_one_row_with_its_own_values() -> None:
    outcome, notes = collect(steps(120))
    assert outcome.status == "finished"
    assert outcome.steps == 120
    assert float(outcome.picture.mean()) == 120
    assert [row.step for row in notes.all_rows] == list(range(1, 121))
    assert all(row.values["loss/total"] == row.step + 5 for row in notes.all_rows)
    assert all(row.values["nan/events"] == 0 and row.values["time/step_ms"] >= 0 for row in notes.all_rows)
    assert not any(name.startswith("peak/") for name in notes.all_rows[0].values)


def test_scalars_are_read_in_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_SECONDS", 1e9)
    assert [len(rows) for rows in collect(steps(120))[1].batches] == [50, 50, 20]


def test_pictures_come_every_so_many_steps() -> None:
    assert collect(steps(10), every=3)[1].pictures == [3, 6, 9]
    assert collect(steps(3), every=1)[1].pictures == [1, 2, 3]
    assert collect(steps(10), every=0)[1].pictures == []


def slow_steps(count: int, seconds: float, monkeypatch: pytest.MonkeyPatch) -> Iterator[Step]:
    """Steps that take so long by a clock that they alone move."""
    clock = [0.0]
    monkeypatch.setattr(module.time, "monotonic", lambda: clock[0])

    def loop() -> Iterator[Step]:
        for step in steps(count):
            clock[0] += seconds
            yield step

    return loop()


def test_scalars_are_read_once_a_second_with_the_time_that_a_step_took(monkeypatch: pytest.MonkeyPatch) -> None:
    _, notes = collect(slow_steps(10, 0.25, monkeypatch))
    assert [len(rows) for rows in notes.batches] == [4, 4, 2]
    assert {row.values["time/step_ms"] for row in notes.all_rows} == {250}


def test_the_newest_finite_picture_can_be_seen_behind_every_batch_until_one_breaks_off() -> None:
    assert collect(steps(120))[1].seen_pictures == [(50, 49), (100, 99), (120, 119)]
    assert collect(steps(120, {70: "loss/style"}))[1].seen_pictures == [(50, 49)]


def test_the_newest_finite_picture_is_kept_every_five_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    assert collect(slow_steps(6, 2.5, monkeypatch))[1].kept_pictures == [1, 3, 5]


@pytest.mark.parametrize(
    ("scalar", "words"),
    [
        ("peak/conv1_1", "features at conv1_1"),
        ("style_magnitude/conv1_1", "style statistic at conv1_1"),
        ("style_loss/conv1_1", "style loss at conv1_1"),
        ("loss/content", "loss content"),
    ],
)
def test_a_broken_value_stops_the_run_and_is_named(scalar: str, words: str) -> None:
    outcome, notes = collect(steps(200, dict.fromkeys(range(60, 201), scalar)))
    assert outcome.status == "diverged"
    assert outcome.event == f"step 60: {words}"
    assert float(outcome.picture.mean()) == 58  # the image that step 59 started from is the last known to be good
    assert notes.all_rows[-1].step == 60
    assert notes.all_rows[-1].values["nan/events"] == 1


def test_a_trial_that_the_optimiser_took_back_is_no_event() -> None:
    outcome, _ = collect(step._replace(taken_back=True) for step in steps(20, {5: "loss/total"}))
    assert outcome.status == "finished"
    assert outcome.event is None


def test_what_was_measured_before_the_loop_failed_is_handed_on() -> None:
    def fails() -> Iterator[Step]:
        yield from steps(7)
        raise ZeroDivisionError

    notes = Notes()
    with pytest.raises(ZeroDivisionError):
        collect(fails(), notes=notes)
    assert [row.step for row in notes.all_rows] == list(range(1, 8))


def test_continue_goes_on_and_counts_every_event() -> None:
    outcome, notes = collect(steps(200, {60: "loss/total", 90: "loss/total"}), on_nan="continue")
    assert outcome.status == "diverged"
    assert outcome.event == "step 60: loss total"
    assert [row.step for row in notes.all_rows] == list(range(1, 201))
    assert notes.all_rows[-1].values["nan/events"] == 2


def test_a_signal_ends_the_run_after_the_step_under_way() -> None:
    stop = Stop()

    def interrupted() -> Iterator[Step]:
        for step in steps(100):
            stop.signal = 15 if step.number == 7 else None
            yield step

    outcome, notes = collect(interrupted(), stop=stop, save_every=7, every=7)
    assert outcome.status == "interrupted"
    assert notes.pictures == [7]  # it is due, and a resumed run goes on with the next
    assert outcome.steps == notes.all_rows[-1].step == 7
    assert [state.step for state in notes.states] == [7]  # the signal came at a step whose state was due


def test_a_listener_that_has_enough_ends_the_run_behind_its_picture_with_a_state_of_that_step() -> None:
    class Enough(Notes):
        def picture(self, picture: Tensor, step: int) -> None:
            self.enough = step == 6

    outcome, notes = collect(steps(10), notes=Enough(every=3))
    assert (outcome.status, outcome.steps, float(outcome.picture.mean())) == ("pruned", 6, 6)
    assert [state.step for state in notes.states] == [6]


def test_states_are_saved_every_so_many_steps_and_at_the_end() -> None:
    _, notes = collect(steps(25), save_every=10)
    assert [state.step for state in notes.states] == [10, 20, 25]


def test_the_state_before_a_broken_value_stays() -> None:
    _, notes = collect(steps(40, dict.fromkeys(range(15, 41), "loss/total")), save_every=10)
    assert [state.step for state in notes.states] == [10]


def test_a_run_that_goes_on_counts_the_events_before_and_is_not_diverged_by_them() -> None:
    later = (step for step in steps(30) if step.number > 20)
    outcome, notes = collect(later, done=20, events=[[12, "loss total"]])
    assert (outcome.status, outcome.steps, outcome.event) == ("finished", 30, "step 12: loss total")
    assert [row.step for row in notes.all_rows] == list(range(21, 31))
    assert all(row.values["nan/events"] == 1 for row in notes.all_rows)


def test_a_run_with_nothing_left_to_do_ends_with_what_it_has() -> None:
    outcome, notes = collect(iter(()), done=7, newest=torch.ones(3, 2, 2))
    assert (outcome.status, outcome.steps, float(outcome.picture.mean()), notes.all_rows) == ("finished", 7, 1.0, [])
    stop = Stop()
    stop.signal = 15
    assert collect(iter(()), stop=stop, done=7)[0].status == "interrupted"


def test_a_loss_that_falls_no_more_ends_the_run_and_what_it_was_judged_by_is_saved() -> None:
    outcome, notes = collect(steps(400), stop_at=1e-3)  # losses that rise
    assert (outcome.status, outcome.steps, outcome.converged) == ("finished", 100, True)
    assert len(notes.all_rows) == 100
    assert [(state.step, state.lowest) for state in notes.states] == [(100, [6, 56])]


def test_a_run_that_goes_on_is_judged_by_what_it_had_before() -> None:
    loop = (step._replace(number=step.number + 50) for step in steps(400))
    outcome, _ = collect(loop, done=50, lowest=[6.0], stop_at=1e-3)
    assert (outcome.steps, outcome.converged) == (100, True)


def test_a_run_that_was_stopped_right_behind_its_convergence_takes_no_step_more() -> None:
    outcome, notes = collect(steps(400), done=100, lowest=[6.0, 56.0], stop_at=1e-3)
    assert (outcome.status, outcome.steps, outcome.converged, notes.all_rows) == ("finished", 100, True, [])


def test_events_are_told_as_they_come_with_those_before() -> None:
    later = (step for step in steps(200, {60: "loss/total", 90: "loss/total"}) if step.number > 20)
    _, notes = collect(later, done=20, events=[[12, "loss style"]], on_nan="continue")
    assert notes.events[-1] == [[12, "loss style"], [60, "loss total"], [90, "loss total"]]


@pytest.mark.parametrize("on_nan", ["stop", "raise", "backoff", "continue"])
def test_a_run_that_was_interrupted_is_never_finished_under_any_policy(on_nan: str) -> None:
    stop = Stop()

    def interrupted() -> Iterator[Step]:
        for step in steps(100):
            stop.signal = 15 if step.number == 40 else None
            yield step

    outcome, _ = collect(interrupted(), stop=stop, on_nan=on_nan, events=[[12, "loss style"]])
    assert (outcome.status, outcome.stopped, outcome.diverged) == ("interrupted", True, on_nan == "continue")


def test_the_state_is_saved_before_the_pictures_of_the_step_at_which_a_run_is_stopped() -> None:
    """A second Ctrl-C, or a SIGKILL, may come while they are measured."""
    stop = Stop()

    class Interrupted(Notes):
        def picture(self, picture: Tensor, step: int) -> None:
            raise KeyboardInterrupt

    def interrupted() -> Iterator[Step]:
        for step in steps(9):
            stop.signal = 2 if step.number == 7 else None
            yield step

    notes = Interrupted(every=7)
    with pytest.raises(KeyboardInterrupt):
        collect(interrupted(), stop=stop, notes=notes)
    assert [state.step for state in notes.states] == [7]


def test_a_listener_that_has_enough_at_the_step_of_a_signal_has_its_way() -> None:
    stop = Stop()

    class Enough(Notes):
        def picture(self, picture: Tensor, step: int) -> None:
            self.enough = True
            stop.signal = 15

    outcome, _ = collect(steps(10), stop=stop, notes=Enough(every=3))
    assert (outcome.status, outcome.steps) == ("pruned", 3)
