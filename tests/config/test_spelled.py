"""Values in messages: what is said can be typed, and is the same then."""

from typing import Any

import pytest
import yaml

from stx.config.spelled import spelled


@pytest.mark.parametrize("value", [None, True, False, 3, 1000.0, 0.1, 1e-05, -2.5, [1.0, None, "a"], [], "conv1_1"])
def test_a_value_in_a_message_is_read_back_as_it_is(value: Any) -> None:
    assert yaml.safe_load(spelled(value)) == (value if value != 1e-05 else "1e-05")  # YAML's own gap, not Hydra's


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, "null"), (True, "true"), (1000.0, "1000"), ([0.5, False], "[0.5,false]"), ({"a": [1.0]}, "{a:[1]}")],
)
def test_no_value_is_spelled_as_python_does(value: Any, text: str) -> None:
    assert spelled(value) == text
