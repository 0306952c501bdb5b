"""The layers of VGG19 by name, and those of the second judge.

This module does not need torch: options name layers, and mistakes in options are reported before torch is imported.
"""

CHANNELS = {1: (64, 64), 2: (128, 128), 3: (256,) * 4, 4: (512,) * 4, 5: (512,) * 4}
"""Output channels of each block's convolutions; a pooling of stride 2 stands between blocks."""

LAYERS: dict[str, int] = {
    f"conv{block}_{index}": channels
    for block, convolutions in CHANNELS.items()
    for index, channels in enumerate(convolutions, start=1)
}
"""Channels of every layer by name, in network order."""

BLOCKS = tuple(f"block{number}" for number in range(16))
"""Blocks of EfficientNet-Lite0, the second judge, in network order."""
