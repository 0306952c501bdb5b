"""Which Hydra launcher runs the jobs of a sweep, and what part of the machine each of them takes."""

import logging
import os
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import metadata
from pathlib import Path
from typing import Any

from hydra.core.plugins import Plugins
from omegaconf import DictConfig, OmegaConf, open_dict, read_write
from packaging.requirements import Requirement

from stx.config.compose import at_work, multirun, once_per_choice, override
from stx.config.schema import sweep_options
from stx.config.secrets import hidden
from stx.errors import UserError, first_line
from stx.model import machine
from stx.runs.launching import Crew

log = logging.getLogger("stx")

EXTRAS = {"joblib": "joblib", "submitit": "slurm", "ray": "ray"}
"""The extra that installs a launcher (pip install stx[...]), by a word in the launcher's class. Its package is
hydra-<word>-launcher."""
RAY_ANSWERS = 5.0
"""Seconds in which a cluster has to answer."""


def crew(config: DictConfig, context: Any) -> Crew:
    """The launcher that a config chooses, set up.

    Raises UserError if it is not installed, cannot be reached or made with its settings, or is at odds with sweep.jobs
    or live.
    """
    from stx.runs.composed import member  # late: it imports torch

    target, cards = str(config.hydra.launcher.get("_target_")), visible_cards()
    basic = target.endswith("BasicLauncher")
    if basic and (config.sweep.jobs or 1) > 1:
        raise UserError(
            f"sweep.jobs={config.sweep.jobs} has no effect: this launcher runs one job after the other; "
            "hydra/launcher=joblib runs several at once"
        )
    if not basic and config.live is not False:
        raise UserError(
            f"live={str(config.live).lower()}: the page shows a run of this process, and this launcher starts others; "
            "leave one of them out"
        )
    with read_write(config), open_dict(config):
        jobs = config.sweep.jobs = int(config.sweep.jobs or len(cards) or machine.processors())
    if "RayLauncher" in target and config.hydra.launcher.ray.remote.get("num_gpus", 0) is None:
        with read_write(config), open_dict(config):
            config.hydra.launcher.ray.remote.num_gpus = int(bool(cards))
    with launcher_errors(config, target):
        refuse_at_odds(target)
        plugins = Plugins.instance()
        context.config_loader = once_per_choice()
        launcher = plugins.instantiate_launcher(hydra_context=context, task_function=member, config=config)
        if "RayLauncher" in target and (address := config.hydra.launcher.ray.init.get("address")):
            joined(address, config)
    here = "JoblibLauncher" in target or "LocalLauncher" in target  # several on this machine, which they share
    threads = max(1, machine.processors() // jobs) if here else 0
    # on this machine, submitit starts all jobs that it is given at once
    at_once = 1 if basic else jobs if "LocalLauncher" in target else 0
    if here and 0 < len(cards) < jobs:
        log.warning(f"sweep.jobs={jobs}: there are {len(cards)} cards, so jobs share them")
    quiet = not basic and jobs > 1  # lines of several jobs at once could not be told apart
    return Crew(launcher, 1 if basic else jobs, at_once, threads, cards if here else (), quiet)


def refuse_at_odds(target: str) -> None:
    """Raise UserError if a launcher's package requires another version of something than is installed.

    Otherwise whatever breaks first would have to tell that the versions do not go together.
    """
    word = next((word for word in EXTRAS if word in target.lower()), "")
    if not word:
        return
    try:
        wanted = map(Requirement, metadata.requires(f"hydra-{word}-launcher") or ())
    except metadata.PackageNotFoundError:  # instantiating the launcher will say so, unless it is somebody's own
        return
    for one in wanted:
        if one.marker is None or one.marker.evaluate():
            installed = metadata.version(one.name)
            if not one.specifier.contains(installed, prereleases=True):
                raise UserError(
                    f"hydra-{word}-launcher wants {one}, and {one.name} {installed} is installed; in an environment of "
                    f"its own: pip install 'stx[{EXTRAS[word]}]'"
                )


def joined(address: str, config: DictConfig) -> None:
    """Connect to Ray's cluster now: its launcher would do so only after everything else has been prepared."""
    import ray

    host, _, port = address.rpartition(":")
    if host and port.isdecimal() and "/" not in host:  # Ray itself would try for minutes
        try:
            socket.create_connection((host, int(port)), timeout=RAY_ANSWERS).close()
        except OSError as error:
            raise UserError(
                f"hydra/launcher=ray: no cluster answers at {address} ({error.strerror or error})"
            ) from None
    settings: Any = OmegaConf.to_container(config.hydra.launcher.ray.init, resolve=True)
    ray.init(**settings)


@contextmanager
def launcher_errors(config: DictConfig, target: str) -> Iterator[None]:
    """A block in which an error of a launcher becomes a UserError of one line: plugins raise whatever they like."""
    try:
        yield
    except UserError:
        raise
    except Exception as error:
        name = config.hydra.runtime.choices.get("hydra/launcher", target)
        extra = next((extra for word, extra in EXTRAS.items() if word in target.lower()), "")
        if extra and ("Unknown plugin" in str(error) or isinstance(error, ImportError)):
            raise UserError(f"hydra/launcher={name} is not installed: pip install 'stx[{extra}]'") from None
        why = hidden(first_line(error))
        raise UserError(f"hydra/launcher={name}: {why}") from None


@contextmanager
def hired(typed: Sequence[str], folder: Path) -> Iterator[Crew | None]:
    """The launcher that the `typed` overrides choose, for runs in `folder`; None without overrides.

    This is for commands that do not run under Hydra.
    """
    if not typed:
        yield None
        return
    with at_work():
        config, context = multirun([*typed, override("hydra.sweep.dir", str(folder.absolute()))])
        sweep_options(config)
        yield crew(config, context)._replace(quiet=True)


def visible_cards() -> Sequence[str]:
    """The CUDA devices, by their names in CUDA_VISIBLE_DEVICES or else by their numbers."""
    import torch  # late: it takes a second

    given = os.environ.get("CUDA_VISIBLE_DEVICES")
    count = torch.cuda.device_count() if torch.cuda.is_available() else 0
    return given.split(",") if given and count else [str(number) for number in range(count)]
