"""What is typed and changes nothing is said."""

import pytest

from conftest import SHALLOW
from stx.config.compose import composition
from stx.config.effects import ineffective, refuse_ineffective, swept_in_vain
from stx.errors import UserError

VAIN = [
    ("image_size=small image_size.long_side=768", "image_size.width=256 and image_size.height=192"),
    ("image_size.width=100 image_size.long_side=64", "the size follows from image_size.width=100"),
    ("model.seed=3", "the weights of model=vgg19 are not random"),
    ("model=vgg19_torchvision model.seed=3", "model=vgg19_torchvision are not random"),
    ("guard.shrink=0.5", "guard.on_nan=stop never goes back"),
    ("guard.on_nan=continue guard.backoffs=5", "guard.on_nan=continue never goes back"),
    ("loss_weights.content_layers=[] loss_weights.alpha=2", "loss_weights.content_layers is empty"),
    ("loss_weights.style_layers=[] loss_weights.beta=2", "loss_weights.style_layers is empty"),
    ("style=[swirls] style_blend=losses", "there is one style picture"),
    (
        "loss_weights.style_layers=[conv1_1] loss_weights.content_layers=[conv1_2] pooling=avg pooling.rescale=2",
        "no term looks at a layer behind a pooling",
    ),
    ("style_stat=spectrum loss_weights.content_layers=[] padding=reflect", "the terms look at the picture alone"),
    ("prior.smoothing=0.1", "with prior.power=2 it adds a constant"),
    ("output.quality=3", "output.file names no picture"),
    ("output.bits=16", "output.file names no picture"),
    ("output.profile=photograph", "output.file names no picture"),
    ("output.file=a.TIFF output.quality=3", "a.TIFF is kept without loss"),
    ("output.file=a.bmp output.profile=srgb", "a BMP has no place for a colour profile"),
]
"""The last override of each, and why."""


@pytest.mark.parametrize(("typed", "why"), VAIN)
def test_an_option_that_changes_nothing_is_refused_with_what_stands_in_its_way(typed: str, why: str) -> None:
    overrides = typed.split()
    config, *_ = composition(overrides)
    (line,) = ineffective(config, overrides)
    assert line.startswith(f"{overrides[-1]} has no effect: ")
    assert why in line
    with pytest.raises(UserError, match="has no effect"):
        refuse_ineffective(config, overrides)


@pytest.mark.parametrize(
    "typed",
    [
        "image_size.long_side=64",
        "style=[swirls,mosaic] style_blend=losses",
        "output.file=a.JPG output.quality=3 output.profile=photograph",
        "output.file=a.png output.bits=16 output.metadata=false",
        "image_size=small image_size.long_side=null",
        "image_size=small image_size.width=null image_size.height=null image_size.long_side=64",
        "model=vgg19_random model.seed=1",
        "guard.on_nan=backoff guard.shrink=0.5 guard.backoffs=1",
        "pooling.rescale=2",
        "content=null prior=none temporal=moved temporal.picture=china loss_weights.beta=3",
        "loss_weights.style_layers=[conv2_1] loss_weights.content_layers=[conv1_2] pooling.rescale=2",
        "padding=reflect",
        "prior.power=1 prior.smoothing=0.1",
        " ".join(["loss_weights.alpha=2", "loss_weights.beta=3", *SHALLOW]),
    ],
)
def test_an_option_that_counts_is_not(typed: str) -> None:
    overrides = typed.split()
    config, *_ = composition(overrides)
    assert ineffective(config, overrides) == []


def test_a_sweep_over_seeds_from_one_picture_is_told_of() -> None:
    def swept(*overrides: str) -> str:
        return swept_in_vain(composition([*overrides, f"seed={seed}"])[0] for seed in (0, 1, 2))

    assert "init.noise=0.05 or init=noise" in swept()
    assert "seed is swept" in swept("init=style")
    assert swept("init=noise") == swept("init.noise=0.1") == ""
    assert swept_in_vain([composition(["seed=1"])[0]] * 2) == ""
