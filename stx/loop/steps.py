"""The loop: a generator that yields one record per iteration."""

from collections.abc import Iterator
from typing import NamedTuple

import torch
from torch import Tensor

from stx.loop.average import Average
from stx.loop.evaluate import Evaluate, Evaluation, eager, joined
from stx.loop.optimisers import Optimiser
from stx.model.calibration import weighted_gradient_norms
from stx.model.losses import LossNetwork
from stx.model.magnitudes import largest
from stx.model.names import metric


class Step(NamedTuple):
    """What one iteration measured and made. Tensors are on the device: reading one waits for it."""

    number: int
    """Counts from 1. The scalars belong to the image that the iteration started from."""
    names: tuple[str, ...]
    """Names of the scalars, in the order of the data flow, so that the first value that is not finite is the cause."""
    values: Tensor
    """The scalars, one per name; float64 where the device has it."""
    image: Tensor
    """The image after the update, or the last one that L-BFGS accepted, which the loop will change in place; with
    averaging, the average."""
    last_finite: Tensor
    """The newest image whose features, losses and gradient are all known to be finite; with averaging, the average up
    to it."""
    taken_back: bool
    """The optimiser did not accept the image that was measured, so values that are not finite are no event."""


def optimise(
    network: LossNetwork,
    image: Tensor,
    optimiser: Optimiser,
    steps: int,
    grad_norms_every: int = 0,
    done: int = 0,
    last_finite: Tensor | None = None,
    evaluate: Evaluate | None = None,
    frozen: bool = True,
    average: Average | None = None,
) -> Iterator[Step]:
    """Change `image`, a leaf (3, H, W) that `optimiser` holds, to lower the network's total loss.

    References that are due are renewed before a step. Yields records up to the one numbered `steps`, or fewer if the
    optimiser stalls. To resume a run, pass the number of steps `done` and the `last_finite` image of the last record.
    Only L-BFGS waits for the device, as it decides on the host. `evaluate` may be what `evaluation` returned for the
    network and the image; by default it is eager. If `frozen`, `last_finite` stays the same from the first event on,
    since what follows an infinite loss may be finite again. What the optimiser accepts enters the `average`.
    """
    average, evaluate = average or Average(0, image), evaluate or eager(network, image)
    last_finite = image.detach().clone() if last_finite is None else last_finite
    whole = torch.ones((), dtype=torch.bool, device=image.device)
    for number in range(done + 1, steps + 1):
        if optimiser.stalled:
            return
        before = image.detach().clone()
        shown = average.of(before)
        evaluations: list[Evaluation] = []

        def closure(evaluate: Evaluate = evaluate, evaluations: list[Evaluation] = evaluations) -> Tensor:
            evaluations.append(evaluate())
            return evaluations[-1].total

        if network.renew(number, image):
            optimiser.renewed()
        optimiser.step(closure)
        further = dict(optimiser.measured)
        if grad_norms_every and (number - 1) % grad_norms_every == 0:
            for name, norm in weighted_gradient_norms(network, before).items():
                further[metric(f"grad_norm/{name}")] = norm
        further["peak/image"] = largest([image])[0]
        names = (*evaluations[-1].names, *further)
        values = torch.cat([evaluations[-1].values, joined(further.values())])
        finite = torch.isfinite(values)
        last_finite = torch.where(finite[:-1].all() & whole, shown, last_finite)
        if not optimiser.rejected:
            whole = whole & finite.all() if frozen else whole
            average.add(optimiser.accepted())
        yield Step(number, names, values, average.of(optimiser.accepted()), last_finite, optimiser.rejected)
