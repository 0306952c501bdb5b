"""The average of the pictures that an optimiser goes through, which is steadier than the last of them."""

import torch
from torch import Tensor


class Average:
    """Exponential average of pictures of one shape, corrected for its beginning (Kingma & Ba 2015, section 7.2).

        (1 - d) sum over i of d^(n - i) x_i / (1 - d^n)        of the pictures x_1 ... x_n, with the decay d

    With a decay of 0 it is the last picture, and takes neither time nor memory. A picture that is not finite leaves the
    mean as it is; this is decided on the device, so that nothing waits.
    """

    def __init__(self, decay: float, start: Tensor, count: int = 0):
        """Begin with no pictures, and show `start` until there is one; or go on from the mean `start` of `count`."""
        self.decay, self.count = decay, count
        self.mean = start.detach().clone() if decay else None

    def add(self, picture: Tensor) -> None:
        """Add a picture. The mean is a new tensor: whoever holds the previous one finds it unchanged."""
        if self.mean is None:
            return
        self.count += 1
        share = (1 - self.decay) / (1 - self.decay**self.count)
        self.mean = torch.where(torch.isfinite(picture).all(), self.mean.lerp(picture.detach(), share), self.mean)

    def of(self, picture: Tensor) -> Tensor:
        """What to show when the optimiser is at `picture`: the mean, or without averaging the picture itself."""
        return picture if self.mean is None else self.mean
