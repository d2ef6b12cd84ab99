"""Chapters as cards: what they tell is taken from the chapters and from the plan."""

import gzip
import re
from pathlib import Path
from xml.etree import ElementTree

import matplotlib.pyplot as plt
import pytest
from one_page import build

from bookpress.content.thumbnails import SIZE

FRONT = """
:::{div} cards
[](one.md)
: What comes first?

  % picture: fig:plot 2

[](two.md)
: And then?
:::

| unit | sections | minutes |
|---|---|---|
| The first | [](sec:inside) of [](one.md) | 50 |
| More of it | nothing else | 25 |
| The second | [](two.md) | 100 |

```{toctree}
:numbered:
one
two
```
"""
ONE = """# The first

```{admonition} Before you start
You need nothing.
```

(sec:inside)=
## Inside

```{figure} plot.svg
:name: fig:plot
Two panels.
```
"""
TWO = """# The second

```{admonition} Before you start
You need [](sec:inside).
```

```{admonition} A later box
See [](page.md).
```
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """Two chapters, of which the first has a plot with two panels."""
    folder = tmp_path_factory.mktemp("cards")
    figure, (left, right) = plt.subplots(1, 2)
    left.plot([0, 1], color="#aa0000")
    right.plot([0, 1], "o", color="#00aa00", label="green")
    right.set_title("a title")
    right.legend()
    figure.savefig(folder / "plot.svg")
    plt.close(figure)
    (folder / "one.md").write_text(ONE)
    (folder / "two.md").write_text(TWO)
    return folder


def deal(folder: Path, front: str) -> tuple[str, str]:
    """The front page as HTML, and warnings."""
    parts = ["sphinx_design", "sphinxcontrib.tikz", "bookpress.media"]
    extensions = ["colon_fence", "deflist", "dollarmath"]
    return build(
        folder,
        "html",
        front,
        [*parts, "bookpress.content.cards"],
        myst_enable_extensions=extensions,
    )


@pytest.fixture(scope="module")
def page(folder) -> str:
    html, warnings = deal(folder, FRONT)
    assert warnings == ""
    return html


def test_a_card_tells_number_title_question_minutes_and_what_comes_before(page):
    cards = re.findall(r'<li class="chapter-card">.*?</li>', page, re.S)
    words = [re.sub(r"<[^>]*>|\s+", " ", card).split() for card in cards]
    first = "1 The first What comes first? 75 min"
    second = "2 The second And then? 100 min, after chapter 1"
    assert words == [first.split(), second.split()]
    assert re.search(r'<h2><span [^>]*>1</span> <a [^>]*href="one.html"', cards[0])


def test_its_picture_is_the_panel_without_words(folder, page):
    (picture,) = re.findall(r"<img [^>]*>", page)
    width, height = SIZE
    sizes = f'alt="" width="{width}" height="{height}" loading="lazy"'
    assert picture == f'<img src="_images/card-one.svg" {sizes} />'
    text = (folder / "html" / "_images" / "card-one.svg").read_text()
    assert "#00aa00" in text and "#aa0000" not in text
    assert not re.search(r"text_|legend_|axis_|DejaVu", text)
    view = [float(n) for n in ElementTree.fromstring(text).get("viewBox").split()]
    assert view[2] / view[3] == pytest.approx(width / height, abs=0.01)
    used = set(re.findall(r'(?:href="|url\()#([\w-]+)', text))
    assert used and used <= set(re.findall(r'id="([\w-]+)"', text))


@pytest.mark.parametrize(
    ("picture", "fault"),
    [
        ("fig:plot 3", "'fig:plot' has 2 panels, and none is number 3"),
        ("fig:none", "one has no figure 'fig:none'; name one of its own"),
        ("sec:inside", "'sec:inside' of one is no part that can be shown"),
    ],
)
def test_a_picture_that_is_not_there_is_told(folder, picture, fault):
    _, warnings = deal(folder, FRONT.replace("fig:plot 2", picture))
    assert "page.md" in warnings
    assert fault in warnings


@pytest.mark.build
def test_each_chapter_of_the_book_has_a_small_picture(site):
    page = (site / "book" / "intro.html").read_text("utf8")
    cards = page.count('class="chapter-card"')
    pictures = sorted((site / "_images").glob("card-*.svg"))
    assert cards == len(pictures) == len(re.findall(r"/card-[\w-]+\.svg", page)) > 12
    for path in pictures:
        assert len(gzip.compress(path.read_bytes())) < 15_000, path.name
