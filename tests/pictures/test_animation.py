"""Films, read back frame by frame by Pillow and FFmpeg."""

import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageSequence

from stx.errors import UserError
from stx.pictures import animation

SIZE = (64, 48)
COLOURS = [(250, 10, 10), (10, 250, 10), (10, 10, 250), (120, 120, 120), (240, 200, 40)]


def stills(folder: Path) -> list[Path]:
    paths = [folder / f"{number}.png" for number in range(len(COLOURS))]
    for path, colour in zip(paths, COLOURS, strict=True):
        Image.new("RGB", SIZE, colour).save(path)
    return paths


@pytest.mark.parametrize("kind", ["gif", "webp"])
def test_every_picture_is_in_the_film_in_order_and_the_last_is_held(tmp_path: Path, kind: str) -> None:
    path = tmp_path / f"film.{kind}"
    animation.write(path, stills(tmp_path), SIZE, b"made by me")
    with Image.open(path) as film:
        frames = [
            (np.asarray(frame.convert("RGB"), int), frame.info["duration"]) for frame in ImageSequence.Iterator(film)
        ]
        assert film.info["loop"] == 0
    assert [duration for _, duration in frames] == [50, 50, 50, 50, 1500]
    for (pixels, _), colour in zip(frames, COLOURS, strict=True):
        assert pixels.shape == (48, 64, 3)
        assert np.abs(pixels - colour).max() <= 12
    assert b"made by me" in path.read_bytes()


def test_a_film_in_mp4_has_the_same_pictures_in_the_same_colours(tmp_path: Path) -> None:
    av = pytest.importorskip("av", reason="PyAV (stx[video]) is not installed")
    animation.write(tmp_path / "film.mp4", stills(tmp_path), SIZE, b"made by me")
    with av.open(str(tmp_path / "film.mp4")) as film:
        frames = [frame.to_ndarray(format="rgb24").astype(int) for frame in film.decode(video=0)]
        assert film.streams.video[0].average_rate == 20
    assert len(frames) == 5 + 29  # the last for a second and a half
    for pixels, colour in zip(frames, [*COLOURS, *[COLOURS[-1]] * 29], strict=True):
        assert np.abs(pixels - colour).max() <= 12
    assert b"made by me" in (tmp_path / "film.mp4").read_bytes()


def test_pictures_of_another_size_are_made_to_fit(tmp_path: Path) -> None:
    paths = stills(tmp_path)
    Image.new("RGB", (20, 20), COLOURS[1]).save(paths[1])
    animation.write(tmp_path / "film.gif", paths, SIZE, b"")
    with Image.open(tmp_path / "film.gif") as film:
        assert (film.size, film.n_frames) == (SIZE, 5)


@pytest.mark.parametrize(
    ("size", "kind", "expected"),
    [
        ((511, 341), "mp4", (512, 340)),
        ((2000, 1000), "mp4", (1280, 640)),
        ((1000, 2000), "gif", (320, 640)),
        ((40, 1), "webp", (40, 2)),
    ],
)
def test_sides_are_even_and_not_too_large(size: tuple[int, int], kind: str, expected: tuple[int, int]) -> None:
    assert animation.film_size(size, kind) == expected


def test_without_pyav_an_mp4_is_refused_with_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(UserError, match=r"pip install 'stx\[video\]'; gif and webp need nothing"):
        animation.refuse_missing("mp4")
    animation.refuse_missing("gif")
