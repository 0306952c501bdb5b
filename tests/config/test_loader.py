"""What was composed once and copied is what Hydra itself would compose."""

import pickle
from pathlib import Path

import pytest
from hydra import initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from hydra.errors import HydraException
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf

from stx.config.compose import ENTRY, at_work, once_per_choice
from stx.config.loader import KEPT

LINES = [
    [],
    ["seed=3"],
    ["seed=4", "+experiment=plain", "optim.steps=4"],
    ["style_stat=gram", "optim=lbfgs", "optim.steps=7", "loss_weights.style_layers=[conv1_1]"],
    ["optim.steps=7", "optim=lbfgs", "optim.steps=9", "style_stat=gram"],
    ["hydra.sweep.subdir=a b", "hydra.sweeper.member='{\"a\": 1}'", "seed=1"],
    ["hydra.run.dir=x/${now:%S}", "hydra/launcher=basic"],
    ["hydra.job.name=other", "hydra.job.config.override_dirname.item_sep=+", "seed=2"],
    ["hydra.searchpath=[tests]", "seed=2"],
    ["++optim.steps=3", "optim.steps=4"],
    ["~tracking", "seed=5"],
    ["hydra.job={name: other}", "seed=2"],
    ["hydra.runtime.version=9", "hydra.overrides.task=[a]", "seed=2"],
    ["+optim@other=adam", "seed=2"],
    ["content=${style}", "seed=2"],
    ["optim={steps: 3}"],
]
REFUSED = [
    ["seed=1,2"],
    ["sede=1"],
    ["hydra.runtime.choices.style_stat=gram"],
    ["style_stat=grem"],
    ["seed@other=1"],
    ["optim.steps.deeper=1"],
    ["content.size='"],
]


def both(lines: list[str]) -> list[DictConfig]:
    """By Hydra alone, and twice by what keeps compositions."""
    with at_work():
        plain = GlobalHydra.instance().config_loader()
        kept = once_per_choice()
        return [loader.load_configuration(ENTRY, lines, RunMode.RUN) for loader in (plain, kept, kept)]


@pytest.mark.parametrize("lines", LINES, ids=" ".join)
def test_a_copy_is_what_hydra_composes(lines):
    plain, first, second = both(lines)
    for one in (first, second):
        assert OmegaConf.to_container(one) == OmegaConf.to_container(plain)
        assert OmegaConf.is_struct(one)
        assert OmegaConf.is_struct(one.hydra) == OmegaConf.is_struct(plain.hydra)
        assert OmegaConf.is_readonly(one.hydra) == OmegaConf.is_readonly(plain.hydra)


@pytest.mark.parametrize("lines", REFUSED, ids=" ".join)
def test_what_hydra_refuses_is_refused_in_its_words(lines):
    said = []
    with at_work():
        for loader in (GlobalHydra.instance().config_loader(), once_per_choice()):
            with pytest.raises(HydraException) as refused:
                loader.load_configuration(ENTRY, lines, RunMode.RUN)
            said.append(str(refused.value))
    assert said[0] == said[1]


def test_one_job_writes_nothing_into_another():
    with at_work():
        kept = once_per_choice()
        first = kept.load_configuration(ENTRY, ["seed=1"], RunMode.RUN)
        first.optim.steps = 12345
        second = kept.load_configuration(ENTRY, ["seed=2"], RunMode.RUN)
    assert second.optim.steps != 12345
    assert second.seed == 2
    assert second.hydra.overrides.task == ["seed=2"]


def test_values_alone_compose_once_and_choices_are_not_kept_without_end(monkeypatch):
    with at_work():
        kept = once_per_choice()
        for seed in range(5):
            kept.load_configuration(ENTRY, [f"seed={seed}"], RunMode.RUN)
        assert len(kept.composed) == 1
        monkeypatch.setattr("stx.config.loader.KEPT", 2)
        for stat in ("gram", "mean_std", "cooc_vector"):
            kept.load_configuration(ENTRY, [f"style_stat={stat}"], RunMode.RUN)
        assert len(kept.composed) == 2 < KEPT


def test_what_is_kept_does_not_travel_with_every_job_of_a_launcher() -> None:
    with at_work():
        kept = once_per_choice()
        kept.load_configuration(ENTRY, ["seed=1"], RunMode.RUN)
        assert kept.composed
        there = pickle.loads(pickle.dumps(kept))
        assert there.composed == {}
        assert there.load_configuration(ENTRY, ["seed=1"], RunMode.RUN).seed == 1


def test_a_search_path_in_the_primary_config_is_hydra_s_business(tmp_path: Path) -> None:
    (tmp_path / "own" / "extra").mkdir(parents=True)
    (tmp_path / "more" / "extra").mkdir(parents=True)
    (tmp_path / "own" / "extra" / "one.yaml").write_text("value: 1")
    (tmp_path / "more" / "extra" / "two.yaml").write_text("value: 2")
    (tmp_path / "own" / "main.yaml").write_text(
        f"defaults: [{{extra: one}}, _self_]\nhydra: {{searchpath: [{tmp_path / 'more'}]}}\nseed: 0\n"
    )
    with initialize_config_dir(str(tmp_path / "own"), version_base="1.3"):
        kept = once_per_choice()
        for seed in (1, 2):
            config = kept.load_configuration("main", ["extra=two", f"seed={seed}"], RunMode.RUN)
            assert (config.extra.value, config.seed) == (2, seed)
