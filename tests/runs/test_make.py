"""One run from its job to its result, in one process."""

import errno
import json
import os
import shutil
import signal
import tempfile
from pathlib import Path

import numpy as np
import pytest
import tifffile
import torch
from PIL import Image, ImageCms

from conftest import SHALLOW, SMALL
from stx import timeline
from stx.config.compose import composition
from stx.errors import Diverged, Stopped, UserError
from stx.loop import checkpoint
from stx.loop.listener import Listener, Start
from stx.measures.judge import Judge
from stx.model.prepare import prepare
from stx.pictures import images
from stx.runs import identity, plots, resume
from stx.runs.files import (
    BASELINES,
    CHECKPOINT,
    CONTENT,
    JOURNAL,
    LOSSES,
    NORMS,
    OUTPUT,
    RUN,
    SHEET,
    TIMING,
)  # fmt: skip
from stx.runs.job import Job
from stx.runs.make import Judged, run, state_of, told_how_to_go_on
from stx.runs.tracking.courier import pending
from stx.runs.tracking.journal import entries
from stx.runs.tracking.tracker import Tracker
from stx.runs.words import style_share

CHARTS = "tracking.plots=true"


def job(folder: Path, *overrides: str) -> Job:
    config, choices, typed = composition([*SMALL, *SHALLOW, "tracking=none", *overrides])
    return Job(config, folder, choices, typed, quiet=True)


def test_a_run_gives_its_picture_outcome_and_measures_and_tells_its_watchers(tmp_path: Path) -> None:
    levels: list[tuple[int, ...]] = []
    folder = tmp_path / "new" / "folder"

    class Watcher(Listener):
        def begun(self, level: Start) -> None:
            levels.append(tuple(level.image.shape))
            record = identity.read(folder)
            assert record
            assert record.outcome == "running"

    result = run(job(folder, "optim.pyramid=[1]"), Watcher())
    assert levels == [(3, 16, 24), (3, 32, 48)]
    assert (result.picture, result.outcome) == (folder / OUTPUT, "finished")
    assert result.measured["measure/content"] > 0
    share = style_share(*(result.measured[f"{kind}/sliced_wasserstein"] for kind in ("measure", "baseline")))
    assert result.measured["measure/style_distance"] == share  # which the run says at its end, and stores sort by
    assert result.measured["baseline/sliced_wasserstein"] > 0
    assert Image.open(result.picture).size == (48, 32)

    left = job(folder)._replace(resumed=identity.read(folder))
    state = state_of(left, prepare(left.config))
    assert state
    assert state.step == left.config.optim.steps == 3  # of a run that was killed behind its last step
    shorter = left._replace(config=composition([*left.overrides, "optim.steps=2"]).config)
    with pytest.raises(UserError, match="it is of step 3, and the run has 2"):
        state_of(shorter, prepare(shorter.config))

    checkpoint.save(left.folder / CHECKPOINT, state._replace(optimiser={"state": {}, "param_groups": []}))
    with pytest.raises(UserError, match="not a checkpoint of stx"):  # of this optimiser: found before the first step
        state_of(left, prepare(left.config))
    assert left.resumed
    identity.write(left.folder, left.resumed._replace(outcome="interrupted"))
    with pytest.raises(UserError, match="another process has continued this run in the meantime; try again"):
        run(left)


