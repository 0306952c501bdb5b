"""stx survey: which pictures people prefer, two at a time and blind, and which measure agrees with them."""

if __name__ == "__main__":  # before the imports, so that Ctrl-C is handled during them
    from stx.__main__ import answer_ctrl_c

    answer_ctrl_c()

import argparse
import logging
import random
import re
import shlex
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from stx.config import command, paths, stores
from stx.errors import UserError, did_you_mean

EXAMPLES = """
examples
  stx survey create outputs/compare-quick         the statistics of a comparison, at equal content
  stx survey create stx by=pooling                an experiment's runs, by a param other than style_stat
  stx survey create "params.seed = '0'" output=outputs/mine questions=40
  stx survey serve outputs/survey                 on this machine: http://127.0.0.1:8470/
  stx survey score outputs/survey                 the collected answers, and the files in outputs/survey/answers
  stx survey score outputs/survey answers-*.json  and these files

The page is a single file that makes no network requests: send it, and have the answers sent back as files; or serve it.
Only key.json says which method made which picture. See docs/survey.md for more.
"""
FURTHER = {
    "output": "the folder to write",
    "tracking": "none: runs in folders, without a store",
    "tracking.uri": "the store",
    "tracking.experiment": "the experiment in it",
}
"""Options that survey.yaml does not have."""


