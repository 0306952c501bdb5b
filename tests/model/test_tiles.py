"""A tile begins nowhere: rolled, it has the same losses and the rolled gradient, whatever is matched."""

from pathlib import Path

import pytest
import torch
from PIL import Image
from torch import Tensor
from torch.nn.functional import conv2d

from stx.config.compose import composition
from stx.config.schema import CONF, Config
from stx.errors import UserError
from stx.model.losses import LossNetwork
from stx.model.prepare import loss_network, prepare
from stx.model.trials import edged
from stx.stats.cooccurrence import mean_of_others
from stx.stats.trained_filter import trained

STATISTICS = sorted(file.stem for file in (CONF / "style_stat").glob("*.yaml"))
PLACES = {"cooc_tensor", "cooc_matrix", "gram_cooc_matrix"}
"""They compare what is where."""
DRAWN = {"relaxed_emd"}
"""It looks at places that are drawn, of which a rolled picture shows others; tests/stats/test_hypercolumns.py rolls
them too."""
PRIORS = ("total_variation", "anisotropic_variation", "nine_point_variation")
SMALL = ("model=vgg19_random", "content=null", "style=swirls", "image_size.width=64", "image_size.height=48",
         "precision=fp32", "device=cpu")  # fmt: skip


def config(*overrides: str) -> Config:
    return composition([*SMALL, *overrides]).config


def network_of(*overrides: str) -> LossNetwork:
    asked = config(*overrides)
    return loss_network(asked, prepare(asked))


def losses(network: LossNetwork, picture: Tensor) -> tuple[dict[str, float], Tensor]:
    image = picture.clone().requires_grad_()
    network.renew(1, image, every=True)
    of_image = network(image)
    of_image.total.backward()
    assert image.grad is not None
    values = {part.key: float(loss.detach()) for part, loss in of_image.distances.items()}
    return {"total": float(of_image.total.detach()), **values}, image.grad


def noise(width: int = 64, height: int = 48) -> Tensor:
    return torch.rand(3, height, width, generator=torch.Generator().manual_seed(7))


def apart(network: LossNetwork) -> tuple[float, float]:
    """Relative differences of the losses and of the gradient between a picture and the same one rolled."""
    picture = noise()
    (here, gradient), (there, rolled) = (losses(network, each) for each in (picture, picture.roll((16, 32), (1, 2))))
    values = max(abs(there[name] - value) / max(abs(value), 1e-20) for name, value in here.items())
    return values, float((rolled - gradient.roll((16, 32), (1, 2))).norm() / gradient.norm())


@pytest.mark.parametrize("statistic", [name for name in STATISTICS if name not in PLACES | DRAWN])
def test_a_rolled_tile_has_the_same_losses_and_the_rolled_gradient(statistic: str) -> None:
    values, gradient = apart(network_of("tile=true", f"style_stat={statistic}"))
    assert values < 2e-4
    assert gradient < 5e-3  # of quantiles that is, whose order is rounded


@pytest.mark.parametrize("prior", PRIORS)
@pytest.mark.parametrize("pooling", ["avg", "l2"])
def test_so_it_is_with_every_prior_and_pooling(prior: str, pooling: str) -> None:
    values, gradient = apart(network_of("tile=true", f"prior={prior}", f"pooling={pooling}", "style_stat=mean_std"))
    assert values < 2e-4
    assert gradient < 2e-3


def test_a_picture_that_is_no_tile_has_others() -> None:
    """Or the tests above would pass with anything."""
    values, gradient = apart(network_of("style_stat=mean_std"))
    assert values > 1e-2
    assert gradient > 1e-1


@pytest.mark.parametrize("statistic", STATISTICS)
def test_which_statistics_see_where_a_tile_begins_is_known_beforehand(statistic: str) -> None:
    inputs = prepare(config("tile=true", f"style_stat={statistic}"))
    assert bool(edged(inputs.terms)) == (statistic in PLACES)


def test_beside_a_photograph_the_style_is_matched_by_a_tile() -> None:
    """With a photograph, whose own features end at its edges as ever, the style's losses are a tile's too."""
    network = network_of("tile=true", "content=china", "style_stat=gram")
    (here, _), (there, _) = (losses(network, each) for each in (noise(), noise().roll((16, 32), (1, 2))))
    assert there["conv5_1"] == pytest.approx(here["conv5_1"], rel=2e-4)
    (photograph,) = (name for name in here if name.startswith("content"))
    assert there[photograph] != pytest.approx(here[photograph], rel=2e-4)  # which stays where it is


