"""The folder of a film."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from stx.errors import UserError
from stx.pictures import clip
from stx.studies.film import reel
from stx.studies.film.identity import Identity
from stx.studies.film.reel import Reel


@pytest.fixture
def source(tmp_path: Path) -> clip.Film:
    (tmp_path / "shots").mkdir()
    for number, colour in enumerate(("red", "green"), start=1):
        Image.new("RGB", (32, 24), colour).save(tmp_path / "shots" / f"{number}.png")
    return clip.read(str(tmp_path / "shots"), Fraction(25))


def identity(digest: str, **more: object) -> Identity:
    return Identity(digest, {"shots": {}, "files": {}, **more})


def test_a_folder_is_taken_up_by_its_own_film_alone(source: clip.Film, tmp_path: Path) -> None:
    place = Reel(tmp_path / "out")
    reel.refuse_another(place.folder, identity("a"))
    place.folder.mkdir()
    reel.record(place, identity("a", steps=4), source, (32, 24), "stx film")
    reel.refuse_another(place.folder, identity("a"))
    with pytest.raises(UserError, match=r"it holds another film: steps=4 -> 6\nundo that, or name"):
        reel.refuse_another(place.folder, identity("b", steps=6))
    (place.folder / "film.json").write_text("{")
    with pytest.raises(UserError, match="damaged"):
        reel.refuse_another(place.folder, identity("a"))
    (place.folder / "film.json").write_text('{"format": 9}')
    with pytest.raises(UserError, match="another version of stx"):
        reel.refuse_another(place.folder, identity("a"))


def test_nothing_is_put_among_files_of_somebody_s(source: clip.Film, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"shots: that folder has other files in it \(1\.png, 2\.png\); name one that"):
        reel.refuse_another(tmp_path / "shots", identity("a"))  # the film's own source
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / ".lock").touch()  # of a film that was cut off at once
    reel.refuse_another(tmp_path / "empty", identity("a"))


def test_the_mp4_has_the_frames_in_their_order_and_colours(tmp_path: Path) -> None:
    down, right = np.mgrid[0:48, 0:64]
    ramps = [np.stack([4 * right, 5 * down, np.full_like(down, 40 * number)], 2) for number in range(1, 6)]
    place, film = Reel(tmp_path), clip.Film("shots", (), (64, 48), 5, Fraction(24000, 1001))
    (tmp_path / "frames").mkdir()
    for number, ramp in enumerate(ramps, start=1):
        Image.fromarray(ramp.astype(np.uint8)).save(place.frame(number))
    made = clip.read(str(reel.join(place, film, film.size)), Fraction(1))
    assert (made.length, made.rate, made.size) == (5, film.rate, film.size)
    for number, frame in enumerate(clip.frames(made, made.size)):
        apart = [float(np.abs(np.asarray(frame, int) - ramp).mean()) for ramp in ramps]
        assert apart[number] == min(apart) < 6


def test_frames_that_are_there_stay_and_others_come(source: clip.Film, tmp_path: Path) -> None:
    place = Reel(tmp_path / "out")
    place.folder.mkdir()
    reel.unreel(place, source, (16, 12))
    Image.new("RGB", (16, 12), "blue").save(place.source(1))
    place.source(2).unlink()
    reel.unreel(place, source, (16, 12))
    assert [reel.opened(place.source(each)).getpixel((0, 0)) for each in (1, 2)] == [(0, 0, 255), (0, 128, 0)]
