"""A protocol's settings on the command line mean what they mean in its YAML."""

from typing import Any

import pytest

from stx.compare import OWN
from stx.errors import UserError
from stx.studies.compare.changes import LISTS, SETTINGS, setting
from stx.studies.compare.protocol import Protocol, load


@pytest.mark.parametrize(
    ("key", "text", "value"),
    [
        ("runs", "4", 4),
        ("tolerance", "0.1", 0.1),
        ("each", "null", None),
        ("match", "cfsd", "cfsd"),
        ("levels", "1,0.3", (1.0, 0.3)),
        ("levels", "[1,0.3]", (1.0, 0.3)),
        ("spread", "[]", ()),
        ("tolerance", "1e-2", 0.01),
    ],
)
def test_a_setting_that_is_typed_is_the_protocol_s(key: str, text: str, value: Any) -> None:
    assert getattr(load("quick", {key: text}), key) == value


def test_whatever_a_protocol_says_of_the_comparison_can_be_typed() -> None:
    left = set(Protocol.model_fields) - {*LISTS, *SETTINGS}
    assert left == {"reference", "settings", "betas", "version", "baselines"}  # of which a file says more than a word
    assert {*LISTS, *SETTINGS} <= set(OWN)


@pytest.mark.parametrize("key", SETTINGS)
@pytest.mark.parametrize("text", ["", " ", ","])
def test_a_setting_that_is_typed_empty_is_refused(key: str, text: str) -> None:
    with pytest.raises(UserError, match=f"^{key}= is empty: should be "):
        load("quick", {key: text})


def test_what_no_yaml_could_have_is_a_message() -> None:
    with pytest.raises(UserError, match=r"^levels=1,\[: should be a list of numbers, such as 1,0\.3"):
        setting("levels", "1,[")
