"""Statistics at equal content, read off between runs of several weights, on runs that follow a known law."""

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import pytest

from stx.errors import UserError
from stx.measures import lite0
from stx.studies.compare.equal import along, between, label, level, ratios, read_off, title, tolerance
from stx.studies.compare.protocol import Cell, Protocol, first_beta
from stx.studies.compare.work import Results, Try, matching, member_name, wanted
from stx.studies.compare.yardsticks import measured

STYLE = "measure/sliced_wasserstein"
PROTOCOL = Protocol(
    statistics={"gram": "", "other": "", "third": ""},
    reference="gram",
    photographs=["a", "b"],
    styles=["x"],
    seeds=[0],
    settings=[],
    betas={"gram": 3, "other": 4},
    runs=4,
    tolerance=0.02,
)
KEYS = [("a", "x", 0), ("b", "x", 0)]


class Run:
    """Style falls as a power of content, whichever way that is measured, times a statistic's factor."""

    def __init__(self, content: float, factor: float):
        self.tags: dict[str, str] = {}
        self.latest = {
            "measure/content": content,
            "measure/cfsd": content**2,
            "measure/ssim": 1 - content**3,
            "measure/lite0_content": content**0.5,
            STYLE: factor * content**-0.7,
        }


def attempt(content: float, factor: float, beta: float = 0.0) -> Try:
    run: Any = Run(content, factor)
    return Try(beta or content, run)


def results(
    other: Sequence[float] = (0.8, 0.3), third: Sequence[float] = (0.6, 0.4), levels: Sequence[float] = (0.5,)
) -> Results:
    protocol = PROTOCOL.model_copy(update={"levels": tuple(levels)})
    runs = {}
    for photograph, _, _ in KEYS:
        runs[Cell("gram", photograph, "x", 0)] = [attempt(content, 1.0) for content in levels]
        runs[Cell("other", photograph, "x", 0)] = [attempt(content, 0.5) for content in other]
        runs[Cell("third", photograph, "x", 0)] = [attempt(content, 2.0) for content in third]
    return Results(protocol, runs, {}, "content")


@pytest.mark.parametrize("by", ["content", "cfsd", "ssim", "lite0_content"])
@pytest.mark.parametrize("number", [0, 1])
def test_between_two_runs_it_follows_the_law_at_every_level(by: str, number: int) -> None:
    at = level(results(levels=(0.5, 0.45)), by, number)
    assert at.of == len(at.compared) == 2
    halves = {pair: math.exp(log) for pair, log in ratios(at, "other", STYLE).items()}
    assert halves == pytest.approx({("a", "x"): 0.5, ("b", "x"): 0.5})
    against = {pair: math.exp(log) for pair, log in ratios(at, "other", STYLE, over="third").items()}
    assert against == pytest.approx({("a", "x"): 0.25, ("b", "x"): 0.25})
    assert set(ratios(at, "gram", STYLE).values()) == {0.0}


def test_between_several_runs_it_is_read_on_the_curve_of_fritsch_and_butland() -> None:
    """Against the cubic of their paper, whose slope at a run is the weighted harmonic mean of those beside it.

    In an end piece, the slope at the end is that of the parabola through three points.
    """
    x, y, at = [0.0, 1.0, 3.0, 4.0], [0.0, 4.0, 5.0, 5.2], 1.5
    before, within, after = (above - below for below, above in pairwise(x))
    slopes = [rise / run for rise, run in zip((4.0, 1.0, 0.2), (before, within, after), strict=True)]
    left, right = 2 * within + before, 2 * after + within
    first = (left + within + 2 * before) / (left / slopes[0] + (within + 2 * before) / slopes[1])
    last = (right + after + 2 * within) / (right / slopes[1] + (after + 2 * within) / slopes[2])
    share = (at - x[1]) / within
    expected = (
        (1 + 2 * share) * (1 - share) ** 2 * y[1]
        + share * (1 - share) ** 2 * within * first
        + share**2 * (3 - 2 * share) * y[2]
        + share**2 * (share - 1) * within * last
    )
    assert along(at, x, y) == pytest.approx(expected, rel=1e-12)
    end = ((2 * before + within) * slopes[0] - before * slopes[1]) / (before + within)
    at_end = 0.5 * y[1] + 0.125 * before * end - 0.125 * before * first  # halfway, from the value 0
    assert along(0.5, x, y) == pytest.approx(at_end, rel=1e-12)


