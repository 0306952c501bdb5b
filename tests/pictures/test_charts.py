"""Line charts, read back from their PNG files."""

import getpass
import math
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageColor

from stx.pictures.charts import COLOURS, MARKED, Mark, curves, line_figure, lines, marked, points

Points = Sequence[tuple[float, float]]
LONG = "a name of many letters"
FALLING = [(float(step), 100.0 / (step + 1)) for step in range(20)]


def drawn(path: Path, series: Mapping[str, Points], **labels: Any) -> np.ndarray:
    """Height x width x RGB."""
    lines(path, series, **{"title": "Losses", "x": "step", "y": "loss", **labels})
    with Image.open(path) as picture:
        assert picture.format == "PNG"
        return np.asarray(picture.convert("RGB"))


def count(pixels: np.ndarray, colour: str) -> int:
    return int((pixels == ImageColor.getrgb(colour)).all(axis=-1).sum())


def test_a_chart_has_its_size_and_a_colour_for_each_series(tmp_path: Path) -> None:
    series = {name: [(x, y * factor) for x, y in FALLING] for name, factor in (("a", 1), ("b", 3), ("c", 9))}
    pixels = drawn(tmp_path / "chart.png", series)
    assert pixels.shape == (440, 770, 3)
    for colour in COLOURS[:3]:
        assert count(pixels, colour) > 300
    assert count(pixels, COLOURS[3]) == 0
    assert (pixels[0] == 255).all()  # nothing is cut off
    assert (pixels[:, -1] == 255).all()


def test_y_is_logarithmic(tmp_path: Path) -> None:
    """Equal ratios are equal distances, so the middle of 1, 100 and 10000 lies on the line between the others."""
    three = drawn(tmp_path / "three.png", {"a": [(0, 1), (1, 100), (2, 10000)]})
    rows, columns = np.nonzero((three[:, :560] == ImageColor.getrgb(COLOURS[0])).all(axis=-1))
    slope, offset = np.polyfit(columns, rows, 1)
    assert np.abs(rows - slope * columns - offset).max() < 6  # half a marker


@pytest.mark.parametrize("bad", [(1.0, 0.0), (1.0, -5.0), (1.0, math.nan), (1.0, math.inf), (math.nan, 5.0)])
def test_what_a_log_axis_cannot_show_is_a_gap(tmp_path: Path, bad: tuple[float, float]) -> None:
    ends = [(0.0, 1.0), (2.0, 1.0)]
    joined = drawn(tmp_path / "joined.png", {"a": ends})
    gap = drawn(tmp_path / "gap.png", {"a": [ends[0], bad, ends[1]]})
    two = drawn(tmp_path / "two.png", {"a": ends[:1], "b": ends[1:]})  # both markers, and no line
    assert count(gap, COLOURS[0]) < count(joined, COLOURS[0]) - 300
    assert 0 < count(gap, COLOURS[0]) < 2 * count(two, COLOURS[0])


def legend(pixels: np.ndarray) -> bytes:
    """Of a chart in which LONG is named: other names do not move it."""
    return pixels[:, 600:].tobytes()


def test_a_series_of_nothing_stays_in_the_legend(tmp_path: Path) -> None:
    for nothing, why in (([], "none"), ([(1.0, -1.0)], "none"), ([(1.0, 0.0), (2.0, 0.0)], "always 0")):
        named = drawn(tmp_path / "named.png", {LONG: FALLING, f"b ({why})": FALLING})
        pixels = drawn(tmp_path / "chart.png", {LONG: FALLING, "b": nothing})
        assert legend(pixels) == legend(named)
        assert 0 < count(pixels, COLOURS[1]) < 100  # its sign in the legend alone
    assert legend(named) != legend(drawn(tmp_path / "other.png", {LONG: FALLING, "b": FALLING}))
    assert drawn(tmp_path / "empty.png", {}).shape == (440, 770, 3)


def test_labels_are_not_formulas(tmp_path: Path) -> None:
    """As formulas these would not parse, and one that does shows its dollars."""
    odd = r"$\frac{ $"
    drawn(tmp_path / "odd.png", {odd: FALLING}, title=odd, x=odd, y=odd)
    charts = [drawn(tmp_path / "chart.png", {LONG: FALLING, name: FALLING}) for name in ("$x$", "x")]
    assert legend(charts[0]) != legend(charts[1])


