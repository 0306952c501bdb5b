"""Whatever a thing is called, MLflow takes the name: it says so itself."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mlflow.utils.validation import _validate_metric_name, _validate_param_name, _validate_tag_name

from stx.runs.tracking.names import LONGEST, metric, name, text

SIGNS = st.characters(codec=None) | st.sampled_from("/.: \udce9&")


@given(st.text(SIGNS, max_size=400))
def test_any_name_is_one_that_mlflow_takes(given: str) -> None:
    for validate in (_validate_metric_name, _validate_param_name, _validate_tag_name):
        validate(name(given))
    _validate_metric_name(metric(given))
    assert len(name(given)) <= LONGEST
    name(given).encode()


@pytest.mark.parametrize("usual", ["loss/total", "style_loss/cooc_gram/conv1_1", "measure/ssim", "mlflow.note.content",
                                   "optim.steps", "a b: c-d", "grün"])  # fmt: skip
def test_a_name_that_it_takes_stays(usual: str) -> None:
    assert name(usual) == usual


def test_others_are_told_apart() -> None:
    others = ["grün & α", "grün + α", "..", ".", "", "a//b", "/a", "a/../b", "caf\udce9", "caf\udce8"]
    assert len({name(other) for other in others}) >= len(others) - 1  # nothing and a dot are one
    assert name("style_loss/../conv1_1") == "style_loss/_./conv1_1"


def test_a_metric_is_called_as_everywhere_in_signs_that_it_takes() -> None:
    assert metric("style_loss/conv1_1/grün & α") == "style_loss/conv1_1 grün _26 α"


def test_texts_keep_what_is_utf_8() -> None:
    assert text("café 照片 \U0001f600\n") == "café 照片 \U0001f600\n"
    assert text("caf\udce9") == "caf\\udce9"
    assert text(3) == "3"
