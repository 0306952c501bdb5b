"""How long a run will take, beforehand."""

import time
from itertools import accumulate, chain
from pathlib import Path

import pytest
import torch
from PIL import Image

from conftest import SHALLOW
from stx.config.compose import composition
from stx.config.schema import Config
from stx.loop.evaluate import Evaluate
from stx.loop.levels import levels
from stx.model.losses import LossNetwork
from stx.model.prepare import Inputs, loss_network, prepare
from stx.runs import estimate


def prepared(*overrides: str) -> tuple[Config, Inputs]:
    config = composition(["tracking=none", "device=cpu", "image_size=small", *overrides]).config
    return config, prepare(config)


def test_every_step_costs_a_constant_and_its_pixels(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(estimate, "an_evaluation", lambda config, inputs, area: 0.01 + 1e-6 * area)
    config, inputs = prepared("model=vgg19_random", "optim.steps=100", "optim.pyramid=[60]", "style_stat=gram")
    small, whole = (0.01 + 1e-6 * pixels for pixels in (128 * 96, 256 * 192))
    calibration = 2 + 5 + 1  # the layers of the style, and the prior
    expected = (60 + calibration) * small + (40 + calibration + 6) * whole  # measures and files at the end
    assert estimate.seconds(config, inputs) == pytest.approx(expected)


def test_a_small_probe_that_was_held_up_does_not_make_large_pictures_cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    times = dict(zip(estimate.PROBES, (0.6, 0.1), strict=True))
    monkeypatch.setattr(estimate, "an_evaluation", lambda config, inputs, area: times[area])
    config, inputs = prepared("model=vgg19_random", "optim.steps=100", "optim.pyramid=[]", "image_size=photograph")
    at_least = 100 * 0.1 * inputs.content[0].numel() / estimate.PROBES[1]
    assert at_least < estimate.seconds(config, inputs) < 1.5 * at_least


def test_a_probe_takes_the_best_time_behind_its_first_evaluation_until_it_has_had_enough(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    config, inputs = prepared("model=vgg19_random", "image_size.width=32", "image_size.height=32")
    taken = [50, 0.125, 0.0625, 0.25]  # seconds; there is no fifth
    clock = accumulate(chain.from_iterable((0, each) for each in taken))
    monkeypatch.setattr(estimate.time, "monotonic", lambda: float(next(clock)))
    assert estimate.an_evaluation(config, inputs, 1024) == 0.0625
    assert next(clock, None) is None
    assert not inputs.content.requires_grad  # as large as that it is the run's own


def test_a_probe_has_the_proportions_of_the_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    config, inputs = prepared("model=vgg19_random", "image_size.width=96", "image_size.height=64")
    evaluation, shapes = estimate.evaluation, list[tuple[int, ...]]()

    def noted(network: LossNetwork, image: torch.Tensor) -> tuple[Evaluate, bool]:
        shapes.append(tuple(image.shape))
        return evaluation(network, image)

    monkeypatch.setattr(estimate, "LONG_ENOUGH", 0.0)
    monkeypatch.setattr(estimate, "evaluation", noted)
    estimate.an_evaluation(config, inputs, 48 * 32)
    assert shapes == [(3, 32, 48)]
    shapes.clear()
    small = ("model=vgg19_random", "image_size.width=64", "image_size.height=48", *SHALLOW)
    assert estimate.seconds(*prepared(*small)) > 0
    assert shapes == [(3, 72, 96), (3, 144, 192)]


def test_a_narrow_picture_is_timed_at_what_the_network_can_see() -> None:
    config, inputs = prepared("model=vgg19_random", "image_size.height=20", "image_size.width=400", "style_size=own")
    assert 0 < estimate.an_evaluation(config, inputs, 96 * 72) < 60


@pytest.mark.slow
def test_the_estimate_is_within_a_factor_of_two() -> None:
    config, inputs = prepared("optim.steps=20")
    expected = estimate.seconds(config, inputs)
    network = loss_network(config, levels(config, inputs)[-1].inputs)
    started = time.monotonic()
    for _ in range(10):
        network(inputs.content.clone(memory_format=torch.contiguous_format).requires_grad_()).total.backward()
    each = (time.monotonic() - started) / 10
    assert 0.5 < expected / ((20 + 7 + estimate.JUDGED) * each) < 2


def test_a_frame_that_is_held_to_the_last_one_is_timed_too(tmp_path: Path) -> None:
    for name in ("moved.png", "mask.png"):
        Image.new("RGB", (256, 192), "white").save(tmp_path / name)
    config, inputs = prepared(
        "model=vgg19_random", "optim.steps=2", *SHALLOW, "temporal=moved",
        f"temporal.picture={tmp_path}/moved.png", f"temporal.mask={tmp_path}/mask.png",
    )  # fmt: skip
    assert estimate.seconds(config, inputs) > 0
