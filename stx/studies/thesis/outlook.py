"""What the thesis settled by eye or left for later: how many iterations suffice, other kernels, people's opinion."""

from stx.studies.charts import lines
from stx.studies.page import Block, Heading, Picture, Text
from stx.studies.thesis.material import Material
from stx.studies.thesis.verdicts import (
    ALIKE,
    CARRIED,
    LOST,
    NOT,
    REPRODUCED,
    Runs,
    Verdict,
    alike,
    distances,
    gram_beside,
    missed,
)

KERNELS = {"kernel_mmd_linear": "linear", "kernel_mmd_polynomial": "polynomial", "kernel_mmd_gaussian": "Gaussian"}


def iterations_suffice(runs: Runs) -> Verdict:
    """Section 6.1: more iterations change the picture little."""
    short, longer = runs["e01_gram"], runs["e01_longer"]
    because = (
        f"{short.steps} steps: {distances(short)}; {longer.steps} steps: {distances(longer)}; little is {ALIKE} or less"
    )
    return Verdict(REPRODUCED, because) if alike(short, longer) else missed(because, short)


def kernels_transfer(runs: Runs) -> Verdict:
    """Section 8, for later works: kernels other than Gram's own, the polynomial of degree 2 (Li et al. 2017)."""
    several = {said: runs[name] for name, said in KERNELS.items()}
    because = "; ".join(
        f"{said}: {distances(run)}, where Gram has {gram_beside(runs, run)}" for said, run in several.items()
    )
    carried = all(run.style <= CARRIED and run.content < LOST for run in several.values())
    return Verdict(REPRODUCED if carried else NOT, because)


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
    return [Heading("How many iterations"), Picture(f"pictures/{chart.name}", "")]


def survey() -> list[Block]:
    return [
        Heading("Which picture people prefer"),
        Text(
            "The thesis wanted people to rank the pictures of both methods, and says that it did not come to that; "
            "neither does this report, which has measures alone. Ratings of pictures are taken by `python -m "
            "stx.compare ratings=ratings.csv`, which tells which measure follows them."
        ),
    ]
