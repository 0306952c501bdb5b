"""Pictures that come with stx: photographs its dependencies ship, and the styles stx paints itself."""

import importlib.util
from functools import lru_cache
from pathlib import Path

from PIL import Image

from stx.errors import UserError, did_you_mean
from stx.pictures.painters import STYLES

SEED = 0
# name -> (top-level package, its name on PyPI, file inside it)
PHOTOGRAPHS = {
    "china": ("sklearn", "scikit-learn", "datasets/images/china.jpg"),
    "flower": ("sklearn", "scikit-learn", "datasets/images/flower.jpg"),
    "astronaut": ("skimage", "scikit-image", "data/astronaut.png"),
    "coffee": ("skimage", "scikit-image", "data/coffee.png"),
    "rocket": ("skimage", "scikit-image", "data/rocket.jpg"),
    "chelsea": ("skimage", "scikit-image", "data/chelsea.png"),
    "motorcycle": ("skimage", "scikit-image", "data/motorcycle_left.png"),
    "hopper": ("matplotlib", "matplotlib", "mpl-data/sample_data/grace_hopper.jpg"),
    "camera": ("skimage", "scikit-image", "data/camera.png"),
    "coins": ("skimage", "scikit-image", "data/coins.png"),
    "moon": ("skimage", "scikit-image", "data/moon.png"),
    "brick": ("skimage", "scikit-image", "data/brick.png"),
    "grass": ("skimage", "scikit-image", "data/grass.png"),
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
    "motorcycle": "photograph: a motorcycle in a workshop, by Nera Nesic and others (Middlebury), no terms stated",
    "hopper": "photograph: Grace Hopper, by the US Navy, public domain",
    "camera": "photograph: a man at his camera, grey, by Lav Varshney, CC0",
    "coins": "photograph: Greek coins from Pompeii, grey, by the Brooklyn Museum, no known restrictions",
    "moon": "photograph: the surface of the moon, grey, by an unnamed author, no terms stated",
    "brick": "photograph: a brick wall, grey, by CC0Textures, CC0",
    "grass": "photograph: grass, grey, by linolafett, CC0",
    "ihc": "style: stained tissue, by the Center for Microscopy and Molecular Imaging, no known restrictions",
    "retina": "style: the back of an eye, by Mikael Häggström, CC0",
    "hubble": "style: the Hubble eXtreme Deep Field, by NASA, public domain",
    "swirls": "style: a night sky in whirling strokes, painted by stx",
    "pointillist": "style: a warm shore in round dabs, painted by stx",
    "mosaic": "style: glass and gold tesserae in rings, painted by stx",
    "woodcut": "style: breaking waves in carved lines, painted by stx",
    "hatching": "style: hills and trees in pen and ink, painted by stx",
    "outlines": "style: a sun and flowers in bright panes with thick outlines, painted by stx",
    "impasto": "style: a field of poppies laid on with a palette knife, painted by stx",
    "watercolour": "style: a lake and mountains in transparent washes, painted by stx",
    "halftone": "style: balloons in printed dots of four inks, painted by stx",
    "weave": "style: zigzags and diamonds in thick yarn, painted by stx",
    "marbling": "style: combed and curled marbled paper, painted by stx",
    "facets": "style: a still life in overlapping planes, painted by stx",
    "crayon": "style: a house, a tree and the sun in wax crayon, painted by stx",
}


def open_picture(name: str) -> Image.Image:
    """The picture `name`, a key of NAMES, decoded to mode "RGB" even if it is grey, perhaps with a profile.

    Raises UserError for an unknown name, and if the package that ships the photograph lacks it.
    """
    if name in STYLES:
        return painted(name).copy()
    if name not in PHOTOGRAPHS:
        raise UserError(f"no bundled picture {name!r}{hint(name)}")
    package, distribution, file = PHOTOGRAPHS[name]
    try:
        with Image.open(folder(package) / file, formats=("JPEG", "PNG")) as picture:
            picture.load()
            return picture if picture.mode == "RGB" else picture.convert("RGB")
    except OSError as error:
        raise UserError(
            f"bundled picture {name!r} is missing: it is {file} of the package {distribution}\n"
            f"repair that (pip install --force-reinstall {distribution}) or give a file of your own"
        ) from error


@lru_cache
def painted(name: str) -> Image.Image:
    """The style picture `name`, kept once painted: that takes up to a second, which a sweep spends only once."""
    return STYLES[name](SEED)


def hint(name: str) -> str:
    """What to add to a message about the unknown name `name`: the nearest bundled name and all of them."""
    return f"{did_you_mean(name, NAMES)}\nbundled pictures: {', '.join(NAMES)}"


def folder(package: str) -> Path:
    """Where `package` is installed. It is not imported, as that would take seconds for the sake of one file."""
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise FileNotFoundError(package)
    return Path(spec.submodule_search_locations[0])
