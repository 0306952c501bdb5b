"""Where a command looks for existing runs: the options that name their store, and which words are filters on it."""

from collections.abc import Sequence

from stx.config.compose import compose, task
from stx.config.schema import MlflowTracking, NoTracking, validate
from stx.config.typed import as_typed
from stx.config.variables import say_taken

OPTIONS = ("tracking", "tracking.uri", "tracking.experiment")
FILTERED = ("params.", "metrics.", "tags.", "attributes.")
"""Prefixes of the names in an MLflow filter."""


def tracking(typed: Sequence[str]) -> MlflowTracking | NoTracking:
    """The config's `tracking`, with the OPTIONS that were typed. Says on stderr what comes from the environment."""
    composed = task(compose(as_typed(typed)))
    say_taken(composed)
    return validate(composed).tracking
