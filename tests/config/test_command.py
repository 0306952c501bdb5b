"""Overrides as they are typed for a user."""

import pytest
from hydra import compose, initialize_config_dir

from stx.config.command import override
from stx.config.schema import CONF

NAMES = (
    "12",
    "null",
    "a=b.png",
    "my photo.png",
    "ñ.png",
    "q\"uo'te.png",
    "back\\slash.png",
    'a\\"b',
    "end\\",
    "a,b",
    " x",
)


@pytest.mark.parametrize("name", ["photo.jpg", "some/photo-1_2.jpg", *NAMES])
def test_any_name_of_a_file_is_read_back_as_it_was(name: str) -> None:
    with initialize_config_dir(str(CONF), version_base="1.3"):
        assert compose("config", [override("content", name)]).content == name


def test_what_needs_no_quotes_has_none() -> None:
    assert override("content", "some/photo-1_2.jpg") == "content=some/photo-1_2.jpg"
