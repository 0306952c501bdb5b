"""The runs behind the report: all of them compose, each name is one setting, and the presets are the design's."""

import re
from pathlib import Path

import pytest

from stx.config.compose import composition
from stx.config.schema import CONF
from stx.errors import UserError
from stx.studies.thesis.claims import EXPERIMENTS
from stx.studies.thesis.plan import PARTS, PRESETS, STYLE_LAYERS, members


@pytest.mark.parametrize(
    ("quick", "every"), [(True, 4), *(pytest.param(quick, 1, marks=pytest.mark.slow) for quick in (True, False))]
)
def test_every_member_composes(quick: bool, every: int) -> None:
    plan = members(quick, ["seed=3"])
    assert len({member.name for member in plan}) == len(plan) >= 70
    for member in plan[::every]:
        config = composition(member.overrides).config
        if not member.name.startswith("e09_time"):  # each turn has its own
            assert config.seed == 3
        if not member.name.startswith("e10_time"):
            assert (config.image_size.width, config.image_size.height) == ((192, 144) if quick else (512, 380))


def test_the_whole_report_has_the_quick_ones_members_at_the_thesis_size_and_some_more() -> None:
    """Composed under --slow: what tells them apart are size, steps and how often norms are taken."""
    quick, whole = ({member.name: member.overrides for member in members(each, [])} for each in (True, False))
    same = [name for name in quick.keys() & whole.keys() if "time" not in name]
    assert len(same) >= 60
    told_apart = ("image_size", "optim.steps=", "tracking.grad_norms_every=", "loss_weights.beta=")
    for name in same:
        kept = [[text for text in plan[name] if not text.startswith(told_apart)] for plan in (quick, whole)]
        assert kept[0] == kept[1]
        assert "image_size=thesis" in whole[name]


def test_every_picture_of_the_report_is_a_member() -> None:
    names = {member.name for member in members(True, [])}
    assert {name for experiment in EXPERIMENTS for name in experiment.shows} <= names


def test_the_design_names_eleven_experiments_and_their_variants() -> None:
    starts = {name[:3] for name in PRESETS}
    assert starts == {f"e{number:02d}" for number in range(1, 12)}
    assert sum(name.startswith("e11_content") for name in PRESETS) == 5
    assert sum(name.startswith("e11_style") for name in PRESETS) == 5


def test_what_is_given_reaches_every_member_but_timing_keeps_its_sizes() -> None:
    given = ["optim.steps=7", "image_size.width=64", "image_size.height=48", "seed=5"]
    plan = {member.name: member.overrides for member in members(True, given)}
    assert composition(plan["e08_portrait"]).config.optim.steps == 7
    assert composition(plan["e01_longer"]).config.optim.steps == 28
    turns = [composition(plan[f"e09_time_1e-3_{turn}"]).config for turn in (1, 2, 3)]
    assert [config.optim.steps for config in turns] == [10, 10, 10]
    assert [config.seed for config in turns] == [1, 2, 3]  # equal runs would be one
    assert composition(plan["e10_time_max_256x190"]).config.image_size.width == 256
    assert composition(plan["mean_e02_cooc_vector"]).config.optim.steps == 7
    assert not any("rescaled" in name for name in plan)


def test_rescaled_runs_weigh_the_style_as_at_the_thesis_size() -> None:
    """L_c grows with the number of positions, so beta shrinks with it: 1e2 at 512 x 380 is 14.2 at 192 x 144."""
    (member,) = [member for member in members(True, []) if member.name == "e01_rescaled"]
    beta = composition(member.overrides).config.loss_weights.beta
    assert beta == pytest.approx(100 * 192 * 144 / (512 * 380), rel=1e-3)


def test_only_some_can_be_asked_for() -> None:
    assert {member.name[:3] for member in members(True, [], ["e01", "e06"])} == {"e01", "e06"}
    assert {member.name.partition("_")[0] for member in members(True, [], ["grid", "alone"])} == {"grid", "alone"}
    assert all(members(True, [], [part]) for part in PARTS)


@pytest.mark.parametrize(
    "override", ["style_stat=gram", "loss_weights.beta=1", "optim=adam", "init=noise", "guard=stop"]
)
def test_what_the_experiments_are_about_cannot_be_given(override: str) -> None:
    with pytest.raises(UserError, match="the experiments set this themselves"):
        members(True, [override])


@pytest.mark.parametrize("preset", PRESETS)
def test_what_a_presets_comment_says_was_measured_stands_in_the_report_that_is_kept(preset: str) -> None:
    """Of one of several runs in a row, at its place in that row."""
    text = (CONF / "experiment" / "thesis" / f"{preset}.yaml").read_text(encoding="utf-8")
    (said,) = re.findall(r"^# stx: +(.*)$", text, re.MULTILINE)
    report = (Path(__file__).parents[3] / "docs" / "thesis" / "report.md").read_text(encoding="utf-8")
    verdicts = report.partition("## Verdicts")[2].partition("## E1")[0]
    name, _, kind = preset.partition("_")
    claims = [line for line in verdicts.splitlines() if re.match(rf"\| E{int(name[1:])}\b", line)]
    kind, _, layer = kind.partition("_")
    if name == "e11":
        (row,) = [line for line in claims if f"E11, {kind}" in line]
        five = re.search(r": ((?:[\d.]+, ){4}[\d.]+)", row)
        assert five
        assert f" {five[1].split(', ')[STYLE_LAYERS.index(layer)]} " in said
    for number in re.findall(r"\d+\.\d+(?:e-\d+)?|\de-\d+", said.replace("1/(4", "")):
        assert any(number in row for row in claims), f"{number}: {claims}"
