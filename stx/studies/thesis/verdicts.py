"""Verdicts on the claims of the thesis: pure functions of the evidence, with the thresholds in one place."""

import math
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import NamedTuple

from stx.studies.compare.equal import between
from stx.studies.thesis.evidence import Evidence
from stx.studies.thesis.plan import FULL_PIXELS, FULL_STEPS, LIGHTER

REPRODUCED = "reproduced"
OTHER_CAUSE = "reproduced, with another cause"
NOT = "not reproduced"
CANNOT = "cannot be judged at this size"
CANNOT_YET = "cannot be judged in so few steps"
NOT_TIMED = "not timed"
NOT_RUN = "not run"

CARRIED = 0.6
"""A picture carries the style if its style distance is at most this share of the untouched photograph's."""
NONE = 0.85
"""A picture carries no style if its style distance is at least this share."""
KEPT, LOST = 0.6, 1.2
"""Content distances up to which the photograph is kept, and from which it is lost; pictures of something else have 1.2
to 1.9."""
MINIMISED, STUCK = 0.1, 0.5
"""A loss was minimised if at most the first share of it is left, and was not if more than the second is left."""
ALIKE = 0.15
"""Two pictures differ little if neither distance differs by more than this."""
SMALL = 0.98
"""Share of the thesis's pixels below which a picture counts as smaller than the thesis's."""
SAME_TIME = 0.1
"""Two step times are equal within the noise of a shared machine if their ratio differs from 1 by at most this."""

Runs = Mapping[str, Evidence]


class Verdict(NamedTuple):
    word: str
    because: str
    at: str = ""
    """The sizes and steps of the runs that it rests on."""


class Missing(Exception):
    """Raised if a verdict asks for a run that does not exist."""


class Needed(dict[str, Evidence]):
    """Runs that remember which of them were asked for."""

    def __init__(self, runs: Runs):
        super().__init__(runs)
        self.asked: dict[str, Evidence] = {}

    def __getitem__(self, name: str) -> Evidence:
        if name not in self:
            raise Missing(name)
        self.asked[name] = super().__getitem__(name)
        return self.asked[name]


def judge(rule: Callable[[Runs], Verdict], runs: Runs) -> Verdict:
    """The rule's verdict with what it rests on, or "not run" with the name of the run that it lacks."""
    needed = Needed(runs)
    try:
        verdict = rule(needed)
    except Missing as missing:
        return Verdict(NOT_RUN, f"there is no finished run `{missing}`")
    sizes = sorted({run.size for run in needed.asked.values()})
    steps = sorted({run.asked for run in needed.asked.values()})
    at = f"{', '.join(f'{width} x {height}' for width, height in sizes)}; {', '.join(map(str, steps))} steps"
    return verdict._replace(at=at)


def asked(rule: Callable[[Runs], Verdict], runs: Runs) -> set[str]:
    """The names of the runs that a rule rests on, as far as they exist."""
    needed = Needed(runs)
    with suppress(Missing):
        rule(needed)
    return set(needed.asked)


def missed(because: str, *runs: Evidence) -> Verdict:
    """The verdict "not reproduced", or "cannot be judged" if a run is smaller or shorter than the thesis's.

    A smaller or shorter run says nothing about the thesis.
    """
    if any(run.size[0] * run.size[1] < SMALL * FULL_PIXELS for run in runs):
        return Verdict(CANNOT, because)
    return Verdict(CANNOT_YET if any(run.asked < FULL_STEPS for run in runs) else NOT, because)


def as_weighed(runs: Runs, name: str, rescaled: str) -> tuple[Evidence, str]:
    """The small run whose style weighs as much as at the thesis's size, and a phrase that says so.

    If there is none, the run itself and an empty phrase.
    """
    if rescaled in runs:
        raw = runs[name]
        return runs[rescaled], f", weighted as at 512 x 380; with the raw ratio {raw.style:.2f} and {raw.content:.2f}"
    return runs[name], ""


def gram_at(runs: Runs, content: float) -> float:
    """The style distance of Gram's calibrated runs at a content distance, since style at another content says nothing.

    It is read on a curve through the runs, on logarithmic axes; NaN beyond them.
    """
    names = ("calibrated_gram", *(f"calibrated_gram_{beta:g}" for beta in LIGHTER))
    points = [{"measure/content": runs[name].content, "style": runs[name].style} for name in names if name in runs]
    return math.exp(between(points, "content", content, "style", tolerance=0))


def gram_beside(runs: Runs, run: Evidence) -> str:
    style = gram_at(runs, run.content)
    return "unknown" if math.isnan(style) else f"{style:.2f}"


def distances(run: Evidence) -> str:
    return f"style distance {run.style:.2f} of the photograph's, content distance {run.content:.2f}"


def without_style(run: Evidence) -> bool:
    return run.outcome == "finished" and run.style >= NONE


def content_only(run: Evidence) -> bool:
    return without_style(run) and run.content <= KEPT


def style_is_carried(name: str, rescaled: str = "") -> Callable[[Runs], Verdict]:
    """The rule that a style is transferred to a photograph that can still be seen."""

    def rule(runs: Runs) -> Verdict:
        run, weighed = as_weighed(runs, name, rescaled)
        if run.outcome == "diverged":
            return missed(f"it diverges at {run.event}", run)
        fate = "is kept" if run.content <= KEPT else "fades" if run.content < LOST else "is lost"
        because = f"{distances(run)}: the content {fate}{weighed}"
        carried = run.style <= CARRIED and run.content < LOST
        return Verdict(REPRODUCED, because) if carried else missed(because, run)

    return rule


