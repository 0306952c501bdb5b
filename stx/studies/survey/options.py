"""The options of `stx survey`: as typed, over the defaults of conf/survey/survey.yaml."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

import yaml
from pydantic import Field, ValidationError

from stx.config.explain import explain
from stx.config.schema import CONF, NotNegative, Section, Size, Unit, Whole
from stx.errors import UserError
from stx.studies.film.options import number

DEFAULTS = CONF / "survey" / "survey.yaml"


class Options(Section):
    questions: Annotated[Whole, Field(ge=2, le=2000)]
    repeats: Annotated[Unit, Field(le=0.5)]
    pairs: Annotated[Whole, Field(ge=1, le=100_000)]
    tolerance: NotNegative
    match: Literal["content", "lite0_content", "ssim", "cfsd"] | None
    by: Annotated[str, Field(min_length=1)] | None
    long_side: Annotated[Size, Field(ge=16)]
    seed: Annotated[Whole, Field(ge=0, lt=2**63)]
    host: Annotated[str, Field(min_length=1)]
    port: Annotated[Whole, Field(ge=0, le=65535)]


def read(own: Mapping[str, str]) -> Options:
    """The options as typed, over the defaults of the YAML. Raises UserError if one is invalid."""
    plain: Any = yaml.safe_load(DEFAULTS.read_text(encoding="utf-8"))
    plain |= {name: value(name, text) for name, text in own.items() if name in plain}
    try:
        return Options.model_validate(plain)
    except ValidationError as error:
        raise UserError(explain(error, plain)) from None


def documented() -> dict[str, tuple[str, str]]:
    """Each option with its default, as it is typed, and what the YAML says about it."""
    lines = DEFAULTS.read_text(encoding="utf-8").splitlines()
    told = (line.partition(" # ") for line in lines if not line.startswith("#"))
    return {field.partition(":")[0]: (field.replace(": ", "=", 1), said) for field, _, said in told}


def value(name: str, text: str) -> Any:
    """The value of an option as typed: None for null, the text itself for a text option, else a number if it is one."""
    if text == "null":
        return None
    return text if name in ("by", "host") else number(text)


def in_address(host: str) -> str:
    """A host as written in an address, where a colon also begins the port."""
    return f"[{host}]" if ":" in host else host
