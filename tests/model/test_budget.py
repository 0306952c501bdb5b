"""What a run is expected to need, and the blocks that are chosen where that is too much."""

import math
from functools import partial
from typing import Any

import pytest

from stx.config.compose import composition
from stx.config.layers import LAYERS
from stx.config.schema import LONGEST_SIDE, Config
from stx.errors import UserError
from stx.loop.optimisers import LBFGS
from stx.loop.optimisers import Optimiser as Protocol
from stx.model import memory
from stx.model.budget import METHODS, SIDES, Budget, budget
from stx.model.prepare import Inputs, prepare


def config(*overrides: str) -> Config:
    small = ["model=vgg19_random", "image_size.width=48", "image_size.height=32"]
    return composition([*small, *overrides]).config


class Optimiser(LBFGS):
    @staticmethod
    def remembered(numbers: int) -> int:  # type: ignore[override]
        return numbers


def remembering(numbers: int) -> "partial[Any]":
    return partial(Optimiser, numbers=numbers)


@pytest.fixture(scope="module")
def prepared() -> tuple[Config, Inputs]:
    asked = config("precision=fp32", "activation_checkpointing=false", "style_stat=gram", "loss_weights.calibrate=none")
    return asked, prepare(asked)


def test_memory_is_a_process_and_so_much_for_each_pixel(
    prepared: tuple[Config, Inputs], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, inputs = prepared
    monkeypatch.setattr(memory, "available", lambda device: math.inf)

    def expected(width: int, height: int, remembered: int) -> float:
        return budget(
            asked, inputs.hardware, (width, height), [(width, height)], inputs.terms, remembering(remembered)
        ).needed

    given = {"pooling": "max", "padding": "zeros", "itemsize": 4, "checkpointing": False, "calibrated": False}
    step = memory.of_a_step(list(LAYERS), inputs.terms, **given, pixels=1200)
    numbers = 3 * (memory.PICTURES + 7)  # float32
    assert expected(40, 30, 7) == pytest.approx(memory.PROCESS + 1200 * (4 * numbers + max(step, memory.JUDGE)))
    assert expected(LONGEST_SIDE, 30, 0) > expected(30, 30, 0)
    with pytest.raises(UserError, match=f"{LONGEST_SIDE + 1} x 30: a side may have {LONGEST_SIDE} pixels at most"):
        expected(LONGEST_SIDE + 1, 30, 0)
    monkeypatch.setattr(memory, "of_a_step", lambda *_, **__: 0.0)  # then the judge takes most
    assert expected(40, 30, 0) == memory.PROCESS + 1200 * (12 * memory.PICTURES + memory.JUDGE)


@pytest.mark.parametrize(("remembered", "told"), [(0, False), (2000, True)])
def test_what_does_not_fit_is_told_in_whole_gigabytes(
    prepared: tuple[Config, Inputs], monkeypatch: pytest.MonkeyPatch, remembered: int, told: bool
) -> None:
    asked, inputs = prepared
    asked = asked.model_copy(update={"blocks": None})
    least = asked.model_copy(update={"activation_checkpointing": True})

    def expected(config: Config, there_is: float) -> float:
        monkeypatch.setattr(memory, "available", lambda device: there_is)
        return budget(
            config, inputs.hardware, (6000, 4000), [(6000, 4000)], inputs.terms, remembering(remembered)
        ).needed

    needed, checkpointed = expected(asked, math.inf), expected(least, math.inf)
    assert expected(asked, needed) == needed
    with pytest.raises(UserError) as refused:
        expected(asked, checkpointed)  # all of it is enough
    said = f"image_size: 6000 x 4000 pixels need about {needed / 1e9:.0f} GB of memory, and cpu has "
    assert str(refused.value).startswith(f"{said}{checkpointed / 1e9:.0f} GB; ")
    assert f"activation_checkpointing=true takes {checkpointed / 1e9:.0f} GB; " in str(refused.value)
    kept = "what the optimiser remembers (optim.history) takes 576 of them"  # 12 bytes of 24 million pixels, 2000 times
    assert (kept in str(refused.value)) == told


LARGE = (4096, 3072)
GB = 1e9


def of_large(asked: Config, available: float, monkeypatch: pytest.MonkeyPatch, history: int = 5) -> Budget:
    monkeypatch.setattr(memory, "available", lambda device: available)
    inputs = prepare(config())
    optimiser = partial(LBFGS, history=history, first_step=0.01)
    return budget(asked, inputs.hardware, LARGE, [LARGE], prepare(config(f"style_stat={STATISTIC}")).terms, optimiser)


STATISTIC = "moments_cooc"


def test_a_picture_that_fits_goes_in_one_piece(monkeypatch: pytest.MonkeyPatch) -> None:
    assert of_large(config(), 200 * GB, monkeypatch).side is None


def test_one_that_does_not_goes_in_the_largest_blocks_that_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    roomy, narrow = (of_large(config(), available, monkeypatch) for available in (20 * GB, 8 * GB))
    assert roomy.side == SIDES[-1]
    assert narrow.side is not None
    assert SIDES[0] <= narrow.side <= SIDES[-1]
    assert narrow.needed <= 8 * GB
    assert roomy.judged >= narrow.judged
    assert 0.2 < narrow.judged < 1  # the measures keep all of a picture


def test_a_side_that_is_asked_for_is_taken_though_the_whole_would_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    chosen = of_large(config("blocks=512"), 200 * GB, monkeypatch)
    assert (chosen.side, chosen.judged) == (512, 1)


def test_where_not_even_blocks_fit_it_is_said_what_would(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UserError, match=r"4096 x 3072 pixels need .* in blocks too; optim.history=\d+ would fit"):
        of_large(config(), 8 * GB, monkeypatch, history=60)
    with pytest.raises(UserError, match="in blocks too; take a smaller image_size"):
        of_large(config(), 2 * GB, monkeypatch)


def test_blocks_null_is_never(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UserError, match="need about"):
        of_large(config("blocks=null"), 8 * GB, monkeypatch)


def test_a_statistic_that_cannot_be_divided_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("test_budget.STATISTIC", "channel_histograms")
    with pytest.raises(UserError, match="channel_histograms needs all of a picture at once, so that blocks"):
        of_large(config(), 8 * GB, monkeypatch)
    with pytest.raises(UserError, match="blocks=512: channel_histograms needs all of a picture at once; leave it out"):
        of_large(config("blocks=512"), 200 * GB, monkeypatch)


def test_all_methods_of_an_optimiser_are_asked_for() -> None:
    public = {
        name for name, each in vars(Protocol).items() if not name.startswith("_") and callable(getattr(Protocol, name))
    }
    assert set(METHODS) == public
