"""from_picture=: the command of a run, out of its picture."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from conftest import TINY, command
from stx.config.compose import composition
from stx.config.schema import CONF, Config
from stx.config.typed import as_typed
from stx.errors import UserError
from stx.pictures import images
from stx.pictures.description import described, exif
from stx.runs import identity, provenance
from stx.runs.repeat import repeated

Change = Callable[[dict[str, Any]], object]


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def nothing(fields: dict[str, Any]) -> None:
    pass


def picture(*typed: str, change: Change = nothing, files: tuple[str, ...] = ()) -> str:
    """One that says of a run of these overrides, which was not made."""
    config, choices, overrides = composition([*typed])
    run = identity.Identity(
        "1" * 32, overrides, dict(choices), config.model_dump(mode="json", by_alias=True),
        files={option: identity.of_picture(getattr(config, option)) for option in files},
        machine={"versions": identity.versions()}, begun_in=str(Path.cwd()),
    )  # fmt: skip
    whole = json.loads(provenance.text(run))
    change(whole["stx"])
    images.save(Image.new("RGB", (8, 6)), "out.png", exif=exif(json.dumps(whole)))
    return "from_picture=out.png"


def config(*typed: str) -> Config:
    return composition(list(typed)).config


STATISTICS = sorted(file.stem for file in (CONF / "style_stat").glob("*.yaml"))


@pytest.mark.parametrize(
    "typed",
    [
        (),
        ("seed=3", "optim.steps=7", "loss_weights.beta=1e-5", "optim=adam", "style_scale=1.5"),
        ("init=picture", "init.path=it's=a (1), ${b}.png", "image_size.long_side=96", "precision=fp32"),
        ("style_stat=cooc_vector", "style_stat.threshold=mean", "style_stat.radius=3", "prior=none"),
        ("style_stat=gram", "+style_stat.weight=2", "+style_stat.layers=[conv1_1,conv2_1]", "colour=match"),
        ("+experiment=gatys2016", "optim.steps=9"),
        ("+experiment=thesis/e06_gram_cooc_vector",),
        ("style=[swirls,mosaic]", "style_mix=[2,1]", "masks.content=china", "masks.style=[swirls,mosaic]"),
        ("+experiment=peers/style_transfer_pytorch", "style=[swirls]"),
        ("loss_weights=thesis", "loss_weights.style_weights=[1,2,3,4,5]", "optim.pyramid=[10,5]", "optim.steps=40"),
        *((f"style_stat={name}",) for name in STATISTICS),
    ],
    ids=lambda typed: " ".join(typed),
)
def test_whatever_was_typed_comes_to_the_same_config_again(typed: tuple[str, ...]) -> None:
    Path("it's=a (1), ${b}.png").write_bytes(b"a picture")
    quoted = as_typed(typed)
    assert config(*repeated([picture(*quoted)])) == config(*quoted)


def test_what_is_typed_beside_it_wins() -> None:
    asked = picture("style_stat=cooc_vector", "style_stat.radius=3", "seed=3", "loss_weights.alpha=2")
    assert config(*repeated([asked, "seed=4", "style_stat.radius=2"])) == config(
        "style_stat=cooc_vector", "style_stat.radius=2", "seed=4", "loss_weights.alpha=2"
    )
    assert config(*repeated(["style_stat=gram", asked])) == config("style_stat=gram", "seed=3", "loss_weights.alpha=2")
    assert config(*repeated([asked, "loss_weights={beta: 3}"])) == config(
        "style_stat=cooc_vector", "style_stat.radius=3", "seed=3", "loss_weights.alpha=2", "loss_weights.beta=3"
    )


def test_a_sweep_begins_from_a_picture_as_from_what_was_typed() -> None:
    asked = picture("seed=3", "loss_weights.beta=2", "optim.steps=7")
    typed = repeated(["--multirun", asked, "loss_weights.beta=1,5"])
    assert sorted(typed) == sorted(["--multirun", "loss_weights.beta=1,5", "seed=3", "optim.steps=7"])


@pytest.mark.parametrize("where", [("--config-dir", "mine"), ("hydra.searchpath=[mine]",)], ids=" ".join)
def test_an_option_of_one_s_own_is_looked_for_where_one_says(where: tuple[str, ...]) -> None:
    (Path("mine") / "style_stat").mkdir(parents=True)
    Path("mine/style_stat/own.yaml").write_text("_target_: stx.stats.mean_std\nepsilon: 0.5\n")
    asked = picture("hydra.searchpath=[mine]", "style_stat=own")
    assert repeated([asked, *where]) == ["style_stat=own", *where]
    with pytest.raises(UserError, match="style_stat=own: choose from"):
        repeated([asked])


def test_another_command_line_is_left_alone() -> None:
    for typed in (["seed=3", "--multirun"], ["from_picture=null", "seed=3"]):
        assert repeated(typed) == typed


def test_a_file_is_looked_for_where_the_run_began_and_is_to_be_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Image.effect_noise((64, 48), 80).save("photo.png")
    asked = picture("content=photo.png", files=("content", "style"))
    assert config(*repeated([asked])).content == "photo.png"
    (tmp_path / "below").mkdir()
    monkeypatch.chdir(tmp_path / "below")
    moved = asked.replace("out.png", "../out.png")
    Image.effect_noise((64, 48), 80).save("photo.png")  # another one, which is not taken for the run's
    assert config(*repeated([moved])).content == str(tmp_path / "photo.png")
    Path("photo.png").unlink()
    Image.effect_noise((64, 48), 80).save("../photo.png")
    with pytest.raises(UserError, match=r"content=photo\.png is not the file that the picture was made from"):
        repeated([moved])
    assert config(*repeated([moved, "content=../photo.png"])).content == "../photo.png"  # as one says so
    Path("../photo.png").unlink()
    with pytest.raises(UserError, match=r"content=photo\.png: that file is gone; put it back, or name another"):
        repeated([moved])
    Path("../photo.png").mkdir()
    with pytest.raises(UserError, match=r"content=photo\.png: that is no file"):
        repeated([moved])


def test_each_of_several_styles_is_looked_for_where_the_run_began(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Image.effect_noise((40, 30), 50).convert("RGB").save("a, b (1).png")
    Path("run").mkdir()
    monkeypatch.chdir("run")
    Image.effect_noise((40, 30), 60).convert("RGB").save("c.png")
    source = picture("style=[swirls,c.png,'../a, b (1).png']")
    assert config(*repeated([source])).style == ["swirls", "c.png", "../a, b (1).png"]
    monkeypatch.chdir(here)
    again = config(*repeated([f"from_picture={here / 'run' / 'out.png'}"])).style
    assert again == ["swirls", str(here / "run" / "c.png"), str(here / "run" / "../a, b (1).png")]
    (here / "run" / "c.png").unlink()
    with pytest.raises(UserError, match=r"style_2=c.png: that file is gone"):
        repeated([f"from_picture={here / 'run' / 'out.png'}"])


def test_other_versions_are_said(capfd: pytest.CaptureFixture[str]) -> None:
    repeated([picture(change=lambda run: run["machine"].update(versions="stx 0.0.1"))])
    assert re.search("made with stx 0.0.1; now python .* its last digits may differ", capfd.readouterr().err)
    repeated([picture()])
    assert capfd.readouterr().err == ""
    repeated([picture(change=lambda run: run["machine"].update(versions="\x1b[2Jgone"))])
    assert "made with ?[2Jgone; now" in capfd.readouterr().err


def set_(option: str, value: Any) -> Change:
    def change(run: dict[str, Any]) -> None:
        *sections, last = option.split(".")
        place = run["config"]
        for section in sections:
            place = place[section]
        place[last] = value

    return change


@pytest.mark.parametrize(
    ("change", "answer"),
    [
        (set_("hydra", {"run": {"dir": "/tmp/x"}}), "there is no option hydra"),
        (set_("seed", -1), "seed=-1: should be greater than or equal to 0"),
        (set_("nonsense", 1), "there is no option nonsense"),
        (set_("prior.a=b", 1), "'prior.a=b' is no name of an option"),
        (set_("prior.weight", "${oc.env:HOME}"), "weight"),
        (lambda run: run["config"].pop("optim"), "no config"),
        (lambda run: run["choices"].update(style_stat="nothing"), "style_stat=nothing: choose from"),
        (lambda run: run["choices"].update(colour="null"), "colour=null: choose from"),
    ],
)
def test_a_config_that_is_none_of_this_stx_is_a_message(change: Change, answer: str) -> None:
    with pytest.raises(UserError, match=f"from_picture=out.png: .*{answer}"):
        repeated([picture(change=change)])


def test_a_crafted_picture_sets_neither_store_nor_files_nor_anything_of_hydra_s() -> None:
    def craft(run: dict[str, Any]) -> None:
        run["config"] |= {
            "tracking": {**config().model_dump(mode="json")["tracking"], "uri": "sqlite:///theirs.db"},
            "output": {**config().output.model_dump(), "file": "precious.jpg"},
        }
        run["overrides"] = ["hydra.run.dir=/tmp/theirs", "tracking.uri=sqlite:///theirs.db", "output.file=precious.jpg"]
        run["choices"] |= {"hydra/launcher": "joblib", "tracking": "none", "model": "../../theirs", "guard": "stop"}

    assert repeated([picture("seed=3", change=craft)]) == ["seed=3"]


def test_an_interpolation_in_a_picture_stays_text(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PRIVATE", "s3cret")
    name = "${oc.env:PRIVATE}.png"
    Path(name).write_bytes(b"a picture")
    assert config(*repeated([picture(change=set_("content", name))])).content == name


def test_a_function_that_is_not_published_is_refused_as_if_it_were_typed() -> None:
    Path("precious").touch()

    def craft(run: dict[str, Any]) -> None:
        run["config"]["prior"]["_target_"] = "os.remove"

    done = command(Path.cwd(), "run", picture(*TINY, change=craft), "tracking=none")
    assert done.returncode == 2
    assert "_target_=os.remove: a YAML may call functions of stx" in done.stderr
    assert Path("precious").exists()


def test_a_run_is_repeated_to_the_same_pixels_as_a_new_run(tmp_path: Path) -> None:
    Image.effect_noise((90, 60), 80).convert("RGB").save("my photo.png")
    first = command(
        tmp_path, "run", *TINY, "tracking=none", "content=my photo.png", "seed=3", "init=noise", "output.file=out.jpg",
        "hydra.run.dir=first",
    )  # fmt: skip
    assert first.returncode == 0, first.stderr
    assert first.stdout == "out.jpg\n"
    for source in ("out.jpg", "first/output.png"):
        again = command(tmp_path, "run", f"from_picture={source}", "tracking=none")
        assert again.returncode == 0, again.stderr
        np.testing.assert_array_equal(
            np.asarray(Image.open(again.stdout.strip())), np.asarray(Image.open("first/output.png"))
        )
        says, said = (json.loads(described(path))["stx"] for path in (again.stdout.strip(), source))
        assert says["config"] == said["config"]
        assert says["id"] != said["id"]


@pytest.mark.parametrize("typed", ["resume=last", "+experiment=gatys2016"])
def test_what_says_otherwise_which_run_it_is_is_refused(typed: str) -> None:
    with pytest.raises(UserError, match=r"from_picture= says which run it is; leave one of them out"):
        repeated([picture(), typed])


def test_one_picture_at_a_time() -> None:
    for typed in (["from_picture=a.png,b.png"], ["from_picture=a.png", "from_picture=b.png"]):
        with pytest.raises(UserError, match="one picture at a time"):
            repeated(typed)
