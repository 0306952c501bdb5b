"""Every option composes and validates; a mistake is answered in two lines, with status 2, and leaves nothing behind."""

import sys
from pathlib import Path

import pytest
from hydra import compose, initialize_config_dir
from hydra.core.global_hydra import GlobalHydra

from stx import run as command
from stx.config import CONF, validate

EXPERIMENTS = sorted((CONF / "experiment").glob("*/*.yaml"))
GROUPS = sorted(folder.name for folder in CONF.iterdir() if folder.is_dir() and folder.name != "hydra")
OPTIONS = [f"{group}={file.stem}" for group in GROUPS for file in sorted((CONF / group).glob("*.yaml"))]


@pytest.mark.parametrize("option", OPTIONS)
def test_every_option_of_every_group_composes_and_validates(option: str) -> None:
    with initialize_config_dir(str(CONF), version_base="1.3"):
        extra = ["init.path=any.png"] if option == "init=picture" else []
        validate(compose("config", [option, *extra]))


@pytest.mark.parametrize("file", EXPERIMENTS, ids=[file.stem for file in EXPERIMENTS])
def test_every_experiment_composes_and_opens_with_what_it_is(file: Path) -> None:
    name = f"{file.parent.name}/{file.stem}"
    with initialize_config_dir(str(CONF), version_base="1.3"):
        config = validate(compose("config", [f"+experiment={name}", "optim.steps=7", "image_size=small"]))
    assert (config.optim.steps, config.image_size.width) == (7, 256)
    if file.stem != "base":
        command, saw, sees, time = file.read_text(encoding="utf-8").splitlines()[1:5]
        assert command == f"# python -m stx.run +experiment={name}"
        assert [line[2:8].strip() for line in (saw, sees, time)] == ["Thesis", "stx:", "Takes"]


def test_the_groups_of_the_contract_are_there() -> None:
    assert {"model", "style_stat", "loss_weights", "pooling", "init", "image_size", "optim", "tracking"} <= set(GROUPS)


def test_numbers_are_read_as_one_types_them() -> None:
    with initialize_config_dir(str(CONF), version_base="1.3"):
        config = validate(compose("config", ["optim.steps=1e3", "loss_weights.beta=1e2", "loss_weights.alpha=1"]))
    assert config.optim.steps == 1000
    assert type(config.optim.steps) is int
    assert config.loss_weights.beta == 100


