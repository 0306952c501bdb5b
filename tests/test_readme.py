"""What the README promises, run."""

import re
from pathlib import Path

import pytest
from PIL import Image

from stx.config.compose import composition
from stx.config.schema import CONF
from stx.pictures import bundled

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")


def test_both_examples_from_python_make_a_picture(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("china", "swirls"):
        bundled.open_picture(name).convert("RGB").save({"china": "photo.jpg", "swirls": "painting.jpg"}[name])
    section = README.partition("## From Python")[2].partition("\n## ")[0]
    short, long = re.findall(r"```python\n(.*?)```", section, re.DOTALL)
    for code in (
        short.replace("=256", "=64").replace('"style_stat=gram"', '"style_stat=gram", "optim.steps=3"'),
        long.replace("(256, 192)", "(64, 48)").replace("steps=60", "steps=3"),
    ):
        exec(compile(code, "README.md", "exec"), {})
        with Image.open("out.png") as picture:
            assert picture.size[0] == 64
        Path("out.png").unlink()


def test_every_command_composes() -> None:
    commands = re.findall(r"python -m stx\.run ([^#\n`]*)", README)
    typed = [command.replace("--multirun", "").split() for command in commands]
    composed = 0
    for overrides in typed:
        searched = [re.sub(r"='?(tag|interval)\(.*", "=1", option) for option in overrides]
        options = [re.sub(r"=([^,\[]*),.*", r"=\1", option) for option in searched if "=" in option]
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
