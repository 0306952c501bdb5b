"""Configs of earlier runs are read as what they were."""

import pytest

from stx.config.compose import composition
from stx.config.restored import restored
from stx.errors import UserError


def test_a_config_of_before_padding_averages_and_rescaled_pooling_is_one_without_them() -> None:
    now = composition([]).config
    dumped = now.model_dump(mode="json", by_alias=True)
    for section, option in (("pooling", "rescale"), ("optim", "average")):
        del dumped[section][option]
    del dumped["padding"]
    before = restored(dumped)
    assert (before.padding, before.pooling.rescale, before.optim.average) == ("zeros", 1, 0)
    other = restored({**dumped, "padding": "reflect", "optim": {**dumped["optim"], "average": 0.5}})
    assert (other.padding, other.optim.average) == ("reflect", 0.5)


@pytest.mark.parametrize("optim", ["adam", "lbfgs", "lbfgs_plain"])
def test_a_config_of_before_masks_styles_outputs_and_decays_is_one_without_them(optim: str) -> None:
    now = composition([f"optim={optim}"]).config
    dumped = now.model_dump(mode="json", by_alias=True)
    for section in ("masks", "style_mix", "style_blend", "output", "colour", "style_scale", "from_picture"):
        dumped.pop(section, None)
    for option in ("factor", "average", "beta1", "beta2", "carry", "unit"):
        dumped["optim"].pop(option, None)
    before = restored(dumped)
    assert before.model_copy(update={"output": now.output, "sweep": now.sweep}) == now


def test_what_is_no_config_is_a_message() -> None:
    with pytest.raises(UserError, match="the run holds no config"):
        restored([])
