"""The pictures that a survey may show: those of any runs, or those of a comparison that have equal content."""

import json
import math
import os
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import NamedTuple

from stx.config.schema import MlflowTracking, NoTracking
from stx.errors import UserError, did_you_mean, first_line
from stx.runs.files import BATCH, CONTENT, OUTPUT, REPORT, STYLE, SWEEP, in_use
from stx.runs.params import MIXED
from stx.runs.selection import folder_of, selected
from stx.runs.shown import Shown
from stx.runs.tracking import store
from stx.runs.tracking.experiments import ID
from stx.studies.compare import earlier, export
from stx.studies.compare.equal import label
from stx.studies.compare.protocol import Protocol
from stx.studies.compare.work import COMPARISON, Results, Try
from stx.studies.compare.yardsticks import IN_TURN, measured
from stx.studies.survey.damage import damaged, told
from stx.studies.survey.options import Options
from stx.studies.survey.pairs import Entry

MEASURE = "measure/"
SECOND = "style_2.png"
"""The file of a run's second painting."""
METHOD, STATISTIC = "style_stat", "statistic"
"""What tells methods apart if nobody says: a param of runs, or the name of a comparison's statistics."""


class Source(NamedTuple):
    entries: list[Entry]
    by: str
    """What tells methods apart."""
    match: str
    """The measure of content that is held equal."""
    left_out: str
    """How many runs were left out, and why; empty if none was."""
    others: tuple[str, ...] = ()
    """Params by which these runs could be told apart instead."""
    damaged: str = ""
    """A line that names runs left out because files of theirs are damaged or missing; empty if none was."""
    without_report: str = ""
    """A message that a comparison's runs are taken like any others because its report is missing; otherwise empty."""


def source(text: str, asked: Options, tracking: MlflowTracking | NoTracking) -> Source:
    """The pictures of the runs that `text` names. Raises UserError if it names none."""
    folder = place(text, tracking)
    if text and folder and not asked.by and at_work(folder):
        raise UserError(f"{text}: it is still at work; a comparison's pictures have equal content when it has ended")
    runs = selected(text, tracking).runs
    if text and folder and not asked.by and (folder / REPORT / export.FILE).is_file():
        return of_comparison(folder / REPORT, runs, asked.match)
    whole = of_runs(runs, asked)
    return whole if asked.by else whole._replace(without_report=without_report(text, folder, whole.by, tracking))


def at_work(folder: Path) -> bool:
    """Whether a comparison, or what is no sweep, is at work in a folder. Where that cannot be seen, it is not."""
    if not os.path.isfile(folder / BATCH) or os.path.isfile(folder / SWEEP):  # pathlib fails on a long filter
        return False
    try:
        return in_use(folder)
    except OSError:  # somebody else's
        return False


def place(text: str, tracking: MlflowTracking | NoTracking) -> Path | None:
    """The folder that is meant; for an id, the folder that has it, or that its run in the store names."""
    if not ID.fullmatch(text):
        return Path(text).expanduser()
    return folder_of(text) or (None if isinstance(tracking, NoTracking) else store.folder_of(text, tracking.uri))


def without_report(text: str, folder: Path | None, by: str, tracking: MlflowTracking | NoTracking) -> str:
    """The message that a comparison's report is missing, if the store says that the id is a comparison; else empty."""
    if not ID.fullmatch(text) or isinstance(tracking, NoTracking):
        return ""
    tags = store.tags_of(text, tracking.uri)
    if tags.get("stx.batch") != COMPARISON:
        return ""
    report = (folder or Path(tags.get("stx.folder", ""))) / REPORT / export.FILE
    return (
        f"{text} is a comparison, whose report {report} is not there: its runs are taken like any others, by {by}, and "
        "not by what the comparison found to be at equal content"
    )


