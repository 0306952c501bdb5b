"""Verdicts follow the numbers: each rule on numbers that hold the thesis's sentence, and on numbers that break it."""

from collections.abc import Callable

import pytest

from stx.studies.thesis import verdicts, verdicts_gram
from stx.studies.thesis.claims import EXPERIMENTS
from stx.studies.thesis.evidence import Evidence
from stx.studies.thesis.plan import PRESETS, STYLE_LAYERS
from stx.studies.thesis.verdicts import NOT, NOT_RUN, OTHER_CAUSE, REPRODUCED, Missing, Needed, Runs, Verdict, judge

LOSSES = {f"style_loss/{layer}": [(1, 1e-10), (9, 1e-12)] for layer in STYLE_LAYERS}
MAGNITUDES = {f"style_magnitude/{layer}": [(1, 12.0)] for layer in STYLE_LAYERS}


def run(style: float = 1.0, content: float = 0.3, **changes: object) -> Evidence:
    """A run that kept the content and got no style."""
    evidence = Evidence("0", "finished", "", 10, style, content, 0.1, 0.5, 100.0, 100.0, {**LOSSES, **MAGNITUDES})
    return evidence._replace(**changes)


STYLED = run(style=0.3, content=0.7)
EXPLODED = run(style=1.2, content=1.0, outcome="diverged", event="step 3: style loss at conv2_1")
PULLED = {"grad_norm/content": [(1, 2.0)], "grad_norm/conv1_1": [(1, 1e-9)], "grad_norm/conv2_1": [(1, 3e-9)]}
FORMS = {f"e02_cooc_{form}": run() for form in ("vector", "tensor", "matrix")}
CALIBRATED = {
    **{f"calibrated_cooc_{form}": run(style=0.95) for form in ("vector", "tensor", "matrix")},
    "calibrated_gram": STYLED,
}
RATIOS = {"e09_ratio_1e-2": run(0.6, 0.5), "e09_ratio_1e-3": run(0.5, 0.7), "e09_ratio_1e-4": run(0.4, 0.9)}
TIMES = {f"e10_time_{pooling}_{size}": run() for pooling in ("max", "avg") for size in ("128x95", "256x190", "512x380")}
CONTENT = {
    f"e11_content_{layer}": run(pixels=pixels)
    for layer, pixels in zip(STYLE_LAYERS, (0.01, 0.1, 0.2, 0.3, 0.4), strict=True)
}
STYLE = {
    f"e11_style_{layer}": run(deep_style=deep)
    for layer, deep in zip(STYLE_LAYERS, (0.9, 0.7, 0.5, 0.3, 0.2), strict=True)
}


def matching(left: float, style: float) -> Evidence:
    return run(style=style, series={"loss/style": [(1, 1.0), (9, left)]})


OVERFLOW = {"e06_gram_cooc_vector": EXPLODED, "e06_gram": EXPLODED, "e06_safeguarded": run()}
OVERFLOW["e06_gram_cooc_vector"] = EXPLODED._replace(series={"lbfgs/curvature": [(2, -4.0)]})
ALONE = {f"alone_{form}": matching(1e-4, 1.1) for form in verdicts_gram.FORMS} | {"alone_gram": matching(1e-3, 0.2)}

