"""A run that diverged says what was tried against it, and options that can be typed as they stand."""

import re

import pytest
import torch

from stx.config.compose import composition
from stx.loop.listener import Outcome
from stx.runs.divergence import diverged, remedies

EVENTS = [[3, "loss total"], [5, "loss total"], [6, "loss total"]]
OUTCOME = Outcome(9, torch.zeros(3, 2, 2), EVENTS, diverged=True)


def test_a_run_that_backed_off_says_how_often_and_what_else_may_help() -> None:
    config = composition(["guard.on_nan=backoff", "optim=adam", "optim.lr=0.5"]).config
    first, second = diverged(OUTCOME, config).splitlines()
    assert first == "diverged: not finite at step 3: loss total; the picture is the last finite one"
    assert second.startswith(
        "went back 2 times to the last finite picture, with shorter steps (guard.backoffs, guard.shrink), and diverged "
        "again; try optim.lr=0.05 or loss_weights.beta="
    )
    once = remedies(OUTCOME._replace(events=EVENTS[:2]), config)
    assert once.startswith("went back once to the last finite picture")
    never = remedies(
        OUTCOME._replace(events=EVENTS[:1]), composition(["guard.on_nan=backoff", "guard.backoffs=0"]).config
    )
    assert never.startswith("guard.backoffs=0 let it go back no more; try more, or optim.first_step=0.001")


def test_a_run_that_did_not_back_off_is_told_of_it() -> None:
    said = diverged(OUTCOME._replace(stopped=True), composition([]).config)
    assert said.startswith("interrupted, and diverged: not finite at step 3: loss total")
    assert "\ntry guard.on_nan=backoff, which goes back and takes shorter steps, or optim.first_step=0.001" in said


@pytest.mark.parametrize("optim", ["adam", "lbfgs", "lbfgs_plain"])
@pytest.mark.parametrize("others", [["content=null"], ["precision=bf16"], []])
def test_every_remedy_can_be_typed_beside_the_optimiser_that_it_is_for(optim: str, others: list[str]) -> None:
    typed = [f"optim={optim}", *others]
    said = remedies(OUTCOME, composition([*typed, "guard.on_nan=backoff"]).config)
    options = re.findall(r"[\w.]+=\S+", said)
    assert len(options) >= 1 + (optim == "lbfgs_plain") + (others == ["precision=bf16"])
    for option in options:
        composition([*(typed if option != "optim=lbfgs" else others), option])
