"""Which run a folder holds: a record that is written before anything else, and that everything is checked against."""

import hashlib
import importlib.metadata
import json
import os
import platform
import uuid
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

import torch
import yaml
from pydantic import TypeAdapter, ValidationError

from stx import __version__, atomic
from stx.config.addresses import database_file, with_file
from stx.config.compose import leaves
from stx.config.digests import sha256
from stx.config.formats import later, version_of
from stx.config.regular import regular
from stx.config.restored import restored
from stx.config.schema import Config, MlflowTracking
from stx.errors import UserError, first_line
from stx.model.prepare import Inputs
from stx.pictures import bundled
from stx.runs.digest import dotted, files, functions, own_source
from stx.runs.files import CONFIG, OUTPUT, RUN, WRITTEN

FORMAT = 4
READABLE = (1, 2, 3, 4)
"""The first held only what was typed and the outcome; its config was in a file of its own, without digests. The second
had no seal, the third no seconds."""


class Identity(NamedTuple):
    """The contents of run.json. What a resume changes, such as `config` and `resumed`, is written again; `id` stays."""

    id: str
    overrides: list[str]
    """As they were typed."""
    choices: dict[str, str]
    """The option of each config group."""
    config: dict[str, Any]
    """The config as a dictionary, with the absolute address of its store."""
    files: dict[str, str]
    """SHA-256 of both pictures, the weights and every other file that the config names, by option or function."""
    machine: dict[str, Any]
    """Versions, device, precision, threads, the side of the blocks, and the size at which pictures are measured."""
    store_from_here: str | None = None
    """The path of a store that is a file, relative to the run's folder: both may move together."""
    resumed: Sequence[Mapping[str, Any]] = ()
    """When it was resumed, and which versions, threads or device differed."""
    outcome: str = "running"
    begun_in: str = ""
    """The working directory that the file names in the config refer to."""
    seconds: float = 0.0
    """Seconds that it had worked when its outcome was written."""


def new(overrides: Sequence[str], choices: Mapping[str, str], config: Config, inputs: Inputs, folder: Path) -> Identity:
    dumped = config.model_dump(mode="json", by_alias=True)
    return Identity(
        id=uuid.uuid4().hex,
        overrides=list(overrides),
        choices=dict(choices),
        config=dumped,
        files=named_files(config, inputs),
        machine=machine(inputs),
        store_from_here=from_here(config, folder),
        begun_in=os.getcwd(),
    )


def read(folder: Path) -> Identity | None:
    """The record in a folder; None if there is none. Raises UserError if it cannot be read."""
    path = folder / RUN
    if not path.is_file():
        return None
    try:
        fields = json.loads(path.read_text(encoding="utf-8-sig"))
        if not isinstance(fields, dict):
            raise ValueError("it holds something else")
        version, seal = version_of(fields.pop("format", 1)), fields.pop("seal", "")
        if version not in READABLE:
            raise UserError(f"{path}: {later(version, FORMAT)}")
        if version == 1:
            fields = {"outcome": "", **fields, "id": "", "files": {}, "machine": {}}
            path = folder / CONFIG
            fields["config"] = yaml.safe_load(regular(path).read_text(encoding="utf-8"))
        identity = TypeAdapter(Identity).validate_python(fields, strict=True)
        if "style_stat" not in identity.choices:
            raise ValueError("choices.style_stat: Field required")
        if seal and seal != sealed(identity.config):
            raise UserError(
                f"{path}: its config has been edited, so the run cannot be continued\n"
                "restore it; for other settings start a new run: init=picture "
                f"init.path={folder / OUTPUT} starts from its picture"
            )
    except UserError:
        raise
    except (OSError, ValueError, RecursionError, yaml.YAMLError) as error:
        why = first_line(error)
        if isinstance(error, ValidationError):
            first = error.errors()[0]
            why = f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
        raise UserError(
            f"{path}: damaged, so nothing says which run {folder} holds ({why})\n"
            f"its picture so far, if it has one, is {OUTPUT}; for a new run name another folder: hydra.run.dir=..."
        ) from None
    return identity


def write(folder: Path, identity: Identity) -> None:
    """Write the record into a folder. Raises OSError."""
    fields = {"format": FORMAT, "seal": sealed(identity.config), **identity._asdict()}
    atomic.write(folder / RUN, json.dumps(fields, indent=2))


def sealed(config: Mapping[str, Any]) -> str:
    """SHA-256 of a config: a config edited by hand belongs to no run that ever took place."""
    return hashlib.sha256(json.dumps(config, sort_keys=True).encode()).hexdigest()


def refuse_taken(folder: Path, option: str = "hydra.run.dir") -> None:
    """Raise UserError if a run would overwrite any files in a folder; `option` is the one that names another."""
    if read(folder):
        raise UserError(f"{folder} holds a run; continue it with resume={folder}, or name another: {option}=...")
    for name in (*WRITTEN, *(path.name for path in folder.glob("style_*.png"))):
        if os.path.lexists(folder / name):  # writing would follow even a dangling link
            raise UserError(f"{folder / name} would be overwritten; name another folder: {option}=...")


