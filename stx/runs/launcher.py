"""Which Hydra launcher works the jobs of a sweep, and what part of the machine each of them takes."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from hydra.core.plugins import Plugins
from omegaconf import DictConfig, open_dict, read_write

from stx.errors import UserError
from stx.model import machine
from stx.runs.launching import Crew

EXTRAS = {"joblib": "joblib", "submitit": "slurm", "ray": "ray"}
"""By a word in a launcher's class, what installs it: pip install stx[...]."""


@contextmanager
def crew(config: DictConfig, context: Any, task: Any) -> Iterator[Crew]:
    """Raises UserError for a launcher that is not installed, or cannot be made with its settings."""
    target, cards = str(config.hydra.launcher.get("_target_")), visible_cards()
    with read_write(config), open_dict(config):
        jobs = config.sweep.jobs = int(config.sweep.jobs or len(cards) or machine.processors())
    try:
        launcher = Plugins.instance().instantiate_launcher(hydra_context=context, task_function=task, config=config)
    except (ImportError, RuntimeError, TypeError) as error:
        extra = next((extra for word, extra in EXTRAS.items() if word in target.lower()), "")
        if extra and ("Unknown plugin" in str(error) or isinstance(error, ImportError)):
            raise UserError(f"hydra/launcher: {target} is not installed: pip install 'stx[{extra}]'") from None
        raise UserError(f"hydra/launcher: {str(error).strip().splitlines()[0]}") from None
    here = "joblib" in target or "LocalLauncher" in target  # several on this machine, which they share
    threads = max(1, machine.processors() // jobs) if here else 0
    basic = target.endswith("BasicLauncher")
    # submitit starts all that it is given on this machine at once
    at_once = 1 if basic else jobs if "LocalLauncher" in target else 0
    yield Crew(launcher, 1 if basic else jobs, at_once, threads, cards if here else ())


def visible_cards() -> Sequence[str]:
    """The CUDA devices, by the names that CUDA_VISIBLE_DEVICES has for them."""
    import torch  # late: a second

    given = os.environ.get("CUDA_VISIBLE_DEVICES")
    count = torch.cuda.device_count() if torch.cuda.is_available() else 0
    return given.split(",") if given and count else [str(number) for number in range(count)]
