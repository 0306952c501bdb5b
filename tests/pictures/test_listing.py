"""Which pictures a folder or a glob stands for, and in which order."""

import os
import random
from pathlib import Path

import pytest

from stx.errors import UserError
from stx.pictures.listing import in_order, is_listing, listing


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where one types, with a folder of pictures."""
    monkeypatch.chdir(tmp_path)
    for name in ("IMG10.jpg", "img2.PNG", "a.webp", ".hidden.jpg", "notes.txt", "clip.mp4", "phone.heic", "in/b.jpg"):
        path = tmp_path / "photos" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return tmp_path


def test_a_folder_is_its_pictures_in_their_natural_order_without_hidden_ones_and_those_below() -> None:
    pictures, others = listing("photos/")
    assert pictures == ["photos/a.webp", "photos/img2.PNG", "photos/IMG10.jpg", "photos/phone.heic"]
    assert others == ["clip.mp4", "notes.txt"]
    assert listing("./photos") == listing("photos/")


def test_numbers_in_names_are_sorted_by_their_value_in_folders_too() -> None:
    numbers = [(album, picture) for album in (1, 2, 10) for picture in (0, 3, 20, 100)]
    names = [f"album {album}/IMG_{picture}.jpg" for album, picture in numbers]
    shuffled = random.Random(0).sample(names, len(names))
    assert in_order(shuffled) == names


def test_a_line_says_how_many_there_are_and_what_is_left_out(here: Path) -> None:
    assert listing("photos").told() == "4 pictures; not pictures, by their endings: clip.mp4, notes.txt"
    (here / "photos" / "y.txt").touch()
    (here / "photos" / "z.txt").touch()
    assert listing("photos").told().endswith("notes.txt, y.txt and 1 more")
    assert listing("photos/in").told() == "1 picture"


@pytest.mark.parametrize("pattern", ["photos/*", "photos/[aI]*", "photos/?.*", "**/*", "*/*.webp", "photos/**/*.jpg"])
def test_a_glob_takes_what_pathlib_takes_of_pictures_that_are_not_hidden(here: Path, pattern: str) -> None:
    expected = {
        str(path.relative_to(here))
        for path in here.glob(pattern)
        if path.suffix.lower() in (".jpg", ".png", ".webp", ".heic") and not path.name.startswith(".")
    }
    assert expected
    assert set(listing(pattern).pictures) == expected


def test_a_glob_with_an_ending_takes_all_files_of_that_ending() -> None:
    assert listing("photos/*.heic").pictures == ["photos/phone.heic"]
    assert listing("photos/*.*").pictures == listing("photos").pictures


def test_a_glob_with_a_slash_at_its_end_is_of_folders() -> None:
    assert listing("photos/*/").pictures == ["photos/in/b.jpg"]


def test_signs_of_globs_in_the_names_of_files_and_folders_above_are_signs(here: Path) -> None:
    (here / "a [x]" / "b*").mkdir(parents=True)
    (here / "a x").mkdir()
    for name in ("a [x]/b*/c.jpg", "a [x]/b*/[d].jpg", "a x/e.jpg"):
        (here / name).touch()
    assert set(listing("a [x]/b*/*.jpg").pictures) == {"a [x]/b*/c.jpg", "a [x]/b*/[d].jpg"}
    assert listing("a [x]/b*").pictures == listing("a [x]/b*/*.jpg").pictures
    assert not is_listing("a [x]/b*/[d].jpg")


def test_home_is_a_tilde(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(here))
    assert listing("~/photos/in/").pictures == listing("~/photos/in/*").pictures == [f"{here}/photos/in/b.jpg"]


def test_a_picture_that_comes_with_stx_is_that_and_the_folder_called_so_has_a_slash(here: Path) -> None:
    (here / "china").mkdir()
    (here / "china" / "a.png").touch()
    assert not is_listing("china")
    assert listing("china/").pictures == listing("./china").pictures == ["china/a.png"]
    assert not any(map(is_listing, ("flower", "photos/a.webp", "missing.png", "", "?")))


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("empty", r"there is no picture in this folder \(\.png, \.jpg, .*\.bmp, \.heic, \.heif\)$"),
        ("text/", "there is no picture in this folder"),
        ("above", r"those in folders below are not looked for, above/\*\*/\* does$"),
        ("nowhere/", "there is no such folder"),
        ("photos/a.webp/", "that is not a folder; leave out the slash at its end"),
        ("photos/*.tif", "no file matches"),
        ("text/*", r"no picture \(\.png, .*\) matches"),
    ],
)
def test_where_there_is_no_picture_that_is_said(here: Path, name: str, answer: str) -> None:
    for folder in ("empty", "text", "above/in"):
        (here / folder).mkdir(parents=True)
    (here / "text" / "a.txt").touch()
    (here / "above" / "in" / "a.jpg").touch()
    with pytest.raises(UserError, match=answer):
        listing(name)


@pytest.mark.skipif(os.geteuid() == 0, reason="who may read everything")
def test_a_folder_that_may_not_be_read_is_said(here: Path) -> None:
    (here / "photos").chmod(0)
    try:
        with pytest.raises(UserError, match=r"this folder cannot be read \(Permission denied\)"):
            listing("photos")
    finally:
        (here / "photos").chmod(0o755)
