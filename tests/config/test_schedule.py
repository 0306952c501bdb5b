"""Steps at each size of a pyramid."""

import pytest

from stx.config.compose import composition
from stx.config.schedule import coarse_steps
from stx.config.schema import Config


def config(*overrides: str) -> Config:
    return composition(overrides).config


@pytest.mark.parametrize(
    ("size", "steps", "levels"),
    [
        ((512, 384), 180, [60, 60]),
        ((384, 512), 180, [60, 60]),
        ((1024, 768), 180, [40, 40, 40]),
        ((256, 128), 180, [120]),
        ((200, 127), 180, []),
        ((40, 30), 180, []),
        ((512, 384), 1, []),
        ((512, 384), 4, [1, 1]),
    ],
)
def test_an_automatic_pyramid_goes_down_to_64_pixels_and_leaves_a_third_for_the_whole_size(
    size: tuple[int, int], steps: int, levels: list[int]
) -> None:
    assert coarse_steps(config(f"optim.steps={steps}"), size, size) == levels


@pytest.mark.parametrize(
    "override",
    ["loss_weights=thesis", "optim.pyramid=[]", "init=picture init.path=x.png", "+experiment=thesis/e01_gram"],
)
def test_there_is_none_for_raw_losses_a_picture_to_go_on_with_and_the_thesis(override: str) -> None:
    assert coarse_steps(config(*override.split()), (512, 384), (512, 384)) == []


def test_steps_that_are_given_are_taken_as_they_are() -> None:
    assert coarse_steps(config("optim.pyramid=[3,2]"), (64, 48), (64, 48)) == [3, 2]


def test_a_narrow_painting_keeps_32_pixels() -> None:
    assert coarse_steps(config(), (512, 384), (1500, 131)) == [60, 60]
    assert coarse_steps(config(), (512, 384), (3000, 65)) == [120]
    assert coarse_steps(config(), (512, 384), (18714, 9)) == []
