"""What a run's params say, so that it is found by all that somebody typed."""

from pathlib import Path

import pytest

from conftest import SHALLOW, SMALL
from stx.config.compose import composition
from stx.runs.params import params


def told(*overrides: str) -> dict[str, str | int]:
    small = [text for text in SMALL if not text.startswith("tracking.")]
    config, choices, typed = composition([*small, *SHALLOW, *overrides])
    return params(config, choices, typed, (48, 32))


def test_pictures_sizes_and_groups_are_params_and_so_is_what_was_typed() -> None:
    said = told("pooling=avg", "optim.history=3", "content=flower", "loss_weights.beta=4")
    assert (said["image_size.width"], said["image_size.height"]) == (48, 32)
    assert (said["content"], said["style"], said["optim"], said["pooling"]) == ("flower", "swirls", "lbfgs", "avg")
    assert (said["optim.steps"], said["optim.history"], said["loss_weights.beta"]) == (3, "3", "4")


@pytest.mark.parametrize(
    "typed",
    [
        "guard.on_nan=raise",
        "guard=stop",
        "tracking.points=7",
        "tracking=none",
        "image_size=small",
        "temporal=none",
        "timing=true",
        "live=true",
        "output.bits=8",
        "device=cpu",
        "masks.content=null",
        "style_scale=2",
    ],
)
def test_a_typed_option_is_a_param_of_whatever_group_it_is(typed: str) -> None:
    key, _, value = typed.partition("=")
    assert told(typed)[key] == value
    assert key in ("device", "style_scale") or key.partition(".")[0] not in told()


def test_where_runs_are_kept_is_no_param_of_theirs(tmp_path: Path) -> None:
    said = told(f"hydra.run.dir='{tmp_path}'", "tracking.uri='sqlite:///a.db'", "tracking.experiment=mine")
    assert not any(key.startswith(("hydra", "tracking")) for key in said)
