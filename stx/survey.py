"""python -m stx.survey: which pictures people prefer, two at a time and blind, and which measure follows them."""

if __name__ == "__main__":  # before the imports, so that Ctrl-C is answered while they work
    from stx.__main__ import answer_ctrl_c

    answer_ctrl_c()

import argparse
import logging
import shlex
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from stx.config import command
from stx.errors import UserError, did_you_mean

EXAMPLES = """
examples
  python -m stx.survey create outputs/compare-quick         the statistics of a comparison, at equal content
  python -m stx.survey create stx by=pooling                the runs of an experiment, by another param than style_stat
  python -m stx.survey create "params.seed = '0'" output=outputs/mine questions=40
  python -m stx.survey serve outputs/survey                 on this machine: http://127.0.0.1:8470/
  python -m stx.survey score outputs/survey                 what was collected, and the files in outputs/survey/answers
  python -m stx.survey score outputs/survey answers-*.json  those beside it

The page is one file that asks for nothing: send it, and have the answers sent back as files; or serve it. Only key.json
knows which picture is whose. conf/survey/survey.yaml says what options there are; docs/survey.md has the rest.
"""
OWN = ("output", "tracking", "tracking.uri", "tracking.experiment")


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m stx.survey", description=__doc__, epilog=EXAMPLES, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("words", nargs="*", metavar="word", help="create, serve or score, of what, and key=value")
    arguments = parser.parse_intermixed_args()
    logging.basicConfig(format="%(message)s", level=logging.WARNING)
    with command.answering_batch(arguments.words, OWN) as given:
        path = run(given)
    command.result(str(path))


def run(given: Sequence[str]) -> Path:
    """The file that it comes to. Raises UserError."""
    from stx.studies.survey.options import NAMES

    verb = given[0] if given else ""
    if verb not in VERBS:
        raise UserError(f"{verb or 'stx survey'}: say {', '.join(VERBS)}{did_you_mean(verb, VERBS)}")
    own, words = options(given[1:], (*NAMES, *OWN))
    return VERBS[verb](own, words, shlex.join(["python", "-m", "stx.survey", *given]))


def options(given: Sequence[str], names: Sequence[str]) -> tuple[dict[str, str], list[str]]:
    """Those by `names`, and the rest: folders, files, a filter, in which = is no option's."""
    own = {key: value for key, equals, value in (text.partition("=") for text in given) if equals and key in names}
    words = [text for text in given if text.partition("=")[0] not in names]
    for word in words:
        name, equals, _ = word.partition("=")
        if equals and name.isidentifier():
            raise UserError(f"{word}: there is no option {name}{did_you_mean(name, names)}")
    return own, words


def create(own: Mapping[str, str], words: Sequence[str], typed: str) -> Path:
    # Late: torch takes a second that --help and mistakes in the options need not wait for.
    import random

    from stx.config.compose import composition, override
    from stx.studies.survey import entries, options, pairs, questionnaire, writing

    asked = options.read(own)
    if len(words) != 1:
        raise UserError("stx survey create: name the runs: a comparison's folder, an experiment, an id or a filter")
    folder = command.output_folder(own.get("output", "outputs/survey"))
    store = [override(name, own[name]) for name in OWN[1:] if name in own]
    source = entries.source(words[0], asked, composition(store).config.tracking)
    rng = random.Random(asked.seed)
    pool = pairs.pairs(source.entries, asked.tolerance, rng)
    questionnaire.refuse_none(pool, source.entries, asked, source.match)
    made = questionnaire.questionnaire(pool, asked, rng, source.match, typed)
    page = writing.write(folder, made)
    if source.left_out:
        command.say(source.left_out)
    methods = sorted({entry.method for entry in source.entries})
    command.say(
        f"{len(pool)} pairs of {len(methods)} methods ({', '.join(methods)}), {page.stat().st_size / 1e6:.1f} MB; "
        f"{folder / 'key.json'} says which is which: keep it to yourself"
    )
    return page


def serve(own: Mapping[str, str], words: Sequence[str], typed: str) -> Path:
    from stx.loop.signals import raising
    from stx.studies.survey import collect, key, options, serving

    asked, folder = options.read(own), one_folder("serve", words)
    with raising(), serving.bound(asked) as listening:
        address = f"[{asked.host}]" if ":" in asked.host else asked.host
        command.say(f"http://{address}:{listening.getsockname()[1]}/ until Ctrl-C")
        if asked.host not in serving.LOOPBACK:
            command.say(
                f"host={asked.host}: everybody who reaches this machine there can answer, and nothing is encrypted"
            )
        serving.serve(folder, listening, asked.host)
    answers, raters = collect.count(folder / key.COLLECTED)
    command.say(f"{answers} answers of {raters} raters")
    return folder / key.COLLECTED


def score(own: Mapping[str, str], words: Sequence[str], typed: str) -> Path:
    from stx.studies.survey import fit, key

    fit.refuse_missing()
    folder = one_folder("score", words[:1])
    survey = key.read(folder)
    # Late: as above.
    from stx.studies.survey import report, scoring

    gathered = scoring.gather(folder, survey, [Path(word) for word in words[1:]])
    for line in gathered.left_out:
        command.say(line)
    return report.write(command.output_folder(own.get("output", str(folder / "report"))), gathered, survey, typed)


def one_folder(verb: str, words: Sequence[str]) -> Path:
    """Raises UserError."""
    if len(words) != 1:
        raise UserError(f"stx survey {verb}: name the survey's folder, as outputs/survey")
    return Path(words[0]).expanduser()


VERBS: Mapping[str, Callable[[Mapping[str, str], Sequence[str], str], Path]] = {
    "create": create,
    "serve": serve,
    "score": score,
}

if __name__ == "__main__":
    main()
