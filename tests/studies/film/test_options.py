"""The command's own options."""

from fractions import Fraction

import pytest

from stx.errors import UserError
from stx.studies.film.options import read, refuse_decided


def test_what_is_not_typed_is_the_yaml_s_and_rates_may_be_fractions() -> None:
    usual = read({})
    assert (usual.steps, usual.cut, usual.alone, usual.rate) == (60, 0.3, 4, 25)
    assert read({"rate": "30000/1001"}).rate == Fraction(30000, 1001)
    assert read({"rate": "23.976", "steps": "1e2"}).rate == Fraction(2997, 125)
    assert read({"rate": "23.976023976023976"}).rate == Fraction(24000, 1001)  # a file's clock has 32 bits
    assert read({"steps": "1e2"}).steps == 100


@pytest.mark.parametrize(
    "typed",
    [
        "content=a.png", "init=noise", "init.path=a.png", "temporal.mask=a.png", "masks.style=a.png", "output.bits=16",
        "sweep.jobs=2", "blocks=64", "tile=True", "live=8000", "timing=true", "hydra.run.dir=x", "tracking.points=3",
    ],
)  # fmt: skip
def test_what_the_film_sets_itself_is_refused(typed: str) -> None:
    with pytest.raises(UserError, match=f"{typed}: "):
        refuse_decided(["seed=1", typed])


def test_the_store_and_the_weight_are_the_user_s() -> None:
    refuse_decided(["blocks=null", "blocks=auto", "tile=false", "tile=False", "live=false", "timing=false"])
    refuse_decided(["tracking=none", "tracking.uri=sqlite:///a.db", "temporal.weight=3", "style_stat=gram"])
    refuse_decided(['hydra.searchpath=["/mine"]'])  # --config-dir
