"""Statistics of style and content, pure functions: features (D, H, W) of one layer and one picture -> Tensor. Priors.

A new one is a function that stands here in `__all__`, or in a module that the user trusts, and a YAML file in
`conf/style_stat/`, `conf/content_stat/` or `conf/prior/` that names it.
"""

from stx.stats.content import features, half_sum_of_squares, mean_absolute, positions, self_similarity
from stx.stats.cooccurrence import cooc_matrix, cooc_tensor, cooc_vector, gram_cooc_matrix, gram_cooc_vector
from stx.stats.cooccurrence_gram import cooc_gram, shift_gram
from stx.stats.gram_matrix import gram, quarter_mean_square
from stx.stats.kernels import frequencies, mmd_gaussian, mmd_linear, mmd_polynomial
from stx.stats.moments import mean_std
from stx.stats.variation import total_variation
from stx.stats.wasserstein import (
    channel_histograms,
    directions,
    gaussian,
    gaussian_wasserstein,
    principal_axes,
    sliced_wasserstein,
)

__all__ = [
    "channel_histograms",
    "cooc_gram",
    "cooc_matrix",
    "cooc_tensor",
    "cooc_vector",
    "directions",
    "features",
    "frequencies",
    "gaussian",
    "gaussian_wasserstein",
    "gram",
    "gram_cooc_matrix",
    "gram_cooc_vector",
    "half_sum_of_squares",
    "mean_absolute",
    "mean_std",
    "mmd_gaussian",
    "mmd_linear",
    "mmd_polynomial",
    "positions",
    "principal_axes",
    "quarter_mean_square",
    "self_similarity",
    "shift_gram",
    "sliced_wasserstein",
    "total_variation",
]
"""What a YAML may name."""
