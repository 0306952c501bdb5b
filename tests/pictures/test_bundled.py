"""Every bundled name opens without a download, and says what is missing where it cannot."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from stx.errors import UserError
from stx.pictures import bundled, images, painters


@pytest.mark.parametrize("name", bundled.NAMES)
def test_every_name_opens_as_an_rgb_picture_of_useful_size(name: str) -> None:
    picture = images.load(name)
    assert picture.mode == "RGB"
    assert min(picture.size) >= 256


@pytest.mark.parametrize("name", [name for name in bundled.NAMES if name not in painters.STYLES])
def test_every_photograph_opens_as_rgb(name: str) -> None:
    assert bundled.open_picture(name).mode == "RGB"


@pytest.mark.parametrize("name", ["camera", "coins", "moon", "brick", "grass"])
def test_a_grey_photograph_keeps_its_greys(name: str) -> None:
    package, _, file = bundled.PHOTOGRAPHS[name]
    with Image.open(bundled.folder(package) / file) as shipped:
        greys = np.asarray(shipped)
    assert (np.asarray(images.load(name)) == greys[..., None]).all()


@pytest.mark.parametrize("name", bundled.NAMES)
def test_every_name_says_what_it_shows_and_whose_it_is(name: str) -> None:
    kind, text = bundled.NAMES[name].split(": ")
    assert kind in ("photograph", "style")
    assert "by " in text


def test_every_painted_style_has_a_name() -> None:
    assert set(painters.STYLES) <= set(bundled.NAMES)


def test_load_takes_a_bundled_name() -> None:
    expected = np.asarray(bundled.open_picture("china")).astype(int)
    assert np.abs(np.asarray(images.load("china")) - expected).max() <= 2  # its profile is nearly sRGB


def test_the_packages_that_ship_photographs_are_not_imported() -> None:
    code = (
        "import sys; from stx.pictures import bundled; bundled.open_picture('china'); bundled.open_picture('coffee');"
        "sys.exit(bool({'sklearn', 'skimage'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


def test_an_unknown_name_is_refused_with_the_nearest() -> None:
    with pytest.raises(UserError, match="did you mean mosaic"):
        bundled.open_picture("mosiac")


@pytest.mark.parametrize(("name", "package"), [("china", "scikit-learn"), ("coffee", "scikit-image")])
def test_a_missing_package_is_named(name: str, package: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda package: None)
    with pytest.raises(UserError, match=package) as caught:
        bundled.open_picture(name)
    assert len(str(caught.value).splitlines()) == 2
    with pytest.raises(UserError, match=package):
        images.load(name)


def test_a_photograph_missing_from_its_package_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bundled, "folder", lambda package: tmp_path)
    with pytest.raises(UserError, match=r"coffee.*data/coffee\.png of the package scikit-image"):
        bundled.open_picture("coffee")
