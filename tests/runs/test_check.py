"""What a run needs on disk, said before it starts, against the checkpoint that it writes."""

from pathlib import Path

import pytest

from conftest import Command
from stx.config.compose import composition
from stx.errors import UserError
from stx.model.prepare import prepare
from stx.runs.check import check_space, space

SIZE = ("image_size=small", "image_size.width=128", "image_size.height=96")
SETTINGS = ("+experiment=plain", *SIZE, "model=vgg19_random", "optim=adam", "tracking.pictures_every=0")


@pytest.mark.parametrize("statistic", ["nearest_neighbour", "relaxed_emd"])
def test_a_run_says_how_much_its_checkpoints_need(stx: Command, tmp_path: Path, statistic: str) -> None:
    settings = (*SETTINGS, f"style_stat={statistic}")
    config = composition(list(settings)).config
    done = stx(*settings, "optim.steps=1", "guard.keep_state=true", "tracking=none", "hydra.run.dir=run")
    assert done.returncode == 0, done.stderr
    written = (tmp_path / "run" / "checkpoint.pt").stat().st_size
    assert written < space(config, prepare(config)) / 2 < written + 2e6


def test_no_place_for_files_is_told_from_a_full_one_and_the_option_that_names_it_is_said(tmp_path: Path) -> None:
    check_space(1, tmp_path / "new", option="output")
    assert not list(tmp_path.iterdir())
    with pytest.raises(UserError, match=r"/proc takes no files \(No such file or directory\); .*: output=\.\.\.$"):
        check_space(1, Path("/proc/film"), option="output")
    with pytest.raises(UserError, match=r"MB are free there and this run may need .*: hydra\.sweep\.dir=\.\.\.$"):
        check_space(10**18, tmp_path / "new", option="hydra.sweep.dir")
    with pytest.raises(UserError, match="is a file; name a folder"):
        check_space(1, Path(__file__) / "new")