def main() -> None:
    parser = Parser(
        prog="stx survey", description=__doc__, epilog=EXAMPLES, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("words", nargs="*", metavar="word", help="create, serve or score; what to use; and key=value")
    arguments = command.words_of(parser, [name for verb in verbs() for name in VERBS[verb].options])
    logging.basicConfig(format="%(message)s", level=logging.WARNING)
    with command.answering_batch(lambda: arguments.words, ()) as given:
        path = run(given)
    command.result(str(path))


class Parser(argparse.ArgumentParser):
    def format_help(self) -> str:
        """The help with the options of the verb that was typed, or of all verbs if none was."""
        from stx.studies.survey.options import documented  # late: it is slow, and only the help needs it

        said = documented() | {name: (name, text) for name, text in FURTHER.items()}
        parts = [super().format_help()]
        for name in verbs():
            lines = [f"  {spelled:20} {text}" for spelled, text in map(said.__getitem__, VERBS[name].options)]
            parts.append("\n".join([f"options of stx survey {name}, as key=value", *lines, ""]))
        return "\n".join(parts)


def verbs() -> list[str]:
    """Those that were typed, or all if none was."""
    return [word for word in sys.argv[1:] if word in VERBS] or [*VERBS]


def run(given: Sequence[str]) -> Path:
    """Run the verb that was typed and return the path of its result. Raises UserError."""
    name = given[0] if given else ""
    if name not in VERBS:
        raise UserError(f"{name or 'stx survey'}: say {', '.join(VERBS)}{did_you_mean(name, VERBS)}")
    verb = VERBS[name]
    own, words = options(name, given[1:], verb.options)
    return verb.do(own, words, shlex.join(["stx", "survey", *given]))


def options(verb: str, given: Sequence[str], names: Sequence[str]) -> tuple[dict[str, str], list[str]]:
    """Split words into the options in `names` and the rest: folders, files, or a filter, which may contain "=".

    Raises UserError for an unknown option.
    """
    split = {text: text.partition("=") for text in given}
    own = {key: value for key, equals, value in split.values() if equals and key in names}
    words = [text for text, (key, equals, _) in split.items() if not (equals and key in names)]
    for word in words:
        key, equals, _ = split[word]
        if equals and re.fullmatch(r"[\w.]+", key) and not key.startswith(stores.FILTERED):
            hint = did_you_mean(key, names)
            raise UserError(f"{word}: stx survey {verb} has no option {key}{hint}; it has {', '.join(names)}")
    return own, words


def create(own: Mapping[str, str], words: Sequence[str], typed: str) -> Path:
    # Imported late: torch takes a second, which --help and mistakes in the options need not wait for.
    from stx.runs.files import refuse_filled
    from stx.studies.survey import entries, key, options, pairs, questionnaire, writing

    asked = options.read(own)
    if len(words) != 1:
        raise UserError("stx survey create: name the runs: a comparison's folder, an experiment, an id or a filter")
    folder = paths.output_folder(own.get("output", "outputs/survey"))
    refuse_filled(folder, (key.KEY,))  # now, because reading the pictures of many runs takes time
    store = [f"{name}={own[name]}" for name in stores.OPTIONS if name in own]
    source = entries.source(words[0], asked, stores.tracking(store))
    if source.damaged:  # now, because a mistake below may follow from it
        command.say(source.damaged)
    rng = random.Random(asked.seed)
    pool = pairs.pairs(source.entries, asked.tolerance, rng)
    questionnaire.refuse_none(pool, source, asked.tolerance)
    shown = pool[: asked.pairs]  # any stretch of it has each pair of methods about equally often
    survey = questionnaire.questionnaire(shown, asked, rng, source, typed)
    page = writing.write(folder, survey)
    alone = pairs.left_alone(source.entries, pool, asked.tolerance)
    said = (source.without_report, source.left_out, alone, *questionnaire.outlook(len(pool), asked))
    for line in filter(None, said):
        command.say(line)
    methods = sorted({entry.method for pair in shown for entry in pair})
    count = f"{len(shown)} pair{'s' * (len(shown) != 1)}"
    command.say(
        f"{count} of {len(methods)} methods ({', '.join(methods)}), {page.stat().st_size / 1e6:.1f} MB; "
        f"{folder / 'key.json'} says which is which: keep it to yourself"
    )
    return page


def serve(own: Mapping[str, str], words: Sequence[str], typed: str) -> Path:
    from stx.loop.signals import raising
    from stx.studies.survey import collect, key, options, serving

    asked, folder = options.read(own), one_folder("serve", words)
    with raising(), serving.bound(asked) as listening:
        survey = serving.prepared(folder)
        command.say(f"http://{options.in_address(asked.host)}:{listening.getsockname()[1]}/ until Ctrl-C")
        if asked.host not in serving.LOOPBACK:
            command.say(
                f"host={asked.host}: everybody who reaches this machine there can answer, and nothing is encrypted"
            )
        serving.serve(folder, survey, listening, asked.host)
    answers, raters = collect.count(folder / key.COLLECTED)
    command.say(f"{answers} answer{'s' * (answers != 1)} by {raters} rater{'s' * (raters != 1)}")
    return folder / key.COLLECTED


def score(own: Mapping[str, str], words: Sequence[str], typed: str) -> Path:
    from stx.studies.survey import fit, key

    folder = one_folder("score", words[:1])
    survey = key.read(folder)
    # Imported late, as above.
    from stx.studies.survey import report, scoring

    gathered = scoring.gather(folder, survey, [Path(word) for word in words[1:]])
    for line in gathered.left_out:
        command.say(line)
    fit.refuse_missing()
    output = paths.output_folder(own.get("output", str(folder / "report")))
    page, lines = report.write(output, gathered, survey, typed)
    for line in lines:
        command.say(line)
    return page


def one_folder(verb: str, words: Sequence[str]) -> Path:
    """The survey's folder, which must be the only word. Raises UserError."""
    if len(words) != 1:
        raise UserError(f"stx survey {verb}: name the survey's folder, as outputs/survey")
    return Path(words[0]).expanduser()


class Verb(NamedTuple):
    do: Callable[[Mapping[str, str], Sequence[str], str], Path]
    """Takes the verb's options, the other words and the whole command line; returns the path of its result."""
    options: Sequence[str]


ASKED = ("questions", "repeats", "pairs", "tolerance", "match", "by", "long_side", "seed")
VERBS = {
    "create": Verb(create, (*ASKED, "output", *stores.OPTIONS)),
    "serve": Verb(serve, ("host", "port")),
    "score": Verb(score, ("output",)),
}

if __name__ == "__main__":
    main()
