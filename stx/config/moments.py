"""What of an image's features a statistic may fix, and a measure be made of. Without torch, as options name them."""

from typing import Literal

Moment = Literal[
    "means",
    "deviations",
    "correlations",
    "covariances",
    "second moments",
    "marginals",
    "distribution",
    "colours",
    "features",
    "similarities",
]
"""Of channels, at one layer. "second moments": E[f f^T], the Gram matrix; "marginals": each channel's distribution;
"distribution": all channels' together; "colours": the picture's; "features": what is at each position;
"similarities": which positions are alike."""
