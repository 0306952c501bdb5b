"""The expected memory against what PyTorch's allocator counts."""

import math
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.profiler import ProfilerActivity, profile

from stx.config.compose import composition
from stx.config.layers import LAYERS
from stx.config.schema import Config
from stx.errors import UserError
from stx.model import calibration, memory
from stx.model.asked import terms
from stx.model.in_blocks import InBlocks
from stx.model.losses import LossNetwork
from stx.model.padding import CIRCULAR
from stx.model.prepare import loss_network, prepare
from stx.model.terms import PICTURE, Term


def config(*overrides: str) -> Config:
    size = ("image_size.width=224", "image_size.height=168")
    return composition([*size, "precision=fp32", *overrides]).config


def peak(network: LossNetwork, call: Any) -> int:
    """Bytes allocated at the worst moment of a call, over those at its start."""
    call()  # oneDNN keeps what it reorders the weights into
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as profiled:
        call()
    results = profiled.profiler.kineto_results.events()
    now = worst = 0
    for event in sorted((event for event in results if event.name() == "[memory]"), key=lambda event: event.start_ns()):
        now += event.nbytes()
        worst = max(worst, now)
    return worst


CHECKPOINTED = ["activation_checkpointing=true"]
TILED = ["content=null", "tile=true", "image_size.height=176"]
POOLED = ["style_stat=cooc_gram", "pooling=avg", "padding=reflect"]
# A quarter of the sides: processors without fast bfloat16 take minutes over more.
QUARTER = [
    "precision=bf16",
    "loss_weights.style_layers=[conv1_2,conv3_4]",
    "image_size.width=80",
    "image_size.height=60",
]
SELDOM = [
    (QUARTER, True),
    (CHECKPOINTED, True), (POOLED, False), ([], False), ([], True),
    (["style_stat=mmd_gaussian"], False), (["style_stat=mmd_gaussian"], True), (TILED, False), (TILED, True),
    (["style_stat=cross_layer_gram"], False), (["content_stat=self_similarity"], False),
    (["style_stat=relaxed_emd", "style_stat.terms.relaxed_emd.reference.most=256"], False),
]  # fmt: skip


@pytest.mark.parametrize(
    ("overrides", "calibrated"),
    [
        (CHECKPOINTED, False),
        (POOLED, True),
        (QUARTER, False),
        *(pytest.param(*case, marks=pytest.mark.slow) for case in SELDOM),
    ],
)
def test_a_step_and_the_calibration_take_what_was_said(overrides: list[str], calibrated: bool) -> None:
    asked = config(*overrides, "loss_weights.calibrate=none")
    inputs = prepare(asked)
    network = loss_network(asked, inputs)
    image = inputs.initial.clone().requires_grad_()

    def step() -> None:
        image.grad = None
        network(image).total.backward()

    def calibrate() -> None:
        calibration.calibrate(network, inputs.initial, torch.Generator().manual_seed(0))

    expected = memory.of_a_step(
        list(LAYERS),
        inputs.terms,
        pooling=asked.pooling.name,
        padding=CIRCULAR if asked.tile else asked.given_padding,
        itemsize=inputs.hardware.dtype.itemsize,
        checkpointing=asked.activation_checkpointing,
        calibrated=calibrated,
        pixels=inputs.initial[0].numel(),
    )
    pictures = 12 * 5  # normalised and turned ones, and the gradient
    taken = peak(network, calibrate if calibrated else step) / inputs.initial[0].numel()
    most = 1.4 if overrides is QUARTER else 1.3  # where bfloat16 is fast, its kernels' own space tells at that size
    assert 0.7 < taken / (expected + pictures) < most


