"""The jobs of a sweep: what tells them apart, where they work, and how they are known again."""

from pathlib import Path

import pytest

from stx.config.compose import compose
from stx.errors import UserError
from stx.runs import sweep
from stx.runs.files import SETTINGS

TINY = ["model=vgg19_random", "image_size.width=32", "image_size.height=32"]


def test_a_file_of_somebody_s_in_the_place_of_a_sweep_s_settings_is_not_written_over(tmp_path: Path) -> None:
    path = tmp_path / SETTINGS
    sweep.refuse_somebody_s(tmp_path)
    path.write_text("mine")
    with pytest.raises(
        UserError, match=r"multirun\.yaml would be written over; name another folder: hydra\.sweep\.dir"
    ):
        sweep.refuse_somebody_s(tmp_path)
    path.write_text("hydra:\n  run: {}\n")  # of an earlier sweep: its jobs' own folders are looked at
    sweep.refuse_somebody_s(tmp_path)


def test_a_job_s_folder_is_of_the_time_at_which_its_sweep_began() -> None:
    words = [*TINY, "hydra.sweep.dir=${now:%H-%M-%S-%f}"]
    whole = compose(words)
    began = str(whole.hydra.sweep.dir)
    assert sweep.folder_of_job(whole, compose(words), 3) == Path(began, "3")
