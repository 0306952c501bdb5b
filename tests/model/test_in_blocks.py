"""Losses and gradients of a picture block by block are those of the whole, for every statistic that can be divided."""

import pytest
import torch

from stx.config.compose import composition
from stx.config.schema import CONF, Config
from stx.loop.evaluate import eager
from stx.model.blocks import indivisible
from stx.model.calibration import gradient_norms
from stx.model.in_blocks import InBlocks
from stx.model.losses import LossNetwork
from stx.model.prepare import Inputs, loss_network, prepare

LAYERS = ["loss_weights.style_layers=[conv1_1,conv2_1]", "loss_weights.content_layers=[conv2_2]"]
"""Whose margin is small beside a small picture."""
SMALL = ["model=vgg19_random", "image_size.width=118", "image_size.height=101", "precision=fp32", "device=cpu"]
STATISTICS = sorted(path.stem for path in (CONF / "style_stat").glob("*.yaml"))
WHOLE_ONLY = {
    "channel_histograms",
    "cooc_matrix",
    "cooc_tensor",
    "gram_cooc_matrix",
    "moments_cooc_nearest",
    "nearest_neighbour",
    "relaxed_emd",
    "sliced_wasserstein",
    "sliced_wasserstein_fresh",
}
"""Statistics that keep places, or sort, or match: no sum over positions."""


def prepared(*overrides: str) -> tuple[Config, Inputs]:
    config = composition([*SMALL, *overrides]).config
    return config, prepare(config)


def both(config: Config, inputs: Inputs, side: int) -> tuple[LossNetwork, InBlocks]:
    whole = loss_network(config, inputs)
    blockwise = loss_network(config, inputs._replace(budget=inputs.budget._replace(side=side)), whole.scales)
    assert isinstance(blockwise, InBlocks)
    assert any(block.of(inputs.initial).shape < inputs.initial.shape for block in blockwise.cut(inputs.initial))
    return whole, blockwise


def noisy(inputs: Inputs) -> torch.Tensor:
    generator = torch.Generator().manual_seed(1)
    return (inputs.content + 0.1 * torch.randn(inputs.content.shape, generator=generator)).clamp(0, 1)


def assert_same(whole: LossNetwork, blockwise: InBlocks, image: torch.Tensor, within: float = 1e-3) -> None:
    values, gradients = [], []
    for network in (whole, blockwise):
        leaf = image.clone().requires_grad_()
        evaluation = eager(network, leaf)()
        values.append(dict(zip(evaluation.names, evaluation.values.tolist(), strict=True)))
        assert leaf.grad is not None
        gradients.append(leaf.grad)
    assert values[0].keys() == values[1].keys()
    for name, value in values[0].items():
        assert values[1][name] == pytest.approx(value, rel=2e-4, abs=1e-12), name
    error = torch.linalg.vector_norm(gradients[1] - gradients[0]) / torch.linalg.vector_norm(gradients[0])
    assert float(error) < within


@pytest.mark.parametrize("statistic", [name for name in STATISTICS if name not in WHOLE_ONLY])
def test_losses_and_gradient_are_those_of_the_whole(statistic: str) -> None:
    config, inputs = prepared(f"style_stat={statistic}", "style=hubble", *LAYERS)
    whole, blockwise = both(config, inputs, 32)
    # Channels that are next to alike: the root of their small difference is rounded, in the whole as in blocks.
    assert_same(whole, blockwise, noisy(inputs), within=3e-3 if statistic == "deep_dc" else 1e-3)


@pytest.mark.parametrize(
    "overrides",
    [
        ["style_stat=cooc_gram", "style_stat.radius=[0,2]", "style_stat.centred=true", "+style_stat.softness=0.3"],
        ["style_stat=cooc_gram", "style_stat.threshold=0.5"],
        ["style_stat=cooc_vector", "style_stat.normalise=true"],
        ["style_stat=gram_cooc_vector", "style_stat.window=sum", "style_stat.threshold=none"],
        ["style_stat=correlation", "style_stat.radius=1"],
        ["style_stat=mean_std", "loss_weights.factor=thesis", "loss_weights.calibrate=none"],
        ["style_stat=moments_cooc", "style=[hubble,swirls]", "style_blend=targets"],
        ["style_stat=gram", "style=[hubble,swirls]", "style_blend=losses", "style_mix=[2,1]"],
        ["style_stat=gram", "content_stat=features_mean", "prior=none"],
        ["style_stat=gram", "pooling=avg", "padding=reflect"],
        ["style_stat=gram", "pooling=l2", "padding=replicate_first"],
        ["style_stat=gram", "image_size.width=96", "image_size.height=160"],
        ["style_stat=gram", "activation_checkpointing=true"],
        ["style_stat=cross_layer_gram", "loss_weights.factor=thesis", "loss_weights.calibrate=none"],
        ["style_stat=cross_layer_gram", "loss_weights.style_layers=[conv1_1,conv3_1]"],
        ["style_stat=gram_moments", "style=[hubble,swirls]", "+style_stat.terms.mean_std.layers=[picture]"],
    ],
    ids=" ".join,
)
def test_settings_change_nothing_of_that(overrides: list[str]) -> None:
    config, inputs = prepared("style=hubble", *LAYERS, *overrides)
    whole, blockwise = both(config, inputs, 32)
    assert_same(whole, blockwise, noisy(inputs))


