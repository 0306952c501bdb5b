"""The run of each frame: its overrides, and the pictures that it begins from."""

import math
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import torch
from PIL import Image
from torch import Tensor

from stx.config.compose import at_work, choices_of, compose, composition, key_of, override
from stx.config.effects import refuse_ineffective
from stx.config.schema import Config
from stx.config.secrets import taken_out
from stx.errors import UserError
from stx.pictures import clip, images, masks
from stx.pictures.clip import Film
from stx.pictures.colour import grey
from stx.pictures.flow import SHORTEST, at_size, consistent, flow, warped
from stx.pictures.sizes import Size
from stx.runs.check import check, check_space, space
from stx.runs.job import Job
from stx.studies.film import reel
from stx.studies.film.identity import Identity, identity_of
from stx.studies.film.options import STORE, WEIGHT, Options, refuse_colours
from stx.studies.film.reel import Reel

OPTION = "output"
"""The option that names a film's folder."""
KEPT = 6
"""Pictures that a frame leaves in the film's folder: its source, its start, the moved result, its run's result, the
frame itself, and one more to account for small files."""


class Plan(NamedTuple):
    """A film to be made."""

    film: Film
    options: Options
    size: Size
    """(width, height) of its frames."""
    typed: tuple[str, ...]
    """Overrides as typed, for all frames."""
    config: Config
    """The config of the first frame, with the store that the film's own run goes to."""
    identity: Identity


class Motion(NamedTuple):
    """The motion from the previous frame to a frame."""

    back: Tensor
    """(2, H, W): the flow from the frame back into the previous one."""
    consistent: Tensor
    """(H, W): where the previous frame shows the same thing."""

    @property
    def share(self) -> float:
        return float(self.consistent.float().mean())


def plan(source: Film, options: Options, typed: Sequence[str], folder: Path) -> Plan:
    """Work out everything that can be known before the first frame is made.

    Raises UserError for anything that would keep a frame from being made.
    """
    first = next(clip.frames(source, source.size))
    with at_work():
        of_all = [text for text in typed if key_of(text) != WEIGHT]  # the first frame has no such term
        asked = composition([*of_all, override("content", source.first)])
        refuse_ineffective(asked.config, typed)
        refuse_colours(asked.config)
        size = even_size(asked.config, source)
        first = first.resize(size, Image.Resampling.LANCZOS)
        one = compose(beginning(typed, source.first, size))
        config, inputs = check(one, folder, given={"content": first}, option=OPTION)
        later = config_of_following(first, typed, source, size, options, folder)
    needed = space(config, inputs) + source.length * KEPT * inputs.initial.numel()
    check_space(needed, folder, f"this film of {source.length} frames", OPTION)
    its = identity_of(source, options, config, later, inputs, choices_of(one.hydra))
    return Plan(source, options, size, tuple(typed), config.model_copy(update={"tracking": asked.config.tracking}), its)


def config_of_following(
    first: Image.Image, typed: Sequence[str], source: Film, size: Size, options: Options, folder: Path
) -> Config:
    """The config of a frame that begins from the previous result, for which the film's first frame stands in.

    Raises UserError for anything that would keep its run from finishing.
    """
    with TemporaryDirectory() as place:
        given = Reel(Path(place)).inputs(2)
        given.start.parent.mkdir(parents=True)
        for path, picture in zip(given, (first, Image.new("L", size, "white"), first), strict=True):
            images.save(picture, path)
        overrides = following(typed, Path(source.first), given, size, options)
        return check(compose(overrides), folder, given={"content": first}, option=OPTION)[0]


