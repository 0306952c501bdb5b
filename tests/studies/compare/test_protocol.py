"""Protocols: those that come with stx, changes to them, and mistakes in them."""

import os
from collections import Counter
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest

from stx.config.compose import composition
from stx.config.schema import CONF
from stx.errors import UserError
from stx.pictures import bundled, images
from stx.studies.compare.protocol import Cell, cells, load, turns
from stx.studies.compare.work import member

NAMES = sorted(file.stem for file in (CONF / "protocol").glob("*.yaml"))


@pytest.mark.parametrize("name", NAMES)
def test_every_protocol_is_of_runs_that_compose_on_bundled_pictures(name: str) -> None:
    protocol = load(name, {})
    assert {*protocol.photographs, *protocol.styles} <= set(bundled.NAMES)
    first = (CONF / "protocol" / f"{name}.yaml").read_text(encoding="utf-8").splitlines()[0]
    assert first.startswith(f"# stx compare protocol={name} ")
    for statistic in protocol.statistics:
        cell = Cell(statistic, protocol.photographs[0], protocol.styles[0], 0)
        composition(member(protocol, cell, 3.0, []).overrides)


def test_development_and_test_share_no_picture() -> None:
    development, test = load("development", {}), load("test", {})
    assert not {*development.photographs, *development.styles} & {*test.photographs, *test.styles}
    assert len(test.photographs) >= 3
    assert len(test.styles) >= 3
    assert len(test.seeds) >= 2


@pytest.mark.parametrize("name", ["development", "cooccurrence"])
def test_the_benchmark_shares_no_picture_with_those_on_which_statistics_were_developed(name: str) -> None:
    development, benchmark = load(name, {}), load("benchmark", {})
    assert not {*development.photographs, *development.styles} & {*benchmark.photographs, *benchmark.styles}


def test_the_benchmark_is_of_as_many_pictures_as_its_intervals_need_and_few_are_dark() -> None:
    protocol = load("benchmark", {})
    assert len(protocol.pairs) == 36
    assert min(len(protocol.photographs), len(protocol.styles)) == 12
    assert len(protocol.seeds) == 2
    assert protocol.primary == "sliced_wasserstein"
    greys = [np.asarray(images.load(name).convert("L")) / 255 for name in protocol.photographs]
    assert sum(float(np.median(grey)) < 0.3 for grey in greys) <= len(greys) / 6


def test_cells_are_pair_by_pair_with_the_reference_first() -> None:
    protocol = load(
        "quick", {"photographs": "a.png,b.png", "styles": "c.png", "seeds": "0,4", "statistics": "mean_std"}
    )
    assert [*cells(protocol)][:3] == [
        Cell("gram", "a.png", "c.png", 0),
        Cell("mean_std", "a.png", "c.png", 0),
        Cell("gram", "a.png", "c.png", 4),
    ]
    assert protocol.statistics == {"gram": "style_stat=gram", "mean_std": "style_stat=mean_std"}


@pytest.mark.parametrize(("count", "each"), [(12, 3), (12, 4), (8, 3), (7, 7), (5, 2), (1, 1), (3, 5), (6, 4)])
def test_each_photograph_gets_so_many_styles_and_each_style_as_many_photographs(count: int, each: int) -> None:
    chosen = [turns(number, count, each) for number in range(count)]
    assert {len(set(places)) for places in chosen} == {min(count, each)}
    assert set(Counter(place for places in chosen for place in places).values()) == {min(count, each)}
    assert all(places == sorted(places) for places in chosen)


def test_two_photographs_seldom_share_their_styles() -> None:
    chosen = [set(turns(number, 12, 3)) for number in range(12)]
    assert max(len(one & other) for one, other in combinations(chosen, 2)) == 1
    reached = {0}  # photographs that are tied to the first through styles that they share
    for _ in range(12):
        reached |= {number for number in range(12) if any(chosen[number] & chosen[other] for other in reached)}
    assert reached == set(range(12))


