"""The leaderboard: what each statistic scores against the reference at equal content distance, all from the store."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path

from PIL import Image

from stx import charts, page
from stx.batch import Batch
from stx.compare.leaderboard import CONFIDENCE, Ratio, mean_of, ranking, ratio, step_time, unmet
from stx.compare.protocol import Cell, Protocol, cells, first_beta
from stx.compare.work import CONTENT, Made, Runs, closest
from stx.metrics import circular
from stx.page import Block, Heading, Items, Picture, Pictures, Table, Text
from stx.sheet import contact_sheet, fitted

JUDGED_BY = "measure/sliced_wasserstein"
"""What the ranking is by."""
MEASURES = {
    JUDGED_BY: "sliced Wasserstein",
    "measure/frechet": "Fréchet",
    "measure/gram": "Gram",
    "measure/colour": "colour",
    CONTENT: "content",
    "measure/cfsd": "structure (CFSD)",
    "measure/ssim": "SSIM (higher is nearer)",
}
CELL = (192, 192)


def write(
    work: Batch,
    protocol: Protocol,
    runs: Mapping[Cell, Sequence[Made]],
    failed: Mapping[str, str],
    folder: Path,
    command: str,
) -> Path:
    """The report into `folder`, and onto the parent run. Returns the HTML page."""
    (folder / "pictures").mkdir(parents=True, exist_ok=True)
    ratios = {name: ratio(protocol, runs, name, JUDGED_BY) for name in protocol.statistics}
    blocks = [
        *opening(work, protocol, runs, command),
        *board(work, protocol, runs, ratios),
        *balance(protocol, runs),
        *pareto(protocol, runs, folder),
        *sheets(protocol, runs, folder),
        *all_runs(protocol, runs, failed),
    ]
    html, _ = page.write(folder, "Style statistics compared", blocks)
    metrics = {f"ratio/{name}": found.mean for name, found in ratios.items() if found}
    work.store.note(work.parent, metrics, {"mlflow.note.content": summary(ratios), "stx.command": command})
    work.store.attach(work.parent, folder)
    return html


def summary(ratios: Mapping[str, Ratio | None]) -> str:
    return "\n\n".join(f"**{name}**: {shown(ratios[name])} of the reference" for name in ranking(ratios))


def shown(found: Ratio | None) -> str:
    if found is None:
        return "–"
    interval = "" if math.isnan(found.low) else f" ({found.low:.3f} to {found.high:.3f})"
    return f"{found.mean:.3f}{interval}"


def opening(work: Batch, protocol: Protocol, runs: Runs, command: str) -> list[Block]:
    made = [one.run for several in runs.values() for one in several]
    said: list[Block] = [Text(f"`{command}`")]
    if not made:
        return [*said, Text("No run has ended yet.")]
    run = made[0]
    counted = len(protocol.photographs), len(protocol.styles), len(protocol.seeds)
    return [
        *said,
        Text(
            f"{counted[0]} photographs x {counted[1]} styles x {counted[2]} seeds, {len(made)} runs at "
            f"{run.params['image_size.width']} x {run.params['image_size.height']} pixels and "
            f"{run.params['optim.steps']} steps, on {run.tags['stx.hardware']}. {run.tags['stx.versions']}."
        ),
        Text(
            f"Every statistic's weight was searched, in at most {protocol.runs} runs, until its picture was as far "
            f"from the photograph (`{CONTENT}`, held out) as `{protocol.reference}`'s at beta = "
            f"{first_beta(protocol, protocol.reference):g}: style at "
            "another content distance says nothing. "
            "The measures are of layers that no statistic here optimised."
        ),
    ]


def board(work: Batch, protocol: Protocol, runs: Runs, ratios: Mapping[str, Ratio | None]) -> list[Block]:
    """One row a statistic, the best first."""
    if not runs:
        return []
    reference = step_time(
        made[0].run for cell in cells(protocol) if (made := runs.get(cell)) and is_reference(cell, protocol)
    )
    rows = []
    for name in ranking(ratios):
        functions, style_layers, content_layers = optimised(work, protocol, runs, name)
        row = [f"`{name}`"]
        for measure in MEASURES:
            found = ratios[name] if measure == JUDGED_BY else ratio(protocol, runs, name, measure)
            flagged = circular(measure, functions, style_layers, content_layers)
            bold = found is not None and found.differs and measure == JUDGED_BY
            row.append((f"**{shown(found)}**" if bold else shown(found)) + (" †" if flagged else ""))
        time = step_time(
            one.run for cell in cells(protocol) if cell.statistic == name for one in runs.get(cell, ())[:1]
        )
        rows.append([*row, f"{time / reference:.2f}"])
    untouched = mean_of(protocol, runs, protocol.reference, "baseline/sliced_wasserstein")
    own = mean_of(protocol, runs, protocol.reference, JUDGED_BY)
    return [
        Heading("Leaderboard"),
        Table(
            ["statistic", *MEASURES.values(), "time a step"],
            rows,
            f"each measure over `{protocol.reference}`'s on the same pictures and seed, geometric mean over pairs of "
            "pictures; below 1 is nearer to the style (or, from content on, to the photograph)",
        ),
        Text(
            f"In brackets the {CONFIDENCE:.0%} confidence interval, by the bootstrap over pairs of pictures; bold "
            "where it excludes 1. † circular: the statistic optimised what the measure measures, if at other layers. "
            f"The untouched photographs are at {untouched / own:.2f} times the reference's sliced Wasserstein distance."
        ),
    ]


def is_reference(cell: Cell, protocol: Protocol) -> bool:
    return cell.statistic == protocol.reference


def optimised(work: Batch, protocol: Protocol, runs: Runs, statistic: str) -> tuple[list[str], list[str], list[str]]:
    """The functions that a statistic's runs optimised, and at which layers."""
    config = next(planned.job.config for name, planned in work.planned.items() if name.startswith(f"{statistic}-"))
    weights = config.loss_weights
    functions = [term.target.rpartition(".")[2] for term in config.style_stat.by_name().values()]
    return functions, weights.style_layers, weights.content_layers


