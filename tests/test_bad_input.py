"""docs/bad-input.md, row by row: what is typed there gets the answer beside it, and leaves nothing behind."""

import json
import os
import re
import shlex
import struct
import sys
import urllib.request
import zlib
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
import surveys
import torch
import yaml
from PIL import Image

from stx import __main__ as front
from stx.config.command import say_once
from stx.config.compose import Varied, composition
from stx.config.schema import CONF
from stx.config.secrets import VARIABLE
from stx.pictures import animation
from stx.pictures.description import exif
from stx.runs import composed, identity, make, member, provenance
from stx.runs.files import STUDY, SWEEP
from stx.runs.job import Job
from stx.studies.survey import key
from stx.studies.survey.answers import Sheet
from stx.studies.sweep import trials

PAGE = Path(__file__).parents[1] / "docs" / "bad-input.md"
GROUPS = sorted(folder.name for folder in CONF.iterdir() if folder.is_dir() and folder.name != "hydra")


class Row(NamedTuple):
    section: str
    typed: str
    answer: str


RATINGS = {
    "alike.csv": "china,swirls,good.png,4\nchina,swirls,one-pixel.png,4\nchina,swirls,wide.png,4\n",
    "thousand.csv": 'china,swirls,good.png,"1,000"\n',
    "longer.csv": "china,swirls,good.png,4,good\n",
}
"""Tables of ratings, below their first line."""


def rows(page: str) -> list[Row]:
    """`typed` and `answer` of every table row, each a code span, with the heading above them."""
    rows, section = [], ""
    for line in page.splitlines():
        section = line.removeprefix("## ") if line.startswith("## ") else section
        if cells := re.fullmatch(r"\| `([^`]+)` \| `([^`]+)` \|", line):
            rows.append(Row(section, *cells.groups()))
        else:
            assert not line.startswith("|") or line in ("| you type | stx answers |", "| --- | --- |"), line
    return rows


ROWS = rows(PAGE.read_text(encoding="utf-8"))


