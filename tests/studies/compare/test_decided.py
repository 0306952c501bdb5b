"""What a comparison decides itself, typed or in a protocol: one rule for both places."""

import pytest

from stx.errors import UserError
from stx.studies.compare.decided import refuse_typed, refuse_written

OPTIONS = ("gram", "mean_std")
DECIDED = (
    "content=china",
    "style=swirls",
    "seed=3",
    "++seed=3",
    "loss_weights.beta=5",
    "loss_weights={beta:5,alpha:1}",
    "tile=true",
    "temporal=moved",
    "temporal.weight=3",
)


@pytest.mark.parametrize("text", [*DECIDED, "style_stat=gram", "style_stat.radius=2", "style_stat={radius:2}"])
def test_what_is_refused_on_the_command_line_is_refused_in_settings_with_the_place(text: str) -> None:
    with pytest.raises(UserError) as typed:
        refuse_typed(["optim.steps=3", text])
    with pytest.raises(UserError) as written:
        refuse_written("protocol=a.yaml", ["optim.steps=3", text], {}, OPTIONS)
    assert str(written.value) == f"protocol=a.yaml: settings: {typed.value}"


@pytest.mark.parametrize(
    "text",
    [*DECIDED, "image_size=small", "image_size.width=96", "image_size={width:96}", "tracking.uri=a.db", "live=true"],
)
def test_a_statistic_cannot_have_what_is_decided_or_shared(text: str) -> None:
    with pytest.raises(UserError, match=r"^protocol=a\.yaml: statistics\.mine: "):
        refuse_written("protocol=a.yaml", [], {"mine": f"style_stat=gram {text}"}, OPTIONS)


@pytest.mark.parametrize("text", ["optim.steps=3", "tile=false", "temporal=none", "loss_weights={alpha:2}", "~prior"])
def test_other_options_are_for_the_settings_and_for_statistics(text: str) -> None:
    refuse_typed([text])
    refuse_written("", [text, "image_size=small", "tracking.uri=a.db"], {"mine": f"style_stat=gram {text}"}, OPTIONS)


def test_a_statistic_of_an_option_s_name_is_that_option_or_made_of_parts() -> None:
    refuse_written("", [], {"mean_std": "style_stat=mean_std", "mine": "style_stat=gram"}, OPTIONS)
    refuse_written("", [], {"mean_std": "style_stat=gram style_stat._target_=stx.stats.mean_std"}, OPTIONS)
    for words in ("style_stat=gram", "style_stat=gram content_stat=laplacian"):
        with pytest.raises(UserError, match="mean_std is the name of another statistic"):
            refuse_written("", [], {"mean_std": words}, OPTIONS)
    for words in ("", "optim.steps=3"):
        with pytest.raises(UserError, match="it must choose a statistic, such as style_stat=mean_std"):
            refuse_written("", [], {"mean_std": words}, OPTIONS)


@pytest.mark.parametrize("text", ["mean_std", "", "hydra/launcher=joblib", "sweep.jobs=2", "seed=1,2"])
def test_a_word_that_is_no_option_of_a_run_is_refused(text: str) -> None:
    with pytest.raises(UserError, match=r"^here: settings: "):
        refuse_written("here", [text], {}, OPTIONS)
