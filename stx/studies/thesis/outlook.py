"""What the thesis settled by eye or left for later: how many iterations suffice, other kernels, people's opinion."""

import math

from stx.pictures.charts import lines
from stx.studies.page import Block, Heading, Picture, Quote, Table, Text
from stx.studies.thesis.evidence import Evidence
from stx.studies.thesis.material import Material, number
from stx.studies.thesis.plan import FULL_STEPS, LONGER
from stx.studies.thesis.verdicts import ALIKE, REPRODUCED, Runs, Verdict, alike, distances, gram_at, missed

KERNELS = {
    "kernel_mmd_linear": "linear: channel means",
    "kernel_mmd_polynomial": "polynomial of degree 2, with its constant: Gram and the means",
    "kernel_mmd_gaussian": "Gaussian",
}


def iterations_suffice(runs: Runs) -> Verdict:
    """Section 6.1: more than a thousand iterations change the picture little."""
    short, longer = runs["e01_gram"], runs["e01_longer"]
    because = (
        f"{short.steps} steps: {distances(short)}; {longer.steps} steps: {distances(longer)}; little is {ALIKE} or less"
    )
    if alike(short, longer) and short.asked >= FULL_STEPS:
        return Verdict(REPRODUCED, because)
    return missed(because, short)


def kernels(material: Material) -> list[Block]:
    """Section 8 leaves other kernels to later work; Gram's is the polynomial of degree 2 (Li et al. 2017)."""
    several = {name: material.evidence[name] for name in KERNELS if name in material.evidence}
    if not several:
        return []
    rows = [
        [KERNELS[name], number(run.style), number(run.content), number(gram_at(material.evidence, run.content))]
        for name, run in several.items()
    ]
    return [
        Heading("Other kernels"),
        Quote(
            "el cambio de ese kernel por otros compatibles puede llevar a otras maneras de generar representaciones de "
            "style transfer, que puede ser interesante implementar y comparar en trabajos futuros",
            "the thesis: other kernels, for later works",
        ),
        Text(
            "Gram's is a polynomial one of degree 2, and no Gaussian as the thesis has it (Li et al. 2017). Others "
            "beside it, calibrated, from the photograph:"
        ),
        *material.side_by_side([*several, "calibrated_gram"], 160),
        Table(["kernel", "style distance", "content distance", "Gram's style at that content"], rows),
    ]


def curves(material: Material) -> list[Block]:
    """The losses of the first experiment, run four times as long."""
    run = material.evidence.get("e01_longer")
    if run is None:
        return []
    chart = lines(
        material.folder / "pictures" / "iterations.png",
        {part: run.series.get(f"loss/{part}", ()) for part in ("total", "content", "style")},
        title="E1, four times as long",
        x="iteration",
        y="loss",
    )
    return [Heading("How many iterations"), Text(flattening(run)), Picture(f"pictures/{chart.name}", "")]


def flattening(run: Evidence) -> str:
    """How far the loss has fallen after a quarter of the steps and at the end, in a sentence."""
    points = [(step, value) for step, value in run.series.get("loss/total", ()) if math.isfinite(value)]
    if len(points) < LONGER or not points[0][1] > 0:
        return "The run has too few steps to say how its loss falls."
    (_, first), (last_step, last) = points[0], points[-1]
    step, early = next(point for point in points if LONGER * point[0] >= last_step)
    return (
        f"After {step} of {last_step} iterations the total loss is {early / first:.2g} of its first value, and at the "
        f"end {last / first:.2g}."
    )


def survey() -> list[Block]:
    return [
        Heading("Which picture people prefer"),
        Text(
            "The thesis wanted people to rank the pictures of both methods, and says that it did not come to that; "
            "neither does this report, which has measures alone. `stx survey create` makes such a survey of the "
            "pictures of a comparison, and `stx compare ratings=ratings.csv` tells which measure follows the ratings."
        ),
    ]
