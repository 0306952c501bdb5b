"""A mistake in a function of the user's is told with its line."""

from pathlib import Path

import pytest

from conftest import Command


def test_an_error_of_the_user_s_own_function_names_its_file_and_line(
    stx: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "conf" / "style_stat").mkdir(parents=True)
    (tmp_path / "conf" / "style_stat" / "oops.yaml").write_text("_target_: faulty.oops\n")
    (tmp_path / "faulty.py").write_text("def oops(features):\n    return features @ features\n")
    monkeypatch.setenv("STX_TRUST", "faulty")
    done = stx("--config-dir", "conf", "style_stat=oops", "model=vgg19_random", "image_size=small")
    assert done.returncode == 2
    assert "faulty.py, line 2)" in done.stderr, done.stderr
