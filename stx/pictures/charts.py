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

# Okabe and Ito's, told apart with any colour vision, less the yellow that is too pale on white. One marker more than
# colours, so that their pairs repeat only after 56 series.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")
LEGEND_WIDTH, TITLE_WIDTH = 24, 56
"""Characters a line, so that long names leave room for the chart."""
WIDTH, HEIGHT = 7.0, 4.0
"""Inches of a chart; it is higher where its names need that."""
NAME_SIZE, LEADING, BETWEEN, AROUND = 8, 1.25, 0.5, 2.0
"""Points of a name's letters; lines, and gaps between names and around all of them, as multiples of that."""
MARKED = 24
"""Markers on a line, at most: one at each of many points would make a band of it."""
FAINT: Mapping[str, Any] = {"color": "#777777", "linestyle": ":", "linewidth": 1.0}
LOUD: Mapping[str, Any] = {
    "color": "#000000", "linestyle": "--", "linewidth": 1.2, "marker": "X", "markersize": 7, "clip_on": False,
}  # fmt: skip
"""Upright lines, the loud ones with a cross at either end."""
RING: Mapping[str, Any] = {
    "color": "#000000", "linestyle": "none", "marker": "o", "markersize": 12, "fillstyle": "none", "clip_on": False,
}  # fmt: skip

Series = Mapping[str, Sequence[tuple[float, float]]]


class Mark(NamedTuple):
    """An upright line at each x, of which there is one at least; all of one name."""

    name: str
    at: Sequence[float]
    loud: bool = False


def lines(path: Path, series: Series, *, title: str, x: str, y: str, marks: Sequence[Mark] = ()) -> Path:
    """A line through the (x, y) of each series on a logarithmic y axis, 770 x 440 pixels, as PNG at `path`;
    higher where many names need that.

    Where y is not positive or either is not finite the line has a gap; a series of gaps alone is "(none)" in the
    legend. OSError if the file cannot be written.
    """
    return saved(path, line_figure(series, title=title, x=x, y=y, marks=marks))


def line_figure(series: Series, *, title: str, x: str, y: str, marks: Sequence[Mark] = ()) -> "Figure":
    """What `lines` writes."""
    return drawn(series, marks, [title, x, y], linewidth=1.4, scales=("linear", "log"))


def points(path: Path, series: Series, *, title: str, x: str, y: str, ringed: Series = MappingProxyType({})) -> Path:
    """The (x, y) of each series as unconnected points on linear axes; otherwise as `lines`. A ring stands around each
    point that is `ringed`, by what the legend calls it."""
    figure = drawn(series, (), [title, x, y], linewidth=0, scales=("linear", "linear"), ringed=ringed)
    return saved(path, figure)


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
    # Not below the home folder, where matplotlib would keep its list of fonts.
    os.environ.setdefault("MPLCONFIGDIR", os.path.join(tempfile.gettempdir(), f"matplotlib-{getpass.getuser()}"))
    from matplotlib.figure import Figure  # slow, and most commands draw no chart

    figure = Figure(figsize=(WIDTH, HEIGHT), dpi=110, layout="constrained")
    axes = figure.add_subplot()
    axes.set(xscale=scales[0], yscale=scales[1])
    axes.grid(color="#dddddd", linewidth=0.6)
    axes.spines[["top", "right"]].set_visible(False)
    handles, names = [], []
    for (name, pairs), colour, marker in zip(series.items(), cycle(COLOURS), cycle(MARKERS), strict=False):
        xs, ys = [at for at, _ in pairs], [value if plotted(at, value) else math.nan for at, value in pairs]
        shown = [*marked(ys)] if linewidth else None
        handles += axes.plot(xs, ys, color=colour, marker=marker, markersize=4, linewidth=linewidth, markevery=shown)
        names.append(textwrap.fill(name if any(map(math.isfinite, ys)) else f"{name} (none)", LEGEND_WIDTH))
    for mark in marks:
        handles.append(upright(axes, mark))
        names.append(mark.name)
    for name, pairs in ringed.items():
        handles += axes.plot(*zip(*pairs, strict=True), **RING)
        names.append(name)
    # The names come after: a legend leaves out what begins with an underscore.
    legend = figure.legend(handles, [" "] * len(handles), loc="outside right upper", fontsize=NAME_SIZE, frameon=False)
    title, x, y = labels
    texts = [axes.set_title(""), axes.set_xlabel(""), axes.set_ylabel(""), *legend.get_texts()]
    for text, said in zip(texts, [textwrap.fill(title, TITLE_WIDTH), x, y, *names], strict=True):
        text.set_parse_math(False)
        text.set_text(said)
    figure.set_figheight(max(HEIGHT, needed(names)))
    return figure


def needed(names: Sequence[str]) -> float:
    """Inches of a legend's height."""
    lines = sum(name.count("\n") + 1 for name in names)
    return NAME_SIZE * (LEADING * lines + BETWEEN * len(names) + AROUND) / 72


def upright(axes: "Axes", mark: Mark) -> Any:
    """Drawn; the last one, for the legend."""
    for x in mark.at:
        handle = axes.axvline(x, **(LOUD if mark.loud else FAINT))
    return handle


def marked(ys: Sequence[float]) -> Iterator[int]:
    """The places of points that have a marker: evenly spread ones, and each without a neighbour, that no line shows."""
    apart = max(1, math.ceil(len(ys) / MARKED))
    for place, y in enumerate(ys):
        beside = (*ys[max(0, place - 1) : place], *ys[place + 1 : place + 2])
        if place % apart == 0 or (math.isfinite(y) and not any(map(math.isfinite, beside))):
            yield place


def plotted(x: float, y: float) -> bool:
    return math.isfinite(x) and math.isfinite(y) and y > 0
