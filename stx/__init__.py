"""stx: what is style, to a convolutional network?"""

import os
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from stx.runs.stylise import stylise as stylise

__version__ = "0.2.0"

# Read by PyTorch at its first allocation: large tensors lie on pages of 2 MB, where Linux has them. New memory costs
# the kernel a fifth of a step at 1024 x 768 otherwise; this saves an eighth of the step.
os.environ.setdefault("THP_MEM_ALLOC_ENABLE", "1")


def __getattr__(name: str) -> Any:
    """`stx.stylise`, when it is asked for: torch takes a second that `stx --help` need not wait for."""
    if name != "stylise":
        raise AttributeError(f"module 'stx' has no attribute {name!r}")
    from stx.runs.stylise import stylise

    return stylise
