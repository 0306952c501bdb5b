"""L-BFGS within bounds, which neither stands still nor explodes (Nocedal & Wright 2006, chapters 7.2 and 16.7)."""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Annotated, Any

import numpy as np
import torch
from annotated_types import Ge, Gt
from numpy.typing import NDArray
from torch import Tensor

from stx.stats.precision import wide, widest

LOWER, UPPER = 0.0, 1.0
SUFFICIENT_DECREASE = 1e-4
SMALLEST_STEP = 2.0**-12
"""Part of a quasi-Newton step; having to backtrack below it means that the curvature estimate is wrong."""
SHORTER = (0.1, 0.5)
"""Limits of the factor by which a step is shortened when it is taken back; a parabola through both losses sets it."""
CURVED = 1e-8
"""Cosine between a move and its change of gradient below which the pair says nothing about the curvature."""
CHUNK = 2**18
"""Numbers of each row that `inner_products` masks at a time: a masked copy of all pairs would double the memory."""


class LBFGS:
    """L-BFGS over one tensor within [LOWER, UPPER]: one evaluation of the closure and one read by the host per step.

    `torch.optim.LBFGS` decides by absolute numbers: a first step of at most 1 in the L1 norm, curvature updates only
    if y.s > 1e-10, a stop if the slope is below 1e-9. On an image these make it stand still if gradients are small, or
    take the raw gradient as its next step if they are large. Here every decision is relative, so that the iterates do
    not depend on the scale of the loss: the first step moves the image by `first_step` (root mean square, pixel units),
    the curvature test is relative, and a step that does not lower the loss enough, or makes it not finite, is taken
    back and shortened.

    Bounds are kept by projection (Bertsekas 1982; Kim, Sra & Dhillon 2010), not by L-BFGS-B's Cauchy point: a pixel
    that is at a bound and would be pushed beyond it is held there and left out of the curvature; the others take the
    quasi-Newton step of their own subspace, and what would leave the bounds is clamped. So each loss is that of a
    picture within the bounds, which can be kept.

    The direction is a combination of the pairs and the gradient, whose coefficients follow from inner products alone
    (Chen, Wang & Zhou 2014): one matrix product on the device, and one small matrix for the host.

    `stalled` becomes true, for good, when even a short step along the gradient no longer lowers the loss; `rejected`
    says that the image of the last evaluation was taken back.
    """

    measured: Mapping[str, Tensor] = MappingProxyType({})

    def __init__(
        self, params: Iterable[Tensor], *, history: Annotated[int, Ge(1)], first_step: Annotated[float, Gt(0)]
    ):
        (self.image,), self.history, self.first_step = params, history, first_step
        self.state: dict[str, Any] = {}
        self.unit = 0.0
        self.stalled = False
        self.rejected = False

    def handed_on(self, size: Sequence[int]) -> dict[str, Any]:
        """Nothing, since the pairs describe the loss at one size."""
        return {}

    @staticmethod
    def remembered(**settings: Any) -> int:
        # a move and a change of gradient for each pair and a spare one; position, gradient and direction
        return 2 * (int(settings["history"]) + 1) + 3

    def shorten(self, factor: float) -> None:
        self.first_step *= factor

    @torch.no_grad()
    def step(self, closure: Callable[[], Tensor]) -> Tensor:
        with torch.enable_grad():
            loss = closure()
        assert self.image.grad is not None
        gradient, state = self.image.grad.flatten(), self.state
        if not state:
            self.begin(state, gradient)
        # In units of the first gradient, so that squares neither vanish nor overflow.
        gradient = (wide(gradient) / self.unit).to(self.image.dtype) if self.unit else gradient
        free = inside(self.image.flatten(), gradient)
        slots = state["slots"]
        spare = next(slot for slot in range(self.history + 1) if slot not in slots)
        if "position" in state:
            state["pairs"][2 * spare] = self.image.flatten() - state["position"]
            state["pairs"][2 * spare + 1] = gradient - state["gradient"]
        rows = state["pairs"][: 2 * max([spare, *slots]) + 2]
        products = inner_products(rows, gradient, free)
        judged = torch.cat([torch.stack([wide(loss) / (self.unit or 1), state["slope"]]), products.flatten()])
        height, slope, *numbers = judged.tolist()  # the one wait for the device
        finite = math.isfinite(height) and math.isfinite(numbers[-1])
        enough = finite and slope <= 0 and height <= state["loss"] + SUFFICIENT_DECREASE * slope
        self.stalled = self.stalled or not self.unit or not ("position" in state or finite)
        if self.stalled:
            return loss
        self.rejected = not enough
        if self.rejected:
            self.backtrack(state, height, slope)
            return loss
        if "position" in state:
            state["slots"] = [*slots, spare][-self.history :]
        state.update(loss=height, position=self.image.flatten().clone(), gradient=gradient)
        self.search(state, np.reshape(numbers, (len(rows) + 1, len(rows) + 1)), free)
        return loss

    def renewed(self) -> None:
        """Accept the next image whatever its loss. The pairs stay, as the curvature is about what it was."""
        if self.state:
            self.state["loss"] = math.inf

    def begin(self, state: dict[str, Any], gradient: Tensor) -> None:
        self.unit = float(wide(gradient).square().mean().sqrt())
        if not math.isfinite(self.unit):
            self.unit = 0.0
        rows = 2 * (self.history + 1)
        state.update(
            pairs=gradient.new_zeros(rows, gradient.numel()),  # each pair is a row of the move, one of the change
            slots=[],  # those of the pairs in use, oldest first; one is left for the pair that is being judged
            slope=gradient.new_zeros((), dtype=widest(gradient.device)),
            loss=math.inf,
        )

    def state_dict(self) -> dict[str, Any]:
        """The state in the layout of PyTorch's optimisers, and in addition what was `decided`."""
        return {
            "state": {0: dict(self.state)} if self.state else {},
            "param_groups": [{"history": self.history, "first_step": self.first_step}],
            "decided": {"unit": self.unit, "stalled": self.stalled, "rejected": self.rejected},
        }

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Restore a state. Raises ValueError if another optimiser, another picture or an earlier version made it."""
        (settings,), state = state_dict["param_groups"], dict(state_dict["state"].get(0, {}))
        if "first_step" not in settings or "decided" not in state_dict:
            raise ValueError("it is another optimiser's")
        shape = (2 * (settings["history"] + 1), self.image.numel())
        if state and ("slots" not in state or state["pairs"].shape != shape):
            raise ValueError("with the L-BFGS of an earlier version, or of another picture")
        for name, value in state.items():
            if isinstance(value, Tensor):  # the slope is of the widest type, all else of the image's
                kept = widest(self.image.device) if name == "slope" else self.image.dtype
                state[name] = value.to(self.image.device, kept)
        self.state, self.history, self.first_step = state, settings["history"], settings["first_step"]
        for name, value in state_dict["decided"].items():
            setattr(self, name, value)

    def accepted(self) -> Tensor:
        """The last image that was judged good; the step being tried has not been judged."""
        position = self.state.get("position")
        return self.image.detach() if position is None else position.view_as(self.image)

    @torch.no_grad()
    def settle(self) -> None:
        """Go back to the last accepted image."""
        self.image.copy_(self.accepted())

    def search(self, state: dict[str, Any], products: NDArray[np.float64], free: Tensor) -> None:
        """Take a full quasi-Newton step, or one of `first_step` along the gradient while no curvature is known."""
        useful = [slot for slot in state["slots"] if curved(products, 2 * slot)]
        coefficients = two_loop(products, [2 * slot for slot in useful])
        rows = state["pairs"][: len(coefficients) - 1]
        direction = state["gradient"] * coefficients[-1]
        if useful:
            direction += torch.from_numpy(coefficients[:-1]).to(rows) @ rows
        else:
            rms = math.sqrt(products[-1, -1] / self.image.numel())
            direction *= self.first_step / rms if rms > 0 else 0.0
        held = ~free | outwards(state["position"], direction)
        state.update(direction=direction.masked_fill_(held, 0), length=1.0, curved=bool(useful))
        self.stalled = not products[-1, -1] > 0
        self.move(state)

    def backtrack(self, state: dict[str, Any], height: float, slope: float) -> None:
        """Shorten the step from the last good image; go along the gradient once the curvature has proved useless."""
        excess = height - state["loss"] - slope
        least, most = SHORTER
        parabola = -slope / (2 * excess) if math.isfinite(excess) and excess > 0 else most
        state["length"] *= min(max(parabola, least), most)
        if state["length"] >= SMALLEST_STEP:
            self.move(state)
        elif state["curved"]:
            state["slots"] = []
            free = inside(state["position"], state["gradient"])
            self.search(state, inner_products(state["pairs"][:0], state["gradient"], free).cpu().numpy(), free)
        else:
            self.stalled = True
            self.settle()

    def move(self, state: dict[str, Any]) -> None:
        """Move to the point at `length` along the direction, within the bounds; its slope stays on the device."""
        position = state["position"]
        reached = torch.add(position, state["direction"], alpha=state["length"]).clamp_(LOWER, UPPER)
        state["slope"] = (wide(state["gradient"]) * (reached - position)).sum()
        self.image.copy_(reached.view_as(self.image))


def inside(position: Tensor, gradient: Tensor) -> Tensor:
    """Where descent may move a pixel: everywhere but at a bound that the descent direction points beyond."""
    return ~outwards(position, -gradient)


def outwards(position: Tensor, direction: Tensor) -> Tensor:
    return ((position <= LOWER) & (direction < 0)) | ((position >= UPPER) & (direction > 0))


def inner_products(pairs: Tensor, gradient: Tensor, free: Tensor) -> Tensor:
    """Inner products of all rows of `pairs` (2 k, n) and the gradient (n,), over the free pixels: (2 k + 1, 2 k + 1).

    In float64 where the device has it.
    """
    products = gradient.new_zeros(len(pairs) + 1, len(pairs) + 1, dtype=widest(gradient.device))
    room = gradient.new_empty(len(pairs) + 1, min(CHUNK, gradient.numel()))
    parts = (torch.split(each, CHUNK, dim=-1) for each in (pairs, gradient, free))
    for some, few, mask in zip(*parts, strict=True):
        rows = room[:, : few.numel()]
        torch.mul(some, mask, out=rows[:-1])
        torch.mul(few, mask, out=rows[-1])
        products += wide(rows @ rows.T)
    return products


def curved(products: NDArray[np.float64], move: int) -> bool:
    turn = move + 1
    return bool(products[move, turn] > CURVED * math.sqrt(products[move, move] * products[turn, turn]))


def two_loop(products: NDArray[np.float64], moves: list[int]) -> NDArray[np.float64]:
    """The quasi-Newton direction, minus the inverse Hessian estimate times the gradient (algorithm 7.4).

    It is returned as the coefficients of the rows whose inner products are `products`: `moves` are the numbers of the
    rows with the moves, oldest first; each change of gradient is in the row after its move, the gradient in the last.
    """
    direction = np.zeros(len(products))
    direction[-1] = -1
    weights = {}
    for move in reversed(moves):
        weights[move] = products[move] @ direction / products[move, move + 1]
        direction[move + 1] -= weights[move]
    if moves:
        newest = moves[-1]
        direction *= products[newest, newest + 1] / products[newest + 1, newest + 1]
    for move in moves:
        direction[move] += weights[move] - products[move + 1] @ direction / products[move, move + 1]
    return direction
