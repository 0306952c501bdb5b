"""The average of the pictures that an optimiser goes through, which is calmer than the last of them."""

import torch
from torch import Tensor


class Average:
    """Exponential average of pictures of one shape, corrected for its beginning (Kingma & Ba 2015, section 7.2).

        (1 - d) sum over i of d^(n - i) x_i / (1 - d^n)        of the pictures x_1 ... x_n, with the decay d

    With a decay of 0 it is the last one, and takes neither time nor memory. What is not finite leaves the mean as it
    is, which is found out on the device: nothing waits.
    """

    def __init__(self, decay: float, start: Tensor, count: int = 0):
        """Of no pictures yet, shown as `start`; or of as many as `count`, which had come to `start`."""
        self.decay, self.count = decay, count
        self.mean = start.detach().clone() if decay else None

    def add(self, picture: Tensor) -> None:
        """Makes a new mean, and leaves the one before as it was for those who have it."""
        if self.mean is None:
            return
        self.count += 1
        share = (1 - self.decay) / (1 - self.decay**self.count)
        self.mean = torch.where(torch.isfinite(picture).all(), self.mean.lerp(picture.detach(), share), self.mean)

    def of(self, picture: Tensor) -> Tensor:
        """What to show where an optimiser has come to `picture`."""
        return picture if self.mean is None else self.mean
