"""stx: what is style, to a convolutional network?"""

import os

__version__ = "0.1.0"

# Read by PyTorch at its first allocation: large tensors lie on pages of 2 MB, where Linux has them. New memory costs
# the kernel a fifth of a step at 1024 x 768 otherwise; this saves an eighth of the step.
os.environ.setdefault("THP_MEM_ALLOC_ENABLE", "1")
