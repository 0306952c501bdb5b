"""Statistics of style and content, pure functions: features (D, H, W) of one layer and one picture -> Tensor. Priors.

A new one takes a function that is listed here in `__all__`, or is in a module that the user trusts, and a YAML file in
`conf/style_stat/`, `conf/content_stat/` or `conf/prior/` that names it.
"""

from stx.stats.channel_distances import deep_dc, distance_correlation
from stx.stats.content import (
    coarse_self_similarity,
    features,
    half_sum_of_squares,
    laplacian,
    mean_absolute,
    positions,
    self_similarity,
)
from stx.stats.cooccurrence import (
    cooc_matrix,
    cooc_tensor,
    cooc_vector,
    gram_cooc_matrix,
    gram_cooc_vector,
    means_apart,
)
from stx.stats.cooccurrence_gram import cooc_gram
from stx.stats.cross_layer import cross_layer_gram
from stx.stats.gram_matrix import gram, quarter_mean_square
from stx.stats.hypercolumns import hypercolumn_moments, moment_distance, palette_emd, places, relaxed_emd, sample
from stx.stats.kernels import frequencies, mmd_gaussian, mmd_linear, mmd_polynomial
from stx.stats.moments import mean_std
from stx.stats.neighbours import nearest, nearest_neighbour
from stx.stats.shifts import shift_gram
from stx.stats.spectra import deep_correlations, off_spectrum, spectrum
from stx.stats.standardised import correlation
from stx.stats.surroundings import (
    axes_of_both,
    deep_dc_cooc,
    directions_of_both,
    gaussian_cooc,
    shift_covariance,
    signed_root_cooc,
    sliced_cooc,
)
from stx.stats.variation import anisotropic_variation, nine_point_variation, total_variation
from stx.stats.wasserstein import (
    channel_histograms,
    directions,
    fresh_directions,
    gaussian,
    gaussian_wasserstein,
    principal_axes,
    sliced_wasserstein,
)

__all__ = [
    "anisotropic_variation",
    "axes_of_both",
    "channel_histograms",
    "coarse_self_similarity",
    "cooc_gram",
    "cooc_matrix",
    "cooc_tensor",
    "cooc_vector",
    "correlation",
    "cross_layer_gram",
    "deep_correlations",
    "deep_dc",
    "deep_dc_cooc",
    "directions",
    "directions_of_both",
    "distance_correlation",
    "features",
    "frequencies",
    "fresh_directions",
    "gaussian",
    "gaussian_cooc",
    "gaussian_wasserstein",
    "gram",
    "gram_cooc_matrix",
    "gram_cooc_vector",
    "half_sum_of_squares",
    "hypercolumn_moments",
    "laplacian",
    "mean_absolute",
    "mean_std",
    "means_apart",
    "mmd_gaussian",
    "mmd_linear",
    "mmd_polynomial",
    "moment_distance",
    "nearest",
    "nearest_neighbour",
    "nine_point_variation",
    "off_spectrum",
    "palette_emd",
    "places",
    "positions",
    "principal_axes",
    "quarter_mean_square",
    "relaxed_emd",
    "sample",
    "self_similarity",
    "shift_covariance",
    "shift_gram",
    "signed_root_cooc",
    "sliced_cooc",
    "sliced_wasserstein",
    "spectrum",
    "total_variation",
]
"""The functions that a YAML may name."""
