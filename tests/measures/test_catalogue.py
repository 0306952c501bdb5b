"""A held-out measure is one function and one YAML."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from stx.errors import UserError
from stx.measures import catalogue
from stx.measures.distances import noise
from stx.measures.judge import circular, measures


@pytest.fixture
def conf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    shutil.copytree(catalogue.CONF / "measure", tmp_path / "measure")
    monkeypatch.setattr(catalogue, "CONF", tmp_path)
    catalogue.catalogue.cache_clear()
    yield tmp_path / "measure"
    catalogue.catalogue.cache_clear()


def test_a_yaml_alone_adds_a_measure_with_its_baseline_label_and_circle(conf: Path) -> None:
    (conf / "mean_error.yaml").write_text(
        "_target_: stx.measures.distances.root_mean_square\nto: content\nlayers: [picture, conv1_1]\nlabel: error\n"
        "each: true\nof: [similarities]\n"
    )
    picture, content, style = torch.rand(3, 3, 16, 24, generator=torch.Generator().manual_seed(0))
    judged = measures(picture, content, style)
    pixels = (picture - content).square().mean().sqrt()
    assert judged["measure/mean_error_picture"] == pytest.approx(float(pixels))
    both = judged["measure/mean_error_picture"] + judged["measure/mean_error_conv1_1"]
    assert judged["measure/mean_error"] == pytest.approx(both / 2)
    assert judged["baseline/mean_error_picture"] == pytest.approx(float((style - content).square().mean().sqrt()))
    assert catalogue.labels()["measure/mean_error"] == "error"
    assert circular("measure/mean_error", {"similarities"}, ["conv1_1"], ["conv5_1"]) == "wholly"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("to: content\nlayers: [conv4_3]", "_target_"),
        ("_target_: stx.measures.distances.relative\nto: somewhere\nlayers: [conv4_3]", "to"),
        ("_target_: stx.measures.distances.relative\nto: style\nlayers: [conv9_9]", "conv9_9"),
        (
            "_target_: stx.measures.distances.relative\nto: style\nlayers: [conv1_1]\nof: [averages]",
            "of=averages: choose from means, ",
        ),
        ("_target_: stx.measures.distances.relative\nto: style\nlayers: [conv1_1]", "of"),
        ("_target_: stx.measures.distances.relativ\nto: style\nlayers: [conv4_3]\nof: []", "relativ"),
    ],
)
def test_a_yaml_that_names_no_measure_is_a_message(conf: Path, text: str, said: str) -> None:
    (conf / "bad.yaml").write_text(text)
    with pytest.raises(UserError, match=said) as refused:
        catalogue.catalogue()
    assert "bad" in str(refused.value)


def test_what_tables_show_is_to_the_style_then_to_the_content_then_noise() -> None:
    shown = list(catalogue.labels())
    assert shown.index("measure/gram") < shown.index("measure/cfsd") < shown.index("measure/noise_luma")
    assert "measure/pixels" not in shown


def test_each_measure_is_toward_one_picture_or_both_with_names_for_its_parts() -> None:
    by_picture = [catalogue.toward(picture) for picture in ("style", "content", "both")]
    assert sorted(name for measures in by_picture for name in measures) == list(catalogue.catalogue())
    assert all(by_picture)
    assert catalogue.catalogue()["noise"].names("noise") == ("noise_luma", "noise_chroma")
    assert catalogue.catalogue()["gram"].names("gram") == ("gram",)
    labels = catalogue.labels()
    assert labels["measure/noise_luma"].endswith(", luma")
    assert labels["measure/noise_chroma"].endswith(", chroma")
    assert catalogue.catalogue()["noise"].distance.func is noise