CASES = [
    ("gram carries", verdicts.style_is_carried("e01_gram"), {"e01_gram": STYLED}, REPRODUCED),
    ("gram does not", verdicts.style_is_carried("e01_gram"), {"e01_gram": run()}, NOT),
    ("gram diverged", verdicts.style_is_carried("e01_gram"), {"e01_gram": EXPLODED._replace(style=0.1)}, NOT),
    ("forms, calibrated too", verdicts.forms_give_content_only, FORMS | CALIBRATED, OTHER_CAUSE),
    (
        "scale was all",
        verdicts.forms_give_content_only,
        FORMS | CALIBRATED | {"calibrated_cooc_vector": STYLED},
        REPRODUCED,
    ),
    (
        "a form carries style",
        verdicts.forms_give_content_only,
        FORMS | CALIBRATED | {"e02_cooc_matrix": STYLED},
        NOT,
    ),
    ("a form diverged", verdicts.forms_give_content_only, FORMS | CALIBRATED | {"e02_cooc_tensor": EXPLODED}, NOT),
    ("1e10 as before", verdicts.heavier_is_the_same, FORMS | {"e03_weight_1e10": run(0.95, 0.35)}, REPRODUCED),
    ("1e10 gives style", verdicts.heavier_is_the_same, FORMS | {"e03_weight_1e10": STYLED}, NOT),
    ("1e15 is a mess", verdicts.heaviest_is_invalid, {"e03_weight_1e15": run(1.3, 1.2)}, REPRODUCED),
    ("1e15 overflows", verdicts.heaviest_is_invalid, {"e03_weight_1e15": EXPLODED}, REPRODUCED),
    ("1e15 is the photograph", verdicts.heaviest_is_invalid, {"e03_weight_1e15": run()}, NOT),
    ("normalised alike", verdicts.same_as_the_vector, FORMS | {"e04_normalised": run()}, REPRODUCED),
    ("normalised differs", verdicts.same_as_the_vector, FORMS | {"e04_normalised": run(0.9, 0.55)}, NOT),
    ("no style", verdicts.no_style("a", "b"), {"a": run(), "b": run()}, REPRODUCED),
    ("style", verdicts.no_style("a", "b"), {"a": STYLED, "b": run()}, NOT),
    ("no style, for it diverged", verdicts.no_style("a", "b"), {"a": EXPLODED, "b": run()}, NOT),
    ("the optimiser explodes", verdicts.overflow, OVERFLOW, OTHER_CAUSE),
    ("only the statistic explodes", verdicts.overflow, OVERFLOW | {"e06_gram": run()}, REPRODUCED),
    ("it explodes safeguarded too", verdicts.overflow, OVERFLOW | {"e06_safeguarded": EXPLODED}, REPRODUCED),
    ("nothing explodes", verdicts.overflow, OVERFLOW | {"e06_gram_cooc_vector": run()}, NOT),
    ("small weights", verdicts.finite_without_style, {"e07_small_weights": run()}, REPRODUCED),
    ("small weights explode", verdicts.finite_without_style, {"e07_small_weights": EXPLODED}, NOT),
    ("painterly", verdicts_gram.painterly_with_the_ratio, RATIOS, REPRODUCED),
    (
        "back to the photograph",
        verdicts_gram.painterly_with_the_ratio,
        RATIOS | {"e09_ratio_1e-4": run(0.4, 0.4)},
        NOT,
    ),
    ("no time", verdicts_gram.ratio_costs_no_time, RATIOS, REPRODUCED),
    (
        "time",
        verdicts_gram.ratio_costs_no_time,
        RATIOS | {"e09_ratio_1e-4": run(fastest_ms=150.0)},
        NOT,
    ),
    ("poolings alike", verdicts_gram.poolings_are_alike, {"e10_max": STYLED, "e10_avg": STYLED}, REPRODUCED),
    ("poolings differ", verdicts_gram.poolings_are_alike, {"e10_max": STYLED, "e10_avg": run()}, NOT),
    ("same time", verdicts_gram.poolings_take_the_same_time, TIMES, REPRODUCED),
    (
        "avg is slower",
        verdicts_gram.poolings_take_the_same_time,
        TIMES | {"e10_time_avg_512x380": run(fastest_ms=130.0)},
        NOT,
    ),
    (
        "they part",
        verdicts_gram.larger_pictures_differ,
        TIMES | {"e10_time_avg_512x380": run(fastest_ms=130.0)},
        REPRODUCED,
    ),
    ("they stay together", verdicts_gram.larger_pictures_differ, TIMES, NOT),
    ("detail goes", verdicts_gram.detail_goes_with_depth, CONTENT, REPRODUCED),
    (
        "detail comes",
        verdicts_gram.detail_goes_with_depth,
        CONTENT | {"e11_content_conv5_1": run(pixels=0.0)},
        NOT,
    ),
    ("structures grow", verdicts_gram.structures_grow_with_layers, STYLE, REPRODUCED),
    (
        "structures shrink",
        verdicts_gram.structures_grow_with_layers,
        STYLE | {"e11_style_conv5_1": run(deep_style=1.0)},
        NOT,
    ),
    ("matched without style", verdicts_gram.descriptors_miss_the_style, ALONE, REPRODUCED),
    (
        "matched with style",
        verdicts_gram.descriptors_miss_the_style,
        ALONE | {"alone_cooc_vector": matching(1e-4, 0.3)},
        NOT,
    ),
    (
        "gram has no style either",
        verdicts_gram.descriptors_miss_the_style,
        ALONE | {"alone_gram": matching(1e-4, 1.0)},
        NOT,
    ),
    (
        "never matched",
        verdicts_gram.descriptors_miss_the_style,
        ALONE | {"alone_cooc_tensor": matching(0.8, 1.1)},
        OTHER_CAUSE,
    ),
]


@pytest.mark.parametrize(("case", "rule", "runs", "word"), CASES, ids=[case[0] for case in CASES])
def test_the_verdict_follows_the_numbers(
    case: str, rule: Callable[[Runs], Verdict], runs: dict[str, Evidence], word: str
) -> None:
    verdict = judge(rule, runs)
    assert verdict.word == word, verdict.because
    assert "nan" not in verdict.because


def test_every_claim_lacking_its_runs_is_not_run_and_names_one() -> None:
    for experiment in EXPERIMENTS:
        for claim in experiment.claims:
            verdict = judge(claim.rule, {})
            assert verdict.word == NOT_RUN
            assert "`" in verdict.because


def test_a_missing_run_is_asked_for_by_name() -> None:
    with pytest.raises(Missing, match="e01_gram"):
        Needed({})["e01_gram"]


def test_the_pull_of_the_style_is_the_layers_sum_over_the_content() -> None:
    assert run(series=PULLED).pull("first") == pytest.approx(2e-9)
    assert run().pull("first") is None


def test_every_preset_belongs_to_an_experiment() -> None:
    shown = {name for experiment in EXPERIMENTS for name in experiment.shows}
    assert set(PRESETS) <= shown
