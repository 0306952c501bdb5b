"""python -m stx.run: what was typed -> a job -> its picture."""

import os
import sys
from pathlib import Path

import hydra
from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig

from stx.config import command
from stx.config.compose import choices_of, typed
from stx.config.schema import CONF, validate


@hydra.main(config_path=str(CONF), config_name="config", version_base="1.3")
def job(composed: DictConfig) -> None:
    # Late: torch takes a second that --help, completion and mistakes need not wait for.
    from stx.runs import resume
    from stx.runs.files import refuse_taken
    from stx.runs.job import Job
    from stx.runs.make import run
    from stx.runs.naming import run_name

    hydra_config = HydraConfig.get()
    overrides = typed(hydra_config)
    if composed.resume is not None:
        result = run(resume.job(str(composed.resume), overrides, composed.tracking))
    else:
        folder = relative(Path(hydra_config.runtime.output_dir))
        refuse_taken(folder)  # two jobs of a sweep, by hydra.sweep.subdir
        config, choices = validate(composed), choices_of(hydra_config)
        result = run(Job(config, folder, choices, overrides, name=run_name(config, choices)))
    sys.stdout.write(f"{result.picture}\n")


def relative(folder: Path) -> Path:
    """To the working directory, as people like to read it; as it is where that is on another drive."""
    try:
        return Path(os.path.relpath(folder))
    except ValueError:
        return folder


def main() -> None:
    command.main(job)


if __name__ == "__main__":
    main()
