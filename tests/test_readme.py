"""What the README promises, run."""

import re
from pathlib import Path

import pytest
from PIL import Image

from stx.config.compose import composition
from stx.config.schema import CONF
from stx.pictures import bundled

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")


def test_the_notebook_example_makes_a_picture(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    example = re.search(r"## In a notebook.*?```python\n(.*?)```", README, re.DOTALL)
    assert example
    code = example[1].replace("(256, 192)", "(64, 48)").replace("steps=100", "steps=3")
    exec(compile(code, "README.md", "exec"), {})
    assert Image.open("out.png").size == (64, 48)


def test_every_command_composes() -> None:
    commands = re.findall(r"python -m stx\.run ([^#\n`]*)", README)
    typed = [command.replace("--multirun", "").split() for command in commands]
    composed = 0
    for overrides in typed:
        options = [re.sub(r"=([^,\[]*),.*", r"=\1", option) for option in overrides if "=" in option]
        if not options or "style_stat=channel_means" in options:
            continue
        composition(options)
        composed += 1
    assert composed >= 6


def test_the_table_has_every_option_of_every_group() -> None:
    for folder in (path for path in CONF.iterdir() if path.is_dir() and path.name != "hydra"):
        (row,) = [line for line in README.splitlines() if line.startswith(f"| `{folder.name}` |")]
        for option in folder.glob("*.yaml"):
            assert f"`{option.stem}`" in row


def test_every_bundled_picture_is_named() -> None:
    for name in bundled.NAMES:
        assert f"`{name}`" in README
