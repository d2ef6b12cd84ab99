"""An explorer that somebody adds: a folder and a cell make it."""

import re
from pathlib import Path

import pytest
from axe import violations
from chromium import Visit, serve
from explorer_pages import settle
from fixture_book import HEADER, FixtureBook

pytestmark = pytest.mark.build

ROOT = Path(__file__).resolve().parents[2]

PYTHON = '''"""Count."""

import traitlets
from matplotlib.figure import Figure

from explorers.base import Explorer


class Counter(Explorer):
    """A number that grows."""

    words = "A number that grows </script> <b>."
    heights = (60, 60)
    count = traitlets.Int(3).tag(sync=True)

    def draw(self) -> Figure:
        figure = Figure(figsize=(1, 1))
        figure.text(0.5, 0.5, str(self.count))
        return figure
'''

JAVASCRIPT = """
import { button } from "../kit/controls.js";
import { html } from "../kit/dom.js";
import { integer } from "../kit/fields.js";

export default {
  name: "counter",
  address: { count: integer(0, 99) },
  build(figure) {
    const add = () => figure.set({ count: figure.state.count + 1 });
    const more = button("step", "More", add);
    const shown = html("b", { title: "</script><!-- <script>" });
    figure.add(more.element, shown);
    return ({ count }) => {
      shown.textContent = `${count} so far`;
    };
  },
};
"""

CELL = """
# A page

```{code-cell} ipython3
---
mystnb:
  image:
    alt: A number.
---
from explorers.counter import Counter

Counter()
```

```{code-cell} ipython3
---
mystnb:
  image:
    alt: A number.
---
Counter(count=40)
```
"""


def add(book: FixtureBook, name: str, python: str, javascript: str) -> None:
    folder = book.root / "explorers" / name
    folder.mkdir()
    (folder / "__init__.py").write_text(python, "utf8")
    (folder / f"{name}.js").write_text(javascript, "utf8")


def test_an_explorer_is_added_by_two_files_and_a_cell(
    visit: Visit, tmp_path: Path
) -> None:
    book = FixtureBook(tmp_path / "a book")
    add(book, "counter", PYTHON, JAVASCRIPT)
    book.write("book/page.md", HEADER + CELL)
    built = book.build()
    assert built.returncode == 0, built.stdout + built.stderr
    address = (book.root / "_build" / "html" / "book" / "page.html").as_uri()
    with visit(address) as page:
        first, second = page.locator(".explorer b").all()
        assert (first.inner_text(), second.inner_text()) == ("3 so far", "40 so far")
        page.get_by_role("button", name="More").last.click()
        settle(page)
        assert (first.inner_text(), second.inner_text()) == ("3 so far", "41 so far")
        page.wait_for_url("**?counter-2.count=41")
    # An edit of another page leaves this one alone.
    doctree = book.root / "_build" / "work" / "html" / "doctrees" / "book/page.doctree"
    read = doctree.stat().st_mtime_ns
    book.edit("book/intro.md", "second", "other")
    assert book.build().returncode == 0
    assert doctree.stat().st_mtime_ns == read
    # JavaScript is no part of the outputs: the page is written again, nothing runs.
    book.edit("explorers/counter/counter.js", "so far", "until now")
    built = book.build()
    assert built.returncode == 0, built.stdout + built.stderr
    assert "executed" not in built.stdout
    with visit(address) as page:
        assert page.locator(".explorer b").first.inner_text() == "3 until now"
    # An error in it is one line, and the last good page stays.
    book.edit("explorers/counter/counter.js", "export default {", "export default {{")
    built = book.build()
    assert built.returncode != 0
    assert re.search(r"counter\.js:\d+: ", built.stdout + built.stderr)
    assert "until now" in book.page()


def test_the_explorer_of_the_instructions_works_as_it_stands(
    visit: Visit, tmp_path: Path
) -> None:
    """CONTRIBUTING.md shows one whole; it does what it says, and keeps its place."""
    text = (ROOT / "CONTRIBUTING.md").read_text("utf8")
    text = text.partition("## How to add an explorer")[2].partition("\n## ")[0]
    python, javascript = re.findall(r"```(?:python|js)\n(.*?)```", text, re.DOTALL)
    book = FixtureBook(tmp_path / "a book")
    add(book, "slope", python, javascript)
    cell = CELL.replace("counter", "slope").replace("Counter", "Slope")
    book.write("book/page.md", HEADER + cell.replace("count=40", "slope=1.5"))
    built = book.build()
    assert built.returncode == 0, built.stdout + built.stderr
    with serve(book.root / "_build" / "html") as address:
        for width in (1280, 360):
            with visit(address + "book/page.html", width=width) as page:
                first, second = page.get_by_role("slider", name="Slope w").all()
                assert second.get_attribute("aria-valuetext") == "1.50"
                first.press("ArrowRight")
                settle(page)
                assert first.get_attribute("aria-valuetext") == "0.55"
                assert violations(page, ".explorer") == []
                body, content = (
                    page.locator(part).first.bounding_box()["height"]
                    for part in (".explorer-body", ".explorer-content")
                )
                assert content <= body < content + 24, (width, content)
