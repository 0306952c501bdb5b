"""Films of runs: which pictures are in them, also of one that was stopped on the way."""

import shutil
import signal
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image, ImageSequence

from conftest import TINY
from stx.config.compose import composition
from stx.errors import Stopped
from stx.loop.listener import Start
from stx.runs import delivery, identity
from stx.runs.files import FRAMES, OUTPUT
from stx.runs.job import Job
from stx.runs.make import run
from stx.runs.resume import job as resumed
from stx.runs.timelapse import MOST, Timelapse, room


def begun(grey: float, done: int) -> Start:
    return Start(None, torch.full((3, 12, 16), grey), done, False, lambda picture: 1 - picture)  # type: ignore[arg-type]


def greys(film: Path) -> list[int]:
    with Image.open(film) as opened:
        return [frame.convert("L").getpixel((3, 3)) for frame in ImageSequence.Iterator(opened)]  # type: ignore[misc]


def test_a_film_is_the_start_the_pictures_along_the_way_and_the_last_finished_and_at_their_size(tmp_path: Path) -> None:
    film = Timelapse(tmp_path / FRAMES, tmp_path / "film.webp", (32, 24), steps=3)
    assert film.every == 1
    film.begun(begun(1.0, 0))
    for step, grey in enumerate((0.8, 0.6, 0.4), start=1):
        film.picture(torch.full((3, 12, 16), grey), step)
    film.begun(begun(0.0, 3))  # the next level's image is none of its own
    film.make(torch.full((3, 24, 32), 0.1), 4)
    assert greys(tmp_path / "film.webp") == pytest.approx([0, 51, 102, 153, 230], abs=3)
    assert {path.name for path in tmp_path.iterdir()} == {"film.webp", FRAMES}
    with Image.open(tmp_path / "film.webp") as opened:
        assert opened.size == (32, 24)


@pytest.mark.parametrize("steps", [1, 99, 100, 101, 150, 500, 2000])
def test_there_are_about_a_hundred_pictures_and_one_for_each_step_of_a_short_run(steps: int) -> None:
    every = Timelapse(Path(), Path("film.gif"), (32, 24), steps).every
    assert steps // every <= MOST
    assert steps < 100 or steps // every >= 50


def test_room_on_disk_is_what_the_pictures_take_at_most(tmp_path: Path) -> None:
    generator = torch.Generator().manual_seed(0)
    film = Timelapse(tmp_path / FRAMES, tmp_path / "film.gif", (320, 240), steps=4)
    for step in range(5):
        film.picture(torch.rand(3, 240, 320, generator=generator), step)  # the worst that there is
    taken = sum(path.stat().st_size for path in (tmp_path / FRAMES).iterdir())
    film.make(torch.rand(3, 240, 320, generator=generator), 4)
    assert 0.2 * room((320, 240), 4, "gif") < taken + (tmp_path / "film.gif").stat().st_size
    assert taken + (tmp_path / "film.gif").stat().st_size < 2 * room((320, 240), 4, "gif")


def test_where_a_film_cannot_be_written_its_pictures_are_kept_and_named(tmp_path: Path) -> None:
    film = Timelapse(tmp_path / FRAMES, tmp_path / "gone" / "film.gif", (32, 24), steps=3)
    with pytest.raises(Stopped, match=r"cannot write .*film\.gif: No such file.*\nthe film's pictures: .*frames"):
        film.make(torch.zeros(3, 24, 32), 3)
    assert len(list((tmp_path / FRAMES).iterdir())) == 1


def job(folder: Path, *others: str) -> Job:
    typed = [*TINY, "tracking=none", "optim=adam", "optim.steps=6", "guard.checkpoint_every=1", *others]
    config, choices, overrides = composition(typed)
    return Job(config, folder, choices, overrides, quiet=True)


def test_a_run_that_was_stopped_goes_on_to_the_film_of_one_that_was_not_and_no_pixel_hangs_on_a_film(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    whole = run(job(tmp_path / "whole", "output.timelapse=webp"))
    plain = run(job(tmp_path / "plain"))

    class Stopping(Timelapse):
        def picture(self, picture: torch.Tensor, step: int) -> None:
            super().picture(picture, step)
            if step == 3:
                signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(delivery, "Timelapse", Stopping)
    with pytest.raises(SystemExit):
        run(job(tmp_path / "halves", "output.timelapse=webp"))
    monkeypatch.setattr(delivery, "Timelapse", Timelapse)
    halves = tmp_path / "halves"
    kept = sorted(path.name for path in (halves / FRAMES).iterdir())
    assert kept[:4] == [f"{step:09d}.jpg" for step in range(4)]
    assert not (halves / "timelapse.webp").exists()
    run(resumed(str(halves), [], {})._replace(quiet=True))
    assert (halves / "timelapse.webp").read_bytes() == (whole.picture.parent / "timelapse.webp").read_bytes()
    with Image.open(halves / "timelapse.webp") as film:
        assert film.n_frames == 7
    for one in (plain.picture, halves / OUTPUT):
        np.testing.assert_array_equal(np.asarray(Image.open(one)), np.asarray(Image.open(whole.picture)))
    record = identity.read(halves)
    assert record
    assert record.outcome == "finished"


def test_the_film_of_a_run_that_was_finished_and_takes_more_steps_begins_at_its_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.chdir(tmp_path)
    run(job(tmp_path / "longer", "output.timelapse=webp"))
    run(resumed(str(tmp_path / "longer"), ["optim.steps=8"], {})._replace(quiet=True))
    with Image.open(tmp_path / "longer" / "timelapse.webp") as film:
        assert film.n_frames == 9
    shutil.rmtree(tmp_path / "longer" / FRAMES)
    run(resumed(str(tmp_path / "longer"), ["optim.steps=9"], {})._replace(quiet=True))
    assert "there are no pictures from before; the film begins after step 8" in caplog.text


def test_where_steps_are_added_the_pictures_from_before_are_in_the_film_as_densely_as_those_that_follow(
    tmp_path: Path,
) -> None:
    for before, after, kept in ((180, 250, 61), (500, 501, 84), (90, 180, 46)):
        frames = tmp_path / f"{before}"
        first, longer = (Timelapse(frames, tmp_path / "film.gif", (32, 24), steps) for steps in (before, after))
        for step in [*range(0, before, first.every), before]:
            first.picture(torch.zeros(3, 24, 32), step)
        steps = [int(path.stem) for path in longer.chosen(before + 1)]
        assert steps == sorted(set(steps))
        assert (steps[0], steps[-1]) == (0, before + 1)
        assert len(steps) - 1 == kept
