"""Functions named in a YAML: only where they are trusted, and not imported before that is known."""

import sys
from pathlib import Path

import pytest

from stx.config.functions import bind, option_of
from stx.config.schema import Call, Statistic
from stx.errors import UserError

TRAP = """
from pathlib import Path

Path(__file__).with_name("ran").touch()

def f(x): ...
"""
OUTSIDE = ["os.system", "stx.run.os.system", "stx.pictures.images.os.remove", "builtins.eval", "stxx.f"]


def call(target: str, **arguments: object) -> Call:
    return Call.model_validate({"_target_": target, **arguments})


def test_an_untrusted_function_is_refused_before_it_is_imported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "trap.py").write_text(
        "from pathlib import Path\nPath(__file__).with_name('ran').touch()\n\ndef f(x): ...\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(UserError, match="if you trust trap, say so: STX_TRUST=trap"):
        bind(call("trap.f"), "style_stat", given=())
    assert not (tmp_path / "ran").exists()
    assert "trap" not in sys.modules
    monkeypatch.setenv("STX_TRUST", "other,tarp")
    with pytest.raises(UserError, match="STX_TRUST=other,tarp,trap \\(STX_TRUST names tarp: is that the same\\?\\)"):
        bind(call("trap.f"), "style_stat", given=())
    assert "trap" not in sys.modules
    monkeypatch.setenv("STX_TRUST", "other,trap")
    bind(call("trap.f"), "style_stat", given=())
    assert (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("import os\n\ndef f(features)\n    return features\n", r"SyntaxError: expected ':' \(.*{name}\.py, line 3\)"),
        ("import torch\nx = 1 / 0\n", r"ZeroDivisionError: division by zero \(.*{name}\.py, line 2\)"),
        ("import sys\nsys.exit(3)\n", r"SystemExit: 3 \(.*{name}\.py, line 2\)"),
        ("x = tourch\n", r"NameError: name 'tourch' is not defined \(.*{name}\.py, line 1\)"),
        ("import no_such\n", r"ModuleNotFoundError: No module named 'no_such' \(.*{name}\.py, line 1\)"),
    ],
)
def test_a_fault_of_ones_own_module_is_said_with_its_place(
    text: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = f"fault_{abs(hash(text))}"
    (tmp_path / f"{name}.py").write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("STX_TRUST", f"{name}.py")  # the file is as good as the module
    with pytest.raises(
        UserError, match=rf"style_stat\._target_={name}\.f: importing it fails: {said.format(name=name)}"
    ):
        bind(call(f"{name}.f"), "style_stat", given=())


def test_a_module_that_is_not_there_has_no_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STX_TRUST", "nowhere")
    with pytest.raises(
        UserError, match=r"no function of that name can be imported \(No module named 'nowhere'; modules"
    ):
        bind(call("nowhere.f"), "style_stat", given=())


def test_a_function_without_its_module_is_answered_with_the_form() -> None:
    with pytest.raises(UserError, match=r"_target_=means: should be module\.function, such as mine\.means$"):
        bind(call("means"), "style_stat", given=())


@pytest.mark.parametrize(
    ("group", "function", "option"),
    [
        ("content_stat", "coarse_self_similarity", "self_similarity"),
        ("style_stat", "gaussian", "gaussian_wasserstein"),
        ("content_stat", "features", "features"),  # of two, whose name it has
        ("style_stat", "mine", "mine"),
        ("prior_stat", "total_variation", "total_variation"),
    ],
)
def test_a_function_is_called_by_the_option_that_one_types_for_it(group: str, function: str, option: str) -> None:
    assert option_of(group, function) == option


def test_a_misspelt_function_or_key_of_ones_own_yaml_is_answered_with_the_nearest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "spelling.py").write_text("def edges(features, *, power: float): ...\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("STX_TRUST", "spelling")
    with pytest.raises(UserError, match=r"did you mean edges\?"):
        bind(call("spelling.egdes"), "style_stat", given=())
    statistic = Statistic.model_validate({"_target_": "spelling.edges", "power": 1.0, "distanse": "none"})
    with pytest.raises(UserError, match=r"there is no option style_stat\.distanse \(did you mean distance\?\)"):
        bind(statistic, "style_stat", given=())
