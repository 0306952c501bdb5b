"""The field of a format in the schema of a file."""

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator
from pydantic_core import PydanticCustomError


def number(value: Any) -> Any:
    if isinstance(value, bool):
        raise PydanticCustomError("value", "Input should be 1")
    return value


First = Annotated[Literal[1], BeforeValidator(number)]
"""The field of a format that has had no other version."""
