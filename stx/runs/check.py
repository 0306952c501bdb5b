"""Checks, before anything is written, for whatever would keep a run from finishing."""

import math
import shutil
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from omegaconf import DictConfig, OmegaConf

from stx import timeline
from stx.config.compose import task
from stx.config.schema import Config, MlflowTracking, validate
from stx.config.variables import say_taken
from stx.errors import UserError
from stx.runs.files import HYDRA
from stx.runs.writable import unwritable

if TYPE_CHECKING:
    from PIL.Image import Image

    from stx.model.prepare import Inputs

SECTIONS = ("sweep", "output", "masks")
"""Sections of the config that are not config groups."""


def check(
    composed: DictConfig,
    folder: Path,
    alone: bool = False,
    given: Mapping[str, "Image"] = MappingProxyType({}),
    option: str = "hydra.run.dir",
) -> tuple[Config, "Inputs"]:
    """A checked job's config and inputs. `alone` says that no other job would write to the same file.

    `given` pictures are as for `prepare`; `option` is the one that names the folder. Raises UserError for whatever
    would keep the job from running, or from writing to `folder`.
    """
    own = task(composed)
    for group, section in own.items():
        if isinstance(section, DictConfig) and group not in (*composed.hydra.runtime.choices, *SECTIONS):
            raise UserError(f"{group!s} takes one option, by its name")  # not a list, which Hydra would merge
    for part in ("launcher", "sweeper"):
        if not isinstance(composed.hydra[part], DictConfig):
            raise UserError(f"hydra.{part}={composed.hydra[part]}: it is chosen with a slash, hydra/{part}=...")
    for place in composed.hydra.searchpath:
        if "://" not in place and not Path(place).is_dir():
            raise UserError(f"hydra.searchpath: there is no folder {place}")
    if composed.hydra.job.chdir:
        raise UserError("hydra.job.chdir=true: stx reads and writes paths as you typed them; leave it out")
    if composed.hydra.output_subdir is not None:
        raise UserError(
            f"hydra.output_subdir={composed.hydra.output_subdir}: stx writes what Hydra would, into {HYDRA}/; "
            "leave it out"
        )
    say_taken(own)
    config = validate(own)
    if config.output.file is not None and not alone:
        raise UserError(
            f"output.file={config.output.file} is for one run: all would write it; each picture is in its run's folder"
        )
    from stx.model.prepare import prepare  # late: they import torch
    from stx.runs.delivery import refuse

    refuse(config)
    timeline.ended("PyTorch's import")
    inputs = prepare(config, given)
    check_space(space(config, inputs), folder, option=option)
    return config, inputs


def space(config: Config, inputs: "Inputs") -> int:
    """Bytes that a run needs on disk at most: a state and its successor, the pictures along the way, and a film."""
    from stx.model.budget import remembered  # late: they import torch
    from stx.model.memory import renewed
    from stx.runs.timelapse import room

    picture = 4 * inputs.initial.numel()
    state = (remembered(inputs.optimiser) + 6) * picture + renewed(inputs.terms, inputs.initial[0].numel())
    shown = config.optim.steps // config.tracking.pictures_every if config.tracking.pictures_every else 0
    film = room(inputs.size, config.optim.steps, kind) if (kind := config.output.timelapse) else 0
    return math.ceil(2 * state + shown * picture / 4 + film)


def check_space(needed: int, folder: Path, what: str = "this run", option: str = "hydra.run.dir") -> None:
    """Raise UserError if no file can be created in `folder` or fewer than `needed` bytes are free there.

    `what` needs the bytes; `option` is the one that names another folder.
    """
    existing = next(parent for parent in (folder.absolute(), *folder.absolute().parents) if parent.exists())
    if not existing.is_dir():
        raise UserError(f"{folder}: {existing} is a file; name a folder")
    if why := unwritable(existing):
        raise UserError(f"{folder}: {existing} {why}; name another folder: {option}=...")
    free = shutil.disk_usage(existing).free
    if free < needed:
        raise UserError(
            f"{folder}: {free / 1e6:.0f} MB are free there and {what} may need {max(1.0, needed / 1e6):.0f} MB; "
            f"make room, or name another folder: {option}=..."
        )


def begin_store(composed: DictConfig) -> None:
    """Begin the process that a run's store needs, which imports MLflow while torch is imported here."""
    if OmegaConf.select(composed, "tracking.name") == "mlflow":
        from stx.runs.tracking import office

        office.begin()


def reach_store(config: Config) -> None:
    """Raise UserError if the store of a run cannot be reached, unless tracking.offline_ok is set."""
    tracking = config.tracking
    if isinstance(tracking, MlflowTracking) and not tracking.offline_ok:
        from stx.runs.tracking import office
        from stx.runs.tracking.reach import answers

        answers(tracking.uri)
        office.open_store(tracking.uri, tracking.experiment)
        timeline.ended("the store's answer")
