"""output.timelapse: pictures along the way, which are kept on disk, and a film of them at the run's end."""

import logging
import math
from pathlib import Path

from torch import Tensor

from stx.errors import Stopped
from stx.loop.listener import Listener, Start
from stx.pictures import animation, images
from stx.pictures.colour import Finish, unchanged

log = logging.getLogger("stx")

MARK = b"made by stx"
"""Marks what stx writes beside a run's folder; other files of the same names are somebody's own."""
MOST = 100
"""Pictures in a film at most, after the first; a run of no more steps than this gives one for each step."""


class Timelapse(Listener):
    """Keeps pictures of a run of `steps` steps in the folder `frames` and makes the film `path` of them.

    `size` is the (width, height) of the run's picture. The pictures stay on disk, as a run that has ended may be
    resumed with more steps; its film then has those from before that are nearest to the steps that are due.
    """

    def __init__(self, frames: Path, path: Path, size: tuple[int, int], steps: int):
        self.frames, self.path = frames, path
        self.size = animation.film_size(size, path.suffix.removeprefix("."))
        self.every = math.ceil(steps / MOST)
        self.finish: Finish = unchanged

    def begun(self, level: Start) -> None:
        self.finish = level.finish
        if level.done == 0:
            self.picture(level.image, 0)
        elif not list(self.frames.glob("*.jpg")):
            log.warning(f"output.timelapse: there are no pictures from before; the film begins after step {level.done}")

    def picture(self, picture: Tensor, step: int) -> None:
        self.frames.mkdir(exist_ok=True)
        shown = images.to_picture(self.finish(picture)).resize(self.size)
        images.save(shown, self.frames / f"{step:09d}.jpg")

    def chosen(self, last: int) -> list[Path]:
        """The files of the pictures in a film that ends with step `last`, which is among them: for each step that is
        due the nearest picture, as with fewer steps pictures were due at other ones."""
        files = {int(path.stem): path for path in self.frames.glob("*.jpg") if int(path.stem) < last}
        steps = {min(files, key=lambda step: abs(step - due)) for due in range(0, last, self.every)} if files else set()
        return [*(files[step] for step in sorted(steps)), self.frames / f"{last:09d}.jpg"]

    def make(self, picture: Tensor, step: int) -> None:
        """Write the film, which ends with the `picture` after `step`. Raises Stopped if it cannot be written."""
        try:
            self.picture(picture, step)
            animation.write(self.path, self.chosen(step), self.size, MARK)
        except OSError as error:
            raise Stopped(
                f"cannot write {error.filename or self.path}: {error.strerror or error}\n"
                f"the film's pictures: {self.frames}"
            ) from error
        log.info(f"the film: {self.path}")


def room(size: tuple[int, int], steps: int, kind: str) -> int:
    """Bytes on disk that a film and its pictures take: a pixel of brushstrokes hardly takes more than one in either."""
    width, height = animation.film_size(size, kind)
    return 2 * (min(steps, MOST) + 2) * width * height
