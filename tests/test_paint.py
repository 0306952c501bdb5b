"""`stx paint`: a run like any other, and its picture under the name that was asked for."""

import re
import shlex
import sys
from pathlib import Path

import pytest
import torch
import yaml
from PIL import Image

from conftest import command
from stx import paint
from stx.config.compose import composition
from stx.config.schema import Config
from stx.loop.listener import Listener
from stx.runs import make
from stx.runs.job import Job

SMALL = ("--size", "48", "model=vgg19_random", "optim.steps=3", "tracking=none")


def composed(*overrides: str) -> Config:
    return composition(overrides).config


def planned(*typed: str) -> Config:
    return paint.plan(paint.parser().parse_intermixed_args(["china", "swirls", *typed, *SMALL]))[0].config


def test_one_command_gives_the_picture_a_sheet_and_the_words(tmp_path: Path) -> None:
    for name in ("my photo.png", "it's=a (1), b.png"):
        Image.effect_noise((90, 60), 80).convert("RGB").save(tmp_path / name)
    start = ("init=picture", "init.path=it's=a (1), b.png")
    done = command(tmp_path, "paint", "my photo.png", "swirls", *start, "-o", "out.jpg", "--strength", "1", *SMALL)
    assert (done.returncode, done.stdout) == (0, "out.jpg\n"), done.stderr
    with Image.open(tmp_path / "out.jpg") as picture:
        assert (picture.format, picture.size) == ("JPEG", (48, 32))
    assert sorted(path.name for path in tmp_path.glob("out*")) == ["out-sheet.jpg", "out.jpg", "outputs"]
    lines = done.stderr.splitlines()
    assert lines[0].startswith("photo 90 x 60 -> 48 x 32; the painting ")
    assert re.search("the painting's style; layout ", lines[-1])

    (folder,) = tmp_path.glob("outputs/runs/*/*")
    typed = next(shlex.split(line) for line in lines if line.startswith("python -m stx.run "))
    kept = yaml.safe_load((folder / "config.yaml").read_text(encoding="utf-8"))
    assert kept == composed(*typed[3:]).model_dump(by_alias=True)


def test_strength_is_a_scale_around_the_config_s_own_weight() -> None:
    own, thesis = (composed(*others).loss_weights.beta for others in ((), ("loss_weights=thesis",)))
    betas = [planned("--strength", text).loss_weights.beta for text in ("0", "0.5", "1")]
    betas.append(planned("--strength", "0.25", "loss_weights=thesis").loss_weights.beta)
    assert betas == pytest.approx([own / 3, own, own * 3, thesis / 3**0.5], rel=0.01)


def test_options_stand_anywhere_and_all_else_is_the_config_s_own() -> None:
    plan = planned("seed=3", "--strength", "0.5", "init=noise")
    given = ("seed=3", "init=noise", "image_size=photograph", "image_size.long_side=48", *SMALL[2:])
    assert plan == composed("content=china", "style=swirls", *given)


def test_ctrl_c_leaves_the_picture_so_far_under_its_name_and_no_preview(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def run(job: Job, *watchers: Listener) -> None:
        for watcher in watchers:
            watcher.kept(torch.tensor([1.0, 0.0, 0.0])[:, None, None].expand(3, 16, 24))
        with Image.open("out.preview.jpg") as shown:
            assert shown.size == (48, 32)
        job.folder.mkdir(parents=True)
        Image.new("RGB", (48, 32), "blue").save(job.folder / "output.png")
        raise SystemExit(130)

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(make, "run", run)
    monkeypatch.setattr(sys, "argv", ["stx paint", "china", "swirls", "-o", "out.png", *SMALL])
    with pytest.raises(SystemExit) as left:
        paint.main()
    assert left.value.code == 130
    with Image.open("out.png") as picture:
        assert picture.getpixel((0, 0)) == (0, 0, 255)
    assert not Path("out.preview.jpg").exists()
    out, said = capfd.readouterr()
    assert out == ""
    assert said.endswith("out.png has it too; going on renews the one in the folder\n")
