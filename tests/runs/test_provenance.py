"""What a picture says of its run."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from conftest import TINY
from stx.config.compose import composition
from stx.config.secrets import VARIABLE
from stx.config.typed import as_typed
from stx.errors import UserError
from stx.model.prepare import prepare
from stx.pictures import images
from stx.pictures.description import exif
from stx.runs import identity, provenance

SECRET = "correct-horse"  # nobody's


def of_run(folder: Path, *others: str) -> identity.Identity:
    config, choices, typed = composition([*TINY, *others])
    return identity.new(typed, choices, config, prepare(config), folder)


def written(path: Path, text: str) -> str:
    images.save(Image.new("RGB", (8, 6)), path, exif=exif(text))
    return str(path)


@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.webp", "a.tif"])
def test_what_is_written_is_read_again(tmp_path: Path, name: str) -> None:
    run = of_run(
        tmp_path, "seed=7", "content=coffee", "tracking=none", "live=true", "output.quality=3", "output.file=x.jpg"
    )
    past = provenance.read(written(tmp_path / name, provenance.text(run)))
    assert (past.id, past.files, past.machine, past.begun_in) == (run.id, run.files, run.machine, run.begun_in)
    kept = [text for text in TINY if not text.startswith("tracking.")]
    assert list(past.overrides) == [*kept, "seed=7", "content=coffee"]
    assert past.choices["style_stat"] == "moments_cooc"
    whole = {**past.config, **{section: run.config[section] for section in provenance.OWN}}
    assert whole == run.config


@pytest.mark.parametrize(
    ("home", "folder", "kept"),
    [
        ("/home/ada", "/home/ada/pictures", "~/pictures"),
        ("/home/ada", "/home/ada", "~"),
        ("/home/ada", "/home/adam/pictures", "/home/adam/pictures"),
        ("/", "/data", "/data"),
        ("/home/ada", "", ""),
    ],
)
def test_a_picture_does_not_say_whose_home_it_was_made_in(
    monkeypatch: pytest.MonkeyPatch, home: str, folder: str, kept: str
) -> None:
    monkeypatch.setenv("HOME", home)
    assert provenance.below_home(folder) == kept


def test_a_home_folder_that_is_a_link_is_not_said_either(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "disk" / "ada" / "pictures").mkdir(parents=True)
    (tmp_path / "home").symlink_to(tmp_path / "disk" / "ada")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path / "home" / "pictures")
    assert provenance.below_home(os.getcwd()) == "~/pictures"


def test_neither_a_password_nor_a_store_is_in_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "")
    typed = as_typed([f"tracking.uri=postgresql+psycopg2://me:{SECRET}@server.example/stx", "tracking.experiment=mine"])
    text = provenance.text(of_run(tmp_path, *typed))
    assert not [word for word in (SECRET, "server.example", "tracking", "mine", "output") if word in text]
    assert text.isascii()
    assert "\n" not in text


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("", "another program made or saved it, or output.metadata=false left them out"),
        ("A holiday in Rome", "no settings of stx are in this picture"),
        ("[1, 2]", "no settings of stx are in this picture"),
        ('{"stx": 3}', "the settings in it are damaged"),
        ('{"stx": {"format": 9}}', r"written by a later version of stx \(format 9\); this one reads up to 1"),
        ('{"stx": {"format": true}}', r"damaged \(format: it is no whole number\)"),
        ('{"stx": {"format": 1, "id": 3}}', r"damaged \('id': Input should be a valid string\)"),
        ('{"stx": {"format": 1}}', "damaged"),
        ("[" * 100_000, "the picture says of no run|damaged"),
    ],
)
def test_a_picture_of_no_run_that_can_be_read_is_a_message(tmp_path: Path, text: str, answer: str) -> None:
    source = written(tmp_path / "a.png", text) if text else str(tmp_path / "a.png")
    if not text:
        Image.new("RGB", (8, 6)).save(source)
    with pytest.raises(UserError, match=f"from_picture={source}: .*{answer}"):
        provenance.read(source)


def test_a_field_that_a_later_program_added_is_damage_and_no_fault(tmp_path: Path) -> None:
    whole: dict[str, Any] = json.loads(provenance.text(of_run(tmp_path, "tracking=none")))
    whole["stx"]["more"] = 1
    with pytest.raises(UserError, match="damaged"):
        provenance.read(written(tmp_path / "a.png", json.dumps(whole)))