@pytest.mark.parametrize("statistic", ["gram", "moments_cooc"])
def test_so_it_is_without_a_photograph(statistic: str) -> None:
    config, inputs = prepared("content=null", "style=hubble", f"style_stat={statistic}", LAYERS[0])
    whole, blockwise = both(config, inputs, 32)
    assert_same(whole, blockwise, inputs.initial)


def test_the_joint_statistic_agrees_where_the_layers_have_no_common_grid_but_by_pairs() -> None:
    config, inputs = prepared("style_stat=cross_layer_gram", "image_size.width=119", "image_size.height=103", *LAYERS)
    assert_same(*both(config, inputs, 32), noisy(inputs))


@pytest.mark.slow
@pytest.mark.parametrize("statistic", ["gram", "moments_cooc"])
def test_the_deepest_layers_see_no_block_either(statistic: str) -> None:
    config, inputs = prepared(f"style_stat={statistic}", "model=vgg19", "image_size.width=350", "image_size.height=330")
    assert_same(*both(config, inputs, 64), noisy(inputs))


def test_gradients_one_by_one_are_those_of_the_whole() -> None:
    config, inputs = prepared("style_stat=moments_covariance", "content_stat=self_similarity")
    assert indivisible(inputs.terms) == ["self_similarity"]
    config, inputs = prepared("style_stat=moments_covariance", *LAYERS)
    whole, blockwise = both(config, inputs, 32)
    ours, expected = (gradient_norms(network, noisy(inputs)) for network in (blockwise, whole))
    assert [*ours] == [*expected]
    for name, norm in expected.items():
        assert float(ours[name]) == pytest.approx(float(norm), rel=1e-3), name


def test_calibration_finds_the_same_scales() -> None:
    config, inputs = prepared("style_stat=gram_moments", *LAYERS)
    whole = loss_network(config, inputs)
    blockwise = loss_network(config, inputs._replace(budget=inputs.budget._replace(side=32)))
    assert isinstance(blockwise, InBlocks)
    assert blockwise.scales == pytest.approx(whole.scales, rel=1e-3)


@pytest.mark.parametrize(
    "distance",
    ["{_target_:torch.nn.functional.mse_loss,reduction:sum}", "{_target_:stx.stats.means_apart}"],
)
def test_a_distance_that_does_not_say_how_it_adds_up_needs_the_whole(distance: str) -> None:
    _, inputs = prepared("content_stat=features_mean", f"+content_stat.distance={distance}", *LAYERS)
    assert indivisible(inputs.terms) == ["features"]


@pytest.mark.parametrize("more", [(), ("activation_checkpointing=true",)])
def test_gradients_one_by_one_may_have_graphs_of_their_own(more: tuple[str, ...]) -> None:
    config, inputs = prepared("style_stat=gram_moments", *LAYERS, *more)
    whole, blockwise = both(config, inputs, 32)
    ours, expected = (gradient_norms(network, noisy(inputs)) for network in (blockwise, whole))
    assert {name: float(norm) for name, norm in ours.items()} == pytest.approx(
        {name: float(norm) for name, norm in expected.items()}, rel=1e-3
    )


def test_statistics_that_need_the_whole_are_named() -> None:
    for statistic in STATISTICS:
        _, inputs = prepared(f"style_stat={statistic}", "style_size=same")
        assert bool(indivisible(inputs.terms)) == (statistic in WHOLE_ONLY), statistic


def test_a_smaller_level_goes_in_one_piece() -> None:
    config, inputs = prepared("style_stat=gram", *LAYERS)
    inputs = inputs._replace(budget=inputs.budget._replace(side=96))
    assert not isinstance(loss_network(config, inputs), InBlocks)
