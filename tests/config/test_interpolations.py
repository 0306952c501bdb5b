"""An interpolation without a value is answered with its option, its cause and its cure."""

import pytest
from omegaconf import OmegaConf
from omegaconf.errors import MissingMandatoryValue, OmegaConfBaseException

from stx.config.interpolations import resolved, unresolved
from stx.errors import UserError


@pytest.mark.parametrize(
    ("value", "answer"),
    [
        ("${oc.env:STX_NOWHERE}", "optim.steps: the environment has no variable STX_NOWHERE; set it, or say what"),
        ("sqlite:///${oc.env:STX_NOWHERE}/a.db", "optim.steps: the environment has no variable STX_NOWHERE"),
        ("${nope.deeper}", "optim.steps: no option is called nope.deeper, so ${nope.deeper} stands for nothing; "),
        ("${env:HOME}", "optim.steps: there is no ${env:...}; ${oc.env:NAME} is a variable of the environment"),
        ("${optim.steps}", "optim.steps: its ${...} leads back to itself; give a value"),
        ("${oc.env:A,B,C}", "optim.steps: its ${...} cannot be read (env() takes from 1 to 2 positional arguments"),
    ],
)
def test_the_answer_names_the_option_and_what_would_be_right(value: str, answer: str) -> None:
    with pytest.raises(OmegaConfBaseException) as raised:
        OmegaConf.to_container(OmegaConf.create({"optim": {"steps": value}}), resolve=True)
    said = unresolved(raised.value)
    assert said.startswith(answer)
    assert "Error" not in said
    assert "\n" not in said


def test_another_error_is_not_this_one_s_business() -> None:
    assert unresolved(MissingMandatoryValue("content must be given")) == ""


def test_a_command_without_a_config_reads_variables_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STX_SOMEWHERE", "host:5000")
    assert resolved("tracking.uri", "http://${oc.env:STX_SOMEWHERE}") == "http://host:5000"
    assert resolved("tracking.uri", "") == ""
    with pytest.raises(UserError, match=r"^tracking\.uri: the environment has no variable STX_NOWHERE"):
        resolved("tracking.uri", "${oc.env:STX_NOWHERE}")
