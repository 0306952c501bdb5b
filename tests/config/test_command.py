"""What every command says on the terminal."""

import pytest

from stx.config import command


def test_what_a_terminal_would_obey_is_shown_as_a_sign(capsys: pytest.CaptureFixture[str]) -> None:
    command.say("a file \x1b[2J\x9b3m\r\udce9.png, é 猫\n\tand another line")
    assert capsys.readouterr().err == "a file \ufffd[2J\ufffd3m\ufffd\ufffd.png, é 猫\n\tand another line\n"
