"""What the page is told of a run."""

from dataclasses import replace
from pathlib import Path

from many_runs import STEPS, folder, record

from stx.runs import identity
from stx.runs.shown import of_folder
from stx.studies.gallery.album import Album
from stx.studies.gallery.entries import UNKNOWN_SIZE, entry, keys, size
from stx.studies.gallery.sides import ALONG, LARGEST, SMALLEST


def test_a_run_is_told_with_its_pictures_losses_and_the_way_to_make_it_again(tmp_path: Path) -> None:
    run, album = of_folder(folder(tmp_path, 1, (64, 48), along=12)), Album()
    one = entry(run, album, LARGEST)
    assert one["command"] == "stx run style_stat=mean_std seed=1 model=vgg19_random tracking=none"
    assert (one["outcome"], one["message"], one["empty"], one["link"]) == ("finished", "", "", [])
    assert [(each["role"], each["name"]) for each in one["given"]] == [("content", "china"), ("style", "swirls")]
    assert {key for each in one["given"] for key in each["picture"]} < album.texts.keys()
    steps = [step for step, _ in one["along"]]
    assert (len(steps), steps[0], steps[-1]) == (ALONG + 1, 0, STEPS)
    assert one["along"][-1][1] == one["picture"][1]
    assert len({key for _, key in one["along"]}) == ALONG + 1
    assert [len(curve) for curve in one["losses"].values()] == [200] * 3
    assert one["metrics"]["measure/content"] == 0.301
    assert entry(run, album, SMALLEST)["along"] == []


def test_runs_without_a_picture_say_why(tmp_path: Path) -> None:
    for outcome, said in (
        ("waiting", "has not started"), ("failed", "failed before"), ("interrupted", "interrupted before"),
        ("finished", "gone, or cannot be read"),
    ):  # fmt: skip
        one = entry(replace(of_folder(tmp_path), outcome=outcome), Album(), LARGEST)
        assert one["picture"] == one["along"] == []
        assert said in one["empty"]


def test_where_the_result_is_gone_the_last_picture_along_the_way_is_shown(tmp_path: Path) -> None:
    place = folder(tmp_path, 0, (64, 48), along=3)
    (place / "output.png").unlink()
    album = Album()
    one = entry(of_folder(place), album, LARGEST)
    assert one["picture"] == album.add(place / "pictures" / f"step-{STEPS:06d}.png", LARGEST.tile, LARGEST.result)


def test_a_texture_has_no_photograph_and_a_mixture_all_of_its_paintings(tmp_path: Path) -> None:
    place = folder(tmp_path, 0, (64, 48))
    identity.write(place, record(0, content=None, style=["swirls", "mosaic"]))
    (place / "style.png").rename(place / "style_2.png")
    given = entry(of_folder(place), Album(), LARGEST)["given"]
    assert [(each["role"], each["name"], bool(each["picture"])) for each in given] == [
        ("style", "swirls", False),
        ("style", "mosaic", True),
    ]


def test_a_param_is_a_number_where_all_runs_have_one_of_it(tmp_path: Path) -> None:
    runs = [of_folder(folder(tmp_path, number, (64, 48))) for number in range(2)]
    runs[0] = replace(runs[0], params={**runs[0].params, "loss_weights.beta": "inf", "tile": "true", "layers": "1_2"})
    kinds = {key.key: key.number for key in keys(runs)}
    assert kinds["params.seed"]
    assert kinds["metrics.loss/total"]
    assert not any(kinds[f"params.{name}"] for name in ("loss_weights.beta", "tile", "layers", "style_stat"))
    assert keys([]) == []


def test_the_size_is_what_the_params_say(tmp_path: Path) -> None:
    run = of_folder(tmp_path)
    assert size(run) == UNKNOWN_SIZE
    assert size(replace(run, params={"image_size.width": "640", "image_size.height": "480"})) == (640, 480)
    assert size(replace(run, params={"image_size.width": "0", "image_size.height": "0"})) == UNKNOWN_SIZE
