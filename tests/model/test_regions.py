"""What masks and transparency come to, from files to terms and results."""

import math
import re
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image, ImageDraw

from stx.config.compose import composition
from stx.config.schema import CONF, Config
from stx.errors import UserError
from stx.model.asked import terms
from stx.model.prepare import Inputs, loss_network, prepare
from stx.model.trials import unmaskable
from stx.pictures import images
from stx.pictures.masks import OPAQUE

RED, BLUE = (255, 0, 0), (0, 0, 255)


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """With masks of a quarter of red on blue, and pictures with transparent halves."""
    monkeypatch.chdir(tmp_path)
    mask = Image.new("RGB", (96, 64), BLUE)
    ImageDraw.Draw(mask).rectangle([0, 0, 47, 31], fill=RED)
    mask.save("mask.png")
    Image.new("RGB", (96, 64), RED).save("red.png")
    Image.new("RGB", (96, 64), BLUE).save("blue.png")
    for name, seed in (("photo", 0), ("painting", 1)):
        pixels = np.random.default_rng(seed).integers(0, 255, (64, 96, 4), dtype=np.uint8)
        Image.fromarray(pixels[..., :3]).save(f"{name}.png")
        pixels[..., 3] = 255
        pixels[:, 48:, 3] = 0
        Image.fromarray(pixels).save(f"{name}_half.png")
    return tmp_path


def config(*overrides: str) -> Config:
    small = ["model=vgg19_random", "image_size.width=48", "image_size.height=32", "content=photo.png",
             "style=painting.png", "style_stat=gram", "loss_weights.style_layers=[conv1_1,conv2_1]",
             "loss_weights.content_layers=[conv2_1]", "optim.pyramid=[]"]  # fmt: skip
    return composition([*small, *overrides]).config


MASKED = ("masks.content=mask.png", "masks.style=mask.png")


def style_shares(inputs: Inputs) -> dict[str, float]:
    return {term.name: sum(term.places.values()) for term in inputs.terms if term.group == "style"}


def test_every_region_is_a_term_whose_share_is_the_root_of_its_area() -> None:
    shares = style_shares(prepare(config(*MASKED)))
    assert shares == {
        "gram_0000ff": pytest.approx(2 * math.sqrt(0.75)), "gram_ff0000": pytest.approx(2 * math.sqrt(0.25)),
    }  # fmt: skip
    assert sum((share / 2) ** 2 for share in shares.values()) == pytest.approx(1)


def test_styles_have_the_regions_that_their_masks_have() -> None:
    two = ("style=[painting.png,swirls]", "masks.content=mask.png")
    Image.new("RGB", (640, 480), BLUE).save("blue_swirls.png")
    inputs = prepare(config(*two, "masks.style=[red.png,blue_swirls.png]"))
    assert {term.name: term.toward for term in inputs.terms if term.group == "style"} == {
        "gram_ff0000": "style", "gram_0000ff": "style_2",
    }  # fmt: skip
    with pytest.raises(UserError, match="the style pictures that have the region #0000ff have the weight 0"):
        prepare(config(*two, "masks.style=[red.png,blue_swirls.png]", "style_mix=[1,0]"))


def test_a_statistic_without_weights_of_positions_cannot_be_masked() -> None:
    with pytest.raises(UserError, match="masks: cooc_tensor takes no weights of positions"):
        prepare(config(*MASKED, "style_stat=cooc_tensor"))


def test_a_mask_of_one_colour_is_no_mask_at_all() -> None:
    plain, masked = (config(*more) for more in ((), ("masks.content=red.png", "masks.style=red.png")))
    networks = [loss_network(each, prepare(each)) for each in (plain, masked)]
    image = torch.rand(3, 32, 48, generator=torch.Generator().manual_seed(0))
    values = [network(image).total for network in networks]
    torch.testing.assert_close(*values, rtol=1e-4, atol=0)


def gradient(config: Config, image: torch.Tensor) -> torch.Tensor:
    image = image.clone().requires_grad_()
    network = loss_network(config, prepare(config))
    network(image).total.backward()
    assert image.grad is not None
    return image.grad


