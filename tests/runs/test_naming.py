"""What runs are called, from what was typed for them."""

import pytest

from stx.config.compose import composition
from stx.runs.naming import LONGEST, headings, job_name, run_name, short, told_apart

LAYERS = "conv1_1,conv1_2,conv2_1,conv2_2,conv3_1,conv3_2,conv4_1,conv4_2"


def name_of(*overrides: str) -> str:
    config, choices, _ = composition(overrides)
    return run_name(config, choices)


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("", "china × swirls"),
        ("content=some/photo.jpg style=mosaic", "photo.jpg × mosaic"),
        ("content=some/photo.jpg style=a/painting.jpg loss_weights.beta=30", "photo.jpg × painting.jpg beta=30"),
        (
            "style=mosaic image_size=photograph image_size.long_side=640",
            "china × mosaic long_side=640",
        ),
        ("content=null style=[brick,swirls] pooling=avg", "texture of brick + swirls avg"),
        ("style_stat=cooc_vector pooling=avg loss_weights.beta=30", "cooc_vector avg beta=30"),
        ("optim=lbfgs_plain optim.lr=0.5 optim.pyramid=[3,2]", "lbfgs_plain pyramid=[3,2] lr=0.5"),
        ("init=noise image_size=small seed=4", "image_size=small init=noise seed=4"),
        ("model.seed=4 optim.steps=7e3", "model.seed=4 steps=7000"),
        ("init=picture init.path=a/b.png", "init=picture path=b.png"),
        ("style_stat.terms.cooc_gram.radius=2", "radius=2"),
        ("style_stat=gram optim=adam prior=none", "gram adam prior=none"),
        ("+experiment=gatys2016 optim.steps=20", "gatys2016 steps=20"),
        ("+experiment=thesis/e06_gram_cooc_vector", "thesis/e06_gram_cooc_vector"),
        ("+experiment=thesis/e01_gram optim=adam optim.steps=20", "thesis/e01_gram adam steps=20"),
        ("optim.stop_at=null", "stop_at=null"),
        ("style_stat=cooc_vector style_stat.normalise=true", "cooc_vector normalise=true"),
        ("tracking=none guard.on_nan=raise device=cpu", "device=cpu"),
    ],
)
def test_a_run_is_named_by_what_differs_from_the_defaults(typed: str, name: str) -> None:
    assert name_of(*typed.split()) == name


def test_what_is_typed_and_the_default_is_not_named() -> None:
    default = composition([]).config
    assert name_of(f"optim.steps={default.optim.steps}", f"seed={default.seed}") == "china × swirls"


def test_a_long_name_is_cut() -> None:
    name = name_of("style_stat=cooc_vector", f"loss_weights.style_layers=[{LAYERS}]")
    assert name.startswith("cooc_vector style_layers=[conv1_1,conv1_2,")
    assert (name[-1], len(name)) == ("…", LONGEST)


def test_of_a_long_name_the_pictures_are_cut_before_what_is_done_with_them() -> None:
    name = name_of("content=IMG_20240101_123456_edited.jpg", "style=the_starry_night_by_van_gogh.jpg", "pooling=avg")
    assert name == "IMG_20240101_12… × the_starry_nigh… avg"
    assert len(name_of("content=IMG_20240101_123456.jpg", f"style={'x' * 80}.jpg")) <= LONGEST


@pytest.mark.parametrize(
    ("values", "name"),
    [
        ({"content": "/abs/photos/a.png", "style": "'paint ings/p.png'"}, "a.png × p.png"),
        ({"content": "./a.png"}, "a.png"),
        ({"style": "3.png", "loss_weights.beta": "10"}, "3.png beta=10"),
        ({"loss_weights.beta": "1", "style_stat": "gram", "init": "noise"}, "beta=1 gram init=noise"),
        ({"content": "a.png", "seed": ""}, "a.png"),
        ({}, "china × swirls"),
    ],
)
def test_a_job_of_a_sweep_is_named_as_its_run_is_by_the_values_of_its_axes(values: dict[str, str], name: str) -> None:
    assert job_name(values, composition([]).config) == name


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("photos/a.jpg", "a.jpg"),
        ('"photos/a, \\"b\\".jpg"', 'a, "b".jpg'),
        ('"photos/\\${x}.jpg"', "${x}.jpg"),
        ("'it is.jpg'", "it is.jpg"),
        ("0.1234567", "0.1235"),
        ("1000.0", "1000"),
        ("gram", "gram"),
        ("[conv1_1,conv2_1]", "[conv1_1,conv2_1]"),
        ('"', '"'),
    ],
)
def test_a_value_is_shown_out_of_its_quotes_and_of_a_path_its_end(value: str, expected: str) -> None:
    assert short(value) == expected


def test_values_are_shown_with_as_many_folders_as_tell_them_apart() -> None:
    assert told_apart(["in/a.jpg", "in/b.jpg"]) == {"in/a.jpg": "a.jpg", "in/b.jpg": "b.jpg"}
    same = ["in/one/a.jpg", "in/two/a.jpg", '"in/two/b c.jpg"']
    assert list(told_apart(same).values()) == ["one/a.jpg", "two/a.jpg", "two/b c.jpg"]
    assert list(told_apart(["a.jpg", "in/a.jpg"]).values()) == ["a.jpg", "in/a.jpg"]
    assert told_apart(["1", "10"]) == {"1": "1", "10": "10"}
    assert told_apart(["'it is.jpg'", "a.jpg"]) == {"'it is.jpg'": "it is.jpg", "a.jpg": "a.jpg"}
    assert told_apart(["1", "1.0"]) == {"1": "1", "1.0": "1.0"}


def test_an_axis_is_headed_by_the_last_word_of_its_key_where_that_tells_it_from_the_others() -> None:
    keys = ["style_stat", "loss_weights.beta", "optim.steps", "film.steps"]
    assert list(headings(keys).values()) == ["style_stat", "beta", "optim.steps", "film.steps"]