def damage_pictures(folder: Path) -> None:
    """The pictures that the page names."""
    pixels = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    picture = Image.fromarray(pixels)
    picture.save(folder / "good.png")
    picture.save(folder / "whole.jpg")
    whole = (folder / "whole.jpg").read_bytes()
    (folder / "whole.jpg").unlink()
    (folder / "truncated.jpg").write_bytes(whole[: len(whole) // 2])
    picture.save(folder / "animated.gif", save_all=True, append_images=[Image.fromarray(255 - pixels)])
    (folder / "text.png").write_text("not a picture\n")
    (folder / "odd (1)=[x], é.png").write_text("not a picture\n")
    (folder / "mine-sheet.jpg").write_text("not of stx paint\n")
    (folder / "empty.png").touch()
    (folder / "empty.yaml").touch()
    (folder / "paintings").mkdir()
    for name in ("albums/one/a.png", "albums/one/b.png", "albums/two/c.png"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        picture.save(folder / name)
    for name in (
        "albums/one/list.txt",
        "albums/bad/text.png",
        "albums/worse/a.png",
        "albums/worse/b.png",
        "notes/list.txt",
    ):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(f"not a picture, {name}\n")
    os.mkfifo(folder / "pipe.png")
    os.mkfifo(folder / "pipe.html")
    picture.resize((1, 1)).save(folder / "one-pixel.png")
    for name, table in RATINGS.items():
        (folder / name).write_text(f"photograph,style,picture,rating\n{table}", encoding="utf-8")
    picture.save(folder / "-dash.png")
    Image.new("RGB", (40000, 1)).save(folder / "line.png")
    Image.new("RGB", (40000, 20)).save(folder / "wide.png")
    (folder / "bomb.png").write_bytes(bomb(60000))
    Image.fromarray(np.array([[0.5, np.nan]], np.float32)).save(folder / "nan.tif")
    Image.fromarray(np.array([[0, 70000]], np.int32)).save(folder / "deep.tif")
    Image.fromarray(np.array([[0, 4095]], np.int32)).save(folder / "dim.tif")
    picture.save(folder / "postscript.png", "EPS")
    picture.save(folder / "pages.tif", save_all=True, append_images=[picture, picture])
    (folder / "phone.heic").write_bytes(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(40))


def bomb(side: int) -> bytes:
    """A few bytes that claim to be a PNG of side x side pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(b"\0")) + chunk(b"IEND", b"")


class Hostile:
    """As a pickle, a call of os.system."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, ("touch pickle-was-run",)


def damage_weights(folder: Path) -> None:
    torch.save({"a": torch.zeros(1)}, folder / "other.pth")
    torch.save([1], folder / "list.pth")
    torch.save(Hostile(), folder / "hostile.pth")
    (folder / "damaged.pth").write_bytes((folder / "other.pth").read_bytes()[:200])
    (folder / "empty.pth").touch()


def damage_provenance(folder: Path) -> None:
    """Pictures that say of runs, and what can be wrong with such a picture."""
    composed = composition(["model=vgg19_random", "tracking=none"])
    config = composed.config.model_dump(mode="json", by_alias=True)
    crafted = {**config, "prior": {**config["prior"], "_target_": "os.system"}}
    gone = {**config, "content": "was-here.png"}
    picture = Image.new("RGB", (64, 64))
    picture.save(folder / "plain.png")
    for name, run in (("crafted", crafted), ("gone", gone)):
        record = identity.Identity("1" * 32, [], dict(composed.choices), run, files={}, machine={})
        picture.save(folder / f"{name}.png", exif=exif(provenance.text(record)))
    picture.save(folder / "later.png", exif=exif('{"stx": {"format": 9}}'))


def damage_runs(folder: Path) -> None:
    """Folders as runs leave them: one that was cut off, and what can be wrong with such a folder."""
    overrides = ["model=vgg19_random", "image_size=small", "optim.steps=30", "tracking=none"]
    composed = composition(overrides)
    config = composed.config.model_dump(mode="json", by_alias=True)
    (folder / "runs").mkdir()
    for name, dumped, journal in (
        ("cut-off", yaml.safe_dump(config), ""),
        ("finished", yaml.safe_dump(config), '{"end": {"outcome": "finished", "tags": {}, "at": 0}}\n'),
        ("converged", yaml.safe_dump(config), '{"end": {"outcome": "finished", "tags": {}, "at": 0}}\n'),
        ("damaged", yaml.safe_dump({**config, "optim": {"name": "adm"}}), ""),
        ("no-yaml", "{", ""),
    ):
        run = folder / "runs" / name
        run.mkdir()
        (run / "run.json").write_text(json.dumps({"overrides": overrides, "choices": composed.choices}))
        (run / "config.yaml").write_text(dumped)
        if journal:
            (run / "journal.jsonl").write_text(journal)
            (run / "delivered.json").write_text(f'{{"bytes": {len(journal)}}}')
    (folder / "runs" / "edited").mkdir()
    identity.write(
        folder / "runs" / "edited",
        identity.Identity("1" * 32, overrides, dict(composed.choices), config, files={}, machine={}),
    )
    record = folder / "runs" / "edited" / "run.json"
    record.write_text(record.read_text().replace('"seed": 0', '"seed": 7'))
    (folder / "runs" / "converged" / "losses.csv").write_text("step,loss/total\n19,1.0\n20,1.0\n")
    (folder / "outputs").mkdir()
    (folder / "outputs" / "latest").symlink_to("../runs/finished")
    (folder / "mine.html").write_text("<p>mine")
    damage_searches(folder / "runs")
    (folder / "runs" / "torn").mkdir()
    for file in ("run.json", "config.yaml"):
        (folder / "runs" / "torn" / file).write_bytes((folder / "runs" / "cut-off" / file).read_bytes())
    (folder / "runs" / "torn" / "checkpoint.pt").write_bytes(b"half of it")
    job = {"number": 0, "folder": "../../x", "digest": "a", "overrides": [], "values": {}}
    edited = json.dumps({"format": 1, "overrides": [], "jobs": [job]})
    words = ["model=vgg19_random", "tracking=none", "optim.steps=2"]
    job |= {"folder": "0", "overrides": [*words, "seed=0"], "values": {"seed": "0"}}
    begun = json.dumps({"format": 1, "overrides": [*words, "seed=0,1"], "jobs": [job]})
    for name, text in (("damaged", "{"), ("later", '{"format": 9}'), ("edited", edited), ("begun", begun)):
        (folder / "sweeps" / name).mkdir(parents=True)
        (folder / "sweeps" / name / "sweep.json").write_text(text)


PROTOCOL = """format: 1
reference: gram
betas: {gram: 3, mine: 6}
runs: 1
tolerance: 0.1
statistics: {gram: style_stat=gram, mine: style_stat=mean_std}
photographs: [china]
styles: [swirls]
seeds: [0]
settings: [+experiment=plain, image_size.width=64, image_size.height=64, optim=lbfgs, optim.steps=2]
"""


def damage_protocols(folder: Path) -> None:
    """Protocols with one mistake each, and the folder of a comparison that has ended."""
    (folder / "protocols" / "folder.yaml").mkdir(parents=True)
    os.mkfifo(folder / "protocols" / "pipe.yaml")
    mine = "style_stat=mean_std"
    for name, old, new in (
        ("twice", "", ""),
        ("tile", "optim=lbfgs", "tile=true"),
        ("seed", "optim=lbfgs", "seed=3"),
        ("temporal", "optim=lbfgs", "temporal=moved"),
        ("live", "optim=lbfgs", "live=true"),
        ("launcher", "optim=lbfgs", "hydra/launcher=joblib"),
        ("misspelt", "image_size.width", "image_size.widht"),
        ("nested", "image_size.width=64", "image_size: small"),
        ("beta", mine, f"{mine} loss_weights.beta=5"),
        ("size", mine, f"{mine} image_size.width=96"),
        ("store", mine, f"{mine} tracking.uri=mine.db"),
        ("unknown", mine, f"{mine} foo.bar=3"),
        ("unbound", mine, f"{mine} +style_stat.radios=3"),
        ("several", f"mine: {mine}", "mine: 'style_stat=gram,mean_std'"),
        ("none", mine, '""'),
        ("word", mine, "mean_std"),
        ("other", f"mine: {mine}", "cooc_gram: style_stat=mean_std"),
        ("same", mine, "style_stat=gram"),
        ("name", "mine: style_stat", "mine-2: style_stat"),
        ("number", "[china]", "[12]"),
    ):
        text = PROTOCOL.replace(old, new).replace("mine: 6", "mean_std: 6") if old else f"{PROTOCOL}seeds: [1]\n"
        (folder / "protocols" / f"{name}.yaml").write_text(text)
    (folder / "compared" / "report").mkdir(parents=True)
    (folder / "compared" / "report" / "runs.csv").touch()


def damage_films(folder: Path) -> None:
    """Folders of frames, and one that holds another film."""
    for name, sizes in (("shots", [(64, 48)] * 3), ("mixed", [(64, 48), (32, 48)]), ("tiny", [(8, 8)] * 2)):
        (folder / name).mkdir()
        for number, size in enumerate(sizes, start=1):
            Image.new("RGB", size, "red").save(folder / name / f"{number}.png")
    (folder / "torn").mkdir()
    Image.new("RGB", (64, 48), "red").save(folder / "torn" / "1.png")
    for number in (2, 3):
        (folder / "torn" / f"{number}.png").write_text("no picture any more\n")
    animation.write_mp4(folder / "clip.mp4", [Image.new("RGB", (64, 48), "red")] * 2, (64, 48), Fraction(24), "")
    (folder / "other").mkdir()
    (folder / "other" / "film.json").write_text('{"format": 1, "digest": "x", "film": "b.mp4", "command": "stx film"}')


def damage_surveys(folder: Path) -> None:
    """Folders as surveys leave them: without answers, with one, and with a key that is none."""
    for name in ("asked", "answered", "damaged"):
        (folder / "surveys" / name).mkdir(parents=True)
    of = surveys.key("ab", ["china"], ["swirls"])
    for name in ("asked", "answered"):
        key.write(folder / "surveys" / name, of)
    answers = surveys.simulated(of, {"a": 0, "b": 0}, 1, 1)
    (rater,) = {question.rater for question in answers}
    sheet = Sheet(format=1, survey=of.survey, rater=rater, answers=list(answers.values()))
    (folder / "surveys" / "answered" / "answers").mkdir()
    (folder / "surveys" / "answered" / "answers" / "one.json").write_text(sheet.model_dump_json())
    (folder / "surveys" / "damaged" / "key.json").write_text("{}")
    header = "recipe,id,statistic\n"
    protocol = {
        "statistics": {"gram": "style_stat=gram"}, "reference": "gram", "photographs": ["china"], "styles": ["swirls"],
        "seeds": [0], "settings": [], "betas": {"gram": 1}, "runs": 1, "tolerance": 0.03,
    }  # fmt: skip
    for name, text in (("report/comparison.json", json.dumps({"protocol": protocol})), ("report/runs.csv", header)):
        (folder / "surveys" / "compared" / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / "surveys" / "compared" / name).write_text(text)
    (folder / "surveys" / "compared" / "error.txt").write_text("it failed\n")
    for name in ("piped", "true"):
        (folder / "surveys" / name / "answers").mkdir(parents=True)
        key.write(folder / "surveys" / name, of)
    os.mkfifo(folder / "surveys" / "piped" / "answers" / "one.json")
    said = json.dumps({**json.loads(sheet.model_dump_json()), "format": True})
    (folder / "surveys" / "true" / "answers" / "one.json").write_text(said)


def damage_searches(runs: Path) -> None:
    """Folders as sweeps and searches leave them, as far as their answers go."""
    for name in ("sweep", "search", "no-study"):
        (runs / name).mkdir()
        (runs / name / SWEEP).write_text('{"format": 1, "overrides": [], "jobs": []}')
    trials.taken_up(
        runs / "search", trials.described([Varied("loss_weights.beta", "interval(1,9)")], 0.6, "of all else")
    )
    (runs / "no-study" / STUDY).write_text("none\n")


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder in which one types: once for all rows, as each must leave it as it was."""
    folder = tmp_path_factory.mktemp("here")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TORCH_HOME", str(tmp_path_factory.mktemp("torch")))  # nothing downloaded earlier is found
        for proxy in ("http_proxy", "https_proxy", "HTTPS_PROXY", "HTTP_PROXY"):
            patch.setenv(proxy, "http://127.0.0.1:9")  # and nothing can be downloaded
        patch.setattr(urllib.request, "_opener", None)  # which keeps the proxies that it found when it was first used
        patch.delenv("STX_TRUST", raising=False)
        patch.setitem(sys.modules, "pillow_heif", None)  # not installed
        patch.chdir(folder)
        damage_pictures(folder)
        damage_weights(folder)
        damage_provenance(folder)
        damage_runs(folder)
        damage_protocols(folder)
        damage_films(folder)
        damage_surveys(folder)
        yield folder


def contents(folder: Path) -> dict[str, tuple[int, int]]:
    return {str(path): (path.stat().st_size, path.stat().st_mtime_ns) for path in sorted(folder.rglob("*"))}


def started(job: Job, *watch: object) -> None:
    """In place of the run, which would take minutes."""
    raise AssertionError(f"a run was started in {job.folder}")


def answered(typed: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> tuple[int, str, str]:
    """Status, stdout and stderr, asked for in this process, as starting one takes seconds."""
    *variables, command_line = re.split(r"(?<!\S)(?=stx )", typed, maxsplit=1)
    for variable in " ".join(variables).split():
        monkeypatch.setenv(*variable.split("=", 1))
    program, *arguments = shlex.split(command_line)
    assert program == "stx"
    say_once.cache_clear()
    monkeypatch.setattr(sys, "argv", ["stx", *arguments])
    for module in (make, composed, member):  # each has it by name, also one that would be imported only now
        monkeypatch.setattr(module, "run", started)
    monkeypatch.setenv(VARIABLE, "")  # what is typed sets it, for the process
    with pytest.raises(SystemExit) as left:
        front.main()
    return (int(left.value.code or 0), *capfd.readouterr())


@pytest.mark.parametrize("row", ROWS, ids=[row.typed for row in ROWS])
def test_a_mistake_gets_the_answer_of_the_page_and_leaves_nothing_behind(
    row: Row, prepared: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    if "device=cuda" in row.typed and torch.cuda.is_available():
        pytest.skip("there is a GPU")
    for extra, module in (("optuna", "optuna"), ("video", "av"), ("survey", "choix")):
        if f"pip install 'stx[{extra}]'" in row.answer:
            monkeypatch.setitem(sys.modules, module, None)
    before = contents(prepared)
    status, out, said = answered(row.typed, monkeypatch, capfd)
    assert row.answer in said.replace("\n", " ")
    assert status == 2
    assert len(said.strip().splitlines()) <= 3
    assert "Traceback" not in said
    assert out == ""
    assert contents(prepared) == before


def test_the_page_has_mistakes_in_every_config_group_and_every_command() -> None:
    typed = " ".join(row.typed for row in ROWS)
    assert len({row.typed for row in ROWS}) == len(ROWS) >= 50
    for group in GROUPS:
        assert re.search(rf"\b{group}[.=]", typed), group
    for name in front.COMMANDS:
        assert f"stx {name} " in typed
