"""The section peers of bench.py: how long a picture of 512 pixels takes with the defaults of each program.

neural-style-pt and style-transfer-pytorch are represented by stx with their losses, sizes and optimisers: a step of
each is timed, and multiplied by the number of steps that they take. pastiche itself is run. docs/default.md shows what
the pictures are like.
"""

from collections.abc import Iterator

from bench_parts import Row, in_turn, pastiche, prepared, stepping

from stx.config.compose import composition
from stx.loop.levels import levels
from stx.model.prepare import loss_network, prepare

PLAIN = ("image_size=photograph", "prior=total_variation", "optim.pyramid=[]")
SCALES = {128: 1000, 181: 500, 256: 500, 362: 500, 512: 500}
"""Steps of Adam that style-transfer-pytorch takes at each long side."""


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
    theirs = {
        f"scale{scale}": stepping(*prepared(*PLAIN, "optim=adam", "optim.bands=0", f"image_size.long_side={scale}"))
        for scale in scales
    }
    seconds = in_turn(
        rounds,
        neural_style=stepping(*prepared(*PLAIN, "optim=lbfgs_plain", "optim.history=100", at)),
        pastiche=pastiche(*prepared(*PLAIN[:1], "precision=fp32", at), "lbfgs").draw,
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
