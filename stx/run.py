"""python -m stx.run: what was typed -> a job -> its picture."""

if __name__ == "__main__":  # before the imports, so that Ctrl-C is answered while they work
    from stx.__main__ import answer_ctrl_c

    answer_ctrl_c()

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from omegaconf import DictConfig

    from stx.runs.job import Job
    from stx.runs.member import Attempt


def job(composed: "DictConfig") -> "Attempt | None":
    # Late, here and below: so that Ctrl-C while they are imported is answered; and torch takes a second, that --help,
    # completion and mistakes need not wait for.
    from hydra.core.hydra_config import HydraConfig
    from hydra.types import RunMode

    from stx.config import command

    own = HydraConfig.get()
    if own.mode == RunMode.RUN:
        with command.answering():  # here, as Hydra would put a line of its own before it
            command.result(str(made(composed)))
    elif own.sweeper.get("member"):
        return member(composed)
    else:  # a sweeper that is not stx's says which job it was
        command.result(str(made(composed)))
    return None


def member(composed: "DictConfig") -> "Attempt":
    """A job of a sweep, in whatever process its launcher has."""
    from hydra.core.hydra_config import HydraConfig

    from stx.runs.member import arrive, attempt  # late: they import torch
    from stx.runs.pruning import pruner

    own = HydraConfig.get()
    told = arrive(own.sweeper.member, Path(own.sweep.dir))
    return attempt(asked(composed)._replace(tags=told.tags), *pruner(told.trial))


def made(composed: "DictConfig") -> Path:
    """The picture of the run that was asked for."""
    from hydra.core.hydra_config import HydraConfig

    from stx.config.compose import overrides_of
    from stx.runs import resume
    from stx.runs.make import run

    if composed.resume is not None:
        return run(resume.job(str(composed.resume), overrides_of(HydraConfig.get()), composed.tracking)).picture
    return run(asked(composed)).picture


def asked(composed: "DictConfig") -> "Job":
    """The run, in the folder that Hydra has for it."""
    from hydra.core.hydra_config import HydraConfig

    from stx.config.compose import choices_of, overrides_of
    from stx.config.schema import validate
    from stx.runs.job import Job
    from stx.runs.latest import relative
    from stx.runs.naming import run_name

    own = HydraConfig.get()
    folder = relative(Path(own.runtime.output_dir))
    config, choices = validate(composed), choices_of(own)
    return Job(
        config, folder, choices, overrides_of(own), name=run_name(config, choices), notes=hydra_notes(composed, own)
    )


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
    from stx.runs.sweep import taken_up

    command.main(hydra.main(config_path=str(CONF), config_name="config", version_base="1.3")(job), taken_up)


if __name__ == "__main__":
    main()
