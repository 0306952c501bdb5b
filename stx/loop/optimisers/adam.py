"""Adam on the bands of the picture."""

import math
from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Annotated, Any

import torch
from annotated_types import Ge, Gt, Le
from torch import Tensor
from torch.nn.functional import interpolate


class Adam(torch.optim.Adam):
    """Adam over one picture (3, H, W), kept within [0, 1], and `bands` smaller versions of it that are added to it.

    Adam moves every coordinate by about `lr`, whatever its gradient's size. Where pixels are the coordinates, speckle,
    which the network hardly sees and has next to no gradient, grows as fast as all else. A coarse band's coordinates
    move many pixels together: what the loss asks for comes from them, in fewer steps, and leaves the finest one less
    to do. Without bands it is Adam on pixels.
    """

    stalled = rejected = False
    measured: Mapping[str, Tensor] = MappingProxyType({})

    def __init__(self, params: Iterable[Tensor], *, lr: Annotated[float, Gt(0)], bands: Annotated[int, Ge(0), Le(12)]):
        (self.image,) = params
        self.bands = [
            self.image.new_zeros(3, *(max(1, side >> halvings) for side in self.image.shape[1:]))
            for halvings in range(bands + 1)
        ]
        for band in self.bands:
            band.requires_grad_()
        super().__init__(self.bands, lr=lr)

    @staticmethod
    def remembered(**settings: Any) -> int:
        bands = sum(4.0**-halvings for halvings in range(int(settings["bands"]) + 1))
        return math.ceil(4 * bands)  # themselves, their gradients, two moments

    def shorten(self, factor: float) -> None:
        for group in self.param_groups:
            group["lr"] *= factor

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Raises ValueError for a state of bands of other sizes."""
        super().load_state_dict(state_dict)
        for band, state in self.state.items():
            if any(state[moment].shape != band.shape for moment in ("exp_avg", "exp_avg_sq")):
                raise ValueError("it is of bands of other sizes")

    def accepted(self) -> Tensor:
        return self.image.detach()

    def added(self) -> Tensor:
        """The bands at the picture's size, (3, H, W)."""
        size = self.image.shape[1:]
        coarse = (
            interpolate(band[None], size=size, mode="bilinear", align_corners=False)[0] for band in self.bands[1:]
        )
        return sum(coarse, start=self.bands[0])

    def step(self, closure: Callable[[], Tensor]) -> Tensor:  # type: ignore[override]
        loss = closure()
        gradients = torch.autograd.grad(self.added(), self.bands, self.image.grad)
        for band, gradient in zip(self.bands, gradients, strict=True):
            band.grad = gradient
            band.detach().zero_()  # it holds one step; the picture holds their sum
        super().step()
        with torch.no_grad():
            self.image.add_(self.added()).clamp_(0, 1)
        return loss
