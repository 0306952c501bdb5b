"""The terms that a config asks for."""

import pytest
import torch

from stx.config.compose import composition
from stx.model.asked import terms
from stx.model.terms import PICTURE, Term, thesis_factor


def of(*overrides: str) -> dict[tuple[str, str], Term]:
    return {(term.group, term.name): term for term in terms(composition(list(overrides)).config)}


def test_the_default_is_features_two_statistics_and_total_variation() -> None:
    asked = of()
    assert list(asked) == [
        ("content", "features"), ("style", "mean_std"), ("style", "cooc_gram"), ("prior", "total_variation"),
    ]  # fmt: skip
    assert [term.weight for term in asked.values()] == [1, 10, 10, 0.1]
    assert dict(asked["content", "features"].layers) == {"conv4_2": 1}
    assert sum(asked["style", "mean_std"].layers.values()) == pytest.approx(1)
    assert dict(asked["prior", "total_variation"].layers) == {PICTURE: 1}


def test_the_thesis_factor_is_given_to_terms_with_no_distance_of_their_own() -> None:
    cooc, gram = of("loss_weights=thesis", "style_stat=cooc_vector"), of("loss_weights=thesis", "style_stat=gram")
    assert cooc["style", "cooc_vector"].factor is thesis_factor
    assert gram["style", "gram"].factor is not thesis_factor
    assert thesis_factor(torch.zeros(5), torch.zeros(4, 6, 7)) == 5 / (4 * (4 * 6 * 7) ** 2)


def test_content_may_be_several_terms_too() -> None:
    both = of("content_stat._target_=stx.stats.self_similarity", "+content_stat.reference._target_=stx.stats.positions",
              "+content_stat.reference.most=9", "content_stat.distance._target_=stx.stats.mean_absolute")  # fmt: skip
    assert both["content", "self_similarity"].reference is not None


def test_a_terms_own_weight_is_times_that_of_its_layers() -> None:
    asked = of("style_stat=relaxed_emd", "style_stat.terms.palette.weight=2")
    layers = ("conv1_1", "conv2_1", "conv3_1", "conv4_1", "conv5_1")
    assert asked["style", "relaxed_emd"].places == {layers: pytest.approx(5 / 6)}
    assert asked["style", "palette"].places == {(PICTURE,): pytest.approx(2 / 6)}
    alone = of("style_stat=gram", "+style_stat.weight=0.5")["style", "gram"]
    assert alone.places == {(layer,): pytest.approx(0.5 / 5) for layer in layers}
