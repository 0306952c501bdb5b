"""Names of pictures that are asked for, and what is put under them."""

import io
import os
from pathlib import Path

import numpy as np
import pytest
import tifffile
import torch
from PIL import Image, ImageCms

from conftest import TINY
from stx.config.compose import composition
from stx.config.schema import Config
from stx.errors import Stopped, UserError
from stx.loop.listener import Start
from stx.model.prepare import Inputs, prepare
from stx.pictures import images, profile
from stx.pictures.description import ROOM, described
from stx.runs.delivery import Beside, Files, delivering, film_of, free, refuse
from stx.runs.timelapse import MARK


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def noise(seed: int) -> Image.Image:
    return Image.fromarray(np.random.default_rng(seed).integers(0, 256, (30, 40, 3), np.uint8))


def config(file: str, *others: str, content: str = "china", style: str = "swirls") -> Config:
    return composition([f"output.file={file}", f"content={content}", f"style={style}", *TINY, *others]).config


@pytest.fixture(scope="module")
def inputs() -> Inputs:
    return prepare(composition([*TINY]).config)


def finished(inputs: Inputs) -> torch.Tensor:
    """A picture of a run, with numbers between those that 8 bits have."""
    _, height, width = inputs.content.shape
    return torch.rand(3, height, width, generator=torch.Generator().manual_seed(1))


def put(asked: Config, inputs: Inputs, text: str = "of its run") -> torch.Tensor:
    picture = finished(inputs)
    assert Beside(asked, inputs, Path("folder/output.png")).put(picture, text) == Files.of(asked).output
    return picture


def test_without_a_name_the_next_free_one_is_taken() -> None:
    assert free("some/photo.jpg", "swirls") == Path("photo-swirls.png")
    Path("photo-swirls.png").touch()
    Path("photo-swirls-1-sheet.jpg").touch()
    assert free("some/photo.jpg", "swirls") == Path("photo-swirls-2.png")
    for number in range(2, 100):
        Path(f"photo-swirls-{number}.png").touch()
    assert free("some/photo.jpg", "swirls") == Path("photo-swirls-100.png")


def test_a_name_that_is_given_is_taken_though_it_is_not_free(inputs: Inputs) -> None:
    asked = config("out.jpg", "output.timelapse=gif")
    put(asked, inputs)
    Path("out.gif").write_bytes(b"GIF89a " + MARK)
    refuse(asked)  # what stands beside it is of the last time
    Path("out-sheet.jpg").write_bytes(b"JPEG, made by stx paint")  # or of an earlier version's
    refuse(asked)
    assert Files.of(asked) == Files(Path("out.jpg"), Path("out.preview.jpg"), Path("out-sheet.jpg"))


@pytest.mark.parametrize("own", ["out-sheet.jpg", "out.preview.jpg", "out.gif"])
@pytest.mark.parametrize("content", [b"", b"a letter", None], ids=["empty", "no picture", "picture"])
def test_what_stx_did_not_make_is_not_written_over(own: str, content: bytes | None) -> None:
    noise(0).save(own) if content is None else Path(own).write_bytes(content)
    before = Path(own).read_bytes()
    with pytest.raises(UserError, match=rf"would overwrite {own}, which stx did not make"):
        refuse(config("out.png", "output.timelapse=gif"))
    assert Path(own).read_bytes() == before


@pytest.mark.parametrize("name", ["photo.png", "./photo.png", "link.png", "painting.jpg"])
def test_a_picture_that_is_read_is_not_written_over(name: str) -> None:
    for file in ("photo.png", "painting-sheet.jpg"):
        Path(file).touch()
    Path("link.png").symlink_to("photo.png")
    with pytest.raises(UserError, match="is one of the given pictures; choose another name"):
        refuse(config(name, content="photo.png", style="painting-sheet.jpg"))


def test_picture_and_sheet_are_put_in_their_places(inputs: Inputs) -> None:
    picture = put(config("Out.JPG", "output.quality=100"), inputs)
    painted = np.asarray(Image.open("Out.JPG"), float)
    assert np.abs(painted - np.asarray(images.to_picture(picture))).mean() < 5
    sheet = np.asarray(Image.open("Out-sheet.jpg"), float)
    assert sheet[:, -40:].std() > 40
    assert sorted(path.name for path in Path().iterdir()) == ["Out-sheet.jpg", "Out.JPG"]


