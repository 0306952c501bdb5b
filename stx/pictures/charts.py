"""Charts, as PNG files."""

import getpass
import math
import os
import tempfile
import textwrap
from collections.abc import Mapping, Sequence
from itertools import cycle
from pathlib import Path

# Okabe and Ito's, told apart with any colour vision, less the yellow that is too pale on white. One marker more than
# colours, so that their pairs repeat only after 56 series.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")
LEGEND_WIDTH, TITLE_WIDTH = 24, 80
"""Characters a line, so that long names leave room for the chart."""


Series = Mapping[str, Sequence[tuple[float, float]]]


def lines(path: Path, series: Series, *, title: str, x: str, y: str) -> Path:
    """A line through the (x, y) of each series on a logarithmic y axis, 770 x 440 pixels, as PNG at `path`.

    Where y is not positive or either is not finite the line has a gap; a series of gaps alone is "(none)" in the
    legend. OSError if the file cannot be written.
    """
    return draw(path, series, title=title, x=x, y=y, linewidth=1.4, scales=("linear", "log"))


def points(path: Path, series: Series, *, title: str, x: str, y: str) -> Path:
    """The (x, y) of each series as unconnected points on linear axes; otherwise as `lines`."""
    return draw(path, series, title=title, x=x, y=y, linewidth=0, scales=("linear", "linear"))


def draw(path: Path, series: Series, *, title: str, x: str, y: str, linewidth: float, scales: tuple[str, str]) -> Path:
    # Not below the home folder, where matplotlib would keep its list of fonts.
    os.environ.setdefault("MPLCONFIGDIR", os.path.join(tempfile.gettempdir(), f"matplotlib-{getpass.getuser()}"))
    from matplotlib.backends.backend_agg import FigureCanvasAgg  # slow, and most commands draw no chart
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 4), dpi=110, layout="constrained")
    canvas = FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    axes.set(xscale=scales[0], yscale=scales[1])
    axes.grid(color="#dddddd", linewidth=0.6)
    axes.spines[["top", "right"]].set_visible(False)
    handles, names = [], []
    for (name, pairs), colour, marker in zip(series.items(), cycle(COLOURS), cycle(MARKERS), strict=False):
        xs, ys = [at for at, _ in pairs], [value if plotted(at, value) else math.nan for at, value in pairs]
        handles += axes.plot(xs, ys, color=colour, marker=marker, markersize=4, linewidth=linewidth)
        names.append(textwrap.fill(name if any(map(math.isfinite, ys)) else f"{name} (none)", LEGEND_WIDTH))
    # The names come after: a legend leaves out what begins with an underscore.
    legend = figure.legend(handles, [" "] * len(handles), loc="outside right upper", fontsize=8, frameon=False)
    texts = [axes.set_title(""), axes.set_xlabel(""), axes.set_ylabel(""), *legend.get_texts()]
    for text, shown in zip(texts, [textwrap.fill(title, TITLE_WIDTH), x, y, *names], strict=True):
        text.set_parse_math(False)
        text.set_text(shown)
    canvas.print_png(path)  # type: ignore[no-untyped-call]
    return path


def plotted(x: float, y: float) -> bool:
    return math.isfinite(x) and math.isfinite(y) and y > 0
