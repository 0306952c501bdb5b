"""Terms as data, which move and refuse as one."""

import pytest
import torch
from torch import Tensor

from stx import stats
from stx.config.compose import composition
from stx.errors import UserError
from stx.model.asked import terms
from stx.model.losses import LossNetwork
from stx.model.terms import PICTURE, Term, mean_square
from stx.model.trials import position_free, tried
from stx.model.vgg import VGG19


def of(*overrides: str) -> dict[tuple[str, str], Term]:
    return {(term.group, term.name): term for term in terms(composition(list(overrides)).config)}


def test_only_statistics_of_positions_are_not_free_of_them() -> None:
    assert position_free(tuple(of("style_stat=gram").values()))
    assert not position_free(tuple(of("style_stat=cooc_tensor").values()))
    ordered = Term("style", "it", lambda maps: maps.flatten(1).sort(1).values, {"conv1_1": 1}, toward="style")
    assert not position_free([ordered])  # as many values as there are positions, whatever their shape
    with pytest.raises(UserError, match="compares position by position"):
        tried([ordered], same_shape=False)


@pytest.mark.parametrize(
    ("term", "message"),
    [
        (
            Term("style", "it", lambda maps: 3, {"conv1_1": 1}, toward="style"),
            r"_stat \(it\): it must return a tensor, not int",
        ),
        (
            Term("style", "it", lambda maps: maps if maps.shape[1] == 8 else 3, {"conv1_1": 1}, toward="style"),
            r"_stat \(it\): it must return a tensor, not int",
        ),
        (
            Term("style", "it", lambda maps: (maps.mean(), maps.std()), {"conv1_1": 1}, toward="style"),
            r"_stat \(it\): it must return a tensor, not tuple",
        ),
        (Term("prior", "it", lambda picture: picture, {PICTURE: 1}), "prior: it must be one number"),
        (
            Term("style", "it", lambda maps: maps.detach().mean((1, 2)), {"conv1_1": 1}, toward="style"),
            "no gradient goes through it to the features",
        ),
        (
            Term("style", "it", lambda: torch.zeros(1), {"conv1_1": 1}, toward="style"),
            "its function takes no argument; the first one is the features of a layer",
        ),
        (Term("content", "it", stats.features, {"conv1_1": 1}, toward="content", distance=torch.sub), "one number"),
        (Term("style", "it", stats.features, {"conv1_1": 1}, toward="style"), "use style_size=same"),
    ],
)
def test_a_term_that_cannot_be_is_a_mistake(term: Term, message: str) -> None:
    with pytest.raises(UserError, match=message):
        tried([term], same_shape=False)


def test_all_of_a_network_moves_with_it(small_vgg: VGG19) -> None:
    """Targets, scales and references, seen on a type that is not float32."""

    def centred(maps: Tensor, *, reference: tuple[Tensor, Tensor]) -> Tensor:
        return maps.mean((1, 2)) - reference[0] + reference[1]

    def reference(maps: Tensor) -> tuple[Tensor, Tensor]:
        return maps.mean((1, 2)), maps.amax((1, 2))

    pictures = {"style": torch.rand(3, 16, 20), "content": torch.rand(3, 16, 20)}
    term = Term("style", "it", centred, {"conv1_1": 1}, toward="style", reference=reference)
    network = LossNetwork(small_vgg, pictures, [term])
    (part,) = network.every_part
    network.parts.double()
    assert part.target is not None
    assert part.target.dtype == part.scale.dtype == torch.float64
    assert part.statistic(torch.rand(64, 4, 5).double()).dtype == torch.float64
    assert mean_square(part.target, part.target) == 0


def test_a_term_that_says_nothing_else_is_a_mean_square_at_its_own_strength() -> None:
    term = Term("style", "it", stats.gram, {"conv1_1": 1}, toward="style")
    assert float(term.distance(torch.tensor([3.0, 1.0]), torch.tensor([1.0, 0.0]))) == 2.5
    assert (term.weight, term.factor(torch.zeros(2), torch.zeros(1, 2, 2))) == (1, 1)


def test_a_term_is_tried_on_maps_with_room_for_it_in_both_orientations() -> None:
    def windows(maps: Tensor) -> Tensor:
        return maps.unfold(1, 5, 1).unfold(2, 5, 1)

    def prior(picture: Tensor) -> Tensor:
        return (picture * torch.ones(3, 1, 1)).sum()

    largest = Term("style", "it", lambda maps: windows(maps).amax((1, 2, 3, 4)), {"conv1_1": 1}, toward="style")
    each = largest._replace(statistic=lambda maps: windows(maps).amax((3, 4)))
    broken = largest._replace(statistic=lambda maps: maps.amax(9))
    tried([largest, Term("prior", "it", prior, {PICTURE: 1})], same_shape=False)
    tried([each], same_shape=True)
    assert [position_free([term]) for term in (largest, each, broken)] == [True, False, True]
    assert not position_free([largest, each])
