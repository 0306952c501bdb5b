"""The jobs of a sweep: what tells them apart, where they work, and how they are known again."""

from pathlib import Path

import pytest
from omegaconf import read_write
from PIL import Image

from stx.config.compose import at_work, compose, escaped, multirun, override
from stx.errors import UserError
from stx.runs import sweep, sweep_record
from stx.runs.files import SETTINGS

TINY = ["model=vgg19_random", "image_size.width=32", "image_size.height=32"]


def test_a_file_of_somebody_s_in_the_place_of_a_sweep_s_settings_is_not_written_over(tmp_path: Path) -> None:
    path = tmp_path / SETTINGS
    sweep.refuse_somebody_s(tmp_path)
    path.write_text("mine")
    with pytest.raises(UserError, match=r"multirun\.yaml would be overwritten; name another folder: hydra\.sweep\.dir"):
        sweep.refuse_somebody_s(tmp_path)
    path.write_text("hydra:\n  run: {}\n")  # of an earlier sweep: its jobs' own folders are looked at
    sweep.refuse_somebody_s(tmp_path)


def test_a_job_s_folder_is_of_the_time_at_which_its_sweep_began() -> None:
    words = [*TINY, "hydra.sweep.dir=${now:%H-%M-%S-%f}"]
    whole = compose(words)
    began = str(whole.hydra.sweep.dir)
    assert sweep.folder_of_job(whole, compose(words), 3) == Path(began, "3")


def planned(folder: Path, *typed: str) -> list[sweep.Task]:
    with at_work():
        config, _ = multirun([*TINY, "tracking=none", override("hydra.sweep.dir", str(folder)), *typed])
        return sweep.plan(config)


def test_jobs_are_the_product_of_their_axes_and_named_by_them(tmp_path: Path) -> None:
    tasks = planned(tmp_path, "loss_weights.beta=1,10", "style_stat=gram,mean_std", "content=china", "pooling=max")
    assert [task.name for task in tasks] == ["beta=1 gram", "beta=1 mean_std", "beta=10 gram", "beta=10 mean_std"]
    assert [task.folder.name for task in tasks] == ["0", "1", "2", "3"]
    assert tasks[2].values == {"loss_weights.beta": "10", "style_stat": "gram"}
    assert len({task.digest for task in tasks}) == 4


def test_a_job_keeps_its_number_when_its_sweep_gets_more_values(tmp_path: Path) -> None:
    before = planned(tmp_path, "pooling=max,avg", "seed=0,1", "init=noise")
    sweep_record.write(tmp_path, before, ["pooling=max,avg", "seed=0,1", "init=noise"])
    after = planned(tmp_path, "pooling=max,avg,l2", "seed=0,1,2", "init=noise", "sweep.resume=true")
    assert len(after) == 9
    numbers = {task.digest: task.number for task in after}
    assert [numbers[task.digest] for task in before] == [0, 1, 2, 3]
    assert sorted(numbers.values()) == list(range(9))
    sweep_record.write(tmp_path, after[:1], ["pooling=max", "sweep.resume=true"])
    record = sweep_record.recorded(tmp_path)
    assert record["overrides"] == ["pooling=max"]
    assert {one["number"] for one in record["jobs"]} == {0, 1, 2, 3}  # none is forgotten


def test_new_jobs_of_a_sweep_that_goes_on_in_a_folder_that_was_not_typed_are_in_it(tmp_path: Path) -> None:
    with at_work():
        config, _ = multirun([*TINY, "tracking=none", "seed=0,1", "init=noise"])
        with read_write(config):
            config.hydra.sweep.dir = escaped(str(tmp_path / "${was}"))  # as sweep.resume=true sets it
        assert [task.folder for task in sweep.plan(config)] == [tmp_path / "${was}" / f"{number}" for number in (0, 1)]


def test_an_axis_that_is_given_twice_is_refused_and_a_fixed_value_may_be(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"seed is given twice; give all of its values in one, seed=a,b,c"):
        planned(tmp_path, "seed=0,1", "seed=2,3")
    assert [task.config.seed for task in planned(tmp_path, "seed=0", "seed=1")] == [1]


def test_a_job_that_is_another_one_again_is_made_once_and_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tasks = planned(tmp_path, "loss_weights.beta=1,1.0,2")
    assert [(task.number, task.values["loss_weights.beta"]) for task in tasks] == [(0, "1"), (2, "2")]
    assert "stx: duplicate jobs, run once: beta=1.0 as beta=1\n" in capsys.readouterr().err


def test_equal_pictures_of_a_folder_are_named_in_one_short_line_whatever_is_swept_beside_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    photos = tmp_path / "photos"
    photos.mkdir()
    for name in ("a.png", "b.png", "caf\udce9.png"):
        Image.new("RGB", (40, 40), "red").save(photos / name)
    tasks = planned(tmp_path / "sweep", f"content={photos}/", "style_stat=gram,mean_std", "init=noise")
    assert [task.name for task in tasks] == ["a.png gram", "a.png mean_std"]
    (line,) = [line for line in capsys.readouterr().err.splitlines() if "duplicate" in line]
    assert line == "stx: duplicate jobs, run once: b.png as a.png, caf\ufffd.png as a.png"


def test_all_damaged_pictures_of_a_folder_are_named_at_once(tmp_path: Path) -> None:
    photos = tmp_path / "photos"
    photos.mkdir()
    Image.new("RGB", (40, 40)).save(photos / "a.png")
    for number in range(8):
        (photos / f"bad{number}.png").write_text("none")
    with pytest.raises(UserError) as refused:
        planned(tmp_path / "sweep", f"content={photos}/")
    first, second = str(refused.value).splitlines()
    assert first.startswith(f"'{photos}/bad0.png' is not a picture that can be read")
    assert second.startswith(f"nor can these be read: {photos}/bad1.png, ")
    assert second.endswith("bad5.png and 2 more (no job was started)")


@pytest.mark.parametrize("below", ["", "deeper/still"])
def test_a_sweep_is_not_put_into_a_run_s_folder(tmp_path: Path, below: str) -> None:
    (tmp_path / "run.json").write_text("{}")
    with pytest.raises(UserError, match="holds a run; name another folder for the sweep"):
        planned(tmp_path / below, "seed=0,1")


def test_its_own_options_are_no_axes(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"sweep\.jobs applies to the whole sweep and cannot be an axis"):
        planned(tmp_path, "seed=0,1", "sweep.jobs=1,2")