def of_runs(runs: Sequence[Shown], asked: Options) -> Source:
    """The pictures of the finished runs that have all their files and the content measure.

    Raises UserError if none has the param that tells methods apart.
    """
    by, match = asked.by or METHOD, asked.match or IN_TURN[0]
    files = [damaged(run) for run in runs]
    broken = [f"{file} is damaged" for file in files if file]
    finished = [run for run, file in zip(runs, files, strict=True) if run.outcome == "finished" and not file]
    if finished and not any(by in run.params for run in finished):
        names = sorted({name for run in finished for name in run.params})
        hint = did_you_mean(by, names)
        raise UserError(f"by={by}: no run has that param; choose from {', '.join(names)}{hint}")
    some = [entry(run, run.params[by], match) for run in finished if by in run.params]
    entries = [one for one in some if one]
    others = differing([run for run in finished if by in run.params])
    why = f"runs left out: not finished, with several paintings, or without their pictures, {by} or measure/{match}"
    return Source(entries, by, match, left_out(len(entries) + len(broken), len(runs), why), others, told(broken))


def differing(runs: Sequence[Shown]) -> tuple[str, ...]:
    """Params of which the runs have several values, other than their pictures and seeds."""
    names = dict.fromkeys(name for run in runs for name in run.params if name not in ("content", "style", "seed"))
    return tuple(name for name in names if len({run.params.get(name) for run in runs}) > 1)


def of_comparison(report: Path, runs: Sequence[Shown], match: str | None) -> Source:
    """For each cell of a comparison, the picture of the run nearest to the reference's content distance.

    How near two pictures must be for a question is up to the survey's own tolerance. Raises UserError if the report
    cannot be read.
    """
    results, by_id = recorded(report, match), {run.id: run for run in runs}
    entries, faults = list[Entry](), list[str]()
    for cell in results.runs:
        nearest = results.closest(cell)
        run = by_id.get(nearest.run.id) if nearest else None
        if nearest and not run:
            of = f"{cell.statistic}, {label(results.protocol, *cell.pair)}, seed {cell.seed}"
            faults.append(f"run {nearest.run.id[:8]} ({of}) is missing")
        elif run and (file := damaged(run)):
            faults.append(f"{file} is damaged")
        elif run and (one := entry(run, cell.statistic, results.match)):
            entries.append(one)
    why = f"searches left out: their runs nearest to equal content lack their pictures or measure/{results.match}"
    count = left_out(len(entries) + len(faults), len(results.runs), why)
    faults += [f"{file} is damaged" for run in runs if not run.id and (file := damaged(run))]
    return Source(entries, STATISTIC, results.match, count, damaged=told(faults))


def recorded(report: Path, match: str | None) -> Results:
    """A comparison's results, from the data of its report. Raises UserError if it cannot be read."""
    file = report / export.FILE
    try:
        plain = json.loads(file.read_text(encoding="utf-8-sig"))
        protocol = Protocol.model_validate(plain["protocol"])
        results = Results(protocol, {}, {}, match or plain.get("match") or IN_TURN[0])
    except (OSError, ValueError, KeyError, TypeError) as error:  # ValueError: from JSON and from pydantic
        raise UserError(f"{file} is of no comparison ({first_line(error)}); make the report anew") from None
    for run in runs_of(report):
        results.runs.setdefault(run.cell, []).append(Try(run.beta, run))
    return results


def runs_of(report: Path) -> Collection[earlier.Recorded]:
    """The runs of a comparison, from its report's runs.csv. Raises UserError, which names that file, if it cannot be
    read."""
    file = report / earlier.FILE
    if not file.is_file():
        raise UserError(f"{file}: there is no such file; make the report anew")
    try:
        return earlier.recorded(file).values()
    except ValueError as error:
        raise UserError(f"{error}; make the report anew") from None


def entry(run: Shown, method: str, match: str) -> Entry | None:
    """The entry of a run; None if it lacks a picture or the measure of content, or has several paintings.

    A question can show only one painting.
    """
    if MIXED in run.params.get("style", "") and run.picture(SECOND):
        return None
    picture, photograph, style = (run.picture(name) for name in (OUTPUT, CONTENT, STYLE))
    content = measured(run.metrics, match)
    if not (picture and photograph and style and math.isfinite(content)):
        return None
    of = {name: run.params.get(name, "") for name in ("content", "style", "seed")}
    size = " x ".join(run.params.get(f"image_size.{side}", "") for side in ("width", "height"))
    measures = {name: value for name, value in run.metrics.items() if name.startswith(MEASURE)}
    given = (of["content"], of["style"], of["seed"], size)
    return Entry(method, *given, content, measures, run.id, picture, photograph, style)


def left_out(count: int, of: int, why: str) -> str:
    return f"{of - count} of {of} {why}" if count < of else ""
