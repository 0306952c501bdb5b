"""What of a film is otherwise in another one, in words."""

from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from stx.pictures import clip
from stx.studies.film import options
from stx.studies.film.frames import plan
from stx.studies.film.identity import differences

SETTINGS = ("model=vgg19_random", "image_size.long_side=32", "optim.steps=4", "tracking=none")


@pytest.fixture
def shots(tmp_path: Path) -> Path:
    folder = tmp_path / "shots"
    folder.mkdir()
    for number, colour in enumerate(("red", "green", "blue"), start=1):
        Image.new("RGB", (64, 48), colour).save(folder / f"{number}.png")
    return folder


def parts(shots: Path, *typed: str, **own: str) -> dict[str, Any]:
    film = clip.read(str(shots), Fraction(25))
    return plan(film, options.read(own), [*SETTINGS, *typed], shots.parent / "out").identity.parts


@pytest.mark.parametrize(
    ("typed", "own", "said"),
    [
        (["optim.steps=6"], {}, "optim.steps=4 -> 6"),
        (["style=mosaic"], {}, "style=swirls -> mosaic"),
        (["temporal.weight=10"], {}, "temporal.weight=3 -> 10"),
        (["prior=none", "seed=1"], {"steps": "7", "cut": "0.5"}, "steps=60 -> 7"),
    ],
)
def test_options_that_differ_are_named_with_what_they_were(
    shots: Path, typed: list[str], own: dict[str, str], said: str
) -> None:
    assert said in differences(parts(shots), parts(shots, *typed, **own))


def test_of_many_differences_some_are_named(shots: Path) -> None:
    said = differences(parts(shots), parts(shots, "seed=1", "optim.steps=6", steps="7", cut="0.5"))
    assert said.count(" -> ") == 3
    assert said.endswith(" and 1 more")


def test_frames_and_pictures_that_differ_are_named(shots: Path) -> None:
    painting = shots.parent / "painting.png"
    Image.new("RGB", (64, 64), "red").save(painting)
    before = parts(shots, f"style={painting}")
    Image.new("RGB", (64, 64), "blue").save(painting)
    assert differences(before, parts(shots, f"style={painting}")) == f"style={painting} is another file"
    before = parts(shots)
    Image.new("RGB", (64, 48), "white").save(shots / "2.png")
    for number in (4, 5):
        Image.new("RGB", (64, 48), "white").save(shots / f"{number}.png")
    assert differences(before, parts(shots)) == "frame 2.png is changed, 2 frames (4.png to 5.png) are new"
    (shots / "1.png").unlink()
    assert "frame 1.png is gone" in differences(before, parts(shots))


def test_another_file_is_another_film() -> None:
    one, other = ({"shots": {name: name}, "files": {}} for name in ("a.mp4", "b.mp4"))
    assert differences(one, other) == "film=a.mp4 -> b.mp4"
