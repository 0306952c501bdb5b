"""stx paint: a photograph in the style of a painting, in one command and a few words."""

if __name__ == "__main__":  # before the imports, so that Ctrl-C is handled during them
    from stx.__main__ import answer_ctrl_c

    answer_ctrl_c()

import argparse
import logging
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from stx.config import command, flags, search_path
from stx.config.compose import at_work, choices_of, compose, composition, key_of, override
from stx.config.effects import refuse_ineffective
from stx.config.paths import exists
from stx.config.typed import as_typed
from stx.errors import UserError
from stx.runs import words
from stx.runs.words import MIDDLE

if TYPE_CHECKING:
    from stx.model.prepare import Inputs
    from stx.runs.job import Job, Result

WEAKEST, STRONGEST = 0.1, 3.0
"""What --strength 0 and 1 multiply the config's own loss_weights.beta by: a third of it still gives most style."""
KEEPING = ("style_stat=mean_std", "colour=luminance")
"""Options that keep more of the photograph."""
EXAMPLES = """
examples
  stx paint photo.jpg painting.jpg -o out.jpg
  stx paint photo.jpg painting.jpg -o out.png --strength 0.8 --size 1024
  stx paint china swirls                                pictures that come with stx
  stx paint photo.jpg painting.jpg -o out.tif output.bits=16 output.timelapse=gif
  stx paint photo.jpg painting.jpg device=cuda seed=3   other options are key=value as for `stx run`

Beside out.jpg, stx writes out-sheet.jpg, with photograph, painting and result, and out.preview.jpg while it works.
Ctrl-C ends the run early and keeps the picture so far. It is a run like any other: `stx run --help` lists all options.
"""


def main() -> None:
    logging.basicConfig(format="%(message)s", level=logging.INFO)
    given: list[str] = []
    with command.answering(given):
        asked = parser().parse_intermixed_args()
        asked.overrides = as_typed(search_path.typed(asked))
        given += asked.overrides
        output = paint(asked)
    command.result(str(output))


class Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """Raise UserError with a short message instead of printing the usage."""
        if flag := flags.flag_of_run(sys.argv[1:], self._option_string_actions):
            raise UserError(f"{flag}: that is for stx run; stx paint makes one picture, and --help lists its options")
        if resume := next((text for text in sys.argv[1:] if text.startswith("resume=")), ""):
            raise UserError(f"stx paint begins a picture; to continue one: stx run {resume}")
        hint = ""
        if dashed := next((text for text in sys.argv[1:] if text.startswith("-") and exists(text)), ""):
            hint = f"; for the file of that name: ./{dashed}"
        message = flags.unrecognised(message, self._option_string_actions)
        if message.startswith(("--content", "--style:", "--style=")):
            message = "the photograph and the painting are given as they stand, without --content and --style"
        raise UserError(f"{message}{hint}\nstx paint photo.jpg painting.jpg -o out.jpg; --help shows more")


def parser() -> argparse.ArgumentParser:
    options = Parser(
        prog="stx paint",
        description="Paint a photograph in the style of a painting.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawTextHelpFormatter,
        allow_abbrev=False,
    )
    options.add_argument("photo", help="a path, or the name of a bundled picture")
    options.add_argument("painting", help="likewise")
    options.add_argument("overrides", nargs="*", default=[], metavar="key=value", help="options of `stx run`")
    options.add_argument(
        "-o",
        "--output",
        metavar="FILE",
        help="PNG, JPEG, WebP, TIFF or BMP, by its ending; a file of that name is replaced (default: the next free "
        "PHOTO-PAINTING.png)",
    )
    options.add_argument(
        "--strength",
        type=strength,
        metavar="0..1",
        help=f"of the painting's style (default: {MIDDLE:g}); 0 is a tenth of the weight, 1 three times as much",
    )
    options.add_argument("--size", type=pixels, metavar="PIXELS", help="of the longer side (default: image_size)")
    options.add_argument("--live", action="store_true", help="show the run on a web page, which can also stop it")
    search_path.add_flag(options)
    return options


