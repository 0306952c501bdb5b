"""Statistics of a protocol compose to settings of their own; whose options do not is named."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from stx.config.compose import HydraException
from stx.config.schema import CONF
from stx.config.search_path import override_of
from stx.errors import UserError
from stx.studies.compare.distinct import refuse
from stx.studies.compare.protocol import Protocol, load

GRAM = {"gram": "style_stat=gram"}


def protocol(statistics: Mapping[str, str], settings: Sequence[str] = ()) -> Protocol:
    return Protocol(
        statistics={**GRAM, **statistics},
        reference="gram",
        photographs=["a.png"],
        styles=["x.png"],
        seeds=[0],
        settings=["image_size=small", *settings],
        betas={"gram": 3},
        runs=1,
        tolerance=0.1,
    )


@pytest.mark.parametrize("name", sorted(file.stem for file in (CONF / "protocol").glob("*.yaml")))
def test_every_protocol_of_stx_passes(name: str) -> None:
    refuse(load(name, {}), "", [])


@pytest.mark.parametrize("words", ["style_stat=gram", "style_stat=gram optim.steps=7", "style_stat=mine"])
def test_two_statistics_of_the_same_settings_are_refused(tmp_path: Path, words: str) -> None:
    (tmp_path / "style_stat").mkdir()
    (tmp_path / "style_stat" / "mine.yaml").write_text((CONF / "style_stat" / "gram.yaml").read_text())
    with pytest.raises(UserError, match=r"^here: statistics: gram and mine are the same; leave one of them out$"):
        refuse(protocol({"mine": words}), "here", [override_of(tmp_path), "optim.steps=7"])


def test_statistics_may_differ_in_steps_or_in_anything_but_their_size(tmp_path: Path) -> None:
    refuse(protocol({"longer": "style_stat=gram optim.steps=7", "scaled": "style_stat=gram style_scale=2"}), "", [])
    (tmp_path / "experiment").mkdir()
    for name, text in (("wide", "image_size:\n  width: 300\n"), ("tile", "tile: true\n")):
        (tmp_path / "experiment" / f"{name}.yaml").write_text(f"# @package _global_\n{text}")
    place = override_of(tmp_path)
    with pytest.raises(
        UserError, match=r"statistics\.mine: image_size\.width is 300, and gram's 256: all must be equal"
    ):
        refuse(protocol({"mine": "style_stat=mean_std +experiment=wide"}), "here", [place])
    with pytest.raises(UserError, match=r"statistics\.gram: tile=true: the measures of a comparison expect"):
        refuse(protocol({}, ["+experiment=tile"]), "here", [place])


@pytest.mark.parametrize(
    ("words", "settings", "answer"),
    [
        ("style_stat=mean_std foo.bar=3", [], r"^here: statistics\.mine: there is no option foo\.bar"),
        ("style_stat=mean_std +style_stat.radios=3", [], r"^here: statistics\.mine: there is no option style_stat\."),
        ("style_stat=mean_stb", [], r"^here: statistics\.mine: style_stat=mean_stb"),
        ("style_stat=null", [], r"^here: statistics\.mine: style_stat=null: choose from"),
        ("style_stat=mean_std", ["optim.stepz=3"], r"^here: settings: there is no option optim\.stepz"),
        ("style_stat=mean_std", ["optim.steps=-3"], r"^here: settings: optim\.steps=-3: should be"),
    ],
)
def test_what_does_not_compose_is_named_with_its_place(words: str, settings: list[str], answer: str) -> None:
    with pytest.raises(UserError, match=answer):
        refuse(protocol({"mine": words}, settings), "here", [])


def test_what_is_typed_is_not_blamed_on_the_protocol(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(HydraException):
        refuse(protocol({}), "here", ["foo.bar=3"])
    with pytest.raises(UserError, match=r"^optim\.steps=-1: "):
        refuse(protocol({}), "here", ["optim.steps=-1"])
    refuse(protocol({"mine": "style_stat=gram optim.beta1=0.5"}), "here", ["optim=adam"])  # composes together
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "")
    with pytest.raises(UserError, match=r"^tracking\.uri= is empty"):
        refuse(protocol({}), "here", [])
