"""The section counts of bench.py: how many kernels a step takes and how many bytes it moves, on any machine."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from bench_parts import PLAIN, Row, prepared, stepping
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from stx.stats import kernels

STATISTICS = (
    "gram", "mean_std", "moments_cooc", "cooc_tensor", "cooc_vector", "shift_gram", "mmd_gaussian",
    "channel_histograms", "sliced_wasserstein", "gaussian_wasserstein",
)  # fmt: skip
CONVOLUTIONS = ("convolution", "convolution_backward")
NO_KERNEL = frozenset(
    ("_unsafe_view", "alias", "as_strided", "detach", "diagonal", "empty", "empty_like", "empty_strided", "expand",
     "lift_fresh", "new_empty", "new_empty_strided", "permute", "select", "slice", "split", "split_with_sizes",
     "squeeze", "t", "transpose", "unbind", "unsqueeze", "view")
)  # fmt: skip
"""Operations that only change how existing data is read, or that allocate memory."""


class Counted(TorchDispatchMode):  # type: ignore[no-untyped-call]  # PyTorch's
    """Counts what runs while it is entered: each operation, and the bytes that it reads and writes, without weights."""

    def __init__(self, weights: Iterable[Tensor]):
        super().__init__()  # type: ignore[no-untyped-call]  # PyTorch's
        self.weights = {each.data_ptr() for each in weights}
        self.operations, self.bytes = Counter[str](), Counter[str]()

    def __torch_dispatch__(self, function: Any, types: Any, arguments: Any = (), keywords: Any = None) -> Any:
        result = function(*arguments, **(keywords or {}))
        name = function.overloadpacket.__name__
        if name not in NO_KERNEL:
            self.operations[name] += 1
            self.bytes[name] += self.moved(arguments) + self.moved(result)
        return result

    def moved(self, values: Any) -> int:
        if isinstance(values, Tensor):
            return 0 if values.data_ptr() in self.weights else values.numel() * values.element_size()
        return sum(map(self.moved, values)) if isinstance(values, (tuple, list)) else 0


def section(size: tuple[int, int] = (128, 96), statistics: Sequence[str] = STATISTICS) -> Iterator[Row]:
    """Counts as on a GPU: bfloat16 features, and Adam on pixels. An operation on several tensors is one, as there."""
    of_gram = 0.0
    for name in statistics:
        counted = of(name, size)
        operations, moved = sum(counted.operations.values()), sum(counted.bytes.values()) / size[0] / size[1] / 1000
        yield f"{name}: operations a step", operations, ""
        yield f"{name}: kB a pixel read and written", moved, ""
        if name == "gram":
            of_gram = moved
            convolved = sum(counted.bytes[each] for each in CONVOLUTIONS) / size[0] / size[1] / 1000
            yield "  of which convolutions: kB a pixel", convolved, ""
        elif of_gram:
            yield f"{name}: bytes over Gram's", moved / of_gram, ""


def of(statistic: str, size: tuple[int, int]) -> Counted:
    width, height = size
    asked = ("loss_weights.calibrate=none", f"image_size.width={width}", f"image_size.height={height}")
    inputs, network = prepared("device=cpu", "precision=bf16", PLAIN[1], *asked, f"style_stat={statistic}")
    step = stepping(inputs, network)
    step()
    before, kernels.CHUNK = kernels.CHUNK, kernels.CHUNK_ON_CARD
    try:
        with Counted(network.vgg.buffers()) as counted:
            step()
    finally:
        kernels.CHUNK = before
    return counted
