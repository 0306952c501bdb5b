"""Verdicts on the claims about Gram's own pictures: ratios, poolings, reconstructions, and why the others fail."""

import math
from itertools import pairwise

from stx.studies.thesis.evidence import Evidence
from stx.studies.thesis.plan import FULL_PIXELS, STYLE_LAYERS, TURNS
from stx.studies.thesis.verdicts import (
    ALIKE,
    CANNOT,
    CARRIED,
    LOST,
    NOT,
    NOT_TIMED,
    OTHER_CAUSE,
    REPRODUCED,
    SAME_TIME,
    STUCK,
    Runs,
    Verdict,
    alike,
    as_weighed,
    distances,
    missed,
)

FORMS = ("cooc_vector", "cooc_tensor", "cooc_matrix", "gram_cooc_matrix", "gram_cooc_vector")
SHARP = 0.1
"""Pixels count as given back up to this root mean square difference, for values in [0, 1]."""

RATIOS = ("1e-2", "1e-3", "1e-4")


def painterly_with_the_ratio(runs: Runs) -> Verdict:
    weighed = [as_weighed(runs, f"e09_ratio_{ratio}", f"e09_rescaled_{ratio}") for ratio in RATIOS]
    three = [run for run, _ in weighed]
    because = f"content distance {', '.join(f'{run.content:.2f}' for run in three)} at {', '.join(RATIOS)}"
    because += f"; style distance {', '.join(f'{run.style:.2f}' for run in three)} of the photograph's"
    if weighed[0][1]:
        because += ", weighted as at 512 x 380"
    if lost := [ratio for ratio, run in zip(RATIOS, three, strict=True) if run.content >= LOST]:
        return missed(f"{because}. The content is lost at {' and '.join(lost)}", *three)
    away = all(one.content < other.content for one, other in pairwise(three))
    return Verdict(REPRODUCED, because) if away and three[-1].style <= CARRIED else missed(because, *three)


def timed(runs: Runs, names: str, word: str, because: str) -> Verdict:
    """A verdict on the times of runs, or "not timed" if they shared their machine."""
    if any(runs[name].at_once for name in runs if name.startswith(names)):
        return Verdict(NOT_TIMED, f"{because}, but several runs were at work at once, so that this says nothing")
    return Verdict(word, because)


def ratio_costs_no_time(runs: Runs) -> Verdict:
    several = {ratio: [runs[f"e09_time_{ratio}_{turn}"] for turn in TURNS] for ratio in RATIOS}
    times = [min(run.fastest_ms for run in turns) for turns in several.values()]
    spread = max(times) / min(times) - 1
    because = f"{', '.join(f'{time:.0f}' for time in times)} ms a step: they differ by {spread:.0%}"
    return timed(runs, "e09_time_", REPRODUCED if spread <= SAME_TIME else NOT, f"{because}, in turn")


def poolings_are_alike(runs: Runs) -> Verdict:
    weighed = [as_weighed(runs, f"e10_{pooling}", f"e10_rescaled_{pooling}") for pooling in ("max", "avg")]
    (maximum, how), (average, _) = weighed
    because = f"max: {distances(maximum)}; avg: {distances(average)}; little is {ALIKE} or less"
    because += ", weighted as at 512 x 380" if how else ""
    if max(maximum.content, average.content) >= LOST:
        return missed(f"{because}. The content is lost, and without it pictures of one style are alike", maximum)
    return Verdict(REPRODUCED, because) if alike(maximum, average) else missed(because, maximum)


def sizes(runs: Runs) -> dict[str, float]:
    """Step time of average pooling over that of max pooling, by size, smallest first."""
    names = sorted(
        (name.removeprefix("e10_time_max_") for name in runs if name.startswith("e10_time_max_")),
        key=lambda size: int(size.partition("x")[0]),
    )
    return {size: runs[f"e10_time_avg_{size}"].fastest_ms / runs[f"e10_time_max_{size}"].fastest_ms for size in names}


