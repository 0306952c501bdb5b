"""Which pictures a survey may show: of runs in a folder, and of a comparison's report."""

import json
import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from filelock import FileLock
from surveys import asked

from conftest import SMALL
from stx.config.compose import composition
from stx.config.schema import NoTracking
from stx.errors import UserError
from stx.runs.files import BATCH, CONTENT, LOCK, OUTPUT
from stx.runs.job import Job
from stx.runs.make import run
from stx.runs.selection import selected
from stx.studies.compare import earlier, export
from stx.studies.survey.entries import of_runs, source

NO_STORE = NoTracking(name="none", pictures_every=0, measures_every=0, grad_norms_every=0, plots=False)
SAID = {
    "stx.outcome": "finished", "stx.hardware": "cpu", "stx.versions": "stx", "stx.weights_sha256": "0",
    "image_size.width": "48", "image_size.height": "32", "optim.steps": "3",
}  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two runs by two statistics, and one that only began."""
    folder = tmp_path_factory.mktemp("runs")
    for name in ("gram", "mean_std"):
        config, choices, typed = composition([*SMALL, f"style_stat={name}", "tracking=none"])
        run(Job(config, folder / "runs" / name, choices, typed, quiet=True, name=name))
    (folder / "runs" / "begun").mkdir()
    shutil.copy(folder / "runs" / "gram" / "run.json", folder / "runs" / "begun")
    record = (folder / "runs" / "begun" / "run.json").read_text()
    (folder / "runs" / "begun" / "run.json").write_text(record.replace('"finished"', '"running"'))
    return folder


def test_runs_that_came_to_their_end_are_shown_with_what_they_were_made_of(folder: Path) -> None:
    told = source(str(folder), asked(), NO_STORE)
    assert {entry.method for entry in told.entries} == {"gram", "mean_std"}
    assert told.match == "content"
    assert told.left_out == (
        "1 of 3 runs left out: not finished, with several paintings, or without their pictures, style_stat or "
        "measure/content"
    )
    for entry in told.entries:
        place = folder / "runs" / entry.method
        assert (entry.picture, entry.photograph_file) == (place / OUTPUT, place / CONTENT)
        assert entry.cell[2:] == ("0", "48 x 32")
        assert entry.content == entry.measures["measure/content"] > 0
        assert entry.run


def test_methods_are_told_apart_by_any_param_and_content_by_any_measure(folder: Path) -> None:
    told = source(str(folder), asked(by="optim.steps", match="ssim"), NO_STORE)
    assert {entry.method for entry in told.entries} == {"3"}
    assert all(entry.content == pytest.approx(1 - entry.measures["measure/ssim"]) for entry in told.entries)
    with pytest.raises(UserError, match=r"no run has that param; choose from .* \(did you mean style_stat\?\)"):
        source(str(folder), asked(by="style_stats"), NO_STORE)


def test_a_run_without_its_picture_is_left_out(folder: Path, tmp_path: Path) -> None:
    shutil.copytree(folder, tmp_path / "runs")
    (tmp_path / "runs" / "runs" / "gram" / OUTPUT).unlink()
    told = of_runs(selected(str(tmp_path / "runs"), NO_STORE).runs, asked())
    assert [entry.method for entry in told.entries] == ["mean_std"]


def test_a_run_of_several_paintings_is_left_out_as_a_question_shows_one(folder: Path) -> None:
    runs = selected(str(folder / "runs" / "gram"), NO_STORE).runs
    (one,) = (replace(run, params={**run.params, "style": "a + b.png"}) for run in runs)
    assert len(of_runs([one], asked()).entries) == 1  # that is the name of one
    (folder / "runs" / "gram" / "style_2.png").touch()
    assert of_runs([one], asked()).entries == []
    (folder / "runs" / "gram" / "style_2.png").unlink()


def reported(folder: Path, copy: Path, contents: dict[str, list[float]]) -> Path:
    """A comparison with the two runs in it, whose report says that they are at these contents."""
    shutil.copytree(folder, copy, ignore=shutil.ignore_patterns("begun"))  # which has the id of another
    (copy / "report").mkdir()
    ids = {entry.method: entry.run for entry in source(str(folder), asked(), NO_STORE).entries}
    rows = [
        {"recipe": f"{name}-{n}", "id": f"another-{n}" if n else ids[name], "statistic": name, "photograph": "china",
         "style": "swirls", "seed": "0", "beta": str(n + 1), **SAID, "measure/content": str(content)}
        for name, several in contents.items()
        for n, content in enumerate(several)
    ]  # fmt: skip
    lines = [",".join(rows[0]), *(",".join(row.values()) for row in rows)]
    (copy / "report" / earlier.FILE).write_text("\n".join(lines) + "\n")
    protocol = {
        "statistics": {"gram": "style_stat=gram", "mean_std": "style_stat=mean_std"}, "reference": "gram",
        "photographs": ["china"], "styles": ["swirls"], "seeds": [0], "settings": [], "betas": {"gram": 1}, "runs": 3,
        "tolerance": 0.03,
    }  # fmt: skip
    (copy / "report" / export.FILE).write_text(json.dumps({"protocol": protocol, "match": "content"}))
    return copy


@pytest.mark.parametrize(
    ("contents", "methods"),
    [
        ({"gram": [0.5], "mean_std": [0.51]}, {"gram", "mean_std"}),
        ({"gram": [0.5], "mean_std": [0.6]}, {"gram", "mean_std"}),  # how near is the survey's own tolerance
        ({"gram": [0.5], "mean_std": [0.51, 0.5]}, {"gram"}),  # the nearest is another, whose picture is not here
        ({"gram": [0.5], "mean_std": [0.49, 0.6]}, {"gram", "mean_std"}),
        ({"mean_std": [0.5]}, set()),  # without a reference nothing is at its content
    ],
)
def test_of_a_comparison_each_statistic_s_run_nearest_to_the_reference_is_shown(
    folder: Path, tmp_path: Path, contents: dict[str, list[float]], methods: set[str]
) -> None:
    told = source(str(reported(folder, tmp_path / "compare", contents)), asked(), NO_STORE)
    assert {entry.method for entry in told.entries} == methods
    assert told.by == "statistic"
    as_runs = source(str(tmp_path / "compare"), asked(by="optim.steps"), NO_STORE)
    assert {entry.method for entry in as_runs.entries} == {"3"}


def test_a_comparison_that_is_still_at_work_is_said_to_be(folder: Path, tmp_path: Path) -> None:
    copy = reported(folder, tmp_path / "compare", {"gram": [0.5]})
    (copy / BATCH).write_text("{}")
    lock = FileLock(str(copy / LOCK), is_singleton=False)
    with lock, pytest.raises(UserError, match="it is still at work"):
        source(str(copy), asked(), NO_STORE)
    assert source(str(copy), asked(), NO_STORE).entries


def test_a_report_that_is_none_is_said(folder: Path, tmp_path: Path) -> None:
    copy = reported(folder, tmp_path / "compare", {"gram": [0.5]})
    for text in ("", "[]", '{"protocol": {}}'):
        (copy / "report" / export.FILE).write_text(text)
        with pytest.raises(UserError, match=r"comparison\.json is of no comparison"):
            source(str(copy), asked(), NO_STORE)


def test_a_cut_off_runs_csv_is_named_and_no_option_of_another_command(folder: Path, tmp_path: Path) -> None:
    copy = reported(folder, tmp_path / "compare", {"gram": [0.5]})
    table = copy / "report" / earlier.FILE
    table.write_text(table.read_text()[:60])
    with pytest.raises(UserError) as refused:
        source(str(copy), asked(), NO_STORE)
    assert str(refused.value).startswith(f"{table} is ")
    assert str(refused.value).endswith("; make the report anew")
    assert "earlier=" not in str(refused.value)


def test_runs_with_damaged_files_are_named_and_the_others_are_shown(folder: Path, tmp_path: Path) -> None:
    for number, (name, junk) in enumerate((("run.json", b"{"), (OUTPUT, b"junk"), (CONTENT, b"\x89PNG"))):
        copy = reported(folder, tmp_path / str(number), {"gram": [0.5], "mean_std": [0.5]})
        (copy / "runs" / "gram" / name).write_bytes(junk)
        for told in (
            source(str(copy), asked(), NO_STORE),
            of_runs(selected(str(copy / "runs"), NO_STORE).runs, asked()),
        ):
            assert "damaged or missing: " in told.damaged
            assert f"{copy / 'runs' / 'gram' / name} is damaged" in told.damaged
            assert [entry.method for entry in told.entries] == ["mean_std"]
            assert told.left_out == ""


def test_a_run_whose_folder_is_gone_is_named_by_what_it_was(folder: Path, tmp_path: Path) -> None:
    copy = reported(folder, tmp_path / "compare", {"gram": [0.5], "mean_std": [0.5]})
    shutil.rmtree(copy / "runs" / "gram")
    told = source(str(copy), asked(), NO_STORE)
    assert re.fullmatch(
        r"left out, as files of runs are damaged or missing: run \w{8} \(gram, china · swirls, seed 0\) is missing",
        told.damaged,
    )
    assert told.left_out == ""
    assert source(str(folder), asked(), NO_STORE).damaged == ""
