"""Shared by all tests: the flag for slow ones, small networks, and commands as a user types them."""

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from stx.vgg import VGG19, Weights
from stx.weights import load_weights

Command = Callable[..., subprocess.CompletedProcess[str]]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--slow", action="store_true", help="run the tests marked slow too")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if not config.getoption("--slow"):
        for item in items:
            if item.get_closest_marker("slow"):
                item.add_marker(pytest.mark.skip(reason="slow; run with --slow"))


@pytest.fixture(scope="session")
def caffe_weights() -> Weights:
    return load_weights("vgg19", None, 0)


@pytest.fixture(scope="session")
def small_vgg() -> VGG19:
    """Random weights, two blocks, float64: fast, and exact enough to compare gradients."""
    return VGG19(load_weights("vgg19_random", None, 0), "max", "conv2_1").double()


@pytest.fixture
def picture() -> Callable[..., torch.Tensor]:
    def make(seed: int, height: int = 24, width: int = 32) -> torch.Tensor:
        return torch.rand(3, height, width, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)

    return make


@pytest.fixture(scope="session")
def new_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """MLflow's tables, empty: making them takes seconds, a copy none."""
    import mlflow

    path = tmp_path_factory.mktemp("store") / "mlflow.db"
    mlflow.MlflowClient(f"sqlite:///{path}").search_experiments()
    return path


@pytest.fixture
def stx(tmp_path: Path, new_database: Path) -> Command:
    """`python -m stx.run ...` in a folder of its own."""
    (tmp_path / "outputs").mkdir()
    shutil.copy(new_database, tmp_path / "outputs" / "mlflow.db")

    def run(*arguments: str, **kwargs: object) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "stx.run", *arguments]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=240, **kwargs)  # type: ignore[call-overload, no-any-return]

    return run


SMALL = ("model=vgg19_random", "image_size.width=48", "image_size.height=32", "optim.steps=3")
"""A run of a second or two."""
