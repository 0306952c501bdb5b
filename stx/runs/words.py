"""What is said about a picture in words: by `stx paint` before and after, and by every run at its end."""

import math
from collections.abc import Mapping, Sequence

from stx.config.schema import Config, NoPrior
from stx.pictures.sizes import Size, is_squashed

PARTS = {
    0.1: "a tenth of the way",
    0.25: "a quarter of the way",
    1 / 3: "a third of the way",
    0.5: "halfway",
    2 / 3: "two thirds of the way",
    0.75: "three quarters of the way",
    0.9: "nine tenths of the way",
    1.0: "all of the way",
}

LAYOUT = ("layout kept", "layout mostly kept", "layout partly kept", "layout lost")
KEPT, PARTLY, LOST = 0, 2, 3
CONTENT = (0.6, 0.95, 1.2)
"""Upper bounds of measure/content for the first three of LAYOUT; pictures of something else have 1.2 to 1.9."""
CFSD = (0.5, 0.65, 0.8)
"""The same for measure/cfsd; a sky filled with strokes is a change of half a nat. The worse measure counts."""

NEAR = 0.85
"""Share of the way to the style from which on more style is not suggested."""
MIDDLE = 0.5
"""The strength of the config itself."""
STEP = 0.3
"""Change of the strength from one try to the next."""


NOISY, MANY = 1.5, 100
"""Multiples of the fine energy of painting and photograph: above the first a run says so, from the second on without
a number."""


def opening(photo: tuple[Size, Size], painting: tuple[Size, Size], seconds: float) -> str:
    """The original and working sizes of both pictures, and how long the run will take."""
    squashed = ", squashed" if is_squashed(*photo) else ""
    kept = (
        f"the painting is squashed to {size(painting[1])}"
        if is_squashed(*painting)
        else "the painting keeps its proportions"
    )
    return f"photo {size(photo[0])} -> {size(photo[1])}{squashed}; {kept}; {duration(seconds)}"


def size(pixels: Size) -> str:
    return f"{pixels[0]} x {pixels[1]}"


def duration(seconds: float) -> str:
    minutes = seconds / 60
    if minutes < 0.75:
        return "under a minute"
    if minutes < 1.5:
        return "about a minute"
    if minutes < 10:
        return f"about {round(minutes)} minutes"
    if minutes < 57.5:
        return f"about {5 * round(minutes / 5)} minutes"
    hours = round(minutes / 30) / 2
    return "about an hour" if hours == 1 else f"about {hours:g} hours"


def remaining(seconds: float) -> str:
    if seconds < 100:
        return f"{seconds:.0f} s left"
    minutes = seconds / 60
    return f"{minutes:.0f} min left" if minutes < 100 else f"{minutes / 60:.1f} h left"


def closing(measured: Mapping[str, float]) -> str:
    """How far the picture is from the photograph to the painting, and what is left of the layout.

    `measured` are a run's measures and baselines; without any, nothing is said.
    """
    if not measured:
        return ""
    if not measured["baseline/sliced_wasserstein"] > 0:
        return "photograph and painting are of one style: there is no way to go"
    way = way_to_style(measured)
    part = min(PARTS, key=lambda share: abs(share - way))
    said = f"{PARTS[part]} to the painting's style" if way > 0.05 else "no nearer to the painting's style"
    return f"{said}; {LAYOUT[layout(measured)]}"


def suggestion(measured: Mapping[str, float], strength: float, other: Sequence[str] = ()) -> str:
    """The strength to try next after `strength`; empty if that is good enough, or the limit.

    `other` are further options that keep more of the photograph, where a lower strength changes little.
    More is suggested only where the layout is kept as it is. A user who asked for less than MIDDLE is not told to take
    more, nor one who asked for more to take less, unless the layout is lost.
    """
    if not measured or not measured["baseline/sliced_wasserstein"] > 0:
        return ""
    kept = layout(measured)
    if kept >= PARTLY and (strength <= MIDDLE or kept == LOST):
        less = [f"--strength {max(0.0, strength - STEP):.2g}"] if strength else []
        return f"to keep more of the photograph: {', or '.join([*less, *other])}" if less or other else ""
    if kept == KEPT and way_to_style(measured) < NEAR and MIDDLE <= strength < 1:
        return f"for more of the style: --strength {min(1.0, strength + STEP):.2g}"
    return ""


def scales(measured: Mapping[str, float]) -> str:
    """Both distances, in Markdown, each with the values to compare it with."""
    share = style_share(measured["measure/sliced_wasserstein"], measured["baseline/sliced_wasserstein"])
    (kept, *_, lost), (kept_structure, *_, lost_structure) = CONTENT, CFSD
    style = f"**Style distance {share:.2f}**: the painting itself has 0, the photograph 1. "
    content, structure = (measured[f"measure/{name}"] for name in ("content", "cfsd"))
    return (
        f"{'' if math.isnan(share) else style}**Content distance {content:.2f}**: the photograph itself has 0; up to "
        f"{kept:g} its layout is kept, from {lost:g} on it is lost. **Structure distance {structure:.2f}** (CFSD): "
        f"likewise, with {kept_structure:g} and {lost_structure:g}; the worse one counts."
    )


def way_to_style(measured: Mapping[str, float]) -> float:
    """1 for the painting's own style, 0 for the photograph's; negative if the picture is further away."""
    return 1 - style_share(measured["measure/sliced_wasserstein"], measured["baseline/sliced_wasserstein"])


def style_share(distance: float, untouched: float) -> float:
    """A picture's distance to the style as a share of the photograph's own, which is the number that people are shown.

    1 is as far as the photograph, 0 the painting. NaN if the photograph has no distance, or none is known.
    """
    return distance / untouched if untouched > 0 else math.nan


def style_distance(measured: Mapping[str, float]) -> dict[str, float]:
    """The `style_share` of a run's measures and baselines, as a metric to sort by; empty if it is not finite."""
    names = ("measure/sliced_wasserstein", "baseline/sliced_wasserstein")
    share = style_share(*(measured.get(name, math.nan) for name in names))
    return {"measure/style_distance": share} if math.isfinite(share) else {}


def layout(measured: Mapping[str, float]) -> int:
    """The index into LAYOUT that the measures indicate."""
    return max(
        sum(measured[f"measure/{name}"] > bound for bound in bounds)
        for name, bounds in (("content", CONTENT), ("cfsd", CFSD))
    )


def noisy(measured: Mapping[str, float], config: Config) -> str:
    """A sentence that a picture is noisy, with the remedies that the run did without; empty if it is not."""
    luma, chroma = (measured[f"measure/noise_{what}"] for what in ("luma", "chroma"))
    if max(luma, chroma) <= NOISY:
        return ""
    cures = {
        "prior=total_variation": isinstance(config.prior, NoPrior),
        "optim=lbfgs": not config.optim.target.endswith(".LBFGS"),
        "a pyramid (optim.pyramid)": not config.optim.pyramid,
        "a weaker style (loss_weights.beta)": config.content is not None,
    }
    advice = ", ".join(cure for cure, lacking in cures.items() if lacking)
    said = (
        f"the picture is noisy: in brightness it has {times(luma)} times the finest detail of photograph and painting, "
        f"in colour {times(chroma)} times"
    )
    return f"{said}; to reduce it: {advice}" if advice else said


def times(ratio: float) -> str:
    return f"{ratio:.1f}" if ratio < MANY else f"over {MANY}"