def test_what_a_style_picture_is_matched_by_does_not_wrap() -> None:
    plain, tile = (network_of("style_stat=gram", "padding=reflect", *more) for more in ((), ("tile=true",)))
    for ours, theirs in zip(plain.every_part, tile.every_part, strict=True):
        assert ours.target is None or torch.equal(ours.target, theirs.target)  # type: ignore[arg-type]


def test_checkpointing_wraps_too() -> None:
    stored, again = (
        losses(network_of("tile=true", "style_stat=gram", *more), noise())
        for more in ((), ("activation_checkpointing=true",))
    )
    assert again[0] == pytest.approx(stored[0], rel=1e-5)
    torch.testing.assert_close(again[1], stored[1], rtol=1e-4, atol=1e-6)


def test_a_trained_filter_wraps(tmp_path: Path) -> None:
    file = tmp_path / "filter.pt"
    torch.save(torch.rand(64, 64, 3, 3, generator=torch.Generator().manual_seed(0)), file)
    given = ("style_stat=cooc_tensor", f"style_stat.filter={file}", "loss_weights.style_layers=[conv1_1]")
    (part, *_) = network_of("tile=true", *given).every_part
    maps = torch.rand(64, 6, 8, generator=torch.Generator().manual_seed(1))
    rolled = part.ours(maps.roll((1, 3), (1, 2)))
    torch.testing.assert_close(rolled, part.ours(maps).roll((1, 3), (1, 2)))


def test_a_trained_filter_that_does_not_wrap_is_padded_by_the_convolution(tmp_path: Path) -> None:
    """Bit for bit, as ever: of maps that are padded beforehand, sums are in another order."""
    filters = torch.rand(64, 64, 3, 3, generator=torch.Generator().manual_seed(0))
    torch.save(filters, tmp_path / "filter.pt")
    maps = torch.rand(64, 16, 17, generator=torch.Generator().manual_seed(16))
    everywhere = torch.ones_like(maps)
    expected = conv2d(maps[None], trained(str(tmp_path / "filter.pt"), 64), padding=1)[0] / 9
    assert torch.equal(mean_of_others(maps, everywhere, 1, str(tmp_path / "filter.pt")), expected)


def test_a_photograph_with_holes_is_no_tile(tmp_path: Path) -> None:
    picture = Image.new("RGBA", (64, 48), (200, 30, 30, 255))
    picture.paste((0, 0, 0, 0), (0, 0, 20, 48))
    picture.save(tmp_path / "holes.png")
    with pytest.raises(UserError, match="transparent in places, which a tile cannot be"):
        prepare(config("tile=true", f"content={tmp_path / 'holes.png'}"))
    assert prepare(config("tile=true", f"style={tmp_path / 'holes.png'}")).guides  # of the style, what is there


def test_a_statistic_of_ones_own_that_ends_at_edges_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "edgy.py").write_text("def steps(maps):\n    return (maps[:, 1:] * maps[:, :-1]).mean((1, 2))\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("STX_TRUST", "edgy")
    asked = config("tile=true", "style_stat=gram", "style_stat._target_=edgy.steps", "~style_stat.distance")
    assert edged(prepare(asked).terms) == ["steps"]


@pytest.mark.parametrize(
    ("statistic", "names"),
    [("features", []), ("features_mean", []), ("laplacian", ["laplacian"]), ("self_similarity", [])],
)
def test_what_of_the_content_ends_at_edges_is_named_and_what_is_compared_place_by_place_is_not(
    statistic: str, names: list[str]
) -> None:
    asked = config("tile=true", "content=china", "style_stat=gram", f"content_stat={statistic}")
    assert edged(prepare(asked).terms) == names


def test_a_prior_of_ones_own_that_ends_at_edges_is_named() -> None:
    def steps(picture: Tensor) -> Tensor:
        return (picture[:, 1:] - picture[:, :-1]).square().mean()

    asked = prepare(config("tile=true", "style_stat=gram", "prior=total_variation")).terms
    own = [term._replace(name="steps", statistic=steps, wraps=False) if term.toward is None else term for term in asked]
    assert edged(asked) == []
    assert edged(own) == ["steps"]
