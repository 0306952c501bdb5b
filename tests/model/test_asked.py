"""The terms that a config asks for."""

import pytest
import torch

from stx.config.compose import composition
from stx.errors import UserError
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


TWO = "style=[swirls,mosaic]"


def test_several_styles_are_means_of_targets_where_those_have_a_mean_and_else_summed() -> None:
    assert of("style=[swirls]")["style", "mean_std"].blend == {}
    assert of(TWO)["style", "cooc_gram"].blend == {"style": 0.5, "style_2": 0.5}
    weighed = of(TWO, "style_mix=[3,1]", "style_stat=gram", "style_blend=losses")
    assert [term.toward for term in weighed.values()] == ["content", "style", "style_2", None]
    assert [sum(weighed["style", name].places.values()) for name in ("gram_1", "gram_2")] == pytest.approx([1.5, 0.5])


@pytest.mark.parametrize(
    ("statistic", "reason"),
    [
        ("mmd_gaussian", "what it looks at depends on the picture"),
        ("nearest_neighbour", "it is compared with each picture's own features"),
        ("cooc_tensor", "it compares position by position"),
    ],
)
def test_what_has_no_mean_of_several_pictures_is_summed_or_refused(statistic: str, reason: str) -> None:
    assert not any(term.blend for term in of(TWO, f"style_stat={statistic}").values())
    with pytest.raises(UserError, match=f"has no mean of several pictures, as {reason}"):
        of(TWO, f"style_stat={statistic}", "style_blend=targets")


def test_of_terms_one_of_which_has_no_mean_all_are_summed() -> None:
    asked = of(TWO, "style_stat=moments_cooc", "+style_stat.terms.cooc_gram.distance=none")
    assert not any(term.blend for term in asked.values())
    assert sum(sum(term.places.values()) for term in asked.values() if term.group == "style") == pytest.approx(4)