def test_a_curve_misses_a_bend_between_distant_runs_by_a_fraction_of_what_a_straight_line_does() -> None:
    """The law is like the benchmark's: style falls ever faster, so that a straight line lies below it."""

    def law(content: float) -> float:
        return -0.6 * content - 0.2 * content**2

    x = [-1.2, -0.5, 0.6, 1.1]
    y = [law(content) for content in x]
    straight = y[1] + (0.0 - x[1]) / (x[2] - x[1]) * (y[2] - y[1])
    assert straight < law(0.0)
    assert abs(along(0.0, x, y) - law(0.0)) < abs(straight - law(0.0)) / 3


def test_between_two_runs_the_curve_stays_between_their_values() -> None:
    x, y = [0.0, 0.1, 1.0, 1.05, 3.0], [0.0, 5.0, 5.1, 0.2, 0.1]
    for left, right in pairwise(range(len(x))):
        low, high = sorted((y[left], y[right]))
        for share in (0.0, 0.01, 0.3, 0.5, 0.9, 1.0):
            assert low - 1e-12 <= along(x[left] + share * (x[right] - x[left]), x, y) <= high + 1e-12


@pytest.mark.parametrize(("content", "reaches"), [(0.51, True), (0.491, True), (0.515, False), (0.485, False)])
def test_a_run_within_the_tolerance_counts_as_it_is_and_beyond_it_nothing_is_guessed(
    content: float, reaches: bool
) -> None:
    at = level(results(other=(content,)), "content")
    assert at.enters("other") is reaches
    if reaches:
        assert ratios(at, "other", STYLE)["a", "x"] == pytest.approx(math.log(0.5 * (content / 0.5) ** -0.7))
    else:
        assert ratios(at, "other", STYLE) == {}
        assert math.isnan(read_off(at, "other", KEYS[0], STYLE))


@pytest.mark.parametrize("contents", [(0.3, 0.491), (0.51, 0.9), (0.51, 0.6, 0.9)])
def test_beyond_two_runs_but_within_the_tolerance_the_law_is_continued_and_the_cell_is_counted(
    contents: Sequence[float],
) -> None:
    at = level(results(other=contents), "content")
    assert math.exp(ratios(at, "other", STYLE)["a", "x"]) == pytest.approx(0.5)
    assert at.beyond == {Cell("other", *key) for key in KEYS}
    assert level(results(other=(0.491, 0.51)), "content").beyond == frozenset()


@pytest.mark.parametrize(("by", "share"), [("content", 1.0), ("lite0_content", 0.5), ("cfsd", 1.0)])
def test_the_tolerance_is_smaller_by_a_measure_that_the_reference_s_weight_changes_less(by: str, share: float) -> None:
    """By the second network content is the root of what it is by features, and by CFSD its square."""
    two = results(levels=(0.5, 0.7))
    assert tolerance(two, by) == pytest.approx(share * PROTOCOL.tolerance)
    assert level(two, by).tolerance == tolerance(two, by)
    three = results(levels=(0.5, 0.7, 0.6))
    assert tolerance(three, by) == pytest.approx(tolerance(two, by))  # in whatever order the levels are
    assert tolerance(results(), by) == PROTOCOL.tolerance  # one level says nothing of what a weight changes
    assert tolerance(two._replace(runs={}), by) == PROTOCOL.tolerance


@pytest.mark.parametrize(("miss", "reaches"), [(0.015, True), (0.025, True), (0.035, False)])
def test_only_within_the_smaller_tolerance_is_a_content_beyond_all_runs_reached(miss: float, reaches: bool) -> None:
    two = results(other=(0.7,), levels=(0.5, 0.8))._replace(
        protocol=PROTOCOL.model_copy(update={"levels": (0.5, 0.8), "tolerance": 0.06})
    )
    for key in KEYS:
        run = two.runs[Cell("other", *key)][0].run
        run.latest["measure/lite0_content"] = 0.5**0.5 * math.exp(miss)  # type: ignore[index]
    assert level(two, "lite0_content").enters("other") is reaches