BLOCKS = [
    ["style_stat=gram"],
    ["style_stat=moments_cooc"],
    ["style_stat=moments_cooc", "activation_checkpointing=true"],
    ["style_stat=shift_gram"],
]  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize(
    ("overrides", "calibrated"),
    [
        (BLOCKS[1], False),
        (BLOCKS[0], True),
        *(pytest.param(each, once, marks=pytest.mark.slow) for each in BLOCKS for once in (False, True)),
    ],
)
def test_a_block_takes_what_was_said(overrides: list[str], calibrated: bool) -> None:
    asked = config(*overrides, "loss_weights.calibrate=none", "image_size.width=448", "image_size.height=96")
    inputs = prepare(asked)
    inputs = inputs._replace(budget=inputs.budget._replace(side=96))
    network = loss_network(asked, inputs)
    assert isinstance(network, InBlocks)
    image = inputs.initial.clone().requires_grad_()
    image.grad = torch.zeros_like(image)

    def calibrate() -> None:
        calibration.calibrate(network, inputs.initial, torch.Generator().manual_seed(0))

    largest = max(math.prod(block.of(image).shape[1:]) for block in network.cut(image))
    expected = largest * memory.of_a_step(
        list(LAYERS),
        inputs.terms,
        pooling=asked.pooling.name,
        padding=asked.given_padding,
        itemsize=inputs.hardware.dtype.itemsize,
        checkpointing=asked.activation_checkpointing,
        calibrated=calibrated,
        pixels=largest,
        divided=True,
    )
    whole = image[0].numel()
    expected += whole * memory.by_the_picture(inputs.terms, whole)
    pulls = 1 + sum(part.term.group != "content" for part in network.every_part)
    pictures = 12 * whole * (3 + (pulls if calibrated else 0))
    taken = peak(network, calibrate if calibrated else lambda: network.backward(image))
    assert 0.5 < taken / (expected + pictures) < 1.3


def mean(maps: Tensor) -> Tensor:
    """Keeps nothing for its gradient."""
    return maps.mean()


def exponential(maps: Tensor) -> Tensor:
    """Keeps its result, as large as the maps."""
    return maps.exp().mean()


def eightfold(maps: Tensor) -> Tensor:
    """Keeps eight results, each as large as the maps."""
    return maps.expand(8, *maps.shape).exp().mean()


ONE, TWO = ["conv1_1"], ["conv1_1", "conv1_2", "conv2_1"]
# By hand, in numbers a pixel: 64 channels at its size, then 16 behind the pooling and 32 of the second block. What is
# kept, then the maps before and after the stage, whose gradients meet there: a last ReLU's, a pooling's, or a first's.
BY_HAND = [
    (ONE, mean, {}, 4 * (64 + 64 + 64)),
    (ONE, mean, {"itemsize": 2}, 2 * (64 + 64 + 64) + 8 * 64),  # and the features in float32 with their gradient
    (ONE, exponential, {}, 4 * (64 + 64 + 64) + 2 * 4 * 64),  # the statistic's, once kept and once on the way
    (TWO, mean, {}, 4 * (64 + 16) + 8 * 16 + 4 * (32 + 32 + 32)),  # places of maxima in eight bytes
    (TWO, mean, {"calibrated": True}, 4 * (64 + 16) + 8 * 16 + 4 * 32 + 4 * (64 + 64)),
    (TWO, mean, {"checkpointing": True}, 4 * (64 + 64 + 64)),
    (TWO, mean, {"checkpointing": True, "calibrated": True}, 4 * (64 + 64 + 64)),
    (TWO, mean, {"pooling": "avg"}, 4 * (64 + 64) + 4 * (64 + 64)),  # behind a ReLU that comes before it
    # The first block keeps what its pooling gives, alone.
    (TWO, eightfold, {"checkpointing": True, "pooling": "avg"}, 4 * 16 + 4 * (32 + 32 + 32) + 2 * 8 * 4 * 32),
    (TWO, mean, {"padding": "reflect"}, 4 * 64 + 4 * (64 + 64 + 64)),  # conv1_2's, and the copy beyond the edges
    (TWO, mean, {"padding": "circular"}, 4 * 64 + 4 * (64 + 64 + 64)),
    (TWO, mean, {"padding": "reflect_first"}, 4 * (64 + 16) + 8 * 16 + 4 * (32 + 32 + 32)),  # a copy of the picture
    (TWO, mean, {"pooling": "l2"}, 4 * (64 + 64 + 64 + 16) + 4 * (32 + 32 + 32)),  # and the squares
]


@pytest.mark.parametrize(("names", "statistic", "changes", "expected"), BY_HAND)
def test_a_step_of_a_small_network_takes_what_it_does_by_hand(
    names: list[str], statistic: Callable[[Tensor], Tensor], changes: dict[str, Any], expected: float
) -> None:
    settings = {
        "pooling": "max",
        "padding": "zeros",
        "itemsize": 4,
        "checkpointing": False,
        "calibrated": False,
        "pixels": 10**9,
    } | changes
    term = Term("style", "it", statistic, {names[-1]: 1.0})
    assert memory.of_a_step(names, [term], **settings) == pytest.approx(expected)
    of_the_picture = Term("prior", "it", exponential, {PICTURE: 1.0})
    assert memory.of_a_step(names, [term, of_the_picture], **settings) == pytest.approx(expected + 3 * 4)