def test_what_is_transparent_pulls_at_nothing() -> None:
    start = torch.rand(3, 32, 48, generator=torch.Generator().manual_seed(0))
    both = gradient(config("content=photo_half.png", "prior=none"), start)
    assert both[:, :, 34:].abs().max() == 0  # conv2_1 sees six pixels to each side, its guide as far
    assert both[:, :, :20].abs().max() > 0
    hidden = Image.open("painting_half.png")
    pixels = np.asarray(hidden).copy()
    pixels[:, 48:, :3] = 7
    Image.fromarray(pixels).save("hidden.png")
    seen = [gradient(config(f"style={name}", "prior=none"), start) for name in ("painting_half.png", "hidden.png")]
    torch.testing.assert_close(*seen)


def test_the_result_has_the_photographs_alpha_and_what_is_read_has_none() -> None:
    inputs = prepare(config("content=photo_half.png"))
    result = images.to_picture(inputs.finish(inputs.initial))
    assert result.mode == "RGBA"
    alpha = np.asarray(result)[..., 3]
    assert (alpha[:, :23] == 255).all()
    assert (alpha[:, 25:] == 0).all()
    opaque = prepare(config("content=photo.png"))
    assert images.to_picture(opaque.finish(opaque.initial)).mode == "RGB"
    assert inputs.guides["content"].keys() == {OPAQUE}
    for name, mode in (("a.png", "RGBA"), ("a.jpg", "RGB"), ("a.webp", "RGBA"), ("a.tif", "RGBA"), ("a.bmp", "RGB")):
        images.save(result, name)
        assert Image.open(name).mode == mode


def test_what_is_transparent_is_in_no_region_of_a_mask() -> None:
    guides = prepare(config("content=photo_half.png", *MASKED)).guides["content"]
    assert guides["0000ff"][:, 50:].max() == 0
    assert guides["0000ff"][40:, :40].min() == 1


@pytest.mark.parametrize(
    ("statistic", "white"),
    [
        ("style_stat=gram", ()),
        ("style_stat=cooc_tensor", ("cooc_tensor",)),
        ("content_stat=self_similarity", ("coarse_self_similarity",)),
    ],
)
def test_terms_that_take_no_weights_see_white_and_that_is_known(statistic: str, white: tuple[str, ...]) -> None:
    layers = ("loss_weights.style_layers=[conv1_1]", "style_size=same")
    asked = config("content=photo_half.png", statistic, *layers)
    assert prepare(asked).on_white[-1:] == white
    assert all(term.region is None for term in terms(asked))


def test_the_page_says_of_every_statistic_whether_it_can_be_masked() -> None:
    """A row for those that can, and one for those that are refused."""
    page = (Path(__file__).parents[2] / "docs" / "masks.md").read_text(encoding="utf-8")
    rows = [line for line in page.splitlines() if line.startswith("| `")]
    refused = set(re.findall(r"`(\w+)`", rows[-1]))
    allowed = {name for row in rows[:-1] for name in re.findall(r"`(\w+)`", row)}
    thesis = {"cooc_tensor", "cooc_matrix", "cooc_vector", "gram_cooc_matrix", "gram_cooc_vector"}
    for file in sorted((CONF / "style_stat").glob("*.yaml")):
        asked = terms(composition([f"style_stat={file.stem}"]).config)
        can = not unmaskable([term for term in asked if term.group == "style"])
        assert file.stem in (allowed if can else refused | thesis), file.stem
        assert not can or file.stem not in refused


def shares_at(asked: Config, layer: str) -> dict[str, float]:
    """What each region's terms make of E_l at a layer."""
    shares: dict[str, float] = {}
    for part in loss_network(asked, prepare(asked)).every_part:
        if part.term.group == "style" and part.layer == layer:
            region = part.term.region or ""
            shares[region] = shares.get(region, 0) + float(part.share)
    return shares