def balance(protocol: Protocol, runs: Runs) -> list[Block]:
    left = unmet(protocol, runs)
    if not runs:
        return []
    if not left:
        return [Text(f"All pictures met the reference's content distance within {protocol.tolerance:.0%}.")]
    worst = sorted(left, key=lambda item: -abs(math.log(item[1])))
    return [
        Text(f"{len(left)} pictures did not meet the reference's content distance within {protocol.tolerance:.0%}:"),
        Items(
            [
                f"`{cell.statistic}`, {Path(cell.photograph).stem} in {Path(cell.style).stem}, "
                f"seed {cell.seed}: {share:.3f} of it"
                for cell, share in worst[:20]
            ]
        ),
    ]


def pareto(protocol: Protocol, runs: Runs, folder: Path) -> list[Block]:
    """Style against content of every run, as shares of the pair's untouched photograph and of its reference."""
    series: dict[str, list[tuple[float, float]]] = {}
    for cell in cells(protocol):
        for made in runs.get(cell, ()):
            found = made.run.latest
            untouched = found.get("baseline/sliced_wasserstein", math.nan)
            series.setdefault(cell.statistic, []).append((found[CONTENT], found.get(JUDGED_BY, math.nan) / untouched))
    if not series:
        return []
    charts.points(
        folder / "pictures" / "pareto.png",
        series,
        title="Style against content, every run; nearer to the lower left is better",
        x="content distance",
        y="style distance, of the photograph's",
    )
    return [Heading("Style against content"), Picture("pictures/pareto.png", "every run, those of the search too")]


def sheets(protocol: Protocol, runs: Runs, folder: Path) -> list[Block]:
    """Photograph, style and every statistic's picture, a row for each pair, of the first seed."""
    rows, labels = [], []
    for photograph in protocol.photographs:
        for style in protocol.styles:
            row = [Cell(name, photograph, style, protocol.seeds[0]) for name in protocol.statistics]
            shown_runs = [closest(protocol, cell, runs) for cell in row]
            first = next((made for made in shown_runs if made), None)
            if first:
                rows.append(
                    [
                        picture(first, "content.png"),
                        picture(first, "style.png"),
                        *(picture(made) for made in shown_runs),
                    ]
                )
                labels.append(f"{Path(photograph).stem} · {Path(style).stem}")
    if not any(cell for row in rows for cell in row):
        return []
    sheet = contact_sheet(
        rows, row_labels=labels, column_labels=["photograph", "style", *protocol.statistics], cell=CELL
    )
    sheet.resize(fitted(sheet.size, 2400)).save(folder / "pictures" / "sheet.jpg", quality=88)
    return [Heading("Pictures"), Pictures([Picture("pictures/sheet.jpg", "at equal content distance")], 1000)]


def picture(made: Made | None, file: str = "output.png") -> Image.Image | None:
    try:
        with Image.open(made.run.artifact(file)) as opened:  # type: ignore[union-attr]
            return opened.convert("RGB")
    except (AttributeError, OSError):
        return None


def all_runs(protocol: Protocol, runs: Runs, failed: Mapping[str, str]) -> list[Block]:
    found: list[Block] = [Heading("All runs")]
    if failed:
        found += [Text("These failed, and are tried again by the same command:")]
        found += [Items([f"`{name}`: {message}" for name, message in failed.items()])]
    rows = [
        [
            cell.statistic,
            Path(cell.photograph).stem,
            Path(cell.style).stem,
            str(cell.seed),
            f"{made.beta:g}",
            made.run.id[:8],
        ]
        + [f"{made.run.latest.get(measure, math.nan):.3f}" for measure in (CONTENT, JUDGED_BY)]
        for cell in cells(protocol)
        for made in runs.get(cell, ())
    ]
    columns = ["statistic", "photograph", "style", "seed", "beta", "id", "content", "sliced Wasserstein"]
    return [*found, Table(columns, rows)]