# What was typed, and what the answer must contain: the option or file, what is allowed, the nearest.
MISTAKES = [
    ("optim.steps=-1", "optim.steps=-1: should be greater than or equal to 1"),
    ("optim.steps=0", "optim.steps=0: should be greater than or equal to 1"),
    ("optim.steps=1.5", "optim.steps=1.5: should be a valid integer"),
    ("optim.steps=many", "optim.steps=many: should be a valid integer"),
    ("optim.lr=0", "optim.lr=0: should be greater than 0"),
    ("optim.lr=nan", "optim.lr=nan: should be a finite number"),
    ("optim.lr=true", "optim.lr=True: should be a valid number"),
    ("optim=adm", "optim=adm: choose from adam, lbfgs, lbfgs_plain (did you mean adam?)"),
    ("optim=lbfgs optim.lr=1", "there is no option optim.lr"),
    ("+optim.foo=1", "optim has name, steps, lr"),
    ("optim=lbfgs_plain optim.history=0", "optim.history=0: should be greater than or equal to 1"),
    ("style_stat=gramm", "cooc_vector, gram, gram_cooc_matrix, gram_cooc_vector (did you mean gram?)"),
    ("style_stat=cooc_vector style_stat.radios=3", "(did you mean radius?)"),
    ("style_stat=cooc_vector +style_stat.radios=3", "(did you mean radius?)"),
    ("style_stat=cooc_vector style_stat.radius=-1", "radius is -1: it must be 0 or more"),
    ("style_stat=cooc_vector style_stat.radius=1.5", "style_stat.radius=1.5: should be a valid integer"),
    ("style_stat=cooc_vector style_stat.window=men", "style_stat.window=men: should be 'mean' or 'sum'"),
    ("style_stat=cooc_vector style_stat.threshold=high", "style_stat.threshold=high"),
    ("style_stat=cooc_vector style_stat.normalise=maybe", "style_stat.normalise=maybe"),
    ("style_stat._target_=stx.nowhere", "no function of that name can be imported"),
    ("style_stat.distance._target_=stx.stats.nothing", "style_stat.distance._target_=stx.stats.nothing"),
    ("style_stat=cooc_tensor style_size=own", "use style_size=same"),
    ("style_size=mine", "choose from same, own"),
    ("loss_weights.betta=1", "there is no option loss_weights.betta (did you mean beta?)"),
    ("loss_weights.beta=-1", "loss_weights.beta=-1: should be greater than or equal to 0"),
    ("loss_weights.calibrate=yes_please", "choose from gradient, none"),
    ("loss_weights.style_layers=[conv9_9]", "VGG19 has no layer conv9_9 (did you mean conv"),
    ("loss_weights.style_layers=[conv1_1,conv1_1]", "a layer stands here twice"),
    ("loss_weights.style_layers=conv1_1", "should be a valid list"),
    ("loss_weights.style_weights=[1,2]", "has 2 numbers for 5 style_layers"),
    ("loss_weights.style_layers=[] loss_weights.content_layers=[]", "name at least one layer"),
    ("loss_weights=thesiss", "choose from calibrated, thesis (did you mean thesis?)"),
    ("experiment=thesis/e01_gram", "experiment is added with a plus: +experiment=thesis/base"),
    ("+experiment=thesis/e01_gramm", "(did you mean thesis/e01_gram?)"),
    ("+experiment=e01_gram", "(did you mean thesis/e01_gram?)"),
    ("pooling=mean", "pooling=mean: choose from avg, l2, max"),
    ("pooling.name=maxx", "choose from max, avg, l2 (did you mean max?)"),
    ("model=vgg16", "model=vgg16: choose from vgg19"),
    ("model.weights=nowhere.bin", "there is no file nowhere.bin"),
    ("init=picture", "init.path must be given"),
    ("init=picture init.path=nowhere.png", "nowhere.png"),
    ("init=noise init.low=0.9 init.high=0.1", "init.low=0.9 is above init.high=0.1"),
    ("init=noise init.low=-1", "init.low=-1: should be greater than or equal to 0"),
    ("image_size.width=0", "image_size.width=0: should be greater than or equal to 1"),
    ("image_size.width=8", "8 x 380 pixels are too few for conv5_1, which needs 16"),
    ("image_size=photograph image_size.long_side=20", "pixels are too few for conv5_1"),
    ("image_size.width=100000", "image_size.width=100000: should be less than or equal to 16384"),
    ("image_size=huge", "choose from photograph, small, thesis"),
    ("tracking=wandb", "choose from mlflow, none"),
    ("tracking.pictures_every=-1", "tracking.pictures_every=-1: should be greater than or equal to 0"),
    ("guard.on_nan=panic", "choose from stop, raise, continue"),
    ("device=cuda:99", "device=cuda:99:"),
    ("device=tpu", "device: there is no device tpu; choose auto, cpu, cuda or cuda:1"),
    ("--multirun optim=adam,null", "Config group override must be a string"),
    ("device=cuda:200", "device=cuda:200:"),
    ("style_stat._target_=os.system", "a YAML may call functions of stx and torch.nn alone; if you trust os"),
    ("style_stat._target_=stx.run.os.system", "a YAML may call functions of stx and torch.nn alone"),
    ("style_stat.distance._target_=stx.stats.gram", "style_stat"),
    ("optim.lr=1e39", "optim.lr=1e+39: should be less than or equal to 34000"),
    ("hydra.run.dir=/dev/null/x", "/dev/null/x"),
    ("hydra.job.chdir=true", "leave it out"),
    ("optim=null", "Config group override must be a string"),
    ("style_stat=[gram,cooc_vector]", "style_stat takes one option, by its name"),
    ("~content", "content must be given"),
    ("content=${nope}", "content: Interpolation key 'nope' not found"),
    ("content=ñandú.png", "quoted twice"),
    ("loss_weights.style_layers=null", "should be a valid list"),
    ("image_size.width=1e9", "should be less than or equal to 16384"),
    ("style_stat=cooc_vector style_stat.threshold=nan", "threshold is nan: it must be a number, or mean"),
    ("style_stat=cooc_vector style_stat.radius=99999999999", "style_stat (cooc_vector):"),
    ("style_stat.distance._target_=nowhere.f", "if you trust nowhere, say so: STX_TRUST=nowhere"),
    ("--config-dir nowhere", "nowhere' not found"),
    ("--config-name x", "Cannot find primary config 'x'"),
    ("precision=fp8", "choose from auto, fp32, bf16"),
    ("seed=-1", "seed=-1: should be greater than or equal to 0"),
    ("content=chinna", "(did you mean china?)"),
    ("content=.", "is a folder"),
    ("contnet=china", "there is no option contnet (did you mean content?)"),
    ("content=a=b.png", "quoted twice"),
    ("--multirun optim.steps=1,-1", "in the job optim.steps=-1; none was started"),
    ("--multirun style_stat=gram,gramm", "(did you mean gram?)"),
]


@pytest.mark.parametrize(("typed", "answer"), MISTAKES, ids=[typed for typed, _ in MISTAKES])
def test_a_mistake_is_answered_in_two_lines_and_leaves_nothing_behind(
    typed: str, answer: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["stx", *typed.split(" ")])
    GlobalHydra.instance().clear()
    with pytest.raises(SystemExit) as left:
        command.main()
    said = capfd.readouterr()
    assert left.value.code == 2
    assert answer in said.err
    assert len(said.err.strip().splitlines()) <= 2
    assert said.out == ""
    assert not list(tmp_path.iterdir())
