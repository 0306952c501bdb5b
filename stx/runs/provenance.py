"""What a picture records about its run: one JSON object, in its ImageDescription."""

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import TypeAdapter, ValidationError

from stx.config.compose import key_of
from stx.config.formats import later, version_of
from stx.config.secrets import hidden
from stx.errors import UserError, first_line
from stx.pictures.description import described
from stx.runs.identity import Identity

KEY = "stx"
"""The only key of the JSON object; a description without it is somebody else's."""
FORMAT = 1
OWN = ("tracking", "output", "resume", "timing", "live")
"""Sections of the config that change no picture and are the business of whoever runs it: no picture records them."""


class Provenance(NamedTuple):
    """The fields of run.json that a picture records."""

    id: str
    overrides: Sequence[str]
    choices: Mapping[str, str]
    config: Mapping[str, Any]
    files: Mapping[str, str]
    machine: Mapping[str, Any]
    begun_in: str


def text(run: Identity) -> str:
    """The provenance of a run, as one line of ASCII. It lacks the address of a store, which may hold a password."""
    kept = Provenance(
        run.id,
        [hidden(typed) for typed in run.overrides if key_of(typed).partition(".")[0] not in OWN],
        {group: option for group, option in run.choices.items() if group not in OWN},
        {section: values for section, values in run.config.items() if section not in OWN},
        run.files,
        run.machine,
        below_home(run.begun_in),
    )
    return json.dumps({KEY: {"format": FORMAT, **kept._asdict()}})


def below_home(folder: str) -> str:
    """A folder below the home folder, with ~ for that: a picture that is passed on should not say who its user is."""
    path, home = Path(folder), os.path.expanduser("~")
    for root in (home, os.path.realpath(home)):  # the folder is one without links, and the home folder may be a link
        if root != "/" and path.is_relative_to(root):
            return str("~" / path.relative_to(root))
    return folder


def read(source: str) -> Provenance:
    """The provenance of the picture in a file. Raises UserError if picture or provenance is missing or unreadable."""
    try:
        whole = json.loads(described(source) or "null")
        if not isinstance(whole, dict) or KEY not in whole:
            raise UserError(
                f"from_picture={source}: no settings of stx are in this picture: another program made or saved it, or "
                "output.metadata=false left them out"
            )
        fields = dict(whole[KEY])
        version = version_of(fields.pop("format", 0))
        if version > FORMAT:
            raise UserError(f"from_picture={source}: {later(version, FORMAT)}")
        return TypeAdapter(Provenance).validate_python(fields, strict=True)
    except json.JSONDecodeError:
        raise UserError(f"from_picture={source}: no settings of stx are in this picture") from None
    except UserError:
        raise
    except (ValueError, TypeError, RecursionError) as error:
        why = first_line(error)
        if isinstance(error, ValidationError):
            first = error.errors()[0]
            why = f"{first['loc'][0]!r}: {first['msg']}"
        raise UserError(f"from_picture={source}: the settings in it are damaged ({why})") from None
