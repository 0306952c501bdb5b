"""Films, from folders and files, as what writes them has them."""

import sys
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from stx.errors import UserError
from stx.pictures import animation, clip

pytest.importorskip("av", reason="PyAV (stx[video]) is not installed")
RATE, SIZE = Fraction(30000, 1001), (64, 48)
COLOURS = [(250, 10, 10), (10, 250, 10), (10, 10, 250), (120, 120, 120)]


def stills() -> list[Image.Image]:
    return [Image.new("RGB", SIZE, colour) for colour in COLOURS]


def refusal(source: Path) -> str:
    with pytest.raises(UserError) as caught:
        clip.read(str(source), RATE)
    return str(caught.value)


def test_a_file_has_the_frames_and_the_rate_that_it_was_written_with(tmp_path: Path) -> None:
    animation.write_mp4(tmp_path / "clip.mp4", stills(), SIZE, RATE, "")
    film = clip.read(str(tmp_path / "clip.mp4"), Fraction(1))
    assert (film.size, film.length, film.rate) == (SIZE, 4, RATE)
    for frame, colour in zip(clip.frames(film, (32, 24)), COLOURS, strict=True):
        assert frame.size == (32, 24)
        assert np.abs(np.asarray(frame, int) - colour).max() <= 12


def untagged(path: Path, size: tuple[int, int], space: int, transfer: int = 2) -> clip.Film:
    """A film of COLOURS in a colour space that it does not say."""
    import av

    with av.open(str(path), "w") as film:
        stream = film.add_stream("libx264", rate=25, options={"crf": "12", "preset": "ultrafast"})
        stream.width, stream.height, stream.pix_fmt = *size, "yuv420p"
        stream.codec_context.color_trc = transfer
        for colour in COLOURS:
            frame = av.VideoFrame.from_image(Image.new("RGB", size, colour))
            film.mux(stream.encode(frame.reformat(format="yuv420p", dst_colorspace=space, dst_color_range=1)))
        film.mux(stream.encode())
    return clip.read(str(path), RATE)


@pytest.mark.parametrize(("size", "space"), [((1280, 720), 1), ((704, 576), 5)])
def test_colours_that_a_file_does_not_say_are_those_that_players_take(
    tmp_path: Path, size: tuple[int, int], space: int
) -> None:
    film = untagged(tmp_path / "clip.mp4", size, space)
    with clip.decoded(film.source) as (_, each):
        assert next(each).colorspace == clip.UNTAGGED
    for frame, colour in zip(clip.frames(film, (16, 8)), COLOURS, strict=True):
        assert np.abs(np.asarray(frame, int) - colour).max() <= 12


@pytest.mark.parametrize(("transfer", "name"), [(16, "PQ"), (18, "HLG")])
def test_hdr_is_refused_by_name(tmp_path: Path, transfer: int, name: str) -> None:
    with pytest.raises(UserError, match=rf"it is HDR \({name}\), and stx has no tone mapping; convert it to SDR"):
        untagged(tmp_path / "clip.mp4", SIZE, 1, transfer)


def test_names_that_count_alike_have_one_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("f1.png", "f01.png", "f001.png"):
        Image.new("RGB", SIZE).save(tmp_path / name)
    names, listed = ["f001.png", "f01.png", "f1.png"], Path.iterdir
    for order in (False, True):
        monkeypatch.setattr(Path, "iterdir", lambda path, order=order: iter(sorted(listed(path), reverse=order)))
        assert [path.name for path in clip.read(str(tmp_path), RATE).pictures] == names


def test_a_folder_s_pictures_come_in_the_order_in_which_people_count(tmp_path: Path) -> None:
    for name, picture in zip(("shot10.png", "shot9.png", "shot100.png", "shot1.jpg"), stills(), strict=True):
        picture.save(tmp_path / name)
    (tmp_path / "notes.txt").write_text("no picture")
    (tmp_path / ".hidden.png").write_text("nor this")
    film = clip.read(str(tmp_path), RATE)
    assert [path.name for path in film.pictures] == ["shot1.jpg", "shot9.png", "shot10.png", "shot100.png"]
    assert (film.size, film.length, film.rate) == (SIZE, 4, RATE)
    assert [frame.getpixel((0, 0)) for frame in clip.frames(film, SIZE)][1:] == [COLOURS[1], COLOURS[0], COLOURS[2]]


