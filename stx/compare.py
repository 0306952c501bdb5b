"""stx compare: statistics on the same pictures at equal content distance, and a leaderboard of them."""

if __name__ == "__main__":  # before the imports, so that Ctrl-C is handled during them
    from stx.__main__ import answer_ctrl_c

    answer_ctrl_c()

import argparse
import logging
import sys
from collections.abc import Iterable, Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path
from statistics import mean
from typing import TYPE_CHECKING

from stx.config import command, flags, paths, search_path
from stx.config.own_options import launcher_options, own_options
from stx.errors import Stopped, UserError, some_of
from stx.runs.files import BATCH, REPORT, alone_in, refuse_filled
from stx.runs.words import remaining
from stx.studies.compare.changes import LISTS, SETTINGS
from stx.studies.compare.decided import refuse_typed

if TYPE_CHECKING:
    from stx.runs.batch import Batch
    from stx.studies.compare.protocol import Protocol

EXAMPLES = """
examples
  stx compare protocol=quick                       four statistics, two pairs: a few minutes
  stx compare protocol=test                        an earlier table of nine pairs: an hour
  stx compare statistics=cooc_gram,mean_std        any options of style_stat, compared with the protocol's reference
  stx compare photographs=me.jpg,you.jpg styles=painting.jpg seeds=0,1 optim.steps=100
  stx compare protocol=mine.yaml output=outputs/mine
  stx compare protocol=quick runs=4 levels=1,0.3   other settings of the comparison
  stx compare protocol=quick pictures=folder       compared with finished pictures: folder/PROGRAM/china-swirls.png
  stx compare ratings=ratings.csv                  which measure agrees with people's ratings
  stx compare protocol=benchmark report=only       a report of the runs so far; nothing is run
  stx compare protocol=mine.yaml earlier=docs/compare/benchmark
                                                   together with the runs of a report, which are not made again
  stx compare protocol=test hydra/launcher=joblib  several runs at once; submitit_slurm or ray: on a cluster

Every statistic's weight is adjusted, in a few runs, until its pictures are as far from the photograph as the
reference's. The same command continues where it was stopped. All other options are key=value as for stx run, and apply
to all runs.
"""
OWN = ("protocol", *LISTS, "output", "pictures", "ratings", "earlier", "report", *SETTINGS)


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="stx compare",
        description=__doc__,
        epilog=EXAMPLES,
        formatter_class=argparse.RawTextHelpFormatter,
    )
    parser.add_argument("overrides", nargs="*", metavar="key=value", help="see the examples")
    search_path.add_flag(parser)
    arguments = command.words_of(parser, (*OWN, *flags.OF_RUNS))
    logging.basicConfig(format="%(message)s", level=logging.WARNING)
    with command.answering_batch(lambda: search_path.typed(arguments), OWN) as given:
        failed, report = run(given)
    command.result(str(report))
    sys.exit(1 if failed else 0)


def run(given: Sequence[str]) -> tuple[int, Path]:
    """Run a comparison. Returns the number of failed runs and the report's path."""
    # Imported late: torch takes a second, which --help and mistakes in the options need not wait for.
    from stx.runs.batch import batch
    from stx.runs.launcher import hired
    from stx.studies.compare import distinct, earlier
    from stx.studies.compare.given import of_pairs
    from stx.studies.compare.programs import judged
    from stx.studies.compare.protocol import load
    from stx.studies.compare.report import counted, write
    from stx.studies.compare.work import COMPARISON, Results, first_round, matching, work

    own, rest = own_options(given, OWN)
    launcher, for_all = launcher_options(rest)
    refuse_typed(for_all)
    typed = search_path.command_line(["compare"], given)
    if "ratings" in own:
        return 0, rated(own, rest, typed)
    name = own.get("protocol", "quick")
    folder = paths.output_folder(own.get("output", f"outputs/compare-{Path(name).stem}"))
    refuse_filled(folder, (BATCH, REPORT))
    with alone_in(folder) if folder.is_dir() else nullcontext():  # now, as composing all runs takes time
        pass
    protocol = load(name, {key: text for key, text in own.items() if key in (*LISTS, *SETTINGS)}, for_all)
    distinct.refuse(protocol, f"protocol={name}", for_all)
    finished = of_pairs(own["pictures"], protocol.pairs) if "pictures" in own else []
    recorded = earlier.read(own["earlier"]) if "earlier" in own else {}
    making = makes_missing(own.get("report", "all"), folder, recorded)
    first = first_round(protocol, for_all)
    with (
        hired(launcher, folder) as crew,
        batch(COMPARISON, first, folder, crew, recorded, making, f"compare: {Path(name).stem}") as runs,
    ):
        announce(protocol, for_all, counted(first, "run"), folder / REPORT)
        results = Results(protocol, {}, {}, matching(protocol, content_losses(runs)))
        earlier.refuse_unmeasured(own.get("earlier", ""), recorded, results.match)
        made: list[float] = []
        for round_, number, of, ended in work(results, for_all, runs):
            made += [] if ended.message or crew else [ended.seconds]  # others' runs are reported when all have ended
            how = f"({ended.message})" if ended.message else f"in {ended.seconds:.0f} s{time_left(made, of - number)}"
            command.say(f"round {round_}, {number}/{of} {ended.name}: {ended.outcome} {how}")
        if not results.runs and (folder / REPORT).exists():
            raise Stopped(f"no run has finished ({why_none(runs, results.failed)}); {folder / REPORT} is unchanged")
        compared_with = judged(results, finished, runs.planned)
        report, lines = write(runs, results, folder / REPORT, typed, compared_with, for_all)
        for line in lines:
            command.say(line)
        return len(results.failed), report


