"""How equal the content is: which cells lie between two runs, beyond them, or out of reach, and what is left out."""

from stx.studies.compare.balance import log_ratio
from stx.studies.compare.equal import Level, label
from stx.studies.compare.judges import Scores
from stx.studies.compare.leaderboard import unmet
from stx.studies.compare.yardsticks import YARDSTICKS
from stx.studies.page import Block, Heading, Items, Table, Text


def reach(every: list[Scores]) -> list[Block]:
    """The report's section on how equal the content is; empty without scores, or with one statistic only."""
    levels = {(at.number, at.by): at for at in (one.where.level for one in every)}
    if not levels:
        return []
    results = every[0].where.level.results
    if len(results.protocol.statistics) < 2:
        return []
    return [
        Heading("How equal is the content?"),
        Table(
            [
                "held equal",
                "at beta",
                "between two runs",
                "beyond them",
                "by at most",
                "out of reach",
                "pairs compared",
                "left out",
            ],
            [row(at) for _, at in sorted(levels.items(), key=lambda item: item[0][0])],
            "A cell is a statistic on one pair with one seed. If the content lies a little beyond all of its runs, the "
            "line through the last two is extrapolated, by at most the distance between them. How little is the "
            "protocol's tolerance, in proportion to what the reference's content differs by between its weights. A "
            "picture that a compared statistic does not reach, or has not been run for, is left out for all, and a "
            "statistic that reaches fewer than half of the pictures is left out itself",
        ),
    ]


def row(at: Level) -> list[str]:
    reference = at.results.protocol.reference
    others = [name for name in at.reached if name != reference]
    reached = sum(len(at.reached[name]) for name in others)
    inside, pairs = reached - len(at.beyond), len({key[:2] for key in at.compared})
    left_out = ", ".join(f"`{name}`" for name in others if not at.enters(name))
    return [
        YARDSTICKS[at.by].label, f"{at.results.beta(at.number):g}", f"{inside}", f"{len(at.beyond)}",
        f"{100 * at.tolerance:.2g} %", f"{at.of * len(others) - reached}", f"{pairs}", left_out,
    ]  # fmt: skip


def left_out(at: Level) -> list[Block]:
    """Which statistics and pictures are not in the leaderboard, and which missed the content distance by most.

    Empty if there is one statistic only.
    """
    results = at.results
    if len(results.protocol.statistics) < 2:
        return []
    others = {name: len(keys) for name, keys in at.reached.items() if not at.enters(name)}
    said: list[Block] = [
        Text(
            f"{len(at.compared)} of {at.of} pictures of each statistic are compared: those whose content distance is "
            "within reach of every statistic's runs. A picture that one statistic does not reach is left out for all."
        )
    ]
    if others:
        names = ", ".join(f"`{name}` ({count} of {at.of})" for name, count in others.items())
        said.append(
            Text(f"Not compared, because their runs reach the content of fewer than half of the pictures: {names}.")
        )
    missed = [
        (cell, far)
        for cell, far in unmet(results)
        if at.enters(cell.statistic) and cell.key not in at.reached[cell.statistic]
    ]
    worst = sorted(missed, key=lambda item: -abs(log_ratio(item[1], 1.0)))
    if worst:
        said += [
            Text("The farthest from the reference's content distance:"),
            Items(
                [
                    f"`{cell.statistic}`, {label(results.protocol, *cell.pair)}, seed {cell.seed}: {far:.3f} of it"
                    for cell, far in worst[:12]
                ]
            ),
        ]
    return said
