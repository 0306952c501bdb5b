"""L-BFGS that neither stands still nor explodes (Nocedal & Wright 2006, algorithms 7.4 and 3.1)."""

import math
from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor

SUFFICIENT_DECREASE = 1e-4
SMALLEST_STEP = 2.0**-12
"""Backtracking below this part of a quasi-Newton step means that the curvature estimate is wrong."""


class LBFGS(torch.optim.Optimizer):
    """One evaluation of the closure a step, over one tensor.

    `torch.optim.LBFGS` decides by absolute numbers: a first step of at most 1 in the L1 norm, curvature updates only
    where y.s > 1e-10, a stop where the slope is below 1e-9. Over an image these make it stand still where gradients are
    small, or take the raw gradient as its next step where they are large. Here every decision is relative, so that
    the iterates do not depend on the scale of the loss: the first step moves the image by `first_step` (root mean
    square, pixel units), the curvature test is relative, and a step that does not lower the loss enough, or makes it
    not finite, is taken back and halved. Each step reads the loss on the host.

    `stalled` turns true, for good, when even a short step along the gradient no longer lowers the loss; `rejected` says
    that the image of the last evaluation was taken back.
    """

    def __init__(self, params: Iterable[Tensor], *, history: int, first_step: float):
        super().__init__(params, {"history": history, "first_step": first_step})
        (self.image,) = self.param_groups[0]["params"]
        self.unit = 0.0
        self.stalled = False
        self.rejected = False

    @torch.no_grad()
    def step(self, closure: Callable[[], Tensor]) -> Tensor:  # type: ignore[override]
        with torch.enable_grad():
            loss = closure()
        assert self.image.grad is not None
        gradient = self.image.grad.flatten().double()
        self.unit = self.unit or float(gradient.square().mean().sqrt())
        state = self.state[self.image]
        nowhere_to_go = self.unit == 0 or not math.isfinite(self.unit) or not (state or math.isfinite(float(loss)))
        self.stalled = self.stalled or nowhere_to_go
        if self.stalled:
            return loss
        # In units of the first gradient, so that squares neither vanish nor overflow.
        height, gradient = float(loss.double()) / self.unit, (gradient / self.unit).to(self.image.dtype)
        wanted = state["loss"] + SUFFICIENT_DECREASE * state["length"] * state["slope"] if state else float("inf")
        self.rejected = not height <= wanted
        if self.rejected:
            self.backtrack(state)
        else:
            self.advance(state, height, gradient)
        return loss

    def state_dict(self) -> dict[str, Any]:
        decided = {"unit": self.unit, "stalled": self.stalled, "rejected": self.rejected}
        return super().state_dict() | {"decided": decided}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        super().load_state_dict(state_dict)
        for name, value in state_dict["decided"].items():
            setattr(self, name, value)

    def accepted(self) -> Tensor:
        """The last image that was judged good; the step under way has not been judged."""
        state = self.state[self.image]
        return state["position"].view_as(self.image) if state else self.image.detach()

    @torch.no_grad()
    def settle(self) -> None:
        """Go back to the last accepted image."""
        self.image.copy_(self.accepted())

    def advance(self, state: dict[str, Any], loss: float, gradient: Tensor) -> None:
        """Learn the curvature from the accepted step and take the next one."""
        position = self.image.flatten().clone()
        pairs = state.setdefault("pairs", [])
        if "position" in state:
            moved, turned = position - state["position"], gradient - state["gradient"]
            if float(turned @ moved) > 1e-8 * float(turned.norm() * moved.norm()):
                pairs.append((moved, turned))
                del pairs[: -self.param_groups[0]["history"]]
        state.update(loss=loss, position=position, gradient=gradient)
        self.search(state, two_loop(gradient, pairs))

    def backtrack(self, state: dict[str, Any]) -> None:
        """Half the step from the last good image; along the gradient once the curvature has proved useless."""
        state["length"] /= 2
        if state["length"] >= SMALLEST_STEP:
            self.move(state)
        elif state["pairs"]:
            state["pairs"].clear()
            self.search(state, -state["gradient"])
        else:
            self.stalled = True
            self.settle()

    def search(self, state: dict[str, Any], direction: Tensor) -> None:
        """Start along a new direction: a whole quasi-Newton step, or `first_step` while there is no curvature."""
        if not state["pairs"]:
            rms = float(direction.square().mean().sqrt())
            direction = direction * (self.param_groups[0]["first_step"] / rms if rms > 0 else 0.0)
        state.update(direction=direction, length=1.0, slope=float(direction @ state["gradient"]))
        self.stalled = not state["slope"] < 0
        self.move(state)

    def move(self, state: dict[str, Any]) -> None:
        self.image.copy_((state["position"] + state["length"] * state["direction"]).view_as(self.image))


def two_loop(gradient: Tensor, pairs: list[tuple[Tensor, Tensor]]) -> Tensor:
    """The quasi-Newton direction, minus the inverse Hessian estimate times the gradient (algorithm 7.4)."""
    direction = -gradient
    weights = []
    for moved, turned in reversed(pairs):
        weight = (moved @ direction) / (moved @ turned)
        weights.append(weight)
        direction = direction - weight * turned
    if pairs:
        moved, turned = pairs[-1]
        direction = direction * ((moved @ turned) / (turned @ turned))
    for (moved, turned), weight in zip(pairs, reversed(weights), strict=True):
        direction = direction + moved * (weight - (turned @ direction) / (moved @ turned))
    return direction