def test_the_quality_is_that_of_jpeg_and_webp(inputs: Inputs) -> None:
    for name in ("out.jpg", "out.webp"):
        sizes = []
        for quality in (10, 60, 95):
            put(config(name, f"output.quality={quality}"), inputs)
            sizes.append(Path(name).stat().st_size)
        assert sizes[0] < sizes[1] < sizes[2]


@pytest.mark.parametrize("name", ["out.png", "out.tif"])
def test_sixteen_bits_are_those_of_the_run_s_own_numbers(inputs: Inputs, name: str) -> None:
    picture = put(config(name, "output.bits=16"), inputs)
    expected = np.rint(picture.double().numpy().transpose(1, 2, 0) * 65535)
    with Image.open(name) as opened:
        assert opened.info["icc_profile"] == profile.srgb()
        shown = np.asarray(opened)
    np.testing.assert_array_equal(shown, expected.astype(np.uint16) >> 8)
    if name == "out.tif":
        np.testing.assert_array_equal(tifffile.imread(name), expected)
        assert np.unique(expected % 257).size > 200  # more than 8 bits would tell
    assert described(name) == "of its run"


def other_profile() -> bytes:
    """sRGB whose red and green primaries changed places."""
    plain = profile.srgb()
    red, green = plain.index(b"rXYZ"), plain.index(b"gXYZ")
    changed = bytearray(plain)
    changed[red : red + 4], changed[green : green + 4] = b"gXYZ", b"rXYZ"
    return bytes(changed)


def test_the_photograph_s_own_profile_is_kept_and_the_colours_are_the_same(inputs: Inputs) -> None:
    images.save(noise(0), "photo.tif", icc_profile=other_profile())
    for name in ("out.png", "out.jpg"):
        picture = put(config(name, "output.profile=photograph", content="photo.tif"), inputs)
        with Image.open(name) as opened:
            assert opened.info["icc_profile"] == other_profile()
            theirs = ImageCms.profileToProfile(
                opened, ImageCms.ImageCmsProfile(io.BytesIO(other_profile())), ImageCms.createProfile("sRGB")
            )
            assert theirs is not None
        off = np.abs(np.asarray(theirs, int) - np.asarray(images.to_picture(picture), int))
        assert off.max() <= (2 if name == "out.png" else 60)
        assert off.mean() <= 5
        swapped = np.asarray(Image.open(name), int)[..., [1, 0, 2]]
        assert np.abs(swapped - np.asarray(images.to_picture(picture), int)).mean() <= 5


def test_a_photograph_without_a_profile_or_with_a_useless_one_is_said(
    inputs: Inputs, caplog: pytest.LogCaptureFixture
) -> None:
    put(config("out.png", "output.profile=photograph"), inputs)
    assert "the photograph's profile is missing; the picture is in sRGB" in caplog.text
    images.save(noise(0), "photo.png", icc_profile=b"no profile")
    with pytest.warns(UserWarning, match="ignored, taken as sRGB"):
        put(config("out.png", "output.profile=photograph", content="photo.png"), inputs)
    assert "is none that a result can be converted into; the picture is in sRGB" in caplog.text
    assert Image.open("out.png").info["icc_profile"] == profile.srgb()


@pytest.mark.parametrize("name", ["out.png", "out.jpg", "out.webp", "out.tif"])
def test_the_picture_says_of_its_run_unless_that_is_left_out(inputs: Inputs, name: str) -> None:
    put(config(name), inputs)
    assert described(name) == "of its run"
    put(config(name, "output.metadata=false"), inputs)
    assert described(name) == ""


