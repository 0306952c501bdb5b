"""python scripts/bench.py [SECTION ...] [--json FILE]: what stx costs, beside what it is compared with, in turn.

Sections, with their minutes on two cores: step (1), statistics (2), box (1), precision (6), quality (6), tracking (3),
start (1), scale (10), counts (3), peers (3), sweep (4), cuda. Ratios within one run are what matters; seconds are of
this machine and time.
"""

import argparse
import json
import math
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import bench_counts
import bench_cuda
import bench_peers
import bench_sweep
import torch
from bench_parts import PLAIN, Row, command, config, in_turn, pastiche, prepared, stepping
from torch import Tensor
from torch.nn.functional import conv2d
from torch.utils.flop_counter import FlopCounterMode

from stx import stats
from stx.config.schema import CONF
from stx.loop.levels import coarse_to_fine
from stx.loop.listener import Listener
from stx.loop.optimisers.adam import Adam
from stx.loop.signals import Stop
from stx.loop.steps import optimise
from stx.model.prepare import prepare
from stx.runs.identity import versions

PAIRS = (("china", "swirls"), ("chelsea", "woodcut"), ("flower", "mosaic"))
PYRAMID = ("optim=lbfgs", "optim.steps=170", "optim.pyramid=[40]")
SIZES = ((128, 96), (256, 192), (512, 384), (1024, 768), (2048, 1536))


def step() -> list[Row]:
    """One step in stx's own choice of precision and in float32, beside pastiche's and the processor's own rate."""
    inputs, network = prepared(PLAIN[1])
    single = prepared("precision=fp32", PLAIN[1])
    image = inputs.initial.clone().requires_grad_()
    with FlopCounterMode(display=False) as counted:
        network(image).total.backward()
    operations = counted.get_total_flops()
    dtype = inputs.hardware.dtype
    remembering = stepping(*prepared("optim=lbfgs"))
    for _ in range(config("optim=lbfgs").optim.model_dump()["history"] + 1):  # until L-BFGS keeps all its pairs
        remembering()
    left, right = (torch.rand(2048, 2048).to(dtype) for _ in range(2))
    seconds = in_turn(
        12,
        ours=stepping(inputs, network),
        single=stepping(*single),
        lbfgs=remembering,
        pastiche=pastiche(*single, "adam").draw,
        matrices=lambda: left @ right,
    )
    rate, ours = 2 * 2048**3 / seconds["matrices"], operations / seconds["ours"]
    return [
        (f"step, 256 x 192, Gram, {inputs.hardware.description}: seconds", seconds["ours"], ""),
        (
            "step over pastiche's",
            seconds["ours"] / seconds["pastiche"],
            "<= 0.5" if dtype == torch.bfloat16 else "<= 0.8",
        ),
        ("step of optim=lbfgs over Adam's", seconds["lbfgs"] / seconds["ours"], "<= 1.3"),
        ("step in float32 over pastiche's", seconds["single"] / seconds["pastiche"], ""),
        (f"GFLOP of a step; {dtype} matrix product: {rate / 1e9:.0f} GFLOP/s", operations / 1e9, ""),
        ("step's rate over that of a matrix product", ours / rate, ">= 0.7"),
    ]


def statistics() -> list[Row]:
    names = sorted(file.stem for file in (CONF / "style_stat").glob("*.yaml"))
    calls = {name: stepping(*prepared(f"style_stat={name}", "loss_weights.calibrate=none", PLAIN[1])) for name in names}
    seconds = in_turn(8, **calls)
    return [
        (f"step with {name} over Gram's", seconds[name] / seconds["gram"], "<= 1.2" if "cooc" in name else "")
        for name in sorted(names, key=lambda name: seconds[name])
        if name != "gram"
    ]


