"""What README and docs promise: every command is typed, page by page, and what they list is complete.

By themselves commands are made small, so that they take a second or two, and those of many runs are left to --slow;
with --as-typed (`make docs-check`, in a fresh environment) they are typed as they stand, which takes hours.
"""

import json
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import NamedTuple

import pytest
from PIL import Image

from conftest import SHALLOW, Started, command
from stx import __main__ as front
from stx.config.schema import CONF
from stx.pictures import animation, bundled
from stx.runs.files import CHECKPOINT, STORED
from stx.studies.compare.protocol import load

TOP = Path(__file__).parents[1]
DOCS = TOP / "docs"
REPORTS = ("report.md", "bad-input.md")
"""Written by commands; typed by a test of its own."""
PAGES = [TOP / "README.md", *(page for page in sorted(DOCS.rglob("*.md")) if page.name not in REPORTS)]
OWN_PAGES = {page.relative_to(TOP).as_posix(): page for page in PAGES}

NOT_TYPED = {
    r"^git clone|^\. \.venv/bin/activate": "how one came here",
    r"\bdocker compose\b|POSTGRES_PASSWORD": "needs Docker",
    r"^pip install": "an extra of this environment",
    r"http://team\.example": "needs a server",
    r"device=cuda": "needs a card",
    r"submitit_slurm|=ray\b": "needs a cluster",
    r"survey (serve|score)": "needs people",
    r"\bFOLDER\b|\bFILE\b|<.*>|\.\.\.": "a word for what is the reader's own",
}
"""Why a command is not typed here, by what it has in it."""
NO_END = r"^make (ui|test|check)\b"
"""Serves until Ctrl-C, or would run this very suite: even as typed, only whether make has such a target."""
ONLY_AS_TYPED = r"\bearlier="
"""No small run is one of a report's."""
MANY_RUNS = r"stx (compare|thesis|film|survey)\b|--multirun|photos/|resume="
"""Typed with --slow: many seconds, even when made small. What resume= needs is a run that was stopped, as those of
tests/runs/test_resume.py are."""
AWAY = r"http://(?!.*offline_ok=true)\S*server:5000"
"""A store that is away is answered, which is what can be seen of these commands here."""

SMALL = {
    "run": ("model=vgg19_random", "image_size=small", "image_size.width=48", "image_size.height=32", "optim.steps=2",
            "optim.pyramid=[]", "optim.stop_at=null", "tracking.plots=false", *SHALLOW),
    "paint": ("model=vgg19_random", "optim.steps=2", "optim.pyramid=[]", "optim.stop_at=null", "tracking.plots=false",
              *SHALLOW),
    "film": ("model=vgg19_random", "optim.pyramid=[]", "steps=2", "alone=0", *SHALLOW),
    "compare": ("model=vgg19_random", "image_size.width=48", "image_size.height=32", "optim.steps=2",
                "photographs=china,chelsea", "styles=swirls", "statistics=gram,mean_std"),
    "thesis": ("only=e06", "optim.steps=2"),
}  # fmt: skip
"""What makes each command one of seconds; it takes the place of what was typed of the same options."""


class Line(NamedTuple):
    page: str
    text: str


def commands(page: str, text: str) -> Iterator[Line]:
    """Each command in an indented block, without the remark behind it, and each whole `stx ...` in running text."""
    fenced = False
    for line in text.splitlines():
        fenced ^= line.startswith("```")
        if line.startswith("    ") and not fenced:
            typed = re.sub(r"\s+#\s.*", "", line).strip()
            if re.match(r"([A-Z_]+=\S+ )*(\.venv/bin/)?(stx|python|make|git|pip|export|docker|\.) ", typed):
                yield Line(page, typed)
    prose = re.sub(r"^(    [^\n]*|```.*?^```)$", "", text, flags=re.MULTILINE | re.DOTALL)
    for span in re.findall(r"`((?:[A-Z_]+=\S+ )*stx\s+\w+\s[^`]+)`", prose):
        if front_command(" ".join(span.split())):
            yield Line(page, " ".join(span.split()))


def front_command(span: str) -> bool:
    """Whether it is a command of the front door, with something to do."""
    name, *rest = span.partition("stx ")[2].split()
    return name in front.COMMANDS and bool(rest)


LINES = [line for name, page in OWN_PAGES.items() for line in commands(name, page.read_text(encoding="utf-8"))]


