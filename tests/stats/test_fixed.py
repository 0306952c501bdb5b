"""What a statistic says that it fixes, against its derivatives: whatever leaves it as it is leaves that as it is."""

from collections.abc import Callable
from functools import partial
from itertools import pairwise

import pytest
import torch
from torch import Tensor
from torch.autograd.functional import jacobian

from stx import stats
from stx.config.compose import composition
from stx.config.schema import CONF
from stx.model.asked import terms
from stx.stats.fixed import closed, fixed_by, fixes

CHANNELS, HEIGHT, WIDTH = 4, 6, 7
OF: dict[str, Callable[[Tensor], Tensor]] = {
    "means": lambda flat: flat.mean(1),
    "deviations": lambda flat: flat.std(1, correction=0),
    "correlations": torch.corrcoef,
    "covariances": lambda flat: torch.cov(flat, correction=0),
    "second moments": lambda flat: flat @ flat.T / flat.shape[1],
}
"""Whose derivatives say whether a statistic fixes them: of the rest a sample of numbers has all or nothing."""
SMOOTH = {
    "gram": stats.gram,
    "mean_std": partial(stats.mean_std, epsilon=1e-9),
    "mmd_linear": stats.mmd_linear,
    "mmd_polynomial": partial(stats.mmd_polynomial, offset=1.0),
    "mmd_polynomial without offset": partial(stats.mmd_polynomial, offset=0.0),
    "cooc_gram": partial(stats.cooc_gram, radius=1, threshold="none", centred=True),
    "cooc_gram thresholded": partial(stats.cooc_gram, radius=0, threshold="mean", centred=False),
    "cooc_gram at one place": partial(stats.cooc_gram, radius=0, threshold="none", centred=False),
    "cooc_gram at one place, centred": partial(stats.cooc_gram, radius=[1, 0], threshold="none", centred=True),
    "shift_gram": partial(stats.shift_gram, shifts=[0, 2]),
    "shift_gram at a distance": partial(stats.shift_gram, shifts=[2]),
    "shift_covariance": partial(stats.shift_covariance, shifts=[0]),
    "correlation": partial(stats.correlation, floor=1e-6, radius=0),
    "correlation around": partial(stats.correlation, floor=1e-6, radius=1),
    "deep_dc": stats.deep_dc,
    "signed_root_cooc": partial(stats.signed_root_cooc, radius=1),
    "gaussian": partial(stats.gaussian, reference=torch.eye(CHANNELS, dtype=torch.float64)),
    "cooc_vector of all features": partial(
        stats.cooc_vector, radius=0, threshold="none", window="mean", normalise=False
    ),
    "cooc_vector": partial(stats.cooc_vector, radius=1, threshold="mean", window="mean", normalise=False),
}


@pytest.mark.parametrize("name", SMOOTH)
def test_a_statistic_fixes_what_it_says_and_no_more(name: str) -> None:
    generator = torch.Generator().manual_seed(1)
    features = torch.rand(CHANNELS, HEIGHT, WIDTH, generator=generator, dtype=torch.float64).square() + 0.1
    leaving = null_space(rows(SMOOTH[name], features))
    assert len(leaving)  # else it would fix everything
    changed = {
        moment: float((rows(lambda maps, of=of: of(maps.flatten(1)), features) @ leaving.T).abs().max())
        for moment, of in OF.items()
    }
    said = fixed_by([SMOOTH[name]])
    assert said is not None
    assert {moment for moment, change in changed.items() if change < 1e-6} == said & OF.keys()


def rows(function: Callable[[Tensor], Tensor], features: Tensor) -> Tensor:
    derivatives = jacobian(function, features)  # type: ignore[no-untyped-call]
    return derivatives.reshape(-1, features.numel())


def null_space(matrix: Tensor) -> Tensor:
    """Directions in which it is zero, as rows."""
    _, values, directions = torch.linalg.svd(matrix)
    return directions[int((values > 1e-9 * values[0]).sum()) :]


@pytest.mark.parametrize("group", ["style_stat", "content_stat"])
def test_every_statistic_says_what_it_fixes(group: str) -> None:
    for file in sorted((CONF / group).glob("*.yaml")):
        asked = terms(composition([f"{group}={file.stem}"]).config)
        assert fixed_by(term.statistic for term in asked if term.toward) is not None, file.stem


def test_published_functions_of_features_all_say() -> None:
    references = {"directions", "directions_of_both", "fresh_directions", "frequencies", "nearest", "places",
                  "positions", "principal_axes", "axes_of_both", "sample"}  # fmt: skip
    distances = {"distance_correlation", "gaussian_wasserstein", "half_sum_of_squares", "mean_absolute", "means_apart",
                 "moment_distance", "off_spectrum", "quarter_mean_square"}  # fmt: skip
    silent = {name for name in stats.__all__ if not hasattr(getattr(stats, name), "fixes")}
    assert silent == references | distances | {"total_variation", "anisotropic_variation", "nine_point_variation"}


def test_one_that_does_not_say_leaves_all_unsaid() -> None:
    assert fixed_by([lambda features: features, stats.gram]) is None
    assert fixed_by([]) == frozenset()


def test_several_fix_together_what_none_does_alone() -> None:
    together = fixed_by([stats.gram, stats.mmd_linear])
    assert together == {"second moments", "means", "covariances", "correlations", "deviations"}
    ranks = [
        torch.linalg.matrix_rank(rows(statistic, torch.rand(3, 4, 5, dtype=torch.float64)))
        for statistic in (stats.gram, lambda maps: torch.cat([stats.gram(maps).flatten(), stats.mmd_linear(maps)]))
    ]
    assert all(fewer < more for fewer, more in pairwise(map(int, ranks)))


def test_what_follows_follows_however_it_came() -> None:
    assert closed(["distribution"]) >= {"marginals", "means", "covariances", "second moments"}
    assert closed(["correlations", "deviations"]) == {"correlations", "deviations", "covariances"}
    assert closed([]) == frozenset()

    @fixes(lambda *, scale: ["means"] if scale else [])
    def scaled(features: Tensor, *, scale: float) -> Tensor:
        return scale * features.mean((1, 2))

    assert fixed_by([partial(scaled, scale=0.0)]) == frozenset()
    assert fixed_by([partial(scaled, scale=2.0)]) == {"means"}
