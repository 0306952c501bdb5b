"""Names of files, taken as they are typed, in every option that names one."""

import hashlib
import sys
from pathlib import Path

import pytest
from omegaconf import OmegaConf

from stx.config import command
from stx.config.compose import at_work, compose, composition, jobs_of_sweep
from stx.config.own_options import own_options
from stx.config.paths import FILES, exists, from_folder, is_glob, matches, named, output_folder, split

NAMES = (
    "IMG (1).jpg",
    "café.jpg",
    "照片.png",
    "a#b.png",
    "a=b.png",
    "a,b.png",
    "a, b.png",
    "[x].png",
    "{y: z}.png",
    "it's.png",
    'say "x".png',
    "both'\".png",
    "end\\",
    "back\\slash.png",
    "${x}.png",
    "a\\${b}.png",
    " x.png",
    "null",
    "12",
    "1e3",
    "a:b c.png",
    "100%.png",
    "~tilde.png",
    "x\ny.png",
    "choice(a,b)",
    "'quoted'.png",
)
TRICKY = ("IMG (1).jpg", "a,b.png", "both'\".png", "end\\", "a\\${b}.png", "null")
OTHERS = [name for name in NAMES if name not in TRICKY]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where one types, with a file of every name."""
    monkeypatch.chdir(tmp_path)
    for name in NAMES:
        (tmp_path / name).touch()
    return tmp_path


@pytest.mark.parametrize("name", NAMES)
def test_the_name_of_a_file_that_exists_is_taken_as_it_is_typed(name: str) -> None:
    keys = [key for key in FILES if key != "style_stat.filter"]
    whole = compose(["init=picture", "temporal=moved", *(named(f"{key}={name}") for key in keys)])
    assert [OmegaConf.select(whole, key) for key in keys] == [name] * len(keys)


def test_a_plus_before_the_option_stays() -> None:
    assert compose([named("++content=IMG (1).jpg")]).content == "IMG (1).jpg"


def test_a_file_of_numbers_of_a_statistic_is_one_too() -> None:
    asked = composition(["style_stat=cooc_tensor", named("style_stat.filter=a, b.png")]).config.style_stat
    assert asked.model_extra
    assert asked.model_extra["filter"] == "a, b.png"


@pytest.mark.parametrize(
    "typed",
    [
        "content=missing (1).jpg",
        "content='IMG (1).jpg'",
        "content=china",
        "content=",
        "content=null.png",
        "~content",
        "~content=null",
        "seed=12",
        "model=12",
        "+experiment=null",
        "content=[IMG (1).jpg,12]",
        "content=choice(12,café.jpg)",
        "content=glob(*)",
        "content=missing (1).jpg,café.jpg",
    ],
)
def test_what_names_no_file_is_left_to_hydra(typed: str) -> None:
    assert named(typed) == typed


def test_what_needs_no_quotes_has_none(folder: Path) -> None:
    for name in ("plain.png", "other.png"):
        (folder / name).touch()
    for typed in ("content=plain.png", "content=plain.png,other.png", "content=plain.png,china"):
        assert named(typed) == typed


def test_a_file_called_as_what_is_typed_in_quotes_is_that_file(folder: Path) -> None:
    (folder / '"IMG (1).jpg"').touch()
    assert compose([named('content="IMG (1).jpg"')]).content == '"IMG (1).jpg"'
    assert compose([named("content=IMG (1).jpg")]).content == "IMG (1).jpg"


def test_paths_lead_up_and_home(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "here").mkdir()
    monkeypatch.chdir(folder / "here")
    monkeypatch.setenv("HOME", str(folder))
    for name in ("../IMG (1).jpg", "~/IMG (1).jpg", f"{folder}/both'\".png"):
        assert compose([named(f"content={name}")]).content == name
    assert named("content=IMG (1).jpg") == "content=IMG (1).jpg"


def test_a_run_in_a_folder_of_any_name_is_named_by_it(folder: Path) -> None:
    (folder / "runs, old (1)").mkdir()
    assert compose([named("resume=runs, old (1)")]).resume == "runs, old (1)"


def pictures_of_jobs(*typed: str) -> list[str]:
    with at_work():
        whole = compose([])
        whole.hydra.overrides.task = [named(text) for text in typed]
        return [compose(job).content for job in jobs_of_sweep(whole)]


@pytest.mark.parametrize("name", [*TRICKY, *(pytest.param(name, marks=pytest.mark.slow) for name in OTHERS)])
def test_a_sweep_over_other_things_keeps_the_name(name: str) -> None:
    assert pictures_of_jobs(f"content={name}", "seed=1,2") == [name, name]


def test_a_sweep_over_files_takes_each_as_it_is_typed() -> None:
    names = ["end\\", "a,b.png", "both'\".png", "a, b.png", "${x}.png", "null", "[x].png"]
    assert pictures_of_jobs(f"content={','.join(names)}") == names


def test_in_a_sweep_single_words_and_what_is_quoted_may_stand_beside_files() -> None:
    typed = "content=china,IMG (1).jpg,missing.png,'missing too.png',café.jpg"
    assert pictures_of_jobs(typed) == ["china", "IMG (1).jpg", "missing.png", "missing too.png", "café.jpg"]


def test_a_whole_text_that_is_a_file_is_no_list(folder: Path) -> None:
    for name in ("one.png", "two.png", "one.png,two.png"):
        (folder / name).touch()
    assert pictures_of_jobs("content=one.png,two.png") == ["one.png,two.png"]
    assert pictures_of_jobs("content=two.png,one.png") == ["two.png", "one.png"]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("", [""]),
        ("p,q", ["p", "q"]),
        ("a,b.png,p", ["a,b.png", "p"]),
        ("p,a,b.png", ["p", "a,b.png"]),
        ("a,b.png,a, b.png", ["a,b.png", "a, b.png"]),
        ("p,,q,", ["p", "", "q", ""]),
    ],
)
def test_a_list_is_split_where_files_end(text: str, names: list[str]) -> None:
    assert split(text) == names


def test_a_list_is_split_so_that_most_of_its_names_exist(folder: Path) -> None:
    for name in ("x,y", "x", "y,z"):
        (folder / name).touch()
    assert split("x,y,z") == ["x", "y,z"]


def test_a_long_list_is_split_in_no_time() -> None:
    assert split(",".join(["12"] * 200)) == ["12"] * 200


@pytest.mark.parametrize("name", ["", "\0", "x" * 5000, "no/where"])
def test_what_can_be_no_path_exists_not(name: str) -> None:
    assert not exists(name)


def test_the_command_line_is_rewritten_before_hydra_reads_it(monkeypatch: pytest.MonkeyPatch) -> None:
    typed = ["seed=1", "content=IMG (1).jpg", "--multirun", "style=café.jpg,swirls"]
    monkeypatch.setattr(sys, "argv", ["stx", *typed])
    command.together()
    assert sys.argv[1:] == ["seed=1", 'content="IMG (1).jpg"', 'style="café.jpg",swirls', "--multirun"]


def test_a_batch_takes_names_for_all_of_its_runs_likewise() -> None:
    own, for_all = own_options(["only=e01", "content=IMG (1).jpg", "style=a,b.png"], ["only"])
    assert own == {"only": "e01"}
    whole = compose(for_all)
    assert (whole.content, whole.style) == ("IMG (1).jpg", "a,b.png")


def test_the_files_in_a_list_are_taken_as_they_are_typed() -> None:
    for name in TRICKY[:3]:
        Path(name).touch()
        parsed = composition([named(f"style=[swirls,{name},mosaic]")]).config
        assert parsed.style == ["swirls", name, "mosaic"]
    assert named("style=[swirls,mosaic]") == "style=[swirls,mosaic]"


def test_a_glob_that_matches_is_taken_as_it_is_typed_where_a_sweep_is_made_of_it(folder: Path) -> None:
    (folder / "b (1), c").mkdir()
    (folder / "b (1), c" / "x.png").touch()
    for typed in ("content=b (1), c/*.png", "style=b (1), c/[xy].png", "content=b (1), c/*"):
        key, _, value = typed.partition("=")
        assert OmegaConf.select(compose([named(typed)]), key) == value
    assert named("init.path=b (1), c/*.png") == "init.path=b (1), c/*.png"
    assert named("content=b (2)/*.png") == "content=b (2)/*.png"


def test_files_with_the_signs_of_globs_in_their_names_are_no_globs() -> None:
    assert not is_glob("[x].png")
    assert [*matches("[x].png"), *matches("12")] == []
    assert is_glob("[x]*.png")
    assert [*matches("*12*")] == ["12"]
    assert [*matches("[x-z].*")] == []


@pytest.mark.parametrize("name", ["photo[1].jpg", "in/[a] (1).png", "photos[12]/a.png", "photo[1.jpg"])
def test_a_name_with_brackets_is_a_glob_where_files_match_and_else_a_file_s_that_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.chdir(tmp_path)
    assert not is_glob(name)
    assert compose([named(f"content={name}")]).content == name
    assert compose([named("init=picture"), named(f"init.path={name}")]).init.path == name
    match = tmp_path / name.replace("[1]", "1").replace("[a]", "a").replace("[12]", "1")
    match.parent.mkdir(exist_ok=True)
    match.touch()
    assert is_glob(name) == (str(match.relative_to(tmp_path)) != name)
    assert compose([named(f"content={name}")]).content == name


def test_a_list_and_a_sweep_of_names_with_brackets_stay_what_they_are() -> None:
    for text in ("content=[a.png,b.png]", "style=[swirls,woodcut]", "content=a[1].png,b.png", "content='a[1].png'"):
        assert named(text) == text


def test_an_output_folder_may_be_below_the_home_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert output_folder("~/results") == tmp_path / "results"
    assert output_folder("results") == Path("results")
    assert output_folder("~no-such-user/results") == Path("~no-such-user/results")


def test_a_file_named_in_another_folder_is_the_one_there_and_not_one_of_its_name_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    for folder in (here, there):
        folder.mkdir()
        (folder / "both.png").touch()
    (here / "moved.png").touch()
    monkeypatch.chdir(here)
    assert from_folder(str(there), "both.png") == str(there / "both.png")
    assert from_folder(str(there), "moved.png") == "moved.png"  # as the run may have moved with its files
    assert from_folder(str(here), "both.png") == "both.png"
    assert from_folder("", "both.png") == "both.png"
    (here / "both.png").write_bytes(b"the run's")
    digest = hashlib.sha256(b"the run's").hexdigest()
    assert from_folder(str(there), "both.png", [digest]) == "both.png"  # a copy of the folder, and the other one edited
    (there / "both.png").write_bytes(b"the run's")
    assert from_folder(str(there), "both.png", [digest]) == str(there / "both.png")
