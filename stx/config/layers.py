"""VGG19's layers by name, and those of the second judge.

Without torch: options name them, and mistakes are answered before it is imported.
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
"""EfficientNet-Lite0's, in network order."""
