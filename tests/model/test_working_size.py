"""Sizes of the picture that is made, and of paintings beside it, without a photograph and of tiles."""

import pytest

from stx.config.compose import composition
from stx.errors import UserError
from stx.model.asked import terms
from stx.model.working_size import painting_size, result_size, to_multiple

ROCK = (640, 480)


def size(*overrides: str, multiple: int = 16) -> tuple[int, int]:
    return result_size(composition(["content=null", *overrides]).config, ROCK, multiple)


@pytest.mark.parametrize(
    ("overrides", "expected"),
    [
        (["image_size.width=1024"], (1024, 768)),
        (["image_size.height=300"], (400, 300)),
        (["image_size.width=1024", "image_size.height=1024"], (1024, 1024)),
        ([], (512, 384)),
        (["image_size.long_side=null"], ROCK),
    ],
)
def test_what_is_left_out_has_the_style_pictures_proportions(overrides: list[str], expected: tuple[int, int]) -> None:
    assert size(*overrides) == expected


def test_a_tiles_sides_are_multiples_and_what_follows_is_rounded() -> None:
    assert size("tile=true", "image_size.long_side=496") == (496, 368)  # 372
    assert size("tile=true", "image_size.width=1008") == (1008, 752)  # 756
    assert size("image_size.width=1008") == (1008, 756)


@pytest.mark.parametrize(
    ("side", "nearest"),
    [
        ("width=1000", "992 or 1008"),
        ("height=250", "240 or 256"),
        ("width=9", "take 16"),
        ("long_side=100", "long_side=100: .* take 96 or 112"),
    ],
)
def test_a_side_that_was_asked_for_and_is_none_is_refused_with_the_next(side: str, nearest: str) -> None:
    with pytest.raises(UserError, match=nearest):
        size("tile=true", f"image_size.{side}")


def test_a_long_side_that_has_no_effect_is_none_that_was_asked_for() -> None:
    assert size("tile=true", "image_size.width=64", "image_size.long_side=100") == (64, 48)
    assert size("tile=true", "image_size.long_side=null", multiple=64) == (640, 512)  # of 640 x 480


def test_a_shallow_network_asks_for_less() -> None:
    assert size("tile=true", "image_size.width=1001", multiple=1) == (1001, 751)
    assert to_multiple((7, 3), 4) == (8, 4)


@pytest.mark.parametrize(
    ("overrides", "result", "expected"),
    [
        ([], (1024, 768), ROCK),  # more of the texture, not a larger one
        ([], (256, 192), (256, 192)),
        (["style_scale=1.5"], (1024, 768), (960, 720)),
        (["content=china"], (1024, 768), (1024, 768)),
    ],
)
def test_a_texture_is_not_enlarged_unless_it_is_scaled(
    overrides: list[str], result: tuple[int, int], expected: tuple[int, int]
) -> None:
    config = composition(["content=null", *overrides]).config
    assert painting_size(config, ROCK, result, terms(config)) == expected


def test_a_scale_that_cannot_be_is_refused_in_words_that_need_no_photograph() -> None:
    config = composition(["content=null", "style_scale=2", "style_stat=cooc_matrix"]).config
    with pytest.raises(UserError, match="as large as the picture that is made, as the statistic compares places"):
        painting_size(config, ROCK, (64, 48), terms(config))
