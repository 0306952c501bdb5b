"""The command as a user types it: frames in, frames and a film out, going on, and what its run in the store has."""

import json
import signal
import time
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import mlflow
import numpy as np
import pytest
from PIL import Image

from conftest import SHALLOW, Command, Started, command
from stx.film import left
from stx.pictures import animation, clip, images

pytest.importorskip("cv2", reason="OpenCV (stx[video]) is not installed")
RATE = Fraction(30000, 1001)
TYPED = ("model=vgg19_random", "image_size.long_side=32", "optim.steps=3", "steps=2", "alone=2", *SHALLOW)


def panned(count: int, source: str = "china") -> list[Image.Image]:
    """A camera that moves by two pixels of 32 a frame."""
    photograph = images.load(source).resize((96, 64), Image.Resampling.LANCZOS)
    return [photograph.crop((4 * number, 4, 4 * number + 64, 52)) for number in range(count)]


def folder(path: Path, pictures: list[Image.Image]) -> None:
    path.mkdir()
    for number, picture in enumerate(pictures, start=1):
        picture.save(path / f"{number}.png")


def pixels(path: Path) -> list[bytes]:
    return [images.load(str(each)).tobytes() for each in sorted((path / "frames").glob("*.png"))]


@pytest.mark.usefixtures("stx")  # for its store
def test_a_film_becomes_frames_a_film_a_report_and_one_run_in_the_store(tmp_path: Path) -> None:
    animation.write_mp4(tmp_path / "clip.mp4", panned(4), (64, 48), RATE, "")
    typed = ("film", "film=clip.mp4", *TYPED)
    done = command(tmp_path, *typed)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "outputs/film-clip/film.mp4\n"
    opening, *lines = [line for line in done.stderr.splitlines() if line.startswith(("clip.mp4: ", "1/", "4/"))]
    assert len([line for line in done.stderr.splitlines() if line.startswith("frame 2 by itself")]) == 1
    assert opening == "clip.mp4: 4 frames, 32 x 24; 3 steps for the first, 2 for each of the others; outputs/film-clip"
    assert ["left" in line for line in lines] == [True, True]  # behind the last one, one by itself
    place = tmp_path / "outputs" / "film-clip"
    film = clip.read(str(place / "film.mp4"), Fraction(1))
    assert (film.size, film.length, film.rate) == ((32, 24), 4, RATE)
    shown = [np.asarray(frame, int).ravel() for frame in clip.frames(film, film.size)]
    kept = [np.frombuffer(frame, np.uint8) for frame in pixels(place)]
    apart = [[np.abs(one - other).mean() for other in kept] for one in shown]
    assert [row.index(min(row)) for row in apart] == [0, 1, 2, 3]
    assert max(row[number] for number, row in enumerate(apart)) < 10  # of small strokes; smooth frames come within 6

    said = json.loads((place / "report" / "film.json").read_text())
    assert [frame["number"] for frame in said["frames"]] == [1, 2, 3, 4]
    assert [frame["anew"] for frame in said["frames"]] == [True, False, False, False]
    assert said["frames"][1]["alone"] > 0
    assert {"loss/content", "loss/style", "loss/temporal", "loss/total"} <= said["frames"][1]["losses"].keys()
    assert said["summary"]["alone"] > said["summary"]["beside"] > 0
    assert "by itself" in (place / "report" / "report.md").read_text()

    client = mlflow.MlflowClient(f"sqlite:///{tmp_path}/outputs/mlflow.db")
    experiment = client.get_experiment_by_name("stx")
    assert experiment
    (run,) = client.search_runs([experiment.experiment_id])
    history = client.get_metric_history(run.info.run_id, "flicker")
    assert {point.step: point.value for point in history} == {
        frame["number"]: pytest.approx(frame["flicker"]) for frame in said["frames"][1:]
    }
    assert run.info.status == "FINISHED"
    assert {"film.mp4", "report.html", "film.json"} <= {each.path for each in client.list_artifacts(run.info.run_id)}

    again = command(tmp_path, *typed)
    assert again.returncode == 0, again.stderr
    assert again.stderr.count("kept") == 4
    assert len(client.get_metric_history(run.info.run_id, "flicker")) == 3  # nothing twice
    assert len(client.search_runs([experiment.experiment_id])) == 1
    other = command(tmp_path, *typed, "steps=3")
    assert other.returncode == 2
    assert "it holds another film: steps=" in other.stderr