def test_two_runs_next_to_each_other_are_not_continued_far() -> None:
    assert along(2.0, [0.0, 1.0], [0.0, 10.0]) == 20.0
    assert along(2.0, [0.9, 1.0], [0.0, 10.0]) == 20.0
    assert along(-1.0, [0.0, 0.5, 1.0], [0.0, 10.0, 0.0]) == -10.0
    assert along(2.0, [1.0], [5.0]) == 5.0


def test_what_one_statistic_does_not_reach_is_left_out_for_all() -> None:
    trial = results()
    trial.runs[Cell("other", "a", "x", 0)] = [attempt(0.9, 0.5)]
    at = level(trial, "content")
    assert at.compared == {KEYS[1]}
    assert set(ratios(at, "third", STYLE)) == {("b", "x")}


def test_a_statistic_that_hardly_reaches_any_is_left_out_itself() -> None:
    at = level(results(other=(0.9, 0.8)), "content")
    assert not at.enters("other")
    assert at.reached == {"gram": set(KEYS), "other": set(), "third": set(KEYS)}
    assert at.compared == set(KEYS)
    assert ratios(at, "other", STYLE) == {}


def test_a_statistic_may_reach_a_content_by_one_measure_and_not_by_another() -> None:
    trial = results()
    for key in KEYS:
        for one in trial.runs[Cell("other", *key)]:
            one.run.latest["measure/cfsd"] = 2.0  # type: ignore[index]
    assert level(trial, "content").enters("other")
    assert not level(trial, "cfsd").enters("other")


def test_without_the_reference_there_is_nothing_to_compare() -> None:
    trial = results()
    for key in KEYS:
        del trial.runs[Cell("gram", *key)]
    at = level(trial, "content")
    assert (at.of, at.compared) == (0, frozenset())
    assert not at.enters("other")


@pytest.mark.parametrize("value", [0.0, -1.0, math.nan, math.inf])
@pytest.mark.parametrize("statistic", ["other", "gram"])
def test_a_pair_with_a_value_that_has_no_logarithm_on_either_side_is_left_out(statistic: str, value: float) -> None:
    trial = results(other=(0.5,))
    trial.runs[Cell(statistic, "a", "x", 0)][0].run.latest[STYLE] = value  # type: ignore[index]
    assert set(ratios(level(trial, "content"), "other", STYLE)) == {("b", "x")}


def test_seeds_of_a_pair_are_averaged_as_logarithms() -> None:
    trial = results()._replace(protocol=PROTOCOL.model_copy(update={"seeds": [0, 1], "photographs": ["a"]}))
    trial.runs[Cell("gram", "a", "x", 1)] = [attempt(0.5, 1.0)]
    trial.runs[Cell("other", "a", "x", 1)] = [attempt(0.5, 8.0)]
    trial.runs[Cell("third", "a", "x", 1)] = [attempt(0.5, 2.0)]
    assert math.exp(ratios(level(trial, "content"), "other", STYLE)["a", "x"]) == pytest.approx(2)


def test_a_similarity_counts_as_what_it_lacks_of_one() -> None:
    run: Any = Run(0.5, 1.0)
    assert measured(run.latest, "ssim") == pytest.approx(0.125)
    assert measured(run.latest, "cfsd") == 0.25


