"""Sheets that have room on MLflow's page."""

from pathlib import Path

import pytest
from PIL import Image

from stx.studies.preview import WIDTH, linked, preview


@pytest.mark.parametrize(("size", "small"), [((1280, 300), (WIDTH, 150)), ((200, 3000), (200, 3000))])
def test_a_copy_is_as_wide_as_there_is_room_for(tmp_path: Path, size: tuple[int, int], small: tuple[int, int]) -> None:
    Image.new("RGB", size).save(tmp_path / "sheet.jpg")
    copy = preview(tmp_path / "sheet.jpg")
    assert copy == tmp_path / "sheet-small.jpg"
    with Image.open(copy) as picture:
        assert picture.size == small


def test_it_leads_to_the_whole_sheet() -> None:
    assert linked("report/sheet.jpg", "pictures", "7") == (
        "[![pictures](get-artifact?path=report/sheet-small.jpg&run_uuid=7)]"
        "(get-artifact?path=report/sheet.jpg&run_uuid=7)"
    )