def test_a_run_that_is_not_quiet_says_how_far_it_is_and_one_that_is_timed_where_its_time_went(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    timeline.begin()
    with caplog.at_level("INFO", "stx"):
        run(job(tmp_path, "timing=true", "image_size.width=40", "image_size.height=7")._replace(quiet=False))
    said = capsys.readouterr().err.splitlines()
    assert [line.split("  ")[0] for line in said if line.startswith("step 3/3 ")] == ["step 3/3 (40 x 7)"]
    parts = json.loads((tmp_path / TIMING).read_text())
    assert list(parts)[-3:] == ["first steps", "measures", "picture and sheet"]
    told = [line.split("%  ")[1] for line in caplog.text.splitlines() if "%  " in line]
    assert told == [*parts, "delivery"]
    assert "finished after 3 steps" in caplog.text


def test_ctrl_c_while_a_finished_picture_is_judged_leaves_the_measures_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def judged(self: Judge, picture: object) -> dict[str, float]:
        os.kill(os.getpid(), signal.SIGINT)
        raise AssertionError("it went on")

    monkeypatch.setattr(Judge, "judge", judged)
    with caplog.at_level("INFO", "stx"), pytest.raises(SystemExit) as left:
        run(job(tmp_path))
    assert left.value.code == 130
    assert f"interrupted at its end; the picture: {tmp_path / OUTPUT}" in caplog.text
    record = identity.read(tmp_path)
    assert record
    assert record.outcome == "finished"
    assert (tmp_path / SHEET).exists()
    assert not (tmp_path / BASELINES).exists()


def test_a_second_ctrl_c_says_how_to_go_on_where_there_is_a_state(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    for state in (False, True):
        if state:
            (tmp_path / CHECKPOINT).touch()
        with caplog.at_level("INFO", "stx"), pytest.raises(KeyboardInterrupt), told_how_to_go_on(tmp_path):
            raise KeyboardInterrupt
        assert (f"go on: stx run resume={tmp_path}" in caplog.text) == state


def test_all_that_a_run_shows_and_measures_is_in_its_store_at_its_end(
    tmp_path: Path, new_database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("outputs").mkdir()
    shutil.copy(new_database, "outputs/mlflow.db")
    asked = ("tracking=mlflow", "tracking.pictures_every=2", "tracking.measures_every=2", "optim.pyramid=[]")
    result = run(job(Path("outputs/run"), *asked))
    assert os.readlink("outputs/latest") == "run"
    assert pending(Path("outputs")) == []
    told = [entry for entry, _ in entries(Path("outputs/run") / JOURNAL, 0)]
    assert [entry["picture"]["step"] for entry in told if "picture" in entry] == [0, 2, 3]
    first, last = (
        Image.open(Path("outputs/run") / entry["picture"]["file"])
        for entry in told
        if "picture" in entry
        if entry["picture"]["step"] != 2
    )
    assert first.size == last.size == (48, 32)
    measured = {entry["measured"][0][0]: entry["measured"][0][2] for entry in told if "measured" in entry}
    assert sorted(measured) == [2, 3]
    assert measured[3]["measure/content"] == result.measured["measure/content"] != measured[2]["measure/content"]
    kinds = [next(iter(entry)) for entry in told]
    assert kinds.index("end") > max(place for place, kind in enumerate(kinds) if kind in ("picture", "measured"))


def test_a_run_s_charts_are_drawn_and_told_behind_its_end_unless_they_are_not_wanted(
    tmp_path: Path, new_database: Path
) -> None:
    shutil.copy(new_database, tmp_path / "mlflow.db")
    folder, store = tmp_path / "run", f"tracking.uri=sqlite:///{tmp_path / 'mlflow.db'}"
    run(job(folder, "tracking=mlflow", store, "tracking.grad_norms_every=2", CHARTS))
    charts = ["losses.png", "layers.png", "magnitudes.png", "gradients.png"]
    told = [entry for entry, _ in entries(folder / JOURNAL, 0)]
    end = next(place for place, entry in enumerate(told) if "end" in entry)
    behind = [entry["artifact"] for entry in told[end:] if "artifact" in entry]
    assert behind == [RUN, *(f"plots/{chart}" for chart in charts)]
    assert "path=plots/losses.png" in told[-1]["tags"]["tags"]["mlflow.note.content"]
    assert (folder / NORMS).read_text().splitlines()[1].startswith("1,")

    run(job(tmp_path / "untold", CHARTS))
    assert {path.name for path in (tmp_path / "untold" / "plots").iterdir()} == {*charts[:3]}
    run(job(tmp_path / "none"))
    assert not (tmp_path / "none" / "plots").exists()


def test_a_run_of_an_earlier_version_gets_the_norms_that_its_journal_has_and_its_charts_as_it_goes_on(
    tmp_path: Path, new_database: Path
) -> None:
    class Impatient(Listener):
        every = 1

        def picture(self, picture: object, step: int) -> None:
            if step == 4:
                os.kill(os.getpid(), signal.SIGTERM)

    shutil.copy(new_database, tmp_path / "mlflow.db")
    folder, store = tmp_path / "run", f"tracking.uri=sqlite:///{tmp_path / 'mlflow.db'}"
    options = ("tracking=mlflow", store, "tracking.grad_norms_every=2", "optim.steps=6", "optim.pyramid=[]", CHARTS)
    with pytest.raises(SystemExit):
        run(job(folder, *options), Impatient())
    before = (folder / NORMS).read_text()
    (folder / NORMS).unlink()
    shutil.rmtree(folder / "plots")
    again = resume.job(str(folder), [], {"name": "none"})
    assert run(again._replace(quiet=True)).outcome == "finished"
    after = (folder / NORMS).read_text()
    assert [line.partition(",")[0] for line in after.splitlines()] == ["step", "1", "3", "5"]
    assert after.startswith(before)
    assert (folder / "plots" / "gradients.png").exists()
    further = resume.job(str(folder), ["optim.steps=8", "tracking.plots=false"], {"name": "none"})
    assert run(further._replace(quiet=True)).outcome == "finished"
    assert not (folder / "plots").exists()  # they would not show its last steps


def test_a_run_that_is_interrupted_as_its_charts_are_drawn_is_in_its_store(
    tmp_path: Path, new_database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copy(new_database, tmp_path / "mlflow.db")
    monkeypatch.setattr(plots, "draw", lambda *_: signal.raise_signal(signal.SIGINT))
    with pytest.raises(SystemExit) as left:
        run(job(tmp_path / "run", CHARTS, "tracking=mlflow", f"tracking.uri=sqlite:///{tmp_path / 'mlflow.db'}"))
    assert left.value.code == 128 + signal.SIGINT
    assert pending(tmp_path / "run") == []


def test_a_run_that_diverges_has_its_event_in_its_charts(tmp_path: Path) -> None:
    result = run(
        job(tmp_path, "optim=lbfgs_plain", "optim.lr=1e30", "optim.pyramid=[]", "tracking.pictures_every=0", CHARTS)
    )
    assert result.outcome == "diverged"
    assert (tmp_path / "plots" / "losses.png").exists()
    assert plots.events(tmp_path).at


def test_every_picture_that_a_run_shows_has_its_colours(tmp_path: Path, new_database: Path) -> None:
    """Along the way and at the end, where the network sees grey ones; and what is kept as it works."""
    shutil.copy(new_database, tmp_path / "mlflow.db")
    asked = (f"tracking.uri=sqlite:///{tmp_path / 'mlflow.db'}", "tracking=mlflow", "tracking.pictures_every=2")
    folder = tmp_path / "run"
    run(job(folder, *asked, "colour=luminance", "content=flower"))
    theirs = prepare(job(folder, "content=flower").config).content
    shown = [folder / entry["picture"]["file"] for entry, _ in entries(folder / JOURNAL, 0) if "picture" in entry]
    assert len(shown) == 3
    for file in (*shown, folder / OUTPUT):
        picture = images.to_tensor(images.load(str(file)), (48, 32))
        inside = ((picture > 0) & (picture < 1)).all(dim=0)
        assert inside.float().mean() > 0.5
        for channel in (0, 2):
            apart = (picture[channel] - picture[1]) - (theirs[channel] - theirs[1])
            assert float(apart[inside].abs().max()) < 4 / 255, file
    grey = images.to_tensor(images.load(str(folder / CONTENT)), (48, 32))
    assert (grey[0] == grey[1]).all()


def test_what_stops_at_the_first_fault_names_it_and_what_was_stopped_says_how_to_go_on(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(Diverged, match=r"diverged at step 1: .*; the last finite picture is .*output\.png"):
        run(job(tmp_path / "diverged", "loss_weights.beta=3e38", "guard.on_nan=raise"))

    class Impatient(Listener):
        every = 1

        def picture(self, picture: object, step: int) -> None:
            os.kill(os.getpid(), signal.SIGTERM)

    with caplog.at_level("INFO", "stx"), pytest.raises(SystemExit) as left:
        run(job(tmp_path / "stopped"), Impatient())
    assert left.value.code == 128 + signal.SIGTERM
    assert f"go on: stx run resume={tmp_path / 'stopped'}" in caplog.text
    assert torch.load(tmp_path / "stopped" / CHECKPOINT)["optimiser"]
    (tmp_path / "stopped" / LOSSES).unlink()
    (tmp_path / "stopped" / JOURNAL).unlink(missing_ok=True)
    again = resume.job(str(tmp_path / "stopped"), [], {"name": "none"})
    assert run(again._replace(quiet=True)).outcome == "finished"
    assert "stopped/losses.csv lacks the steps 1 to " in caplog.text
    assert not torch.load(tmp_path / "stopped" / CHECKPOINT)["optimiser"]


def test_a_run_that_is_refused_by_its_tracker_is_recorded_as_failed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refusing(*_: object) -> None:
        raise UserError("journal.jsonl: written by a later version")

    monkeypatch.setattr("stx.runs.make.tracked", refusing)
    with pytest.raises(UserError, match="later version"):
        run(job(tmp_path))
    record = identity.read(tmp_path)
    assert record is not None
    assert record.outcome == "failed"


def test_a_tile_that_is_too_small_to_be_measured_is_made(tmp_path: Path) -> None:
    tile = ("content=null", "tile=true", "image_size.width=4", "image_size.height=4", "style_stat=gram")
    result = run(job(tmp_path, *tile, "loss_weights.style_layers=[conv1_1]"))
    assert (result.outcome, result.measured) == ("finished", {})


def test_where_nothing_more_can_be_written_the_picture_is_saved_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Full(Listener):
        def rows(self, rows: object) -> None:
            raise OSError(errno.ENOSPC, "No space left on device", "losses.csv")

    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with pytest.raises(
        Stopped, match=rf"losses\.csv: No space left on device\nthe picture so far: {tmp_path}/stx-out\.png"
    ):
        run(job(tmp_path / "out", "image_size.width=40", "image_size.height=7"), Full())
    assert Image.open(tmp_path / "stx-out.png").size == (40, 7)


def test_a_picture_is_measured_within_its_range_and_at_its_whole_size() -> None:
    told: dict[int, dict[str, float]] = {}

    class Notes(Tracker):
        def measured(self, values: dict[str, float], step: int) -> None:  # type: ignore[override]
            told[step] = values

    config = job(Path(), "tracking.measures_every=1").config
    judged = Judged(config, inputs := prepare(config), Notes())
    judged.picture(inputs.content.where(inputs.content < 0.5, inputs.content + 9), 1)
    judged.picture(inputs.content.where(inputs.content < 0.5, torch.ones(())), 2)
    assert told[1] == told[2]
    at_the_end = judged.at_the_end(inputs.content.where(inputs.content < 0.5, inputs.content + 9), 3)
    assert told[3] == told[2]
    assert at_the_end.items() > told[3].items()
    assert all(name.startswith("baseline/") for name in at_the_end.keys() - told[3].keys())
    judged.picture(images.to_tensor(images.load("swirls"), (24, 16)), 4)
    assert told[4].keys() == told[3].keys()


def test_a_run_in_several_styles_keeps_each_of_them_is_judged_by_all_and_says_so(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "stx")
    result = run(job(tmp_path / "run", "style=[swirls,mosaic]", "style_mix=[3,1]"))
    assert {path.name for path in (tmp_path / "run").glob("style*.png")} == {"style.png", "style_2.png"}
    assert "style: 75% swirls and 25% mosaic, by means of their statistics" in caplog.text
    record = identity.read(tmp_path / "run")
    assert record
    assert record.files["style"] != record.files["style_2"]
    alone = [run(job(tmp_path / name, f"style={name}")).measured["baseline/gram"] for name in ("swirls", "mosaic")]
    assert result.measured["baseline/gram"] == pytest.approx(0.75 * alone[0] + 0.25 * alone[1])
    with pytest.raises(UserError, match=r"style_2.png would be overwritten"):
        identity.refuse_taken(kept_alone(tmp_path / "run" / "style_2.png", tmp_path / "other"))


def kept_alone(file: Path, folder: Path) -> Path:
    folder.mkdir()
    shutil.copy(file, folder)
    return folder


def test_sixteen_bits_are_those_of_the_finished_picture(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The photograph's hues are given in floats; 8 bits in between would leave 256 values a channel."""
    monkeypatch.chdir(tmp_path)
    asked = job(tmp_path / "run", "colour=after", "output.file=out.tif", "output.bits=16")
    assert run(asked).picture == Path("out.tif")
    state = checkpoint.load(tmp_path / "run" / CHECKPOINT, torch.device("cpu"), [torch.Size((3, 32, 48))])
    assert state
    inputs = prepare(asked.config)
    expected = inputs.finish(state.last_finite).double().clamp(0, 1).numpy().transpose(1, 2, 0) * 65535
    written = tifffile.imread("out.tif").astype(int)
    np.testing.assert_array_equal(written, np.rint(expected))
    assert len(np.unique(written)) > 1500
    np.testing.assert_array_equal(np.rint(written / 257), np.asarray(Image.open(tmp_path / "run" / OUTPUT)))


def test_a_run_that_is_to_raise_delivers_nothing_and_one_that_stops_what_was_finite(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    broken = ("loss_weights.beta=3e38", "output.file=out.png")
    with pytest.raises(Diverged):
        run(job(tmp_path / "raises", *broken, "guard.on_nan=raise"))
    assert not Path("out.png").exists()
    assert run(job(tmp_path / "stops", *broken)).outcome == "diverged"
    assert Path("out.png").exists()


@pytest.mark.parametrize("how", [("output.bits=16",), ("output.profile=photograph",), ("output.timelapse=webp",)])
def test_a_transparent_photographs_result_is_transparent_however_it_is_delivered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: tuple[str, ...]
) -> None:
    monkeypatch.chdir(tmp_path)
    photograph = Image.effect_noise((96, 64), 60).convert("RGBA")
    photograph.putalpha(Image.linear_gradient("L").resize((96, 64)))
    photograph.save("photo.png", icc_profile=ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    run(job(tmp_path / "run", "content=photo.png", "style_stat=gram", "output.file=out.png", *how))
    for path in (tmp_path / "run" / OUTPUT, Path("out.png")):
        with Image.open(path) as picture:
            assert picture.mode == "RGBA"
            alpha = np.asarray(picture)[..., 3].astype(int)
        assert alpha[0, 0] < 12
        assert alpha[-1, -1] > 243
    with Image.open(tmp_path / "run" / SHEET) as sheet:
        assert sheet.mode == "RGB"


def test_a_draft_takes_no_other_picture_s_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.chdir(tmp_path)
    caplog.set_level("INFO", "stx")

    class Impatient(Listener):
        every = 1

        def picture(self, picture: object, step: int) -> None:
            os.kill(os.getpid(), signal.SIGINT)

    Image.new("RGB", (5, 4), "red").save("out.png")
    before = Path("out.png").read_bytes()
    with pytest.raises(SystemExit):
        run(job(tmp_path / "stopped", "output.file=out.png"), Impatient())
    assert Path("out.png").read_bytes() == before
    assert "out.png is as it was" in caplog.text
    with pytest.raises(SystemExit):
        run(job(tmp_path / "other", "output.file=new.png"), Impatient())
    assert Path("new.png").exists()


def test_of_a_picture_in_the_photographs_colours_no_noise_is_measured_that_is_never_shown(tmp_path: Path) -> None:
    measured = run(job(tmp_path / "run", "colour=luminance", "model=vgg19_random")).measured
    assert measured["measure/noise_chroma"] < 0.1