def even_size(config: Config, source: Film) -> Size:
    """The size of the film's frames: that of the config, with even sides, as MP4 requires.

    Raises UserError if a side that was asked for is odd, or if the frames are too small to detect motion in.
    """
    asked = config.image_size
    for name, side in (("width", asked.width), ("height", asked.height)):
        if side and side % 2:
            raise UserError(f"image_size.{name}={side}: the sides of an MP4 must be even; take {side + 1}")
    size = images.working_size(source.size, asked.width, asked.height, asked.long_side)
    width, height = (max(2, 2 * round(side / 2)) for side in size)
    sought = flow_size((width, height), source.size)
    if min(sought) < SHORTEST:
        raise UserError(
            f"film={source.source}: {sought[0]} x {sought[1]} pixels; motion can be detected from {SHORTEST} on the "
            "shorter side on"
        )
    return width, height


def flow_size(size: Size, own: Size) -> Size:
    """(width, height) at which motion is detected for a film that is made at `size`.

    If the film is enlarged, this is its own size: what enlarging adds between its pixels is made up.
    """
    return min(size, own, key=math.prod)


def common(typed: Sequence[str], size: Size) -> list[str]:
    """The overrides of all frames: those typed, without what the film sets itself.

    Frames are not tracked, as the film has a single run in the store.
    """
    kept = [
        text for text in typed if key_of(text) not in (WEIGHT, *STORE) and not key_of(text).startswith("image_size")
    ]
    sides = [f"image_size.width={size[0]}", f"image_size.height={size[1]}", "image_size.long_side=null"]
    untold = ["tracking=none", "tracking.plots=false"]
    return [*kept, *sides, *untold, "blocks=null"]  # the mask of what moves needs the whole frame at once


def beginning(typed: Sequence[str], photograph: str | Path, size: Size) -> list[str]:
    """The overrides of a frame that begins anew."""
    return [*common(typed, size), override("content", str(photograph))]


def following(typed: Sequence[str], photograph: Path, given: reel.Inputs, size: Size, options: Options) -> list[str]:
    """The overrides of a frame that begins from the previous result."""
    return [
        *beginning(typed, photograph, size),
        f"optim.steps={options.steps}",
        "optim.pyramid=[]",
        "init=picture",
        override("init.path", str(given.start)),
        "temporal=moved",
        override("temporal.picture", str(given.moved)),
        override("temporal.mask", str(given.mask)),
        *(text for text in typed if key_of(text) == WEIGHT),
    ]


def job(overrides: Sequence[str], folder: Path) -> Job:
    with at_work():
        whole = compose(overrides)
        config = composition(overrides).config
    return Job(config, folder, choices_of(whole.hydra), taken_out(overrides), quiet=True)


def motion(plan: Plan, place: Reel, number: int) -> Motion:
    """The source's motion from the previous frame to frame `number`."""
    size = flow_size(plan.size, plan.film.size)
    before, frame = (reel.opened(place.source(each)).resize(size) for each in (number - 1, number))
    back = flow(frame, before)
    seen = consistent(back, flow(before, frame))
    if size == plan.size:
        return Motion(back, seen)
    return Motion(at_size(back, plan.size), masks.at_size(seen.float(), plan.size[::-1]) > 0.5)


def lay_out(plan: Plan, place: Reel, number: int, moves: Motion) -> reel.Inputs:
    """Write the pictures that a frame begins from, unless they exist, and return their paths. Raises OSError."""
    given = place.inputs(number)
    if all(path.exists() for path in given):
        return given
    given.start.parent.mkdir(parents=True, exist_ok=True)
    last, frame = tensor(place.frame(number - 1)), tensor(place.source(number))
    if plan.config.colour.name == "luminance":  # the loop's own pictures are grey
        last, frame = grey(last), grey(frame)
    moved = warped(last, moves.back)
    images.save(images.to_picture(moved), given.moved)
    images.save(images.to_picture(moves.consistent.float().expand(3, -1, -1)), given.mask)
    images.save(images.to_picture(torch.where(moves.consistent, moved, frame)), given.start)
    return given


def tensor(path: Path) -> Tensor:
    """Load a frame that stx has written, as (3, H, W) in [0, 1]."""
    picture = reel.opened(path)
    return images.to_tensor(picture, picture.size)
