"""The loop: a generator that yields one record an iteration."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

import torch
from torch import Tensor

from stx.loop.evaluate import Evaluate, Evaluation, eager
from stx.loop.optimisers.adam import Adam
from stx.loop.optimisers.lbfgs import LBFGS
from stx.model.losses import LossNetwork


class PlainLBFGS(torch.optim.LBFGS):
    """PyTorch's L-BFGS as the thesis's run behaved: one evaluation a step, no line search, no clamp.

    It estimates the curvature from pairs (s, y), the last move and the change of gradient along it, and skips a pair
    with y.s <= 1e-10. With no pair at all the next move is the raw gradient, however long that is.
    """

    def __init__(self, params: list[Tensor], *, lr: float, history: int):
        super().__init__(params, lr=lr, max_iter=1, history_size=history)
        self.measured: dict[str, Tensor] = {}

    def step(self, closure: Callable[[], Tensor]) -> Tensor:  # type: ignore[override]
        state = self.state[self.param_groups[0]["params"][0]]
        moved = state["d"] * state["t"] if "d" in state else None
        gradient = state["prev_flat_grad"].clone() if "d" in state else None  # torch overwrites it
        loss: Tensor = super().step(closure)  # type: ignore[no-untyped-call]
        if moved is not None and gradient is not None:
            change = state["prev_flat_grad"].double() - gradient.double()
            self.measured = {
                "lbfgs/curvature": change @ moved.double(),  # y.s
                "lbfgs/pairs": change.new_tensor(len(state["old_dirs"])),
            }
        return loss


OPTIMISERS: dict[str, Callable[..., torch.optim.Optimizer]] = {
    "adam": Adam,
    "lbfgs": LBFGS,
    "lbfgs_plain": PlainLBFGS,
}


class Step(NamedTuple):
    """What one iteration measured and made. Tensors live on the device: reading one waits for it."""

    number: int
    """From 1. The scalars belong to the image that the iteration started from."""
    names: tuple[str, ...]
    """Of the scalars, in the order in which data flows, so that the first value that is not finite is the cause."""
    values: Tensor
    """The scalars, float64, one a name."""
    image: Tensor
    """After the update, or the last one that L-BFGS accepted; the loop goes on to change it."""
    last_finite: Tensor
    """The newest image whose features, losses and gradient are all known to be finite; changed likewise."""
    taken_back: bool
    """The optimiser did not accept the image that was measured, so that values that are not finite are no event."""


def optimise(
    network: LossNetwork,
    image: Tensor,
    optimiser: torch.optim.Optimizer,
    steps: int,
    grad_norms_every: int = 0,
    done: int = 0,
    last_finite: Tensor | None = None,
    evaluate: Evaluate | None = None,
) -> Iterator[Step]:
    """Change `image`, a leaf (3, H, W) that `optimiser` holds, to lower the network's total loss.

    Yields records up to the one numbered `steps`, fewer if L-BFGS stalls. To go on with a run, give the steps `done`
    and the `last_finite` image of the last record. Nothing here waits for the device, except in L-BFGS, which decides
    on the host. `evaluate` may be what `evaluation` made of the network and the image; eager without.
    """
    evaluate = evaluate or eager(network, image)
    last_finite = image.detach().clone() if last_finite is None else last_finite
    for number in range(done + 1, steps + 1):
        if isinstance(optimiser, LBFGS) and optimiser.stalled:
            return
        before = image.detach().clone()
        found: list[Evaluation] = []

        def closure(evaluate: Evaluate = evaluate, found: list[Evaluation] = found) -> Tensor:
            found.append(evaluate())
            return found[-1].total

        optimiser.step(closure)  # type: ignore[arg-type]  # a tensor serves as the loss, as torch documents
        further: dict[str, Tensor] = {}
        if grad_norms_every and (number - 1) % grad_norms_every == 0:
            for name, norm in network.weighted_gradient_norms(before).items():
                further[f"grad_norm/{name}"] = norm
        if isinstance(optimiser, PlainLBFGS):
            further.update(optimiser.measured)
        further["peak/image"] = image.detach().abs().amax()
        names = (*found[-1].names, *further)
        values = torch.cat([found[-1].values, torch.stack([value.double() for value in further.values()])])
        last_finite = torch.where(torch.isfinite(values[:-1]).all(), before, last_finite)
        taken_back = isinstance(optimiser, LBFGS) and optimiser.rejected
        yield Step(number, names, values, current(optimiser, image), last_finite, taken_back)


def current(optimiser: torch.optim.Optimizer, image: Tensor) -> Tensor:
    """The picture to show: what L-BFGS tries next has not been judged."""
    return optimiser.accepted() if isinstance(optimiser, LBFGS) else image.detach()