def test_with_a_spread_every_statistic_has_its_weights_in_turn_and_none_is_searched() -> None:
    spread = PROTOCOL.model_copy(update={"spread": (1.0, 0.4, 2.5)})
    assert spread.rounds == 3
    first = Results(spread, {}, {}, "content")
    assert set(wanted(first).values()) == {3.0, 4.0}
    cell = Cell("other", "a", "x", 0)
    run: Any = Run(0.5, 1.0)
    tries = [Try(beta, run) for beta in (4.0, 1.6, 10.0)]
    for count in (1, 2):
        assert wanted(first._replace(runs={cell: tries[:count]}))[cell] == tries[count].beta
    assert cell not in wanted(first._replace(runs={cell: tries}))
    failed = first._replace(runs={cell: tries[:1]}, failed={member_name(cell, 1.6): "diverged"})
    assert wanted(failed)[cell] == 10.0  # a weight that failed keeps none from the next
    assert wanted(failed._replace(runs={cell: [tries[0], tries[2]]}))[cell] == 1.6
    levels = PROTOCOL.model_copy(update={"levels": (1.0, 5.0, 2.0)})
    reference = Cell(PROTOCOL.reference, "a", "x", 0)
    beta = first_beta(levels, PROTOCOL.reference)
    stuck = Results(levels, {reference: [Try(beta, run)]}, {member_name(reference, 5 * beta): "diverged"}, "content")
    assert wanted(stuck)[reference] == 5 * beta  # a later level must not take the place of one that failed


def test_contents_are_held_equal_by_a_measure_that_no_content_loss_optimised() -> None:
    assert matching(PROTOCOL, ["features"]) == matching(PROTOCOL, ["self_similarity"]) == "content"
    assert matching(PROTOCOL, ["features", "self_similarity"]) == "lite0_content"
    assert matching(PROTOCOL, ["laplacian", "self_similarity"]) == "content"
    assert matching(PROTOCOL.model_copy(update={"match": "cfsd"}), ["features", "self_similarity"]) == "cfsd"


def test_without_the_second_judge_its_measure_holds_no_content_equal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lite0, "PACKAGE", "no_such_package")
    assert matching(PROTOCOL, ["features", "self_similarity"]) == "ssim"
    with pytest.raises(UserError, match=r"match=lite0_content: .*pip install 'stx\[judge\]'"):
        matching(PROTOCOL.model_copy(update={"match": "lite0_content"}), [])


def test_runs_at_the_same_content_count_as_their_mean() -> None:
    runs = [{"measure/content": content, "measure/style": style} for content, style in
            ((1.0, 4.0), (2.0, 1.0), (2.0, 4.0), (4.0, 1.0))]  # fmt: skip
    assert between(runs, "content", 2.0, "measure/style", 0.0) == pytest.approx(math.log(2.0))
    assert between(runs, "content", math.sqrt(8), "measure/style", 0.0) == pytest.approx(math.log(math.sqrt(2)))
    ends = between(runs[:3], "content", 2.1, "measure/style", 0.1)  # on the line through the last two contents
    assert ends == pytest.approx(math.log(2.0) - math.log(2.1 / 2.0))


def test_a_run_without_the_measure_puts_no_other_out_of_order() -> None:
    """NaN sorts neither before nor after a number, and a curve through points out of order is refused."""
    nothing = {"measure/content": math.nan, "measure/style": 1.0}
    runs = [{"measure/content": 2.0, "measure/style": 4.0}, nothing, {"measure/content": 1.0, "measure/style": 2.0}]
    assert between(runs, "content", 1.5, "measure/style", 0.01) == pytest.approx(math.log(3.0))


def test_pictures_are_named_by_their_stems_and_by_more_of_their_paths_where_that_tells_them_apart() -> None:
    photographs = ["china", "mix/me.png", "mix/me.jpg", "a/sea.jpg", "b/sea.jpg", "far/b/sea.jpg", "x/sky.v2.png"]
    told = [title(path, photographs) for path in photographs]
    assert told == ["china", "me.png", "me.jpg", "a/sea.jpg", "b/sea.jpg", "far/b/sea.jpg", "sky.v2"]
    assert [title(path, ["china", "my/china.png"]) for path in ("china", "my/china.png")] == ["china", "china.png"]
    assert [title(path, ["me.png.jpg", "me.png", "me.jpg"]) for path in ("me.png.jpg", "me.png")] == [
        "me.png.jpg", "me.png",
    ]  # fmt: skip
    protocol = PROTOCOL.model_copy(update={"photographs": photographs, "styles": ["me.png"]})
    assert label(protocol, "mix/me.jpg", "me.png") == "me.jpg · me"