def test_pairs_are_all_of_them_unless_each_says_how_many() -> None:
    protocol = load("quick", {"photographs": "a,b,c,d", "styles": "w,x,y,z"})
    assert len(protocol.pairs) == 16
    assert protocol.pairs[:2] == [("a", "w"), ("a", "x")]
    some = protocol.model_copy(update={"each": 2})
    assert some.pairs == [
        ("a", "w"),
        ("a", "x"),
        ("b", "x"),
        ("b", "y"),
        ("c", "y"),
        ("c", "z"),
        ("d", "w"),
        ("d", "z"),
    ]
    assert {cell.pair for cell in cells(some)} == set(some.pairs)


@pytest.mark.parametrize("path", ["my photo.png", 'a"b\\c.png', "x,y={z}.png", "<b>.png", "ñandú.png", "-5"])
def test_any_path_reaches_the_run_as_it_is(path: str) -> None:
    protocol = load("quick", {})
    overrides = list(member(protocol, Cell("gram", path, path, 0), 3.0, []).overrides)
    config = composition(overrides).config
    assert (config.content, config.style) == (path, path)


def test_pictures_of_one_stem_are_members_of_their_own() -> None:
    protocol = load("quick", {"photographs": "a/x.png,b/x.png,x.jpg,a/x.png", "styles": "swirls"})
    names = {member(protocol, cell, 3.0, []).name for cell in cells(protocol)}
    assert len(names) == 3 * len(protocol.statistics) == len([*cells(protocol)])


def test_mistakes_in_a_protocol_are_named(tmp_path: Path) -> None:
    good = (CONF / "protocol" / "quick.yaml").read_text(encoding="utf-8")
    for text, answer in (
        ("[1, 2]", "has no settings in it"),
        ("a: [", "is no YAML"),
        (good.replace("runs: 4", "runs: 0"), "runs=0: should be greater than or equal to 1"),
        (good.replace("runs: 4", "rnus: 4"), r"there is no option rnus \(did you mean runs\?\)"),
        (good.replace("betas: {gram: 3", "betas: {grim: 3"), "no weight for its reference"),
        (good + "colour: blue\n", "there is no option colour"),
        (good.replace("reference: gram", "reference: grim"), "its reference, grim, is not among its statistics"),
        (good.replace("format: 1", "format: true"), "has another format; this version of stx reads 1"),
        (good.replace("format: 1", "format: 2"), "has another format; this version of stx reads 1"),
        (good + "levels: []\n", "levels="),
        (good + "levels: [0]\n", "should be greater than 0"),
        (good + "least: 0\n", "least=0: should be greater than or equal to 1"),
        (good + "each: 0\n", "each=0: should be greater than or equal to 1"),
        (good + "primary: beauty\n", "primary=beauty: choose from sliced_wasserstein, shape"),
        (good + "primary: lite0_shape\n", r"primary=lite0_shape: choose from .* \(did you mean shape\?\)"),
        (good + "spraed: [1, 2]\n", r"there is no option spraed \(did you mean spread\?\)"),
        (good + "spread: [0.4, 1]\n", "spread begins with 0.4; its first part must be 1"),
        (good + "levels: [1, 1]\n", "levels: 1.0 appears twice"),
        (good + "least: 9\n", "least=9 is more than its runs, 4"),
        (good.replace("seeds: [0]", "seeds: [0, 0]"), "seeds: 0 appears twice"),
        (
            good.replace("photographs: [china, flower]", "photographs: [china, china]"),
            "photographs: china appears twice",
        ),
        (good.replace("  cooc_gram:", '  "a/../b x":'), "is no name of a statistic; letters, digits and _ make one"),
        (
            good.replace("betas: {gram: 3", "betas: {grim: 2, gram: 3"),
            "betas has grim, which is not among its statistics",
        ),
        (good + "match: nothing\n", "match=nothing: choose from content, lite0_content, ssim, cfsd"),
        (good + "baselines: [gram, median]\n", "baselines has median, which is not among its statistics"),
        (good.replace("photographs: [china, flower]", "photographs: []"), "photographs="),
        (good.replace("[china, flower]", "[china, 12]"), "photographs.1=12: should be text, in quotes"),
        (good.replace("  cooc_gram:", "  7:"), "statistics: the name 7 should be text, in quotes"),
        (good.replace("  cooc_gram:", "  cooc-gram:"), r"statistics\.cooc-gram: 'cooc-gram' is no name"),
        (good + "seeds: [1]\n", r"mine\.yaml, line \d+: seeds appears twice"),
        (good.replace("  cooc_gram:", "  gram:"), r"mine\.yaml, line \d+: gram appears twice"),
        (good.replace("image_size.width=160", "tile=true"), "settings: tile=true: the measures"),
        (good.replace("=cooc_vector", "=cooc_vector seed=3"), r"statistics\.cooc_vector: seed=3: the protocol sets"),
    ):
        (tmp_path / "mine.yaml").write_text(text)
        with pytest.raises(UserError, match=answer):
            load(str(tmp_path / "mine.yaml"), {})


