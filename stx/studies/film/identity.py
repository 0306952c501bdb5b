"""The identity of a film: everything that its frames depend on, and how that differs from another film."""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from stx.config.schema import Config
from stx.config.spelled import spelled
from stx.errors import some_of
from stx.model.prepare import Inputs
from stx.pictures import clip
from stx.pictures.clip import Film
from stx.runs.digest import NUMERICS, settings
from stx.runs.identity import named_files
from stx.studies.film.options import Options

MOST = 3
"""Most differences that are named."""


class Identity(NamedTuple):
    digest: str
    """SHA-256, in hexadecimal digits."""
    parts: dict[str, Any]
    """Settings by the names under which they are typed; for files, their names and digests."""


def identity_of(
    source: Film, options: Options, config: Config, later: Config, inputs: Inputs, choices: Mapping[str, str]
) -> Identity:
    """The identity of a film whose first frame has `config`, with `choices` of groups, and its other frames `later`."""
    shots = clip.digests(source)
    files = {name: digest for name, digest in named_files(config, inputs).items() if name != "content"}
    hardware = inputs.hardware.device.type, str(inputs.hardware.precision)
    sizes = {name: list(picture.shape[1:]) for name, picture in inputs.pictures.items()}
    first, following = settings(config), settings(later)
    asked = {
        "numerics": NUMERICS,
        "film": hashlib.sha256(b"".join(map(bytes.fromhex, shots.values()))).hexdigest(),
        "files": files,
        "settings": [first, following],
        "cut": options.cut,
        "hardware": hardware,
        "size": list(sizes.values()),
    }
    groups = {group: option for group, option in choices.items() if any(key.startswith(f"{group}.") for key in first)}
    parts = {
        **groups,
        **first,
        "steps": following["optim.steps"],
        "temporal.weight": following.get("temporal.weight"),
        "cut": options.cut,
        "device": hardware[0],
        "precision": hardware[1],
        **{f"size of {name}": f"{width} x {height}" for name, (height, width) in sizes.items()},
        "files": {name: [config.pictures.get(name, ""), digest] for name, digest in files.items()},
        "shots": shots,
    }
    return Identity(hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest(), parts)


def differences(before: Mapping[str, Any], now: Mapping[str, Any]) -> str:
    """How one film differs from another, in a line such as optim.steps=30 -> 60."""
    each = [*of_shots(before["shots"], now["shots"]), *of_files(before["files"], now["files"])]
    plain = [key for key in {**before, **now} if key not in ("shots", "files") and before.get(key) != now.get(key)]
    each += [
        f"{key}={spelled(before.get(key))} -> {spelled(now.get(key))}"
        for key in plain
        if key.partition(".")[0] not in plain or "." not in key  # a changed option of its group explains it
    ]
    return some_of(each, MOST) or "another version of stx made it"


def of_shots(before: Mapping[str, str], now: Mapping[str, str]) -> Iterator[str]:
    """Differences between the frames of a folder, or between the films' files."""
    changed = [name for name in before.keys() & now.keys() if before[name] != now[name]]
    added, gone = ([name for name in one if name not in other] for one, other in ((now, before), (before, now)))
    if len(before) == len(now) == 1 and added:
        yield f"film={gone[0]} -> {added[0]}"
        return
    for names, what in ((sorted(changed), "changed"), (added, "new"), (gone, "gone")):
        if names:
            yield f"{frames(names)} {'is' if len(names) == 1 else 'are'} {what}"
    if not (changed or added or gone) and list(before) != list(now):
        yield "its frames are in another order"


def frames(names: Sequence[str]) -> str:
    return f"frame {names[0]}" if len(names) == 1 else f"{len(names)} frames ({names[0]} to {names[-1]})"


def of_files(before: Mapping[str, Sequence[str]], now: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """Differences between pictures, weights and the code of functions, by their bytes."""
    for option in {**before, **now}:
        (was, old), (name, new) = (files.get(option, ("nothing", "")) for files in (before, now))
        if old != new:
            yield (
                f"{option}={was} -> {name}" if was != name else f"{option}{f'={name}' if name else ''} is another file"
            )