FIRST = {line.text: line.page for line in reversed(LINES)}
"""The first page that has a command: made small, it is typed there only."""
NEEDED = r" -o |^export |\bresume=|^stx sync"
"""Commands that others on their page need, or whose answer depends on those."""


def why_not(text: str) -> str:
    return next((why for pattern, why in NOT_TYPED.items() if re.search(pattern, text)), "")


def made_small(name: str, arguments: Sequence[str]) -> list[str]:
    """The same with the options that make it one of seconds."""
    small = SMALL.get(name, ())
    if any(text in ("--help", "--cfg", "--info") or text.startswith("resume=") for text in arguments):
        return [*arguments]
    if name == "compare" and any(text.startswith("ratings=") for text in arguments):
        return [*arguments]
    keys = {*(text.partition("=")[0] for text in small), "optim.average", "image_size.long_side"}
    kept = [text for text in arguments if text.partition("=")[0] not in keys or text.startswith("optim.steps=range")]
    given = {text.partition("=")[0] for text in kept}
    if "content=null" in arguments:
        small = [text for text in small if "content_layers" not in text]
    if any(text.startswith("hydra/sweeper=optuna") for text in arguments):
        kept = [*(text for text in kept if "n_trials" not in text), "hydra.sweeper.n_trials=2"]
    kept = [*kept, *(text for text in small if text.partition("=")[0] not in given)]
    if name == "paint":
        sized = kept.index("--size") if "--size" in kept else None
        kept = [*kept, "--size", "48"] if sized is None else [*kept[: sized + 1], "48", *kept[sized + 2 :]]
    return kept


class Place(NamedTuple):
    folder: Path
    typed: Callable[..., subprocess.CompletedProcess[str]]
    as_typed: bool
    slow: bool


def provide(folder: Path) -> None:
    """The files that the pages name."""
    for name, source in {
        "photo.jpg": "china", "painting.jpg": "swirls", "me.jpg": "astronaut", "you.jpg": "chelsea", "a.jpg": "swirls",
        "b.jpg": "woodcut", "c.jpg": "mosaic", "rock.jpg": "brick", "photos/one.jpg": "china",
        "photos/two.jpg": "coffee",
        "paintings/one.jpg": "swirls", "paintings/two.jpg": "woodcut", "one.png": "china", "two.png": "coffee",
        "theirs/pastiche/china-swirls.png": "china", "folder/pastiche/china-swirls.png": "china",
        "frames/1.png": "china", "frames/2.png": "china",
    }.items():  # fmt: skip
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        bundled.open_picture(source).convert("RGB").resize((96, 64)).save(folder / name)
    for mask in ("photo-mask.png", "painting-mask.png", "mask.png", "a-mask.png", "b-mask.png"):
        halves = Image.new("RGB", (96, 64), "red")
        halves.paste("blue", (0, 0, 48, 64))
        halves.save(folder / mask)
    frames = [Image.new("RGB", (96, 64), colour) for colour in ("red", "orange")]
    animation.write_mp4(folder / "clip.mp4", frames, (96, 64), Fraction(24), "")
    (folder / "ratings.csv").write_text("photograph,style,picture,rating\n" + "".join(
        f"{photo},{style},{picture},{rating}\n"
        for photo in ("china", "coffee") for style in ("swirls", "woodcut")
        for rating, picture in enumerate(("one.png", "two.png", "photo.jpg"), start=1)
    ))  # fmt: skip
    for page, start, name in (
        ("comparisons.md", "    format: 1\n", "mine.yaml"),
        ("own-statistic.md", "# mine.py\n", "mine.py"),
        ("own-statistic.md", "# my_conf/style_stat/channel_means.yaml\n", "my_conf/style_stat/channel_means.yaml"),
    ):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(block(page, start))


def block(page: str, start: str) -> str:
    """The text of the block of a page that starts so."""
    behind = (DOCS / page).read_text(encoding="utf-8").partition(start)[2]
    assert behind, (page, start)
    if start.startswith("    "):
        lines = (start + behind).splitlines()
        return "\n".join(line[4:] for line in lines[: lines.index("")]) + "\n"
    return start + behind.partition("```")[0]