def announce(protocol: "Protocol", options: Sequence[str], runs: str, report: Path) -> None:
    """Say what is compared and where its report will be, and if that takes the place of another comparison's."""
    from stx.studies.compare.export import of_another

    what = compared(protocol.statistics, protocol.reference)
    command.say(f"{what}: {runs} in {rounds(protocol.rounds)}; the report comes at the end: {report / 'report.html'}")
    if of_another(report, protocol, options):
        command.say(f"{report} was made with other options and will be replaced; to keep both: output=FOLDER")


def compared(statistics: Iterable[str], reference: str) -> str:
    """What is compared with what: a few names."""
    others = [name for name in statistics if name != reference]
    return f"{some_of(others)} compared with {reference}" if others else reference


def why_none(runs: "Batch", failed: Mapping[str, str]) -> str:
    """Why no run of a comparison has finished."""
    from stx.studies.compare.outdated import outdated, said

    return next(iter(failed.values()), said(outdated(runs), len(runs.planned)) or "none is made with these options")


def rounds(most: int) -> str:
    return f"the first of at most {most} rounds" if most > 1 else "the only round"


def time_left(seconds: Sequence[float], runs: int) -> str:
    """How long the `runs` left of a round will take, by the mean of the `seconds` of those that were made here."""
    return f", round: about {remaining(mean(seconds) * runs)}" if seconds and runs else ""


def makes_missing(report: str, folder: Path, recorded: Mapping[str, object]) -> bool:
    """Whether missing runs are made, which report=only turns off.

    Raises UserError for any other value of `report`, or if report=only has no runs to report on.
    """
    if report not in ("all", "only"):
        raise UserError(f"report={report}: should be only, for a report of the runs that there are, or left out")
    if report == "only" and not (folder / BATCH).exists() and not recorded:
        raise UserError(f"report=only: {folder} holds no comparison; name the folder of one, output=...")
    return report == "all"


def rated(own: Mapping[str, str], rest: Sequence[str], typed: str) -> Path:
    """Write the page of people's ratings, which needs no runs, and return its path."""
    from stx.studies.compare.given import of_ratings
    from stx.studies.compare.ratings import write

    others = [key for key in own if key not in ("ratings", "output")]
    if others or rest:
        raise UserError(f"ratings={own['ratings']}: only output= can be given with it; leave out {(others or rest)[0]}")
    folder = paths.output_folder(own.get("output", "outputs/compare-ratings"))
    refuse_filled(folder, (BATCH, REPORT))
    given = of_ratings(own["ratings"])
    command.say(f"measuring the pictures of {len(given)} ratings: some seconds for each picture")
    return write(given, folder / REPORT, typed)


def content_losses(runs: "Batch") -> set[str]:
    """The names of the functions of all content losses in the comparison."""
    configs = [planned.job.config for planned in runs.planned.values()]
    return {stat.target.rpartition(".")[2] for config in configs for stat in config.content_stat.by_name().values()}


if __name__ == "__main__":
    main()
