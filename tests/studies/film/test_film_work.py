"""What a film makes of a frame's run that has no good end."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from conftest import SHALLOW
from stx.errors import Stopped
from stx.pictures import clip
from stx.studies.film import options, reel, work
from stx.studies.film.frames import plan
from stx.studies.film.reel import Reel

pytest.importorskip("cv2", reason="OpenCV (stx[video]) is not installed")
EXPLODING = (
    "model=vgg19_random", "style=swirls", "image_size.long_side=32", *SHALLOW, "optim=lbfgs_plain", "optim.lr=1e30",
    "optim.pyramid=[]", "optim.steps=5", "loss_weights=thesis",
)  # fmt: skip


@pytest.mark.parametrize("policy", ["stop", "raise"])
def test_a_frame_that_diverges_ends_the_film_where_that_is_asked_for(tmp_path: Path, policy: str) -> None:
    (tmp_path / "shots").mkdir()
    pixels = np.random.default_rng(0).integers(0, 256, (24, 32, 3), np.uint8)
    Image.fromarray(pixels).save(tmp_path / "shots" / "1.png")
    source = clip.read(str(tmp_path / "shots"), Fraction(25))
    place = Reel(tmp_path / "out")
    film = plan(source, options.read({"alone": "0"}), [*EXPLODING, f"guard.on_nan={policy}"], place.folder)
    place.folder.mkdir()
    reel.unreel(place, source, film.size)
    if policy == "stop":
        (frame,) = work.frames(film, place)
        assert frame.outcome == "diverged"
        return
    for _ in range(2):  # another try does not pass over it
        with pytest.raises(Stopped, match=r"frame 1: it has diverged, and guard\.on_nan=raise ends the film there"):
            list(work.frames(film, place))
    assert not place.frame(1).exists()
