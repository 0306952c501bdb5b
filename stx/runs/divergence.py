"""What is said about a run that diverged: what was tried against it, and what else to try."""

from collections.abc import Iterator

from stx.config.schema import Config
from stx.config.spelled import spelled
from stx.loop.listener import Outcome

LENGTHS = ("lr", "first_step")
"""What optimisers call the setting for the length of their steps."""
SHORTER = 0.1
"""The factor by which to shorten steps, or to weaken the style, in the next try."""


def diverged(outcome: Outcome, config: Config) -> str:
    """How a run diverged, and on a second line what may help."""
    how = "interrupted, and diverged" if outcome.stopped else "diverged"
    said = f"{how}: not finite at {outcome.event}; the picture is the last finite one"
    return f"{said}\n{remedies(outcome, config)}"


def remedies(outcome: Outcome, config: Config) -> str:
    """What `guard` did, and what else may help."""
    others = " or ".join(remedies_left(config))
    if config.guard.on_nan != "backoff":
        return f"try guard.on_nan=backoff, which goes back and takes shorter steps, or {others}"
    times = len(outcome.events) - 1
    if not times:
        return f"guard.backoffs={config.guard.backoffs} let it go back no more; try more, or {others}"
    tried = f"went back {'once' if times == 1 else f'{times} times'} to the last finite picture, with shorter steps"
    return f"{tried} (guard.backoffs, guard.shrink), and diverged again; try {others}"


def remedies_left(config: Config) -> Iterator[str]:
    """Options that may help, as one would type them."""
    settings = config.optim.model_extra or {}
    for name in LENGTHS:
        if name in settings:
            yield f"optim.{name}={spelled(float(f'{settings[name] * SHORTER:.3g}'))}"
    if config.optim.target.endswith(".PlainLBFGS"):
        yield "optim=lbfgs"
    if config.content is not None:
        yield f"loss_weights.beta={spelled(float(f'{config.loss_weights.beta * SHORTER:.3g}'))}"
    if config.precision not in ("auto", "fp32"):
        yield "precision=fp32"