def poolings_take_the_same_time(runs: Runs) -> Verdict:
    ratios = sizes(runs) or {"": runs["e10_time_max_512x380"].step_ms}
    because = "avg against max: " + ", ".join(f"{ratio:.2f} at {size}" for size, ratio in ratios.items())
    at_its_size = ratios.get("512x380", next(iter(ratios.values())))
    return timed(runs, "e10_time_", REPRODUCED if abs(at_its_size - 1) <= SAME_TIME else NOT, because)


def larger_pictures_differ(runs: Runs) -> Verdict:
    """The thesis's guess that the times of the two poolings differ for larger pictures."""
    ratios = list(sizes(runs).values()) or [runs["e10_time_max_512x380"].step_ms]
    change = ratios[-1] - ratios[0]
    because = f"from the smallest to the largest size the ratio of their times changes by {change:+.2f}"
    apart = abs(ratios[-1] - 1) > 2 * SAME_TIME and abs(change) > SAME_TIME
    larger = any(math.prod(map(int, size.split("x"))) > FULL_PIXELS for size in sizes(runs))
    return timed(runs, "e10_time_", CANNOT if not larger else REPRODUCED if apart else NOT, because)


def detail_goes_with_depth(runs: Runs) -> Verdict:
    five = [runs[f"e11_content_{layer}"] for layer in STYLE_LAYERS]
    because = f"difference to the photograph in its pixels: {', '.join(f'{run.pixels:.2f}' for run in five)} of 1"
    because += f"; content distance {', '.join(f'{run.content:.2f}' for run in five)}"
    because += f"; sharp is {SHARP} or less, in the first three layers as the thesis says"
    if not all(one.pixels <= other.pixels for one, other in pairwise(five)):
        return missed(because, *five)
    held = all(run.pixels <= SHARP for run in five[:3]) and five[-1].content < LOST
    return Verdict(REPRODUCED, because) if held else missed(because, *five)


def structures_grow_with_layers(runs: Runs) -> Verdict:
    five = [runs[f"e11_style_{layer}"] for layer in STYLE_LAYERS]
    because = f"style distance at the deep layer conv4_3: {', '.join(f'{run.deep_style:.2f}' for run in five)}"
    held = five[-1].deep_style < five[0].deep_style and five[-1].deep_style <= min(run.deep_style for run in five[:3])
    return Verdict(REPRODUCED, because) if held else missed(because, *five)


def matched(run: Evidence) -> float:
    """The share of a run's initial style loss that is left at its end; NaN if it is unknown."""
    first, last = run.at("loss/style", "first"), run.at("loss/style", "last")
    return last / first if first and last is not None else float("nan")


def descriptors_miss_the_style(runs: Runs) -> Verdict:
    """Section 7.2: what each form draws from noise on its own, where Gram draws the painting's texture.

    A form that agrees with the painting without looking like it cannot hold the style. One that cannot be made to agree
    may fail because of its gradient: an entry depends on where its own channel is active only through the mask, which
    passes no gradient.
    """
    gram, forms = runs["alone_gram"], {form: runs[f"alone_{form}"] for form in FORMS}
    because = (
        f"from noise, with no content, Gram's loss falls to {matched(gram):.0e} of its start, at a style distance of "
    )
    because += f"{gram.style:.2f} of the photograph's. "
    because += "; ".join(f"{form}: {matched(run):.0e}, at {run.style:.2f}" for form, run in forms.items())
    if gram.style > CARRIED or any(run.style <= CARRIED for run in forms.values()):
        return missed(because, gram, *forms.values())
    stuck = [form for form, run in forms.items() if matched(run) > STUCK]
    if not stuck:
        return Verdict(REPRODUCED, because)
    others = [form for form in FORMS if form not in stuck]
    because += (
        f". {' and '.join(stuck)} {'are' if len(stuck) > 1 else 'is'} not even matched: the mask passes no gradient"
    )
    if others:
        because += f". Of {', '.join(others)}, which can be matched without the style, the thesis is right"
    return Verdict(OTHER_CAUSE, because)
