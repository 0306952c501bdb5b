"""The words of a command of many runs: its own options, those of the launcher, and those of all of its runs."""

from collections.abc import Sequence

from stx.config.compose import key_of
from stx.config.schema import Config
from stx.config.typed import as_typed
from stx.errors import UserError, did_you_mean


def own_options(given: Sequence[str], names: Sequence[str]) -> tuple[dict[str, str], list[str]]:
    """Split overrides into a batch command's own options, by name, and those for all of its runs.

    If an own option is given twice, the last one counts. Raises UserError for one that is misspelt, which Hydra would
    answer with the options of a run.
    """
    for text in given:
        key, options = key_of(text), (*names, *Config.model_fields)
        hint = did_you_mean(key, names, 0.75) if key not in options else ""
        if hint and hint == did_you_mean(key, options, 0.75):
            raise UserError(f"there is no option {key}{hint}")
    own = {key_of(text): text.partition("=")[2] for text in given if key_of(text) in names}
    return own, as_typed([text for text in given if key_of(text) not in names])


def launcher_options(given: Sequence[str]) -> tuple[list[str], list[str]]:
    """Split overrides into those of the launcher of a batch's runs, and the rest.

    Raises UserError for options that only `stx run` or `stx paint` take.
    """
    launcher = [text for text in given if key_of(text).startswith(("hydra/launcher", "hydra.launcher.", "sweep.jobs"))]
    for text in given:
        if key_of(text) == "live":
            raise UserError(
                f"{text}: it shows a single run, and this command makes many; it is for stx run and stx paint"
            )
        if key_of(text) in ("sweep.plan", "sweep.resume"):
            raise UserError(f"{text}: that is for stx run --multirun; the same command continues where it was stopped")
    return launcher, [text for text in given if text not in launcher]
