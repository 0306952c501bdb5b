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
"""Leaves out what the defaults add for a good picture."""
LITERAL = tuple(name for name in PRESETS if name[:3] in ("e02", "e03", "e04", "e05", "e07"))
"""Also made in the other reading of section 6.1: with the mean over a statistic's entries instead of Gram's factor."""
WHY = {
    "all_features": "style_stat=cooc_vector style_stat.threshold=none",
    "all_heavier": "style_stat=cooc_vector style_stat.threshold=none loss_weights.beta=10",
    "undone": "style_stat=cooc_vector_undone",
    "masked_undone": "style_stat=cooc_vector_undone style_stat.threshold=mean",
    "soft_mask": "style_stat=cooc_vector_soft",
    "soft_undone": "style_stat=cooc_vector_undone style_stat.threshold=mean +style_stat.softness=0.2",
}
"""Runs that, beside the published vector, tell apart the roles of information, conditioning and gradient."""
KERNELS = ("mmd_linear", "mmd_polynomial", "mmd_gaussian")
LIGHTER = (0.9, 0.3, 0.09)
"""Further weights of the calibrated Gram run, so that its style is known at the content distances others end at."""
LONGER = 4
"""Factor on the number of iterations, to see whether the thesis's suffice."""
TURNS = (1, 2, 3)
"""Rounds in which the runs whose times are compared alternate, so that a slow minute does not hit one of them alone."""
FULL_STEPS, QUICK_STEPS = 1000, 40
RECONSTRUCTING = 300
"""Steps of the quick reconstructions of content, which are far from finished after 40."""

RESCALED = {
    "e01_rescaled": ("e01_gram", 1e2),
    "e08_rescaled": ("e08_portrait", 1e2),
    "e09_rescaled_1e-2": ("e09_ratio_1e-2", 1e2),
    "e09_rescaled_1e-3": ("e09_ratio_1e-3", 1e3),
    "e09_rescaled_1e-4": ("e09_ratio_1e-4", 1e4),
    "e10_rescaled_max": ("e10_max", 1e3),
    "e10_rescaled_avg": ("e10_avg", 1e3),
}
"""Small runs whose style weighs as much against L_c, a sum over positions, as it does at the thesis's size: the preset
of each, and its weight there."""

BETAS = (1, 10, 100, 1000)
PARTS = (*(f"e{number:02d}" for number in range(1, 12)), "mean", "calibrated", "why", "kernel", "alone", "grid")
"""What `only=` can name: beginnings of members' names."""

ALLOWED = ("content", "style", "seed", "device", "precision", "model", "image_size", "optim.steps", "tracking")
"""What may be set for all members; the experiments are about the rest."""

FULL_PIXELS = 512 * 380
"""Number of pixels of the thesis's pictures."""

QUICK = ("image_size.width=192", "image_size.height=144", f"optim.steps={QUICK_STEPS}")
QUICK_PIXELS = 192 * 144
QUICK_SHORT, FULL_SHORT = 25, 300
"""Steps of the members that only need to show a tendency."""
NORMS_QUICK, NORMS_FULL = 12, 100
"""Steps between gradient norms."""
QUICK_SIZES = ((128, 95), (256, 190), (512, 380))
FULL_SIZES = ((512, 380), (1024, 760), (1536, 1140))
TIMING_STEPS = 10


def members(quick: bool, given: Sequence[str], only: Sequence[str] = PARTS) -> list[Member]:
    """All members, with the overrides in `given` after their own.

    If a size is given, the members whose weight was rescaled for the quick size say nothing, and are left out. Raises
    UserError for an override that must not be given, and for an unknown part in `only`.
    """
    for override in given:
        key = key_of(override)
        if not any(key == name or key.startswith(f"{name}.") for name in ALLOWED):
            raise UserError(
                f"{override}: the experiments set this themselves; what can be given for all of them is "
                f"{', '.join(ALLOWED)}, and output, only"
            )
        if override == "content=null":
            raise UserError(f"{override}: the experiments transfer a style to a photograph; name one")
    for part in only:
        if part not in PARTS:
            raise UserError(f"only={part}: choose from {', '.join(PARTS)}{did_you_mean(part, PARTS)}")
    return [
        Member(name, [*overrides, *(text for text in given if not fixed(name, text))])
        for name, overrides in everything(quick, steps_of(given) or (QUICK_STEPS if quick else FULL_STEPS))
        if name.startswith(tuple(only)) and not ("rescaled" in name and any("image_size" in text for text in given))
    ]


def steps_of(given: Sequence[str]) -> int:
    """The number of steps in `given`; 0 if there is none, or if it is not a number, which the config will refuse."""
    numbers = [text.partition("=")[2] for text in given if key_of(text) == "optim.steps"]
    return int(numbers[-1]) if numbers and numbers[-1].isdecimal() else 0


