"""A folder says which run it holds, before anything else does, and everything is checked against that."""

import json
import re
import sys
import threading
from pathlib import Path

import pytest
import torch
import yaml
from PIL import Image

from conftest import TINY
from stx.config.compose import composition
from stx.config.digests import sha256
from stx.errors import UserError
from stx.model.prepare import prepare
from stx.runs import identity, resume
from stx.runs.files import CHECKPOINT, CONFIG, LOSSES, OUTPUT, RUN, WRITTEN, alone_in
from stx.runs.job import Job
from stx.runs.make import run

TYPED = (*TINY, "tracking=none", "precision=fp32")


def job(folder: Path, *overrides: str) -> Job:
    config, choices, typed = composition([*TYPED, *overrides])
    return Job(config, folder, choices, typed, quiet=True)


def again(folder: Path, *overrides: str) -> Job:
    return resume.job(str(folder), list(overrides), {"name": "none"})


def pictures(folder: Path) -> tuple[str, str]:
    for name, colour in (("photo.png", "grey"), ("painting.png", "red")):
        Image.new("RGB", (48, 32), colour).save(folder / name)
    return f"content={folder}/photo.png", f"style={folder}/painting.png"


@pytest.mark.parametrize("name", WRITTEN)
def test_a_folder_that_has_a_file_of_a_run_s_names_and_no_run_is_not_begun_in(tmp_path: Path, name: str) -> None:
    identity.refuse_taken(tmp_path)
    (tmp_path / name).write_text("my own")
    with pytest.raises(UserError, match=r"another folder: hydra\.run\.dir="):
        run(job(tmp_path))
    assert (tmp_path / name).read_text() == "my own"


def test_a_link_that_leads_nowhere_is_not_written_through(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / LOSSES).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(UserError, match=r"losses\.csv would be overwritten"):
        run(job(tmp_path / "run"))
    assert not (tmp_path / "elsewhere").exists()


def test_the_record_is_there_before_anything_else_and_says_what_the_run_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("stx.runs.folder.Folder.start", killed)
    content, style = pictures(tmp_path)
    with pytest.raises(KeyboardInterrupt):
        run(job(tmp_path / "out", content, style))
    assert {path.name for path in (tmp_path / "out").iterdir()} == {RUN, ".lock"}
    record = identity.read(tmp_path / "out")
    assert record
    assert len(record.id) == 32
    assert record.overrides == [*TYPED, content, style]
    assert record.files["content"] == sha256(tmp_path / "photo.png") != record.files["style"]
    assert set(record.files) == {"content", "style", "model.weights"}
    assert record.machine["threads"] == torch.get_num_threads()
    assert (record.machine["device"], record.machine["precision"]) == ("cpu", "float32")
    assert "torch" in record.machine["versions"]
    monkeypatch.undo()
    with pytest.raises(UserError, match="holds a run; continue it with resume="):
        run(job(tmp_path / "out", content, style))
    assert run(again(tmp_path / "out")).outcome == "finished"  # from its first step on
    record_later = identity.read(tmp_path / "out")
    assert record_later
    assert (record_later.id, record_later.outcome) == (record.id, "finished")


def test_one_at_a_time_goes_on_with_a_run_without_a_tracker_too(tmp_path: Path) -> None:
    run(job(tmp_path))
    with alone_in(tmp_path):
        refused: list[str] = []

        def second() -> None:
            with pytest.raises(UserError, match="another process is at work") as error:
                run(again(tmp_path, "optim.steps=6"))
            refused.append(str(error.value))

        thread = threading.Thread(target=second)
        thread.start()
        thread.join()
        assert refused
    stale = again(tmp_path, "optim.steps=5")
    run(again(tmp_path, "optim.steps=6"))
    with pytest.raises(UserError, match="another process has continued this run in the meantime"):
        run(stale)
    steps = [line.split(",")[0] for line in (tmp_path / LOSSES).read_text().splitlines()[1:]]
    assert steps == list("123456")


@pytest.mark.parametrize("content", ["", "{", "[]", '"text"', '{"format": 2}', "\0\0\0", "[" * 100_000])
def test_a_damaged_record_is_the_same_message_for_a_start_and_a_resume(tmp_path: Path, content: str) -> None:
    (tmp_path / RUN).write_text(content)
    for act in (lambda: run(job(tmp_path)), lambda: again(tmp_path)):
        with pytest.raises(UserError, match=r"run\.json: damaged, so nothing says which run"):
            act()


FIELDS = [
    ("machine", 3), ("files", [1]), ("resumed", 5), ("overrides", [1, 2]), ("choices", []), ("choices", {}), ("id", 7),
    ("store_from_here", 5), ("outcome", 3), ("config", []), ("more", 1),
]  # fmt: skip


