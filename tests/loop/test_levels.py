"""Coarse to fine: sizes, steps, and what a run makes of them."""

import csv
import json
from pathlib import Path

import pytest
import torch
from PIL import Image

from conftest import SHALLOW, Command
from stx.config.compose import composition
from stx.config.schema import Config
from stx.loop import checkpoint
from stx.loop.checkpoint import Checkpoint
from stx.loop.levels import coarse_to_fine, levels
from stx.loop.listener import Listener, Outcome, Row, Start
from stx.loop.signals import Stop
from stx.model.prepare import prepare
from stx.model.resized import resized
from stx.runs.files import CHECKPOINT
from stx.runs.folder import Folder
from stx.runs.identity import Identity

SMALL = ("model=vgg19_random", "image_size.width=96", "image_size.height=64")


RECORD = Identity("f" * 32, [], {}, {}, {}, {})


def config(*overrides: str) -> Config:
    return composition([*SMALL, "optim.steps=9", *overrides]).config


def test_each_level_has_half_the_sides_of_the_next_and_its_own_steps() -> None:
    asked = config("optim.pyramid=[3,2]", "style=hubble", "style_size=own")
    stages = levels(asked, prepare(asked))
    assert [level.until for level in stages] == [3, 5, 9]
    assert [tuple(level.inputs.content.shape) for level in stages] == [(3, 16, 24), (3, 32, 48), (3, 64, 96)]
    assert [tuple(level.inputs.style.shape)[1:] for level in stages] == [(18, 21), (36, 42), (73, 84)]
    assert all(level.inputs.initial.shape == level.inputs.content.shape for level in stages)


def test_without_a_pyramid_there_is_one_level() -> None:
    asked = config()
    inputs = prepare(asked)
    ((only, until),) = levels(asked, inputs)
    assert only is inputs
    assert until == 9


def test_noise_at_a_coarse_level_is_as_strong_as_at_the_fine_one() -> None:
    """Scaled down it would be averaged to grey."""
    asked = config("optim.pyramid=[3]", "init=noise")
    coarse, fine = (level.inputs.initial for level in levels(asked, prepare(asked)))
    assert float(coarse.std()) == pytest.approx(float(fine.std()), rel=0.05)


def test_every_level_of_a_tile_has_sides_that_are_multiples() -> None:
    asked = config("content=null", "tile=true", "image_size.width=112", "image_size.height=80", "optim.pyramid=[3]")
    coarse, fine = levels(asked, prepare(asked))
    assert [level.inputs.initial.shape[1:] for level in (coarse, fine)] == [(48, 64), (80, 112)]  # 40 x 56


def test_of_a_tile_no_level_has_the_size_of_the_next() -> None:
    """Sizes are rounded: 48 / 1.2 to 48 again."""
    square = ("image_size.width=48", "image_size.height=48", "optim.factor=1.2", "optim.pyramid=[2,3]")
    asked = config("content=null", "tile=true", "padding=zeros", *square)
    stages = levels(asked, prepare(asked))
    assert [(level.inputs.size, level.until) for level in stages] == [((32, 32), 2), ((48, 48), 9)]


