"""The sentences around a picture."""

import pytest

from stx.config.compose import composition
from stx.runs import words


def test_both_distances_are_told_with_their_scales() -> None:
    near = measured(0.2, 0.7, 0.4)
    assert words.scales(near) == (
        "**Style distance 0.20**: the painting itself has 0, the photograph 1. **Content distance 0.70**: the "
        "photograph itself has 0; up to 0.6 its layout is kept, from 1.2 on it is lost. **Structure distance 0.40** "
        "(CFSD): likewise, with 0.5 and 0.8; the worse one counts."
    )
    assert words.scales(near | {"baseline/sliced_wasserstein": 0.0}).startswith("**Content distance 0.70**")


def test_the_style_distance_is_a_metric_where_it_is_a_number() -> None:
    both = {"measure/sliced_wasserstein": 0.1, "baseline/sliced_wasserstein": 0.5}
    assert words.style_distance(both) == {"measure/style_distance": pytest.approx(0.2)}
    for lacking in ({}, {"measure/sliced_wasserstein": 0.1}, both | {"baseline/sliced_wasserstein": 0.0}):
        assert words.style_distance(lacking) == {}


def measured(share: float, content: float, cfsd: float) -> dict[str, float]:
    return {
        "measure/sliced_wasserstein": 2.4 * share,
        "baseline/sliced_wasserstein": 2.4,
        "measure/content": content,
        "measure/cfsd": cfsd,
    }


def test_sizes_proportions_and_time_are_said_first() -> None:
    said = words.opening(((1024, 768), (512, 384)), ((900, 600), (543, 362)), 170)
    assert said == "photo 1024 x 768 -> 512 x 384; the painting keeps its proportions; about 3 minutes"


def test_a_squash_is_said() -> None:
    said = words.opening(((640, 427), (512, 380)), ((768, 576), (512, 380)), 5)
    assert said == "photo 640 x 427 -> 512 x 380, squashed; the painting is squashed to 512 x 380; under a minute"


@pytest.mark.parametrize("before", [(640, 427), (4000, 333), (333, 4000), (1023, 767)])
@pytest.mark.parametrize("side", [24, 64, 512])
def test_rounding_to_whole_pixels_is_no_squash(before: tuple[int, int], side: int) -> None:
    scale = side / max(before)
    width, height = (max(1, round(length * scale)) for length in before)
    assert not words.is_squashed(before, (width, height))
    assert words.is_squashed(before, (2 * width + 1, height))


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (1, "under a minute"),
        (60, "about a minute"),
        (100, "about 2 minutes"),
        (170, "about 3 minutes"),
        (14 * 60, "about 15 minutes"),
        (58 * 60, "about an hour"),
        (100 * 60, "about 1.5 hours"),
        (7.1 * 3600, "about 7 hours"),
    ],
)
def test_times_are_round(seconds: float, said: str) -> None:
    assert words.duration(seconds) == said


@pytest.mark.parametrize(
    ("measures", "strength", "said"),
    [
        (measured(0.25, 0.5, 0.2), 0.5, "three quarters of the way; layout kept; more of the style: --strength 0.8"),
        (measured(0.25, 0.7, 0.2), 0.5, "three quarters of the way; layout mostly kept"),  # where more may be too much
        (measured(0.52, 0.3, 0.1), 0.8, "halfway; layout kept; more of the style: --strength 1"),
        (measured(0.52, 0.3, 0.1), 1.0, "halfway; layout kept"),
        (measured(0.1, 0.8, 0.3), 0.5, "nine tenths of the way; layout mostly kept"),
        (measured(0.52, 0.3, 0.1), 0.3, "halfway; layout kept"),  # which was asked for: less than the default
        (measured(0.1, 0.8, 0.7), 0.8, "nine tenths of the way; layout partly kept"),  # which was asked for
        (measured(0.1, 1.3, 0.2), 0.8, "nine tenths of the way; layout lost; more of the photograph: --strength 0.5"),
        (measured(0.1, 1.3, 0.2), 0.5, "nine tenths of the way; layout lost; more of the photograph: --strength 0.2"),
        (
            measured(0.3, 0.7, 0.7),
            0.2,
            "two thirds of the way; layout partly kept; more of the photograph: --strength 0",
        ),
        (measured(0.3, 1.3, 0.2), 0.0, "two thirds of the way; layout lost"),
    ],
)
def test_style_and_layout_are_said_and_the_next_strength(
    measures: dict[str, float], strength: float, said: str
) -> None:
    way, kept, *next_one = said.split("; ")
    assert words.closing(measures) == f"{way} to the painting's style; {kept}"
    suggested = words.suggestion(measures, strength)
    assert suggested.removeprefix("for ").removeprefix("to keep ") == "".join(next_one)


def test_options_that_keep_more_of_the_photograph_are_named_beside_less_strength() -> None:
    lost, kept = measured(0.3, 1.3, 0.2), measured(0.3, 0.3, 0.2)
    assert (
        words.suggestion(lost, 0.5, ["a=b", "c=d"]) == "to keep more of the photograph: --strength 0.2, or a=b, or c=d"
    )
    assert words.suggestion(lost, 0.0, ["a=b"]) == "to keep more of the photograph: a=b"
    assert words.suggestion(kept, 0.5, ["a=b"]) == "for more of the style: --strength 0.8"
    assert words.suggestion(measured(0.3, 0.7, 0.7), 0.8, ["a=b"]) == ""  # which was asked for


def test_what_is_further_from_the_painting_and_what_is_too_small_to_judge() -> None:
    assert words.closing(measured(1.2, 0.3, 0.1)) == "no nearer to the painting's style; layout kept"
    assert words.closing({}) == words.suggestion({}, 0.5) == ""


def test_two_pictures_of_one_style_are_said_to_be() -> None:
    alike = {**measured(0, 0.0, 0.0), "baseline/sliced_wasserstein": 0.0}
    assert words.suggestion(alike, 0.5) == ""
    assert words.closing(alike) == "photograph and painting are of one style: there is no way to go"


@pytest.mark.parametrize(
    ("typed", "advice"),
    [
        (
            "optim=lbfgs prior=total_variation optim.pyramid=[9]",
            "; to reduce it: a weaker style (loss_weights.beta)",
        ),
        (
            "optim=adam prior=none optim.pyramid=[] content=null",
            "; to reduce it: prior=total_variation, optim=lbfgs, a pyramid (optim.pyramid)",
        ),
        ("optim=lbfgs prior=total_variation optim.pyramid=[9] content=null", ", in colour over 100 times"),
    ],
)
def test_a_noisy_run_is_advised_what_it_did_without_alone(typed: str, advice: str) -> None:
    (line,) = [
        words.noisy({"measure/noise_luma": 1.0, "measure/noise_chroma": 42606.0}, composition(typed.split()).config)
    ]
    assert line.endswith(advice)
    assert "in colour over 100 times" in line
