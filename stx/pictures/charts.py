"""Charts, as PNG files."""

import getpass
import math
import os
import tempfile
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from io import BytesIO
from itertools import cycle
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from stx import atomic

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Okabe and Ito's colours, distinct with any colour vision, without the yellow, which is too pale on white. There is one
# marker more than colours, so that their pairs repeat only after 56 series.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")
LEGEND_WIDTH, TITLE_WIDTH = 24, 56
"""Most characters a line, so that long names leave room for the chart."""
WIDTH, HEIGHT = 7.0, 4.0
"""Inches of a chart; it is higher if its names need that."""
NAME_SIZE, LEADING, BETWEEN, AROUND = 8, 1.25, 0.5, 2.0
"""Points of a name's letters, and as multiples of them the height of a line and the gaps between and around names."""
MARKED = 24
"""Most markers on a line: one at each of many points would make the line a band."""
FAINT: Mapping[str, Any] = {"color": "#777777", "linestyle": ":", "linewidth": 1.0}
LOUD: Mapping[str, Any] = {
    "color": "#000000", "linestyle": "--", "linewidth": 1.2, "marker": "X", "markersize": 7, "clip_on": False,
}  # fmt: skip
"""Styles of vertical lines. Loud ones have a cross at either end."""
RING: Mapping[str, Any] = {
    "color": "#000000", "linestyle": "none", "marker": "o", "markersize": 12, "fillstyle": "none", "clip_on": False,
}  # fmt: skip

Series = Mapping[str, Sequence[tuple[float, float]]]


class Mark(NamedTuple):
    """Vertical lines of one name, at one or more x."""

    name: str
    at: Sequence[float]
    loud: bool = False


def lines(path: Path, series: Series, *, title: str, x: str, y: str, marks: Sequence[Mark] = ()) -> Path:
    """Write a chart with a line through the (x, y) of each series on a logarithmic y axis, as PNG at `path`.

    It has 770 x 440 pixels, and is higher if many names need that. The line has a gap where y is not positive or where
    x or y is not finite; the legend says of a series of only gaps "(none)", or "(always 0)". Raises OSError if the file
    cannot be written.
    """
    return saved(path, line_figure(series, title=title, x=x, y=y, marks=marks))


def line_figure(series: Series, *, title: str, x: str, y: str, marks: Sequence[Mark] = ()) -> "Figure":
    """The figure that `lines` writes."""
    return drawn(series, marks, [title, x, y], linewidth=1.4, scales=("linear", "log"))


def points(path: Path, series: Series, *, title: str, x: str, y: str, ringed: Series = MappingProxyType({})) -> Path:
    """Write a chart like `lines`, but with unconnected points and linear axes.

    `ringed` holds the points with a ring around them, by what the legend calls them.
    """
    figure = drawn(series, (), [title, x, y], linewidth=0, scales=("linear", "linear"), ringed=ringed)
    return saved(path, figure)


def curves(path: Path, series: Series, *, title: str, x: str, y: str) -> Path:
    """Write a chart like `lines`, but with linear axes."""
    return saved(path, drawn(series, (), [title, x, y], linewidth=1.4, scales=("linear", "linear")))


def saved(path: Path, figure: "Figure") -> Path:
    stream = BytesIO()
    figure.savefig(stream, format="png")
    atomic.write(path, stream.getvalue())
    return path


def drawn(
    series: Series,
    marks: Sequence[Mark],
    labels: Sequence[str],
    linewidth: float,
    scales: tuple[str, str],
    ringed: Series = MappingProxyType({}),
) -> "Figure":
    fonts_elsewhere()
    from matplotlib.figure import Figure  # slow, and most commands draw no chart

    figure = Figure(figsize=(WIDTH, HEIGHT), dpi=110, layout="constrained")
    axes = figure.add_subplot()
    axes.set(xscale=scales[0], yscale=scales[1])
    axes.grid(color="#dddddd", linewidth=0.6)
    axes.spines[["top", "right"]].set_visible(False)
    handles, names = [], []
    for (name, pairs), colour, marker in zip(series.items(), cycle(COLOURS), cycle(MARKERS), strict=False):
        above = 0 if scales[1] == "log" else -math.inf
        xs, ys = [at for at, _ in pairs], [value if plotted(at, value, above) else math.nan for at, value in pairs]
        shown = [*marked(ys)] if linewidth else None
        handles += axes.plot(xs, ys, color=colour, marker=marker, markersize=4, linewidth=linewidth, markevery=shown)
        names.append(textwrap.fill(f"{name}{absent(pairs, ys)}", LEGEND_WIDTH))
    for mark in marks:
        handles.append(upright(axes, mark))
        names.append(mark.name)
    for name, pairs in ringed.items():
        handles += axes.plot(*zip(*pairs, strict=True), **RING)
        names.append(name)
    # Names are set afterwards: a legend leaves out those that begin with an underscore.
    legend = figure.legend(handles, [" "] * len(handles), loc="outside right upper", fontsize=NAME_SIZE, frameon=False)
    title, x, y = labels
    texts = [axes.set_title(""), axes.set_xlabel(""), axes.set_ylabel(""), *legend.get_texts()]
    for text, said in zip(texts, [textwrap.fill(title, TITLE_WIDTH), x, y, *names], strict=True):
        text.set_parse_math(False)
        text.set_text(said)
    figure.set_figheight(max(HEIGHT, needed(names)))
    return figure


def fonts_elsewhere() -> None:
    """Let Matplotlib keep its list of fonts in the folder for temporary files, and not below the home folder."""
    user = getattr(os, "getuid", getpass.getuser)()  # a user in a container may have a number and no name
    os.environ.setdefault("MPLCONFIGDIR", os.path.join(tempfile.gettempdir(), f"matplotlib-{user}"))


def absent(pairs: Sequence[tuple[float, float]], ys: Sequence[float]) -> str:
    """Why the legend names a series that cannot be seen: it has no finite value, or is 0, which has no logarithm."""
    if any(map(math.isfinite, ys)):
        return ""
    return " (always 0)" if pairs and all(value == 0 for _, value in pairs) else " (none)"


def needed(names: Sequence[str]) -> float:
    """The height of a legend with these names, in inches."""
    lines = sum(name.count("\n") + 1 for name in names)
    return NAME_SIZE * (LEADING * lines + BETWEEN * len(names) + AROUND) / 72


def upright(axes: "Axes", mark: Mark) -> Any:
    """Draw the lines of a mark and return the last one, for the legend."""
    for x in mark.at:
        handle = axes.axvline(x, **(LOUD if mark.loud else FAINT))
    return handle


def marked(ys: Sequence[float]) -> Iterator[int]:
    """The indices of points with a marker: evenly spread ones, and those without neighbours, which no line shows."""
    apart = max(1, math.ceil(len(ys) / MARKED))
    for place, y in enumerate(ys):
        beside = (*ys[max(0, place - 1) : place], *ys[place + 1 : place + 2])
        if place % apart == 0 or (math.isfinite(y) and not any(map(math.isfinite, beside))):
            yield place


def plotted(x: float, y: float, above: float) -> bool:
    return math.isfinite(x) and math.isfinite(y) and y > above
