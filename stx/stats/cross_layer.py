"""Correlations between the channels of two layers."""

from torch import Tensor
from torch.nn.functional import adaptive_avg_pool2d

from stx.stats.fixed import fixes
from stx.stats.gram_matrix import scaled_product
from stx.stats.guided import guide, guided, per_pair


@fixes()
def cross_layer_gram(features: list[Tensor], *, weights: list[Tensor] | None = None) -> Tensor:
    """Which channels of a layer are active where which of a deeper one are: (D, E) for (D, H, W) and (E, h, w).

    Yeh et al. 2020 ("Improving style transfer with calibrated metrics", arXiv 1910.09447): the mean over the shallow
    layer's positions of the products with the deep one, upsampled. Where the sizes are multiples that is, to the
    nearest position, the product of the deep layer and of the shallow one's means over its positions, which costs a
    small part of it; where they are none, the means' windows overlap.
    """
    if weights is not None:
        pairs = cross_layer_gram([guide(each) for each in weights])
        return per_pair(cross_layer_gram([guided(*each) for each in zip(features, weights, strict=True)]), pairs)
    shallow, deep = features
    means = adaptive_avg_pool2d(shallow[None], (deep.shape[1], deep.shape[2]))[0]
    return scaled_product(means.flatten(1), deep.flatten(1).T, 1 / deep[0].numel())
