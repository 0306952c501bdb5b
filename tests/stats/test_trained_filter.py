"""Filters from files: read once each, in the features' type."""

from pathlib import Path

import pytest
import torch

from stx.stats import trained_filter
from stx.stats.trained_filter import trained


def test_each_layers_filter_is_read_once_however_many_there_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trained_filter.read.cache_clear()
    trained_filter.placed.cache_clear()
    files, reads, load = [], [], torch.load
    for channels in (4, 6, 8):
        files.append(str(tmp_path / f"{channels}.pt"))
        torch.save(torch.rand(channels, channels, 3, 3), files[-1])
    monkeypatch.setattr(torch, "load", lambda path, **how: (reads.append(path), load(path, **how))[1])
    for _ in range(3):
        for channels, file in zip((4, 6, 8), files, strict=True):
            assert trained(file, channels).dtype == torch.float32
            assert trained(file, channels, torch.zeros(channels, 1, 1)).shape == (channels, channels, 3, 3)
    assert len(reads) == 3


def test_a_filter_has_the_type_of_the_features_and_a_changed_file_is_read_again(tmp_path: Path) -> None:
    file = tmp_path / "filter.pt"
    torch.save(torch.ones(4, 4, 3, 3), file)
    assert trained(str(file), 4, torch.zeros(4, 1, 1, dtype=torch.float64)).dtype == torch.float64
    torch.save(torch.ones(4, 4, 5, 5), file)
    assert trained(str(file), 4).shape[-1] == 5
