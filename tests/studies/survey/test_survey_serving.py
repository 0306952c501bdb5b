"""Where the survey's server listens, and what it wants of the folder."""

import socket
from pathlib import Path

import pytest
from surveys import asked, survey

from stx.errors import UserError
from stx.studies.survey import serving
from stx.studies.survey.key import COLLECTED


def test_it_listens_on_this_machine_alone_unless_it_is_asked_to() -> None:
    with serving.bound(asked(port=0)) as listening:
        assert listening.getsockname()[0] == "127.0.0.1"
    with serving.bound(asked(port=0, host="0.0.0.0")) as listening:
        assert listening.getsockname()[0] == "0.0.0.0"
    assert listening.fileno() == -1


def test_a_port_that_is_taken_and_a_host_that_is_not_here_are_said() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with (
            pytest.raises(UserError, match=f"port={port}: cannot listen there.*Address already in use"),
            serving.bound(asked(port=port)),
        ):
            pass
    with (
        pytest.raises(UserError, match=r"host=192\.0\.2\.1 .*cannot listen"),
        serving.bound(asked(port=0, host="192.0.2.1")),
    ):
        pass


def test_a_folder_without_a_survey_or_with_another_page_is_not_served(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"there is no key\.json"):
        serving.prepared(tmp_path)
    made = survey(tmp_path / "survey")
    assert serving.prepared(tmp_path / "survey") == made.key
    assert (tmp_path / "survey" / COLLECTED).exists()
    survey(tmp_path / "other", questions=10)
    (tmp_path / "other" / "survey.html").replace(tmp_path / "survey" / "survey.html")
    with pytest.raises(UserError, match=r"its survey\.html is missing, or of another survey"):
        serving.prepared(tmp_path / "survey")
