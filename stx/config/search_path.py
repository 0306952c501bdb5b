"""Folders with the user's own options, besides stx's: Hydra's --config-dir, for commands that are not Hydra's."""

import argparse
import os
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf

from stx.config.compose import key_of, quoted, values_of
from stx.config.schema import CONF
from stx.config.trust import TRUST
from stx.errors import UserError

OPTION = "hydra.searchpath"


def add_flag(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--config-dir", metavar="FOLDER", help="options of your own: FOLDER/style_stat/mine.yaml")


def typed(arguments: argparse.Namespace) -> list[str]:
    """The overrides of a command line, with the one that --config-dir stands for. Raises UserError."""
    if arguments.config_dir is None:
        return list(arguments.overrides)
    folder = Path(arguments.config_dir)
    if not folder.is_dir():
        raise UserError(f"--config-dir={arguments.config_dir}: there is no such folder")
    if any(key_of(text) == OPTION for text in arguments.overrides):
        raise UserError(f"--config-dir={arguments.config_dir}: {OPTION} says where to look too; leave one of them out")
    return [*arguments.overrides, override_of(folder)]


def override_of(*places: str | Path) -> str:
    """The override that --config-dir stands for. Folders become absolute; file:// and pkg:// stay as they are."""
    written = (str(place) if "://" in str(place) else str(Path(place).absolute()) for place in places)
    return f"{OPTION}=[{','.join(map(quoted, written))}]"


def of_hydra(own: Any) -> list[str]:
    """The override for the folders that a command of Hydra's was told of, by its --config-dir or by the override
    itself; empty if it was told of none. `own` is Hydra's own part of the config."""
    typed: Any = OmegaConf.to_container(own.overrides.hydra)  # as it stands: any ${...} in it is for each job
    named = [text for text in typed if key_of(text) == OPTION]
    flagged = [Path(source.path) for source in own.runtime.config_sources if source.provider == "command-line"]
    if any("${" in text for text in named):
        return named
    # In the order in which Hydra looks through them.
    places: list[str | Path] = [*flagged, *(str(folder) for text in named for folder in folders_of(text))]
    return [override_of(*places)] if places else []


def folders_of(text: str) -> list[Any]:
    return [folder for _, values in values_of(text) for folder in values or []]


def command_line(
    words: Sequence[str], overrides: Sequence[str], place: str = "", modules: Sequence[str] | None = None
) -> str:
    """The command line that does the same again when it is pasted: `stx`, some words and the overrides.

    --config-dir takes the place of the override that it stands for, with a path relative to the folder `place`, or to
    the current one. The `modules` that it has to trust stand before it: if they are not known, those that the user
    trusts now.
    """
    here = Path(place or Path.cwd())
    named = os.environ.get(TRUST, "") if modules is None else ",".join(modules)
    trust = f"{TRUST}={shlex.quote(named)} " if named else ""
    return trust + shlex.join(["stx", *words, *(word for text in overrides for word in with_flag(text, here))])


def with_flag(text: str, here: Path) -> list[str]:
    folders = folders_of(text) if key_of(text) == OPTION else []
    if len(folders) != 1 or override_of(folder := Path(str(folders[0]))) != text:
        return [text]
    return ["--config-dir", str(folder.relative_to(here) if folder.is_relative_to(here) else folder)]


def options(group: str, overrides: Sequence[str]) -> list[str]:
    """The names of a group's options: stx's, and those in folders that `overrides` add."""
    added = [values or [] for text in overrides if key_of(text) == OPTION for _, values in values_of(text)]
    folders = [CONF, *(Path(str(place).removeprefix("file://")) for values in added for place in values)]
    return sorted({path.stem for folder in folders for path in (folder / group).glob("*.yaml")})