def test_what_a_jpeg_has_no_room_for_is_left_out_and_said(inputs: Inputs, caplog: pytest.LogCaptureFixture) -> None:
    put(config("out.jpg"), inputs, "x" * (ROOM + 1))
    assert described("out.jpg") == ""
    assert "out.jpg: the settings are too long for a JPEG and left out; folder/output.png has them" in caplog.text
    put(config("out.png"), inputs, "x" * (ROOM + 1))
    assert len(described("out.png")) == ROOM + 1


def test_a_preview_is_as_large_as_the_picture_and_gone_at_the_end(inputs: Inputs) -> None:
    asked = config("out.png")
    with delivering(asked, inputs, Path("folder")) as delivery:
        delivery.begun(Start(None, torch.zeros(3, 1, 1), 0, False, lambda picture: 1 - picture))  # type: ignore[arg-type]
        delivery.kept(torch.ones(3, 3, 20))
        with Image.open("out.preview.jpg") as shown:
            assert shown.size == (40, 7)
            assert shown.convert("RGB").getpixel((5, 5)) == (0, 0, 0)
        refuse(asked)  # it is stx's own, if one was left by a run that was killed
    assert not Path("out.preview.jpg").exists()


def test_without_a_name_nothing_is_delivered(inputs: Inputs) -> None:
    with delivering(composition([*TINY]).config, inputs, Path("folder")) as delivery:
        delivery.kept(torch.ones(3, 3, 20))
        assert delivery.put(finished(inputs), "") is None
    assert not list(Path().iterdir())


def test_where_nothing_can_be_put_any_more_the_run_s_own_picture_is_named(inputs: Inputs) -> None:
    for bits in (8, 16):
        with pytest.raises(Stopped, match=r"cannot write gone/out\.png.*\nthe picture: folder/output\.png"):
            put(config("gone/out.png", f"output.bits={bits}"), inputs)


def test_a_folder_that_takes_no_files_is_refused_whatever_its_permissions_say() -> None:
    with pytest.raises(UserError, match=r"/proc takes no files \(.*\); name another folder"):
        refuse(config("/proc/out.png"))


def test_a_preview_that_is_there_already_is_said_to_be_another_run_s(
    inputs: Inputs, caplog: pytest.LogCaptureFixture
) -> None:
    how = config("out.png")
    with delivering(how, inputs, Path("folder")) as first:
        first.kept(torch.ones(3, 3, 20))
        assert not caplog.messages
        with delivering(how, inputs, Path("folder")):
            assert "another run for out.png may be at work" in caplog.text


def test_what_is_no_regular_file_is_not_written_to_and_a_link_leads_to_its_file(tmp_path: Path) -> None:
    os.mkfifo("pipe.png")
    with pytest.raises(UserError, match="no regular file"):
        refuse(config("pipe.png"))
    (tmp_path / "deep").mkdir()
    Path("deep/real.png").touch()
    Path("link.png").symlink_to("deep/real.png")
    assert Files.of(config("link.png")).output == tmp_path / "deep" / "real.png"


def test_a_pipe_of_a_name_beside_is_somebody_s_and_is_not_waited_for() -> None:
    os.mkfifo("out-sheet.jpg")
    with pytest.raises(UserError, match=r"would overwrite out-sheet\.jpg, which stx did not make"):
        refuse(config("out.png"))


def test_a_name_with_no_room_for_its_preview_is_too_long() -> None:
    longest = "a" * (255 - len(".preview.jpg"))
    refuse(config(f"{longest}.png"))
    with pytest.raises(UserError, match="2 bytes too long; choose a shorter name"):
        refuse(config(f"{longest}aa.png"))


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
    with pytest.raises(UserError, match=f"output.file={name}: {message}"):
        refuse(config(name))


def test_a_film_has_the_picture_s_name_or_lies_in_the_run_s_folder() -> None:
    assert film_of(config("a.b.png", "output.timelapse=gif"), Path("folder")) == Path("a.b.gif")
    alone = composition([*TINY, "output.timelapse=webp"]).config
    assert film_of(alone, Path("folder")) == Path("folder/timelapse.webp")
    assert film_of(config("a.png"), Path("folder")) is None
    with pytest.raises(UserError, match=r"output\.timelapse=webp has the same name; choose another ending"):
        refuse(config("out.webp", "output.timelapse=webp"))
