"""The section sweep of bench.py: what a further job of a sweep costs besides its own steps, and jobs run at once."""

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from bench_parts import Row, config

from stx.model.prepare import loss_network, prepare

TINY = ("+experiment=plain", "image_size.width=64", "image_size.height=48", "init=noise", "optim.steps=1",
        "tracking.plots=false")  # fmt: skip
SMALL = ("+experiment=plain", "image_size.width=256", "image_size.height=192", "init=noise", "optim.steps=20")


def sweep(folder: Path, name: str, *words: str) -> float:
    """Seconds that a whole command takes."""
    typed = [sys.executable, "-m", "stx.run", "--multirun", f"hydra.sweep.dir={name}", *words]
    started = time.perf_counter()
    subprocess.run(typed, cwd=folder, check=True, capture_output=True)
    return time.perf_counter() - started


def losses() -> float:
    """Seconds that a tiny job's own network, calibration and step take, in a process that has run one before."""
    asked = config(*TINY[1:])
    inputs = prepare(asked)
    taken = []
    for _ in range(5):
        started = time.perf_counter()
        image = inputs.initial.clone().requires_grad_()
        loss_network(asked, inputs)(image).total.backward()
        taken.append(time.perf_counter() - started)
    return min(taken)


def section(jobs: int = 9) -> Iterator[Row]:
    own = losses()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        sweep(folder, "first", *TINY, "seed=0")  # makes the store
        for kind in ("none", "mlflow"):
            one, several = (
                min(sweep(folder, f"{kind}{many}-{turn}", *TINY, f"tracking={kind}", f"seed=range(0,{many})")
                    for turn in range(2))
                for many in (1, jobs)
            )  # fmt: skip
            yield (
                f"a further job, tracking={kind}, beside its losses: seconds",
                (several - one) / (jobs - 1) - own,
                "<= 1",
            )
        alone, together = (
            sweep(folder, f"{len(words)}", *SMALL, "tracking=none", "seed=range(0,4)", *words)
            for words in ((), ("hydra/launcher=joblib",))
        )
        yield "4 jobs of 20 steps at 256 x 192 by hydra/launcher=joblib, over one after the other", together / alone, ""
