"""One spelling of a metric, wherever it comes from."""

from stx.model.names import metric, place


def test_a_metric_has_one_slash_and_one_heading() -> None:
    assert metric("style_loss/conv1_1/cooc_gram") == "style_loss/conv1_1 cooc_gram"
    assert metric(metric("style_loss/conv1_1/cooc_gram")) == metric("style_loss/conv1_1/cooc_gram")
    assert [metric(name) for name in ("loss/total", "total")] == ["loss/total", "total"]
    assert place("style_2/conv1_1/gram") == "style_2 conv1_1 gram"