@pytest.mark.slow
def test_a_film_that_was_killed_goes_on_to_the_same_frames(tmp_path: Path, forkserver: None) -> None:
    folder(tmp_path / "shots", panned(4))
    typed = ("film", "film=shots", *TYPED, "alone=0", "tracking=none", "steps=20", "guard.checkpoint_every=2")
    assert command(tmp_path, *typed, "output=whole").returncode == 0
    broken = Started(tmp_path, *typed, "output=broken")
    while not (tmp_path / "broken" / "runs" / "000003" / "checkpoint.pt").exists():
        time.sleep(0.01)
    broken.send_signal(signal.SIGKILL)
    broken.ended()
    assert len(pixels(tmp_path / "broken")) == 2
    done = command(tmp_path, *typed, "output=broken")
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("kept") == 2
    assert pixels(tmp_path / "broken") == pixels(tmp_path / "whole")


def test_a_film_that_is_interrupted_says_how_to_go_on(tmp_path: Path, forkserver: None) -> None:
    folder(tmp_path / "shots", panned(3))
    typed = ("film", "film=shots", *TYPED, "tracking=none", "steps=2000", "optim.stop_at=null")
    started = Started(tmp_path, *typed)
    while not (tmp_path / "outputs" / "film-shots" / "runs" / "000002" / "losses.csv").exists():
        time.sleep(0.02)
    started.send_signal(signal.SIGINT)
    done = started.ended()
    assert done.returncode == 130
    said = "stx: interrupted; the same command goes on from here, and the frames so far are kept"
    assert [line for line in done.stderr.splitlines() if "interrupted" in line] == [said]
    assert len(pixels(tmp_path / "outputs" / "film-shots")) == 1


def test_a_new_scene_begins_from_the_frame_itself_and_is_said(stx: Command, tmp_path: Path) -> None:
    folder(tmp_path / "shots", [*panned(2), *panned(2, "flower")])
    done = command(tmp_path, "film", "film=shots", *TYPED, "alone=0", "tracking=none", "cut=0.5", "output=out")
    assert done.returncode == 0, done.stderr
    assert "3/4 finished, a new scene: " in done.stderr
    said = json.loads((tmp_path / "out" / "report" / "film.json").read_text())
    assert [frame["anew"] for frame in said["frames"]] == [True, False, True, False]
    assert said["frames"][2]["drift"] == 0
    assert not (tmp_path / "out" / "inputs" / "000003").exists()
    assert "a new scene begins with frame 3" in (tmp_path / "out" / "report" / "report.md").read_text()


def test_a_frame_that_fails_ends_the_film_with_its_number_and_is_tried_again(tmp_path: Path, forkserver: None) -> None:
    folder(tmp_path / "shots", panned(2))
    typed = ("film", "film=shots", *TYPED, "alone=0", "tracking=none", "output=out")
    started = Started(tmp_path, *typed)
    while not (tmp_path / "out" / "runs" / "000001").exists():
        time.sleep(0.001)
    taken = tmp_path / "out" / "runs" / "000002"
    taken.mkdir()
    (taken / "losses.csv").write_text("somebody's\n")
    failed = started.ended()
    assert failed.returncode == 1
    assert "stx: frame 2: " in failed.stderr
    assert "would be overwritten" in failed.stderr
    assert "the same command continues from there" in failed.stderr
    (taken / "losses.csv").unlink()
    assert command(tmp_path, *typed).returncode == 0


def test_the_time_left_counts_the_other_frames_and_those_made_by_themselves() -> None:
    def said(number: int, taken: float, alone: int = 4, kept: bool = False, anew: bool = False) -> str:
        frame: Any = SimpleNamespace(number=number, kept=kept, anew=anew)
        plan: Any = SimpleNamespace(
            film=SimpleNamespace(length=5),
            config=SimpleNamespace(optim=SimpleNamespace(steps=180)),
            options=SimpleNamespace(steps=60, alone=alone),
        )
        return left(frame, taken, plan)

    assert said(1, 18.0, anew=True) == ", about 78 s left"  # .1 s a step: four frames of 60, three of 180
    assert said(4, 6.0) == ", about 60 s left"
    assert said(5, 6.0, alone=1) == said(2, 0.1, kept=True) == ""
