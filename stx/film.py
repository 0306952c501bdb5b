"""stx film: a film, each frame starting from the previous result."""

if __name__ == "__main__":  # before the imports, so that Ctrl-C is handled during them
    from stx.__main__ import answer_ctrl_c

    answer_ctrl_c()

import argparse
import logging
import math
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from stx.config import command, flags, paths, search_path
from stx.config.own_options import own_options
from stx.config.paths import is_glob
from stx.errors import UserError
from stx.runs.words import remaining

if TYPE_CHECKING:
    from stx.runs.tracking.parent import NoParent
    from stx.studies.film.frames import Plan
    from stx.studies.film.reel import Reel
    from stx.studies.film.work import Frame

EXAMPLES = """
examples
  stx film film=clip.mp4 style=swirls              a video file, by PyAV
  stx film film=frames style=painting.jpg rate=24  a folder of pictures, in the order of their names
  stx film 'film=frames/*.png' style=painting.jpg  the pictures that match a glob
  stx film film=clip.mp4 image_size.long_side=256 steps=30
  stx film film=clip.mp4 temporal.weight=10        a stronger pull; 0: frames only start from the previous result
  stx film film=clip.mp4 style_stat=gram alone=0   without independent frames for comparison
  stx film film=clip.mp4 output=out                out/frames, out/film.mp4, out/report

The same command continues where it was stopped. conf/film/film.yaml explains steps, cut, alone and rate. All other
options are key=value as for stx run, and apply to all frames. The film has no sound.
"""
GOES_ON = "interrupted; the same command goes on from here, and the frames so far are kept"
OWN = ("film", "output", "steps", "cut", "alone", "rate")


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="stx film", description=__doc__, epilog=EXAMPLES, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("overrides", nargs="*", metavar="key=value", help="film=..., and see the examples")
    search_path.add_flag(parser)
    arguments = command.words_of(parser, (*OWN, *flags.OF_RUNS))
    logging.basicConfig(format="%(message)s", level=logging.WARNING)
    with command.answering_batch(lambda: search_path.typed(arguments), OWN) as given:
        path = run(given)
    command.result(str(path))


def run(given: Sequence[str]) -> Path:
    """Make the film and return its path."""
    from stx.studies.film import options

    own, typed = own_options(given, OWN)
    asked = options.read(own)
    options.refuse_decided(typed)
    if "film" not in own:
        raise UserError("film= must be given: a folder of pictures, a glob, or a video file")
    folder = paths.output_folder(own.get("output", f"outputs/film-{called(own['film'])}"))
    # Imported late: torch takes a second, which --help and mistakes in the options need not wait for.
    from stx.loop.signals import raising
    from stx.pictures import clip, flow
    from stx.runs.check import reach_store
    from stx.runs.files import alone_in
    from stx.studies.film import frames, reel

    flow.refuse_missing()
    clip.refuse_missing()
    source = clip.read(own["film"], asked.rate)
    if "rate" in own and not source.pictures:
        raise UserError(f"rate={own['rate']}: {own['film']} has its own, {source.rate} frames a second; leave it out")
    plan = frames.plan(source, asked, typed, folder)
    reel.refuse_another(folder, plan.identity)
    reach_store(plan.config)
    folder.mkdir(parents=True, exist_ok=True)
    command_line = search_path.command_line(["film"], given)
    with alone_in(folder), raising():
        place = reel.Reel(folder)
        reel.record(place, plan.identity, source, plan.size, command_line)
        reel.unreel(place, source, plan.size)
        with film_run(plan, folder) as parent_run:
            return filmed(plan, place, parent_run, command_line)


def called(film: str) -> str:
    """What a film is called in its folder's name: its stem, or for a glob the last part that is an identifier."""
    if not is_glob(film):
        return Path(film).stem
    return next((part for part in reversed(Path(film).parts) if part.isidentifier()), "frames")


def filmed(plan: "Plan", place: "Reel", parent_run: "NoParent", typed: str) -> Path:
    """Make the frames, the film and the report. Each frame is reported to the store as soon as it is done."""
    from stx.studies.film import reel, report, work

    command.say(opening(plan, place))
    earlier = parent_run.told("brightness")
    resumed = {number for number in range(1, plan.film.length + 1) if place.run(number).exists()}
    rows, began = [], time.monotonic()
    for frame in work.frames(plan, place):
        taken, began = time.monotonic() - began, time.monotonic()
        rows.append(frame)
        if frame.number not in earlier:
            parent_run.measured(frame.metrics(), frame.number)
        rest = "" if frame.number in resumed else left(frame, taken, plan)
        command.say(f"{frame.number}/{plan.film.length} {progress(frame)}{rest}")
    path = reel.join(place, plan.film, plan.size)
    alone = {}
    for number, flicker in work.by_themselves(plan, place):
        alone[number] = flicker
        command.say(f"frame {number} by itself, to compare with: flicker {flicker:.4f}")
    files, total = report.write(plan, place, rows, alone, typed), report.summary(rows, alone)
    note = report.description(total, typed)
    parent_run.show([path, *files], {"stx.command": typed, "mlflow.note.content": note})
    command.say(f"{note.splitlines()[0].replace('**', '')}\nthe report: {files[0]}")
    return path


def opening(plan: "Plan", place: "Reel") -> str:
    """What is about to be made: frames, size, steps for the first frame and for each of the others, and the folder."""
    width, height = plan.size
    each = f"{plan.config.optim.steps} steps for the first, {plan.options.steps} for each of the others"
    return f"{plan.film.source}: {plan.film.length} frames, {width} x {height}; {each}; {place.folder}"


def left(frame: "Frame", taken: float, plan: "Plan") -> str:
    """The time for the other frames and those made by themselves, if each step takes as long as one of this frame.

    Empty for a frame that was there already and if nothing is left.
    """
    first, later = plan.config.optim.steps, plan.options.steps
    alone = max(0, min(plan.options.alone, plan.film.length) - 1)
    steps = (plan.film.length - frame.number) * later + alone * first
    if frame.kept or not steps:
        return ""
    return f", about {remaining(taken / (first if frame.anew else later) * steps)}"


def progress(frame: "Frame") -> str:
    words = ["kept" if frame.kept else frame.outcome]
    if frame.anew and frame.number > 1:
        words.append(f"a new scene: {frame.consistent:.0%} of it was seen before")
    elif frame.number > 1:
        words.append(f"{frame.consistent:.0%} of it seen before")
    if math.isfinite(frame.flicker):
        words.append(f"flicker {frame.flicker:.4f}")
    return ", ".join(words)


@contextmanager
def film_run(plan: "Plan", folder: Path) -> Iterator["NoParent"]:
    """Open the film's own run in the store, which ends with the block."""
    from stx.runs.tracking.parent import parent

    title = f"film: {Path(plan.film.source).name}, {plan.film.length} frames"
    parent_run, ended = parent([plan.config.tracking], folder, title, "film", "the same command"), ("failed", "FAILED")
    try:
        yield parent_run
        ended = ("finished", "FINISHED")
    except KeyboardInterrupt:
        ended = ("interrupted", "KILLED")
        raise KeyboardInterrupt(GOES_ON) from None
    except SystemExit:
        ended = ("interrupted", "KILLED")
        command.say(f"stx: {GOES_ON}")
        raise
    finally:
        parent_run.end(*ended)


if __name__ == "__main__":
    main()
