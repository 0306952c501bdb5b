"""What a run needs on disk, said before it starts, against the checkpoint that it writes."""

from pathlib import Path

import pytest

from conftest import Command
from stx.config.compose import composition
from stx.model.prepare import prepare
from stx.runs.check import space

SETTINGS = ("+experiment=plain", "image_size=small", "model=vgg19_random", "optim=adam", "tracking.pictures_every=0")


@pytest.mark.parametrize("statistic", ["nearest_neighbour", "relaxed_emd"])
def test_a_run_says_how_much_its_checkpoints_need(stx: Command, tmp_path: Path, statistic: str) -> None:
    settings = (*SETTINGS, f"style_stat={statistic}")
    config = composition(list(settings)).config
    done = stx(*settings, "optim.steps=1", "guard.keep_state=true", "tracking=none", "hydra.run.dir=run")
    assert done.returncode == 0, done.stderr
    written = (tmp_path / "run" / "checkpoint.pt").stat().st_size
    assert written < space(config, prepare(config)) / 2 < written + 5e6
