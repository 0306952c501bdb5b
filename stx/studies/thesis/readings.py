"""Two readings of the thesis's section 6.1, and which verdicts depend on which is right."""

from collections.abc import Mapping

from stx.studies.page import Block, Heading, Table, Text, rounded
from stx.studies.thesis.claims import EXPERIMENTS
from stx.studies.thesis.evidence import Evidence
from stx.studies.thesis.material import Material
from stx.studies.thesis.plan import LITERAL
from stx.studies.thesis.verdicts import CANNOT, CANNOT_YET, NOT_RUN, REPRODUCED, Runs, asked, judge

PREFIX = "mean_"
E3 = ("E3, text", "E3, caption")


def other_reading(runs: Runs) -> dict[str, Evidence]:
    """The same runs, with those in LITERAL replaced by the ones made with the mean instead of Gram's factor."""
    others = {name: runs.get(f"{PREFIX}{name}") for name in LITERAL}
    return {name: run for name, run in runs.items() if name not in LITERAL} | {
        name: run for name, run in others.items() if run
    }


def section(material: Material) -> list[Block]:
    other = other_reading(material.evidence)
    claims = {claim.name: claim for experiment in EXPERIMENTS for claim in experiment.claims}
    verdicts = {
        name: (judge(claim.rule, material.evidence).word, judge(claim.rule, other).word)
        for name, claim in claims.items()
        if asked(claim.rule, material.evidence) & set(LITERAL)
    }
    both = {name: words for name, words in verdicts.items() if NOT_RUN not in words}
    if not both:
        return []
    rows = [[name, claims[name].meaning, *(f"**{word}**" for word in words)] for name, words in both.items()]
    shown = [name for name in LITERAL if f"{PREFIX}{name}" in material.evidence]
    return [
        Heading("Which verdicts on co-occurrence depend on how section 6.1 is read"),
        Text(
            "Section 6.1 says that the mean square error was taken, and neither of what nor with which factor. One "
            "reading is that Gram's 1/(4 N² M²) stayed for every statistic; the other is the mean over a statistic's "
            f"entries. {dependence(both)}"
        ),
        Table(["claim", "the thesis saw", "with Gram's factor", "with the mean"], rows),
        *material.side_by_side([f"{PREFIX}{name}" for name in shown], 160, PREFIX),
        Table(
            ["with the mean", "style distance", "content distance", "style's pull at the end"],
            [
                [name, rounded(run.style), rounded(run.content), f"{run.pull('last') or 0.0:.1e}"]
                for name in shown
                for run in [material.evidence[f"{PREFIX}{name}"]]
            ],
        ),
    ]  # fmt: skip


def dependence(verdicts: Mapping[str, tuple[str, str]]) -> str:
    """Which claims' words differ between the readings, and whether either gives both sentences of E3."""
    parted = [name for name, words in verdicts.items() if words[0] != words[1]]
    said = f"The verdicts of {' and '.join(parted)} depend on it." if parted else "No verdict depends on it."
    of_e3 = [words for name, words in verdicts.items() if name in E3]
    if len(of_e3) == len(E3) and not any(set(words) == {REPRODUCED} for words in zip(*of_e3, strict=True)):
        unsure = {CANNOT, CANNOT_YET} & {word for words in of_e3 for word in words}
        here = " at this size and in these steps" if unsure else ""
        said += f" Neither reading gives both sentences of E3{here}."
    return said
