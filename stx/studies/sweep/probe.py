"""What can be tried of a search before its first trial: its fixed options together with each end of its axes."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from omegaconf import DictConfig, OmegaConf

from stx.config.command import say
from stx.config.compose import Varied, at_work, compose, key_of, overrides_of, varied
from stx.config.effects import ineffective
from stx.config.schema import Config, Search
from stx.errors import UserError
from stx.runs.axes import unfolded
from stx.runs.check import check
from stx.runs.sweep import PLACE, folder_of_job, refuse_twice
from stx.runs.sweep_record import OWN
from stx.studies.sweep.space import checked, ends, overrides

if TYPE_CHECKING:
    from stx.model.prepare import Inputs


class Ground(NamedTuple):
    """What a search is based on."""

    parts: Sequence[str | Varied]
    """The overrides in the order typed: those that are fixed, and those that are searched."""
    axes: Sequence[Varied]
    base: Config
    """The config with the first end of each axis."""
    digest: str
    """Digest of the base's result: between searches over the same axes, it differs if what is not searched differs."""
    tried: Sequence[Config]


def ground(config: DictConfig, settings: Search) -> Ground:
    """Check a search. Raises UserError for the first thing that is known to keep a trial from running."""
    from stx.runs.digest import digest  # late: it imports torch

    refuse_twice(overrides_of(config))
    asked = varied(config, unfolded)
    parts = [one for one in asked if not key_of(one if isinstance(one, str) else one.key).startswith(OWN)]
    axes = [one for one in parts if isinstance(one, Varied)]
    checked(axes)
    first = {key_of(axis.key): ends(axis)[0] for axis in axes}
    with at_work():
        whole, base, inputs = tried(config, overrides(parts, first), first)
        refuse_unjudged(base, inputs)
        refuse_blind(base, settings)
        for line in ineffective(base, [one for one in parts if isinstance(one, str)]):
            say(f"stx: {line}")
        configs = [base]
        for axis in axes:
            for end in ends(axis)[1:]:
                values = first | {key_of(axis.key): end}
                configs.append(tried(config, overrides(parts, values), values)[1])
        refuse_without_photograph(configs)
        if not config.sweep.resume:
            refuse_taken(config, whole, settings.n_trials)
    return Ground(parts, axes, base, digest(base, inputs), configs)


def tried(search: DictConfig, typed: Sequence[str], values: Mapping[str, str]) -> tuple[DictConfig, Config, "Inputs"]:
    own: Any = OmegaConf.to_container(search.hydra.overrides.hydra)  # with ${...} left unresolved
    try:
        whole = compose([*own, *typed], search.hydra.job.config_name)
        job, inputs = check(whole, Path(search.hydra.sweep.dir), option=PLACE)
        if job.resume is not None:
            raise UserError("resume= continues one run: leave out --multirun")
    except UserError as error:
        at = " ".join(f"{key}={value}" for key, value in values.items())
        raise UserError(f"{error}\n(in a trial with {at}; none was started)") from None
    return whole, job, inputs


def refuse_without_photograph(configs: Sequence[Config]) -> None:
    """Raise UserError if a trial would have no content distance."""
    if any(config.content is None for config in configs):
        raise UserError("content=null: a search weighs style against content; without a photograph: --multirun alone")


def refuse_unjudged(base: Config, inputs: "Inputs") -> None:
    """Raise UserError if pictures are too small to be measured, so that trials could not be told apart."""
    from stx.measures.judge import DEEPEST  # late: they import torch
    from stx.model.vgg import shortest_side

    least = shortest_side(DEEPEST)
    sources = {"content": base.content, **base.styles}
    for name, picture in inputs.pictures.items():
        if min(picture.shape[1:]) < least:
            height, width = picture.shape[1:]
            raise UserError(
                f"image_size: {width} x {height} pixels of {name}={sources[name]} are too few to be measured, which a "
                f"search relies on; {least} on the short side would do"
            )


def refuse_blind(base: Config, settings: Search) -> None:
    """Raise UserError if a pruner is asked for that cannot work: for a front, or without measures along the way."""
    if settings.pruner and settings.content_at_most is None:
        raise UserError("hydra.sweeper.pruner=true: a search for a front cuts no trial short; leave it out")
    if settings.pruner and not base.tracking.measures_every:
        raise UserError(
            "hydra.sweeper.pruner=true has no effect: nothing is measured along the way; tracking.measures_every=20"
        )


def refuse_taken(search: DictConfig, whole: DictConfig, trials: int) -> None:
    """Raise UserError if the folder of a trial to come holds a run or files that would be overwritten."""
    from stx.runs import identity  # late: it imports torch

    for number in range(trials):
        identity.refuse_taken(folder_of_job(search, whole.copy(), number), PLACE)
