"""What is said of a picture in words: by `stx paint` before and after, and by every run at its end."""

import math
from collections.abc import Mapping

from stx.config.schema import Config, NoPrior
from stx.pictures.sizes import Size, is_squashed

PARTS = {
    0.1: "a tenth",
    0.25: "a quarter",
    1 / 3: "a third",
    0.5: "half",
    2 / 3: "two thirds",
    0.75: "three quarters",
    0.9: "nine tenths",
    1.0: "all",
}

LAYOUT = ("layout kept", "layout mostly kept", "layout partly kept", "layout lost")
CONTENT = (0.6, 0.95, 1.2)
"""Up to these measure/content the layout is as the first three say; pictures of something else have 1.2 to 1.9."""
CFSD = (0.5, 0.65, 0.8)
"""The same of measure/cfsd; a sky that strokes fill is a change of half a nat. The worse of the two counts."""

NEAR = 0.85
"""Share of the way from which more style is not suggested."""
MIDDLE = 0.5
"""The strength that is the config's own. Who asked for less is not told to take more, nor the other way round."""
STEP = 0.3
"""Of the strength, between one try and the next."""


NOISY, MANY = 1.5, 100
"""Times the fine energy of painting and photograph, from which a run says so, and above which it says no number."""


def opening(photo: tuple[Size, Size], painting: tuple[Size, Size], seconds: float) -> str:
    """Both pictures' own and working sizes, and how long it will take."""
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


def closing(measured: Mapping[str, float], strength: float | None) -> str:
    """How far the picture is from photograph to painting, and which strength would be next.

    `measured` are a run's measures and baselines; nothing is said of none. Without a `strength` none is suggested.
    """
    if not measured:
        return ""
    if not measured["baseline/sliced_wasserstein"] > 0:
        return "photograph and painting are of one style: there is no way to go"
    way, kept = way_to_style(measured), layout(measured)
    part = min(PARTS, key=lambda share: abs(share - way))
    said = [f"{PARTS[part]} of the way to the painting's style" if way > 0.05 else "no nearer to the painting's style"]
    said.append(LAYOUT[kept])
    if strength is not None and kept >= 2 and 0 < strength <= MIDDLE:
        said.append(f"less: --strength {max(0.0, strength - STEP):.2g}")
    elif strength is not None and kept < 2 and way < NEAR and MIDDLE <= strength < 1:
        said.append(f"more: --strength {min(1.0, strength + STEP):.2g}")
    return "; ".join(said)


def scales(measured: Mapping[str, float]) -> str:
    """Both distances, in Markdown, each with what it is held against."""
    share = style_share(measured["measure/sliced_wasserstein"], measured["baseline/sliced_wasserstein"])
    kept, *_, lost = CONTENT
    style = f"**Style distance {share:.2f}**: the painting itself has 0, the photograph 1. "
    return (
        f"{'' if math.isnan(share) else style}**Content distance {measured['measure/content']:.2f}**: the photograph "
        f"itself has 0; up to {kept:g} its layout is kept, from {lost:g} on it is lost."
    )


def way_to_style(measured: Mapping[str, float]) -> float:
    """1 for the painting's own style, 0 for the photograph's; below, if it is further away."""
    return 1 - style_share(measured["measure/sliced_wasserstein"], measured["baseline/sliced_wasserstein"])


def style_share(distance: float, untouched: float) -> float:
    """A picture's distance to the style as a share of the photograph's own: the one that people are shown.

    1 is as far as the photograph, 0 the painting. Not a number where the photograph has no distance, or none is known.
    """
    return distance / untouched if untouched > 0 else math.nan


def style_distance(measured: Mapping[str, float]) -> dict[str, float]:
    """The same as a metric, to be sorted by; nothing where it is no number. Of a run's measures and baselines."""
    names = ("measure/sliced_wasserstein", "baseline/sliced_wasserstein")
    share = style_share(*(measured.get(name, math.nan) for name in names))
    return {"measure/style_distance": share} if math.isfinite(share) else {}


def layout(measured: Mapping[str, float]) -> int:
    """The place in LAYOUT that the measures speak for."""
    return max(
        sum(measured[f"measure/{name}"] > bound for bound in bounds)
        for name, bounds in (("content", CONTENT), ("cfsd", CFSD))
    )


def noisy(measured: Mapping[str, float], config: Config) -> str:
    """That a picture is noisy, if it is, and what of all that keeps noise down the run did without."""
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