@pytest.mark.parametrize(("field", "value"), FIELDS)
def test_a_record_that_holds_something_else_is_a_message_that_names_it(
    tmp_path: Path, field: str, value: object
) -> None:
    config, choices, typed = composition(TYPED)
    record = identity.new(typed, choices, config, prepare(config), tmp_path)
    identity.write(tmp_path, record._replace(resumed=[{"at": "now"}]))
    assert identity.read(tmp_path) == record._replace(resumed=[{"at": "now"}])
    (tmp_path / RUN).write_text(json.dumps({**json.loads((tmp_path / RUN).read_text()), field: value}))
    with pytest.raises(UserError, match=rf"run\.json: damaged, so nothing says which run .*\({field}\b.*\)\n"):
        identity.read(tmp_path)


def test_a_record_with_a_byte_order_mark_is_read(tmp_path: Path) -> None:
    config, choices, typed = composition(TYPED)
    record = identity.new(typed, choices, config, prepare(config), tmp_path)
    identity.write(tmp_path, record)
    (tmp_path / RUN).write_text((tmp_path / RUN).read_text(), encoding="utf-8-sig")
    assert identity.read(tmp_path) == record._replace(resumed=[])


def test_a_record_of_a_later_version_is_not_read_and_one_of_an_earlier_is(tmp_path: Path) -> None:
    run(job(tmp_path))
    before = json.loads((tmp_path / RUN).read_text())
    (tmp_path / RUN).write_text(json.dumps({**before, "format": 99}))
    with pytest.raises(UserError, match=r"later version of stx \(format 99\)"):
        identity.read(tmp_path)
    (tmp_path / CONFIG).write_text(yaml.safe_dump(before["config"]))
    (tmp_path / RUN).write_text(json.dumps({key: before[key] for key in ("overrides", "choices", "outcome")}))
    record = identity.read(tmp_path)
    assert record
    assert (record.config, record.files) == (before["config"], {})
    assert run(again(tmp_path, "optim.steps=4")).outcome == "finished"
    assert identity.read(tmp_path).files == before["files"]  # type: ignore[union-attr]


@pytest.mark.parametrize("which", ["content", "style", "init.path", "model.weights", "code"])
def test_what_is_another_file_now_is_named(tmp_path: Path, which: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "mine", raising=False)
    monkeypatch.setenv("STX_TRUST", "mine")
    code = tmp_path / "mine.py"
    code.write_text("def mean(features, *, epsilon):\n    return features.mean((1, 2)) + epsilon\n")
    content, style = pictures(tmp_path)
    Image.new("RGB", (48, 32), "blue").save(tmp_path / "start.png")
    given = [
        content,
        style,
        "init=picture",
        f"init.path={tmp_path}/start.png",
        "style_stat=mean_std",
        "style_stat._target_=mine.mean",
    ]
    run(job(tmp_path / "out", *given))
    record = identity.read(tmp_path / "out")
    assert record
    changed = {"content": "photo.png", "style": "painting.png", "init.path": "start.png", "code": "mine.py"}
    if which in changed:
        path = tmp_path / changed[which]
        path.write_bytes(path.read_bytes() + b"\n")
    else:
        identity.write(tmp_path / "out", record._replace(files={**record.files, which: "another"}))
    with pytest.raises(UserError, match=rf"{'code of mine.mean' if which == 'code' else which}.* is not the file that"):
        run(again(tmp_path / "out", "optim.steps=9"))


def test_files_that_two_terms_of_one_function_name_are_all_checked(tmp_path: Path) -> None:
    files = [tmp_path / "x.pt", tmp_path / "y.pt"]
    terms = []
    for number, file in enumerate(files):
        torch.save(torch.full((64, 64, 3, 3), 1.0 + number), file)
        terms += [
            f"+style_stat@style_stat.terms.{file.stem}=cooc_tensor",
            f"style_stat.terms.{file.stem}.filter={file}",
        ]
    config = composition([*TYPED, "loss_weights.style_layers=[conv1_1]", "style_size=same", *terms]).config
    inputs = prepare(config)
    record = identity.Identity("1", [], {}, config.model_dump(), identity.named_files(config, inputs), {})
    name = "filter of stx.stats.cooccurrence.cooc_tensor"
    assert record.files[name].split() == [sha256(file) for file in files]
    identity.refuse_changed(record, identity.named_files(config, inputs), tmp_path)
    for file in files:
        before = file.read_bytes()
        file.write_bytes(before + b"more")
        with pytest.raises(UserError, match=f"{name} is not the file that the run began with"):
            identity.refuse_changed(record, identity.named_files(config, inputs), tmp_path)
        file.write_bytes(before)