def test_a_name_that_begins_with_an_underscore_is_in_the_legend(tmp_path: Path) -> None:
    charts = [drawn(tmp_path / "chart.png", {LONG: FALLING, name: FALLING}) for name in ("_x", "_", "")]
    assert len({legend(chart) for chart in charts}) == 3


def test_many_series_and_long_names_fit(tmp_path: Path) -> None:
    series = {f"series {number} with a long name that goes on": FALLING for number in range(9)}
    pixels = drawn(tmp_path / "many.png", series)
    assert (pixels[:, -1] == 255).all()


def test_a_chart_is_as_high_as_its_names_need(tmp_path: Path) -> None:
    """The last name ends above the lower edge, and each has its sign beside it."""
    few, many = ({f"series {number} with a long name that goes on": FALLING for number in range(n)} for n in (9, 40))
    assert drawn(tmp_path / "few.png", few).shape[0] == 440
    pixels = drawn(tmp_path / "many.png", many)
    assert pixels.shape[0] > 880
    assert (pixels[-1] == 255).all()
    last = drawn(tmp_path / "last.png", {**many, "series 39 with a long name that goes on": []})
    assert not (pixels[-60:, 600:] == last[-60:, 600:]).all()  # whose name has gained "(none)", in sight


def test_of_many_points_few_have_a_marker_and_lonely_ones_always() -> None:
    many = [1.0] * 1000
    assert len([*marked(many)]) <= MARKED
    assert [*marked([1.0] * 5)] == [0, 1, 2, 3, 4]
    many[500:503] = [math.nan, 1.0, math.nan]
    assert 501 in marked(many)
    many[998] = math.nan
    assert 999 in marked(many)


def test_marks_are_upright_lines_with_one_name_each(tmp_path: Path) -> None:
    marks = [Mark("larger", [5.0]), Mark("not finite", [7.0, 9.0], loud=True)]
    figure: Any = line_figure({"a": FALLING}, title="", x="", y="", marks=marks)
    assert [[*line.get_xdata()] for line in figure.axes[0].lines[1:]] == [[5, 5], [7, 7], [9, 9]]
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["a", "larger", "not finite"]
    without = drawn(tmp_path / "without.png", {LONG: FALLING})
    with_them = drawn(tmp_path / "with.png", {LONG: FALLING}, marks=marks)
    assert count(with_them, "#000000") > count(without, "#000000") + 300


def test_matplotlib_is_imported_only_for_a_chart() -> None:
    code = "import sys, stx.pictures.charts; sys.exit('matplotlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_pyplot_is_never_imported(tmp_path: Path) -> None:
    code = f"import sys, pathlib, stx.pictures.charts as c; c.lines(pathlib.Path({str(tmp_path / 'a.png')!r}), {{}}, "
    code += "title='', x='', y=''); sys.exit('matplotlib.pyplot' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_ring_stands_around_a_point_and_in_the_legend(tmp_path: Path) -> None:
    series = {"one": [(1.0, 2.0)], "other": [(3.0, 4.0)]}
    bare, ringed = (
        np.asarray(Image.open(points(tmp_path / name, series, title="", x="x", y="y", ringed=rings)).convert("RGB"))
        for name, rings in (("bare.png", {}), ("ringed.png", {"best": [(3.0, 4.0)]}))
    )
    assert count(ringed, "#000000") > count(bare, "#000000") + 30
    assert count(ringed, COLOURS[1]) == count(bare, COLOURS[1]) > 0  # the ring is hollow


@pytest.mark.parametrize("draw", [points, curves])
def test_linear_axes_show_zeros_and_what_is_below(draw: Any, tmp_path: Path) -> None:
    blank, shown = (
        np.asarray(Image.open(draw(tmp_path / name, {"one": pairs}, title="", x="x", y="y")).convert("RGB"))
        for name, pairs in (("none.png", [(1.0, math.nan)]), ("zero.png", [(1.0, 0.0), (2.0, -1.0)]))
    )
    assert count(shown, COLOURS[0]) > count(blank, COLOURS[0]) + 20  # the blank one has it in the legend


def test_a_chart_is_drawn_for_a_user_without_a_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a container, users may have a number and no name."""

    def nameless() -> str:
        raise KeyError("getpwuid(): uid not found: 1234")

    monkeypatch.delenv("MPLCONFIGDIR", raising=False)
    monkeypatch.setattr(getpass, "getuser", nameless)
    drawn(tmp_path / "chart.png", {"a": FALLING})
    assert (tmp_path / "chart.png").exists()
