"""Pictures that come with stx: photographs its dependencies ship, and the styles stx paints itself."""

import importlib.util
from pathlib import Path

from PIL import Image

from stx import paint
from stx.errors import UserError, did_you_mean

_SEED = 0
# name -> (top-level package, its name on PyPI, file inside it)
_PHOTOGRAPHS = {
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
NAMES = {
    "china": "Summer Palace, Beijing; photograph by danielbuechele, CC BY 2.0",
    "flower": "a dahlia; photograph by vultilion, CC BY 2.0",
    "astronaut": "Eileen Collins, a portrait; photograph by NASA, public domain",
    "coffee": "a cup of coffee; photograph by Rachel Michetti, CC0",
    "rocket": "launch of DSCOVR on a Falcon 9; photograph by SpaceX, CC0",
    "chelsea": "Chelsea the cat; photograph by Stéfan van der Walt, CC0",
    "ihc": "a stained section of tissue, brown and blue; Human Protein Atlas / scikit-image, CC0",
    "retina": "the back of an eye; photograph by Häggström Mikael, CC0",
    "hubble": "the Hubble eXtreme Deep Field; NASA, public domain",
    "swirls": "a night of brush strokes along vortices; painted by stx",
    "pointillist": "dabs of warm colour and their complements; painted by stx",
    "mosaic": "tesserae along curved bands; painted by stx",
    "waves": "a woodcut sea in indigo, ochre and vermilion; painted by stx",
}
"""Every bundled picture, with what it shows and whose it is."""


def hint(name: str) -> str:
    """What to say to someone whose picture is not there."""
    return f"{did_you_mean(name, NAMES)}.\nBundled pictures: {', '.join(NAMES)}"


def open_picture(name: str) -> Image.Image:
    """One of NAMES, as its file or its painter gives it. Raises UserError where a package lacks its file."""
    if name in paint.STYLES:
        return paint.STYLES[name](_SEED)
    package, project, inside = _PHOTOGRAPHS[name]
    # Found without importing the package, which would take a second.
    spec = importlib.util.find_spec(package)
    path = Path(spec.origin).parent / inside if spec and spec.origin else None
    if path is None or not path.is_file():
        raise UserError(f"the picture {name!r} comes with the package {project}, which lacks it: pip install {project}")
    return Image.open(path)