def box() -> list[Row]:
    """Co-occurrence at conv4_1 of a 512 x 380 picture, r = 4, forward and backward: as published, and as in stx."""
    channels, radius = 512, 4
    maps = torch.rand(1, channels, 47, 64).to(memory_format=torch.channels_last).squeeze(0)
    filters = torch.ones(channels, channels, 2 * radius + 1, 2 * radius + 1) / (2 * radius + 1) ** 2
    filters[range(channels), range(channels)] = 0

    def published(maps: Tensor) -> Tensor:
        mask = (maps > maps.detach().mean()).float()
        return conv2d((maps * mask)[None], filters, padding=radius)[0] * mask / (channels - 1)

    def ours(maps: Tensor) -> Tensor:
        return stats.cooc_tensor(maps, radius=radius, threshold="mean", window="mean", normalise=False)

    def there_and_back(form: Callable[[Tensor], Tensor]) -> Callable[[], object]:
        return lambda: form(maps.clone().requires_grad_()).square().sum().backward()  # type: ignore[no-untyped-call]  # PyTorch's

    torch.testing.assert_close(ours(maps), published(maps), rtol=1e-3, atol=1e-5)
    seconds = in_turn(3, ours=there_and_back(ours), published=there_and_back(published))
    return [("published co-occurrence over the box form, times", seconds["published"] / seconds["ours"], ">= 50")]


def precision() -> list[Row]:
    """Final losses, judged in float32, of runs in both precisions, over three pairs of pictures."""
    rows = []
    for content, style in PAIRS:
        pair = (f"content={content}", f"style={style}", "image_size.width=160", "image_size.height=120")
        judge = prepared(*pair, "precision=fp32")[1]
        totals = {}
        for kind in ("fp32", "bf16"):
            inputs, network = prepared(*pair, f"precision={kind}")
            image = inputs.initial.clone().requires_grad_()
            for _ in optimise(
                network, image, Adam([image], lr=0.02, bands=0, beta1=0.9, beta2=0.999, carry=False), 100
            ):
                pass
            totals[kind] = float(judge(image.detach()).total)
        rows.append((f"{content} x {style}: final loss, bf16 over fp32", totals["bf16"] / totals["fp32"], "<= 1.02"))
    return rows


class Pictures(Listener):
    """Keeps every fifth picture, with the seconds since the start."""

    every = 5

    def __init__(self) -> None:
        self.started = time.perf_counter()
        self.pictures: list[tuple[float, Tensor]] = []

    def picture(self, picture: Tensor, step: int) -> None:
        self.pictures.append((time.perf_counter() - self.started, picture.clone()))


def quality() -> list[Row]:
    """How soon a coarse-to-fine run has the Gram loss that pastiche has after 500 steps of its own optimiser.

    Both pictures are judged in float32.
    """
    inputs, network = prepared("precision=fp32", PLAIN[1])
    artist = pastiche(inputs, network, "lbfgs")
    started = time.perf_counter()
    for _ in range(500):
        artist.draw()
    theirs = time.perf_counter() - started
    picture = (artist.pastiche.detach()[0].flip(0) + torch.tensor([123.68, 116.779, 103.939]).view(3, 1, 1)) / 255
    wanted = network(picture)

    asked = config(*PYRAMID)
    seen = Pictures()
    coarse_to_fine(asked, prepare(asked), None, [seen], Stop())
    with torch.no_grad():
        judged = [(taken, network(image)) for taken, image in seen.pictures if image.shape == picture.shape]
    good = (pair for pair in judged if pair[1].groups["style"] <= wanted.groups["style"])
    taken, reached = next(good, (float("inf"), judged[-1][1]))
    return [
        ("pastiche, 500 steps: seconds", theirs, ""),
        (f"{' '.join(PYRAMID)}: its Gram loss in so much of that time", taken / theirs, "<= 0.25"),
        ("content loss then, over pastiche's", float(reached.groups["content"] / wanted.groups["content"]), ""),
        ("total loss then, over pastiche's", float(reached.total / wanted.total), ""),
    ]


def tracking() -> list[Row]:
    """What tracking 1000 steps with 15 metrics and 10 pictures adds to a run, beside 1000 steps at 256 x 192."""
    tiny = (*PLAIN, "model=vgg19_random", "image_size.width=32", "image_size.height=32", "tracking.pictures_every=100")
    with tempfile.TemporaryDirectory() as name:
        folder, took = Path(name), {}
        command(folder, "first", *tiny, "optim.steps=1")  # makes the store
        for kind in ("none", "mlflow"):
            for steps in (1, 1000):
                asked = (*tiny, f"tracking={kind}", f"optim.steps={steps}")
                took[kind, steps] = min(command(folder, f"{kind}{steps}{k}", *asked)[0] for k in range(2))
    added = took["mlflow", 1000] - took["mlflow", 1] - (took["none", 1000] - took["none", 1])
    run = 1000 * in_turn(5, step=stepping(*prepared(PLAIN[1])))["step"]
    return [
        ("tracking 1000 steps, 15 metrics, 10 pictures: seconds", added, ""),
        ("of a run of 1000 steps at 256 x 192", added / run, "<= 0.02"),
    ]


