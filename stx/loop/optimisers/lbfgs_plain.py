"""PyTorch's own L-BFGS, as the thesis used it."""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Annotated, Any

import torch
from annotated_types import Ge, Gt
from torch import Tensor

from stx.errors import UserError
from stx.stats.precision import wide


class PlainLBFGS(torch.optim.LBFGS):
    """PyTorch's L-BFGS as it behaved in the thesis's run: one evaluation per step, no line search, no clamp.

    It estimates the curvature from pairs (s, y), the last move and the change of gradient along it, and skips a pair
    with y.s <= 1e-10. Without any pair the next move is the raw gradient, however long that is.

    Since it decides by absolute numbers, all of this depends on `unit`, the length of the range from black to white in
    which pixels are changed: programs whose values go up to 255 get further if the loss is large. The unit is a power
    of two, so that converting to it and back rounds nothing.
    """

    stalled = rejected = False

    def __init__(
        self,
        params: Iterable[Tensor],
        *,
        lr: Annotated[float, Gt(0)],
        history: Annotated[int, Ge(1)],
        unit: Annotated[float, Gt(0)],
    ):
        refuse_rounding(unit)
        (self.image,), self.unit = params, unit
        self.pixels = self.image if unit == 1 else (self.image.detach() * unit).requires_grad_()
        """The tensor that PyTorch's class changes."""
        super().__init__([self.pixels], lr=lr, max_iter=1, history_size=history)
        self.measured: Mapping[str, Tensor] = {}

    def handed_on(self, size: Sequence[int]) -> dict[str, Any]:
        """Nothing, since the pairs describe the loss at one size."""
        return {}

    @staticmethod
    def remembered(**settings: Any) -> int:
        refuse_rounding(float(settings["unit"]))  # here, as this is called before a run begins
        # a move and a change of gradient for each pair; the last gradient, the direction
        return 2 * int(settings["history"]) + (2 if settings["unit"] == 1 else 4)

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Restore a state. Raises ValueError if it is another optimiser's or another picture's."""
        if [sorted(group) for group in state_dict["param_groups"]] != [sorted(group) for group in self.param_groups]:
            raise ValueError("it is another optimiser's")
        if any(state["d"].shape != (self.image.numel(),) for state in state_dict["state"].values() if "d" in state):
            raise ValueError("it is another picture's")
        super().load_state_dict(state_dict)

    def shorten(self, factor: float) -> None:
        self.param_groups[0]["lr"] *= factor

    def renewed(self) -> None:
        """Do nothing, as PyTorch's L-BFGS compares no losses without a line search."""

    def accepted(self) -> Tensor:
        return self.image.detach()

    @torch.no_grad()
    def show(self) -> None:
        if self.unit != 1:
            self.image.copy_(self.pixels / self.unit)

    def in_units(self, closure: Callable[[], Tensor]) -> Tensor:
        self.show()
        loss = closure()
        assert self.image.grad is not None
        self.pixels.grad = self.image.grad / self.unit
        return loss

    def step(self, closure: Callable[[], Tensor]) -> Tensor:  # type: ignore[override]
        state = self.state[self.pixels]
        moved = state["d"] * state["t"] if "d" in state else None
        gradient = state["prev_flat_grad"].clone() if "d" in state else None  # torch overwrites it
        loss: Tensor = super().step(closure if self.unit == 1 else partial(self.in_units, closure))  # type: ignore[no-untyped-call]
        self.show()
        if moved is not None and gradient is not None:
            change = wide(state["prev_flat_grad"]) - wide(gradient)
            self.measured = {
                "lbfgs/curvature": change @ wide(moved),  # y.s
                "lbfgs/pairs": change.new_tensor(len(state["old_dirs"])),
            }
        return loss


def refuse_rounding(unit: float) -> None:
    """Raise UserError for a unit that is no power of two: a resumed run would start with a rounding error."""
    if math.frexp(unit)[0] != 0.5:
        raise UserError(f"optim.unit={unit:g}: it must be a power of two; 256 is next to 255")