@pytest.mark.parametrize("blend", ["losses", "auto"])
@pytest.mark.parametrize("statistic", ["gram", "moments_cooc", "mmd_gaussian"])
def test_regions_with_different_numbers_of_styles_pull_by_their_areas(statistic: str, blend: str) -> None:
    Image.new("RGB", (640, 480), BLUE).save("blue_swirls.png")
    two = ("style=[painting.png,swirls]", "masks.content=mask.png", "masks.style=[mask.png,blue_swirls.png]")
    shares = shares_at(config(*two, f"style_stat={statistic}", f"style_blend={blend}"), "conv1_1")
    assert shares == {"ff0000": pytest.approx(0.5 * 0.5), "0000ff": pytest.approx(0.5 * math.sqrt(0.75))}


def transparent(name: str, box: tuple[int, int, int, int]) -> str:
    """A picture with a hole."""
    picture = Image.open(f"{name}.png").convert("RGBA")
    picture.paste((0, 0, 0, 0), box)
    picture.save(f"{name}_holed.png")
    return f"{name}_holed.png"


def test_a_region_that_is_all_transparent_is_none_and_half_of_one_pulls_by_what_is_left() -> None:
    red, half = (0, 0, 48, 32), (0, 32, 96, 64)
    hidden = prepare(config(*MASKED, f"content={transparent('photo', red)}"))
    assert {term.region for term in hidden.terms if term.group == "style"} == {"0000ff"}
    shares = shares_at(config(*MASKED, f"content={transparent('photo', half)}"), "conv1_1")
    alike = pytest.approx(0.5 * math.sqrt(0.5), rel=0.02)
    assert shares == {"ff0000": alike, "0000ff": alike}
    with pytest.raises(UserError, match=r"masks.style: no region is #ff0000, .* that of style is all transp"):
        prepare(config(*MASKED, f"style={transparent('painting', red)}"))


def test_what_turns_its_style_cannot_be_masked() -> None:
    with pytest.raises(UserError, match="masks: nearest_neighbour takes no weights of positions"):
        prepare(config(*MASKED, "style_stat=nearest_neighbour", "style_stat.rotations=true"))


def test_colours_are_matched_to_those_that_can_be_seen() -> None:
    dark = Image.new("RGBA", (96, 64), (0, 0, 0, 0))
    dark.paste((40, 30, 50, 255), (0, 0, 24, 64))
    dark.save("dark.png")
    for colour in ("match", "luminance"):
        inputs = prepare(config("content=dark.png", f"colour={colour}"))
        assert float(inputs.style.mean()) == pytest.approx(40 / 255, abs=0.03)


def test_half_transparent_colours_come_back_as_they_were() -> None:
    soft = Image.new("RGBA", (96, 64), (200, 60, 20, 128))
    soft.paste((10, 20, 30, 255), (0, 0, 48, 64))
    soft.save("soft.png")
    inputs = prepare(config("content=soft.png", "image_size.width=96", "image_size.height=64"))
    result = np.asarray(images.to_picture(inputs.finish(inputs.content))).astype(int)
    assert np.abs(result - np.asarray(soft).astype(int)).max() <= 2


def test_a_picture_that_is_all_transparent_is_a_mistake() -> None:
    Image.new("RGBA", (96, 64), (0, 0, 0, 0)).save("nothing.png")
    for option in ("content", "style"):
        with pytest.raises(UserError, match=rf"{option}=nothing.png: all of it is transparent"):
            prepare(config(f"{option}=nothing.png"))


def test_a_mask_of_one_colour_may_have_any_shape() -> None:
    Image.new("RGB", (1, 1), RED).save("dot.png")
    Image.new("RGB", (30, 90), BLUE).save("tall.png")
    two = ("style=[painting.png,swirls]", "masks.content=mask.png", "masks.style=[dot.png,tall.png]")
    inputs = prepare(config(*two))
    assert {term.region: term.toward for term in inputs.terms if term.group == "style"} == {
        "ff0000": "style", "0000ff": "style_2",
    }  # fmt: skip
    assert loss_network(config(*two), inputs)(inputs.initial).total.isfinite()
