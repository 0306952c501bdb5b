"""python scripts/soak.py [--runs 200]: many runs in one process; draws its memory and open files to docs/soak.png."""

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import NamedTuple

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from stx.pictures.charts import COLOURS

INTERVAL = 0.5
SMALL = ("model=vgg19_random", "image_size.width=48", "image_size.height=32", "optim.steps=3")


class Sample(NamedTuple):
    seconds: float
    megabytes: float
    """Resident memory."""
    handles: int
    runs: int
    """Finished so far."""


def soak(runs: int, folder: Path) -> list[Sample]:
    """Sample a process that makes so many runs in `folder` twice a second. Raises RuntimeError if the process fails."""
    command = [sys.executable, "-m", "stx.run", "--multirun", *SMALL, f"seed=range(0,{runs})"]
    samples: list[Sample] = []
    started = time.monotonic()
    with (folder / "said.txt").open("w+") as said:
        process = subprocess.Popen(command, cwd=folder, stdout=said, stderr=said)
        while process.poll() is None:
            newest = sample(process.pid, folder, time.monotonic() - started)
            samples += [newest] if newest else []
            time.sleep(INTERVAL)
        said.seek(0)
        if process.returncode:
            raise RuntimeError(f"status {process.returncode}: {said.read()[-2000:]}")
    return samples


def sample(pid: int, folder: Path, seconds: float) -> Sample | None:
    """A sample of a process; None if it has just ended."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
        handles = len(list(Path(f"/proc/{pid}/fd").iterdir()))
    except OSError:
        return None
    kilobytes = [int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS:")]
    finished = len(list(folder.glob("outputs/sweeps/*/*/*/output.png")))
    return Sample(seconds, kilobytes[0] / 1024, handles, finished) if kilobytes else None


def thirds(samples: list[Sample]) -> list[tuple[float, float]]:
    """Median megabytes and open files while the first, second and last third of the runs are made."""
    runs = samples[-1].runs + 1
    parts = [[each for each in samples if each.runs and 3 * each.runs // runs == part] for part in range(3)]
    return [(median(each.megabytes for each in part), median(each.handles for each in part)) for part in parts]


def draw(samples: list[Sample], title: str, path: Path) -> None:
    """Plot both against the runs finished, on axes from zero, so that growth looks as large as it is."""
    figure = Figure(figsize=(7, 4), dpi=110, layout="constrained")
    canvas = FigureCanvasAgg(figure)
    upper, lower = figure.subplots(2, sharex=True)
    at = [each.runs for each in samples]
    upper.plot(at, [each.megabytes for each in samples], color=COLOURS[0], linewidth=1.2)
    lower.plot(at, [each.handles for each in samples], color=COLOURS[1], linewidth=1.2)
    upper.set(title=title, ylabel="MB resident", ylim=(0, None))
    lower.set(xlabel="runs finished", ylabel="open files", ylim=(0, None))
    for axes in (upper, lower):
        axes.grid(color="#dddddd", linewidth=0.6)
        axes.spines[["top", "right"]].set_visible(False)
    canvas.print_png(path)  # type: ignore[no-untyped-call]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--to", type=Path, default=Path(__file__).parents[1] / "docs" / "soak.png")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        samples = soak(arguments.runs, Path(folder))
    draw(samples, f"{arguments.runs} runs in one process", arguments.to)
    for name, (megabytes, handles) in zip(("first", "second", "last"), thirds(samples), strict=True):
        sys.stdout.write(f"{name} third: {megabytes:.0f} MB, {handles:g} open files (medians)\n")


if __name__ == "__main__":
    main()
