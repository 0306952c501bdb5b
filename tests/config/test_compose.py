"""Overrides as they are typed for a user, and the config that they come to."""

import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from hydra import initialize_config_dir
from hydra.core.global_hydra import GlobalHydra

from stx.config.compose import (
    Composition,
    HydraException,
    arguments_parser,
    at_work,
    choices_of,
    compose,
    composition,
    jobs_of_sweep,
    key_of,
    leaves,
    override,
    quoted,
    raised_in_hydra,
    task,
    value_of,
    values_of,
)
from stx.config.schema import CONF, validate
from stx.errors import UserError

NAMES = (
    "12",
    "null",
    "a=b.png",
    "my photo.png",
    "ñ.png",
    "q\"uo'te.png",
    "back\\slash.png",
    'a\\"b',
    "end\\",
    "a,b",
    " x",
    "${x}.png",
    "a\\${b}",
    '"${b}"',
)


@pytest.mark.parametrize("name", ["photo.jpg", "some/photo-1_2.jpg", *NAMES])
def test_any_name_of_a_file_is_read_back_as_it_was(name: str) -> None:
    assert composition([override("content", name)]).config.content == name


@pytest.mark.parametrize("name", NAMES)
def test_the_text_of_an_override_and_of_each_in_a_list_is_what_was_put_into_quotes(name: str) -> None:
    assert value_of(override("content", name)) == name
    values = values_of(f"content={quoted(name)},china,[{quoted(name)},b.png]")
    assert [value for _, value in values] == [name, "china", [name, "b.png"]]
    assert values_of(f"content={','.join(text for text, _ in values)}") == values


@pytest.mark.parametrize("typed", ["~content", "content=range(1,3)", "content=glob(*)", "content=("])
def test_what_has_no_values_that_can_be_listed_has_none(typed: str) -> None:
    assert values_of(typed) == []
    assert values_of("content=${oc.env:HOME}") == [("${oc.env:HOME}", "${oc.env:HOME}")]


def test_what_needs_no_quotes_has_none() -> None:
    assert override("content", "some/photo-1_2.jpg") == "content=some/photo-1_2.jpg"


@pytest.mark.parametrize(
    ("typed", "key"),
    [
        ("optim.steps=5", "optim.steps"),
        ("+experiment=plain", "experiment"),
        ("++seed=1", "seed"),
        ("~prior", "prior"),
        ("content=a=b.png", "content"),
        ("optim=", "optim"),
    ],
)
def test_the_key_of_an_override_is_what_it_sets(typed: str, key: str) -> None:
    assert key_of(typed) == key


def test_a_composition_has_the_config_the_option_of_every_group_and_what_was_typed() -> None:
    config, choices, overrides = composition(("optim=adam", "+experiment=plain", "optim.steps=7"))
    assert (config.optim.target, config.optim.steps) == ("stx.loop.optimisers.Adam", 7)
    assert (choices["optim"], choices["experiment"]) == ("adam", "plain")
    assert not any("/" in group for group in choices)
    assert overrides == ["optim=adam", "+experiment=plain", "optim.steps=7"]


def test_a_composition_is_of_the_parts_that_compose_gives() -> None:
    overrides = ["optim=adam", "seed=3"]
    whole = compose(overrides)
    assert composition(overrides) == Composition(validate(task(whole)), choices_of(whole.hydra), overrides)


def test_the_task_is_all_but_hydras_own_part() -> None:
    whole = compose(["seed=3"])
    assert set(task(whole)) == set(whole) - {"hydra"}
    assert whole.hydra.overrides.task == ["seed=3"]


def test_what_hydra_cannot_compose_and_what_the_schema_refuses_are_told_apart() -> None:
    with pytest.raises(HydraException):
        composition(["optim=adm"])
    with pytest.raises(UserError, match=r"optim\.steps"):
        composition(["optim.steps=0"])


def test_where_hydra_is_at_work_its_search_path_is_kept(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text("flavour: sweet\n")
    with initialize_config_dir(str(tmp_path), version_base="1.3"):
        assert task(compose([])) == {"flavour": "sweet"}
    assert "flavour" not in compose([])


def test_inside_at_work_the_same_hydra_composes_and_outside_none_is_left() -> None:
    with at_work():
        first = GlobalHydra.instance().hydra
        with at_work():
            assert GlobalHydra.instance().hydra is first
        composition(["seed=3"])
        assert GlobalHydra.instance().hydra is first
    assert not GlobalHydra.instance().is_initialized()


def test_a_typed_search_path_offers_its_options(tmp_path: Path) -> None:
    (tmp_path / "pooling").mkdir()
    (tmp_path / "pooling" / "mine.yaml").write_text("name: avg\nrescale: 1\n")
    config, choices, _ = composition([f"hydra.searchpath=[{tmp_path}]", "pooling=mine"])
    assert (config.pooling.name, choices["pooling"]) == ("avg", "mine")


def test_leaves_are_the_values_of_nested_dicts_by_dotted_key() -> None:
    nested = {"a": {"b": {"c": 1}, "d": [2, {"e": 3}]}, "f": None, "empty": {}}
    assert dict(leaves(nested)) == {"a.b.c": 1, "a.d": [2, {"e": 3}], "f": None}


def test_the_command_line_has_overrides_and_flags() -> None:
    arguments = arguments_parser().parse_args(["seed=1", "optim=adam", "--multirun"])
    assert (arguments.overrides, arguments.multirun) == (["seed=1", "optim=adam"], True)


def test_a_sweep_has_a_job_for_every_pair_with_its_own_parameters_first() -> None:
    with at_work():
        whole = compose([])
        whole.hydra.sweeper.params = {"pooling": "max,avg"}
        whole.hydra.overrides.task = ["seed=1,2", "optim=adam"]
        assert jobs_of_sweep(whole) == [
            [f"pooling={pooling}", f"seed={seed}", "optim=adam"] for pooling in ("max", "avg") for seed in (1, 2)
        ]


def test_a_plain_error_of_hydras_is_told_from_others() -> None:
    with pytest.raises(ValueError) as hydras:
        compose(["optim=null"])
    with pytest.raises(ValueError) as other:
        int("x")
    assert raised_in_hydra(hydras.value)
    assert not raised_in_hydra(other.value)


def test_composing_needs_no_torch() -> None:
    code = (
        "import sys; from stx.config.compose import composition; composition(['optim=adam']); "
        "sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parents[2]).returncode == 0


def test_cross_moments_is_the_statistic_of_the_benchmark_s_row() -> None:
    protocol = yaml.safe_load((CONF / "protocol" / "benchmark.yaml").read_text())
    typed = protocol["statistics"]["cross_moments"].split()
    pictures = ["content=china", "style=swirls"]
    preset, row = (composition([*pictures, *options]).config for options in (["style_stat=cross_moments"], typed))
    assert preset.style_stat == row.style_stat