@pytest.mark.parametrize("key", ["statistics", "photographs", "styles", "seeds"])
@pytest.mark.parametrize("text", ["", ",", ",,"])
def test_a_list_that_is_typed_empty_is_refused(key: str, text: str) -> None:
    with pytest.raises(UserError, match=f"^protocol=quick: {key}= is empty$"):
        load("quick", {key: text})


@pytest.mark.parametrize("text", ["٣", "-1", "1.0", "1_0", "a"])
def test_seeds_are_written_in_the_digits_0_to_9(text: str) -> None:
    with pytest.raises(UserError, match=f"^seeds={text}: should be whole numbers"):
        load("quick", {"seeds": text})


def test_one_picture_under_two_names_is_refused_in_one_list(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name, text in (("a.png", "one"), ("copy.png", "one"), ("b.png", "another")):
        (tmp_path / name).write_text(text)
    (tmp_path / "link.png").symlink_to("a.png")
    for key in ("photographs", "styles"):
        for other in ("copy.png", "link.png", "./a.png", str(tmp_path / "a.png")):
            with pytest.raises(UserError, match=rf"^protocol=quick: {key}: a\.png and {other} are the same picture"):
                load("quick", {key: f"a.png,b.png,{other}"})
    protocol = load("quick", {"photographs": "a.png,b.png", "styles": "copy.png,b.png"})  # in its own style
    assert len(protocol.pairs) == 4


def test_what_is_no_file_is_said_to_be_none(tmp_path: Path) -> None:
    (tmp_path / "folder.yaml").mkdir()
    os.mkfifo(tmp_path / "pipe.yml")
    for name, what in (("folder.yaml", "a folder"), ("pipe.yml", "no file")):
        with pytest.raises(UserError, match=f"{name}: that is {what}; give a YAML file$"):
            load(f"{tmp_path}/{name}", {})


def test_names_of_pictures_are_taken_as_they_are_typed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("a, b (1).png", "café.png"):
        (tmp_path / name).touch()
    protocol = load("quick", {"photographs": "china,a, b (1).png,missing.png", "styles": "café.png"})
    assert protocol.photographs == ["china", "a, b (1).png", "missing.png"]
    assert protocol.styles == ["café.png"]


def test_a_folder_stands_for_its_pictures_in_the_order_of_their_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine").mkdir()
    for name in ("b.PNG", "a.jpg", "notes.txt", "c.webp"):
        (tmp_path / "mine" / name).write_text(name)
    protocol = load("benchmark", {"photographs": "mine", "styles": "woodcut,mine,a.png"})
    assert protocol.photographs == [f"mine/{name}" for name in ("a.jpg", "b.PNG", "c.webp")]
    assert protocol.styles == ["woodcut", *protocol.photographs, "a.png"]
    assert len(protocol.pairs) == 9
    (tmp_path / "woodcut").mkdir()
    assert load("quick", {"styles": "woodcut"}).styles == ["woodcut"]  # which comes with stx
