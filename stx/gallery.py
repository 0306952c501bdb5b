"""stx gallery: a page of runs in a single file, to sort, filter and look at closely."""

if __name__ == "__main__":  # before the imports, so that Ctrl-C is handled during them
    from stx.__main__ import answer_ctrl_c

    answer_ctrl_c()

import argparse
import logging
import re
from collections.abc import Sequence
from pathlib import Path

from stx.config import command, stores
from stx.config.compose import key_of
from stx.config.secrets import taken_out
from stx.errors import UserError, did_you_mean

EXAMPLES = """
examples
  stx gallery                                      the runs of the default experiment
  stx gallery outputs/sweeps/2026-11-29/10-00-00-000000
                                                   a sweep's folder, or any folder that contains runs: needs no store
  stx gallery mine                                 an experiment
  stx gallery 4f1d9c52e0b84a3c9d1f0a7b6c5d4e3f     a sweep, a comparison or a run, by its id in MLflow
  stx gallery "params.style_stat = 'gram'"         an MLflow filter
  stx gallery tracking.experiment=outputs          an experiment that has the name of a folder of runs
  stx gallery tracking.uri=http://server:5000 output=page.html

The page is outputs/gallery.html. output= names another folder, or a file that ends in .html.
"""
OWN = ("output", *stores.OPTIONS)
OUTPUT = "outputs"


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="stx gallery",
        description=__doc__,
        epilog=EXAMPLES,
        formatter_class=argparse.RawTextHelpFormatter,
    )
    parser.add_argument("words", nargs="*", metavar="runs", help="which runs, and key=value; see the examples")
    arguments = command.words_of(parser, OWN)
    logging.basicConfig(format="%(message)s", level=logging.WARNING)
    told: list[str] = []
    with command.answering(told):
        typed = taken_out(arguments.words)
        own = [text for text in typed if "=" in text and key_of(text) in OWN]  # a folder may be called output
        told += [text for text in own if key_of(text) != "output"]
        path = run(own, [text for text in typed if text not in own], told)
    command.result(str(path))


def run(own: Sequence[str], words: Sequence[str], told: Sequence[str]) -> Path:
    """Write the page and return its path.

    `own` are the command's options; `told` are those of them that say where runs are tracked.
    """
    asked = which(words)
    # Imported late: torch takes a second, which --help and mistakes in the options need not wait for.
    from stx.runs.selection import selected
    from stx.studies.gallery import writing

    output = next((text.partition("=")[2] for text in reversed(own) if key_of(text) == "output"), OUTPUT)
    path = writing.place(output)
    command.say(f"reading {asked or 'the runs'}")
    selection = selected(asked, stores.tracking(told))
    count = len(selection.runs)
    command.say(f"{selection.asked}: {count} run{'s' * (count != 1)}")
    written = writing.write(selection, path)
    if written.without:
        command.say(f"{written.without} of them without a picture")
    if written.shrunk:
        command.say(
            f"there are many, so pictures have at most {written.sides.result} pixels a side, and "
            f"{written.sides.along or 'none'} along the way"
        )
    return path


def which(words: Sequence[str]) -> str:
    """The word that says which runs to show, or "" if none does. Raises UserError for several, or a mistyped option."""
    for text in words:
        key = key_of(text)
        option = re.fullmatch(r"[\w.]+=\S*", text) and not key.startswith(stores.FILTERED)
        if option and (hint := did_you_mean(key, OWN)):
            raise UserError(f"{text}: no option is called {key}{hint}; the options are {', '.join(OWN)}")
    if len(words) > 1:
        raise UserError(
            f"{' '.join(words)}: one folder, experiment, id or filter is shown at a time\n"
            "a filter goes in quotes: \"params.style_stat = 'gram'\""
        )
    return words[0] if words else ""


if __name__ == "__main__":
    main()
