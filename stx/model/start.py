"""The picture that the optimisation starts from."""

import torch
from PIL.Image import Image
from torch import Tensor

from stx.config.schema import Config, NoiseInit, PictureInit
from stx.model import reading
from stx.model.vgg import Preprocessing, zero
from stx.pictures import images
from stx.pictures.bundled import NAMES
from stx.pictures.decode import upright_size
from stx.pictures.sizes import Size


def own_size(config: Config, painting: Image) -> Size | None:
    """The own size of the picture that the optimisation starts from; None if it starts from no further picture."""
    if isinstance(config.start, PictureInit):
        path = config.start.path
        return images.load(path).size if path in NAMES else upright_size(path)
    return painting.size if config.start.name == "style" else None


def initial(
    config: Config, size: Size, content: Tensor | None, painting: Image | None, preprocessing: Preprocessing
) -> Tensor:
    """Where the optimisation starts: (3, H, W) of `size`, which `content` has already."""
    init, shape = config.start, (3, size[1], size[0])
    if isinstance(init, NoiseInit):
        generator = torch.Generator().manual_seed(config.seed)
        return init.low + (init.high - init.low) * torch.rand(shape, generator=generator)
    if isinstance(init, PictureInit):
        return images.to_tensor(reading.read(init.path), size)
    if init.name == "grey":
        start = zero(preprocessing).expand(shape)
    elif init.name == "content" or painting is None:
        assert content is not None  # which the schema requires
        start = content
    else:
        start = images.to_tensor(painting, size)
    noise = torch.randn(shape, generator=torch.Generator().manual_seed(config.seed))
    return (start + init.noise * noise).clamp(0, 1)
