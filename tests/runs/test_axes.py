"""content=photos/ style=paintings/: a sweep over the pictures in folders, as one types it."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from conftest import TINY, command
from stx.config.compose import at_work, compose, jobs_of_sweep
from stx.config.typed import as_typed
from stx.errors import UserError
from stx.runs.axes import Photograph, many, unfolded

ODD = ["it's.png", "a b (1).jpg", "a, b.jpg", "x=1.jpg", "café.jpg", "照片.png", "[x].jpg", "{y: z}.jpg", "${x}.jpg",
       "a\\${b}.jpg", 'say "x".jpg', "both'\".jpg", "back\\slash.jpg", "null.jpg", "12.jpg", "*.jpg", "a#b?.jpg",
       "-dash.jpg", "choice(a,b).png"]  # fmt: skip


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    pictures(tmp_path / "photos", "p2.png", "p10.png")
    pictures(tmp_path / "paintings", "q.png", "r.png")
    return tmp_path


def pictures(folder: Path, *names: str) -> None:
    """Each another one: noise of one colour."""
    folder.mkdir(exist_ok=True)
    for name in names:
        colour = np.random.default_rng(list(name.encode())).integers(60, 256, 3)
        noise = np.random.default_rng(0).random((40, 48, 1))
        Image.fromarray((colour * noise).astype(np.uint8)).save(folder / name)


def contents(*typed: str) -> list[str]:
    """Of the jobs of a sweep."""
    with at_work():
        whole = compose([])
        whole.hydra.overrides.task = as_typed(typed)
        return [compose(job).content for job in jobs_of_sweep(whole, unfolded)]


def test_every_name_in_a_folder_comes_through_hydra_as_it_is(here: Path) -> None:
    (here / "odd, [1] ${x}").mkdir()
    for name in ODD:
        (here / "odd, [1] ${x}" / name).touch()
    expected = {f"odd, [1] ${{x}}/{name}" for name in ODD}
    for typed in ("content=odd, [1] ${x}/", "content=odd, [1] ${x}", "content=odd, [1] ${x}/*"):
        names = contents(typed, "seed=1,2")
        assert set(names) == expected
        assert len(names) == 2 * len(ODD)


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("content=photos/", ["photos/p2.png", "photos/p10.png"]),
        ("content='photos/'", ["photos/p2.png", "photos/p10.png"]),
        ("++content=photos/*0.png,china", ["photos/p10.png", "china"]),
        ("content=china,photos/,me (1).jpg", ["china", "photos/p2.png", "photos/p10.png", "me (1).jpg"]),
        ("content=photos/p10.png,photos/", ["photos/p10.png", "photos/p2.png"]),
        ("content=choice(paintings/,photos/p2.png)", ["paintings/q.png", "paintings/r.png", "photos/p2.png"]),
        ("content=photos/*2*,me (1).jpg", ["photos/p2.png", "me (1).jpg"]),
        ("content=china", ["china"]),
    ],
)
def test_folders_globs_and_pictures_may_stand_in_one_list(here: Path, typed: str, expected: list[str]) -> None:
    (here / "me (1).jpg").touch()
    assert contents(typed) == expected


@pytest.mark.parametrize("name", [*ODD, "\udcff.jpg"])
def test_a_folder_of_one_picture_is_that_picture_whatever_it_is_called(here: Path, name: str) -> None:
    (here / "one").mkdir()
    (here / "one" / name).touch()
    assert contents("content=one/") == [f"one/{name}"]


def test_what_names_no_folder_is_as_it_was() -> None:
    for typed in (
        "content=china",
        "content=glob(*)",
        "content=a.png,b.png",
        "style=[china,swirls]",
        "~content",
        "content=",
        "content=(",
        "content=${oc.env:HOME}",
        "masks.content=photos/",
        "init.path=photos/",
    ):
        assert many([typed]) == [typed]
        assert unfolded([typed]) == [typed]


def test_the_command_is_a_sweep_s_once() -> None:
    assert many(["content=photos/", "seed=1"]) == ["content=photos/", "seed=1", "--multirun"]
    assert many(["style=china,paintings/"]) == ["style=china,paintings/", "--multirun"]
    for flag in ("-m", "--multirun", "--run", "--cfg=job"):
        assert many([flag, "content=photos/"]) == [flag, "content=photos/"]


@pytest.mark.parametrize(
    ("typed", "answer"),
    [
        (["style=[china,paintings/]"], r"in a list each is named, and style=paintings/ is a sweep over them"),
        (["content=photos/", "resume=last"], r"content=photos/: resume=last continues one run"),
    ],
)
def test_what_a_folder_cannot_stand_for_is_refused(typed: list[str], answer: str) -> None:
    with pytest.raises(UserError, match=answer):
        many(typed)


def test_an_option_with_a_folder_is_not_given_twice(here: Path) -> None:
    done = command(here, "run", "content=photos/", "content=china", "tracking=none")
    assert done.returncode == 2
    assert "content is given twice" in done.stderr


def jobs(folder: Path) -> set[tuple[str, str]]:
    record = json.loads((folder / "sweep.json").read_text())
    return {(job["values"]["content"], job["values"]["style"]) for job in record["jobs"]}


def test_all_pairs_of_two_folders_are_made_and_shown_and_a_new_picture_makes_only_its_own(here: Path) -> None:
    (here / "photos" / "notes.txt").touch()
    words = ("run", "content=photos/", "style=paintings/", *TINY, "tracking=none")
    done = command(here, *words, "hydra.sweep.dir=outputs/sweeps/mine")
    assert done.returncode == 0, done.stderr
    assert "stx: content=photos/: 2 pictures; not pictures, by their endings: notes.txt" in done.stderr
    assert "stx: style=paintings/: 2 pictures" in done.stderr
    sweep = here / "outputs" / "sweeps" / "mine"
    assert len(done.stdout.splitlines()) == 5  # the pictures and the page
    assert jobs(sweep) == {(f"photos/{p}.png", f"paintings/{q}.png") for p in ("p2", "p10") for q in "qr"}
    assert "--multirun content=photos/ style=paintings/" in (sweep / "sweep.html").read_text()
    with Image.open(sweep / "sweep-sheet.jpg") as sheet:
        assert sheet.width > 2 * 40  # as wide as two results
    before = {file: file.stat().st_mtime_ns for file in sweep.glob("[0-3]/output.png")}
    assert len(before) == 4

    pictures(here / "photos", "p3.png")
    again = command(here, *words, "sweep.resume=true")
    assert again.returncode == 0, again.stderr
    pictures(here / "paintings", "s.png")
    third = command(here, "run", "resume=outputs/sweeps/mine")
    assert third.returncode == 0, third.stderr
    assert jobs(sweep) == {(f"photos/{p}.png", f"paintings/{q}.png") for p in ("p2", "p3", "p10") for q in "qrs"}
    assert len(list(sweep.glob("*/output.png"))) == 9
    assert {file: file.stat().st_mtime_ns for file in before} == before


def test_what_a_picture_was_made_by_is_made_of_all_in_a_folder(here: Path) -> None:
    done = command(here, "run", *TINY, "style_stat=gram", "seed=5", "tracking=none", "output.file=out.png")
    assert done.returncode == 0, done.stderr
    sweep = command(here, "run", "from_picture=out.png", "content=photos/*.png", "tracking=none", "hydra.sweep.dir=all")
    assert sweep.returncode == 0, sweep.stderr
    record = json.loads((here / "all" / "sweep.json").read_text())
    assert [job["values"] for job in record["jobs"]] == [{"content": "photos/p2.png"}, {"content": "photos/p10.png"}]
    assert all({"style_stat=gram", "seed=5"} <= set(job["overrides"]) for job in record["jobs"])


def test_a_photograph_that_many_jobs_have_is_read_once(tmp_path: Path) -> None:
    for name in ("a.png", "b.png"):
        Image.new("RGB", (40, 40)).save(tmp_path / name)
    photograph = Photograph()
    first = photograph.of([f"content={tmp_path}/a.png", "style=swirls"])
    assert photograph.of([f"content={tmp_path}/a.png", "style=mosaic"])["content"] is first["content"]
    assert photograph.of([f"content={tmp_path}/b.png"])["content"] is not first["content"]
    assert photograph.of([f"content={tmp_path}/gone.png"]) == {}
    assert photograph.of(["style=mosaic"]) == {}
