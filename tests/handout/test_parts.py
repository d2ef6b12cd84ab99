"""A book in parts: numbers run through, each part opens, one can be printed alone."""

import html
import re
from pathlib import Path

import pytest
from fixture_book import FixtureBook
from printed import run
from pypdf import PdfReader

TOC = """\
format: jb-book
root: book/intro
parts:
  - caption: Before
    chapters:
      - file: book/before
  - caption: First things
    numbered: 2
    chapters:
      - file: book/one
      - file: book/two
  - caption: Images & more
    numbered: 2
    chapters:
      - file: book/three
  - caption: After
    chapters:
      - file: book/after
"""

INTRO = """\
# A book in parts

It starts with [](one.md) and ends with [](three.md), {numref}`{number} <sec:three>`.
"""

CHAPTER = """\
(chap:NAME)=
# Chapter NAME

It follows {prf:ref}`th:one` and {prf:ref}`th:three`, and {ref}`chap:one`.
See {numref}`fig:one`, {eq}`eq:one`, {numref}`ex:one`, {ref}`ex:one`,
{numref}`sec:one` and {ref}`its section <sec:one>`,
{numref}`fig:three`, {eq}`eq:three`, {numref}`ex:three` and {numref}`sec:three`.

(sec:NAME)=
## Section of NAME

$$ x = 1 $$ (eq:NAME)

```{figure} dot.png
:name: fig:NAME
:alt: A dot

A dot for NAME.
```

:::{prf:theorem} Of NAME
:label: th:NAME

True.
:::

:::{exercise} Task of NAME
:label: ex:NAME

Why?
:::

:::{solution} ex:NAME
:label: sol:NAME

So.
:::
"""
LEADS = """\
# The page LEADS

Places: {numref}`fig:three`, {eq}`eq:three`, {numref}`ex:three`, [](three.md),
{numref}`sec:three`, {prf:ref}`th:three`, {numref}`fig:one`, {eq}`eq:one`,
{numref}`{number} <sec:two>`.

```{equation-checks}
```
"""
CHECKS = """\
import pytest


@pytest.mark.equation("eq:one", "eq:two", "eq:three")
def test_it():
    pass
"""
PARTS = {"first-things": "First things", "images-more": "Images & more"}
NAMES = ["one", "two", "three"]
DOT = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154"
    "789c6360606060000000050001a5f645400000000049454e44ae426082"
)


class InParts(FixtureBook):
    """A book of two numbered parts, between pages without numbers."""

    def __init__(self, root: Path):
        super().__init__(root)
        self.write("_toc.yml", TOC)
        self.write("book/intro.md", INTRO)
        for name in NAMES:
            self.write(f"book/{name}.md", CHAPTER.replace("NAME", name))
        for name in ("before", "after"):
            self.write(f"book/{name}.md", LEADS.replace("LEADS", name))
        self.write("tests/test_it.py", CHECKS)
        (self.root / "book" / "dot.png").write_bytes(DOT)

    def print(self, part: str = "") -> Path:
        result = self.build("pdf", *(["--part", part] if part else []))
        assert result.returncode == 0, result.stdout + result.stderr
        name = "-".join(filter(None, ["deep-learning-basics", part]))
        return self.root / "_build" / f"{name}.pdf"


@pytest.fixture(scope="module")
def book(tmp_path_factory) -> InParts:
    book = InParts(tmp_path_factory.mktemp("parts") / "book")
    result = book.build("site")
    assert result.returncode == 0, result.stdout + result.stderr
    return book


@pytest.fixture(scope="module", params=["", *PARTS])
def part(request) -> str:
    """A part that is printed alone; the whole book without one."""
    return request.param


@pytest.fixture(scope="module")
def pdf(book, part) -> Path:
    return book.print(part)


@pytest.fixture(scope="module")
def text(pdf) -> str:
    return " ".join(run("pdftotext", pdf, "-").split())


def outline(pdf: Path) -> list[tuple[int, str, int]]:
    """Level, title and page of each bookmark."""
    document = PdfReader(pdf)

    def read(entries: list, level: int) -> list[tuple[int, str, int]]:
        found = []
        for entry in entries:
            if isinstance(entry, list):
                found += read(entry, level + 1)
            else:
                page = document.get_destination_page_number(entry)
                found.append((level, entry.title, page))
        return found

    return read(document.outline, 0)


def kept(part: str) -> list[str]:
    return {"": NAMES, "first-things": NAMES[:2], "images-more": NAMES[2:]}[part]
