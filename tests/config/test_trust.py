"""Functions that a YAML may name: what is published for it, and not imported before that is known."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from stx.config.functions import bind
from stx.config.schema import CONF, Call
from stx.config.trust import OFFERING, published
from stx.errors import UserError


def call(target: str, **arguments: object) -> Call:
    return Call.model_validate({"_target_": target, **arguments})


@pytest.mark.parametrize(
    "target",
    [
        "os.system",
        "builtins.eval",
        "stxx.f",
        "stx.run.os.system",
        "stx.pictures.images.os.remove",
        "stx.pictures.images.load",
        "stx.atomic.write",
        "stx.runs.tracking.store.folder_of",
        "stx.stats.wasserstein.math.sqrt",
        "stx.stats:gram",
        "stx.stats",
        "stx.measures.judge.Judge",
        "torch.load",
        "torch.nn.Module",
        "torch.nn.functional.torch.load",
        "torch.nn.modules.module.torch.hub.load",
    ],
)
def test_what_is_not_published_for_a_yaml_is_refused(target: str) -> None:
    with pytest.raises(UserError, match=r"^style_stat\._target_=.* a YAML may call functions of stx and torch"):
        bind(call(target), "style_stat", given=())


@pytest.mark.parametrize(
    "target",
    [
        "stx.stats.annotations",
        "stx.stats.__all__",
        "stx.loop.optimisers.Callable",
        "stx.loop.optimisers.Optimiser",
        "stx.measures.distances.structural_similarity",
        "stx.measures.distances.gram",
        "torch.nn.functional.relu",
        "torch.nn.functional.importlib",
        "stx.stats.",
    ],
)
def test_what_a_publishing_module_holds_beside_is_refused(target: str) -> None:
    with pytest.raises(UserError, match="no function of that name can be imported from what"):
        bind(call(target), "style_stat", given=())


def test_a_misspelt_name_is_answered_with_the_nearest() -> None:
    with pytest.raises(UserError, match=r"stx\.stats publishes \(did you mean gram\?\)"):
        bind(call("stx.stats.gramm"), "style_stat", given=())


@pytest.mark.parametrize(
    "target",
    [
        "torch.nn.functional.mse_loss",
        "torch.nn.functional.l1_loss",
        "torch.nn.functional.smooth_l1_loss",
        "torch.nn.functional.huber_loss",
        "torch.nn.functional.binary_cross_entropy",
    ],
)
def test_losses_of_torch_are_bound(target: str) -> None:
    distance = bind(call(target), "style_stat.distance", given=("ours", "target"))
    assert distance(torch.full((2, 3), 0.5), torch.full((2, 3), 0.5)).shape == ()


def test_every_function_that_a_yaml_of_stx_names_is_published() -> None:
    texts = [file.read_text(encoding="utf-8") for file in CONF.rglob("*.yaml") if file.name != "config.yaml"]
    named = {target for text in texts for target in re.findall(r"_target_: (\S+)", text)} - {"null"}
    named = {target for target in named if not target.startswith("hydra_plugins.")}  # which Hydra looks up itself
    assert len(named) > 30
    for target in named:
        module, _, name = target.rpartition(".")
        assert name in published(module), target


def test_what_is_published_can_be_called() -> None:
    for module in OFFERING:
        for name in published(module):
            assert callable(getattr(sys.modules[module], name)), name


def test_what_stx_does_not_publish_is_refused_before_it_is_imported() -> None:
    code = (
        "import sys\n"
        "from stx.config.functions import bind\n"
        "from stx.config.schema import Call\n"
        "from stx.errors import UserError\n"
        "for target in ('stx.runs.tracking.store.folder_of', 'torch.hub.load', 'stx.nowhere.f'):\n"
        "    try: bind(Call.model_validate({'_target_': target}), 'style_stat.reference', given=('features',))\n"
        "    except UserError: continue\n"
        "    sys.exit(1)\n"
        "sys.exit(2 if {'stx.runs', 'torch', 'mlflow'} & set(sys.modules) else 0)"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parents[2]).returncode == 0


def test_a_trusted_module_may_be_named_and_what_it_has_imported_from_elsewhere_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "own_functions.py").write_text(
        "import os, stx.pictures.images\nfrom stx.stats import gram\n\ndef means(features): ...\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("STX_TRUST", "other,own_functions")
    for name in ("means", "gram"):
        bind(call(f"own_functions.{name}"), "style_stat", given=())
    for name in ("os.system", "stx.pictures.images.load"):
        with pytest.raises(UserError, match="a YAML may call functions of stx and torch"):
            bind(call(f"own_functions.{name}"), "style_stat", given=())