@pytest.fixture
def place(request: pytest.FixtureRequest, tmp_path: Path, new_database: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    as_typed = bool(request.config.getoption("--as-typed"))
    provide(tmp_path)
    (tmp_path / "outputs").mkdir()
    shutil.copy(new_database, tmp_path / "outputs" / "mlflow.db")
    (tmp_path / "docs").symlink_to(DOCS)
    if as_typed:
        return Place(tmp_path, partial(in_shell, tmp_path), True, True)
    request.getfixturevalue("forkserver")
    return Place(tmp_path, partial(command, tmp_path), False, bool(request.config.getoption("--slow")))


def in_shell(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """By the console script of the environment that runs this."""
    program = [str(Path(sys.executable).with_name("stx")), *arguments]
    return subprocess.run(program, cwd=folder, capture_output=True, text=True, timeout=12 * 3600)


RUN, RUN_ID, SWEEP = (
    "outputs/runs/2026-11-24/14-32-57-000000",
    "4f1d9c52e0b84a3c9d1f0a7b6c5d4e3f",
    "outputs/sweeps/2026-11-29/10-00-00-000000",
)
"""The pages' names for what is the reader's own."""


def in_names_from_here(text: str, place: Place, number: int) -> str:
    """A command about a run that was stopped, or a sweep, with the names of one that was just made here."""
    if SWEEP in text:
        assert place.typed("run", "--multirun", "seed=0,1", *made_small("run", [])).returncode == 0
        sweep = max((place.folder / "outputs" / "sweeps").glob("*/*"))
        return text.replace(SWEEP, str(sweep.relative_to(place.folder)))
    small = [option for option in made_small("run", []) if not option.startswith("optim.steps")]
    folder = place.folder / "outputs" / "runs" / f"stopped-{number}"
    run = Started(place.folder, "run", "optim.steps=500", f"hydra.run.dir={folder}", *small)
    while not (folder / CHECKPOINT).exists():
        assert run.process.is_alive(), run.said()
        time.sleep(0.05)
    run.send_signal(signal.SIGINT)
    assert run.ended().returncode == 130, run.said()
    stored = json.loads((folder / STORED).read_text(encoding="utf-8"))
    text = text.replace(RUN, str(folder.relative_to(place.folder))).replace(RUN_ID, stored["run_id"])
    return text.replace("optim.steps=2000", "optim.steps=501")


@pytest.mark.parametrize("page", OWN_PAGES)
def test_every_command_of_a_page_does_what_it_says(page: str, place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = [line.text for line in LINES if line.page == page and not why_not(line.text)]
    if not place.as_typed:
        lines = [text for text in dict.fromkeys(lines) if FIRST[text] == page or re.search(NEEDED, text)]
        left = ONLY_AS_TYPED if place.slow else f"{ONLY_AS_TYPED}|{MANY_RUNS}"
        lines = [text for text in lines if not re.search(left, text)]
    monkeypatch.setenv("MY_STORE", "sqlite:///outputs/mlflow.db")
    if any("gallery" in text for text in lines):
        assert place.typed("run", *made_small("run", [])).returncode == 0
    wrong = []
    for number, text in enumerate(lines):
        if any(name in text for name in (RUN, RUN_ID, SWEEP, "resume=last")):
            text = in_names_from_here(text, place, number)
        *variables, typed = re.split(r"(?<!\S)(?=\S*stx |make |python |export )", text, maxsplit=1)
        with monkeypatch.context() as patch:
            for variable in " ".join(variables).split():
                patch.setenv(*variable.split("=", 1))
            program, *arguments = shlex.split(typed)
            if program == "export":
                monkeypatch.setenv(*arguments[0].split("=", 1))
            elif program == "make" and (re.search(NO_END, text) or not place.as_typed):
                subprocess.run(["make", "--dry-run", *arguments], cwd=TOP, check=True, capture_output=True)
            elif program.endswith("stx"):
                wrong += stx_answers(place, text, arguments)
            elif place.as_typed:
                wrong += clone_answers(place, text, [sys.executable if "python" in program else program, *arguments])
            elif arguments[0].startswith("scripts/"):
                assert (TOP / arguments[0]).is_file(), text
    assert not wrong, "\n".join(wrong)


def stx_answers(place: Place, text: str, arguments: Sequence[str]) -> Iterator[str]:
    """What is wrong with the answer to a command, if anything is."""
    name, *rest = arguments
    done = place.typed(name, *(rest if place.as_typed else made_small(name, rest)))
    if name == "sync" and done.returncode == 1:
        if "server:5000: nothing answers there" not in done.stderr:
            yield f"{text}: {done.stderr}"
    elif re.search(AWAY, text):
        if done.returncode != 2 or "server" not in done.stderr:
            yield f"{text}: a store that is away is not said\n{done.stderr}"
    elif done.returncode:
        yield f"{text}: status {done.returncode}\n{done.stderr[-600:]}"


def clone_answers(place: Place, text: str, words: Sequence[str]) -> Iterator[str]:
    """What is wrong with the answer to a command that is typed in the repository, if anything is."""
    clone = place.folder / "stx"
    if not clone.exists():
        subprocess.run(["git", "clone", "--quiet", TOP, clone], check=True)
    done = subprocess.run(words, cwd=clone, capture_output=True, text=True, timeout=12 * 3600)
    if done.returncode:
        yield f"{text}: status {done.returncode}\n{done.stderr[-600:]}"


def test_commands_are_found_in_blocks_and_in_the_text_around_them() -> None:
    text = (
        "`stx run a=1`\n\n    stx run b=2     # a remark\n\nText, `stx run c=3`.\n"
        "```\n`stx run d=4`\n```\nand `stx\nrun e=5`\n"
    )
    assert {line.text for line in commands("", text)} == {f"stx run {each}" for each in ("a=1", "b=2", "c=3", "e=5")}


def test_the_commands_of_the_pages_are_looked_for_where_they_stand() -> None:
    assert len(LINES) >= 100
    assert {line.page for line in LINES} >= {"README.md", "docs/sweeps.md", "docs/own-statistic.md"}
    assert sum(bool(why_not(line.text)) for line in LINES) <= 25


def test_both_examples_from_python_make_a_picture(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("china", "swirls"):
        bundled.open_picture(name).convert("RGB").save({"china": "photo.jpg", "swirls": "painting.jpg"}[name])
    short, long = re.findall(r"```python\n(.*?)```", (DOCS / "python.md").read_text(encoding="utf-8"), re.DOTALL)
    for code in (
        short.replace("=256", "=64").replace('"style_stat=gram"', '"style_stat=gram", "optim.steps=3"'),
        long.replace("(256, 192)", "(64, 48)").replace("steps=60", "steps=3"),
    ):
        exec(compile(code, "python.md", "exec"), {})
        with Image.open("out.png") as picture:
            assert picture.size[0] == 64
        Path("out.png").unlink()


def test_the_table_has_every_option_of_every_group() -> None:
    page = (DOCS / "options.md").read_text(encoding="utf-8")
    for folder in (path for path in CONF.iterdir() if path.is_dir() and path.name != "hydra"):
        (row,) = [line for line in page.splitlines() if line.startswith(f"| `{folder.name}` |")]
        for option in folder.glob("*.yaml"):
            assert f"`{option.stem}`" in row


def test_every_bundled_picture_is_named() -> None:
    page = (DOCS / "first-picture.md").read_text(encoding="utf-8")
    for name in bundled.NAMES:
        assert f"`{name}`" in page


def test_readme_can_be_read_in_two_minutes() -> None:
    text = (TOP / "README.md").read_text(encoding="utf-8")
    assert len(text.splitlines()) < 120


def test_every_picture_of_the_pages_is_made_by_a_script_that_is_kept() -> None:
    scripts = {script.stem: script.read_text(encoding="utf-8") for script in (TOP / "scripts").glob("*.py")}
    drawn = {*scripts, *re.findall(r'"([\w-]+)["(.]', "".join(scripts.values())), *load("gallery", {}).statistics}
    pictures = [*DOCS.rglob("*.jpg"), *DOCS.rglob("*.png")]
    reported = [picture for picture in pictures if picture.parent.name == "pictures"]
    assert len(reported) > 100
    assert len(pictures) - len(reported) > 30
    assert not [str(each) for each in pictures if each not in reported and each.stem not in drawn]
    for folder in {picture.parents[1] for picture in reported}:
        assert re.search(r"^`(stx|python -m stx\.)", (folder / "report.md").read_text(encoding="utf-8"), re.MULTILINE)
        text = "".join(page.read_text(encoding="utf-8") for page in folder.glob("*.md"))
        assert not [each for each in (folder / "pictures").iterdir() if f"pictures/{each.name}" not in text]


def test_every_link_of_readme_leads_somewhere() -> None:
    text = (TOP / "README.md").read_text(encoding="utf-8")
    links = re.findall(r"\]\(([^)#]+)(#[^)]*)?\)", text)
    assert len(links) > 30
    for file, _ in links:
        assert (TOP / file).exists(), file