def forms_give_content_only(runs: Runs) -> Verdict:
    """E2: the thesis blames small values, due to the factor; the cause is another if the forms fail without it too."""
    forms = [runs[f"e02_cooc_{form}"] for form in ("vector", "tensor", "matrix")]
    if not all(content_only(run) for run in forms):
        return missed("; ".join(distances(run) for run in forms), *forms)
    losses = runs["e02_cooc_vector"].layers("style_loss", "first").values()
    tensor = max(runs["e02_cooc_tensor"].layers("style_magnitude", "first").values())
    because = (
        f"content only, style distances {', '.join(f'{run.style:.2f}' for run in forms)}. The vector's losses start at "
        f"{min(losses):.0e} to {max(losses):.0e}, while the tensor itself has a root mean square of up to "
        f"{tensor:.3g}: the factor 1/(4 N² M²) makes them small. "
    )
    calibrated = [runs[f"calibrated_cooc_{form}"] for form in ("vector", "tensor", "matrix")]
    ended = ", ".join(f"{run.style:.2f}" for run in calibrated)
    ended += f"; Gram at the same contents {', '.join(gram_beside(runs, run) for run in calibrated)}"
    if any(run.style <= CARRIED for run in calibrated):
        return Verdict(REPRODUCED, f"{because}Calibrated to pull as hard as the content they carry style ({ended})")
    because += f"Calibrated to pull as hard as the content none of them carries it either ({ended})"
    return Verdict(OTHER_CAUSE, because)


def heavier_is_the_same(runs: Runs) -> Verdict:
    heavy, plain = runs["e03_weight_1e10"], runs["e02_cooc_vector"]
    same = content_only(heavy) and alike(heavy, plain)
    pull = heavy.pull("last")
    said = f"; there the style pulls {pull:.1e} times as hard as the content" if pull is not None else ""
    because = f"{distances(heavy)}, with 1e2 {distances(plain)}{said}"
    return Verdict(REPRODUCED, because) if same else missed(because, heavy, plain)


def heaviest_is_invalid(runs: Runs) -> Verdict:
    run = runs["e03_weight_1e15"]
    if run.outcome == "diverged":
        return Verdict(REPRODUCED, f"it diverges at {run.event}")
    pull = run.pull("last")
    said = f"the style pulls {pull:.2g} times as hard as the content at the end; " if pull is not None else ""
    invalid = run.content > LOST and run.style > CARRIED
    because = f"{said}{distances(run)}"
    return Verdict(REPRODUCED, because) if invalid else missed(because, run)


def same_as_the_vector(runs: Runs) -> Verdict:
    normalised, vector = runs["e04_normalised"], runs["e02_cooc_vector"]
    largest = max(normalised.layers("style_loss", "first").values())
    same = content_only(normalised) and alike(normalised, vector)
    because = f"{distances(normalised)}; a sum of 1 makes the losses smaller still, {largest:.0e} at most"
    return Verdict(REPRODUCED, because) if same else missed(because, normalised, vector)


def no_style(name: str, calibrated: str) -> Callable[[Runs], Verdict]:
    def rule(runs: Runs) -> Verdict:
        run, equal = runs[name], runs[calibrated]
        if run.outcome == "diverged":
            return missed(f"it diverges at {run.event}", run)
        because = f"{distances(run)}; calibrated to pull as hard as the content it ends at {equal.style:.2f}"
        return Verdict(REPRODUCED, because) if without_style(run) else missed(because, run)

    return rule


def overflow(runs: Runs) -> Verdict:
    """E6: the thesis blames the descriptor; it is the optimiser if Gram explodes too but a safer one does not."""
    ours, gram, safe = runs["e06_gram_cooc_vector"], runs["e06_gram"], runs["e06_safeguarded"]
    if ours.outcome != "diverged":
        return missed(f"every value stayed finite for {ours.steps} steps", ours)
    if gram.outcome != "diverged" or safe.outcome == "diverged":
        return Verdict(REPRODUCED, f"not finite at {ours.event}; Gram: {gram.outcome}, safeguarded: {safe.outcome}")
    curvature = ours.at("lbfgs/curvature", "first")
    return Verdict(
        OTHER_CAUSE,
        f"not finite at {ours.event}. Gram explodes under the same settings too, at {gram.event}, and with the "
        f"safeguarded L-BFGS the same statistic stays finite for {safe.steps} steps: the optimiser is the cause. Its "
        f"first curvature, y·s = {curvature:.1e}, is below 1e-10, so it is skipped, and the next step is the raw "
        "gradient",
    )


def finite_without_style(runs: Runs) -> Verdict:
    run = runs["e07_small_weights"]
    pull = run.pull("first")
    said = f"; the style pulls {pull:.1e} times as hard as the content" if pull is not None else ""
    because = f"{run.outcome} after {run.steps} steps, {distances(run)}{said}"
    return Verdict(REPRODUCED, because) if without_style(run) else missed(because, run)


def alike(one: Evidence, other: Evidence) -> bool:
    return abs(one.style - other.style) <= ALIKE and abs(one.content - other.content) <= ALIKE