def test_other_versions_and_threads_are_said_and_recorded(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    run(job(tmp_path))
    record = identity.read(tmp_path)
    assert record
    identity.write(tmp_path, record._replace(machine={**record.machine, "threads": 64}))
    with caplog.at_level("INFO", "stx"):
        run(again(tmp_path, "optim.steps=4"))
    threads = torch.get_num_threads()
    assert f"different from before: threads 64, now {threads}" in caplog.text
    later = identity.read(tmp_path)
    assert later
    assert [set(entry) for entry in later.resumed] == [{"at", "threads"}]
    assert later.machine["threads"] == threads


def test_a_state_of_another_run_is_a_message(tmp_path: Path) -> None:
    for name in ("one", "other"):
        run(job(tmp_path / name, "guard.keep_state=true"))
    (tmp_path / "one" / CHECKPOINT).write_bytes((tmp_path / "other" / CHECKPOINT).read_bytes())
    with pytest.raises(UserError, match="it is another run's"):
        run(again(tmp_path / "one", "optim.steps=4"))


def test_a_state_of_a_step_that_the_run_has_not_is_a_message(tmp_path: Path) -> None:
    run(job(tmp_path))
    fields = torch.load(tmp_path / CHECKPOINT, weights_only=True)
    torch.save({**fields, "step": 10**9}, tmp_path / CHECKPOINT)
    with pytest.raises(UserError, match="it is of step 1000000000, and the run has 4"):
        run(again(tmp_path, "optim.steps=4"))


def test_a_run_may_be_named_by_a_link_that_leads_elsewhere_meanwhile(tmp_path: Path) -> None:
    run(job(tmp_path / "one"))
    (tmp_path / "latest").symlink_to("one")
    going_on = again(tmp_path / "latest", "optim.steps=4")
    (tmp_path / "latest").unlink()
    assert run(going_on).picture.resolve() == (tmp_path / "one" / OUTPUT).resolve()


def test_a_finished_run_forgets_what_its_optimiser_remembers_unless_it_is_told_to_keep_it(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    sizes = {}
    for keep in ("true", "false"):
        run(job(tmp_path / keep, f"guard.keep_state={keep}"))
        sizes[keep] = (tmp_path / keep / CHECKPOINT).stat().st_size
        with caplog.at_level("INFO", "stx"):
            run(again(tmp_path / keep, "optim.steps=6"))
        assert ("its optimiser starts again" in caplog.text) == (keep == "false")
    assert sizes["false"] < sizes["true"] / 3
    run(job(tmp_path / "whole", "optim.steps=6"))
    losses = {name: (tmp_path / name / LOSSES).read_text().splitlines()[-1].split(",")[1] for name in ("true", "whole")}
    assert losses["true"] == losses["whole"]


def test_a_store_in_a_file_is_the_same_from_every_folder_and_moves_with_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    config, choices, typed = composition([*TINY, "tracking=mlflow"])
    uri = f"sqlite:///{tmp_path}/outputs/mlflow.db"
    assert config.model_dump()["tracking"]["uri"] == uri
    folder = tmp_path / "outputs" / "run"
    folder.mkdir(parents=True)
    (tmp_path / "outputs" / "mlflow.db").touch()
    record = identity.new(typed, choices, config, prepare(config), folder)
    assert identity.store(record, folder) == uri
    (tmp_path / "outputs").rename(tmp_path / "elsewhere")
    assert identity.store(record, tmp_path / "elsewhere" / "run") == f"sqlite:///{tmp_path}/elsewhere/mlflow.db"
    assert identity.store(record, tmp_path / "run") == uri  # there is none beside it
    (tmp_path / "outputs").mkdir()
    (tmp_path / "outputs" / "mlflow.db").touch()
    assert identity.store(record, tmp_path / "elsewhere" / "run") == uri  # it is where it was; what is here is a copy
    server = record._replace(config={"tracking": {"uri": "http://127.0.0.1:9"}}, store_from_here=None)
    assert identity.store(server, folder) == "http://127.0.0.1:9"


def test_code_that_is_another_under_another_path_is_named_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STX_TRUST", "mine")
    for folder, value in (("a", "0"), ("b", "1")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "mine.py").write_text(
            f"def mean(features, *, epsilon):\n    return features.sum() + {value}\n"
        )
    typed = ("style_stat=mean_std", "style_stat._target_=mine.mean")
    with monkeypatch.context() as patch:
        patch.syspath_prepend(tmp_path / "a")
        patch.delitem(sys.modules, "mine", raising=False)
        run(job(tmp_path / "out", *typed))
    monkeypatch.syspath_prepend(tmp_path / "b")
    monkeypatch.delitem(sys.modules, "mine", raising=False)
    with pytest.raises(UserError, match=r"the code of mine\.mean is not the file that"):
        run(again(tmp_path / "out", "optim.steps=9"))


def test_a_run_goes_on_from_any_folder_and_with_its_pictures_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    pictures(tmp_path)
    run(job(Path("out"), "content=photo.png", "style=painting.png"))
    (tmp_path / "sub").mkdir()
    monkeypatch.chdir(tmp_path / "sub")
    assert run(again(Path("../out"), "optim.steps=4")).outcome == "finished"
    (tmp_path / "photo.png").rename("moved.png")
    assert run(again(Path("../out"), "optim.steps=5", "content=moved.png")).outcome == "finished"
    (tmp_path / "sub" / "moved.png").write_bytes((tmp_path / "painting.png").read_bytes())
    with pytest.raises(UserError, match=r"content=\S*moved.png is not the file that"):
        run(again(Path("../out"), "optim.steps=6"))


def test_a_link_to_a_run_s_folder_is_that_folder_whatever_the_link_is_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("outputs").mkdir()
    run(job(Path("outputs/one")))
    again_one = again(Path("outputs/latest"), "optim.steps=4")
    assert again_one.folder == Path("outputs/one")
    run(again_one)
    assert Path("outputs/latest").resolve() == tmp_path / "outputs" / "one"


@pytest.mark.parametrize(("error", "outcome"), [(KeyboardInterrupt, "interrupted"), (ZeroDivisionError, "failed")])
def test_the_record_says_how_a_run_ended_that_was_broken_off(
    tmp_path: Path, error: type[BaseException], outcome: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks(*_: object) -> None:
        raise error

    monkeypatch.setattr("stx.runs.make.coarse_to_fine", breaks)
    with pytest.raises(error):
        run(job(tmp_path))
    record = identity.read(tmp_path)
    assert record
    assert record.outcome == outcome


def test_a_state_that_is_none_leaves_the_record_as_it_is(tmp_path: Path) -> None:
    run(job(tmp_path))
    before = (tmp_path / RUN).read_bytes()
    (tmp_path / CHECKPOINT).write_bytes(b"no state")
    with pytest.raises(UserError, match="not a checkpoint"):
        run(job(tmp_path)._replace(resumed=identity.read(tmp_path)))
    assert (tmp_path / RUN).read_bytes() == before


def test_a_record_edited_by_hand_is_no_run_to_go_on_with(tmp_path: Path) -> None:
    run(job(tmp_path))
    path = tmp_path / RUN
    whole = json.loads(path.read_text())
    for section, option, value in (("loss_weights", "beta", 99.0), ("optim", "steps", 2), ("pooling", "name", "avg")):
        edited = {**whole, "config": {**whole["config"], section: {**whole["config"][section], option: value}}}
        path.write_text(json.dumps(edited))
        with pytest.raises(UserError, match=r"run\.json: its config has been edited"):
            again(tmp_path, "optim.steps=4")
    path.write_text(json.dumps(whole, indent=None, sort_keys=True))  # laid out otherwise, it says the same
    run(again(tmp_path, "optim.steps=4"))


def test_a_run_that_goes_on_says_from_where(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    run(job(tmp_path, "guard.keep_state=true"))
    for steps, said in (
        (4, "continues after step 3\n"),
        (5, "starts again: it has no saved state yet (checkpoint.pt)"),
    ):
        caplog.clear()
        with caplog.at_level("INFO", "stx"):
            run(again(tmp_path, f"optim.steps={steps}"))
        assert said in f"{caplog.text}\n"
        (tmp_path / CHECKPOINT).unlink()


@pytest.mark.parametrize(
    ("before", "after", "named"),
    [
        ("alpha: 1", "alpha: 7", r"config\.yaml differs from run\.json \(loss_weights\.alpha\)"),
        ("alpha:", "alpha: [", r"config\.yaml differs from run\.json \(it holds no config\)"),
        ("alpha:", "alpa:", "it holds no config"),
        ("", "", ""),
    ],
)
def test_a_config_edited_by_hand_is_not_passed_over_in_silence(
    tmp_path: Path, before: str, after: str, named: str, caplog: pytest.LogCaptureFixture
) -> None:
    run(job(tmp_path / "run"))
    path, recorded = tmp_path / "run" / CONFIG, (tmp_path / "run" / CONFIG).read_text()
    assert before in recorded
    path.write_text(recorded.replace(before, after, 1))
    with caplog.at_level("WARNING"):
        run(again(tmp_path / "run", "optim.steps=4"))
    assert re.search(named, caplog.text) if named else "differs" not in caplog.text
    assert yaml.safe_load(path.read_text()) == yaml.safe_load(recorded.replace("steps: 3", "steps: 4"))
