"""Roots by matrix products against eigenvalues and singular values in float64: of matrices, and of VGG19's features."""

from typing import Any

import pytest
import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from stx import stats
from stx.model.vgg import VGG19, Weights
from stx.pictures import images
from stx.stats.root import POLYNOMIALS, inverse_root, overlap

LAYERS = ("conv1_1", "conv3_1", "conv4_1", "conv5_1")
"""At 112 x 80 the first two have more positions than channels, the last two fewer: 35 of 512 at conv5_1."""


def rotated(values: Tensor, seed: int = 0) -> Tensor:
    """A symmetric matrix with these eigenvalues."""
    size = len(values)
    drawn = torch.randn(size, size, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    axes = torch.linalg.qr(drawn).Q
    return (axes * values) @ axes.T


def test_the_polynomials_lead_all_from_1e_4_on_to_1_and_none_above() -> None:
    values = torch.logspace(-9, 0, 2000, dtype=torch.float64)
    result = values.clone()
    for number, coefficients in enumerate(POLYNOMIALS):
        result = sum(factor * result ** (2 * power + 1) for power, factor in enumerate(coefficients))  # type: ignore[assignment]
        assert float(result.max()) <= (2 if number < len(POLYNOMIALS) - 1 else 1 + 2e-7)
        assert float(result.min()) > 0
    assert float((1 - result)[values >= 1e-4].abs().max()) < 2e-7
    assert float((result / values).max()) == pytest.approx(3.4e4, rel=0.01)


@pytest.mark.parametrize(("dtype", "accuracy"), [(torch.float64, 1e-6), (torch.float32, 1e-3)])
def test_an_inverse_root_is_that_of_the_eigenvalues(dtype: torch.dtype, accuracy: float) -> None:
    values = torch.logspace(-5, 0, 24, dtype=torch.float64)
    values = values / values.sum()
    root = inverse_root(rotated(values).to(dtype))
    assert root.dtype == dtype
    torch.testing.assert_close(root.double(), rotated(values.rsqrt()), rtol=0, atol=accuracy * float(values[0].rsqrt()))
    assert torch.equal(root, root.T)


def test_an_inverse_root_of_what_is_below_1e_8_ends_at_34000() -> None:
    values = torch.tensor([1.0, 1e-14, 0.0], dtype=torch.float64)
    assert inverse_root(torch.diag(values)).diagonal()[1:].tolist() == pytest.approx([3.4e4] * 2, rel=0.01)


def test_an_overlap_is_the_trace_of_the_root_and_its_gradient_that_of_differences() -> None:
    covariance = rotated(torch.logspace(-3, 1, 6, dtype=torch.float64)).requires_grad_()
    deviations = torch.linspace(3, 0.1, 6, dtype=torch.float64)
    product = deviations[:, None] * covariance.detach() * deviations
    expected = torch.linalg.eigvalsh(product).sqrt().sum()
    torch.testing.assert_close(overlap(covariance, deviations).detach(), expected, rtol=1e-6, atol=0)

    def of_symmetric(matrix: Tensor) -> Tensor:  # the gradient is that among symmetric matrices
        return overlap((matrix + matrix.T) / 2, deviations)

    assert torch.autograd.gradcheck(of_symmetric, covariance, rtol=1e-4)


@pytest.mark.parametrize("strength", [1e-15, 1e15])
def test_an_overlap_goes_with_the_root_of_what_it_is_of(strength: float) -> None:
    covariance, deviations = rotated(torch.logspace(-2, 0, 5)).float(), torch.linspace(1, 0.1, 5)
    once = overlap(covariance, deviations)
    torch.testing.assert_close(overlap(covariance * strength, deviations), once * strength**0.5, rtol=1e-4, atol=0)
    torch.testing.assert_close(overlap(covariance, deviations * strength), once * strength, rtol=1e-4, atol=0)


@pytest.mark.parametrize("size", [0, 1, 5])
def test_nothing_has_no_overlap_and_no_gradient(size: int) -> None:
    for covariance, deviations in ((torch.zeros(size, size), torch.ones(size)), (torch.eye(size), torch.zeros(size))):
        covariance.requires_grad_()
        result = overlap(covariance, deviations)
        result.backward()
        assert float(result.detach()) == 0
        assert covariance.grad is not None
        assert not covariance.grad.any()


class Called(TorchDispatchMode):
    """The operations that are called while it is entered."""

    def __init__(self) -> None:
        super().__init__()
        self.names: list[str] = []

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        self.names.append(func.name())
        return func(*args, **(kwargs or {}))


def test_a_step_of_the_distance_asks_for_no_number_and_solves_nothing() -> None:
    """What a CUDA graph cannot hold: on the meta device there are no numbers to ask for."""
    target, axes = torch.empty(8, 7, device="meta"), torch.empty(8, 5, device="meta")
    maps = torch.empty(8, 6, 7, device="meta", requires_grad=True)
    with Called() as called:
        stats.gaussian_wasserstein(stats.gaussian(maps, reference=axes), target).backward()
    assert {name for name in called.names if "linalg" in name} == {"aten::linalg_vector_norm"}
    assert "aten::_local_scalar_dense" not in called.names


def test_an_inverse_root_takes_27_products_of_matrices() -> None:
    """Two for each of six polynomials, five that join them, two for each of five matrices in between."""
    with Called() as called:
        inverse_root(torch.eye(3) / 3)
    assert sum(name in ("aten::mm", "aten::addmm") for name in called.names) == 27


@pytest.fixture(scope="module")
def features(caffe_weights: Weights) -> dict[str, dict[str, Tensor]]:
    network = VGG19(caffe_weights, "max", LAYERS[-1])
    pictures = {name: images.to_tensor(images.load(name), (112, 80)) for name in ("china", "retina")}
    pictures["grey"] = torch.full((3, 80, 112), 0.5)
    with torch.no_grad():
        found = {name: network(picture, LAYERS) for name, picture in pictures.items()}
    dead = {layer: maps.clone() for layer, maps in found["china"].items()}
    for maps in dead.values():
        maps[::3] = 0
    return {**found, "dead": dead}


def exact(ours: Tensor, theirs: Tensor) -> tuple[Tensor, Tensor]:
    """The distance over D and its gradient, by singular values in float64.

    `tr((T^1/2 C T^1/2)^1/2)` is the sum of the singular values of `T^1/2 X`, for the centred features X over the root
    of M, and its gradient by X is `T^1/2 U V^T`: nothing is squared.
    """
    flat, target = (maps.detach().flatten(1).double() for maps in (ours, theirs))
    shift = flat.mean(1, keepdim=True) - target.mean(1, keepdim=True)
    flat, target = (maps - maps.mean(1, keepdim=True) for maps in (flat, target))
    places, each = flat.shape[1], flat.numel()
    axes, deviations, _ = torch.linalg.svd(target / target.shape[1] ** 0.5, full_matrices=False)
    root = axes * deviations
    left, values, right = torch.linalg.svd(root.T @ flat / places**0.5, full_matrices=False)
    kept = values > 1e-10 * values[0]
    total = flat.square().sum() / places + deviations.square().sum()
    distance = (shift.square().sum() + total - 2 * values.sum()) / len(flat)
    gradient = 2 / each * (flat + shift - places**0.5 * root @ (left[:, kept] @ right[kept]))
    return distance, gradient.view_as(ours)


@pytest.mark.parametrize(
    ("layer", "dtype"), [*((layer, torch.float32) for layer in LAYERS), ("conv3_1", torch.bfloat16)]
)
def test_on_features_of_pictures_distance_and_gradient_are_those_of_singular_values(
    features: dict[str, dict[str, Tensor]], layer: str, dtype: torch.dtype
) -> None:
    theirs = features["retina"][layer].to(dtype).float()
    axes = stats.principal_axes(theirs)
    target = stats.gaussian(theirs, reference=axes)
    for name, tolerance in (("china", 0.03), ("dead", 0.08), ("grey", 0.25)):
        ours = features[name][layer].to(dtype).float().clone().requires_grad_()
        distance = stats.gaussian_wasserstein(stats.gaussian(ours, reference=axes), target)
        distance.backward()
        expected, gradient = exact(ours, theirs)
        assert float(distance.detach()) == pytest.approx(float(expected), rel=1e-3)
        assert ours.grad is not None
        assert float((ours.grad - gradient).norm() / gradient.norm()) < tolerance


@pytest.mark.parametrize("layer", LAYERS)
def test_a_picture_is_at_no_distance_from_itself_and_stays(features: dict[str, dict[str, Tensor]], layer: str) -> None:
    ours = features["retina"][layer].clone().requires_grad_()
    axes = stats.principal_axes(ours)
    gaussian = stats.gaussian(ours, reference=axes)
    distance = stats.gaussian_wasserstein(gaussian, gaussian.detach())
    distance.backward()
    flat = ours.detach().flatten(1)
    assert abs(float(distance.detach())) < 1e-4 * 2 * float(flat.var(1).mean())
    assert ours.grad is not None
    pull = 2 / flat.numel() * (flat - flat.mean(1, keepdim=True))  # toward no variance, that of tr C alone
    assert float(ours.grad.norm()) < 0.01 * float(pull.norm())
