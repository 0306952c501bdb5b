"""A file's name may be typed as it is, whatever signs it has."""

import shutil
import sys
from pathlib import Path

import pytest
from PIL import Image

from conftest import SMALL
from stx import run as command
from stx.config.compose import composition
from stx.config.typed import as_typed

NAMES = [
    "IMG (1).jpg", "café.jpg", "a#b.png", "照片.png", "a=b.png", "a,b.png", "[1].png", "{x}.png", "it's.png",
    'say "hi".png', "a\\b.png", "${oc.env:HOME}.png", "a:b.png", "a&b;c.png", " leading.png", "3", "1e3", "true",
    "-x.png", "a%20b.png", "b!?*.png", "caf\udce9.png", "tab\there.png", "trailing ", "~x.png", "x\u0301.png",
]  # fmt: skip


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    (tmp_path / "home").mkdir()
    return tmp_path


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("key", ["content", "style", "init.path", "model.weights", "resume"])
def test_the_name_of_an_existing_file_is_taken_as_it_is_typed(here: Path, name: str, key: str) -> None:
    (here / name).touch()
    overrides = as_typed([*(["init=picture"] if key == "init.path" else []), f"{key}={name}", "seed=3"])
    dumped = composition(overrides).config.model_dump()
    assert dumped["seed"] == 3
    for part in key.split("."):
        dumped = dumped[part]
    assert dumped == name


def test_paths_and_the_home_folder_too(here: Path) -> None:
    (here / "photos").mkdir()
    for name in ("photos/IMG (1).jpg", "home/x y.jpg"):
        (here / name).touch()
    for typed in ("photos/../photos/IMG (1).jpg", f"{here}/photos/IMG (1).jpg", "~/x y.jpg"):
        assert composition(as_typed([f"content={typed}"])).config.content == typed


def test_a_sweep_over_files_is_one_value_each(here: Path) -> None:
    for name in ("a b.png", "c#d.png", "e,f.png"):
        (here / name).touch()
    assert as_typed(["content=a b.png,c#d.png,china"]) == ['content=a b.png,"c#d.png",china']
    assert as_typed(["content=e,f.png"]) == ['content="e,f.png"']


OTHERS = [
    "content=china", "content=nowhere (1).png", "optim.steps=3", "pooling=max,avg", "--multirun", "~prior",
    "content='a b.png'", "model.weights=null", "seed=0,1",
]  # fmt: skip


@pytest.mark.parametrize("text", OTHERS)
def test_all_else_is_left_to_hydra(here: Path, text: str) -> None:
    (here / "null").touch()
    assert as_typed([text]) == [text]


@pytest.mark.parametrize("uri", ["http://[::1]:5000", "postgresql://[::1]/db?a=b", "sqlite:///a b.db", "http://x"])
def test_an_address_is_taken_as_it_is_typed(here: Path, uri: str) -> None:
    config = composition(as_typed([f"tracking.uri={uri}"])).config
    assert config.tracking.uri.removeprefix("sqlite:///") in (uri, f"{here}/a b.db")  # type: ignore[union-attr]


def test_a_run_with_such_names_is_made_and_resumed(
    here: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    for name in ("IMG (1), [2]=it's.png", "caf\udce9 照片.png"):
        Image.radial_gradient("L").convert("RGB").resize((48, 32)).save(here / "plain.png")
        shutil.move(here / "plain.png", here / name)
    start = [
        "content=IMG (1), [2]=it's.png",
        "style=caf\udce9 照片.png",
        *SMALL,
        "tracking=none",
        "hydra.run.dir='a b'",
    ]
    for typed in (start, ["resume=a b", "optim.steps=4"]):
        monkeypatch.setattr(sys, "argv", ["stx", *typed])
        command.main()
        assert "a b/output.png" in capfd.readouterr().out
