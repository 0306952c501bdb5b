"""The record of a sweep: who works it, and which command goes on with it."""

import json
from pathlib import Path

import pytest

from stx.config.compose import at_work, multirun, override
from stx.errors import UserError
from stx.runs import sweep_record
from stx.runs.files import STUDY
from stx.runs.sweep import plan
from stx.runs.task import Task

TINY = ["model=vgg19_random", "image_size.width=32", "image_size.height=32"]


def planned(folder: Path, *typed: str) -> list[Task]:
    with at_work():
        config, _ = multirun([*TINY, "tracking=none", override("hydra.sweep.dir", str(folder)), *typed])
        return plan(config)


def test_resume_takes_up_the_sweep_that_a_folder_holds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "it's, (mine)"
    folder.mkdir()
    sweep_record.write(folder, planned(folder, "seed=0,1", "init=noise"), ["seed=0,1", "init=noise", "sweep.plan=true"])
    typed = [override("resume", str(folder)), "init=content"]
    assert sweep_record.taken_up(typed) == [
        "seed=0,1", "init=content", "sweep.resume=true", override("hydra.sweep.dir", str(folder)), "--multirun"
    ]  # fmt: skip
    assert sweep_record.taken_up(["resume=last", "seed=3"]) == ["resume=last", "seed=3"]
    (folder / "sweep.json").write_text('{"format": 1, "jobs": [{}], "overrides": []}')
    with pytest.raises(UserError, match="damaged, so nothing says which sweep"):
        sweep_record.taken_up(typed)


def test_the_newest_run_stands_for_its_sweep(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    sweep = Path("outputs/sweeps/mine")
    (sweep / "0").mkdir(parents=True)
    (tmp_path / "outputs" / "latest").symlink_to("sweeps/mine/0", target_is_directory=True)
    assert sweep_record.taken_up(["resume=last"]) == ["resume=last"]  # a run in a folder that is no sweep's
    sweep_record.write(sweep, planned(sweep, "seed=0,1"), ["seed=0,1"])
    again = sweep_record.taken_up(["resume=last"])
    assert again == ["seed=0,1", "sweep.resume=true", override("hydra.sweep.dir", str(sweep)), "--multirun"]
    assert "the newest run is a job of the sweep in outputs/sweeps/mine, which goes on" in capsys.readouterr().err


def test_a_folder_of_options_that_is_named_anew_takes_the_place_of_the_recorded_one(tmp_path: Path) -> None:
    folder, search = tmp_path / "sweep", 'hydra.searchpath=["/old/conf"]'
    folder.mkdir()
    sweep_record.write(folder, planned(folder, "seed=0,1"), ["seed=0,1"], [search])
    resume = override("resume", str(folder))
    assert search in sweep_record.taken_up([resume])
    for flag in (["--config-dir", "conf"], ["--config-dir=conf"], ["-cd", "conf"]):
        again = sweep_record.taken_up([resume, *flag])
        assert search not in again
        assert set(flag) < set(again)


def test_a_sweep_goes_on_by_the_launcher_that_it_had(tmp_path: Path) -> None:
    typed = ["hydra/launcher=joblib", "hydra.launcher.verbose=1", "sweep.jobs=3", "seed=0,1"]
    with at_work():
        config, _ = multirun([*TINY, *typed])
        workers = sweep_record.workers_of(config)
    assert workers == ["hydra/launcher=joblib", "hydra.launcher.verbose=1", "sweep.jobs=3"]
    sweep_record.write(tmp_path, [], ["seed=0,1"], workers)
    taken_up = sweep_record.taken_up([override("resume", str(tmp_path)), "sweep.jobs=2"])
    assert taken_up[:4] == ["hydra/launcher=joblib", "hydra.launcher.verbose=1", "seed=0,1", "sweep.jobs=2"]


def test_the_sweep_of_a_command_is_known_by_all_but_the_values_of_its_axes(tmp_path: Path) -> None:
    for name, typed in (("a", ["seed=0,1", "pooling=avg"]), ("b", ["seed=0,1", "pooling=max"])):
        (tmp_path / name).mkdir()
        (tmp_path / name / "sweep.json").write_text(json.dumps({"format": 1, "overrides": typed, "jobs": []}))
    assert sweep_record.earlier(["pooling=avg", "seed=range(0,5)", "sweep.resume=true"], tmp_path) == tmp_path / "a"
    with pytest.raises(UserError, match=r"was started by this command; the newest continues with resume=.*/b$"):
        sweep_record.earlier(["pooling=l2", "seed=0,1"], tmp_path)
    with pytest.raises(UserError, match=r"no search .* name its folder: hydra\.sweep\.dir="):
        sweep_record.earlier(["pooling=avg", "seed=0,1"], tmp_path, search=True)


def test_what_was_typed_for_hydra_goes_on_with_a_sweep_and_another_launcher_takes_its_settings_away(
    tmp_path: Path,
) -> None:
    typed = ["hydra.sweep.subdir=job${hydra.job.num}", "hydra/launcher=submitit_local", "hydra.launcher.timeout_min=9"]
    with at_work():
        config, _ = multirun([*TINY, *typed, "seed=0,1"])
        workers = sweep_record.workers_of(config)
    assert workers == typed
    sweep_record.write(tmp_path, [], ["seed=0,1"], workers)
    resume = override("resume", str(tmp_path))
    assert sweep_record.taken_up([resume])[:3] == typed
    assert sweep_record.taken_up([resume, "hydra/launcher=joblib"])[:2] == [typed[0], "seed=0,1"]


@pytest.mark.parametrize(
    ("before", "now"),
    [
        (["loss_weights.style_layers=[conv1_1,conv2_1]"], ["loss_weights.style_layers=[conv5_1,conv4_1]"]),
        (["content='a(1).jpg'"], ["content='b(2).jpg'"]),
    ],
)
def test_a_list_or_a_name_with_brackets_is_no_axis(tmp_path: Path, before: list[str], now: list[str]) -> None:
    sweep_record.write(tmp_path, [], [*before, "seed=0,1"])
    assert sweep_record.earlier([*before, "seed=3,4"], tmp_path) == tmp_path
    with pytest.raises(UserError, match="no sweep below"):
        sweep_record.earlier([*now, "seed=0,1"], tmp_path)


def test_a_sweep_does_not_go_on_in_a_search_s_folder_nor_past_a_damaged_one(tmp_path: Path) -> None:
    for name in ("sweep", "search", "damaged"):
        (tmp_path / name).mkdir()
        sweep_record.write(tmp_path / name, [], ["seed=0,1"])
    (tmp_path / "search" / STUDY).touch()
    (tmp_path / "damaged" / "sweep.json").write_text('{"format": 1, "jobs": []}')
    assert sweep_record.earlier(["seed=0,1"], tmp_path) == tmp_path / "sweep"
    assert sweep_record.earlier(["seed=0,1"], tmp_path, search=True) == tmp_path / "search"
    with pytest.raises(UserError, match="damaged"):
        sweep_record.recorded(tmp_path / "damaged")