def test_what_a_statistic_keeps_is_found_out() -> None:
    for statistic, layer, expected in (
        (lambda maps: maps.mean(), "conv1_1", 0),
        (lambda maps: maps.square().mean(), "conv1_1", 0),
        (lambda maps: maps.exp().mean(), "conv1_1", 4),
        (lambda maps: maps.exp().exp().mean(), "conv3_1", 8),
        (lambda picture: (picture * torch.ones(3, 1, 1)).exp().mean(), PICTURE, 4),
    ):
        numbers = memory.numbers_at(layer)
        kept = memory.kept_by(Term("style", "it", statistic, {layer: 1.0}), (layer,), 10**9)
        assert kept / numbers == pytest.approx(expected, abs=1e-6)


def test_a_statistic_that_looks_at_so_many_places_at_most_is_not_taken_to_grow_for_ever() -> None:
    """A matrix of pairs of at most 768 means: some megabytes, however large the picture."""
    (term,) = (each for each in terms(config("content_stat=self_similarity")) if each.group == "content")
    kept = [memory.kept_by(term, ("conv3_1",), pixels) * pixels for pixels in (512**2, 4096**2)]
    assert kept[1] < 20 * 4 * 768**2
    assert kept[1] < 3 * kept[0]


def test_the_style_turned_is_four_times_the_style() -> None:
    def needed(*overrides: str) -> float:
        asked = terms(config("style_stat=nearest_neighbour", *overrides))
        return memory.of_a_step(
            list(LAYERS),
            asked,
            pooling="max",
            padding="zeros",
            itemsize=4,
            checkpointing=False,
            calibrated=False,
            pixels=10**6,
        )

    features = 4 * (memory.numbers_at("conv3_1") + memory.numbers_at("conv4_1"))
    assert needed("style_stat.rotations=true") - needed() == pytest.approx(3 * features)


def test_what_a_distance_keeps_of_ours_counts_too() -> None:
    def distance(ours: Tensor, target: Tensor) -> Tensor:
        return (ours.exp() - target).mean()

    term = Term("style", "it", lambda maps: maps * 1, {"conv1_1": 1.0}, toward="style", distance=distance)
    assert memory.kept_by(term, ("conv1_1",), 10**9) / 64 == pytest.approx(4)


def test_the_measures_at_the_end_hold_two_maps_of_the_first_block_and_less_than_two_more() -> None:
    assert 2 * 4 * 64 < memory.JUDGE < 4 * 4 * 64


def test_what_cannot_fit_is_refused_with_what_would(monkeypatch: pytest.MonkeyPatch) -> None:
    whole, saving = config("blocks=null"), config("blocks=null", "activation_checkpointing=true")
    plain, checkpointed = prepare(whole).memory, prepare(saving).memory
    monkeypatch.setattr(memory, "available", lambda device: (plain + checkpointed) / 2)
    with pytest.raises(UserError, match="activation_checkpointing=true takes"):
        prepare(whole)
    prepare(saving)
    monkeypatch.setattr(memory, "available", lambda device: 1e8)
    with pytest.raises(UserError, match=r"GB; take a smaller image_size$"):
        prepare(saving)


def test_terms_that_keep_the_same_are_tried_once_and_others_by_themselves(monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[Term] = []
    kept_of = memory.kept_of

    def counted(term: Term, *further: Any) -> int:
        tried.append(term)
        return kept_of(term, *further)

    monkeypatch.setattr(memory, "TRIED", {})
    monkeypatch.setattr(memory, "kept_of", counted)

    def kept(*typed: str) -> list[float]:
        own = terms(composition(typed).config)
        return [memory.kept_by(term, place, 10_000) for term in own for place in term.places]

    first = kept("style_stat=gram")
    times = len(tried)
    assert kept("style_stat=gram", "loss_weights.beta=7", "seed=3") == first
    assert len(tried) == times
    kept("style_stat=cooc_gram", "style_stat.radius=1")
    again = len(tried)
    kept("style_stat=cooc_gram", "style_stat.radius=4")
    assert len(tried) > again > times
