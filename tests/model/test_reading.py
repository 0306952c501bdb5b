"""A picture too large for the memory there is: refused by its header, and counted where it fits."""

import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from stx.config.compose import composition
from stx.errors import UserError
from stx.model import machine, memory, reading
from stx.model.prepare import prepare
from stx.pictures import images
from stx.runs.stylise import stylise

SMALL = ("model=vgg19_random", "loss_weights.style_layers=[conv1_1]", "loss_weights.content_layers=[conv1_1]")
SIZE = ("image_size.width=32", "image_size.height=24", "tracking=none", "optim.pyramid=[]")


def blank(path: Path, side: int) -> str:
    """A white fax, which is tiny, whatever its size."""
    Image.new("1", (side, side), 1).save(path, compression="group4", tiffinfo={278: side})  # in one strip
    return str(path)


def test_a_small_file_of_a_large_picture_is_refused_before_it_is_decoded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    large = blank(tmp_path / "fax.tif", 12000)
    assert Path(large).stat().st_size < 4000
    monkeypatch.setattr(machine, "memory", lambda: 2e9)
    monkeypatch.setattr(images, "decoded", lambda picture: pytest.fail("it was decoded"))
    for option in ("content", "style"):
        config = composition([*SMALL, *SIZE, f"{option}={large}"]).config
        with pytest.raises(UserError, match=r"fax\.tif' takes about 3\.7 GB of memory.* machine has 2\.0 GB; make it"):
            prepare(config)
    init = composition([*SMALL, *SIZE, "init=picture", f"init.path={large}"]).config
    with pytest.raises(UserError, match=r"fax\.tif' takes about"):
        prepare(init)
    with pytest.raises(UserError, match=r"fax\.tif' takes about"):
        stylise(large, "swirls", *SMALL)


def test_the_second_picture_counts_beside_the_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    name = blank(tmp_path / "a.tif", 1000)
    alone = reading.fitting(name)
    assert alone == memory.PROCESS + 20 * 1000**2
    monkeypatch.setattr(machine, "memory", lambda: alone + 4e6 - 1)
    assert reading.read(name).size == (1000, 1000)
    with pytest.raises(UserError, match="to be read"):
        reading.fitting(name, [Image.new("RGB", (1000, 1000))])


def test_a_picture_that_comes_with_stx_or_is_given_takes_no_reading(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(machine, "memory", lambda: 1e9)
    config = composition([*SMALL, *SIZE, "content=china", "style=swirls"]).config
    mine = Image.new("RGB", (7, 5), "red")
    assert reading.fitting("china") == 0
    content, styles, needed = reading.given(config, {"style": mine})
    assert (content.size, styles, needed) == (images.load("china").size, {"style": mine}, 0)
    large = blank(tmp_path / "fax.tif", 4000)
    needed = memory.PROCESS + 20 * 4000**2
    with pytest.raises(UserError, match=rf"takes about {needed / 1e9:.1f} GB .* this machine has 1\.0 GB; make it"):
        reading.fitting(large)
    monkeypatch.setattr(machine, "memory", lambda: needed)
    assert reading.fitting(large) == needed  # all that there is is enough


def test_what_reading_takes_counts_in_what_a_run_is_expected_to(tmp_path: Path) -> None:
    large = blank(tmp_path / "a.tif", 3000)
    few, many = (prepare(composition([*SMALL, *SIZE, f"style={name}"]).config).memory for name in ("swirls", large))
    content = images.load("china")
    assert few < many == memory.PROCESS + 20 * 3000**2 + 4 * content.width * content.height


PEAK = """
import sys
from stx.pictures import images

def peak():
    return next(1024 * int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmHWM"))

images.load(sys.argv[1])
for name in sys.argv[2:]:
    before = peak()
    images.load(name)
    print(peak() - before, images.memory_to_load(name))
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the system does not say")
def test_reading_takes_no_more_than_is_expected(tmp_path: Path) -> None:
    """In a process of its own, whose peak nothing else has raised; each takes more than the one before."""
    names = []
    for mode in ("1", "RGB", "RGBA", "F"):
        names.append(tmp_path / f"{mode}.tif")
        side = 2000 + 400 * len(names)
        Image.new(mode, (side, side)).save(names[-1])
    Image.new("RGB", (8, 8)).save(tmp_path / "tiny.tif")
    said = subprocess.run(
        [sys.executable, "-c", PEAK, tmp_path / "tiny.tif", *names], capture_output=True, text=True, check=True
    )
    held = 0.0
    for line in said.stdout.splitlines():
        more, expected = map(float, line.split())
        held += more
        assert expected / 6 < held < expected
