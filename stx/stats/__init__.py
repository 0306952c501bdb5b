"""Style statistics: pure functions, features (D, H, W) of one layer and one picture -> Tensor. And priors.

A new one is a function anywhere that Python can import and a YAML file in `conf/style_stat/` that names it.
"""

from stx.stats.cooccurrence import cooc_matrix, cooc_tensor, cooc_vector, gram_cooc_matrix, gram_cooc_vector
from stx.stats.cooccurrence_gram import cooc_gram, shift_gram
from stx.stats.gram_matrix import gram, quarter_mean_square
from stx.stats.kernels import frequencies, mmd_gaussian, mmd_linear, mmd_polynomial
from stx.stats.moments import mean_std
from stx.stats.variation import total_variation
from stx.stats.wasserstein import channel_histograms, directions, gaussian, gaussian_wasserstein, sliced_wasserstein

__all__ = [
    "channel_histograms",
    "cooc_gram",
    "cooc_matrix",
    "cooc_tensor",
    "cooc_vector",
    "directions",
    "frequencies",
    "gaussian",
    "gaussian_wasserstein",
    "gram",
    "gram_cooc_matrix",
    "gram_cooc_vector",
    "mean_std",
    "mmd_gaussian",
    "mmd_linear",
    "mmd_polynomial",
    "quarter_mean_square",
    "shift_gram",
    "sliced_wasserstein",
    "total_variation",
]
