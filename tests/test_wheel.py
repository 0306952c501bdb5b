"""An installed wheel, away from the checkout."""

import os
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest
from PIL import Image

from conftest import TINY

CHECKOUT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(CHECKOUT)]
    subprocess.run(build, check=True, capture_output=True)
    return next(folder.glob("*.whl"))


def test_conf_travels_inside_the_package_and_nowhere_else(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert {"stx/conf/config.yaml", "stx/py.typed"} <= set(names)
    metadata = f"{wheel.name.rsplit('-', 3)[0]}.dist-info"
    assert {name.partition("/")[0] for name in names} == {"stx", "hydra_plugins", metadata}
    ours = {path.relative_to(CHECKOUT / "conf") for path in (CHECKOUT / "conf").rglob("*.yaml")}
    assert {Path(name).relative_to("stx/conf") for name in names if name.startswith("stx/conf/")} == ours


@pytest.mark.slow
def test_the_wheel_runs_from_any_folder(wheel: Path, tmp_path: Path) -> None:
    """Installed without its dependencies, which the environment of the tests lends: a second torch costs minutes."""
    venv.create(tmp_path / "env", symlinks=True)
    python = tmp_path / "env" / "bin" / "python"
    pip = [sys.executable, "-m", "pip", "--python", python]
    subprocess.run([*pip, "install", "-q", "--no-deps", "--no-index", wheel], check=True)
    inner = subprocess.check_output([python, "-c", "import site; print(site.getsitepackages()[0])"], text=True).strip()
    lent = [path for path in sys.path if path.endswith("site-packages")]
    (Path(inner) / "lent.pth").write_text("\n".join(lent))
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}

    def run(*command: str | Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run(command, cwd=elsewhere, env=environment, capture_output=True, text=True, timeout=240)

    where = run(python, "-c", "import stx.config.schema; print(stx.config.schema.CONF)").stdout.strip()
    assert where.startswith(inner)
    done = run(tmp_path / "env" / "bin" / "stx", "run", *TINY, "tracking.plots=true", "style_stat=cooc_vector")
    assert done.returncode == 0, done.stderr
    assert Image.open(elsewhere / done.stdout.strip()).size == (40, 7)
