"""`stx paint`: a run like any other, and its picture under the name that was asked for."""

import re
import shlex
import signal
import sys
from pathlib import Path

import numpy as np
import pytest
import tifffile
import torch
import yaml
from PIL import Image

from conftest import command
from stx import paint
from stx.config.compose import composition
from stx.config.schema import Config
from stx.loop import record
from stx.runs import delivery
from stx.runs.delivery import Beside

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
    assert len([line for line in lines if re.search("the painting's style; layout ", line)]) == 1

    (folder,) = tmp_path.glob("outputs/runs/*/*")
    typed = next(shlex.split(line) for line in lines if line.startswith("stx run "))
    kept = yaml.safe_load((folder / "config.yaml").read_text(encoding="utf-8"))
    assert kept == composed(*typed[2:]).model_dump(by_alias=True)


def test_strength_is_a_scale_around_the_config_s_own_weight() -> None:
    own, thesis = (composed(*others).loss_weights.beta for others in ((), ("loss_weights=thesis",)))
    betas = [planned("--strength", text).loss_weights.beta for text in ("0", "0.5", "1")]
    betas.append(planned("--strength", "0.25", "loss_weights=thesis").loss_weights.beta)
    assert betas == pytest.approx([own / 10, own, own * 3, thesis / 10**0.5], rel=0.01)


def test_options_stand_anywhere_and_all_else_is_the_config_s_own() -> None:
    plan = planned("seed=3", "--strength", "0.5", "init=noise")
    given = ("seed=3", "init=noise", "image_size=photograph", "image_size.long_side=48", *SMALL[2:])
    assert plan == composed("content=china", "style=swirls", "output.file=china-swirls.png", *given)
    assert planned("output.file=other.webp", "output.quality=50").output.file == "other.webp"


def test_a_page_is_for_the_asking() -> None:
    assert (planned("--live").live, planned().live, planned("live=8642").live) == (True, False, 8642)


def test_ctrl_c_leaves_the_picture_so_far_under_its_name_and_no_preview(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("INFO", "stx")

    class Stopping(Beside):
        def kept(self, picture: torch.Tensor) -> None:
            super().kept(picture)
            with Image.open("out.preview.jpg") as shown:
                assert shown.size == (48, 32)
            signal.raise_signal(signal.SIGINT)

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(delivery, "Beside", Stopping)
    monkeypatch.setattr(record, "KEEP_SECONDS", 0.0)
    typed = ["china", "swirls", "-o", "out.png", *SMALL, "optim.steps=40", "guard.checkpoint_every=1"]
    monkeypatch.setattr(sys, "argv", ["stx paint", *typed])
    with pytest.raises(SystemExit) as left:
        paint.main()
    assert left.value.code == 130
    (folder,) = Path("outputs/runs").glob("*/*")
    with Image.open("out.png") as picture, Image.open(folder / "output.png") as own:
        np.testing.assert_array_equal(np.asarray(picture), np.asarray(own))
    assert Path("out-sheet.jpg").exists()
    assert not Path("out.preview.jpg").exists()
    assert capfd.readouterr().out == ""
    assert f"the picture so far: out.png\ngo on: stx run resume={folder}\n" in caplog.text

    monkeypatch.setattr(delivery, "Beside", Beside)
    gone_on = command(tmp_path, "run", f"resume={folder}", "output.file=other.tif", "output.bits=16")
    assert (gone_on.returncode, gone_on.stdout) == (0, "other.tif\n"), gone_on.stderr
    with Image.open(folder / "output.png") as own:
        np.testing.assert_array_equal(np.rint(tifffile.imread("other.tif") / 257), np.asarray(own))
