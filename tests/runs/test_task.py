"""How a sweep's jobs are called, by the values of their axes."""

import pytest

from stx.runs.task import shown, told_apart


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("photos/a.jpg", "a.jpg"),
        ('"photos/a, \\"b\\".jpg"', 'a, "b".jpg'),
        ('"photos/\\${x}.jpg"', "${x}.jpg"),
        ("'it is.jpg'", "it is.jpg"),
        ("0.1234567", "0.1235"),
        ("gram", "gram"),
        ("[conv1_1,conv2_1]", "[conv1_1,conv2_1]"),
        ('"', '"'),
    ],
)
def test_a_value_is_shown_out_of_its_quotes_and_of_a_path_its_end(value: str, expected: str) -> None:
    assert shown(value) == expected


def test_values_are_shown_with_as_many_folders_as_tell_them_apart() -> None:
    assert told_apart(["in/a.jpg", "in/b.jpg"]) == {"in/a.jpg": "a.jpg", "in/b.jpg": "b.jpg"}
    same = ["in/one/a.jpg", "in/two/a.jpg", '"in/two/b c.jpg"']
    assert list(told_apart(same).values()) == ["one/a.jpg", "two/a.jpg", "two/b c.jpg"]
    assert list(told_apart(["a.jpg", "in/a.jpg"]).values()) == ["a.jpg", "in/a.jpg"]
    assert told_apart(["1", "10"]) == {"1": "1", "10": "10"}
