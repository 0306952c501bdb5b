"""Where a search looks, from what is typed."""

import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

from stx.config.compose import Varied, at_work, compose, varied
from stx.errors import UserError
from stx.studies.sweep.space import as_typed, checked, ends, overrides, space


def parts(*typed: str) -> list[str | Varied]:
    """Of a multirun's command line."""
    with at_work():
        whole = compose(["hydra/sweeper=optuna"])
        whole.hydra.overrides.task = list(typed)
        return varied(whole)


def axis(typed: str) -> Varied:
    (one,) = parts(f"loss_weights.beta={typed}")
    assert isinstance(one, Varied)
    return one


@pytest.mark.parametrize(
    ("typed", "distribution"),
    [
        ("interval(1,100)", FloatDistribution(1, 100)),
        ("tag(log, interval(1, 100))", FloatDistribution(1, 100, log=True)),
        ("int(interval(1,100))", IntDistribution(1, 100)),
        ("range(1,5)", IntDistribution(1, 4)),
        ("range(9,1,-2)", IntDistribution(3, 9, step=2)),
        ("range(0,1,0.1)", FloatDistribution(0, 0.9, step=0.1)),
        ("tag(log, range(1,9))", IntDistribution(1, 8, log=True)),
        ("1,3,10", CategoricalDistribution(["1", "3", "10"])),
        ("choice(a,'b c',a)", CategoricalDistribution(["a", "b\\ c"])),
    ],
)
def test_hydra_s_words_for_values_become_optuna_s(typed: str, distribution: object) -> None:
    checked([axis(typed)])
    assert space([axis(typed)]) == {"loss_weights.beta": distribution}


@pytest.mark.parametrize(
    ("typed", "answer"),
    [
        ("interval(5,5)", "there is nothing between 5 and 5"),
        ("interval(5,1)", "give the lower end first"),
        ("range(3,4)", "there is nothing between 3 and 3"),
        ("range(3,3)", "there is no value in it"),
        ("choice(3)", "there is one value in it"),
        ("tag(log, interval(0,1))", "begins above 0, not at 0"),
        ("tag(log, range(1,9,2))", "has no steps"),
        ("tag(log, choice(1,2))", "a choice has no scale"),
        ("tag(logg, interval(1,2))", r"no tag logg \(did you mean log\?\)"),
    ],
)
def test_no_place_to_look_in_is_refused(typed: str, answer: str) -> None:
    with pytest.raises(UserError, match=answer):
        checked([axis(typed)])


def test_an_interval_is_tried_at_both_ends_and_between_as_a_whole_option_may_take_no_other() -> None:
    assert ends(axis("interval(10,20)")) == ["10.0", "20.0", "13.82"]
    assert ends(axis("range(10,20,3)")) == ["10", "19"]
    assert ends(axis("a,b,c")) == ("a", "b", "c")


def test_a_trial_is_typed_in_the_order_of_the_search() -> None:
    typed = parts("style_stat=gram,mean_std", "seed=3", "+new=interval(0,1)", "content='a b.png'")
    values = as_typed({"new": 0.25, "style_stat": "gram"})
    assert overrides(typed, values) == ["style_stat=gram", "seed=3", "+new=0.25", "content='a b.png'"]
