"""Two readings of the thesis's section 6.1, and which verdicts depend on which is right."""

from stx.studies.page import Block, Heading, Table, Text
from stx.studies.thesis.claims import EXPERIMENTS
from stx.studies.thesis.evidence import Evidence
from stx.studies.thesis.material import Material
from stx.studies.thesis.plan import LITERAL
from stx.studies.thesis.verdicts import NOT_RUN, Runs, judge

PREFIX = "mean_"


def other_reading(runs: Runs) -> dict[str, Evidence]:
    """The same runs, those with a style loss of the thesis's own made with the mean in place of Gram's factor."""
    others = {name: runs.get(f"{PREFIX}{name}") for name in LITERAL}
    return {name: run for name, run in runs.items() if name not in LITERAL} | {
        name: run for name, run in others.items() if run
    }


def section(material: Material) -> list[Block]:
    rows, parted = [], []
    other = other_reading(material.evidence)
    for claim in (claim for experiment in EXPERIMENTS for claim in experiment.claims):
        words = [judge(claim.rule, runs).word for runs in (material.evidence, other)]
        if claim.name[:2] in {name[:1].upper() + str(int(name[1:3])) for name in LITERAL} and NOT_RUN not in words:
            rows.append([claim.name, claim.meaning, *(f"**{word}**" for word in words)])
            if words[0] != words[1]:
                parted.append(claim.name)
    if not rows:
        return []
    shown = [name for name in LITERAL if f"{PREFIX}{name}" in material.evidence]
    return [
        Heading("Which verdicts depend on how section 6.1 is read"),
        Text(
            "The thesis says that the mean square error was taken, and not of what. Gram's factor 1/(4 N² M²), kept "
            "for every statistic, is one reading, and explains its “below 10⁻⁹”; the mean over a statistic's entries "
            f"is the other. The verdicts of {' and '.join(parted)} depend on it." if parted else
            "The thesis says that the mean square error was taken, and not of what: Gram's factor 1/(4 N² M²), kept "
            "for every statistic, or the mean over a statistic's entries. No verdict depends on it."
        ),
        Table(["claim", "the thesis saw", "with Gram's factor", "with the mean"], rows),
        *material.side_by_side([f"{PREFIX}{name}" for name in shown], 160, PREFIX),
        Table(
            ["with the mean", "style distance", "content distance", "style's pull at the end"],
            [
                [name, f"{run.style:.2f}", f"{run.content:.2f}", f"{run.pull('last') or 0.0:.1e}"]
                for name in shown
                for run in [material.evidence[f"{PREFIX}{name}"]]
            ],
        ),
    ]  # fmt: skip
