"""What is said of a word that begins with a dash and is no flag of the command."""

import pytest

from stx.config.flags import OF_RUNS, following, unrecognised


@pytest.mark.parametrize(
    ("typed", "names", "said"),
    [
        ("--protocol quick", ("protocol",), "--protocol quick: an option is typed without dashes: protocol=quick"),
        ("--optim.steps=5", OF_RUNS, "--optim.steps=5: an option is typed without dashes: optim.steps=5"),
        ("--beta 3", OF_RUNS, "--beta 3: an option is typed without dashes: loss_weights.beta=3"),
        ("--color luminance", OF_RUNS, "--color luminance: an option is typed without dashes: colour=luminance"),
        ("--experiment fast", OF_RUNS, "--experiment fast: an option is typed without dashes: +experiment=fast"),
        ("--colour luminance", ("output",), "unrecognized arguments: --colour"),
        ("--experiment fast", ("output",), "unrecognized arguments: --experiment"),
        ("--beta 3", ("output",), "unrecognized arguments: --beta"),
        ("--multirn", OF_RUNS, "unrecognized arguments: --multirn (did you mean --multirun?)"),
    ],
)  # fmt: skip
def test_an_option_with_dashes_is_answered_with_its_right_form_if_the_command_takes_it(
    typed: str, names: tuple[str, ...], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = typed.split(" ")
    monkeypatch.setattr("sys.argv", ["stx", *words])
    assert unrecognised(f"unrecognized arguments: {words[0]}", ["--multirun", "--help"], names) == said


@pytest.mark.parametrize(("words", "value"), [("a", "a"), ("a=1", ""), ("--b", ""), ("", "")])
def test_a_value_is_the_word_behind_unless_that_is_an_option_itself(
    words: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.argv", ["stx", "--colour", *words.split()])
    assert following("--colour") == value
