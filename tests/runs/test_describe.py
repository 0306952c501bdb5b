"""The lines that a run begins and ends with."""

import shlex
from pathlib import Path
from typing import Any

import pytest
import torch

from conftest import SHALLOW, SMALL
from stx.config.compose import composition
from stx.loop.checkpoint import Checkpoint
from stx.loop.listener import Outcome
from stx.model.prepare import Inputs, prepare
from stx.runs import describe
from stx.runs.identity import Identity
from stx.runs.job import Job
from stx.runs.tracking.tracker import About

PICTURE = torch.zeros(3, 2, 2)
BLANK = Identity("f" * 32, [], {}, {}, {}, {})


def described(*overrides: str, record: Identity = BLANK, **further: Any) -> tuple[Job, Inputs, About]:
    config, choices, typed = composition([*SMALL, *SHALLOW, "tracking=none", *overrides])
    job, inputs = Job(config, Path("folder"), choices, typed, **further), prepare(config)
    return job, inputs, describe.run(job, inputs, record)


def measured(luma: float = 0.9, chroma: float = 0.4) -> dict[str, float]:
    return {
        "measure/sliced_wasserstein": 0.5,
        "baseline/sliced_wasserstein": 2.0,
        "measure/content": 0.75,
        "measure/cfsd": 0.4,
        "measure/noise_luma": luma,
        "measure/noise_chroma": chroma,
    }


CONFIG = composition([]).config


def said(outcome: Outcome = Outcome(180, PICTURE, []), **noise: float) -> list[str]:  # noqa: B008
    return describe.closing(outcome, measured(**noise), "", CONFIG).splitlines()


def test_the_style_distance_is_told_as_a_share_of_the_photographs_own() -> None:
    assert said() == [
        "finished after 180 steps",
        "three quarters of the way to the painting's style; layout mostly kept",
        "style distance 0.25 of the photograph's own, content distance 0.75, structure distance 0.40",
    ]


def test_a_texture_and_pictures_of_one_style_have_no_way_to_go() -> None:
    alike = {**measured(), "measure/sliced_wasserstein": 0.0, "baseline/sliced_wasserstein": 0.0}
    without = ("measure/content", "baseline/sliced_wasserstein")
    texture = {name: value for name, value in measured().items() if name not in without}
    for case, line in (
        (alike, "photograph and painting are of one style, content distance 0.75, structure distance 0.40"),
        (texture, "style distance 0.5 (sliced Wasserstein)"),
    ):
        assert describe.closing(Outcome(9, PICTURE, []), case, "", CONFIG).splitlines()[1:] == [line]


@pytest.mark.parametrize("noise", [{"luma": 1.51}, {"chroma": 27.0}])
def test_a_noisy_picture_is_said_to_be_noisy(noise: dict[str, float]) -> None:
    (line,) = said(**noise)[3:]
    assert line.startswith("the picture is noisy: ")
    assert all(f"{value:.1f}" in line for value in noise.values())


def test_noise_up_to_half_as_much_again_is_not_worth_a_word() -> None:
    assert len(said(luma=1.5, chroma=1.5)) == 3


def test_a_run_that_has_converged_says_so() -> None:
    lines = said(Outcome(100, PICTURE, [], converged=True))
    assert lines[:2] == ["finished after 100 steps", "converged: the loss falls no more (optim.stop_at)"]


def test_nothing_is_told_of_pictures_too_small_to_be_measured() -> None:
    assert describe.closing(Outcome(3, PICTURE, []), {}, "", CONFIG) == "finished after 3 steps"


@pytest.mark.parametrize(
    ("squashed", "line"),
    [
        ((), None),
        (("painting",), "squashed to 2 x 2: the painting; "),
        (("photograph", "painting"), "squashed to 2 x 2: the photograph and the painting; "),
    ],
)
def test_a_squash_is_said(squashed: tuple[str, ...], line: str | None) -> None:
    config, choices, typed = composition(
        [*SMALL, *SHALLOW, "image_size.width=2", "image_size.height=2", "style_size=same"]
    )
    job, inputs = Job(config, Path(), choices, typed), prepare(config)._replace(squashed=squashed)
    lines = describe.opening(job, inputs, Identity("", [], {}, {}, {}, {}), None).splitlines()
    assert [text.startswith(line or "-") for text in lines[1:]] == [True] * bool(line)


def test_a_run_that_was_interrupted_behind_a_value_that_is_not_finite_says_both() -> None:
    outcome = Outcome(9, PICTURE, [[7, "loss total"]], stopped=True, diverged=True)
    assert describe.closing(outcome, {}, "", CONFIG).startswith(
        "interrupted, and diverged: not finite at step 7: loss total"
    )


