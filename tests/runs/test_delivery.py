"""Names of pictures that are asked for, and what is put under them."""

import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from stx.errors import Stopped, UserError
from stx.pictures import images
from stx.runs.delivery import Files, Preview, deliver, written


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def noise(seed: int) -> Image.Image:
    return Image.fromarray(np.random.default_rng(seed).integers(0, 256, (30, 40, 3), np.uint8))


def deliver_something(name: str) -> None:
    noise(0).save("output.png")
    files = Files.beside(Path(name))
    Preview(files, (40, 30)).kept(images.to_tensor(noise(0), (40, 30)))
    deliver(Path("output.png"), files, noise(1), noise(2))


def test_without_a_name_the_next_free_one_is_taken() -> None:
    assert written(None, "some/photo.jpg", "swirls").output == Path("photo-swirls.png")
    Path("photo-swirls.png").touch()
    Path("photo-swirls-1-sheet.jpg").touch()
    assert written(None, "some/photo.jpg", "swirls").output == Path("photo-swirls-2.png")
    for number in range(2, 100):
        Path(f"photo-swirls-{number}.png").touch()
    assert written(None, "some/photo.jpg", "swirls").output == Path("photo-swirls-100.png")


def test_a_name_that_is_given_is_taken_though_it_is_not_free() -> None:
    Path("out.jpg").touch()
    deliver_something("out.jpg")  # what stands beside it is of the last time
    assert written("out.jpg", "photo.jpg", "swirls") == Files(
        Path("out.jpg"), Path("out.preview.jpg"), Path("out-sheet.jpg")
    )


@pytest.mark.parametrize("own", ["out-sheet.jpg", "out.preview.jpg"])
@pytest.mark.parametrize("content", [b"", b"a letter", None], ids=["empty", "no picture", "picture"])
def test_what_stx_did_not_make_is_not_written_over(own: str, content: bytes | None) -> None:
    noise(0).save(own) if content is None else Path(own).write_bytes(content)
    before = Path(own).read_bytes()
    with pytest.raises(UserError, match=rf"would write over {own}, which stx paint did not make"):
        written("out.png", "photo.jpg", "swirls")
    assert Path(own).read_bytes() == before


@pytest.mark.parametrize("name", ["photo.png", "./photo.png", "link.png", "painting.jpg"])
def test_a_picture_that_is_read_is_not_written_over(name: str) -> None:
    for file in ("photo.png", "painting-sheet.jpg"):
        Path(file).touch()
    Path("link.png").symlink_to("photo.png")
    with pytest.raises(UserError, match="is one of the two pictures; choose another name"):
        written(name, "photo.png", "painting-sheet.jpg")


def test_picture_and_sheet_are_put_in_their_places() -> None:
    noise(0).save("output.png")
    deliver(Path("output.png"), Files.beside(Path("Out.JPG")), noise(1), noise(2))
    painted = np.asarray(Image.open("Out.JPG"), float)
    assert np.abs(painted - np.asarray(noise(0))).mean() < 5
    sheet = np.asarray(Image.open("Out-sheet.jpg"), float)
    third = sheet.shape[1] // 3
    assert sheet[:, -third:].std() > 40
    assert sorted(path.name for path in Path().iterdir()) == ["Out-sheet.jpg", "Out.JPG", "output.png"]


def test_where_nothing_can_be_put_any_more_the_run_s_own_picture_is_named() -> None:
    noise(0).save("output.png")
    with pytest.raises(Stopped, match=r"cannot write gone/out\.png.*\nthe picture: output\.png"):
        deliver(Path("output.png"), Files.beside(Path("gone/out.png")), noise(1), noise(2))


def test_what_is_no_regular_file_is_not_written_to_and_a_link_leads_to_its_file(tmp_path: Path) -> None:
    os.mkfifo("pipe.png")
    with pytest.raises(UserError, match="no regular file"):
        written("pipe.png", "photo.jpg", "swirls")
    (tmp_path / "deep").mkdir()
    Path("deep/real.png").touch()
    Path("link.png").symlink_to("deep/real.png")
    assert written("link.png", "photo.jpg", "swirls").output == tmp_path / "deep" / "real.png"


def test_a_name_with_no_room_for_its_preview_is_too_long() -> None:
    longest = "a" * (255 - len(".preview.jpg"))
    assert written(f"{longest}.png", "photo.jpg", "swirls").preview.name == f"{longest}.preview.jpg"
    with pytest.raises(UserError, match="2 letters too long a name; choose a shorter one"):
        written(f"{longest}aa.png", "photo.jpg", "swirls")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("folder.png", "that is a folder; name a file in it"),
        ("gone/out.png", "there is no folder gone"),
        ("out.svg", r"a picture's name ends in"),
    ],
)
def test_what_can_be_no_picture_s_name_is_refused(name: str, message: str) -> None:
    Path("folder.png").mkdir()
    with pytest.raises(UserError, match=f"-o {name}: {message}"):
        written(name, "photo.jpg", "swirls")
