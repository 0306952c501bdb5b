"""How far a run is, on stderr: a bar on a terminal, a few plain lines elsewhere."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tqdm import tqdm

from stx.record import Row

PLAIN_LINES = 10
BAR = "{percentage:3.0f}%|{bar:20}| {n_fmt}/{total_fmt}{postfix}  {remaining} left, {rate_fmt}"


@contextmanager
def progress(steps: int, quiet: bool = False) -> Iterator[Callable[[list[Row]], None]]:
    """A function that takes rows as they come, and says nothing if `quiet`."""
    if quiet:
        yield lambda rows: None
        return
    if sys.stderr.isatty():
        with tqdm(total=steps, unit="step", bar_format=BAR, dynamic_ncols=True, file=sys.stderr) as bar:

            def advance(rows: list[Row]) -> None:
                bar.set_postfix_str(losses(rows[-1]), refresh=False)
                bar.update(rows[-1].step - bar.n)

            yield advance
        return
    started, shown = time.monotonic(), 0

    def line(rows: list[Row]) -> None:
        nonlocal shown
        done = rows[-1].step
        if done * PLAIN_LINES // steps > shown or done == steps:
            shown = done * PLAIN_LINES // steps
            left = (time.monotonic() - started) * (steps - done) / done
            sys.stderr.write(f"step {done}/{steps}  {losses(rows[-1])}  {left:.0f} s left\n")

    yield line


def losses(row: Row) -> str:
    names = ("total", "content", "style")
    return "  ".join(f"{name} {row.values.get(f'loss/{name}', float('nan')):.3e}" for name in names)