def test_what_is_no_film_is_a_message_that_names_it(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "text.mp4").write_text("no film\n")
    animation.write_mp4(tmp_path / "clip.mp4", stills(), SIZE, RATE, "")
    Image.new("RGB", SIZE).save(tmp_path / "one.png")
    assert "there is no such film" in refusal(tmp_path / "none.mp4")
    assert "(did you mean clip.mp4?)" in refusal(tmp_path / "clap.mp4")
    assert "there is no picture in that folder" in refusal(tmp_path / "empty")
    assert "that is one picture" in refusal(tmp_path / "one.png")
    assert "FFmpeg cannot read it as a film, or it is damaged" in refusal(tmp_path / "text.mp4")


def test_a_film_that_was_cut_off_says_how_much_of_it_can_be_read(tmp_path: Path) -> None:
    generator = np.random.default_rng(0)
    noise = [Image.fromarray(generator.integers(0, 256, (48, 64, 3), np.uint8)) for _ in range(20)]
    animation.write_mp4(tmp_path / "clip.mp4", noise, SIZE, RATE, "")
    whole = (tmp_path / "clip.mp4").read_bytes()
    (tmp_path / "half.mp4").write_bytes(whole[: len(whole) // 2])
    with pytest.warns(UserWarning, match="it claims to have 20 frames, but only"):
        film = clip.read(str(tmp_path / "half.mp4"), RATE)
    assert 0 < film.length == len(list(clip.frames(film, SIZE))) < 20


def test_frames_of_two_sizes_are_refused_by_name(tmp_path: Path) -> None:
    Image.new("RGB", SIZE).save(tmp_path / "1.png")
    Image.new("RGB", (48, 64)).save(tmp_path / "2.png")
    Image.new("RGB", (48, 60)).save(tmp_path / "3.png")
    assert "1.png has 64 x 48 pixels; 2.png has 48 x 64, 3.png has 48 x 60" in refusal(tmp_path)


def test_all_frames_that_are_damaged_are_named_the_first_with_its_reason(tmp_path: Path) -> None:
    for number in range(10):
        path = tmp_path / f"{number}.png"
        Image.effect_noise(SIZE, 50).convert("RGB").save(path)
        if number > 1:
            path.write_bytes(path.read_bytes()[:600])  # its header is whole
    first, second = refusal(tmp_path).splitlines()
    assert first.startswith(f"film={tmp_path}: '{tmp_path}/2.png' is damaged or incomplete")
    assert second == "nor can these frames be read: 3.png, 4.png, 5.png, 6.png, 7.png and 2 more"
    for path in sorted(tmp_path.glob("*.png"))[3:]:
        path.unlink()
    assert "nor can" not in refusal(tmp_path)


def test_a_frame_that_a_camera_held_sideways_is_upright(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", SIZE).save(tmp_path / "1.jpg", exif=exif)
    film = clip.read(str(tmp_path), RATE)
    assert film.size == (48, 64)
    assert [frame.size for frame in clip.frames(film, film.size)] == [(48, 64)]


def test_every_file_of_a_film_has_a_digest(tmp_path: Path) -> None:
    for number, picture in enumerate(stills()):
        picture.save(tmp_path / f"{number}.png")
    before = clip.digests(clip.read(str(tmp_path), RATE))
    Image.new("RGB", SIZE).save(tmp_path / "3.png")
    after = clip.digests(clip.read(str(tmp_path), RATE))
    assert [name for name in after if after[name] != before[name]] == ["3.png"]


def test_a_glob_is_a_film_of_its_pictures_in_their_order(tmp_path: Path) -> None:
    for name in ("b/2.png", "b/10.png", "a/1.png", "b/2.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        Image.new("RGB", SIZE).save(tmp_path / name, "PNG")
    film = clip.read(f"{tmp_path}/*/*", RATE)
    assert [str(picture.relative_to(tmp_path)) for picture in film.pictures] == ["a/1.png", "b/2.png", "b/10.png"]
    assert len(clip.digests(film)) == 3
    with pytest.raises(UserError, match=r"film=.*/\*\.jpg: no file matches"):
        clip.read(f"{tmp_path}/*.jpg", RATE)


def test_without_pyav_it_is_said_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(UserError, match=r"pip install 'stx\[video\]'"):
        clip.refuse_missing()
