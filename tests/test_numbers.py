"""Numbers that README and docs quote are those of the reports that they link."""

import csv
import json
import math
import re
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from stx.config.compose import composition
from stx.config.schema import CONF, Config, layers_of
from stx.measures.judge import circular
from stx.model.asked import terms
from stx.stats.fixed import fixed_by
from stx.studies.compare.earlier import recorded
from stx.studies.compare.equal import level, ratios
from stx.studies.compare.intervals import holm, interval
from stx.studies.compare.protocol import Cell, load
from stx.studies.compare.work import Results, Try

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


def test_the_style_distances_beside_the_pictures_of_all_statistics_are_their_report_s() -> None:
    measured, compared = of_report("gallery", "content"), 0
    beside = r'<img src="statistics/(\w+)\.jpg".*Style distance (\d\.\d\d) of Gram'
    for name, quoted in re.findall(beside, text("docs/statistics.md")):
        if (name, JUDGES[0]) in measured:
            assert quoted == measured[name, JUDGES[0]], name
            compared += 1
    assert compared == 13


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
    assert compared[1] == compared[2]
    assert f"all {compared[1]} pictures of each statistic" in " ".join(paragraph.split())


@pytest.mark.parametrize(("page", "least"), [("README.md", 8), ("docs/benchmark.md", 16)])
def test_a_table_of_the_benchmark_is_its_report_s(page: str, least: int) -> None:
    with (DOCS / "compare" / "benchmark" / "table.csv").open(encoding="utf-8", newline="") as file:
        rows = {
            (row["statistic"], row["judge"]): row
            for row in csv.DictReader(file)
            if (row["over"], row["equal"], row["level"]) == ("gram", "content", "1")
        }
    leaderboard = text("docs/compare/benchmark/report.md").partition("\ncost: ")[0]
    signs = {first_name(cells[0]): re.findall("[†‡]", cells[1]) for cells in table_rows(leaderboard, "Leaderboard")}
    compared = 0
    whole = text(page).partition("How exact is a score?")[0]  # whose tables are others
    for cells in table_rows(whole, "Statistics, compared fairly" if page == "README.md" else ""):
        for judge, cell in zip(JUDGES, cells[1:3], strict=True):
            row = rows.get((first_name(cells[0]), judge))
            if row is None:
                assert (first_name(cells[0]), cell) == ("gram", "1")
                continue
            numbers = [f"{float(row[each]):.2f}" for each in ("ratio", "low", "high")]
            assert re.findall(r"\d\.\d\d", cell) == numbers, cells[0]
            assert cell.startswith("**") == (float(row["p_holm"]) < 0.05)
            assert re.findall("[†‡]", cell) == (signs[first_name(cells[0])] if judge == JUDGES[0] else [])
            compared += 1
    assert compared >= least


def benchmark_rows(table: str = "table.csv", **where: str) -> dict[str, dict[str, str]]:
    """The rows of one of the benchmark's tables of scores that have these values, by statistic."""
    with (DOCS / "compare" / "benchmark" / table).open(encoding="utf-8", newline="") as file:
        return {
            row["statistic"]: row
            for row in csv.DictReader(file)
            if all(row[column] == value for column, value in where.items())
        }


def interval_of(row: dict[str, str]) -> str:
    ratio, low, high = (f"{float(row[number]):.2f}" for number in ("ratio", "low", "high"))
    return f"{ratio} ({low} to {high})"


def paragraph(page: str, start: str) -> str:
    (one,) = [" ".join(part.split()) for part in text(page).split("\n\n") if part.startswith(start)]
    return one


def test_the_kept_benchmark_is_that_of_the_protocol_that_comes_with_stx() -> None:
    kept = json.loads(text("docs/compare/benchmark/comparison.json"))
    assert kept["protocol"] == load("benchmark", {}).model_dump(mode="json")  # another one needs another version
    assert kept["runs"] == {"image_size.width": ["192"], "image_size.height": ["144"], "optim.steps": ["60"]}
    assert kept["digest"][:16] in text("docs/compare/benchmark/report.md")


def row_of(statistic: str, judge: int, equal: str, level: int, over: str = "gram") -> dict[str, str]:
    """A row of the benchmark's table; `judge` and `level` count from 0."""
    return benchmark_rows(judge=JUDGES[judge], equal=equal, level=str(level + 1), over=over)[statistic]


def significant(row: dict[str, str]) -> bool:
    return float(row["p_holm"]) < 0.05


