"""Adam on the bands of the picture."""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Annotated, Any

import torch
from annotated_types import Ge, Gt, Le, Lt
from torch import Tensor
from torch.nn.functional import interpolate
from torch.optim.adam import adam

EPSILON = 1e-8
"""The value that Kingma & Ba (2015) propose, and PyTorch's default."""
Decay = Annotated[float, Ge(0), Lt(1)]


class Adam:
    """Adam over one picture (3, H, W), kept within [0, 1], and over `bands` smaller pictures that are added to it.

    Adam moves every coordinate by about `lr`, whatever the size of its gradient. If the coordinates are pixels, speckle
    grows as fast as everything else, although the network hardly sees it and it has next to no gradient. A coordinate
    of a coarse band moves many pixels together: the coarse bands provide what the loss asks for, in fewer steps, and
    leave less to the finest one. Without bands this is Adam on pixels.

    The arithmetic is PyTorch's function; its class would import the compiler, which takes a second or more at the start
    of a run.
    """

    stalled = rejected = False
    measured: Mapping[str, Tensor] = MappingProxyType({})

    def __init__(
        self,
        params: Iterable[Tensor],
        *,
        lr: Annotated[float, Gt(0)],
        bands: Annotated[int, Ge(0), Le(12)],
        beta1: Decay,
        beta2: Decay,
        carry: bool,
    ):
        (self.image,), self.lr, self.betas, self.carry = params, lr, (beta1, beta2), carry
        self.bands = [self.image.new_zeros(3, *band_size(self.image.shape[1:], number)) for number in range(bands + 1)]
        for band in self.bands:
            band.requires_grad_()
        self.state = {
            number: {"step": torch.tensor(0.0), "exp_avg": torch.zeros_like(band), "exp_avg_sq": torch.zeros_like(band)}
            for number, band in enumerate(map(Tensor.detach, self.bands))
        }
        """State by the number of the band, as PyTorch's class has it by parameter."""

    @staticmethod
    def remembered(**settings: Any) -> int:
        bands = sum(4.0**-halvings for halvings in range(int(settings["bands"]) + 1))
        return math.ceil(4 * bands)  # the bands, their gradients, two moments

    def shorten(self, factor: float) -> None:
        self.lr *= factor

    def renewed(self) -> None:
        """Do nothing, as Adam compares no losses."""

    def state_dict(self) -> dict[str, Any]:
        return {"state": self.state, "param_groups": [{"lr": self.lr}]}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Restore a state. Raises ValueError if it is another optimiser's, or of bands of other sizes."""
        state, wanted = state_dict["state"], set(self.state[0])
        if state.keys() != self.state.keys() or any(not wanted <= set(of_band) for of_band in state.values()):
            raise ValueError("it is another optimiser's, or of other bands")
        for number, band in enumerate(self.bands):
            if any(state[number][moment].shape != band.shape for moment in ("exp_avg", "exp_avg_sq")):
                raise ValueError("it is of bands of other sizes")
            self.state[number] = {
                "step": state[number]["step"].to("cpu", copy=True),
                **{moment: state[number][moment].to(band, copy=True) for moment in ("exp_avg", "exp_avg_sq")},
            }
        for group in state_dict["param_groups"]:
            self.lr = group["lr"]

    def handed_on(self, size: Sequence[int]) -> dict[str, Any]:
        """The moments, resized to the bands of the new size as in style-transfer-pytorch; squares stay non-negative."""
        if not self.carry:
            return {}
        state = {
            number: {
                "step": of_band["step"].clone(),
                "exp_avg": at(of_band["exp_avg"], band_size(size, number), "bicubic"),
                "exp_avg_sq": at(of_band["exp_avg_sq"], band_size(size, number), "bilinear").relu_(),
            }
            for number, of_band in self.state.items()
        }
        return {"state": state, "param_groups": []}  # without `lr`: steps have their full length again

    def accepted(self) -> Tensor:
        return self.image.detach()

    def added(self) -> Tensor:
        """The bands at the picture's size, (3, H, W)."""
        size = self.image.shape[1:]
        coarse = (
            interpolate(band[None], size=size, mode="bilinear", align_corners=False)[0] for band in self.bands[1:]
        )
        return sum(coarse, start=self.bands[0])

    def step(self, closure: Callable[[], Tensor]) -> Tensor:
        loss = closure()
        assert self.image.grad is not None
        # Through a product, since PyTorch imports a computer algebra system to compare the shapes of `grad_outputs`.
        gradients = torch.autograd.grad((self.added() * self.image.grad).sum(), self.bands)
        with torch.no_grad():
            for band in self.bands:
                band.zero_()  # a band holds one step, and the picture the sum of all steps
            adam(
                self.bands,
                list(gradients),
                exp_avgs=[state["exp_avg"] for state in self.state.values()],
                exp_avg_sqs=[state["exp_avg_sq"] for state in self.state.values()],
                max_exp_avg_sqs=[],
                state_steps=[state["step"] for state in self.state.values()],
                amsgrad=False,
                beta1=self.betas[0],
                beta2=self.betas[1],
                lr=self.lr,
                weight_decay=0,
                eps=EPSILON,
                maximize=False,
            )
            self.image.add_(self.added()).clamp_(0, 1)
        return loss


def band_size(size: Sequence[int], number: int) -> list[int]:
    return [max(1, side >> number) for side in size]


def at(maps: Tensor, size: Sequence[int], mode: str) -> Tensor:
    """Maps (D, H, W) at another size."""
    return interpolate(maps[None], size=list(size), mode=mode, align_corners=False)[0]