@pytest.mark.parametrize("sizes", [((24, 32), (48, 64)), ((48, 64), (24, 32)), ((16, 48), (48, 80)), ((5, 7), (11, 3))])
def test_a_tile_at_another_size_is_what_is_amid_copies_of_it(sizes: tuple[tuple[int, int], tuple[int, int]]) -> None:
    (height, width), (high, wide) = sizes
    picture = torch.rand(3, height, width, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    amid = resized(picture.repeat(1, 9, 9), (9 * high, 9 * wide))[:, 4 * high : 5 * high, 4 * wide : 5 * wide]
    torch.testing.assert_close(resized(picture, (high, wide), tile=True), amid)


def test_a_picture_of_that_size_is_left_alone_and_others_stay_within_their_range() -> None:
    picture = torch.rand(3, 8, 6, generator=torch.Generator().manual_seed(0)).round()
    assert resized(picture, (8, 6)) is picture
    larger = resized(picture, (16, 12))
    assert larger.shape == (3, 16, 12)
    assert 0 <= float(larger.min()) <= float(larger.max()) <= 1
    assert float(larger.mean()) == pytest.approx(float(picture.mean()), abs=0.02)


def test_a_run_goes_through_all_levels_and_every_step_once(stx: Command, tmp_path: Path) -> None:
    size = ("image_size.width=64", "image_size.height=48")
    done = stx(*SMALL[:1], *SHALLOW, *size, "optim.pyramid=[3,2]", "optim.steps=9", "guard.checkpoint_every=1",
               "hydra.run.dir=out", "tracking.pictures_every=2", "tracking.measures_every=3")  # fmt: skip
    assert done.returncode == 0, done.stderr
    with (tmp_path / "out" / "losses.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [int(row["step"]) for row in rows] == list(range(1, 10))
    content = [float(row["loss/content"]) for row in rows]
    assert content[5] > 2 * content[4]  # summed over four times as many positions
    assert Image.open(tmp_path / "out" / "output.png").size == (64, 48)
    begun = json.loads((tmp_path / "out" / "calibration.json").read_text())
    assert [(level["width"], level["height"]) for level in begun] == [(16, 12), (32, 24), (64, 48)]
    assert len({level["norms"]["content"] for level in begun}) == 3
    more = stx("resume=out", "optim.steps=12")
    assert more.returncode == 0, more.stderr
    assert json.loads((tmp_path / "out" / "calibration.json").read_text()) == begun


def descended(
    asked: Config, folder: Path, resumed: Checkpoint | None = None, stop_after: int = 99
) -> tuple[Outcome, list[int]]:
    stop, seen = Stop(), list[int]()

    class Reader(Listener):
        def rows(self, rows: list[Row]) -> None:
            seen.extend(row.step for row in rows)
            stop.signal = 2 if seen[-1] >= stop_after else stop.signal

    listeners = (Folder(folder, RECORD, wrote=lambda path: None), Reader())
    return coarse_to_fine(asked, prepare(asked), resumed, listeners, stop), seen


FRESH = ("style_stat=sliced_wasserstein_fresh",)
MATCHED = ("style_stat=nearest_neighbour", "style_stat.layers=[conv1_1]", "style_stat.renew=3")


@pytest.mark.parametrize("method", ["adam", "lbfgs"])
@pytest.mark.parametrize(("stop_after", "style"), [(2, ()), (3, ()), (4, ()), (2, FRESH), (2, MATCHED), (5, MATCHED)])
def test_a_stopped_run_goes_on_bit_for_bit_on_either_side_of_a_level(
    tmp_path: Path, method: str, stop_after: int, style: tuple[str, ...]
) -> None:
    """So it does where references are made anew, and between two matchings."""
    asked = config(
        *SHALLOW, *style, f"optim={method}", "optim.pyramid=[3]", "optim.steps=7", "guard.checkpoint_every=1"
    )
    whole, steps = descended(asked, tmp_path)
    assert steps == [1, 2, 3, 4, 5, 6, 7]
    cut, before = descended(asked, tmp_path, stop_after=stop_after)
    assert (cut.status, cut.steps) == ("interrupted", stop_after)
    shapes = [torch.Size((3, 32, 48)), torch.Size((3, 64, 96))]
    again, after = descended(asked, tmp_path, checkpoint.load(tmp_path / CHECKPOINT, torch.device("cpu"), shapes))
    assert [*before, *after] == steps
    assert torch.equal(again.picture, whole.picture)


@pytest.mark.parametrize(("pyramid", "size"), [("[1]", (32, 48)), ("[]", (64, 96))])
def test_a_run_begins_with_the_start_of_its_first_level_and_leaves_it_as_it_was(
    pyramid: str, size: tuple[int, int]
) -> None:
    begun = list[torch.Tensor]()

    class Reader(Listener):
        def begun(self, start: Start) -> None:
            begun.append(start.image.detach().clone())

    noise = ("init=noise", "init.low=0", "init.high=1", "loss_weights.calibrate=none")
    asked = config(*SHALLOW, *noise, "optim=adam", "optim.steps=2", f"optim.pyramid={pyramid}")
    inputs = prepare(asked)
    before = inputs.initial.clone()
    outcome = coarse_to_fine(asked, inputs, None, [Reader()], Stop())
    assert torch.equal(begun[0], torch.rand(3, *size, generator=torch.Generator().manual_seed(asked.seed)))
    assert torch.equal(inputs.initial, before)
    assert not torch.equal(outcome.picture, before)


def test_sizes_may_go_by_other_factors_than_two() -> None:
    root = config("optim.pyramid=[1,1,1,1]", "optim.factor=1.41421356", "image_size.width=512", "image_size.height=384")
    stages = levels(root, prepare(root))
    assert [max(level.inputs.content.shape[1:]) for level in stages] == [128, 181, 256, 362, 512]
    auto = config("optim.factor=1.41421356", "image_size.width=256", "image_size.height=256", "optim.steps=30")
    assert len(levels(auto, prepare(auto))) == 5  # 64 pixels on the short side at the coarsest, as by halves


def test_a_run_that_carries_over_what_it_remembers_goes_on_at_a_new_size_to_the_same_picture() -> None:
    asked = config("optim=adam", "optim.carry=true", "optim.pyramid=[3]", "optim.steps=6", "optim.bands=1", *SHALLOW)
    inputs, states = prepare(asked), dict[int, Checkpoint]()

    class Kept(Listener):
        def state(self, state: Checkpoint) -> None:
            clone = state.optimiser["state"][0]["step"].clone()
            states[state.step] = state._replace(image=state.image.clone())
            steps.append(float(clone))

    steps: list[float] = []
    every = asked.model_copy(update={"guard": asked.guard.model_copy(update={"checkpoint_every": 3})})
    whole = coarse_to_fine(every, inputs, None, [Kept()], Stop())
    assert steps[-1] == 6  # counted on through both levels
    plain = asked.model_copy(update={"optim": asked.optim.model_copy(update={"carry": False})})
    assert not torch.equal(coarse_to_fine(plain, prepare(plain), None, [], Stop()).picture, whole.picture)
    again = coarse_to_fine(asked, inputs, states[3], [], Stop())
    assert torch.equal(again.picture, whole.picture)
