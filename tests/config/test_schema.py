"""Every option composes and validates; what is refused, and how, is in docs/bad-input.md and its test."""

from pathlib import Path

import pytest

from stx.config.compose import composition
from stx.config.schema import CONF, restored

EXPERIMENTS = sorted((CONF / "experiment").rglob("*.yaml"))
NOT_IN_A_RUN = ("hydra", "protocol", "experiment", "measure")
GROUPS = sorted(folder.name for folder in CONF.iterdir() if folder.is_dir() and folder.name not in NOT_IN_A_RUN)
OPTIONS = [f"{group}={file.stem}" for group in GROUPS for file in sorted((CONF / group).glob("*.yaml"))]


@pytest.mark.parametrize("option", OPTIONS)
def test_every_option_of_every_group_composes_and_validates(option: str) -> None:
    extra = ["init.path=any.png"] if option == "init=picture" else []
    composition([option, *extra])


@pytest.mark.parametrize("file", EXPERIMENTS, ids=[file.stem for file in EXPERIMENTS])
def test_every_experiment_composes_and_opens_with_what_it_is(file: Path) -> None:
    name = str(file.relative_to(CONF / "experiment").with_suffix(""))
    config = composition([f"+experiment={name}", "optim.steps=4000", "image_size=small"]).config
    assert (config.optim.steps, config.image_size.width) == (4000, 256)
    if file.stem == "base":
        return
    command, saw, sees, time = file.read_text(encoding="utf-8").splitlines()[1:5]
    assert command == f"# python -m stx.run +experiment={name}"
    if file.parent.name == "thesis":
        assert [line[2:8].strip() for line in (saw, sees, time)] == ["Thesis", "stx:", "Takes"]


def test_the_groups_of_the_contract_are_there() -> None:
    assert {"model", "style_stat", "loss_weights", "pooling", "init", "image_size", "optim", "tracking"} <= set(GROUPS)


def test_numbers_are_read_as_one_types_them() -> None:
    config = composition(["optim.steps=1e3", "loss_weights.beta=1e2", "loss_weights.alpha=1"]).config
    assert config.optim.steps == 1000
    assert type(config.optim.steps) is int
    assert config.loss_weights.beta == 100


def test_a_config_of_before_padding_averages_and_rescaled_pooling_is_one_without_them() -> None:
    now = composition([]).config
    dumped = now.model_dump(mode="json", by_alias=True)
    for section, option in (("pooling", "rescale"), ("optim", "average")):
        del dumped[section][option]
    del dumped["padding"]
    before = restored(dumped)
    assert (before.padding, before.pooling.rescale, before.optim.average) == ("zeros", 1, 0)
    other = restored({**dumped, "padding": "reflect", "optim": {**dumped["optim"], "average": 0.5}})
    assert (other.padding, other.optim.average) == ("reflect", 0.5)