def test_how_far_the_benchmarks_table_holds_is_said_as_its_report_has_it() -> None:
    said, report = paragraph("docs/benchmark.md", "**How far this holds.**"), text("docs/compare/benchmark/report.md")
    sides = {first_name(cells[0]): cells[1:3] for cells in table_rows(report, "Which differences hold?")}
    assert sides["gram_moments"] == sides["cross_moments"] == ["2 nearer", "2 nearer"]
    assert sides["mean_std"] == ["1 nearer", "1 nearer"]
    assert sides["moments_cooc"][1] == sides["gaussian_wasserstein"][1] == "2 nearer"
    for judge in JUDGES:
        for equal in ("cfsd", "lite0_content"):
            for weight in ("1", "2"):
                rows = benchmark_rows(judge=judge, equal=equal, level=weight, over="gram").values()
                assert not [row for row in rows if float(row["ratio"]) < 1 and significant(row)]
    pairs = {
        equal: [row_of("gram_moments", 0, equal, weight)["pairs"] for weight in (0, 1)]
        for equal in ("cfsd", "lite0_content")
    }
    assert pairs == {"cfsd": ["14.0", "11.0"], "lite0_content": ["13.0", "13.0"]}
    assert "14 of the 36 pairs at equal structure (11 at Gram's higher weight), and 13 at equal features" in said
    for weight in (0, 1):
        row = row_of("gram_moments", 0, "cfsd", weight)
        assert interval_of(row) in said
        assert not significant(row)


def test_where_the_default_does_worse_is_the_benchmarks() -> None:
    said, report = paragraph("docs/benchmark.md", "The default does worse"), text("docs/compare/benchmark/report.md")
    ways = ("cfsd", "lite0_content")
    of_gram = [interval_of(row_of("moments_cooc", 0, equal, 1)) for equal in ways]
    assert f"at {of_gram[0]} of Gram's distance at equal structure, and at {of_gram[1]} at equal features" in said
    for name in ("moments_cooc", "gaussian_wasserstein"):
        rows = [row_of(name, 0, equal, 1, "mean_std") for equal in ways]
        assert all(map(significant, rows))
        assert " and ".join(map(interval_of, rows)) in said
    reach = report.partition("\n## How equal is the content?\n")[2].partition("\n## ")[0]
    left_out = re.findall(r"\| structure \(CFSD\) \| 3 \|.* \| (.*) \|", reach)
    assert left_out == ["`moments_cooc`"]
    agreement, *_ = re.findall(
        r"\| features \(conv4\\_3\) \| 3 \| (\S+) \|", report.partition("\n## Do the judges agree?\n")[2]
    )
    rest = paragraph("docs/benchmark.md", "The two judges order")
    assert f"their rank correlation is {agreement}." in rest
    (beyond,) = re.findall(r"\| features \(conv4\\_3\) \| 15 \| (\d+) \| (\d+) \| 3 % \| (\d+) \|", reach)
    assert f"{beyond[1]} of {sum(map(int, beyond))} cells" in rest


def test_what_is_said_of_co_occurrence_is_the_benchmarks() -> None:
    said = paragraph("docs/benchmark.md", "The co-occurrence that the thesis looked for")
    over_gram = [benchmark_rows(judge=JUDGES[0], equal="content", level=weight, over="gram") for weight in ("1", "2")]
    assert f"`cooc_gram` is at {float(over_gram[0]['cooc_gram']['ratio']):.2f}, and" in said
    assert f"at {interval_of(over_gram[1]['cooc_gram'])}, which is significantly farther" in said
    assert float(over_gram[1]["cooc_gram"]["p_holm"]) < 0.05
    for judge in (0, 1):
        row = row_of("cross_moments", judge, "content", 1, "mean_std")
        assert f"at {interval_of(row)}" in said
        assert not significant(row)
        row = row_of("cross_moments", judge, "content", 0, "moments_covariance")
        assert f"at {interval_of(row)}" in said
        assert significant(row) is (judge == 0)
    for weight in (0, 1):
        assert f"at {interval_of(row_of('cross_moments', 0, 'cfsd', weight, 'mean_std'))}" in said
    window = [interval_of(row_of("moments_cooc", judge, "content", 0, "moments_covariance")) for judge in (0, 1)]
    assert " and ".join(window) in said
    conclusions = paragraph("docs/cooccurrence.md", "- **The window adds nothing measurable.**")
    elsewhere = conclusions.partition("The benchmark agrees")[2]
    across = [interval_of(row_of("cross_moments", judge, "content", 0, "moments_covariance")) for judge in (0, 1)]
    for number in (*window, *across):
        assert number in elsewhere


