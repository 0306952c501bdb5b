"""The report: verdicts first, then each experiment beside the thesis's words, then why things are as they are."""

import os
from pathlib import Path

from stx.runs.batch import Batch
from stx.runs.tracking.note import code, repeated
from stx.studies import page
from stx.studies.page import Block, Heading, Items, Pictures, Quote, Table, Text
from stx.studies.thesis import explain, outlook, separation
from stx.studies.thesis.claim import Experiment
from stx.studies.thesis.claims import EXPERIMENTS
from stx.studies.thesis.contradictions import CONTRADICTIONS
from stx.studies.thesis.evidence import Evidence, read
from stx.studies.thesis.material import Material, number
from stx.studies.thesis.plan import BETAS, FULL_PIXELS, STYLE_LAYERS
from stx.studies.thesis.verdicts import CANNOT, CANNOT_YET, CARRIED, KEPT, LOST, NONE, NOT_RUN, Verdict, judge

PLACES = ("first", "middle", "last")
Verdicts = dict[str, Verdict]


def write(work: Batch, folder: Path, command: str, failed: dict[str, str]) -> Path:
    """Read the batch's runs from the store, and write the report into `folder` and to the parent run."""
    (folder / "pictures").mkdir(parents=True, exist_ok=True)
    runs = {name: run for name in work.planned if (run := work.run_of(name))}
    evidence = {name: read(run) for name, run in runs.items()}
    material = Material(folder, dict(work.planned), runs, evidence, separation.stored(work))
    verdicts = {claim.name: judge(claim.rule, evidence) for experiment in EXPERIMENTS for claim in experiment.claims}
    html, _ = page.write(folder, "The thesis, reproduced", blocks(material, verdicts, command, failed))
    words = [verdict.word for verdict in verdicts.values()]
    counts = {f"verdict/{word.replace(', ', ' ')}": float(words.count(word)) for word in words}
    work.store.note(work.parent, counts, {"mlflow.note.content": summary(verdicts, command), "stx.command": command})
    work.store.attach(work.parent, folder)
    return html


def summary(verdicts: Verdicts, command: str) -> str:
    """Markdown for the batch's own run."""
    words = [verdict.word for verdict in verdicts.values()]
    counts = ", ".join(f"{words.count(word)} {word}" for word in dict.fromkeys(words))
    lines = [
        f"The thesis's {len(words)} claims: **{counts}**.",
        f"The report is {code('report/report.html')}, below *Artifacts*.",
        "\n".join(f"- {name}: {verdict.word}" for name, verdict in verdicts.items()),
        repeated(command, os.getcwd()),
    ]
    return "\n\n".join(lines)


def blocks(material: Material, verdicts: Verdicts, command: str, failed: dict[str, str]) -> list[Block]:
    return [
        *opening(material, command),
        *verdict_table(verdicts),
        *(block for experiment in EXPERIMENTS for block in section(experiment, material, verdicts)),
        *explain.sections(material),
        *grids(material),
        *outlook.curves(material),
        *outlook.kernels(material),
        *outlook.survey(),
        *contradictions(),
        *all_runs(material, failed),
    ]


def opening(material: Material, command: str) -> list[Block]:
    """What was run, where and how, and what a reader must know about its size."""
    said: list[Block] = [
        Text(
            "A bachelor's thesis (A. Andueza Ibarrola, Universidad Pública de Navarra, 2022) replaced the Gram matrix "
            "of neural style transfer by co-occurrence tensors. Each of its experiments stands here beside the "
            "thesis's own words, with what was measured and a verdict. All numbers come from the tracking store."
        ),
        Text(f"`{command}`"),
    ]
    if not material.runs:
        return [*said, Text("No run has ended yet.")]
    run = next(iter(material.runs.values()))
    width, height = int(run.params["image_size.width"]), int(run.params["image_size.height"])
    share = FULL_PIXELS / (width * height)
    steps = f"{width} x {height} pixels, {run.params['optim.steps']} steps"
    said.append(
        Text(f"{len(material.runs)} runs at {steps}, on {run.tags['stx.hardware']}. {run.tags['stx.versions']}.")
    )
    if abs(share - 1) > 0.02:
        said.append(
            Text(
                "**The size matters.** The thesis worked at 512 x 380 and 1000 steps. L_c is a sum over positions, so "
                f"at this size, which has {1 / share:.2g} times as many of them, the same raw ratio gives the style "
                f"about {share:.2g} times the weight, and the factor 1/(4 N² M²) changes by the square of that. "
                "Verdicts are of this size, and say so; where a run is weighted as at 512 x 380, its beta is divided "
                f"by {share:.2g}."
            )
        )
    said.append(
        Text(
            "How a picture is judged: **style distance** is the sliced Wasserstein distance to the painting at VGG19 "
            "layers that no loss used (conv1_2, conv2_2, conv3_3, conv4_3), as a share of what the untouched "
            f"photograph has; up to {CARRIED} the style is carried, from {NONE} on it is not. **Content distance** is "
            f"the relative feature distance to the photograph at conv4_3; up to {KEPT} the content is kept, from "
            f"{LOST} on it is lost."
        )
    )
    return said


