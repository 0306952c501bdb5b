"""The section cuda of bench.py: what stx costs on a GPU; it also runs on a CPU, more slowly."""

import json
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import torch
from bench_parts import PLAIN, Row, command, pastiche, prepared, stepping
from torch import Tensor
from torch.nn.functional import conv2d
from torch.profiler import ProfilerActivity, profile
from torch.utils.flop_counter import FlopCounterMode

from stx.config.schema import CONF
from stx.loop.evaluate import WARM_UP, eager, evaluation
from stx.model.losses import LossNetwork
from stx.model.prepare import Inputs

STATISTICS = tuple(sorted(file.stem for file in (CONF / "style_stat").glob("*.yaml")))
SIZES = ((128, 96), (256, 192), (1024, 768), (2048, 1536), (4096, 3072))
GOALS = {"gram": "", "mmd_gaussian": "<= 2.5", "gaussian_wasserstein": "<= 2"}


class Card:
    """A device, and how calls on it are timed: by the clock, between two synchronisations."""

    def __init__(self, name: str, size: tuple[int, int], repeats: int):
        self.name, self.size, self.repeats = name, size, repeats

    def wait(self) -> None:
        if self.name == "cuda":
            torch.cuda.synchronize()

    def ms(self, call: Callable[[], object], repeats: int = 0) -> float:
        """Milliseconds a call, the least of three rounds."""
        repeats, rounds = repeats or self.repeats, list[float]()
        for _ in range(3):
            call()
            self.wait()
            started = time.perf_counter()
            for _ in range(repeats):
                call()
            self.wait()
            rounds.append(1000 * (time.perf_counter() - started) / repeats)
        return min(rounds)

    def run(self, *overrides: str, size: tuple[int, int] | None = None) -> tuple[Inputs, LossNetwork]:
        width, height = size or self.size
        plain = ["loss_weights.calibrate=none"]  # it would cost a second each, and is not part of a step
        plain += [] if any(override.startswith("optim=") for override in overrides) else [PLAIN[1]]
        return prepared(
            f"device={self.name}", f"image_size.width={width}", f"image_size.height={height}", *plain, *overrides
        )

    def step(self, *overrides: str, size: tuple[int, int] | None = None) -> float:
        inputs, network = self.run(*overrides, size=size)
        return self.ms(stepping(inputs, network), 0 if size is None else max(3, self.repeats // 10))

    def replayed(self, call: Callable[[], object]) -> Callable[[], object]:
        """The call captured as a CUDA graph; the call itself on a CPU."""
        if self.name != "cuda":
            return call
        side = torch.cuda.Stream()  # type: ignore[no-untyped-call]
        side.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(side):
            for _ in range(WARM_UP):
                call()
        torch.cuda.current_stream().wait_stream(side)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            call()
        return graph.replay


def section(
    device: str = "cuda",
    size: tuple[int, int] = (512, 380),
    sizes: Sequence[tuple[int, int]] = SIZES,
    statistics: Sequence[str] = STATISTICS,
    steps: int = 1000,
    repeats: int = 100,
    side_by_side: Sequence[tuple[int, int]] = ((256, 192), (512, 380)),
    counts: Sequence[int] = (4, 16),
) -> Iterator[Row]:
    if device == "cuda" and not torch.cuda.is_available():
        yield "there is no CUDA device here: not measured", float("nan"), ""
        return
    card = Card(device, size, repeats)
    yield from commands(card, steps)
    yield from step(card)
    gram = card.step("style_stat=gram")
    for name in statistics:
        ratio = card.step(f"style_stat={name}") / gram
        yield f"{name}: a step over Gram's", ratio, GOALS.get(name, "<= 1.5")
    lbfgs = card.step("optim=lbfgs", "optim.pyramid=[]", "optim.stop_at=null")
    yield "a step of L-BFGS over Adam's", lbfgs / gram, "<= 1.3"
    for width, height in sizes:
        yield f"{width} x {height}: ms a step", card.step(size=(width, height)), ""
    yield from at_once(card, side_by_side, counts)
    yield from repeated(card)


def commands(card: Card, steps: int) -> Iterator[Row]:
    """Whole commands, from their start to the prompt, and what tracking adds to a step."""
    width, height = card.size
    asked = (*PLAIN, f"device={card.name}", f"image_size.width={width}", f"image_size.height={height}", "timing=true")
    with tempfile.TemporaryDirectory() as name:
        folder, step_ms = Path(name), {}
        command(folder, "first", *asked, "optim.steps=1")  # makes the store
        for kind, limit in (("none", "<= 4"), ("mlflow", "<= 5")):
            seconds, _, table, _ = command(folder, kind, *asked, f"tracking={kind}", f"optim.steps={steps}")
            yield f"{steps} steps, tracking={kind}: seconds from command to prompt", seconds, limit
            parts = json.loads((folder / kind / "timing.json").read_text(encoding="utf-8"))
            for part, taken in parts.items():
                yield f"  {part}: seconds", taken, ""
            before = list(parts)[: list(parts).index("first steps") + 1]
            yield "  to the first steps: seconds", sum(parts[part] for part in before), "<= 2.5"
            step_ms[kind] = sorted(float(row["time/step_ms"]) for row in table)[len(table) // 2]
        yield "a step with tracking over one without", step_ms["mlflow"] / step_ms["none"], "<= 1.02"
    if card.name == "cuda":
        torch.cuda.reset_peak_memory_stats()
        inputs, network = card.run()
        stepping(inputs, network)()
        yield "peak of the card's memory over what was said", torch.cuda.max_memory_reserved() / inputs.memory, ""


def step(card: Card) -> Iterator[Row]:
    """A Gram step beside its convolutions, the device's rate, other precisions and pastiche's step."""
    inputs, network = card.run()
    image = inputs.initial.clone().requires_grad_()
    with FlopCounterMode(display=False) as counted:
        eager(network, image)()
    operations = counted.get_total_flops()
    captured = evaluation(network, image)[0]
    ours, convolutions = card.ms(stepping(inputs, network)), card.ms(card.replayed(convolved(network, image)))
    left, right = (torch.rand(4096, 4096, device=card.name).to(inputs.hardware.dtype) for _ in range(2))
    product = card.ms(lambda: left @ right, max(1, card.repeats // 10))
    yield f"{inputs.hardware.description}: ms a step", ours, ""
    yield "its convolutions alone: ms", convolutions, ""
    yield "a step over its convolutions", ours / convolutions, "<= 1.3"
    yield "its arithmetic rate over a matrix product's", operations / ours / (2 * 4096**3 / product), ""
    yield "an evaluation without a graph over one with", card.ms(eager(network, image)) / card.ms(captured), ""
    for precision in ("fp32", "tf32") if card.name == "cuda" else ():
        yield f"precision={precision}: ms a step", card.step(f"precision={precision}"), ""
    if card.name == "cuda":
        yield "deterministic=false, precision=fp32: ms a step", card.step("precision=fp32", "deterministic=false"), ""
        yield from kernels(captured)
    theirs = pastiche(*card.run("precision=fp32"), "adam", device=card.name)
    yield "a step over pastiche's", ours / card.ms(theirs.draw, max(1, card.repeats // 10)), "<= 0.5"


def convolved(network: LossNetwork, image: Tensor) -> Callable[[], object]:
    """The convolutions of a step, forward and backward, each at its size, on maps that exist already."""
    height, width = image.shape[1:]
    calls = []
    for name in network.vgg.layers:
        kernel, bias = (network.vgg.get_buffer(f"{name}_{part}") for part in ("kernel", "bias"))
        halved = int(name[4]) - 1
        shape = (1, kernel.shape[1], height >> halved, width >> halved)
        maps = torch.rand(shape, device=image.device).to(kernel.dtype, memory_format=torch.channels_last)
        calls.append((maps.requires_grad_(), kernel, bias))

    def all_of_them() -> None:
        for maps, kernel, bias in calls:
            made = conv2d(maps, kernel, bias, padding=1)
            torch.autograd.grad(made, maps, made.detach())

    return all_of_them


def kernels(call: Callable[[], object]) -> Iterator[Row]:
    """How many kernels a call has, and which take longest."""
    with profile(activities=[ProfilerActivity.CUDA]) as profiled:
        call()
        torch.cuda.synchronize()
    told = [event for event in profiled.key_averages() if event.device_time_total]
    yield "kernels a step", sum(event.count for event in told), ""
    for event in sorted(told, key=lambda event: -event.device_time_total)[:12]:
        yield f"  {event.count} x {event.key[:70]}: ms", event.device_time_total / 1000, ""


def at_once(card: Card, sizes: Sequence[tuple[int, int]], counts: Sequence[int]) -> Iterator[Row]:
    """Steps a second of several runs side by side, each with a graph on its own stream, over those of one run."""
    for size in sizes:
        one = card.step(size=size)
        for count in counts:
            runs = [stepping(*card.run(size=size)) for _ in range(count)]
            streams = [torch.cuda.Stream() for _ in runs] if card.name == "cuda" else [None] * count  # type: ignore[no-untyped-call]

            def together(runs: Sequence[Callable[[], object]] = runs, streams: Sequence[object] = streams) -> None:
                for run, stream in zip(runs, streams, strict=True):
                    with torch.cuda.stream(stream):  # type: ignore[arg-type]
                        run()

            taken = card.ms(together, max(1, card.repeats // 10))
            yield f"{count} runs at once at {size[0]} x {size[1]}: steps a second over one's", count * one / taken, ""


def repeated(card: Card) -> Iterator[Row]:
    """Whether two equal runs give the same bits."""
    for precision in ("bf16", "fp32"):
        pictures = []
        for _ in range(2):
            inputs, network = card.run(f"precision={precision}")
            image = inputs.initial.clone().requires_grad_()
            taken = stepping(inputs, network, image)
            for _ in range(max(3, 3 * card.repeats)):
                taken()
            pictures.append(image.detach().clone())
        yield f"precision={precision}: largest difference of two equal runs", largest(*pictures), "<= 0"


def largest(one: Tensor, other: Tensor) -> float:
    return float((one - other).abs().max())
