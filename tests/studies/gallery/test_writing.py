"""One file, that holds what it is told and nothing of which could act."""

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from many_runs import HOSTILE, folder

from stx.errors import UserError
from stx.runs.selection import Selection
from stx.runs.shown import of_folder
from stx.studies.gallery.sides import LARGEST
from stx.studies.gallery.writing import MARK, inert, is_gallery, place, write


def test_hostile_names_are_inert_and_come_back_as_they_are(tmp_path: Path) -> None:
    run = replace(of_folder(folder(tmp_path, 0, (64, 48))), name=HOSTILE, message=HOSTILE, params={HOSTILE: HOSTILE},
                  command=HOSTILE, outcome=HOSTILE)  # fmt: skip
    write(Selection(HOSTILE, [run]), tmp_path / "page.html")
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert "alert(1)</script>" not in page
    assert "\u2028" not in page.partition('id="content">')[2]
    assert page.count("<script>") == 1
    content = json.loads(page.partition('id="content">')[2].partition("</script>")[0])
    (one,) = content["runs"]
    assert one["name"] == one["command"] == one["params"][HOSTILE] == HOSTILE


def test_a_sweep_s_best_run_is_told_to_the_page_and_that_of_other_selections_is_not(tmp_path: Path) -> None:
    runs = [of_folder(folder(tmp_path, number, (64, 48))) for number in range(3)]
    measured = [
        replace(run, metrics={"measure/style_distance": style, "measure/content": content})
        for run, style, content in zip(runs, (0.1, 0.2, 0.3), (0.9, 0.5, 0.4), strict=True)
    ]
    for sweep, expected in ((True, [False, True, False]), (False, [False, False, False])):
        write(Selection("Sweep", measured, sweep), tmp_path / "page.html")
        page = (tmp_path / "page.html").read_text(encoding="utf-8")
        content = json.loads(page.partition('id="content">')[2].partition("</script>")[0])
        assert [run["best"] for run in content["runs"]] == expected


def test_the_page_names_nothing_beyond_itself(tmp_path: Path) -> None:
    write(Selection("Runs", [of_folder(folder(tmp_path, 0, (64, 48)))]), tmp_path / "page.html")
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    outside = re.findall(r"\b(?:src|href|action)\s*=\s*[\"']?(?!data:)[^\"' >]+|url\([^)]*\)|@import", page)
    assert outside == []
    assert "default-src 'none'" in page


def test_a_page_of_no_runs_and_one_with_names_that_are_no_text_are_written(tmp_path: Path) -> None:
    written = write(Selection("Experiment \udcff", []), tmp_path / "deep" / "page.html")
    assert (written.without, written.sides, written.shrunk) == (0, LARGEST, False)
    assert is_gallery(tmp_path / "deep" / "page.html")
    assert json.loads(inert(["\udcff<"])) == ["\udcff<"]


def test_the_same_runs_give_the_same_bytes(tmp_path: Path) -> None:
    runs = [of_folder(folder(tmp_path, number, (64, 48), along=2)) for number in range(2)]
    for name in ("a.html", "b.html"):
        write(Selection("Runs", runs), tmp_path / name)
    assert (tmp_path / "a.html").read_bytes() == (tmp_path / "b.html").read_bytes()


def test_output_names_a_file_or_a_folder_and_never_what_is_somebody_s(tmp_path: Path) -> None:
    assert place(str(tmp_path / "a.html")) == tmp_path / "a.html"
    assert place(str(tmp_path / "new")) == tmp_path / "new" / "gallery.html"
    (tmp_path / "folder.html").mkdir()
    assert place(str(tmp_path / "folder.html")) == tmp_path / "folder.html" / "gallery.html"
    (tmp_path / "a.html").write_text(f"<!DOCTYPE html>{MARK}")
    assert place(str(tmp_path / "a.html")) == tmp_path / "a.html"
    (tmp_path / "mine.html").write_text("<p>mine")
    (tmp_path / "notes.txt").write_text("mine")
    (tmp_path / "taken" / "gallery.html").mkdir(parents=True)
    for output, said in (
        ("mine.html", "is not a gallery and would be overwritten"),
        ("notes.txt", "is a file; name a folder"),
        ("notes.txt/page.html", "is a file; name a folder"),
        ("taken", "is a folder; name another"),
    ):
        with pytest.raises(UserError, match=said):
            place(str(tmp_path / output))
    assert (tmp_path / "mine.html").read_text() == "<p>mine"
