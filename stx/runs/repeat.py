"""from_picture=<a picture that stx made>: the command of its run, as one would type it here and now.

A picture may come from anybody. Only options of groups and values of the config are taken from it, and they go through
the schema as if they were typed: nothing of Hydra's, no store, and no name of a file to be written.
"""

import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from omegaconf import OmegaConf

from stx.config import paths, search_path
from stx.config.command import say
from stx.config.compose import (
    HydraException,
    arguments_parser,
    at_work,
    choices_of,
    compose,
    key_of,
    leaves,
    override,
    stands_for_several,
    task,
    value_of,
)
from stx.config.effects import ineffective
from stx.config.paths import exists, from_folder, has_digest
from stx.config.refusals import explain_hydra
from stx.config.restored import restored
from stx.config.schema import style_names, validate
from stx.errors import UserError

if TYPE_CHECKING:
    from stx.runs.provenance import Provenance

OPTION = "from_picture"
FILES = tuple(option for option in paths.FILES if option not in ("resume", OPTION))
PICTURES = ("content", "style", "masks.content", "masks.style", "init.path", "temporal.picture", "temporal.mask")
"""Options that may also name a bundled picture."""
KEY, CHOICE = re.compile(r"\w+(\.\w+)*", re.ASCII), re.compile(r"[\w/]+", re.ASCII)
"""Valid names of an option, and of a group's option."""


def repeated(typed: list[str]) -> list[str]:
    """The command line of the run whose picture from_picture= names, with the rest of what is typed.

    A command line without from_picture= is returned as it is. Raises UserError if the picture records no run, or one
    that cannot be repeated here.
    """
    named = [text for text in typed if key_of(text) == OPTION]
    if not named or named[-1].partition("=")[2] == "null":
        return typed
    if len(named) > 1 or stands_for_several(named[0]):
        raise UserError(f"{OPTION}: one picture at a time")
    source, rest = value_of(named[0]), [text for text in typed if text not in named]
    for text in rest:
        if key_of(text) in ("resume", "experiment") and not text.endswith("=null"):
            raise UserError(f"{text}: {OPTION}= says which run it is; leave one of them out")
    from stx.runs import provenance  # late: it imports torch

    past = provenance.read(source)
    try:
        with at_work():
            again = overrides(past, rest)
    except (UserError, HydraException) as error:
        why = explain_hydra(error, rest) if isinstance(error, HydraException) else str(error)
        raise UserError(f"{OPTION}={source}: {shown(why)}") from None
    say_otherwise(past, source)
    return [*again, *rest]


def overrides(past: "Provenance", rest: Sequence[str]) -> list[str]:
    """What one would type to repeat the run of a picture, without what `rest` replaces. Raises UserError."""
    search = searched(rest)
    groups = chosen(past, choices_of(compose(search).hydra))
    usual: Any = OmegaConf.to_container(task(compose([*search, *groups])))
    config = restored({**{section: usual[section] for section in ("tracking", "guard", "output")}, **past.config})
    before, after = dict(leaves(usual)), recorded(config)
    values = {key: setting(key, value, key in before) for key, value in after.items() if before.get(key) != value}
    whole = [*groups, *(text for text in values.values() if not ineffective(config, [text]))]
    refuse_another(after, [*search, *whole])
    free = {option: after[option] for option in FILES if option in after and not replaced(option, rest)}
    here = {option: path for option, name in free.items() if (path := all_from_here(past, option, name)) != name}
    kept = [text for text in whole if not replaced(key_of(text), rest) and key_of(text) not in here]
    return [*kept, *(f"{option}={written(path)}" for option, path in here.items())]


def searched(rest: Sequence[str]) -> list[str]:
    """The typed override of Hydra's search path, for which --config-dir stands too; empty if there is none."""
    folder = arguments_parser().parse_known_args(list(rest))[0].config_dir
    own = [text for text in rest if key_of(text) == search_path.OPTION]
    return [*own, *([search_path.override_of(Path(folder))] if folder and not own else [])]


