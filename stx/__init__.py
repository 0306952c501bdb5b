"""stx: what is style, to a convolutional network?"""

import os
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from stx.runs.stylise import stylise as stylise

__version__ = "0.2.0"

# PyTorch reads this at its first allocation and then puts large tensors on 2 MB pages, if Linux has them. Without it,
# the kernel takes a fifth of a step at 1024 x 768 to provide new memory; with it, a step is an eighth shorter.
os.environ.setdefault("THP_MEM_ALLOC_ENABLE", "1")


def __getattr__(name: str) -> Any:
    """Import `stx.stylise` on first use: torch takes a second, which `stx --help` need not wait for."""
    if name != "stylise":
        raise AttributeError(f"module 'stx' has no attribute {name!r}")
    from stx.runs.stylise import stylise

    return stylise
