"""What a frame's run is asked, and what it begins from."""

import shutil
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from conftest import SHALLOW
from stx.config.schema import Config
from stx.errors import UserError
from stx.model.prepare import Inputs
from stx.pictures import clip
from stx.pictures.colour import grey
from stx.runs.check import check
from stx.studies.film import frames, options, reel
from stx.studies.film.frames import Motion, flow_size, job, lay_out, motion, plan, tensor
from stx.studies.film.reel import Reel
from stx.studies.film.work import asked

pytest.importorskip("cv2", reason="OpenCV (stx[video]) is not installed")
TYPED = ("model=vgg19_random", "style=swirls", "image_size.long_side=32", *SHALLOW)


@pytest.fixture
def source(tmp_path: Path) -> clip.Film:
    (tmp_path / "shots").mkdir()
    pixels = np.random.default_rng(0).integers(0, 256, (24, 40, 3), np.uint8)
    for number in range(2):
        Image.fromarray(pixels[:, number : number + 32]).save(tmp_path / "shots" / f"{number}.png")
    return clip.read(str(tmp_path / "shots"), Fraction(25))


def test_a_frame_that_follows_has_its_own_steps_start_and_term(source: clip.Film, tmp_path: Path) -> None:
    film = plan(source, options.read({"steps": "7"}), [*TYPED, "temporal.weight=5", "optim.steps=9"], tmp_path / "out")
    place = Reel(tmp_path / "out")
    place.folder.mkdir()
    reel.unreel(place, source, film.size)
    (place.folder / "frames").mkdir()
    reel.opened(place.source(1)).save(place.frame(1))
    everywhere = Motion(torch.zeros(2, 24, 32), torch.ones(24, 32, dtype=torch.bool))
    first, second = asked(film, place, 1, None).config, asked(film, place, 2, everywhere).config
    assert (first.optim.steps, first.start.name, first.temporal.name) == (9, "content", "none")
    assert (second.optim.steps, second.optim.pyramid, second.init.name) == (7, [], "picture")
    assert second.temporal.name == "moved"
    assert second.temporal.weight == 5
    assert second.content == str(place.source(2))
    assert job([*TYPED, "tracking=none"], tmp_path).quiet


@pytest.mark.parametrize("colour", ["style", "luminance"])
def test_it_begins_from_the_last_result_where_that_is_seen_and_else_from_itself(
    source: clip.Film, tmp_path: Path, colour: str
) -> None:
    film = plan(source, options.read({}), [*TYPED, f"colour={colour}"], tmp_path / "out")
    place = Reel(tmp_path / "out")
    (place.folder / "frames").mkdir(parents=True)
    reel.unreel(place, source, film.size)
    result = np.random.default_rng(1).integers(0, 256, (24, 32, 3), np.uint8)
    Image.fromarray(result).save(place.frame(1))
    seen = torch.zeros(24, 32, dtype=torch.bool)
    seen[:, 8:] = True
    given = lay_out(film, place, 2, Motion(torch.zeros(2, 24, 32), seen))
    as_seen = grey if colour == "luminance" else torch.clone
    last, frame, start = as_seen(tensor(place.frame(1))), as_seen(tensor(place.source(2))), tensor(given.start)
    assert torch.allclose(start[:, :, 8:], last[:, :, 8:], atol=1 / 255)
    assert torch.allclose(start[:, :, :8], frame[:, :, :8], atol=1 / 255)
    assert torch.allclose(tensor(given.moved), last, atol=1 / 255)
    assert torch.equal(tensor(given.mask)[0] > 0.5, seen)


def test_an_enlarged_film_s_flow_is_that_of_its_own_size(source: clip.Film, tmp_path: Path) -> None:
    typed = [*TYPED, "image_size.long_side=64"]
    film = plan(source, options.read({}), typed, tmp_path / "out")
    place = Reel(tmp_path / "out")
    place.folder.mkdir()
    reel.unreel(place, source, film.size)
    moves = motion(film, place, 2)
    assert moves.back.shape == (2, 48, 64)
    assert float(moves.back[0, 16:32, 16:48].median()) == pytest.approx(2, abs=0.3)
    assert moves.share > 0.7


def test_motion_is_sought_at_the_smaller_of_both_sizes_and_no_film_is_too_small_for_it(tmp_path: Path) -> None:
    assert flow_size((64, 48), (128, 96)) == (64, 48)
    assert flow_size((128, 96), (64, 48)) == (64, 48)
    assert flow_size((128, 18), (130, 16)) == (130, 16)  # by what they hold, not by their widths
    (tmp_path / "tiny").mkdir()
    for number in range(2):
        Image.new("RGB", (8, 8), "red").save(tmp_path / "tiny" / f"{number}.png")
    tiny = clip.read(str(tmp_path / "tiny"), Fraction(25))
    with pytest.raises(UserError, match="8 x 8 pixels; motion can be detected from 16 on the shorter side on"):
        plan(tiny, options.read({}), TYPED, tmp_path / "out")


def test_a_frame_that_follows_is_checked_beforehand_in_one_piece(
    source: clip.Film, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    checked = list[tuple[Config, Inputs]]()

    def noted(*given: Any, **more: Any) -> tuple[Config, Inputs]:
        checked.append(check(*given, **more))
        return checked[-1]

    monkeypatch.setattr(frames, "check", noted)
    plan(source, options.read({"steps": "7"}), [*TYPED, "blocks=auto"], tmp_path / "out")
    (first, _), (second, inputs) = checked
    assert (first.blocks, second.blocks) == (None, None)
    assert (second.optim.steps, second.temporal.name, inputs.others["moved"].shape) == (7, "moved", (3, 24, 32))
    assert not list(tmp_path.glob("out*"))


def test_a_film_for_whose_frames_there_is_no_room_is_refused(
    source: clip.Film, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: SimpleNamespace(free=5_000_000))
    plan(source, options.read({}), TYPED, tmp_path / "out")
    message = "this film of 1000 frames may need .* MB; make room, or name another folder: output="
    with pytest.raises(UserError, match=message):
        plan(source._replace(length=1000), options.read({}), TYPED, tmp_path / "out")


def test_another_film_other_settings_and_another_painting_are_another_digest(source: clip.Film, tmp_path: Path) -> None:
    def digest(*more: str, **own: str) -> str:
        return plan(source, options.read(own), [*TYPED, *more], tmp_path / "out").identity.digest

    before = digest()
    others = [
        digest("seed=1"),
        digest("style=mosaic"),
        digest("temporal.weight=9"),
        digest(steps="5"),
        digest(cut="0.1"),
    ]
    assert len({before, *others}) == 6
    assert digest(alone="0") == digest("tracking=none") == before
    assert plan(source._replace(rate=Fraction(5)), options.read({}), TYPED, tmp_path / "out").identity.digest == before
    in_float, in_bfloat = digest("precision=fp32", "device=cpu"), digest("precision=bf16", "device=cpu")
    assert in_float != in_bfloat
    assert before in (in_float, in_bfloat)
    Image.new("RGB", (32, 24)).save(source.pictures[1])
    assert digest() != before
