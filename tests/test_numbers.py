"""Numbers that README and docs quote are those of the reports that they link."""

import csv
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from stx.config.compose import composition
from stx.config.schema import CONF, Config, layers_of
from stx.measures.judge import circular
from stx.model.asked import terms
from stx.stats.fixed import fixed_by

TOP = Path(__file__).parents[1]
DOCS = TOP / "docs"
JUDGES = ("VGG19", "EfficientNet-Lite0")


def text(path: str) -> str:
    return (TOP / path).read_text(encoding="utf-8")


def table_rows(page: str, heading: str) -> Iterator[list[str]]:
    """Cells of a section's rows, or of all, whose first one names something in code."""
    section = page.partition(f"\n## {heading}\n")[2].partition("\n## ")[0] if heading else page
    assert section, heading
    for line in section.splitlines():
        if line.startswith("| `"):
            yield [cell.strip() for cell in line.strip("|").split(" | ")]


def first_name(cell: str) -> str:
    return re.findall(r"`([\w=.]+)`", cell)[0]


def step_times() -> dict[str, str]:
    """Of docs/speed.md: a whole step over Gram's."""
    section = text("docs/speed.md").partition("\n## Statistics\n")[2].partition("\n## ")[0]
    table = "".join(line for line in section.splitlines() if line.startswith("|"))
    return {"gram": "1.00", **dict(re.findall(r"`(\w+)` (\d\.\d\d)", table))}


def of_report(folder: str, equal: str) -> dict[tuple[str, str], str]:
    """Ratios over Gram's at the first level, as two digits, by statistic and judge."""
    with (DOCS / "compare" / folder / "table.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return {
        (row["statistic"], row["judge"]): f"{float(row['ratio']):.2f}"
        for row in rows
        if (row["over"], row["equal"], row["level"]) == ("gram", equal, "1")
    }


def test_the_losses_of_the_field_are_the_report_s() -> None:
    measured, compared = of_report("losses", "lite0_content"), 0
    for cells in table_rows(text("docs/statistics.md"), "The losses of the field"):
        name = first_name(cells[0])
        name = name.partition("=")[2] or name
        for judge, cell in zip(JUDGES, cells[1:3], strict=True):
            assert measured.get((name, judge), "–") == cell, name
            compared += cell != "–"
    assert compared >= 24


@pytest.mark.parametrize("page", ["README.md", "docs/benchmark.md", "docs/statistics.md"])
def test_times_a_step_are_those_of_the_page_on_speed(page: str) -> None:
    times, compared = step_times(), 0
    for line in text(page).splitlines():
        quoted = re.match(r"\| `(\w+)`.*\| (\d\.\d) \|$", line) or re.match(
            r"\| <img .*\*\*`(\w+)`.* time (\d\.\d)\b", line
        )
        if quoted and quoted[1] in times:
            assert f"{float(times[quoted[1]]):.1f}" == quoted[2], line
            compared += 1
    assert compared >= 4


def test_what_is_said_of_the_benchmark_is_its_report_s() -> None:
    (paragraph,) = [part for part in text("docs/benchmark.md").split("\n\n") if "compare/benchmark/report.md" in part]
    quoted = re.findall(r"(\d\.\d\d) \((\d\.\d\d) to (\d\.\d\d)\)", paragraph)
    with (DOCS / "compare" / "benchmark" / "table.csv").open(encoding="utf-8", newline="") as file:
        rows = [
            row for row in csv.DictReader(file) if (row["over"], row["equal"], row["level"]) == ("gram", "content", "1")
        ]
    expected = [
        tuple(f"{float(row[number]):.2f}" for number in ("ratio", "low", "high"))
        for name in ("mean_std", "moments_cooc")
        for judge in JUDGES
        for row in rows
        if (row["statistic"], row["judge"]) == (name, judge)
    ]
    assert quoted == expected
    compared = re.search(
        r"(\d+) of (\d+) pictures of each statistic are compared", text("docs/compare/benchmark/report.md")
    )
    assert compared
    assert f"{compared[1]} of its {compared[2]}" in " ".join(paragraph.split())


@pytest.mark.parametrize(("page", "least"), [("README.md", 8), ("docs/benchmark.md", 16)])
def test_a_table_of_the_benchmark_is_its_report_s(page: str, least: int) -> None:
    with (DOCS / "compare" / "benchmark" / "table.csv").open(encoding="utf-8", newline="") as file:
        rows = {
            (row["statistic"], row["judge"]): row
            for row in csv.DictReader(file)
            if (row["over"], row["equal"], row["level"]) == ("gram", "content", "1")
        }
    compared = 0
    whole = text(page).partition("Do 60 steps suffice?")[0]  # whose table is another one
    for cells in table_rows(whole, "Statistics, compared fairly" if page == "README.md" else ""):
        for judge, cell in zip(JUDGES, cells[1:3], strict=True):
            row = rows.get((first_name(cells[0]), judge))
            if row is None:
                assert (first_name(cells[0]), cell) == ("gram", "1")
                continue
            numbers = [f"{float(row[each]):.2f}" for each in ("ratio", "low", "high")]
            assert re.findall(r"\d\.\d\d", cell) == numbers, cells[0]
            assert cell.startswith("**") == (judge == JUDGES[0] and float(row["p_holm"]) < 0.05)
            compared += 1
    assert compared >= least


def test_the_scores_with_more_steps_are_those_of_their_data() -> None:
    with (DOCS / "compare" / "benchmark" / "convergence.csv").open(encoding="utf-8", newline="") as file:
        ratios = {
            (row["statistic"], row["judge"], row["steps"]): float(row["ratio"])
            for row in csv.DictReader(file)
            if (row["over"], row["equal"], row["level"]) == ("gram", "content", "1")
        }
    section = text("docs/benchmark.md").partition("Do 60 steps suffice?")[2].partition("![")[0]
    rows = [*table_rows(section, "")]
    for name, *cells in rows:
        expected = [ratios[first_name(name), judge, steps] for judge in JUDGES for steps in ("60", "150")]
        assert cells == [f"{ratio:.2f}" for ratio in expected]
        assert max(abs(few - many) for few, many in (expected[:2], expected[2:])) <= 0.03
    assert len(rows) == 4


def test_the_table_of_what_is_circular_is_that_of_the_declarations() -> None:
    section = text("docs/measures.md").partition("\n## What is circular\n")[2].partition("\n## ")[0]
    listed = [line.strip("|").split(" | ") for line in section.splitlines() if line.startswith("| `measure/")]
    assert len(listed) == 6
    for measures, _, *columns in listed:
        measure = f"measure/{re.findall(r'`measure/([a-z0-9_]+)`', measures)[0]}"
        of = {name: circularity(name, measure) for name in statistics()}
        for word, column in zip(("wholly", "partly"), columns, strict=True):
            assert set(re.findall(r"`(\w+)`", column)) == {name for name, each in of.items() if each == word}, measure


def statistics() -> list[str]:
    return sorted(file.stem for file in (CONF / "style_stat").glob("*.yaml"))


@cache
def config_of(statistic: str) -> Config:
    return composition([f"style_stat={statistic}", "content=china", "style=swirls", "+experiment=plain"]).config


def circularity(statistic: str, measure: str) -> str:
    config = config_of(statistic)
    fixed = fixed_by(term.statistic for term in terms(config) if term.toward is not None)
    assert fixed is not None, statistic
    weights = config.loss_weights
    style, content = (
        layers_of(config.style_stat, weights.style_layers),
        layers_of(config.content_stat, weights.content_layers),
    )
    return circular(measure, fixed, style, content)
