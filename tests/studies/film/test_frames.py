"""What a frame's run is asked, and what it begins from."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from conftest import SHALLOW
from stx.pictures import clip
from stx.pictures.colour import grey
from stx.studies.film import options, reel
from stx.studies.film.frames import Motion, job, lay_out, motion, plan, tensor
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
    assert (first.optim.steps, first.init.name, first.temporal.name) == (9, "content", "none")
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


def test_another_film_other_settings_and_another_painting_are_another_digest(source: clip.Film, tmp_path: Path) -> None:
    def digest(*more: str, **own: str) -> str:
        return plan(source, options.read(own), [*TYPED, *more], tmp_path / "out").digest

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
    Image.new("RGB", (32, 24)).save(source.pictures[1])
    assert digest() != before