def test_a_tracker_is_told_what_identifies_a_run_and_how_to_have_it_again() -> None:
    overrides = ("guard.on_nan=raise", "pooling=avg", "optim.history=3", "content=flower", "loss_weights.beta=4")
    job, inputs, about = described(*overrides, tags={"stx.batch": "trial"})
    assert (about.name, about.id) == ("flower × swirls", BLANK.id)
    assert about.headline == (
        f"`flower` in the style of `swirls`, 48 x 32 pixels, by the statistic `{job.choices['style_stat']}`."
    )
    assert shlex.split(about.command) == ["stx", "run", *job.overrides]
    assert about.tags["stx.command"] == about.command
    assert about.tags["stx.folder"] == str(Path("folder").absolute())
    assert about.tags["stx.batch"] == "trial"
    assert float(about.tags["stx.expected_memory_gb"]) == pytest.approx(inputs.memory / 1e9, abs=0.05)
    assert "stx.resumed" not in about.tags
    assert described(name="its own name")[2].name == "its own name"


def test_what_is_otherwise_than_before_is_told_of_the_last_time_alone() -> None:
    record = BLANK._replace(resumed=[{"at": "now", "threads": "1, now 2"}, {"at": "later", "device": "cpu, now cuda"}])
    job, inputs, about = described(record=record)
    assert about.tags["stx.resumed"] == "device cpu, now cuda"
    opening = describe.opening(job, inputs, record, None).splitlines()
    assert opening[0].startswith(f"{job.choices['style_stat']}: china in the style of swirls, 48 x 32, 3 steps on cpu")
    assert opening[0].endswith(f"about {inputs.memory / 1e9:.1f} GB of memory")
    assert opening[-1].startswith("different from before: device cpu, now cuda; ")


@pytest.mark.parametrize(("step", "optimiser", "said"), [(0, {}, False), (2, {}, True), (2, {"a": 1}, False)])
def test_an_optimiser_that_begins_anew_is_told(step: int, optimiser: dict[str, Any], said: bool) -> None:
    job, inputs, _ = described()
    resumed = Checkpoint.start(PICTURE)._replace(step=step, optimiser=optimiser)
    assert ("its optimiser starts again" in describe.opening(job, inputs, BLANK, resumed)) == said


@pytest.mark.parametrize(
    ("overrides", "said"),
    [
        (["loss_weights.beta=30"], False),
        (["loss_weights.beta=30.1"], True),
        (["loss_weights.beta=45", "loss_weights.alpha=1.5"], False),
        (["loss_weights.beta=31", "loss_weights.calibrate=none"], False),
    ],
)
def test_a_style_that_leaves_nothing_of_the_content_is_told(overrides: list[str], said: bool) -> None:
    job, inputs, _ = described(*overrides)
    assert ("the content may be lost" in describe.opening(job, inputs, BLANK, None)) == said


@pytest.mark.parametrize(
    ("overrides", "said"),
    [
        (["style_stat=sliced_wasserstein_fresh", "optim=lbfgs"], True),
        (["style_stat=sliced_wasserstein_fresh", "optim=lbfgs_plain"], True),
        (["style_stat=sliced_wasserstein_fresh", "optim=adam"], False),
        (["style_stat=sliced_wasserstein", "optim=lbfgs"], False),
    ],
)
def test_a_loss_that_is_another_in_every_step_is_told_to_who_takes_l_bfgs(overrides: list[str], said: bool) -> None:
    job, inputs, _ = described(*overrides)
    assert ("optim=adam copes with it" in describe.opening(job, inputs, BLANK, None)) is said


def test_how_a_run_ended_is_told_in_the_words_for_it() -> None:
    events = [[3, "loss total"], [5, "loss total"]]
    one = describe.closing(Outcome(1, PICTURE, []), {}, "http://there", CONFIG)
    assert one == "finished after 1 step\nMLflow: http://there"
    back = describe.closing(Outcome(9, PICTURE, events), {}, "", CONFIG)
    assert back == "finished after 9 steps, having gone back 2 times: first at step 3: loss total"
    diverged = describe.closing(Outcome(9, PICTURE, events, diverged=True, stalled=True), {}, "", CONFIG)
    assert diverged.startswith("diverged: not finite at step 3: loss total; the picture is the last finite one\ntry ")
    assert "stalled" not in diverged
    stalled = describe.closing(Outcome(9, PICTURE, [], stalled=True), {}, "", CONFIG)
    assert stalled.startswith("finished after 9 steps\nthe optimiser stalled: ")


def test_how_to_go_on_can_be_typed_as_it_stands() -> None:
    picture, typed = describe.how_to_go_on(Path("my runs/1")).splitlines()
    assert picture.endswith(": my runs/1/output.png")
    assert shlex.split(typed.removeprefix("go on: "))[:2] == ["stx", "run"]
    (resume,) = shlex.split(typed)[4:]
    assert composition([resume]).config.resume == "my runs/1"


def test_a_picture_that_was_stopped_at_a_coarse_level_is_said_to_be_enlarged() -> None:
    outcome = Outcome(3, torch.zeros(3, 24, 32), [], stopped=True)
    coarse = describe.last(Path("run"), Path("out.png"), outcome, 2, (64, 48))
    assert coarse == "the picture so far, enlarged from 32 x 24: out.png\ngo on: stx run resume=run"
    assert describe.last(Path("run"), Path("out.png"), outcome, 2, (32, 24)).startswith("the picture so far: out.png\n")
