"""Runs without a photograph, and of tiles: their folders, stores, names, and what they go on from."""

import json
from pathlib import Path

import mlflow
import numpy as np
import pytest
import torch
from PIL import Image

import stx as package
from conftest import SMALL, Command
from stx.config.compose import composition
from stx.config.restored import restored
from stx.config.schema import Config
from stx.measures.judge import measurer
from stx.model.asked import terms
from stx.model.prepare import loss_network, prepare
from stx.pictures.sheet import GAP, repeated
from stx.runs.digest import digest, settings
from stx.runs.naming import pair
from stx.runs.recipe import recipe

TEXTURE = ("model=vgg19_random", "content=null", "style=brick", "style_stat=gram", "device=cpu", "precision=fp32")
SIZE = ("image_size.width=64", "image_size.height=48")


def config(*overrides: str) -> Config:
    return composition([*TEXTURE, *SIZE, *overrides]).config


@pytest.mark.slow
def test_a_tile_without_a_photograph_is_a_run_like_any_other_and_goes_on(stx: Command, tmp_path: Path) -> None:
    done = stx(*TEXTURE, *SIZE, "tile=true", "optim.steps=3", "output.file=out.jpg", "output.timelapse=gif")
    assert done.returncode == 0, done.stderr
    assert "gram: a texture of brick, 64 x 48, 3 steps" in done.stderr
    assert "tile: steps across its edges" in done.stderr
    assert "nan" not in done.stderr
    folder = (tmp_path / "outputs" / "latest").resolve()
    assert not (folder / "content.png").exists()
    assert not (folder / "baselines.json").exists()
    measures = json.loads((folder / "measures.json").read_text())
    assert {"wrap", "sliced_wasserstein", "noise_luma"} <= set(measures)
    assert "content" not in measures
    assert Image.open(folder / "sheet.jpg").size == (3 * (64 + GAP) + GAP, 48 + 2 * GAP)  # and two by two
    assert (tmp_path / "out-sheet.jpg").exists()
    (run,) = mlflow.MlflowClient(f"sqlite:///{tmp_path}/outputs/mlflow.db").search_runs(["1"])
    assert run.data.params["content"] == "null"
    assert (run.data.params["style"], run.data.params["tile"]) == ("brick", "true")
    assert run.data.metrics["measure/wrap"] > 0
    again = stx("resume=last", "optim.steps=5")
    assert again.returncode == 0, again.stderr
    assert "continues after step 3" in again.stderr
    repeated_run = stx("from_picture=out.jpg", "tracking=none", "seed=1", "output.file=other.jpg")
    assert repeated_run.returncode == 0, repeated_run.stderr
    assert "a texture of brick" in repeated_run.stderr


def test_what_auto_comes_to_is_what_runs_of_before_have_in_their_digests() -> None:
    typed = [composition([*SMALL, *more]).config for more in ((), ("init=content", "padding=zeros"))]
    assert settings(typed[0]) == settings(typed[1])
    assert settings(typed[0])["init.name"] == "content"
    assert not {"tile", "padding", "init.low"} & settings(typed[0]).keys()
    first, second = ((digest(each, inputs), recipe(each, inputs)) for each in typed for inputs in [prepare(each)])
    assert first == second


def test_a_tile_and_a_texture_are_other_runs() -> None:
    digests = {
        digest(each, prepare(each))
        for each in (config(), config("tile=true"), config("seed=1"), config("content=brick", "init=noise"))
    }
    assert len(digests) == 4


def test_a_larger_texture_of_the_same_style_has_a_recipe_of_its_own() -> None:
    sizes = (("image_size.width=1280", "image_size.height=960"), ("image_size.width=1312", "image_size.height=960"))
    small, large = (config(*size) for size in sizes)
    (one, other) = (prepare(each) for each in (small, large))
    assert one.style.shape == other.style.shape  # no larger than it is
    assert recipe(small, one) != recipe(large, other)


def test_a_dumped_config_is_read_again_and_an_earlier_one_has_no_tile() -> None:
    dumped = config("tile=true").model_dump(mode="json", by_alias=True)
    assert restored(dumped) == config("tile=true")
    del dumped["tile"]
    assert not restored({**dumped, "content": "china"}).tile


def test_it_is_named_by_its_style() -> None:
    assert pair(config()) == "texture of brick"
    assert pair(composition(["content=china"]).config) == "china × swirls"


@pytest.mark.parametrize(("init", "low", "high"), [((), 0, 1), (("init.low=0.4", "init.high=0.6"), 0.4, 0.6)])
def test_it_starts_from_noise(init: tuple[str, ...], low: float, high: float) -> None:
    start = prepare(config(*init)).initial
    assert start.shape == (3, 48, 64)
    assert low <= float(start.min()) < low + 0.01 * (high - low) + 0.01
    assert high >= float(start.max()) > high - 0.01
    assert torch.equal(start, prepare(config("init=noise", *init)).initial)


@pytest.mark.parametrize("init", ["grey", "style", "picture"])
def test_other_starts_need_no_photograph(init: str) -> None:
    more = ["init.path=grass"] if init == "picture" else []
    inputs = prepare(config(f"init={init}", *more))
    assert inputs.initial.shape == (3, 48, 64)
    assert list(inputs.pictures) == ["style"]


def test_it_has_no_content_terms_and_all_its_style_s_pull_alike_at_the_style_picture() -> None:
    asked = config()
    assert {term.group for term in terms(asked)} == {"style", "prior"}
    network = loss_network(asked, prepare(asked))
    assert "content" not in network.weights
    pulls = [norm * network.scales[name] for name, norm in network.norms.items() if name in network.scales]
    assert len(pulls) == 6
    assert max(pulls) == pytest.approx(min(pulls), rel=1e-3)


def test_it_is_judged_by_the_style_alone() -> None:
    style, ours = (torch.rand(3, 48, 64, generator=torch.Generator().manual_seed(seed)) for seed in (0, 1))
    judge = measurer(None, style, 48)
    assert judge.baselines == {}
    measured, beside = judge.judge(ours), measurer(style, style).judge(ours)
    assert measured == {name: beside[name] for name in measured}  # noise is that over the style's
    assert {"measure/gram", "measure/noise_luma"} <= measured.keys()
    assert "measure/content" not in measured
    assert measurer(None, style, 7).judge(ours[:, :7]) == {}


def test_from_python_too() -> None:
    shallow = "loss_weights.style_layers=[conv1_1,conv2_1]"
    style = np.random.default_rng(0).integers(0, 256, (40, 60, 3), np.uint8)
    small = ("model=vgg19_random", "optim.steps=4", "optim.pyramid=[2]", "device=cpu", shallow)
    assert package.stylise(None, style, *small, "image_size.width=48").size == (48, 32)
    assert package.stylise(None, style, *small, "image_size.width=50", "tile=true").size == (50, 34)


def test_two_by_two_is_four_of_it() -> None:
    tile = Image.effect_noise((6, 4), 80).convert("RGB")
    np.testing.assert_array_equal(np.asarray(repeated(tile)), np.tile(np.asarray(tile), (2, 2, 1)))
