"""What is said of a word that begins with a dash and is no flag of the command."""

import pytest

from stx.config.flags import OF_RUNS, following, takes, unrecognised

FLAGS = ["--multirun", "--help"]
GALLERY = ("output", "tracking", "tracking.uri")


def words(typed: str) -> list[str]:
    """As a shell splits them."""
    return [typed] if "=" in typed else typed.split(" ")


@pytest.mark.parametrize(
    ("typed", "names", "right"),
    [
        ("--protocol quick", ("protocol",), "protocol=quick"),
        ("--protocl quick", ("protocol", *OF_RUNS), "protocol=quick"),
        ("--steps 30", ("steps", *OF_RUNS), "steps=30"),  # its own, and not that of a group
        ("--optim.steps=5", OF_RUNS, "optim.steps=5"),
        ("--beta 3", OF_RUNS, "loss_weights.beta=3"),
        ("--loss_weights.beta 3", OF_RUNS, "loss_weights.beta=3"),
        ("--loss-weights.beta 3", OF_RUNS, "loss_weights.beta=3"),
        ("--color luminance", OF_RUNS, "colour=luminance"),
        ("--experiment fast", OF_RUNS, "+experiment=fast"),
        ("--hydra/launcher joblib", OF_RUNS, "hydra/launcher=joblib"),
        ("--tracking.uri x", OF_RUNS, "tracking.uri=x"),
        ("--tracking.uri x", GALLERY, "tracking.uri=x"),
        ("--output=my page.html", GALLERY, "output=my page.html"),
        ("--colour", OF_RUNS, "colour=..."),
        ("--size 96", OF_RUNS, "image_size.long_side=96"),
        ("--strength 0.8", OF_RUNS, "loss_weights.beta=..."),  # whose scale is another
    ],
)
def test_an_option_with_dashes_is_answered_with_its_right_form(
    typed: str, names: tuple[str, ...], right: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.argv", ["stx", *words(typed)])
    said = unrecognised(f"unrecognized arguments: {words(typed)[0]}", FLAGS, names)
    assert said == f"{typed}: an option is typed without dashes: {right}"


@pytest.mark.parametrize(
    ("typed", "names"),
    [
        ("--colour luminance", GALLERY),
        ("--colour=luminance", GALLERY),
        ("--experiment fast", GALLERY),
        ("--beta 3", GALLERY),
        ("--plots true", GALLERY),
        ("--nonsense=1", OF_RUNS),
    ],
)
def test_an_option_that_the_command_does_not_take_is_not_recommended(
    typed: str, names: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.argv", ["stx", *words(typed)])
    message = f"unrecognized arguments: {words(typed)[0]}"
    assert unrecognised(message, FLAGS, names) == message


def test_a_misspelt_flag_is_answered_with_the_nearest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["stx", "--multirn"])
    said = unrecognised("unrecognized arguments: --multirn", FLAGS)
    assert said == "unrecognized arguments: --multirn (did you mean --multirun?)"


def test_a_name_stands_for_all_below_it_unless_some_of_that_is_named_too() -> None:
    assert [takes(key, GALLERY) for key in ("output", "tracking", "tracking.uri", "tracking.plots", "colour")] == [
        True, True, True, False, False
    ]  # fmt: skip
    assert [takes(key, ("tracking",)) for key in ("tracking.plots", "tracking")] == [True, True]


@pytest.mark.parametrize(("behind", "value"), [("a", "a"), ("a=1", ""), ("--b", ""), ("", "")])
def test_a_value_is_the_word_behind_unless_that_is_an_option_itself(
    behind: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.argv", ["stx", "--colour", *behind.split()])
    assert following("--colour") == value
