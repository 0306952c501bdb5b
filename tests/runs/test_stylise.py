"""One picture in one call from Python."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

import stx
from stx.errors import Diverged, UserError
from stx.pictures import bundled

SMALL = ("model=vgg19_random", "image_size.long_side=48", "optim.steps=6", "optim.pyramid=[2]", "device=cpu",
         "loss_weights.style_layers=[conv1_1,conv2_1]", "loss_weights.content_layers=[conv2_1]")  # fmt: skip


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_paths_pictures_and_arrays_give_the_same_picture_and_nothing_is_written(here: Path) -> None:
    photo, painting = (bundled.open_picture(name).convert("RGB") for name in ("china", "swirls"))
    photo.save("photo.png")
    before = sorted(here.rglob("*"))
    pictures = [
        stx.stylise(content, style, *SMALL)
        for content, style in (
            ("photo.png", "swirls"),
            (Path("photo.png"), painting),
            (photo, np.asarray(painting)),
            (np.asarray(photo) / 255, np.asarray(painting, np.float32) / 255),
        )
    ]
    assert pictures[0].size == (48, 32)
    assert all((np.asarray(one) == np.asarray(pictures[0])).all() for one in pictures)
    assert sorted(here.rglob("*")) == before


def test_a_grey_array_is_a_grey_picture() -> None:
    grey = np.tile(np.arange(48, dtype=np.uint8) * 5, (32, 1))
    colours = np.repeat(grey[..., None], 3, 2)
    assert (np.asarray(stx.stylise(grey, "swirls", *SMALL)) == np.asarray(stx.stylise(colours, "swirls", *SMALL))).all()


@pytest.mark.parametrize("init", ["style", "noise"])
def test_the_start_may_be_the_painting_that_was_given(init: str) -> None:
    painting = Image.effect_noise((40, 30), 80)
    painting.save("painting.png")
    first, second = (stx.stylise("china", style, *SMALL, f"init={init}") for style in ("painting.png", painting))
    assert (np.asarray(first) == np.asarray(second)).all()


def test_the_callback_gets_every_step_and_may_end_the_run() -> None:
    steps: list[int] = []

    def note(step: int, metrics: Mapping[str, float]) -> bool:
        assert {"loss/total", "loss/content", "loss/style"} <= set(metrics)
        steps.append(step)
        return step == 2

    stx.stylise("china", "swirls", *SMALL, callback=note)
    assert steps == [1, 2]
    steps.clear()
    stx.stylise("china", "swirls", *SMALL, callback=lambda step, metrics: steps.append(step))
    assert steps == [1, 2, 3, 4, 5, 6]


@pytest.mark.parametrize(
    ("content", "override", "message"),
    [
        ("chinna", "seed=1", "no picture 'chinna'"),
        (np.zeros((4, 5, 2)), "seed=1", r"content: an array of shape \(4, 5, 2\); give"),
        (np.zeros((4, 5), np.int64), "seed=1", "content: an array of int64; give bytes"),
        (np.full((4, 5), 7.0), "seed=1", r"content: an array of floats outside \[0, 1\]"),
        (np.full((4, 5), np.nan), "seed=1", "outside"),
        ("china", "tracking=mlflow", "nothing is kept"),
        ("china", "style=mosaic", "it is the second picture"),
        ("china", "output.file=out.png", "save the picture that is returned"),
        ("china", "from_picture=out.png", "`stx run` repeats a run"),
        ("china", "optim.stepz=5", "optim.stepz"),
        ("china", "guard.shrink=0.25", "guard.shrink=0.25 has no effect"),
        ("china", "optim.steps=-5", "optim.steps=-5: should be"),
    ],
)
def test_a_mistake_is_an_error_of_one_kind(content: object, override: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        stx.stylise(content, "swirls", *SMALL, override)  # type: ignore[arg-type]


def test_names_of_files_are_taken_as_they_are_typed() -> None:
    Image.effect_noise((40, 30), 80).save("it's=a (1), b.png")
    plain = stx.stylise("it's=a (1), b.png", "swirls", *SMALL)
    start = stx.stylise("china", "swirls", *SMALL, "init=picture", "init.path=it's=a (1), b.png")
    assert plain.size == (48, 36)
    assert start.size == (48, 32)


def test_a_damaged_picture_that_pillow_has_opened_is_a_mistake_too() -> None:
    Image.effect_noise((40, 30), 80).save("whole.png")
    Path("cut.png").write_bytes(Path("whole.png").read_bytes()[:600])
    with Image.open("cut.png") as cut, pytest.raises(UserError, match="'the content picture' is damaged or incomplete"):
        stx.stylise(cut, "swirls", *SMALL)


def test_a_run_that_diverges_warns_or_raises() -> None:
    overflow = (*SMALL, "loss_weights.alpha=1e30", "loss_weights.beta=3e38")
    with pytest.warns(UserWarning, match=r"diverged: not finite at step \d"):
        stx.stylise("china", "swirls", *overflow)
    with pytest.raises(Diverged, match="the last finite one"):
        stx.stylise("china", "swirls", *overflow, "guard.on_nan=raise")


def test_the_caller_s_random_numbers_are_their_own() -> None:
    torch.manual_seed(1)
    expected = torch.rand(3)
    torch.manual_seed(1)
    stx.stylise("china", "swirls", *SMALL)
    assert torch.equal(torch.rand(3), expected)


def test_the_photographs_colours_stay_under_a_picture_of_luminance() -> None:
    """Which is shown as it will be to a callback's end too; the grey that the network sees is nobody's result."""
    photo = bundled.open_picture("flower").convert("RGB").resize((48, 32))
    picture = stx.stylise(photo, "swirls", *SMALL, "colour=luminance")
    ours, theirs = (np.asarray(each, np.float64) / 255 for each in (picture, photo))
    inside = ((ours > 0) & (ours < 1)).all(axis=2)
    assert inside.mean() > 0.5
    for channel in (0, 2):  # less green: what grey does not have
        difference = (ours[..., channel] - ours[..., 1]) - (theirs[..., channel] - theirs[..., 1])
        assert np.abs(difference[inside]).max() < 3 / 255
    assert (np.asarray(picture) != np.asarray(photo)).any()


@pytest.mark.parametrize("colour", ["match", "after"])
def test_other_ways_to_keep_colours_make_other_pictures(colour: str) -> None:
    plain, kept = (stx.stylise("flower", "swirls", *SMALL, *more) for more in ((), (f"colour={colour}",)))
    assert (np.asarray(plain) != np.asarray(kept)).any()


def test_several_styles_are_a_list_and_a_weight_of_zero_is_a_style_that_is_not_there() -> None:
    painting = bundled.open_picture("swirls").convert("RGB")
    alone = stx.stylise("china", "swirls", *SMALL, "style_stat=gram")
    both = stx.stylise("china", [painting, "mosaic"], *SMALL, "style_stat=gram", "style_mix=[1,0]")
    mixed = stx.stylise("china", [painting, "mosaic"], *SMALL, "style_stat=gram")
    assert np.abs(np.asarray(both).astype(int) - np.asarray(alone)).max() <= 1
    pair = stx.stylise("china", ("swirls", "mosaic"), *SMALL, "style_stat=gram", "style_mix=[1,0]")
    assert (np.asarray(pair) == np.asarray(both)).all()
    with pytest.raises(UserError, match=r"content: one picture, not 1; several styles are a list"):
        stx.stylise(["china"], "swirls", *SMALL)  # type: ignore[arg-type]
    assert (np.asarray(mixed) != np.asarray(alone)).any()


def test_arrays_with_alpha_and_pictures_that_lie_sideways_are_as_their_files(here: Path) -> None:
    photo = bundled.open_picture("china").convert("RGBA").resize((96, 64))
    photo.putalpha(Image.linear_gradient("L").resize((96, 64)))
    photo.save("photo.png")
    few = (*SMALL, "style_stat=gram")
    of_file, of_array = (stx.stylise(one, "swirls", *few) for one in ("photo.png", np.asarray(photo)))
    assert of_file.mode == of_array.mode == "RGBA"
    assert (np.asarray(of_file) == np.asarray(of_array)).all()
    exif = Image.Exif()
    exif[274] = 6  # turned by a quarter
    photo.convert("RGB").save("turned.png", exif=exif)
    with Image.open("turned.png") as turned:
        assert stx.stylise(turned, "swirls", *few).size == stx.stylise("turned.png", "swirls", *few).size == (32, 48)
