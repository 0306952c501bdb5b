"""What makes two runs the same, and what does not."""

import math
from functools import cache, partial
from pathlib import Path

import pytest
import torch
from PIL import Image

from stx.config.compose import composition
from stx.model.prepare import prepare
from stx.runs.digest import LATER, SETTINGS, digest, dotted, own_source, settings
from stx.stats import mean_std

SMALL = ("model=vgg19_random", "image_size=small", "image_size.width=24", "image_size.height=16", "tracking=none",
         "loss_weights.style_layers=[conv1_1]", "loss_weights.content_layers=[conv2_1]", "device=cpu",
         "precision=fp32")  # fmt: skip


def of(*overrides: str) -> str:
    config = composition([*SMALL, *overrides]).config
    return digest(config, prepare(config))


@pytest.mark.parametrize(
    "override",
    [
        "seed=1", "model.seed=1", "content=flower", "style=mosaic", "style_stat=gram", "content_stat=self_similarity",
        "loss_weights.beta=11", "prior=none", "prior.power=1", "pooling=avg", "init=noise", "init.noise=0.5",
        "image_size.width=25", "optim=adam", "optim.steps=7", "optim.history=3", "optim.pyramid=[2]",
        "guard.on_nan=backoff", "guard.shrink=0.25", "precision=bf16", "tracking.measures_every=3",
        "colour=after", "colour=luminance", "padding=reflect_first", "pooling.rescale=2", "optim.average=0.9",
    ],
)  # fmt: skip
def test_what_changes_a_result_changes_the_digest(override: str) -> None:
    assert of(override) != of()


@pytest.mark.parametrize(
    "override",
    [
        "guard.checkpoint_every=7",
        "tracking.pictures_every=3",
        "tracking=mlflow",
        "content=./copy.png",
        "output.file=a.jpg",
        "output.timelapse=gif",
        "output.metadata=false",
        "live=true",
    ],
)
def test_what_changes_no_result_does_not(override: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Image.effect_noise((32, 24), 50).save("photo.png")
    Path("copy.png").write_bytes(Path("photo.png").read_bytes())
    assert of("content=./photo.png", override) == of("content=./photo.png")


def test_what_was_added_later_counts_for_nothing_at_what_runs_did_before() -> None:
    """So that the runs of batches and reports of earlier versions are known again."""
    chosen = settings(composition([*SMALL]).config)
    assert not chosen.keys() & LATER.keys()
    assert {"colour.name": "match", "colour.by": "pca"}.items() <= settings(
        composition([*SMALL, "colour=match"]).config
    ).items()


def test_the_bytes_of_a_picture_count_not_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Image.new("RGB", (32, 24), "red").save("photo.png")
    before = of("content=./photo.png")
    Image.new("RGB", (32, 24), "blue").save("photo.png")
    assert of("content=./photo.png") != before


def test_the_code_of_a_statistic_of_one_s_own_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STX_TRUST", "own_statistic")
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "own_statistic.py").write_text("def means(features):\n    return features.mean((1, 2))\n")
    asked = ("style_stat._target_=own_statistic.means", "~style_stat.distance", "style_stat=gram")
    before = of(*asked)
    (tmp_path / "own_statistic.py").write_text("def means(features):\n    return features.mean((1, 2)) + 0\n")
    assert of(*asked) != before


def test_every_setting_of_the_list_is_one_of_the_config() -> None:
    options = ([], ["init=noise"], ["optim=adam"], ["colour=match"], ["padding=reflect"], ["tile=true"],
               ["temporal=moved", "temporal.picture=china"],
               ["style=[swirls,mosaic]", "style_mix=[2,1]", "style_blend=losses"])  # fmt: skip
    keys = {key for more in options for key in settings(composition([*SMALL, *more]).config)}
    assert all(any(key == name or key.startswith(f"{name}.") for key in keys) for name in SETTINGS)


def test_the_bytes_of_a_file_that_a_statistic_names_count(tmp_path: Path) -> None:
    file = tmp_path / "filter.pt"
    digests = []
    for value in (1.0, 2.0):
        torch.save(torch.full((64, 64, 3, 3), value), file)
        config = composition([*SMALL, "style_stat=cooc_tensor", "style_size=same", f"style_stat.filter={file}"]).config
        digests.append(digest(config, prepare(config)))
    assert digests[0] != digests[1]


def test_the_weights_count_whatever_they_are_called_and_the_order_of_settings_does_not() -> None:
    options = ["style_stat=cooc_vector"], ["style_stat=cooc_vector", "~style_stat.radius", "+style_stat.radius=4"]
    config, other = (composition([*SMALL, *more]).config for more in options)
    inputs = prepare(config)
    weights = inputs.weights._replace(sha256="0" * 64)
    assert digest(config, inputs._replace(weights=weights)) != digest(config, inputs) == digest(other, inputs)


class Mean:
    def __call__(self, features: torch.Tensor) -> torch.Tensor:
        return features.mean()


@torch.no_grad()
def untracked(features: torch.Tensor) -> torch.Tensor:
    return features.mean()


@cache
def kept(features: torch.Tensor) -> torch.Tensor:
    return features.mean()


def test_code_is_one_s_own_where_it_is_neither_stx_s_nor_torch_s_nor_built_in() -> None:
    assert own_source(partial(partial(of), "seed=1")) == own_source(of) == __file__
    assert own_source(Mean()) == own_source(Mean) == own_source(untracked) == own_source(kept) == __file__
    assert [own_source(function) for function in (mean_std, torch.nn.functional.mse_loss, math.sqrt)] == [None] * 3


def test_a_function_is_called_as_a_config_calls_it() -> None:
    assert dotted(partial(partial(torch.nn.functional.mse_loss), reduction="sum")) == "torch.nn.functional.mse_loss"
    assert dotted(Mean()) == dotted(Mean) == f"{__name__}.Mean"
