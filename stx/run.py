"""python -m stx.run: what was typed -> a job -> its picture."""

if __name__ == "__main__":  # before the imports, so that Ctrl-C is answered while they work
    from stx.__main__ import answer_ctrl_c

    answer_ctrl_c()

from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from omegaconf import DictConfig


def job(composed: "DictConfig") -> None:
    # Late, here and below: so that Ctrl-C while they are imported is answered; and torch takes a second, that --help,
    # completion and mistakes need not wait for.
    from hydra.core.hydra_config import HydraConfig
    from hydra.types import RunMode

    from stx.config import command

    # The answer is given here: Hydra would put a line of its own before it. In a sweep it says which job it was.
    with command.answering() if HydraConfig.get().mode == RunMode.RUN else nullcontext():
        command.result(str(made(composed)))


def made(composed: "DictConfig") -> Path:
    """The picture of the run that was asked for."""
    from hydra.core.hydra_config import HydraConfig

    from stx.config.compose import choices_of, overrides_of
    from stx.config.schema import validate
    from stx.runs import resume
    from stx.runs.job import Job
    from stx.runs.latest import relative
    from stx.runs.make import run
    from stx.runs.naming import run_name

    hydra_config = HydraConfig.get()
    overrides = overrides_of(hydra_config)
    if composed.resume is not None:
        return run(resume.job(str(composed.resume), overrides, composed.tracking)).picture
    folder = relative(Path(hydra_config.runtime.output_dir))
    config, choices = validate(composed), choices_of(hydra_config)
    notes = hydra_notes(composed, hydra_config)
    return run(Job(config, folder, choices, overrides, name=run_name(config, choices), notes=notes)).picture


def hydra_notes(composed: "DictConfig", hydra_config: Any) -> dict[str, str]:
    """What Hydra would write, before anybody knows whether the folder is this run's: hydra.output_subdir is null."""
    from omegaconf import OmegaConf

    from stx.config.secrets import hidden
    from stx.runs.files import HYDRA

    parts = {"config": composed, "hydra": hydra_config, "overrides": hydra_config.overrides.task}
    return {f"{HYDRA}/{name}.yaml": hidden(OmegaConf.to_yaml(part)) for name, part in parts.items()}


def main() -> None:
    import hydra

    from stx.config import command
    from stx.config.schema import CONF

    command.main(hydra.main(config_path=str(CONF), config_name="config", version_base="1.3")(job))


if __name__ == "__main__":
    main()
