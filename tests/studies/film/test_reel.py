"""The folder of a film."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from stx.errors import UserError
from stx.pictures import clip
from stx.studies.film import reel
from stx.studies.film.reel import Reel


@pytest.fixture
def source(tmp_path: Path) -> clip.Film:
    (tmp_path / "shots").mkdir()
    for number, colour in enumerate(("red", "green"), start=1):
        Image.new("RGB", (32, 24), colour).save(tmp_path / "shots" / f"{number}.png")
    return clip.read(str(tmp_path / "shots"), Fraction(25))


def test_a_folder_is_taken_up_by_its_own_film_alone(source: clip.Film, tmp_path: Path) -> None:
    place = Reel(tmp_path / "out")
    reel.refuse_another(place.folder, "a")
    place.folder.mkdir()
    reel.record(place, "a", source, (32, 24), "stx film")
    reel.refuse_another(place.folder, "a")
    with pytest.raises(UserError, match="it holds another film"):
        reel.refuse_another(place.folder, "b")
    (place.folder / "film.json").write_text("{")
    with pytest.raises(UserError, match="damaged"):
        reel.refuse_another(place.folder, "a")
    (place.folder / "film.json").write_text('{"format": 9}')
    with pytest.raises(UserError, match="another version of stx"):
        reel.refuse_another(place.folder, "a")
    (place.folder / "film.json").unlink()
    (place.folder / "frames").mkdir()
    with pytest.raises(UserError, match="would be written over"):
        reel.refuse_another(place.folder, "a")


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
