"""Every option composes and validates; what is refused, and how, is in docs/bad-input.md and its test."""

from pathlib import Path

import pytest

from stx.config.compose import composition
from stx.config.schema import CONF

EXPERIMENTS = sorted((CONF / "experiment").rglob("*.yaml"))
NOT_IN_A_RUN = ("hydra", "film", "survey", "protocol", "experiment", "measure")
GROUPS = sorted(folder.name for folder in CONF.iterdir() if folder.is_dir() and folder.name not in NOT_IN_A_RUN)
OPTIONS = [f"{group}={file.stem}" for group in GROUPS for file in sorted((CONF / group).glob("*.yaml"))]


@pytest.mark.parametrize("option", OPTIONS)
def test_every_option_of_every_group_composes_and_validates(option: str) -> None:
    given = {"init=picture": ["init.path=any.png"], "temporal=moved": ["temporal.picture=any.png"]}
    composition([option, *given.get(option, [])])


@pytest.mark.parametrize("file", EXPERIMENTS, ids=[file.stem for file in EXPERIMENTS])
def test_every_experiment_composes_and_opens_with_what_it_is(file: Path) -> None:
    name = str(file.relative_to(CONF / "experiment").with_suffix(""))
    config = composition([f"+experiment={name}", "optim.steps=4000", "image_size=small"]).config
    assert (config.optim.steps, config.image_size.width) == (4000, 256)
    if file.stem == "base":
        return
    command, saw, sees, time = file.read_text(encoding="utf-8").splitlines()[1:5]
    assert command == f"# stx run +experiment={name}"
    if file.parent.name == "thesis":
        assert [line[2:8].strip() for line in (saw, sees, time)] == ["Thesis", "stx:", "Takes"]


def test_the_groups_of_the_contract_are_there() -> None:
    assert {"model", "style_stat", "loss_weights", "pooling", "init", "image_size", "optim", "tracking"} <= set(GROUPS)


def test_numbers_are_read_as_one_types_them() -> None:
    config = composition(["optim.steps=1e3", "loss_weights.beta=1e2", "loss_weights.alpha=1"]).config
    assert config.optim.steps == 1000
    assert type(config.optim.steps) is int
    assert config.loss_weights.beta == 100
