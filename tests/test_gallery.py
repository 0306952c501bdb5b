"""`stx gallery` as one types it, on a sweep of two runs and their store."""

import json
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from conftest import TINY, Command, command
from stx.gallery import which


def runs_of(page: Path) -> list[Any]:
    text = page.read_text(encoding="utf-8").partition('id="content">')[2].partition("</script>")[0]
    return list(json.loads(text)["runs"])


@pytest.mark.parametrize("words", [[], ["mine"], ["params.uri='x'"], ["tags.output=1"], ["metrics.loss/total < 3"]])
def test_a_filter_without_spaces_is_no_option(words: list[str]) -> None:
    assert which(words) == "".join(words)


def test_a_sweep_is_a_page_by_its_experiment_its_folder_its_parent_and_a_filter(tmp_path: Path, stx: Command) -> None:
    swept = stx("--multirun", "style_stat=gram,mean_std", *TINY, "hydra.sweep.dir=outputs/sweeps/one")
    assert swept.returncode == 0, swept.stderr
    gallery: Command = partial(command, tmp_path, "gallery")
    shown = gallery()
    assert (shown.returncode, shown.stdout) == (0, "outputs/gallery.html\n"), shown.stderr
    assert "Experiment stx: 2 runs" in shown.stderr
    whole = runs_of(tmp_path / "outputs" / "gallery.html")
    assert [run["params"]["style_stat"] for run in whole] == ["gram", "mean_std"]
    assert all(run["picture"] and run["losses"]["total"] and len(run["given"]) == 2 for run in whole)
    assert whole[0]["command"].startswith("stx run ")
    assert whole[0]["link"][1].endswith(f"--backend-store-uri sqlite:///{tmp_path}/outputs/mlflow.db")
    (parent,) = json.loads((tmp_path / "outputs" / "sweeps" / "one" / "batch.json").read_text())["runs"]
    for name in ("output", "tracking-mine"):
        (tmp_path / name).symlink_to(tmp_path / "outputs" / "sweeps" / "one")
    for words, expected in (
        (("outputs/sweeps/one", "tracking=none", "output=page.html"), ["gram", "mean_std"]),
        ((parent, "output=page.html"), ["gram", "mean_std"]),  # in the place of the page before, which is one of these
        (("params.style_stat = 'gram'", "output=page.html"), ["gram"]),
        (("params.style_stat = 'none'", "output=page.html"), []),
        (("output", "output=page.html"), ["gram", "mean_std"]),  # a folder, and no option without a value
        (("tracking-mine", "output=page.html"), ["gram", "mean_std"]),
    ):
        shown = gallery(*words)
        assert (shown.returncode, shown.stdout) == (0, "page.html\n"), shown.stderr
        assert [run["params"]["style_stat"] for run in runs_of(tmp_path / "page.html")] == expected
    assert "Sweep tracking-mine: 2 runs" in shown.stderr
