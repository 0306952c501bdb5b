"""What may be typed as it is: names of files, of which test_paths.py has more, and addresses."""

import shutil
import sys
from pathlib import Path

import pytest
from PIL import Image

from conftest import TINY
from stx import run as command
from stx.config.compose import composition
from stx.config.typed import as_typed


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    (tmp_path / "home").mkdir()
    return tmp_path


OTHERS = [
    "content=china", "content=nowhere (1).png", "optim.steps=3", "pooling=max,avg", "--multirun", "~prior",
    "content='a b.png'", "model.weights=null", "seed=0,1",
]  # fmt: skip


@pytest.mark.parametrize("text", OTHERS)
def test_all_else_is_left_to_hydra(here: Path, text: str) -> None:
    assert as_typed([text]) == [text]


@pytest.mark.parametrize("uri", ["http://[::1]:5000", "postgresql://[::1]/db?a=b", "sqlite:///a b.db", "http://x"])
def test_an_address_is_taken_as_it_is_typed(here: Path, uri: str) -> None:
    config = composition(as_typed([f"tracking.uri={uri}"])).config
    assert config.tracking.uri.removeprefix("sqlite:///") in (uri, f"{here}/a b.db")  # type: ignore[union-attr]


@pytest.mark.parametrize("name", ["a, b (1)=[x].png", "it's.jpg", "~/é.webp", "a.png", "'a b.png'", '"c d.png"'])
def test_a_picture_is_written_under_the_name_that_is_typed(here: Path, name: str) -> None:
    assert composition(as_typed([f"output.file={name}"])).config.output.file == name.strip("'\"")


def test_a_run_with_such_names_is_made_and_resumed(
    here: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    for name in ("IMG (1), [2]=it's.png", "caf\udce9 照片.png"):
        Image.radial_gradient("L").convert("RGB").resize((48, 32)).save(here / "plain.png")
        shutil.move(here / "plain.png", here / name)
    start = [
        "content=IMG (1), [2]=it's.png",
        "style=caf\udce9 照片.png",
        *TINY,
        "tracking=none",
        "hydra.run.dir='a b'",
    ]
    for typed in (start, ["resume=a b", "optim.steps=4"]):
        monkeypatch.setattr(sys, "argv", ["stx", *typed])
        command.main()
        assert "a b/output.png" in capfd.readouterr().out
