"""From a job as Hydra composes it to a run in the folder that Hydra has for it."""

from pathlib import Path
from typing import Any

from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig, OmegaConf

from stx.config import search_path
from stx.config.compose import choices_of, overrides_of
from stx.config.schema import validate
from stx.config.secrets import hidden
from stx.runs import resume
from stx.runs.files import HYDRA
from stx.runs.job import Job
from stx.runs.latest import relative
from stx.runs.make import run
from stx.runs.member import ENDED, Attempt, apply_settings, attempt, outcome
from stx.runs.naming import NAME, run_name
from stx.runs.pruning import pruner


def picture(composed: DictConfig) -> Path:
    """Make or resume the run that was asked for, and return the path of its picture."""
    if composed.resume is not None:
        return run(resume.job(str(composed.resume), overrides_of(HydraConfig.get()), composed.tracking)).picture
    return run(job(composed)).picture


def member(composed: DictConfig) -> Attempt:
    """Make one run of many, in whatever process its launcher has."""
    own = HydraConfig.get()
    settings = apply_settings(own.sweeper.member, Path(own.sweep.dir))
    if outcome(Path(own.runtime.output_dir)) in ENDED:  # by an earlier worker that outlived its launcher
        return Attempt("", False)
    one = job(composed)
    name = settings.tags.get(NAME, one.name)
    return attempt(one._replace(name=name, tags=settings.tags, quiet=settings.quiet), *pruner(settings.trial))


def job(composed: DictConfig) -> Job:
    own = HydraConfig.get()
    folder = relative(Path(own.runtime.output_dir))
    config, choices = validate(composed), choices_of(own)
    overrides = [*search_path.of_hydra(own), *overrides_of(own)]  # without which options of one's own are unknown later
    return Job(config, folder, choices, overrides, name=run_name(config, choices), notes=notes(composed, own))


def notes(composed: DictConfig, own: Any) -> dict[str, str]:
    """The files that Hydra would write, if hydra.output_subdir were not null.

    Hydra would write them before anybody knows whether the folder is this run's.
    """
    parts = {"config": composed, "hydra": own, "overrides": own.overrides.task}
    return {f"{HYDRA}/{name}.yaml": hidden(OmegaConf.to_yaml(part)) for name, part in parts.items()}