def chosen(past: "Provenance", usual: Mapping[str, str]) -> list[str]:
    """Overrides for the groups whose option is not the usual one."""
    from stx.runs.provenance import OWN

    return [
        override(group, option)
        for group, option in past.choices.items()
        if usual.get(group, option) != option and group not in OWN and CHOICE.fullmatch(option)
    ]


def recorded(config: Any) -> dict[str, Any]:
    """The values of a config that a picture records, by dotted key."""
    from stx.runs.provenance import OWN

    return dict(leaves(config.model_dump(mode="json", by_alias=True, exclude=set(OWN))))


def setting(key: str, value: Any, there: bool) -> str:
    """The override that sets a key, which may be `there` or new. Raises UserError if the key is no option's name."""
    if not KEY.fullmatch(key):
        raise UserError(f"{key!r} is no name of an option")
    return f"{'' if there else '+'}{key}={written(value)}"


def written(value: Any) -> str:
    """A value as one would type it."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, list):
        return f"[{','.join(map(written, value))}]"
    return override("value", value).partition("=")[2] if isinstance(value, str) else repr(value)


def refuse_another(after: Mapping[str, Any], typed: Sequence[str]) -> None:
    """Raise UserError if `typed` composes to a config other than the picture's."""
    config = validate(task(compose(typed)))
    now = recorded(config)
    names = [
        key
        for key in {**after, **now}
        if after.get(key) != now.get(key) and not ineffective(config, [f"{key}={written(after.get(key))}"])
    ]
    if names:
        raise UserError(f"{', '.join(names[:3])}: cannot be set as before, as this version of stx has other options")


def replaced(key: str, rest: Sequence[str]) -> bool:
    """Whether `rest` sets an option, or chooses another option of its group."""
    return any(
        key == key_of(text) or (key.startswith(f"{key_of(text)}.") and "{" not in text) for text in rest if "=" in text
    )


def all_from_here(past: "Provenance", option: str, value: Any) -> Any:
    """The path from here of the file that the run named, or of each of several. Raises as `seen_from_here` does."""
    if not isinstance(value, list):
        return seen_from_here(past, option, value)
    names = [name.replace("style", option) for name in style_names(len(value))]
    return [seen_from_here(past, *each) for each in zip(names, value, strict=True)]


def seen_from_here(past: "Provenance", option: str, name: Any) -> Any:
    """The path from here of the file that the run named. Raises UserError if it is gone, no file, or changed."""
    from stx.pictures.bundled import NAMES

    if not isinstance(name, str) or (option.partition("_")[0] in PICTURES and name in NAMES):
        return name
    path = from_folder(past.begun_in, name, " ".join(past.files.values()).split())
    if not exists(path):
        raise UserError(f"{option}={name}: that file is gone; put it back, or name another: {option}=...")
    file, setting_of = Path(os.path.expanduser(path)), f"{option.rpartition('.')[2]} of "
    if not file.is_file():  # a pipe could block for ever
        raise UserError(f"{option}={name}: that is no file; name another: {option}=...")
    before = [digest for key, digest in past.files.items() if key == option or key.startswith(setting_of)]
    if before and not has_digest(path, before):
        raise UserError(
            f"{option}={name} is not the file that the picture was made from (its content has changed)\n"
            f"put it back; or for another picture name it: {option}=..."
        )
    return path


def say_otherwise(past: "Provenance", source: str) -> None:
    """Say on stderr if the versions differ, which may change the last digits."""
    from stx.runs import identity

    before, now = past.machine.get("versions") or "other versions", identity.versions()
    if before != now:
        say(f"stx: {OPTION}={source}: made with {shown(str(before))}; now {now}: its last digits may differ")


def shown(text: str) -> str:
    """Text from somebody's picture, with unprintable characters replaced: a terminal might act on them."""
    return "".join(sign if sign.isprintable() or sign == "\n" else "?" for sign in text)