def strength(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1
    if not 0 <= value <= 1:
        raise argparse.ArgumentTypeError(f"{text} should be a number from 0 (least style) to 1 (most), such as 0.8")
    return value


def pixels(text: str) -> int:
    if not text.isdecimal() or int(text) == 0:
        raise argparse.ArgumentTypeError(f"{text} should be a whole number of pixels, such as 1024")
    return int(text)


def paint(asked: argparse.Namespace) -> Path:
    """Run what was asked for and return the picture's path.

    Raises UserError before anything is written, and whatever `run` raises.
    """
    refuse_twice(asked)
    for text in asked.overrides:
        if key_of(text).startswith(("sweep.", "hydra/launcher", "hydra/sweeper")):
            raise UserError(f"{text}: that is for stx run --multirun; stx paint makes one picture")
    job, inputs = plan(asked)
    # Imported late: torch takes a second, which --help and mistakes in the options need not wait for.
    from stx.pictures import images
    from stx.runs import describe, estimate
    from stx.runs.check import reach_store
    from stx.runs.delivery import Files
    from stx.runs.identity import refuse_taken
    from stx.runs.make import run

    reach_store(job.config)
    refuse_taken(job.folder)
    photo, painting = images.load(asked.photo), images.load(asked.painting)
    below, beside = inputs.style.shape[1:]
    expected = estimate.seconds(job.config, inputs)
    command.say(words.opening((photo.size, inputs.size), (painting.size, (beside, below)), expected))
    files = Files.of(job.config)
    replaced = " (replaces the file that is there)" if files.output.exists() else ""
    command.say(f"{describe.command(job)}\n{files.output}{replaced}; until it is done: {files.preview}")

    del inputs  # the run makes its own
    result = run(job)
    if closing := ending(result, asked):
        command.say(closing)
    return result.picture


def ending(result: "Result", asked: argparse.Namespace) -> str:
    if result.outcome != "finished" or (asked.strength is None and "loss_weights.beta" in map(key_of, asked.overrides)):
        return ""
    typed = {key_of(text).partition(".")[0] for text in asked.overrides}
    other = [option for option in KEEPING if key_of(option) not in typed]
    return words.suggestion(result.measured, MIDDLE if asked.strength is None else asked.strength, other)


def plan(asked: argparse.Namespace) -> tuple["Job", "Inputs"]:
    """The run, checked as `stx run` checks it. Raises UserError."""
    from stx.runs.check import begin_store, check
    from stx.runs.naming import run_name

    overrides = [
        override("content", asked.photo),
        override("style", asked.painting),
        *(["image_size=photograph", f"image_size.long_side={asked.size}"] if asked.size is not None else []),
        *(["live=true"] if asked.live else []),
        *asked.overrides,
    ]
    with at_work():
        begin_store(compose(overrides))  # before all that imports torch
        from stx.runs.job import Job

        if "output.file" not in map(key_of, asked.overrides):
            overrides.append(override("output.file", output(asked)))
        if asked.strength is not None:
            beta = composition(overrides).config.loss_weights.beta * factor(asked.strength)
            overrides.append(f"loss_weights.beta={beta:.3g}")
        whole = compose(overrides)
        folder, choices = Path(whole.hydra.run.dir), choices_of(whole.hydra)
        try:
            config, inputs = check(whole, folder, alone=True)
        except UserError as error:  # named as this command names it
            typed = f"-o {asked.output}".rstrip()
            raise UserError(str(error).replace(f"output.file={asked.output}", typed)) from None
        refuse_ineffective(config, overrides)
        return Job(config, folder, choices, overrides, name=run_name(config, choices)), inputs


def factor(strength: float) -> float:
    """What a strength multiplies the style's weight by: geometric between WEAKEST, 1 at MIDDLE, and STRONGEST."""
    away = (strength - MIDDLE) / MIDDLE
    return float(STRONGEST**away if away > 0 else WEAKEST**-away)


def output(asked: argparse.Namespace) -> str:
    """The name that was asked for, or the next free one."""
    from stx.runs.delivery import free

    return str(free(asked.photo, asked.painting)) if asked.output is None else str(asked.output)


def refuse_many(text: str, asked: argparse.Namespace) -> None:
    """Raise UserError for a folder or a glob in place of a picture."""
    from stx.pictures.listing import is_listing  # late: --help need not wait for it

    if is_listing(text):
        sweep = shlex.join(["stx", "run", f"content={asked.photo}", f"style={asked.painting}"])
        raise UserError(f"{text} stands for many pictures, and paint makes one; for all of them: {sweep}")


def refuse_twice(asked: argparse.Namespace) -> None:
    """Raise UserError for words that the command does not take, and for overrides of what it sets itself."""
    sets = {"content": "the first picture", "style": "the second picture"}
    if asked.output is not None:
        sets["output.file"] = "-o"
    if asked.strength is not None:
        sets["loss_weights.beta"] = "--strength"
    if asked.size is not None:
        sets |= dict.fromkeys(("image_size", "image_size.width", "image_size.height", "image_size.long_side"), "--size")
    if asked.live:
        sets["live"] = "--live"
    if asked.photo == "null":
        texture = shlex.join(["stx", "run", "content=null", f"style={asked.painting}"])
        raise UserError(f"null: paint takes a photograph; a texture, without one, is {texture}")
    for text in (asked.photo, asked.painting):
        if "=" in text and not exists(text):
            raise UserError(f"{text}: the two pictures come first; key=value and options behind them")
        refuse_many(text, asked)
    for text in asked.overrides:
        if "=" not in text and not text.startswith("~"):
            raise UserError(
                f"{text}: two pictures are enough (the result's name: -o {text}; several styles: stx run "
                "'style=[a.jpg,b.jpg]'; many photographs: stx run content=photos/); all else is key=value"
            )
        key = key_of(text)
        if key == "resume":
            raise UserError(f"{text}: paint begins a picture; to go on with one: stx run {text}")
        if key in ("output", "size", "strength"):
            raise UserError(f"{text}: here that is typed with dashes: --{key} {shlex.quote(text.partition('=')[2])}")
        if key in sets:
            raise UserError(f"{text}: {sets[key]} sets this already; leave one of them out")


if __name__ == "__main__":
    main()
