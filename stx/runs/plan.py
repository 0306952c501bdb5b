"""What is to be run, composed and checked before anything starts."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from stx.config.compose import at_work, choices_of, compose
from stx.config.secrets import taken_out
from stx.errors import UserError
from stx.runs.axes import with_others
from stx.runs.check import check
from stx.runs.digest import digest
from stx.runs.job import Job
from stx.runs.naming import run_name
from stx.runs.recipe import recipe


class Member(NamedTuple):
    name: str
    overrides: Sequence[str]
    """As one types them after `stx run`."""


class Planned(NamedTuple):
    job: Job
    digest: str
    """Of all that its result depends on, so that a finished run is recognised whatever it was called."""
    recipe: str
    """Of what it is asked to make, so that it is recognised wherever it was made."""


def plans(members: Sequence[Member], folder: Path, among: Sequence[Member] = ()) -> dict[str, Planned]:
    """Compose and check members. Raises UserError.

    `among`: all members that there will be, so that their damaged pictures are named together.
    """
    with at_work():
        return {member.name: plan(member, folder, among or members) for member in members}


def plan(member: Member, folder: Path, among: Sequence[Member]) -> Planned:
    """Compose and check one member."""
    whole = compose(member.overrides)
    try:
        config, inputs = check(whole, folder, option="output")
    except UserError as error:
        why = f"{error}\n(in {member.name}; none was started)"
        raise UserError(with_others(why, member.overrides, [one.overrides for one in among])) from None
    choices, key, asked = choices_of(whole.hydra), digest(config, inputs), recipe(config, inputs)
    place = folder / "runs" / f"{member.name}-{key[:8]}"
    name = run_name(config, choices)
    return Planned(Job(config, place, choices, taken_out(member.overrides), quiet=True, name=name), key, asked)
