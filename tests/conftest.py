"""Shared by all tests: the flag for slow ones, small networks, and commands as a user types them."""

import multiprocessing
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import pytest
from filelock import FileLock

if "PYTEST_XDIST_WORKER" in os.environ:  # before PyTorch is imported; what the tests start inherits it
    os.environ.setdefault("OMP_NUM_THREADS", "1")

os.environ.pop("MLFLOW_TRACKING_URI", None)  # the tests' stores are their own, in all that they start too
os.environ.pop("MLFLOW_EXPERIMENT_NAME", None)
os.environ.pop("STX_TRUST", None)

import quick_hydra  # noqa: F401
import torch

from stx import __main__ as front
from stx.model.vgg import VGG19, Weights
from stx.model.weights import import_torchvision, load_weights
from stx.runs.tracking import office

Command = Callable[..., subprocess.CompletedProcess[str]]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--slow", action="store_true", help="run the tests marked slow too")
    parser.addoption(
        "--as-typed", action="store_true", help="type the commands of README and docs as they stand: hours"
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if not config.getoption("--slow"):
        for item in items:
            if item.get_closest_marker("slow"):
                item.add_marker(pytest.mark.skip(reason="slow; run with --slow"))


@pytest.fixture(scope="session")
def caffe_weights() -> Weights:
    return load_weights("vgg19", None, 0)


def torchvisions(configuration: str) -> torch.nn.Sequential:
    """The convolutional part of torchvision's VGG19 ("E") or VGG16 ("D"); the rest is six times as large."""
    vgg = import_torchvision().models.vgg
    layers: torch.nn.Sequential = vgg.make_layers(vgg.cfgs[configuration])
    return layers


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

    root = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:  # one for all workers
        root = root.parent
    path = root / "store" / "mlflow.db"
    with FileLock(root / "store.lock"):
        if not path.exists():
            path.parent.mkdir()
            mlflow.MlflowClient(f"sqlite:///{path}").search_experiments()
    return path


SERVER = multiprocessing.get_context("forkserver")
SERVER.set_forkserver_preload(["tests.preloaded"])


def nothing() -> None:
    pass


def piped() -> tuple[SimpleNamespace, tuple[int, int]]:
    """An office's process as it is seen from outside, and the two ends that the inside is to have."""
    (requests, ours), (theirs, answers) = os.pipe(), os.pipe()
    outside = SimpleNamespace(stdin=os.fdopen(ours, "w"), stdout=os.fdopen(theirs), kill=nothing, wait=nothing)
    return outside, (requests, answers)


def office_here() -> SimpleNamespace:
    """In a thread: what a test has changed holds there too, and MLflow is imported once."""
    outside, (requests, answers) = piped()

    def inside() -> None:
        with os.fdopen(answers, "w") as stream:
            office.serve(os.fdopen(requests), office.Serving(stream))

    threading.Thread(target=inside, daemon=True).start()
    return outside


def office_forked() -> SimpleNamespace:
    """For a command that was forked: in a process of its own, as users have it, with the imports done."""
    outside, (requests, answers) = piped()

    def inside() -> None:
        outside.stdin.close()
        outside.stdout.close()
        os.dup2(requests, 0)
        os.dup2(answers, 1)
        sys.stdin = os.fdopen(0)
        office.main()

    process = multiprocessing.get_context("fork").Process(target=inside)
    process.start()
    os.close(requests)
    os.close(answers)
    outside.kill, outside.wait = process.kill, process.join
    return outside


@pytest.fixture(scope="session", autouse=True)
def quick_office() -> Iterator[None]:
    """tests/runs/tracking/test_office.py begins the real one."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(office, "started", office_here)
        yield


def typed(
    arguments: Sequence[str], folder: Path, environment: dict[str, str], before: Callable[[], None] = nothing
) -> None:
    """What `stx ...` does, behind the imports."""
    for stream, name in ((1, "stdout"), (2, "stderr")):
        os.dup2(os.open(folder / f".{name}", os.O_WRONLY | os.O_CREAT | os.O_TRUNC), stream)
    os.environ.clear()
    os.environ.update(environment)
    sys.path[:0] = environment.get("PYTHONPATH", "").split(os.pathsep)
    os.chdir(folder)
    sys.argv = ["stx", *arguments]
    office.started = office_forked  # type: ignore[assignment]
    before()
    try:
        front.main()
    finally:
        office.close()  # a forked process ends without it


class Started:
    """`stx ...` in a folder: a new process each, forked from one that has imported PyTorch and MLflow, which takes
    longer than all else that most of these commands do. tests/test_wheel.py types them into a shell."""

    def __init__(self, folder: Path, *arguments: str, before: Callable[[], None] = nothing):
        """`before`: what the shell does to the process, such as limits; a function of a module."""
        self.folder, self.arguments = folder, arguments
        self.process = SERVER.Process(target=typed, args=(arguments, folder, dict(os.environ), before))
        self.process.start()

    def send_signal(self, number: int) -> None:
        assert self.process.pid
        os.kill(self.process.pid, number)

    def said(self) -> str:
        """On stderr, so far."""
        file = self.folder / ".stderr"
        return file.read_text(encoding="utf-8") if file.exists() else ""

    def ended(self, seconds: float = 240) -> subprocess.CompletedProcess[str]:
        self.process.join(seconds)
        if self.process.is_alive():
            self.process.kill()
            raise TimeoutError(f"stx {' '.join(self.arguments)} does not end")
        out = (self.folder / ".stdout").read_text(encoding="utf-8")
        return subprocess.CompletedProcess(self.arguments, self.process.exitcode or 0, out, self.said())


def command(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return Started(folder, *arguments).ended()


@pytest.fixture(scope="session")
def forkserver() -> None:
    """It takes ten seconds, which are no command's."""
    first = SERVER.Process(target=nothing)
    first.start()
    first.join()


@pytest.fixture
def stx(tmp_path: Path, new_database: Path, forkserver: None) -> Command:
    """`stx run ...` in a folder of its own, with a store."""
    (tmp_path / "outputs").mkdir()
    shutil.copy(new_database, tmp_path / "outputs" / "mlflow.db")
    return partial(command, tmp_path, "run")


SMALL = ("model=vgg19_random", "image_size.width=48", "image_size.height=32", "optim.steps=3", "tracking.plots=false")
"""A run of a second or two: without charts, which take half a second."""
SHALLOW = ("loss_weights.style_layers=[conv1_1,conv2_1]", "loss_weights.content_layers=[conv2_1]")
"""For runs of many steps, where the layers do not matter."""
TINY = ("model=vgg19_random", "image_size.width=40", "image_size.height=7", "optim.steps=3", "tracking.plots=false",
        *SHALLOW)  # fmt: skip
"""Half a second, where measures do not matter either: pictures as small as that are not judged."""
