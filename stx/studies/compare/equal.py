"""Style at the reference's content, interpolated between a statistic's runs, whichever way content is measured."""

import math
from pathlib import Path

import numpy as np

from stx.studies.compare.balance import log_ratio
from stx.studies.compare.leaderboard import unmet
from stx.studies.compare.protocol import Cell, first_beta
from stx.studies.compare.work import CONTENTS, Results, measured
from stx.studies.page import Block, Heading, Items, Table, Text

JUDGED_BY = "measure/sliced_wasserstein"
"""What the ranking is by."""
BEYOND = 0.03
"""Of a logarithm, by which the reference's content may lie beyond a statistic's runs: no further is guessed."""
NAMES = {"content": "features (conv4_3)", "cfsd": "structure (CFSD)", "ssim": "1 - SSIM"}


def blocks(results: Results) -> list[Block]:
    """Nothing where each statistic was run at one weight."""
    if max(map(len, results.runs.values()), default=0) < 2:
        return []
    rows = [
        [f"`{name}`", *(shown(results, name, by) for by in CONTENTS)]
        for name in results.protocol.statistics
        if name != results.protocol.reference
    ]
    note = (
        "On logarithmic axes between the two nearest runs. A pair whose runs do not reach the reference's content is "
        "left out; in brackets how many there are, and two standard errors."
    )
    columns = ["statistic", *(f"equal {NAMES[by]}" for by in CONTENTS)]
    return [
        Heading("Style at equal content, by each measure of it"),
        Table(columns, rows, f"sliced Wasserstein distance over `{results.protocol.reference}`'s"),
        Text(note),
    ]


def shown(results: Results, statistic: str, by: str) -> str:
    logs = list(by_pair(results, statistic, by).values())
    if not logs:
        return "–"
    mean = float(np.mean(logs))
    error = 2 * math.exp(mean) * float(np.std(logs, ddof=1)) / math.sqrt(len(logs)) if len(logs) > 1 else math.nan
    return f"{math.exp(mean):.3f} ({len(logs)}{'' if math.isnan(error) else f', ± {error:.3f}'})"


def by_pair(results: Results, statistic: str, by: str) -> dict[tuple[str, str], float]:
    """Logarithm of the ratio of style distances for each pair of pictures, mean of its seeds."""
    logs: dict[tuple[str, str], list[float]] = {}
    for cell in results.cells(statistic):
        runs = results.runs.get(results.reference(cell), ())
        ours = interpolated(results, cell, by, measured(runs[0].run, by)) if runs else math.nan
        theirs = runs[0].run.latest.get(JUDGED_BY, math.nan) if runs else math.nan
        if ours > 0 and theirs > 0:
            logs.setdefault(cell.pair, []).append(math.log(ours / theirs))
    return {pair: float(np.mean(values)) for pair, values in logs.items()}


def interpolated(results: Results, cell: Cell, by: str, content: float) -> float:
    """The style distance of a cell at some content distance; not a number where its runs do not reach so far."""
    points = sorted(
        (math.log(measured(one.run, by)), math.log(one.run.latest[JUDGED_BY]))
        for one in results.runs.get(cell, ())
        if measured(one.run, by) > 0 and one.run.latest.get(JUDGED_BY, math.nan) > 0
    )
    if not points or not content > 0:
        return math.nan
    at, (contents, styles) = math.log(content), zip(*points, strict=True)
    if not contents[0] - BEYOND <= at <= contents[-1] + BEYOND:
        return math.nan
    return math.exp(float(np.interp(at, contents, styles)))


def how(results: Results) -> str:
    """What was held equal, and how."""
    protocol = results.protocol
    beta = f"`{protocol.reference}`'s at beta = {first_beta(protocol, protocol.reference):g}"
    held_out = "The measures are of layers that no statistic here optimised."
    if protocol.spread:
        parts = ", ".join(f"{part:g}" for part in protocol.spread)
        return f"Every statistic was run at {parts} times its first weight, against {beta}. {held_out}"
    return (
        f"Every statistic's weight was searched, in at most {protocol.runs} runs, until its picture was as far from "
        f"the photograph (`measure/{results.match}`, held out) as {beta}: style at another content distance says "
        f"nothing. {held_out}"
    )


def unmet_pictures(results: Results) -> list[Block]:
    """Who has not met the reference's content distance."""
    tolerance, left = results.protocol.tolerance, unmet(results)
    if not left:
        return [Text(f"All pictures met the reference's content distance within {tolerance:.0%}.")]
    worst = sorted(left, key=lambda item: -abs(log_ratio(item[1], 1.0)))
    return [
        Text(f"{len(left)} pictures did not meet the reference's content distance within {tolerance:.0%}, the worst:"),
        Items(
            [
                f"`{cell.statistic}`, {label(cell.photograph, cell.style)}, seed {cell.seed}: {share:.3f} of it"
                for cell, share in worst[:20]
            ]
        ),
    ]


def label(photograph: str, style: str) -> str:
    return f"{stem(photograph)} · {stem(style)}"


def stem(path: str) -> str:
    return Path(path).stem
