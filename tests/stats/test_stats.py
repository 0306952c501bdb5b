"""Statistics against plain loops and against the convolution as published."""

import itertools
import math
import os
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d, conv2d

from stx import stats
from stx.config.compose import composition
from stx.config.schema import CONF, Config
from stx.errors import UserError
from stx.model.asked import terms
from stx.model.terms import Term
from stx.stats.windows import box_mean

TENSOR = {"threshold": "mean", "window": "mean", "normalise": False}


def features(*shape: int, seed: int = 0) -> Tensor:
    """Like activations after a ReLU: about half of them zero."""
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(*shape, generator=generator, dtype=torch.float64).relu()


def distance_to(term: Term, target: Tensor, ours: Tensor) -> Tensor:
    return term.distance(ours, target) if term.distance else ours


def looked_at(term: Term, *shape: int, seed: int = 0) -> list[Tensor]:
    """What a term may be given: features, or of a joint one those of two layers, the deeper one smaller."""
    sizes = [shape, (shape[0], *(max(1, side // 2) for side in shape[1:]))]
    return [features(*size, seed=seed) for size in sizes[: 2 if term.joint else 1]]


def values_of(term: Term, statistic: Callable[[Any], Tensor], *maps: Tensor) -> Tensor:
    return statistic(given(term, maps))


def given(term: Term, maps: Sequence[Tensor]) -> Tensor | list[Tensor]:
    return list(maps) if term.joint else maps[0]


def composed(*overrides: str) -> Config:
    return composition(overrides).config


def published_cooc(maps: Tensor, radius: int, threshold: float, window: str) -> Tensor:
    """Forcén et al. 2020 as their steps read: threshold, D filters of ones with a zero channel, conv2d, mask."""
    channels, side = len(maps), 2 * radius + 1
    filters = torch.ones(channels, channels, side, side, dtype=maps.dtype)
    filters[range(channels), range(channels)] = 0
    if window == "mean":
        filters /= side**2
    mask = (maps > threshold).to(maps.dtype)
    return conv2d((maps * mask)[None], filters, padding=radius)[0] / (channels - 1) * mask


def looped_cooc(maps: Tensor, radius: int, threshold: float, window: str) -> Tensor:
    """The definition: for each channel and position, what is active around it in every other channel."""
    channels, height, width = maps.shape
    result = torch.zeros_like(maps)
    for k, i, j in itertools.product(range(channels), range(height), range(width)):
        if maps[k, i, j] <= threshold:
            continue
        for w, u, v in itertools.product(
            range(channels), range(i - radius, i + radius + 1), range(j - radius, j + radius + 1)
        ):
            if w != k and 0 <= u < height and 0 <= v < width and maps[w, u, v] > threshold:
                result[k, i, j] += maps[w, u, v]
    return result / (channels - 1) / ((2 * radius + 1) ** 2 if window == "mean" else 1)


def test_gram_is_the_mean_product_of_channels() -> None:
    maps = features(5, 4, 3)
    expected = torch.zeros(5, 5, dtype=torch.float64)
    for k, w, i, j in itertools.product(range(5), range(5), range(4), range(3)):
        expected[k, w] += maps[k, i, j] * maps[w, i, j] / 12
    torch.testing.assert_close(stats.gram(maps), expected)


def test_grams_distance_is_equation_4_of_gatys() -> None:
    ours, target = features(5, 4, 3, seed=1), features(5, 4, 3, seed=2)
    plain = [maps.reshape(5, 12) @ maps.reshape(5, 12).T for maps in (ours, target)]
    expected = ((plain[0] - plain[1]) ** 2).sum() / (4 * 5**2 * 12**2)
    torch.testing.assert_close(stats.quarter_mean_square(stats.gram(ours), stats.gram(target)), expected)


@pytest.mark.parametrize("radius", [0, 1, 3])
@pytest.mark.parametrize("threshold", ["mean", 0.3])
@pytest.mark.parametrize("window", ["mean", "sum"])
def test_cooc_tensor_is_the_published_convolution_and_the_definition(
    radius: int, threshold: str | float, window: str
) -> None:
    maps = features(4, 6, 7)
    limit = float(maps.mean()) if threshold == "mean" else float(threshold)
    ours = stats.cooc_tensor(maps, radius=radius, threshold=threshold, window=window, normalise=False)  # type: ignore[arg-type]
    torch.testing.assert_close(ours, published_cooc(maps, radius, limit, window))
    torch.testing.assert_close(ours, looped_cooc(maps, radius, limit, window))


def test_cooc_gradient_is_that_of_the_published_convolution() -> None:
    ours, theirs = (features(4, 6, 7).requires_grad_() for _ in range(2))
    stats.cooc_vector(ours, radius=2, **TENSOR).square().sum().backward()  # type: ignore[arg-type]
    limit = float(theirs.detach().mean())
    published_cooc(theirs, 2, limit, "mean").mean((1, 2)).square().sum().backward()
    torch.testing.assert_close(ours.grad, theirs.grad)


def test_matrix_vector_and_their_grams_reduce_the_tensor_as_the_thesis_says() -> None:
    maps = features(4, 6, 7)
    tensor = published_cooc(maps, 1, float(maps.mean()), "mean")
    matrix, row = tensor.mean(0), tensor.reshape(1, -1)
    for form, expected in {
        "cooc_matrix": matrix,
        "cooc_vector": tensor.mean(2).mean(1),
        "gram_cooc_matrix": matrix @ matrix.T / (6 * 7),
        "gram_cooc_vector": row @ row.T / (4 * 6 * 7),
    }.items():
        torch.testing.assert_close(getattr(stats, form)(maps, radius=1, **TENSOR), expected)


def test_normalised_tensor_sums_to_one_and_an_empty_one_stays_zero() -> None:
    options = {"radius": 1, "window": "mean", "normalise": True}
    assert float(stats.cooc_tensor(features(4, 6, 7), threshold="mean", **options).sum()) == pytest.approx(1)  # type: ignore[arg-type]
    empty = torch.zeros(4, 6, 7, requires_grad=True)
    result = stats.cooc_tensor(empty, threshold=0.5, **options)  # type: ignore[arg-type]
    result.sum().backward()
    assert not result.any()
    assert torch.isfinite(empty.grad).all()  # type: ignore[arg-type]


@pytest.mark.parametrize("radius", [0, 1, 3, 9])
def test_a_box_mean_is_its_own_adjoint(radius: int) -> None:
    maps = features(3, 6, 5).requires_grad_()
    assert torch.autograd.gradcheck(lambda maps: box_mean(maps, radius), maps)


@pytest.mark.parametrize("file", sorted((CONF / "style_stat").glob("*cooc*.yaml")), ids=lambda file: file.stem)
def test_cooccurrences_keep_the_memory_format_all_the_way_back(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Channels last, as the network gives features: a window or its gradient that loses it is 20 times slower."""
    seen = []

    def pooled(maps: Tensor, *arguments: Any, **keywords: Any) -> Tensor:
        seen.append(maps)
        return avg_pool2d(maps, *arguments, **keywords)

    monkeypatch.setattr("stx.stats.windows.avg_pool2d", pooled)
    (term,) = (term for term in terms(composed(f"style_stat={file.stem}")) if "cooc" in term.name)
    maps = features(1, 6, 8, 9).to(memory_format=torch.channels_last).squeeze(0).requires_grad_()
    result = term.statistic(maps)
    term.distance(result, torch.zeros_like(result)).backward()
    assert seen
    for batch in seen:
        assert batch.is_contiguous(memory_format=torch.channels_last)
        assert batch.stride(0) == batch.numel()
    assert maps.grad is not None
    assert maps.grad.stride() == maps.stride()


def test_bad_parameters_are_mistakes_of_the_users() -> None:
    with pytest.raises(UserError, match="radius is -1"):
        stats.cooc_tensor(features(4, 6, 7), radius=-1, **TENSOR)  # type: ignore[arg-type]
    with pytest.raises(UserError, match="two channels"):
        stats.cooc_tensor(features(1, 6, 7), radius=1, **TENSOR)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "file", [file for group in ("style_stat", "content_stat") for file in sorted((CONF / group).glob("*.yaml"))],
    ids=lambda file: file.stem,
)  # fmt: skip
def test_every_statistic_of_the_config_is_finite_with_a_finite_gradient(file: Path) -> None:
    group = file.parent.name
    for term in terms(composed(f"{group}={file.stem}")):
        if f"{term.group}_stat" != group:
            continue
        statistic = term.fit(given(term, looked_at(term, 6, 8, 9, seed=3)))
        target = statistic(given(term, looked_at(term, 6, 8, 9, seed=3)))
        for factor in (1, 0, 1e4):
            maps = [(factor * each).requires_grad_() for each in looked_at(term, 6, 8, 9)]
            result = statistic(given(term, maps))
            distance_to(term, target, result).backward()
            assert torch.isfinite(result).all()
            for each in maps:
                assert each.grad is not None
                assert math.isfinite(float(each.grad.abs().max()))


EXACT = [file for file in sorted((CONF / "style_stat").glob("*.yaml")) if file.stem != "cooc_vector_soft"]
"""Without the soft threshold, whose place and width are taken as given: test_cooccurrence.py has a loop for it."""


@pytest.mark.parametrize("file", EXACT, ids=lambda file: file.stem)
def test_every_gradient_is_that_of_finite_differences(file: Path) -> None:
    """Several are written by hand."""
    for term in terms(composed(f"style_stat={file.stem}")):
        if term.group == "style":
            statistic = term.fit(given(term, looked_at(term, 3, 5, 4, seed=3)))
            target = statistic(given(term, looked_at(term, 3, 5, 4, seed=3)))
            maps = looked_at(term, 3, 5, 4, seed=1)
            for each in maps:  # where a sort has one order
                each += torch.linspace(0.01, 0.05, each.numel(), dtype=torch.float64).view_as(each)
                each.requires_grad_()
            ours = statistic(given(term, maps)).detach().requires_grad_()
            along = ours.numel() > 300  # some directions: with 64 times 20 values one by one this takes a minute
            assert torch.autograd.gradcheck(partial(values_of, term, statistic), maps, fast_mode=along)
            assert torch.autograd.gradcheck(partial(distance_to, term, target), ours, fast_mode=along)


@pytest.mark.parametrize("file", sorted((CONF / "style_stat").glob("*.yaml")), ids=lambda file: file.stem)
def test_every_gradient_lies_as_the_features_do(file: Path) -> None:
    """Channels last; one that does not costs copies in each step, there and wherever it is added."""
    for term in terms(composed(f"style_stat={file.stem}")):
        if term.group == "style":
            maps = [each.float()[None].to(memory_format=torch.channels_last)[0] for each in looked_at(term, 6, 8, 9)]
            statistic = term.fit(given(term, [each.clone() for each in maps]))
            for each in maps:
                each.requires_grad_()
            values = statistic(given(term, maps))
            distance_to(term, torch.zeros_like(values), values).backward()
            for each in maps:
                assert each.grad is not None
                assert each.grad[None].is_contiguous(memory_format=torch.channels_last)


def test_no_entry_of_the_cooccurrence_tensor_has_a_gradient_on_its_own_channel() -> None:
    """Why its losses hardly fall alone: whether a channel counts is decided by the mask, which passes no gradient."""
    maps = features(4, 6, 5)
    jacobian = torch.autograd.functional.jacobian(
        lambda maps: stats.cooc_vector(maps, radius=1, **TENSOR), maps
    ).flatten(2)
    own = jacobian.diagonal().T
    assert own.abs().max() < 1e-12
    assert jacobian.abs().sum() > 0.1
    gram = torch.autograd.functional.jacobian(lambda maps: stats.gram(maps).diagonal(), maps).flatten(2)
    assert gram.diagonal().abs().max() > 0.01


def test_a_window_larger_than_the_picture_is_the_published_one(tmp_path: Path) -> None:
    maps = features(4, 5, 3)
    ours = stats.cooc_tensor(maps, radius=9, threshold=0.2, window="mean", normalise=False)
    torch.testing.assert_close(ours, published_cooc(maps, 9, 0.2, "mean"))


@pytest.mark.parametrize("window", ["mean", "sum"])
def test_a_filter_of_ones_in_a_file_is_the_form_without_a_file(window: str, tmp_path: Path) -> None:
    maps = features(4, 6, 7)
    ones = torch.ones(4, 4, 3, 3, dtype=torch.float64)
    ones[range(4), range(4)] = 0
    torch.save(ones, tmp_path / "ones.pt")
    options = {"radius": 1, "threshold": "mean", "window": window, "normalise": False}
    ours = stats.cooc_tensor(maps, **options, filter=str(tmp_path / "ones.pt"))  # type: ignore[arg-type]
    torch.testing.assert_close(ours, stats.cooc_tensor(maps, **options))  # type: ignore[arg-type]


def test_a_trained_filter_is_convolved_as_published(tmp_path: Path) -> None:
    maps = features(4, 6, 7)
    trained = torch.randn(4, 4, 5, 5, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    torch.save(trained, tmp_path / "trained.pt")
    ours = stats.cooc_tensor(maps, radius=9, **{**TENSOR, "window": "sum"}, filter=str(tmp_path / "trained.pt"))  # type: ignore[arg-type]
    mask = (maps > maps.mean()).double()
    torch.testing.assert_close(ours, conv2d((maps * mask)[None], trained, padding=2)[0] / 3 * mask)


def test_a_file_without_a_filter_is_a_mistake(tmp_path: Path) -> None:
    (tmp_path / "text.pt").write_text("no")
    torch.save([1], tmp_path / "list.pt")
    torch.save(torch.ones(4, 4, 2, 2), tmp_path / "even.pt")
    torch.save(torch.ones(3, 3, 3, 3), tmp_path / "three.pt")
    for name, answer in (
        ("nowhere.pt", "no tensor can be read"),
        ("text.pt", "no tensor can be read"),
        ("list.pt", "holds a list"),
        ("even.pt", "odd k"),
        ("three.pt", "is for 3 channels and this layer has 4"),
    ):
        with pytest.raises(UserError, match=answer):
            stats.cooc_tensor(features(4, 6, 7), radius=1, **TENSOR, filter=str(tmp_path / name))  # type: ignore[arg-type]


def test_an_activation_at_the_threshold_does_not_take_part() -> None:
    maps = torch.tensor([[[0.5, 0.6]], [[0.6, 0.6]]], dtype=torch.float64)
    tensor = stats.cooc_tensor(maps, radius=0, threshold=0.5, window="mean", normalise=False)
    assert tensor.tolist() == [[[0.0, 0.6]], [[0.0, 0.6]]]
    below = stats.cooc_tensor(-maps, radius=0, threshold=-0.55, window="mean", normalise=False)
    assert below.tolist() == [[[0.0, 0.0]], [[0.0, 0.0]]]


@pytest.mark.parametrize("threshold", [float("nan"), float("inf"), float("-inf")])
def test_a_threshold_that_is_not_finite_is_a_mistake_in_every_form(threshold: float) -> None:
    options = {"radius": 1, "threshold": threshold, "window": "mean", "normalise": False}
    for form in (stats.cooc_tensor, stats.cooc_matrix, stats.cooc_vector, stats.gram_cooc_matrix):
        with pytest.raises(UserError, match="threshold is"):
            form(features(4, 6, 7), **options)  # type: ignore[arg-type]


def test_a_filter_written_anew_is_read_anew(tmp_path: Path) -> None:
    file, maps = tmp_path / "filter.pt", features(3, 4, 5)
    measured = []
    for second, side in enumerate((1, 3)):
        torch.save(torch.ones(3, 3, side, side, dtype=torch.float64), file)
        os.utime(file, (second, second))
        measured.append(stats.cooc_tensor(maps, radius=0, **TENSOR, filter=str(file)))  # type: ignore[arg-type]
    assert not torch.equal(*measured)


@pytest.mark.parametrize("shape", [(4, 4, 3, 1), (4, 4, 1, 3), (4, 4, 3), (4, 3, 3, 3), (3, 4, 3, 3), (4, 4, 4, 4)])
def test_a_filter_of_another_shape_is_a_mistake(shape: tuple[int, ...], tmp_path: Path) -> None:
    torch.save(torch.ones(shape), tmp_path / "filter.pt")
    with pytest.raises(UserError, match=r"odd k|channels"):
        stats.cooc_tensor(features(4, 6, 7), radius=1, **TENSOR, filter=str(tmp_path / "filter.pt"))  # type: ignore[arg-type]


def test_a_folder_in_place_of_a_filter_is_a_mistake_that_says_why(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"Is a directory|Permission denied"):
        stats.cooc_tensor(features(4, 6, 7), radius=1, **TENSOR, filter=str(tmp_path))  # type: ignore[arg-type]
