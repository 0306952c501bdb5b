"""A server of a few lines in MLflow's place: what a run tells it, who it says that it is, and what answers do to it."""

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from servers import Answer, Asked, Only, serving, tracking

from stx.errors import UserError
from stx.loop.listener import Row
from stx.runs.check import reach_store
from stx.runs.files import JOURNAL, STORED
from stx.runs.tracking import courier, sender, tracker
from stx.runs.tracking.courier import pending
from stx.runs.tracking.sender import deliver
from stx.runs.tracking.tracker import About, mlflow_run

SECRET = "s3/cr#t[%"  # nobody's
BASIC = f"Basic {base64.b64encode(f'bob:{SECRET}'.encode()).decode()}"
LOGINS = ("STX_STORE_PASSWORD", "MLFLOW_TRACKING_USERNAME", "MLFLOW_TRACKING_PASSWORD", "MLFLOW_TRACKING_TOKEN")


@pytest.fixture(autouse=True)
def nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in LOGINS:
        monkeypatch.setenv(name, "")  # so that it is put back
        monkeypatch.delenv(name)
    monkeypatch.setattr(courier, "FIRST_WAIT", 0.02)
    for module in (sender, tracker):
        monkeypatch.setattr(module, "PATIENCE", 1.0)


class Mlflow:
    """As much of a server as a run needs. `login`: the header that it asks for; `broken`: what it answers once, having
    done what it was asked."""

    def __init__(self, login: str = "", broken: dict[str, Answer] | None = None):
        self.login, self.broken = login, dict(broken or {})
        self.runs: list[dict[str, Any]] = []
        self.batches: list[dict[str, Any]] = []

    def __call__(self, asked: Asked) -> Answer:
        if self.login and asked.headers.get("Authorization") != self.login:
            return Answer(401, "You are not authenticated")
        path = asked.path.partition("?")[0].removeprefix("/api/2.0/mlflow/")
        answer = getattr(self, path.replace("/", "_").replace("-", "_"), lambda _: Answer(200, {}))(asked.content)
        return self.broken.pop(path, answer)

    def experiments_get_by_name(self, content: Any) -> Answer:
        return Answer(200, {"experiment": {"experiment_id": "1", "name": "stx", "lifecycle_stage": "active"}})

    def runs_create(self, content: Any) -> Answer:
        info = {"run_id": f"run{len(self.runs)}", "experiment_id": "1", "status": "RUNNING",
                "lifecycle_stage": "active", "artifact_uri": "mlflow-artifacts:/1"}  # fmt: skip
        self.runs.append({"info": info, "data": {"tags": content["tags"]}})
        return Answer(200, {"run": self.runs[-1]})

    def runs_search(self, content: Any) -> Answer:
        return Answer(200, {"runs": self.runs})

    def runs_get(self, content: Any) -> Answer:
        return Answer(200, {"run": self.runs[-1]})

    def runs_log_batch(self, content: Any) -> Answer:
        self.batches.append(content)
        return Answer(200, {})


def told(folder: Path, uri: str) -> None:
    folder.mkdir()
    with mlflow_run(tracking(uri), About("run", {"seed": 0}, {"a": "b"}, "gram", "c", id="key"), folder) as run:
        run.rows([Row(1, 1.0, {"loss/total": 0.5})])
        run.finish("finished", None)
        run.settle()


def written(folder: Path) -> Iterator[str]:
    for path in folder.rglob("*"):
        if path.is_file():
            yield path.read_text(encoding="utf-8")


def test_a_login_in_the_address_opens_the_store_and_is_told_to_nobody(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    store = Mlflow(BASIC)
    with serving(store) as server:
        uri = f"http://bob:{SECRET}@{server.place}"
        reach_store(Only(uri))  # type: ignore[arg-type]
        told(tmp_path / "run", uri)
        assert pending(tmp_path) == []
        assert json.loads((tmp_path / "run" / STORED).read_text())["uri"] == f"http://bob:***@{server.place}"
    assert len(store.runs) == 1
    assert any(point["key"] == "loss/total" for batch in store.batches for point in batch.get("metrics", ()))
    for text in (*written(tmp_path), *(f"{asked.path} {asked.content}" for asked in server.asked), caplog.text):
        assert "s3/cr" not in text
        assert "s3%2Fcr" not in text


@pytest.mark.parametrize(
    ("variables", "login"),
    [
        ({"MLFLOW_TRACKING_USERNAME": "bob", "MLFLOW_TRACKING_PASSWORD": SECRET}, BASIC),
        ({"MLFLOW_TRACKING_TOKEN": "token"}, "Bearer token"),
    ],
)
def test_mlflow_s_own_variables_open_the_store_too_and_what_is_sent_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], login: str
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    store = Mlflow(login)
    with serving(store) as server:
        reach_store(Only(f"http://{server.place}"))  # type: ignore[arg-type]
        told(tmp_path / "run", f"http://{server.place}")
        assert deliver(tmp_path / "run", f"http://bob:***@{server.place}") == ""  # as a run with a login left it
    assert pending(tmp_path) == []


def test_a_login_that_is_wrong_or_missing_is_a_message_with_the_ways_to_give_it(tmp_path: Path) -> None:
    store = Mlflow(BASIC)
    with serving(store) as server:
        for login in ("", "bob:wrong@"):
            with pytest.raises(UserError, match=r"does not know who asks.*MLFLOW_TRACKING_USERNAME") as error:
                reach_store(Only(f"http://{login}{server.place}"))  # type: ignore[arg-type]
            assert "wrong@" not in str(error.value)
        told(tmp_path / "run", f"http://bob:wrong@{server.place}")
        assert pending(tmp_path) == [tmp_path / "run"]  # nothing was set aside
        assert deliver(tmp_path / "run", f"http://bob:{SECRET}@{server.place}") == ""
    assert pending(tmp_path) == []


def test_a_run_that_was_made_before_a_500_is_asked_for_before_another_is(tmp_path: Path) -> None:
    store = Mlflow(broken={"runs/create": Answer(500, {"error_code": "INTERNAL_ERROR", "message": "behind it"})})
    with serving(store) as server:
        told(tmp_path / "run", f"http://{server.place}")
    assert len(store.runs) == 1
    assert pending(tmp_path) == []


def test_what_a_proxy_or_a_busy_server_answers_once_is_tried_again_and_nothing_is_set_aside(tmp_path: Path) -> None:
    store = Mlflow(
        broken={
            "runs/create": Answer(429, "slower", {"Retry-After": "60"}),
            "runs/log-batch": Answer(404, "<html>no server</html>"),
            "runs/update": Answer(502, "<html>bad gateway</html>"),
        }
    )
    with serving(store) as server:
        told(tmp_path / "run", f"http://{server.place}")
    assert pending(tmp_path) == []
    assert not (tmp_path / "run" / "undelivered.jsonl").exists()
    assert (tmp_path / "run" / JOURNAL).exists()
