"""Hints in messages: the name that was probably meant, where it is seen."""

from stx.errors import choose_from, did_you_mean

PRESETS = ["best", "thesis/e06_gram_cooc_vector", "thesis/e10_max"]


def test_the_only_name_that_begins_as_typed_is_meant_and_otherwise_the_nearest() -> None:
    assert did_you_mean("thesis/e06", PRESETS) == " (did you mean thesis/e06_gram_cooc_vector?)"
    assert did_you_mean("thesis/e10_mxa", PRESETS) == " (did you mean thesis/e10_max?)"
    assert did_you_mean("th", PRESETS, 0.9) == ""  # too short to tell
    assert did_you_mean("colour", PRESETS) == ""


def test_a_hint_comes_before_many_names_and_behind_few() -> None:
    assert choose_from("bst", PRESETS[:1]) == ": choose from best (did you mean best?)"
    many = [*PRESETS, *"abcdefg"]
    assert choose_from("bst", many) == f" (did you mean best?): choose from {', '.join(many)}"
    assert choose_from("bst", many, ["a", "...", "g"]) == ": choose from a, ..., g (did you mean best?)"
    assert choose_from("zzz", many).startswith(": choose from best, ")
