"""What every command says on the terminal."""

import argparse
import json

import numpy as np
import pytest

from stx.config import command, search_path
from stx.config.command import mistakes
from stx.config.flags import OF_RUNS
from stx.errors import UserError


def test_what_a_terminal_would_obey_is_shown_as_a_sign(capsys: pytest.CaptureFixture[str]) -> None:
    command.say("a file \x1b[2J\x9b3m\r\udce9.png, é 猫\n\tand another line")
    assert capsys.readouterr().err == "a file \ufffd[2J\ufffd3m\ufffd\ufffd.png, é 猫\n\tand another line\n"


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        (["--config-dir"], "argument --config-dir: expected one argument"),
        (["--config-dir=mine", "--quik"], "unrecognized arguments: --quik"),
        (["--config-dir=mine", "--multirun"], "--multirun: that is for stx run"),
    ],
)
def test_a_flag_of_the_command_s_own_is_not_said_to_be_another_s(
    typed: list[str], said: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.argv", ["stx", *typed])
    parser = argparse.ArgumentParser()
    search_path.add_flag(parser)
    with pytest.raises(SystemExit):
        command.words_of(parser, OF_RUNS)
    assert capsys.readouterr().err == f"stx: {said}; here options are key=value, and --help lists them\n"


def test_an_error_of_the_program_is_no_mistake_of_the_users() -> None:
    for fault in (ValueError("odd"), np.linalg.LinAlgError("Singular matrix"), json.JSONDecodeError("odd", "", 0)):
        with pytest.raises(type(fault)), mistakes():
            raise fault
    with pytest.raises(SystemExit) as ended, mistakes():
        raise UserError("odd")
    assert ended.value.code == 2