def verdict_table(verdicts: Verdicts) -> list[Block]:
    claims = [claim for experiment in EXPERIMENTS for claim in experiment.claims]
    rows = [
        [claim.name, claim.meaning, f"**{verdict.word}**", verdict.because, verdict.at]
        for claim in claims
        for verdict in [verdicts[claim.name]]
    ]
    columns = ["claim", "the thesis saw", "verdict", "stx measured", "at"]
    return [Heading("Verdicts"), Table(columns, rows), *not_judged(verdicts)]


def not_judged(verdicts: Verdicts) -> list[Block]:
    names = [name for name, verdict in verdicts.items() if verdict.word in (CANNOT, CANNOT_YET)]
    if not names:
        return []
    return [
        Text(
            f"{', '.join(names)}: not what the thesis saw, but at a smaller size or with fewer steps than it had. "
            "`stx thesis device=cuda` runs at its size and steps."
        )
    ]


def section(experiment: Experiment, material: Material, verdicts: Verdicts) -> list[Block]:
    """One experiment: its pictures, the thesis's words, the verdicts, magnitudes and times."""
    if all(verdicts[claim.name].word == NOT_RUN for claim in experiment.claims) and not (
        set(experiment.shows) & set(material.runs)
    ):
        return [Heading(f"{experiment.number} · {experiment.title}"), Text("Not run.")]
    blocks: list[Block] = [Heading(f"{experiment.number} · {experiment.title}")]
    blocks += material.side_by_side(experiment.shows)
    for claim in experiment.claims:
        blocks.append(Quote(claim.said, f"the thesis: {claim.meaning}"))
        verdict = verdicts[claim.name]
        because = verdict.because[:1].upper() + verdict.because[1:]
        at = f" ({verdict.at})" if verdict.at else ""
        blocks.append(Text(f"**{claim.name}: {verdict.word}.** {because}{at}."))
    finished = {name: material.evidence[name] for name in experiment.shows if name in material.evidence}
    if finished:
        blocks.append(outcomes(finished))
        blocks += magnitudes(finished)
    return blocks


def outcomes(finished: dict[str, Evidence]) -> Table:
    rows = [
        [
            name,
            run.outcome + (f" at {run.event}" if run.event else ""),
            str(run.steps),
            f"{run.step_ms:.0f}",
            f"{run.step_ms * run.steps / 1000:.0f}",
            number(run.style),
            number(run.content),
        ]
        for name, run in finished.items()
    ]
    return Table(["run", "outcome", "steps", "ms a step", "seconds", "style distance", "content distance"], rows)


def magnitudes(finished: dict[str, Evidence]) -> list[Block]:
    """Root mean square of the statistic, and E_l, at the first, middle and last step."""
    kinds = ("style_magnitude", "style_loss")
    rows = [
        [name, layer, *(number(run.layers(kind, place).get(layer)) for kind in kinds for place in PLACES)]
        for name, run in finished.items()
        for layer in run.layers("style_magnitude", "first")
    ]
    columns = ["run", "layer", *(f"{what}, {place}" for what in ("magnitude", "E_l") for place in PLACES)]
    caption = "root mean square of the statistic, and the layer's loss before its weight, at three steps"
    return [Table(columns, rows, caption)] if rows else []


def grids(material: Material) -> list[Block]:
    """Figures 1 and 3 of Gatys et al. 2015."""
    reconstructions = material.sheet(
        [[f"e11_{kind}_{layer}" for layer in STYLE_LAYERS] for kind in ("content", "style")],
        "figure1",
        "content from one layer; style from the layers up to it",
        ["content", "style"],
        STYLE_LAYERS,
    )
    ratios = material.sheet(
        [[f"grid_{count}_{beta}" for beta in reversed(BETAS)] for count in range(1, len(STYLE_LAYERS) + 1)],
        "figure3",
        "style layers up to the row's, by the ratio alpha/beta",
        [f"to {layer}" for layer in STYLE_LAYERS],
        [f"{1 / beta:g}" for beta in reversed(BETAS)],
    )
    blocks: list[Block] = []
    if reconstructions:
        blocks += [Heading("E11 as a grid: reconstructions, as in Gatys et al. 2015, figure 1")]
        blocks += [Pictures(reconstructions, 1000)]
    if ratios:
        blocks += [Heading("Layers by ratio, as in Gatys et al. 2015, figure 3"), Pictures(ratios, 1000)]
        blocks += [
            Text(
                "From noise, with the losses calibrated, so that a ratio of 1 means that each style layer pulls as "
                "hard as the content, at any size; their raw ratios belong to their rescaled network and their sizes."
            )
        ]
    return blocks


def contradictions() -> list[Block]:
    return [
        Heading("Where the thesis contradicts itself or its sources"),
        Table(["the thesis", "what is wrong", "the reading that stx follows"], [list(row) for row in CONTRADICTIONS]),
    ]


def all_runs(material: Material, failed: dict[str, str]) -> list[Block]:
    blocks: list[Block] = [Heading("All runs")]
    if failed:
        blocks += [Text("These failed, and are tried again by the same command:")]
        blocks += [Items([f"`{name}`: {message}" for name, message in failed.items()])]
    rows = [
        [name, run.id[:8], material.evidence[name].outcome, f"`{run.tags['stx.command']}`"]
        for name, run in material.runs.items()
    ]
    blocks.append(Table(["run", "id", "outcome", "command"], rows))
    return blocks
