"""What is asked again, and what is not."""

import pytest

from stx.runs.tracking import patient
from stx.runs.tracking.patient import Patient


class Client:
    where = "here"

    def __init__(self, *errors: Exception):
        self.errors, self.asked = list(errors), 0

    def get_run(self, run_id: str, *, whole: bool = False) -> str:
        self.asked += 1
        if self.errors:
            raise self.errors.pop(0)
        return f"{run_id}{whole}"

    create_run = get_run


@pytest.fixture(autouse=True)
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """In place of sleep: how long it would have been, each time."""
    waited: list[float] = []
    monkeypatch.setattr(patient.time, "sleep", waited.append)
    return waited


def test_a_store_that_is_away_for_a_moment_is_asked_again() -> None:
    assert Patient(Client(ConnectionError(), TimeoutError())).get_run("a", whole=True) == "aTrue"
    assert Patient(Client()).where == "here"


def test_one_that_stays_away_is_an_error_and_so_is_at_once_what_asking_again_would_not_change() -> None:
    away, refused = Client(*(ConnectionError() for _ in range(9))), Client(ValueError())
    with pytest.raises(ConnectionError):
        Patient(away).get_run("a")
    with pytest.raises(ValueError):
        Patient(refused).get_run("a")
    assert (away.asked, refused.asked) == (5, 1)


def test_it_is_asked_again_for_some_seconds_ever_more_seldom(waits: list[float]) -> None:
    with pytest.raises(ConnectionError):
        Patient(Client(*(ConnectionError() for _ in range(9)))).get_run("a")
    assert waits == [0.5, 1, 2, 4]


def test_nothing_is_created_twice() -> None:
    client = Client(TimeoutError())
    with pytest.raises(TimeoutError):
        Patient(client).create_run("a")
    assert client.asked == 1