def refuse_changed(before: Identity, after: Mapping[str, str], folder: Path) -> None:
    """Raise UserError if the contents of a file that the run began with have changed."""
    for name, digest in before.files.items():
        if name in after and after[name] != digest:  # earlier records list some files by path
            what = f"{name}={value}" if (value := setting(before.config, name)) else name
            raise UserError(
                f"resume={folder}: {what} is not the file that the run began with (its content has changed)\n"
                "put it back, or leave out resume= for a new run"
            )


def edited(identity: Identity, folder: Path) -> str:
    """A warning, without values, which may be secret, if config.yaml (for people to read) differs from the record."""
    path = folder / CONFIG
    try:
        shown, recorded = (
            dict(leaves(restored(dumped).model_dump(mode="json", by_alias=True)))
            for dumped in (yaml.safe_load(regular(path).read_text(encoding="utf-8")), identity.config)
        )
        names = [key for key in shown | recorded if shown.get(key) != recorded.get(key)]
    except FileNotFoundError:
        return ""
    except (OSError, ValueError, yaml.YAMLError):
        names = ["it holds no config"]
    what = f"{path} differs from {RUN} ({', '.join(names)})"
    return f"{what}; the run goes on as {RUN} has it, and {CONFIG} is written again" if names else ""


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, str]:
    """Changes that may alter the last digits of a result, such as "threads": "1, now 2"."""
    return {name: f"{before[name]}, now {value}" for name, value in after.items() if before.get(name, value) != value}


def taken_up(identity: Identity, config: Config, inputs: Inputs, folder: Path) -> Identity:
    """The record of a run that is resumed here and now."""
    now, changes = machine(inputs), differences(identity.machine, machine(inputs))
    entry = {"at": datetime.now().astimezone().isoformat(timespec="seconds"), **changes}
    return identity._replace(
        id=identity.id or uuid.uuid4().hex,
        config=config.model_dump(mode="json", by_alias=True),
        files=identity.files or named_files(config, inputs),
        machine=now,
        store_from_here=from_here(config, folder),
        resumed=[*identity.resumed, entry],
        outcome="running",
    )


def machine(inputs: Inputs) -> dict[str, Any]:
    hardware = inputs.hardware
    return {
        "versions": versions(),
        "device": hardware.device.type,
        "precision": hardware.precision,
        "threads": torch.get_num_threads(),
        "blocks": inputs.budget.side or "none",
        "measured_at": inputs.measured_at or "whole",
    }


def versions() -> str:
    """The versions that a result depends on, in one line."""
    packages = ("torch", "torchvision", "mlflow", "hydra-core", "pillow", "numpy")
    installed = [f"{name} {importlib.metadata.version(name)}" for name in packages]
    return ", ".join([f"python {platform.python_version()}", f"stx {__version__}", *installed])


def named_files(config: Config, inputs: Inputs) -> dict[str, str]:
    """SHA-256 of each file, by the option or function that names it or whose code it is; not by path, as files move."""
    digests = {option: of_picture(source) for option, source in config.pictures.items()}
    digests["model.weights"] = inputs.weights.sha256
    for name, path in dict.fromkeys(further(inputs)):  # several terms of one function may each name a file
        digests[name] = f"{digests.get(name, '')} {sha256(path)}".strip()
    return digests


def further(inputs: Inputs) -> Iterator[tuple[str, Path]]:
    """Labels and paths of files in settings of functions, and of the code of functions that are not stx's own."""
    for function in functions(inputs):
        for setting_, path in files(function):
            yield f"{setting_} of {dotted(function)}", path
        if source := own_source(function):
            yield f"the code of {dotted(function)}", Path(source)


def of_picture(source: str) -> str:
    if source in bundled.NAMES:
        return hashlib.sha256(bundled.open_picture(source).tobytes()).hexdigest()
    return sha256(Path(os.path.expanduser(source)))


def from_here(config: Config, folder: Path) -> str | None:
    path = database_file(config.tracking.uri) if isinstance(config.tracking, MlflowTracking) else None
    if path is None:
        return None
    try:
        return Path(os.path.relpath(path, folder.absolute())).as_posix()
    except ValueError:  # on another drive
        return None


def store(identity: Identity, folder: Path) -> str:
    """The address of a run's store as it is now: where it was, or relative to the folder if both have moved."""
    uri = str(identity.config.get("tracking", {}).get("uri", ""))
    path = database_file(uri)
    if path and identity.store_from_here and not path.exists():
        moved = Path(os.path.normpath(folder.absolute() / identity.store_from_here))
        return with_file(uri, moved) if moved.exists() else uri
    return uri


def setting(dumped: Any, option: str) -> Any:
    for part in option.split("."):
        dumped = dumped.get(part) if isinstance(dumped, dict) else None
    return dumped