def start() -> list[Row]:
    """From typing a command to the first step on disk, with an existing store."""
    with tempfile.TemporaryDirectory() as name:
        folder, took = Path(name), []
        command(folder, "first", "image_size=small", "optim.steps=1")
        for count in range(3):
            typed = [sys.executable, "-m", "stx.run", f"hydra.run.dir=run{count}", "image_size=small", "optim.steps=1"]
            started = time.perf_counter()
            process = subprocess.Popen(typed, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            while not (folder / f"run{count}" / "losses.csv").exists() and process.poll() is None:
                time.sleep(0.02)
            took.append(time.perf_counter() - started)
            process.wait()
    return [("from the command to its first step: seconds", min(took), "<= 6")]


def scale() -> list[Row]:
    """Time and memory of whole commands, from 128 to 2048 pixels."""
    rows, a_pixel, seconds = [], {}, {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for width, height, *more in (*SIZES, (*SIZES[-1], "activation_checkpointing=true")):
            steps = 3 if width > 600 else 30
            size = (f"image_size.width={width}", f"image_size.height={height}")
            _, peak, table, said = command(
                folder, f"{width}{len(more)}", *PLAIN, "tracking=none", f"optim.steps={steps}", *size, *more
            )
            what = " ".join([f"{width} x {height}", *more])
            expected = float(said.partition(", about ")[2].partition(" GB")[0])
            seconds[what] = min(float(row["time/step_ms"]) for row in table) / 1000
            a_pixel[what] = seconds[what] / (width * height)
            rows += [
                (f"{what}: microseconds a pixel and step", 1e6 * a_pixel[what], ""),
                (f"{what}: peak of the process, GB", peak, "<= 4" if more else ""),
                (f"{what}: that over what was said before", peak / expected, ""),
            ]
    whole, again = list(seconds)[-2:]
    linear = [a_pixel[what] for what in list(a_pixel)[:-1]]
    return [
        *rows,
        ("dearest over cheapest pixel, 128 to 2048", max(linear) / min(linear), "<= 1.5"),
        ("a step with activation checkpointing over one without", seconds[again] / seconds[whole], "<= 1.5"),
    ]


SECTIONS: Mapping[str, Callable[[], Iterable[Row]]] = {
    "step": step,
    "statistics": statistics,
    "box": box,
    "precision": precision,
    "quality": quality,
    "tracking": tracking,
    "start": start,
    "scale": scale,
    "counts": bench_counts.section,
    "peers": bench_peers.section,
    "sweep": bench_sweep.section,
    "cuda": bench_cuda.section,
}


def holds(number: float, goal: str) -> bool | None:
    if not goal:
        return None
    sign, limit = goal.split()
    return number <= float(limit) if sign == "<=" else number >= float(limit)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sections", nargs="*", choices=[*SECTIONS, []], metavar="SECTION")
    parser.add_argument("--json", type=Path, default=Path("outputs/bench.json"))
    asked = parser.parse_args()
    results: dict[str, Any] = {"machine": versions(), "threads": torch.get_num_threads()}
    for name in asked.sections or SECTIONS:
        results[name] = []
        for what, number, goal in SECTIONS[name]():
            kept = {True: "holds", False: "missed", None: ""}[holds(number, goal)]
            print(f"{name:<11}{what:<90}{number:>9.3g}  {goal:<8}{kept}", flush=True)  # noqa: T201
            finite = number if math.isfinite(number) else None  # JSON has no NaN or infinity
            results[name].append({"what": what, "number": finite, "goal": goal, "kept": kept})
        asked.json.parent.mkdir(parents=True, exist_ok=True)
        asked.json.write_text(json.dumps(results, indent=2), encoding="utf-8")


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
