"""Films that stopped somewhere, or have a frame without a good end."""

import shutil
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from conftest import SHALLOW
from stx.errors import Stopped
from stx.pictures import clip
from stx.studies.film import options, reel, work
from stx.studies.film.frames import Plan, plan
from stx.studies.film.reel import Reel
from stx.studies.film.work import Frame

pytest.importorskip("cv2", reason="OpenCV (stx[video]) is not installed")
TYPED = ("model=vgg19_random", "style=swirls", "image_size.long_side=32", "optim.steps=5", *SHALLOW)
EXPLODING = (*TYPED, "optim=lbfgs_plain", "optim.lr=1e30", "optim.pyramid=[]", "loss_weights=thesis")
LEFT = {
    "in the midst of the source": ["source/000003.png", "inputs", "runs", "frames"],
    "between what has moved and its mask": ["inputs/000003/mask.png", "inputs/000003/start.png", "runs/000003"],
    "between the mask and the start": ["inputs/000003/start.png", "runs/000003"],
    "before a run": ["runs/000003"],
    "between a run's end and its frame": [],
}
"""What is not there, beside the last frame and the film, where one was stopped."""


def film_of(folder: Path, pictures: list[np.ndarray], *typed: str) -> tuple[Plan, Reel]:
    (folder / "shots").mkdir()
    for number, pixels in enumerate(pictures, start=1):
        Image.fromarray(pixels).save(folder / "shots" / f"{number}.png")
    source = clip.read(str(folder / "shots"), Fraction(25))
    place = Reel(folder / "out")
    film = plan(source, options.read({"alone": "0", "steps": "3"}), typed, place.folder)
    place.folder.mkdir()
    return film, place


def finished(film: Plan, place: Reel) -> tuple[list[Frame], list[bytes], list[bytes]]:
    """What came of the frames, their pixels, and those of the MP4."""
    reel.unreel(place, film.film, film.size)
    rows = list(work.frames(film, place))
    joined = clip.read(str(reel.join(place, film.film, film.size)), Fraction(1))
    frames = [reel.opened(place.frame(row.number)).tobytes() for row in rows]
    return rows, frames, [frame.tobytes() for frame in clip.frames(joined, joined.size)]


def removed(path: Path) -> None:
    shutil.rmtree(path) if path.is_dir() else path.unlink()


def test_a_film_goes_on_from_wherever_it_was_stopped_to_the_same_frames(tmp_path: Path) -> None:
    wide = np.random.default_rng(0).integers(0, 256, (24, 40, 3), np.uint8)
    film, place = film_of(tmp_path, [wide[:, number : number + 32] for number in range(3)], *TYPED)
    _, frames, shown = finished(film, place)
    for where, names in LEFT.items():
        for name in names:
            removed(place.folder / name)
        place.frame(3).unlink(missing_ok=True)
        removed(place.folder / "film.mp4")
        rows, *again = finished(film, place)
        assert again == [frames, shown], where
        assert [row.kept for row in rows] == ([False] * 3 if "frames" in names else [True, True, False]), where
    removed(place.folder / "film.mp4")  # while it was joined
    (place.folder / ".0123.mp4").write_bytes(b"half of it")
    rows, *again = finished(film, place)
    assert again == [frames, shown]
    assert all(row.kept for row in rows)
    place.frame(2).write_bytes(place.frame(2).read_bytes()[:60])  # damaged by somebody
    rows, *again = finished(film, place)
    assert again == [frames, shown]
    assert [row.kept for row in rows] == [True, False, True]


@pytest.mark.parametrize("policy", ["stop", "raise"])
def test_a_frame_that_diverges_ends_the_film_where_that_is_asked_for(tmp_path: Path, policy: str) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (24, 32, 3), np.uint8)
    film, place = film_of(tmp_path, [pixels], *EXPLODING, f"guard.on_nan={policy}")
    reel.unreel(place, film.film, film.size)
    if policy == "stop":
        (frame,) = work.frames(film, place)
        assert frame.outcome == "diverged"
        return
    for _ in range(2):  # another try does not pass over it
        with pytest.raises(Stopped, match=r"frame 1: it has diverged, and guard\.on_nan=raise ends the film there"):
            list(work.frames(film, place))
    assert not place.frame(1).exists()
