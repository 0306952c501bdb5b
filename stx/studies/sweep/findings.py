"""What a search has found so far, for its page and the terminal: words, a sheet of the best, Optuna's plots."""

import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

from stx.pictures import charts, images
from stx.pictures.sheet import contact_sheet, scaled
from stx.runs.files import OUTPUT
from stx.runs.study import all_trials, optuna
from stx.studies.sweep.report import Findings
from stx.studies.sweep.results import Row
from stx.studies.sweep.sheets import WIDEST
from stx.studies.sweep.thumbnails import CELL, ROLES, shared, thumbnail
from stx.studies.sweep.trials import best

STYLE, CONTENT = "style distance", "content distance"


def findings(
    study: Any, rows: Sequence[Row], folder: Path, trials: int, content_at_most: float | None, draw: bool
) -> Findings:
    """What a search has to say and to show. Without `draw` the plots drawn earlier are reused, as they take seconds."""
    chosen = answer(study, rows, content_at_most)
    said = next(iter(lines(chosen, rows, content_at_most)), "")  # for a front, the sheet shows the rest
    pictures = [*best_sheet(rows, chosen, folder, content_at_most), *plots(study, folder, draw)]
    return Findings(said, trials, pictures, [row.task.number for row in chosen])


def answer(study: Any, rows: Sequence[Row], content_at_most: float | None) -> list[Row]:
    """The best trial's row, or the rows of the front by increasing content distance."""
    numbers = best(study, content_at_most)
    return sorted((row for row in rows if row.task.number in numbers), key=lambda row: row.content)


def lines(chosen: Sequence[Row], rows: Sequence[Row], content_at_most: float | None) -> list[str]:
    """The answer in words, with Markdown's bold, one line for each trial."""
    said = [
        f"trial {row.task.number} (**{row.task.name}**): style distance {row.style:.2f} of the photograph's own, "
        f"content distance {row.content:.2f}"
        for row in chosen
    ]
    if content_at_most is None:
        return [f"The front has {len(said)} trials.", *(f"{one}." for one in said)] if said else []
    if said:
        return [f"Best at a content distance of at most {content_at_most:g}: {said[0]}."]
    measured = [row.content for row in rows if row.outcome == "finished" and row.content == row.content]
    least = f": the least was {min(measured):.2f}" if measured else ""
    return [f"No trial has a content distance of at most {content_at_most:g}{least}."] if measured else []


def best_sheet(
    rows: Sequence[Row], chosen: Sequence[Row], folder: Path, content_at_most: float | None
) -> Iterator[tuple[str, Path]]:
    """Draw a sheet of the best trials after the photograph and the painting that they share; yield its title and path.

    It shows the front, or the trials nearest to the style among those near enough to the photograph, with a frame
    around the answer.
    """
    ends = list(chosen) if content_at_most is not None else []
    if content_at_most is not None:
        near = [row for row in rows if row.outcome == "finished" and row.content <= content_at_most]
        chosen = sorted((row for row in near if row.style == row.style), key=lambda row: row.style)
    thumbnails = [(row, picture) for row in chosen[:WIDEST] if (picture := thumbnail(row.task.folder / OUTPUT))]
    if thumbnails:
        size = scaled(thumbnails[0][1].size, CELL if len(thumbnails) < WIDEST / 2 else CELL // 2)
        labelled = [(role, picture) for role in ROLES for picture in shared([row for row, _ in thumbnails], role)]
        labelled += [(f"{row.task.number}: {row.style:.2f}, {row.content:.2f}", picture) for row, picture in thumbnails]
        path, names = folder / "search-best.jpg", [name for name, _ in labelled]
        first = len(labelled) - len(thumbnails)
        framed = next(((0, first + n) for n, (row, _) in enumerate(thumbnails) if [row] == ends), None)
        line = [picture for _, picture in labelled]
        images.save(contact_sheet([line], column_labels=names, cell=size, framed=framed), path)
        yield "The front: style, content" if content_at_most is None else "The best: style, content", path


def plots(study: Any, folder: Path, anew: bool) -> list[tuple[str, Path]]:
    """Optuna's plots, as far as the trials allow; a plot that cannot be drawn is no reason to end a search."""
    charts.fonts_elsewhere()
    import matplotlib

    matplotlib.use("Agg")
    complete = [one for one in all_trials(study) if one.state == optuna().trial.TrialState.COMPLETE]
    drawn: list[tuple[str, Path]] = []
    for title, name, draw in drawings(study, complete):
        path = folder / f"search-{name}.png"
        with suppress(ValueError, RuntimeError):  # as for the importances of trials that are all alike
            if anew:
                drawn_at(path, draw)
        if path.exists():
            drawn.append((title, path))
    return drawn


def drawings(study: Any, complete: Sequence[Any]) -> Iterator[tuple[str, str, Callable[[], Any]]]:
    """Title, name and drawing function of each plot."""
    from optuna.visualization import matplotlib as draw

    names = [STYLE, CONTENT][: len(study.directions)]
    if not complete:
        return
    if len(names) == 2:
        yield "The front", "front", partial(draw.plot_pareto_front, study, target_names=names)
    for place, name in enumerate(names):
        of: dict[str, Any] = {"target": partial(value, place) if len(names) == 2 else None, "target_name": name}
        history = partial(draw.plot_optimization_history, study, **of)
        yield f"{name.capitalize()} in the order of trials", f"history-{name.split()[0]}", history
        if len(complete) > 1:
            hangs_on = partial(draw.plot_param_importances, study, **of)
            yield f"What the {name} hangs on", f"importances-{name.split()[0]}", hangs_on
    if any(one.intermediate_values for one in all_trials(study)):
        yield "Along the way", "along-the-way", partial(draw.plot_intermediate_values, study)


def value(place: int, one: Any) -> float:
    return float(one.values[place])


def drawn_at(path: Path, draw: Callable[[], Any]) -> None:
    from matplotlib import pyplot

    with pyplot.rc_context(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Optuna warns about what it draws and how
        try:
            figure = draw().figure
            figure.set_size_inches(7, 4)
            figure.savefig(path, dpi=110, bbox_inches="tight")
        finally:
            pyplot.close("all")
