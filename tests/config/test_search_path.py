"""--config-dir of commands that are none of Hydra's."""

import argparse
import shlex
from pathlib import Path

import pytest
from omegaconf import OmegaConf

from stx.config import search_path
from stx.config.compose import composition
from stx.errors import UserError


def parsed(*typed: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("overrides", nargs="*")
    search_path.add_flag(parser)
    return parser.parse_intermixed_args(typed)


@pytest.mark.parametrize("name", ["mine", "my, [odd] 'conf'", 'a "quoted" one'])
def test_an_option_of_a_folder_of_one_s_own_composes_whatever_the_folder_is_called(name: str, tmp_path: Path) -> None:
    group = tmp_path / name / "style_stat"
    group.mkdir(parents=True)
    (group / "own.yaml").write_text("_target_: stx.stats.gram\n")
    overrides = search_path.typed(parsed("seed=3", "--config-dir", str(tmp_path / name)))
    assert "own" in search_path.options("style_stat", overrides)
    assert composition([*overrides, "style_stat=own"]).choices["style_stat"] == "own"


def test_without_one_the_overrides_are_what_was_typed_and_the_options_stx_s() -> None:
    overrides = search_path.typed(parsed("seed=3"))
    assert overrides == ["seed=3"]
    assert "gram" in search_path.options("style_stat", overrides)


def test_a_folder_that_is_not_there_and_two_ways_to_say_it_are_messages(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no such folder"):
        search_path.typed(parsed("--config-dir", str(tmp_path / "nowhere")))
    with pytest.raises(UserError, match="leave one of them out"):
        search_path.typed(parsed("--config-dir", str(tmp_path), "hydra.searchpath=[conf]"))


@pytest.mark.parametrize("nothing", ["null", "[]", "[null]"])
def test_a_search_path_of_nothing_adds_nothing(nothing: str) -> None:
    assert search_path.options("style_stat", [f"hydra.searchpath={nothing}"]) == search_path.options("style_stat", [])


@pytest.mark.parametrize("name", ["mine", "my, [odd] 'conf'"])
def test_the_command_is_shown_as_it_was_typed_and_can_be_pasted(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / name).mkdir()
    monkeypatch.chdir(tmp_path)
    given = search_path.typed(parsed("seed=3", "--config-dir", name))
    shown = search_path.command_line(["compare"], given)
    assert shown == shlex.join(["stx", "compare", "seed=3", "--config-dir", name])
    assert search_path.typed(parsed(*shlex.split(shown)[2:])) == given
    far = search_path.typed(parsed("--config-dir", str(tmp_path.parent)))
    assert shlex.split(search_path.command_line(["film"], far)) == ["stx", "film", "--config-dir", str(tmp_path.parent)]
    typed = ["hydra.searchpath=[conf,other]", "hydra.searchpath=null"]
    assert search_path.command_line(["film"], typed) == shlex.join(["stx", "film", *typed])


def test_the_command_is_shown_with_the_modules_that_it_trusts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STX_TRUST", "mine,my own")
    assert search_path.command_line(["run"], ["seed=1"]) == "STX_TRUST='mine,my own' stx run seed=1"
    assert search_path.command_line(["run"], ["seed=1"], modules=[]) == "stx run seed=1"
    assert search_path.command_line(["run"], ["seed=1"], modules=["mine"]) == "STX_TRUST=mine stx run seed=1"


def test_what_a_command_of_hydra_s_was_told_is_recorded_for_any_other_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    def recorded(named: list[str], *flagged: str) -> list[str]:
        sources = [{"path": path, "provider": "command-line"} for path in flagged]
        own = {
            "overrides": {"hydra": named},
            "runtime": {"config_sources": [{"path": "x", "provider": "main"}, *sources]},
        }
        return search_path.of_hydra(OmegaConf.create(own))

    assert recorded(["hydra.verbose=true"]) == []
    assert recorded([], str(tmp_path / "conf")) == [search_path.override_of(Path("conf"))]
    assert recorded(["hydra.searchpath=[conf]"]) == [f'hydra.searchpath=["{tmp_path}/conf"]']
    both = recorded(["hydra.searchpath=[pkg://mine]"], str(tmp_path / "conf"))
    assert both == [f'hydra.searchpath=["{tmp_path}/conf","pkg://mine"]']
    assert recorded(["hydra.searchpath=[${oc.env:HOME}]"]) == ["hydra.searchpath=[${oc.env:HOME}]"]
