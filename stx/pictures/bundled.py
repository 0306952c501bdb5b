"""Pictures that come with stx: photographs its dependencies ship, and the styles stx paints itself."""

import importlib.util
from functools import lru_cache
from pathlib import Path

from PIL import Image

from stx.errors import UserError, did_you_mean
from stx.pictures import painter

SEED = 0
# name -> (top-level package, its name on PyPI, file inside it)
PHOTOGRAPHS = {
    "china": ("sklearn", "scikit-learn", "datasets/images/china.jpg"),
    "flower": ("sklearn", "scikit-learn", "datasets/images/flower.jpg"),
    "astronaut": ("skimage", "scikit-image", "data/astronaut.png"),
    "coffee": ("skimage", "scikit-image", "data/coffee.png"),
    "rocket": ("skimage", "scikit-image", "data/rocket.jpg"),
    "chelsea": ("skimage", "scikit-image", "data/chelsea.png"),
    "ihc": ("skimage", "scikit-image", "data/ihc.png"),
    "retina": ("skimage", "scikit-image", "data/retina.jpg"),
    "hubble": ("skimage", "scikit-image", "data/hubble_deep_field.jpg"),
}
# name -> what it shows, by whom, under which terms
NAMES = {
    "china": "photograph: the Summer Palace in Beijing, by danielbuechele, CC BY 2.0",
    "flower": "photograph: a flower, by vultilion, CC BY 2.0",
    "astronaut": "photograph: Eileen Collins, by NASA, public domain",
    "coffee": "photograph: a cup at Pikolo Espresso Bar, by Rachel Michetti, CC0",
    "rocket": "photograph: a Falcon 9 carrying DSCOVR, by SpaceX, public domain",
    "chelsea": "photograph: Chelsea the cat, by Stefan van der Walt, CC0",
    "ihc": "style: stained tissue, by the Center for Microscopy and Molecular Imaging, no known restrictions",
    "retina": "style: the back of an eye, by Mikael Häggström, CC0",
    "hubble": "style: the Hubble eXtreme Deep Field, by NASA, public domain",
    "swirls": "style: a night sky in whirling strokes, painted by stx",
    "pointillist": "style: a warm shore in round dabs, painted by stx",
    "mosaic": "style: glass and gold tesserae in rings, painted by stx",
    "woodcut": "style: breaking waves in carved lines, painted by stx",
}


def open_picture(name: str) -> Image.Image:
    """The picture `name`, a key of NAMES, decoded as it is shipped: mode "RGB", perhaps with a profile.

    Raises UserError for an unknown name and where the package that ships the photograph lacks it.
    """
    if name in painter.STYLES:
        return painted(name).copy()
    if name not in PHOTOGRAPHS:
        raise UserError(f"no bundled picture {name!r}{hint(name)}")
    package, distribution, file = PHOTOGRAPHS[name]
    try:
        with Image.open(folder(package) / file, formats=("JPEG", "PNG")) as picture:
            picture.load()
            return picture
    except OSError as error:
        raise UserError(
            f"bundled picture {name!r} is missing: it is {file} of the package {distribution}\n"
            f"repair that (pip install --force-reinstall {distribution}) or give a file of your own"
        ) from error


@lru_cache
def painted(name: str) -> Image.Image:
    """Half a second of work, which a sweep need not do for every run."""
    return painter.STYLES[name](SEED)


def hint(name: str) -> str:
    """What to add to a message about the unknown name `name`: the nearest bundled name and all of them."""
    return f"{did_you_mean(name, NAMES)}\nbundled pictures: {', '.join(NAMES)}"


def folder(package: str) -> Path:
    """Where `package` is installed. Not imported: that would take seconds for the sake of one file."""
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise FileNotFoundError(package)
    return Path(spec.submodule_search_locations[0])
