"""The runs behind the report: the thesis's experiments by their presets, and those that explain them."""

from collections.abc import Iterator, Sequence

from stx.config.compose import key_of
from stx.config.schema import CONF
from stx.errors import UserError, did_you_mean
from stx.runs.plan import Member

PRESETS = tuple(sorted(file.stem for file in (CONF / "experiment" / "thesis").glob("e*.yaml")))
STYLE_LAYERS = ("conv1_1", "conv2_1", "conv3_1", "conv4_1", "conv5_1")
STATISTICS = {
    "gram": "style_stat=gram",
    "cooc_vector": "style_stat=cooc_vector",
    "cooc_tensor": "style_stat=cooc_tensor",
    "cooc_matrix": "style_stat=cooc_matrix",
    "normalised": "style_stat=cooc_vector style_stat.normalise=true",
    "gram_cooc_matrix": "style_stat=gram_cooc_matrix",
    "gram_cooc_vector": "style_stat=gram_cooc_vector",
}
PLAIN = "+experiment=plain"
"""Without what the defaults add for a good picture."""
LITERAL = ("e02_cooc_vector", "e02_cooc_tensor", "e02_cooc_matrix", "e05_gram_cooc_matrix", "e07_small_weights")
"""Whose first step is evaluated with the mean too, in place of the thesis's factor."""

RESCALED = {
    "e01_rescaled": ("e01_gram", 1e2),
    "e08_rescaled": ("e08_portrait", 1e2),
    "e09_rescaled_1e-2": ("e09_ratio_1e-2", 1e2),
    "e09_rescaled_1e-3": ("e09_ratio_1e-3", 1e3),
    "e09_rescaled_1e-4": ("e09_ratio_1e-4", 1e4),
}
"""Small runs whose style weighs as much against L_c, a sum, as their ratio does at the thesis's size."""

BETAS = (1, 10, 100, 1000)
PARTS = (*(f"e{number:02d}" for number in range(1, 12)), "mean", "calibrated", "alone", "grid")
"""What `only=` can name: the members whose names begin so."""

ALLOWED = ("content", "style", "seed", "device", "precision", "model", "image_size", "optim.steps", "tracking")
"""What may be set for all members; the rest is what the experiments are about."""

FULL_PIXELS = 512 * 380
"""Of the thesis's pictures."""

QUICK = ("image_size.width=192", "image_size.height=144", "optim.steps=40")
QUICK_PIXELS = 192 * 144
QUICK_SHORT, FULL_SHORT = 25, 300
"""Steps of the members that only need to show a tendency."""
NORMS_QUICK, NORMS_FULL = 12, 100
"""Steps between gradient norms."""
QUICK_SIZES = ((128, 95), (256, 190), (512, 380))
FULL_SIZES = ((512, 380), (1024, 760), (1536, 1140))
TIMING_STEPS = 10


def members(quick: bool, given: Sequence[str], only: Sequence[str] = PARTS) -> list[Member]:
    """All members, `given` overrides behind their own. Raises UserError for what must not or cannot be given.

    With sizes given, what a raw ratio weighs at the quick size says nothing, and is left out.
    """
    for override in given:
        key = key_of(override)
        if not any(key == name or key.startswith(f"{name}.") for name in ALLOWED):
            raise UserError(
                f"{override}: the experiments set this themselves; what can be given for all of them is "
                f"{', '.join(ALLOWED)}, and output, only"
            )
    for part in only:
        if part not in PARTS:
            raise UserError(f"only={part}: choose from {', '.join(PARTS)}{did_you_mean(part, PARTS)}")
    return [
        Member(name, [*overrides, *(text for text in given if not fixed(name, text))])
        for name, overrides in everything(quick)
        if name.startswith(tuple(only)) and not ("rescaled" in name and any("image_size" in text for text in given))
    ]


def fixed(name: str, override: str) -> bool:
    """The timing of three sizes needs its sizes and steps, and a single evaluation is one step."""
    return (name.startswith("e10_time") and override.startswith(("image_size", "optim.steps"))) or (
        name.startswith("mean_") and override.startswith("optim.steps")
    )


def everything(quick: bool) -> Iterator[tuple[str, list[str]]]:
    """Every member and its overrides, in the order in which they run."""
    size = QUICK if quick else ("image_size=thesis",)
    short = f"optim.steps={QUICK_SHORT if quick else FULL_SHORT}"
    norms = f"tracking.grad_norms_every={NORMS_QUICK if quick else NORMS_FULL}"
    for name in PRESETS:
        yield name, [f"+experiment=thesis/{name}", *size, *([norms] if name < "e08" else [])]
    if quick:
        for name, (preset, beta) in RESCALED.items():
            weight = f"loss_weights.beta={beta * QUICK_PIXELS / FULL_PIXELS:.4g}"
            yield name, [f"+experiment=thesis/{preset}", *size, weight]
    overflow = ["+experiment=thesis/e06_gram_cooc_vector", *size]
    yield "e06_gram", [*overflow, "style_stat=gram"]
    yield "e06_safeguarded", [*overflow, "optim=lbfgs"]
    for width, height in QUICK_SIZES if quick else FULL_SIZES:
        pixels = [f"image_size.width={width}", f"image_size.height={height}", f"optim.steps={TIMING_STEPS}"]
        for pooling in ("max", "avg"):
            name = f"e10_time_{pooling}_{width}x{height}"
            yield name, [f"+experiment=thesis/e10_{pooling}", *pixels, "tracking.pictures_every=0"]
    for name in LITERAL:
        yield f"mean_{name}", [f"+experiment=thesis/{name}", *size, "loss_weights.factor=mean", "optim.steps=1"]
    for name, statistic in STATISTICS.items():
        calibrated = [PLAIN, *statistic.split(), *size, "optim=lbfgs", "init=content", short, norms]
        yield f"calibrated_{name}", calibrated
    for name, statistic in STATISTICS.items():
        alone = [PLAIN, *statistic.split(), *size, "optim=lbfgs", "init=noise", "loss_weights.content_layers=[]"]
        alone += [] if quick else [short]
        yield f"alone_{name}", alone
    for count in range(1, len(STYLE_LAYERS) + 1):
        layers = f"loss_weights.style_layers=[{','.join(STYLE_LAYERS[:count])}]"
        for beta in BETAS:
            name = f"grid_{count}_{beta}"
            yield (
                name,
                [
                    PLAIN,
                    STATISTICS["gram"],
                    *size,
                    "optim=lbfgs",
                    "init=noise",
                    short,
                    layers,
                    f"loss_weights.beta={beta}",
                ],
            )
