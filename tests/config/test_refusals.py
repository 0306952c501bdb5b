"""What is said of options that Hydra does not take."""

from pathlib import Path

import pytest

from stx.config.refusals import own_folder, takes_list, values_from


def test_a_list_is_recommended_only_for_an_option_that_takes_one() -> None:
    for option in ("style_stat.radius", "style", "masks.style", "optim.pyramid", "loss_weights.style_layers"):
        assert takes_list(option, [])
    for option in ("content", "pooling", "optim.steps", "image_size", "nothing.of.the.kind", "hydra.sweep.subdir"):
        assert not takes_list(option, [])


def test_a_folder_of_ones_own_options_without_the_group_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "style_stat").mkdir()
    monkeypatch.setattr("sys.argv", ["stx"])
    assert own_folder("style_stat") == "; for one of your own: --config-dir FOLDER"
    monkeypatch.setattr("sys.argv", ["stx", "--config-dir", str(tmp_path)])
    assert own_folder("style_stat") == ""
    for words in (["--config-dir", str(tmp_path / "style_stat")], [f"-cd={tmp_path / 'style_stat'}"]):
        monkeypatch.setattr("sys.argv", ["stx", *words])
        assert own_folder("style_stat").endswith(
            f"which does not exist; give the folder above it: --config-dir {tmp_path}"
        )
    monkeypatch.setattr("sys.argv", ["stx", "--config-dir=flat"])
    assert own_folder("style_stat") == "; options of your own are looked for in flat/style_stat, which does not exist"


@pytest.mark.parametrize(
    ("typed", "joined"),
    [
        ("beta=1, 10", "beta=1,10"),
        ("beta=1, 2, 3 seed=4", "beta=1,2,3"),
        ("seed=0, --multirun", "seed=0,"),
        ("seed=0, optim.steps=5", "seed=0,"),
        ("seed=0 1", "seed=0"),
    ],
)
def test_values_with_blanks_behind_their_commas_are_put_together(typed: str, joined: str) -> None:
    given, *behind = typed.split()
    assert "".join(values_from(given, behind)) == joined
