"""A recipe is what a run is asked to make: the machine is not in it, all that the picture depends on is."""

from pathlib import Path

import pytest

from conftest import SHALLOW
from stx.config.compose import compose
from stx.pictures import images
from stx.runs.check import check
from stx.runs.recipe import recipe

SMALL = ["model=vgg19_random", "image_size.width=48", "image_size.height=32", "tracking=none", *SHALLOW]


def of(folder: Path, *given: str) -> str:
    return recipe(*check(compose([*SMALL, *given]), folder))


def test_neither_machine_nor_what_is_told_of_a_run_is_in_it(tmp_path: Path) -> None:
    plain = of(tmp_path)
    told = ("tracking.pictures_every=3", "output.timelapse=gif", "output.metadata=false")
    assert of(tmp_path, "device=cpu", "deterministic=false", *told) == plain
    (tmp_path / "elsewhere").mkdir()
    images.load("china").save(tmp_path / "one.png")
    images.load("china").save(tmp_path / "elsewhere" / "two.png")
    contents = [of(tmp_path, f"content={tmp_path / name}") for name in ("one.png", "elsewhere/two.png")]
    assert contents[0] == contents[1]


@pytest.mark.parametrize(
    "given",
    [
        "seed=1",
        "style=woodcut",
        "content=coffee",
        "image_size.width=64",
        "loss_weights.beta=2",
        "style_size=same",
        "precision=bf16",
    ],
)
def test_what_changes_the_picture_changes_it(tmp_path: Path, given: str) -> None:
    assert of(tmp_path, given) != of(tmp_path)
