"""The runs of a comparison, round by round: each statistic's weight is searched until contents are kept alike."""

import hashlib
import math
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from stx.config.compose import override
from stx.runs.batch import Batch, Ended, Member
from stx.runs.tracking.store import Run
from stx.studies.compare.balance import Tried, exhausted, miss, next_beta
from stx.studies.compare.protocol import Cell, Protocol, cells, first_beta

CONTENTS = {"content": ["features"], "ssim": [], "cfsd": ["self_similarity", "coarse_self_similarity"]}
"""Content measures that can be held equal, with the content statistics that optimise what each of them measures."""


class Try(NamedTuple):
    """A run of a cell that came to its end."""

    beta: float
    run: Run


def measured(run: Run, name: str) -> float:
    """A content distance of a run, by the name of its measure; of a similarity what it lacks of 1."""
    value = run.latest.get(f"measure/{name}", math.nan)
    return 1 - value if name == "ssim" else value


class Results(NamedTuple):
    """What a protocol's runs have given so far."""

    protocol: Protocol
    runs: dict[Cell, list[Try]]
    """In the order in which they were made."""
    failed: dict[str, str]
    """What went wrong, by the name of the member."""
    match: str
    """The content measure that is held equal, one of CONTENTS."""

    def content(self, one: Try) -> float:
        return measured(one.run, self.match)

    def tried(self, one: Try) -> Tried:
        return Tried(one.beta, self.content(one))

    def target(self, cell: Cell) -> float | None:
        """The reference's content distance on the same pictures with the same seed."""
        runs = self.runs.get(self.reference(cell), ())
        return self.content(runs[0]) if runs else None

    def closest(self, cell: Cell) -> Try | None:
        """The run of a cell that ended nearest to the reference's content distance."""
        target, runs = self.target(cell), self.runs.get(cell, ())
        return min(runs, key=lambda one: miss(self.tried(one), target)) if runs and target is not None else None

    def reference(self, cell: Cell) -> Cell:
        return cell._replace(statistic=self.protocol.reference)

    def cells(self, statistic: str) -> list[Cell]:
        return [cell for cell in cells(self.protocol) if cell.statistic == statistic]


class Progress(NamedTuple):
    """After each run."""

    round: int
    number: int
    of: int
    ended: Ended


def member(protocol: Protocol, cell: Cell, beta: float, given: Sequence[str]) -> Member:
    name = "-".join([cell.statistic, *map(called, cell.pair), f"{cell.seed}", f"{beta:g}"])
    overrides = [
        *protocol.settings,
        *protocol.statistics[cell.statistic].split(),
        override("content", cell.photograph),
        override("style", cell.style),
        f"seed={cell.seed}",
        *given,
        f"loss_weights.beta={beta:g}",
    ]
    return Member(name, overrides)


def called(path: str) -> str:
    """A picture in a member's name: two files of one stem, in other folders or of other types, are told apart."""
    stem = Path(path).stem
    return stem if stem == path else f"{stem}~{hashlib.sha256(path.encode()).hexdigest()[:6]}"


def matching(protocol: Protocol, optimised: Collection[str]) -> str:
    """The content measure that is held equal: as the protocol says, or the first that is not of what statistics with
    different content losses `optimised`; with one content loss for all it is the features'."""
    if protocol.match:
        return protocol.match
    if len(optimised) < 2:
        return next(iter(CONTENTS))
    return next((name for name, alike in CONTENTS.items() if not set(alike) & set(optimised)), next(iter(CONTENTS)))


def wanted(results: Results) -> dict[Cell, float]:
    """The weights to try in the next round; nothing for a cell that has met its target, or had its runs.

    A cell whose reference failed has no target, and gets its first run only.
    """
    protocol, betas = results.protocol, dict[Cell, float]()
    for cell in cells(protocol):
        runs, target = results.runs.get(cell, ()), results.target(cell)
        if protocol.spread:
            if len(runs) < protocol.rounds:
                betas[cell] = round(first_beta(protocol, cell.statistic) * protocol.spread[len(runs)], 9)
        elif not runs:
            betas[cell] = first_beta(protocol, cell.statistic)
        elif cell.statistic != protocol.reference and target is not None and len(runs) < protocol.runs:
            tried = [results.tried(one) for one in runs]
            beta = next_beta(tried, target)
            met = min(miss(one, target) for one in tried) <= protocol.tolerance
            if (
                not met
                and beta not in {one.beta for one in tried}
                and not (exhausted(tried) and beta > max(tried).beta)
            ):
                betas[cell] = beta
    return betas


def first_round(protocol: Protocol, given: Sequence[str]) -> list[Member]:
    return [member(protocol, cell, first_beta(protocol, cell.statistic), given) for cell in cells(protocol)]


def work(results: Results, given: Sequence[str], batch: Batch) -> Iterator[Progress]:
    """All rounds, in a batch that has the first one's members; fills `results`."""
    protocol, runs, failed, match = results
    for round_ in range(1, protocol.rounds + 1):
        betas = {cell: beta for cell, beta in wanted(results).items() if round_ == 1 or cell in runs}
        members = {cell: member(protocol, cell, beta, given) for cell, beta in betas.items()}
        if round_ > 1:
            batch.add(list(members.values()))
        cell_of = {member.name: cell for cell, member in members.items()}
        for number, ended in enumerate(batch.work(), start=1):
            cell, run = cell_of[ended.name], batch.run_of(ended.name)
            if run and math.isfinite(measured(run, match)):
                runs.setdefault(cell, []).append(Try(betas[cell], run))
            else:
                failed[ended.name] = ended.message or "its picture could not be measured"
            yield Progress(round_, number, len(members), ended)