def fixed(name: str, override: str) -> bool:
    """Whether a member keeps its own value of an option.

    Timing needs its own sizes and steps, each of its turns its own seed, and longer runs their own steps.
    """
    key = key_of(override)
    own_steps = "_time_" in name or "rescaled" in name or name == "e01_longer"
    return (
        (key == "optim.steps" and own_steps)
        or (key == "seed" and name.startswith("e09_time"))
        or (key.startswith("image_size") and name.startswith("e10_time"))
    )


Named = Iterator[tuple[str, list[str]]]
"""Members' names and their overrides."""


def everything(quick: bool, steps: int) -> Named:
    """Every member, in the order in which they run. `steps` is the number for members that do not set their own."""
    size = QUICK if quick else ("image_size=thesis",)
    short = f"optim.steps={QUICK_SHORT if quick else FULL_SHORT}"
    norms = f"tracking.grad_norms_every={NORMS_QUICK if quick else NORMS_FULL}"
    longer = f"optim.steps={LONGER * steps}"
    yield from experiments(quick, size, norms, longer)
    yield from timed(quick, size)
    for name in LITERAL:
        yield f"mean_{name}", [f"+experiment=thesis/{name}", *size, "loss_weights.factor=mean", norms]
    yield from calibrated([*size, "optim=lbfgs", "init=content", short, norms])
    for name, statistic in STATISTICS.items():
        alone = [PLAIN, *statistic.split(), *size, "optim=lbfgs", "init=noise", "loss_weights.content_layers=[]"]
        yield f"alone_{name}", alone if quick else [*alone, short]
    yield from grid([PLAIN, STATISTICS["gram"], *size, "optim=lbfgs", "init=noise", short])


def experiments(quick: bool, size: Sequence[str], norms: str, longer: str) -> Named:
    """The experiments of the thesis, and the further runs that their verdicts need."""
    for name in PRESETS:
        further = [norms] if name < "e08" else []
        if quick and name.startswith("e11_content"):
            further = [f"optim.steps={RECONSTRUCTING}"]
        yield name, [f"+experiment=thesis/{name}", *size, *further]
    yield "e01_longer", ["+experiment=thesis/e01_gram", *size, longer]
    if quick:
        for name, (preset, beta) in RESCALED.items():
            weight = f"loss_weights.beta={beta * QUICK_PIXELS / FULL_PIXELS:.4g}"
            yield name, [f"+experiment=thesis/{preset}", *size, longer, weight]
    overflow = ["+experiment=thesis/e06_gram_cooc_vector", *size]
    yield "e06_gram", [*overflow, "style_stat=gram"]
    yield "e06_safeguarded", [*overflow, "optim=lbfgs"]


def timed(quick: bool, size: Sequence[str]) -> Named:
    """Runs of which only the times matter. Each turn has its own seed, as equal runs would not be made again."""
    short = [f"optim.steps={TIMING_STEPS}", "tracking.pictures_every=0"]
    for turn in TURNS:
        for name in PRESETS:
            if name.startswith("e09_ratio_"):
                yield (
                    f"{name.replace('ratio', 'time')}_{turn}",
                    [f"+experiment=thesis/{name}", *size, *short, f"seed={turn}"],
                )
    for width, height in QUICK_SIZES if quick else FULL_SIZES:
        pixels = [f"image_size.width={width}", f"image_size.height={height}"]
        for pooling in ("max", "avg"):
            name = f"e10_time_{pooling}_{width}x{height}"
            yield name, [f"+experiment=thesis/e10_{pooling}", *pixels, *short]


def calibrated(given: Sequence[str]) -> Named:
    """Runs from the photograph in which each statistic pulls as hard as the content, so that scale is no excuse."""
    for name, statistic in STATISTICS.items():
        yield f"calibrated_{name}", [PLAIN, *statistic.split(), *given]
    for beta in LIGHTER:
        yield f"calibrated_gram_{beta:g}", [PLAIN, STATISTICS["gram"], *given, f"loss_weights.beta={beta:g}"]
    for name, statistic in WHY.items():
        yield f"why_{name}", [PLAIN, *statistic.split(), *given]
    for name in KERNELS:
        yield f"kernel_{name}", [PLAIN, f"style_stat={name}", *given]


def grid(given: Sequence[str]) -> Named:
    """Style layers by weight, as in Gatys et al. 2015, figure 3."""
    for count in range(1, len(STYLE_LAYERS) + 1):
        layers = f"loss_weights.style_layers=[{','.join(STYLE_LAYERS[:count])}]"
        for beta in BETAS:
            yield f"grid_{count}_{beta}", [*given, layers, f"loss_weights.beta={beta}"]
