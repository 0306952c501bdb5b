"""The lines that a run begins and ends with."""

from types import SimpleNamespace
from typing import Any

import pytest
import torch

from stx.loop.listener import Outcome
from stx.runs import describe
from stx.runs.identity import Identity

PICTURE = torch.zeros(3, 2, 2)


def measured(luma: float = 0.9, chroma: float = 0.4) -> dict[str, float]:
    return {
        "measure/sliced_wasserstein": 0.5,
        "baseline/sliced_wasserstein": 2.0,
        "measure/content": 0.75,
        "measure/noise_luma": luma,
        "measure/noise_chroma": chroma,
    }


def said(outcome: Outcome = Outcome(180, PICTURE, []), **noise: float) -> list[str]:  # noqa: B008
    return describe.closing(outcome, measured(**noise), "").splitlines()


def test_the_style_distance_is_told_as_a_share_of_the_photographs_own() -> None:
    assert said() == [
        "finished after 180 steps",
        "style distance 0.25 of the photograph's own, content distance 0.75",
    ]


@pytest.mark.parametrize("noise", [{"luma": 1.51}, {"chroma": 27.0}])
def test_a_noisy_picture_is_said_to_be_noisy(noise: dict[str, float]) -> None:
    (line,) = said(**noise)[2:]
    assert line.startswith("noisy: ")
    assert all(f"{value:.1f}" in line for value in noise.values())


def test_noise_up_to_half_as_much_again_is_not_worth_a_word() -> None:
    assert len(said(luma=1.49, chroma=1.49)) == 2


def test_a_run_that_has_converged_says_so() -> None:
    lines = said(Outcome(100, PICTURE, [], converged=True))
    assert lines[:2] == ["finished after 100 steps", "converged: the loss falls no more (optim.stop_at)"]


def test_nothing_is_told_of_pictures_too_small_to_be_measured() -> None:
    assert describe.closing(Outcome(3, PICTURE, []), {}, "") == "finished after 3 steps"


@pytest.mark.parametrize(
    ("squashed", "line"),
    [
        ((), None),
        (("painting",), "squashed to 2 x 2: the painting; "),
        (("photograph", "painting"), "squashed to 2 x 2: the photograph and the painting; "),
    ],
)
def test_a_squash_is_said(squashed: tuple[str, ...], line: str | None) -> None:
    weights = SimpleNamespace(calibrate="gradient", beta=10, alpha=1)
    config = SimpleNamespace(content="a", style="b", optim=SimpleNamespace(steps=3), loss_weights=weights)
    job: Any = SimpleNamespace(config=config, choices={"style_stat": "gram"})
    inputs: Any = SimpleNamespace(
        content=PICTURE, hardware=SimpleNamespace(description="cpu"), memory=1e9, squashed=squashed
    )
    lines = describe.opening(job, inputs, Identity("", [], {}, {}, {}, {}), None).splitlines()
    assert [text.startswith(line or "-") for text in lines[1:]] == [True] * bool(line)


def test_a_run_that_was_interrupted_behind_a_value_that_is_not_finite_says_both() -> None:
    outcome = Outcome(9, PICTURE, [[7, "loss total"]], stopped=True, diverged=True)
    assert describe.closing(outcome, {}, "").startswith("interrupted, and diverged: not finite at step 7: loss total")
