"""Where a command looks for runs that are there: what is typed of their store, and which words are filters on it."""

from collections.abc import Sequence

from stx.config.compose import compose, task
from stx.config.schema import MlflowTracking, NoTracking, validate
from stx.config.typed import as_typed
from stx.config.variables import say_taken

OPTIONS = ("tracking", "tracking.uri", "tracking.experiment")
FILTERED = ("params.", "metrics.", "tags.", "attributes.")
"""What a filter of MLflow's speaks of."""


def tracking(typed: Sequence[str]) -> MlflowTracking | NoTracking:
    """By default, and by those of OPTIONS that were typed. Says what is taken from the environment."""
    composed = task(compose(as_typed(typed)))
    say_taken(composed)
    return validate(composed).tracking
