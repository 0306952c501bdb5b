"""Style statistics: pure functions, features (D, H, W) of one layer and one picture -> Tensor.

A new one is a function anywhere that Python can import and a YAML file in `conf/style_stat/` that names it.
"""

from stx.stats.cooccurrence import cooc_matrix, cooc_tensor, cooc_vector, gram_cooc_matrix, gram_cooc_vector
from stx.stats.gram_matrix import gram, quarter_mean_square

__all__ = [
    "cooc_matrix",
    "cooc_tensor",
    "cooc_vector",
    "gram",
    "gram_cooc_matrix",
    "gram_cooc_vector",
    "quarter_mean_square",
]
