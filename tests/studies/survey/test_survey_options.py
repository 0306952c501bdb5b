"""The survey's own options: as typed, over the YAML."""

import pytest
import yaml

from stx.errors import UserError
from stx.studies.survey.options import DEFAULTS, Options, documented, read
from stx.survey import VERBS


def test_defaults_are_those_of_the_yaml() -> None:
    assert read({}).model_dump() == yaml.safe_load(DEFAULTS.read_text())


def test_every_option_is_one_of_a_verb() -> None:
    named = [name for verb in VERBS.values() for name in verb.options if name in Options.model_fields]
    assert sorted(named) == sorted(Options.model_fields)


def test_what_the_yaml_says_of_each_option_is_there_for_help() -> None:
    told = documented()
    assert [*told] == [*Options.model_fields]
    assert told["questions"][0] == f"questions={read({}).questions}"
    assert all(said and "#" not in said for _, said in told.values())


def test_what_is_typed_comes_first() -> None:
    typed = {"questions": "1e2", "repeats": "0", "match": "ssim", "by": "0", "tolerance": ".1", "output": "out"}
    asked = read(typed)
    assert (asked.questions, asked.repeats, asked.match, asked.by, asked.tolerance) == (100, 0, "ssim", "0", 0.1)


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("questions", "1", "questions=1: should be greater than or equal to 2"),
        ("questions", "many", "questions=many: should be a valid integer"),
        ("pairs", "0", "pairs=0: should be greater than or equal to 1"),
        ("repeats", "0.6", "repeats=0.6: should be less than or equal to 0.5"),
        ("tolerance", "-1", "tolerance=-1: should be greater than or equal to 0"),
        ("match", "contnet", "match=contnet: choose from content, lite0_content, ssim, cfsd (did you mean content?)"),
        ("port", "99999", "port=99999: should be less than or equal to 65535"),
        ("seed", "[", "seed=[: should be a valid integer"),
        ("seed", "٣", "seed=٣: should be a valid integer"),
        ("seed", "1_0", "seed=1_0: should be a valid integer"),
        ("by", "", "by= is empty"),
        ("host", "", "host= is empty"),
    ],
)
def test_what_cannot_be_is_said(name: str, text: str, said: str) -> None:
    with pytest.raises(UserError) as refused:
        read({name: text})
    assert said in str(refused.value)