def test_the_scores_without_pictures_seen_before_are_those_of_the_benchmarks_runs() -> None:
    said = paragraph("docs/benchmark.md", "**Pictures that had been seen before.**")
    told = text("conf/protocol/benchmark.yaml").partition("\nformat")[0]
    seen = {name for group in re.findall(r"\(([a-z, ]+)\)", told) for name in group.split(", ")}
    assert len(seen) == 7
    protocol, runs = load("benchmark", {}), defaultdict[Cell, list[Try]](list)
    for run in recorded(DOCS / "compare" / "benchmark" / "runs.csv").values():
        runs[run.cell].append(Try(run.beta, run))
    at = level(Results(protocol, dict(runs), {}, "content"), "content")
    for measure, quoted in (
        ("measure/sliced_wasserstein", ("mean_std", "gram_moments", "cross_moments", "moments_cooc")),
        ("measure/lite0_sliced_wasserstein", ("cross_moments", "gram_moments", "gaussian_wasserstein")),
    ):
        scores: dict[str, str] = {}
        ps: dict[str, float] = {}
        for name in protocol.statistics:
            logs = {pair: log for pair, log in ratios(at, name, measure).items() if not seen & set(pair)}
            if name != "gram":
                assert f"the {len(logs)} pairs without any of them" in said
                mean, (low, high, ps[name]) = sum(logs.values()) / len(logs), interval(logs)
                scores[name] = f"{math.exp(mean):.2f} ({math.exp(low):.2f} to {math.exp(high):.2f})"
        for name in quoted:
            assert re.search(rf"`{name}`( is at| at|,) {re.escape(scores[name])}", said), name
        hold = {name for name, p in holm(ps).items() if p < 0.05}
        assert hold == ({*quoted} if "lite0" in measure else set())


def test_which_statistic_to_use_follows_from_the_benchmark() -> None:
    advice = text("docs/statistics.md").partition("| if you want | use |\n|---|---|\n")[2].partition("\n\n")[0]
    layout, strong, second, across, *_ = advice.splitlines()
    judged = [benchmark_rows(judge=judge, equal="content", level="1", over="gram") for judge in JUDGES]
    report = text("docs/compare/benchmark/report.md").partition("\ncost: ")[2].partition("\n## ")[0]
    cfsd = {
        first_name(cells[0]): cells[1].partition(" ")[0] for cells in table_rows(report.partition("\nBrackets")[0], "")
    }
    ratios = {name: [f"{float(rows[name]['ratio']):.2f}" for rows in judged] for name in judged[0]}
    names = ("gram_moments", "mean_std")
    assert re.findall(r"\d\.\d\d", layout) == [each for name in names for each in ratios[name]] + [
        cfsd[name] for name in names
    ]
    assert [significant(rows[name]) for name in names for rows in judged] == [True, True, False, True]
    assert [number for number in re.findall(r"\d\.\d\d", strong) if number != "0.79"] == [
        *ratios["moments_cooc"], cfsd["moments_cooc"]
    ]  # fmt: skip
    assert re.findall(r"\d\.\d\d", second) == ratios["gaussian_wasserstein"][::-1]
    assert re.findall(r"\d\.\d\d", across) == [*ratios["cross_moments"], cfsd["cross_moments"]]
    assert all(significant(rows["cross_moments"]) for rows in judged)


def test_the_scores_with_runs_near_the_content_are_those_of_their_data() -> None:
    table, near = (
        {judge: benchmark_rows(file, judge=judge, equal="content", level="1", over="gram") for judge in JUDGES}
        for file in ("table.csv", "close.csv")
    )
    section = text("docs/benchmark.md").partition("How exact is a score?")[2].partition("Do 60 steps suffice?")[0]
    rows = [*table_rows(section, "")]
    for name, *cells in rows:
        key = first_name(name)
        assert cells == [interval_of(of[judge][key]) for judge in JUDGES for of in (table, near)]
        for judge in JUDGES:
            before, after = (float(of[judge][key]["ratio"]) for of in (table, near))
            assert abs(after - before) < 0.01
    assert len(rows) == 4


def test_the_scores_of_runs_that_converged_are_those_of_their_data() -> None:
    with (DOCS / "compare" / "benchmark" / "convergence.csv").open(encoding="utf-8", newline="") as file:
        ratios = {
            (row["statistic"], row["judge"], row["steps"]): float(row["ratio"])
            for row in csv.DictReader(file)
            if (row["over"], row["equal"], row["level"]) == ("gram", "content", "1")
        }
    section = text("docs/benchmark.md").partition("Do 60 steps suffice?")[2].partition("![")[0]
    rows = [*table_rows(section, "")]
    changes: dict[str, list[float]] = {judge: [] for judge in JUDGES}
    for name, *cells in rows:
        expected = [ratios[first_name(name), judge, steps] for judge in JUDGES for steps in ("60", "converged")]
        assert cells == [f"{ratio:.2f}" for ratio in expected]
        for judge, (few, many) in zip(JUDGES, (expected[:2], expected[2:]), strict=True):
            changes[judge].append(abs(few - many))
    assert len(rows) == 11
    assert [math.ceil(100 * max(of)) for of in changes.values()] == [4, 6]


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
