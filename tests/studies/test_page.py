"""A report page: what is written into it comes back, as HTML and as Markdown."""

import re
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

import pytest

from stx.studies.page import Block, Heading, Items, Picture, Pictures, Quote, Table, Text, write

HOSTILE = "<script>alert(1)</script> a|b*c_[x](y) &amp; \\ # $5$ ~~s~~ 2**3**4 \"q\" 'q'"


class Page(HTMLParser):
    """The text of each element, and all attributes; as a browser reads them, without looking at the template."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.texts: dict[str, list[str]] = {}
        self.attributes: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.attributes.append((tag, dict(attrs)))
        if tag not in ("meta", "img", "br", "wbr"):
            self.open.append(tag)
            self.texts.setdefault(tag, []).append("")

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        for tag in self.open:
            self.texts[tag][-1] += data

    def all(self, tag: str, attribute: str) -> list[str | None]:
        return [values.get(attribute) for name, values in self.attributes if name == tag]


def written(folder: Path, *blocks: Block, title: str = "A page") -> tuple[Page, str]:
    html, markdown = write(folder, title, blocks)
    return Page(html.read_text(encoding="utf-8")), markdown.read_text(encoding="utf-8")


def unescaped(markdown: str) -> str:
    """CommonMark: a backslash before ASCII punctuation stands for that sign."""
    return re.sub(r"\\([!-/:-@\[-`{-~])", r"\1", markdown)


def test_html_shows_hostile_text_literally_everywhere(tmp_path: Path) -> None:
    table = Table([HOSTILE], [[HOSTILE]], HOSTILE)
    blocks = [Heading(HOSTILE), Text(HOSTILE), Items([HOSTILE]), Quote(HOSTILE, HOSTILE), table, Picture("a", HOSTILE)]
    page, _ = written(tmp_path, *blocks, title=HOSTILE)
    for tag in ("title", "h1", "h2", "p", "li", "footer", "th", "td", "figcaption"):
        assert set(page.texts[tag]) == {HOSTILE}, tag
    assert page.all("img", "alt") == [HOSTILE]
    (labelled,) = page.all("table", "aria-labelledby")
    assert page.all("p", "id")[-1] == labelled  # the caption; no heading's id has a colon
    assert ":" in str(labelled)
    assert page.open == []
    assert "script" not in page.texts


def test_markdown_shows_hostile_text_literally(tmp_path: Path) -> None:
    _, markdown = written(tmp_path, Text(HOSTILE), Table(["a"], [[HOSTILE + "\nnext"]]))
    paragraph, row = (line for line in markdown.splitlines() if "alert" in line)
    assert unescaped(paragraph) == HOSTILE
    assert unescaped(row) == f"| {HOSTILE}<br>next |"
    assert not re.search(r"(?<!\\)(?:\\\\)*[*_\[\]<|$~`&]", paragraph)


@pytest.mark.parametrize("text", ["- no list", "+ no list", "1. no list", "23) no list", "> no quote", "# no heading"])
def test_the_beginning_of_a_line_is_not_markdown(tmp_path: Path, text: str) -> None:
    _, markdown = written(tmp_path, Text(text))
    line = markdown.splitlines()[2]
    assert unescaped(line) == text
    assert not re.match(r"[-+>#]|\d+[.)]", line)


def test_a_long_name_in_a_table_may_go_on_in_the_next_line_and_a_number_may_not(tmp_path: Path) -> None:
    row = ["loss_weights.beta=[conv1_1,conv2_1]", "1.23e+09", "n/a", "conv4_2"]
    html, _ = write(tmp_path, "A page", [Table(list("abcd"), [row])])
    text = html.read_text(encoding="utf-8")
    assert "loss_<wbr>weights.<wbr>beta=<wbr>[conv1_1,<wbr>conv2_1]" in text
    assert all(f">{cell}</td>" in text for cell in row[1:])


def test_code_and_bold_are_marked_up(tmp_path: Path) -> None:
    page, markdown = written(tmp_path, Text("see `a_b|<c>` and **this `x`**"), Table(["k"], [["`p|q`"]]))
    assert page.texts["code"] == ["a_b|<c>", "x", "p|q"]
    assert page.texts["strong"] == ["this x"]
    assert "see `a_b|<c>` and **this `x`**" in markdown
    assert "| `p\\|q` |" in markdown


def test_files_are_found_whatever_their_names(tmp_path: Path) -> None:
    name = "sub/a b#1?(x)%20:é|.png"
    page, markdown = written(tmp_path, Picture(name, "one"), Pictures([Picture(name, "two")] * 7, 100))
    sources = [source or "" for source in page.all("img", "src")]
    assert [unquote(source) for source in sources] == [name] * 8
    assert not set(sources[0]) & set(" #?():|")
    assert page.all("img", "width") == [None] + ["100"] * 7
    assert re.findall(r'\((\S+)\)|src="(\S+)"', markdown) == [(sources[0], "")] + [("", sources[0])] * 7
    assert [row.count("<img") for row in markdown.splitlines() if "<img" in row] == [6, 1]


def test_contents_link_to_the_headings_and_nothing_is_fetched(tmp_path: Path) -> None:
    headings = [Heading("Same"), Heading("Part", 3), Heading("Same"), Heading("Same 2"), Heading("?!")]
    page, _ = written(tmp_path, *headings)
    assert page.all("h2", "id") + page.all("h3", "id") == ["same", "same-2", "same-2-2", "section", "part"]
    assert page.all("a", "href") == ["#same", "#same-2", "#same-2-2", "#section"]
    assert not {"script", "link", "iframe"} & {tag for tag, _ in page.attributes}
    assert "url(" not in page.texts["style"][0]


def test_numbers_are_right_aligned(tmp_path: Path) -> None:
    page, markdown = written(tmp_path, Table(["a", "b"], [["x1", "1.5e-3"], ["2", "-3 ± 0,5"], ["n/a", "12 %"]]))
    assert page.all("td", "class") == [None, "number", "number", "number", None, "number"]
    assert "| --- | ---: |" in markdown


def test_marked_rows_stand_out(tmp_path: Path) -> None:
    page, _ = written(tmp_path, Table(["a"], [["1"], ["2"], ["3"]], marked=[1]))
    assert page.all("tr", "class") == [None, None, "marked", None]


@pytest.mark.parametrize("wrong", [Table(["a", "b"], [["1"]]), Heading("x", 1), Picture("/a.png", "")])
def test_a_mistake_leaves_the_old_page(tmp_path: Path, wrong: Block) -> None:
    paths = write(tmp_path / "new", "Old", [])
    with pytest.raises(ValueError):
        write(tmp_path / "new", "New", [wrong])
    assert all("Old" in path.read_text() for path in paths)
    assert sorted((tmp_path / "new").iterdir()) == sorted(paths)
