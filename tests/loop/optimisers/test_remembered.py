"""What optimisers say that they keep is what they keep: memory and disk are asked for it beforehand."""

import math

import pytest
import torch
from torch import Tensor

from stx.loop.optimisers import LBFGS, Adam, PlainLBFGS


@pytest.mark.parametrize(
    ("kind", "settings"),
    [
        (Adam, {"lr": 0.01, "bands": 0, "beta1": 0.9, "beta2": 0.999, "carry": False}),
        (Adam, {"lr": 0.01, "bands": 4, "beta1": 0.9, "beta2": 0.999, "carry": False}),
        (LBFGS, {"history": 1, "first_step": 0.01}),
        (LBFGS, {"history": 20, "first_step": 0.01}),
        (PlainLBFGS, {"lr": 1.0, "history": 4, "unit": 1.0}),
        (PlainLBFGS, {"lr": 1.0, "history": 1, "unit": 1.0}),
    ],
)
def test_it_remembers_as_much_as_it_says(kind: type, settings: dict[str, float]) -> None:
    image = torch.rand(3, 64, 64, generator=torch.Generator().manual_seed(0)).requires_grad_()
    wanted = torch.rand(3, 64, 64, generator=torch.Generator().manual_seed(1))
    optimiser = kind([image], **settings)

    def closure() -> Tensor:
        image.grad = None
        loss = ((image - wanted).square() * (1 + wanted)).sum() + (image - wanted).pow(4).sum()
        loss.backward()
        return loss

    for _ in range(30):
        optimiser.step(closure)
    kept = sum(numbers(part) for state in optimiser.state_dict()["state"].values() for part in state.values())
    kept += sum(2 * band.numel() for band in getattr(optimiser, "bands", ()))  # and their gradients
    few = 0.01  # single numbers
    assert kind.remembered(**settings) == math.ceil(kept / image.numel() - few)


def numbers(part: object) -> int:
    if isinstance(part, Tensor):
        return part.numel()
    return sum(map(numbers, part)) if isinstance(part, list) else 0
