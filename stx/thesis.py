"""stx thesis: every experiment of the thesis as a tracked run, and a report with a verdict on each claim."""

if __name__ == "__main__":  # before the imports, so that Ctrl-C is handled during them
    from stx.__main__ import answer_ctrl_c

    answer_ctrl_c()

import argparse
import logging
import sys
from collections.abc import Sequence
from pathlib import Path

from stx.config import command, flags, paths, search_path
from stx.config.own_options import launcher_options, own_options
from stx.errors import Stopped

EXAMPLES = """
examples
  stx thesis --quick                               small and short: ten minutes on two cores with bfloat16
  stx thesis device=cuda                           as the thesis ran them: for a GPU
  stx thesis --quick content=photo.jpg style=painting.jpg
  stx thesis --quick only=e06,e07 optim.steps=20   some of them; the report says what was not run
  stx thesis hydra/launcher=submitit_slurm         on a cluster; joblib: several runs at once here

The same command continues where it was stopped. `output=folder` replaces outputs/thesis or outputs/thesis-quick;
tracking.uri=... uses another store.
"""

OWN = ("output", "only")


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="stx thesis", description=__doc__, epilog=EXAMPLES, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="small pictures and few steps")
    parser.add_argument("overrides", nargs="*", metavar="key=value", help="for all runs, and output=..., only=...")
    search_path.add_flag(parser)
    arguments = command.words_of(parser, (*OWN, *flags.OF_RUNS))
    logging.basicConfig(format="%(message)s", level=logging.WARNING)
    with command.answering_batch(lambda: search_path.typed(arguments), OWN) as given:
        failed, report = run(arguments.quick, given)
    command.result(str(report))
    sys.exit(1 if failed else 0)


def run(quick: bool, given: Sequence[str]) -> tuple[int, Path]:
    """Run the experiments. Returns the number of failed runs and the report's path."""
    # Imported late: torch takes a second, which --help and mistakes in the options need not wait for.
    from stx.runs.batch import batch
    from stx.runs.files import BATCH, refuse_filled
    from stx.runs.launcher import hired
    from stx.studies.thesis.plan import PARTS, members
    from stx.studies.thesis.report import write

    own, rest = own_options(given, OWN)
    launcher, for_all = launcher_options(rest)
    folder = paths.output_folder(own.get("output", f"outputs/thesis{'-quick' if quick else ''}"))
    refuse_filled(folder, (BATCH,))
    plan = members(quick, for_all, own.get("only", ",".join(PARTS)).split(","))
    failed: dict[str, str] = {}
    with hired(launcher, folder) as crew, batch("thesis", plan, folder, crew) as work:
        for number, ended in enumerate(work.work(), start=1):
            how = f"({ended.message})" if ended.message else f"in {ended.seconds:.0f} s"
            command.say(f"{number}/{len(plan)} {ended.name}: {ended.outcome} {how}")
            if ended.outcome == "failed":
                failed[ended.name] = ended.message
        if len(failed) == len(plan) and (folder / "report").exists():
            first = next(iter(failed.values()), "")
            raise Stopped(f"no run has finished ({first}); {folder / 'report'} is unchanged")
        typed = search_path.command_line(["thesis", *["--quick"] * quick], given)
        return len(failed), write(work, folder / "report", typed, failed)


if __name__ == "__main__":
    main()
