"""A book in parts: numbers run through, each part opens, one can be printed alone."""

import html
import json
import re
from collections import Counter
from pathlib import Path

import pytest
from fixture_book import FixtureBook
from printed import destinations, run
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


# What the website and the handout say of each chapter, and of places in the third
NUMBERS = ["Fig. {}.1", "({}.1)", "Theorem {}.1 (Of {})", "Exercise {}.1 (Task of {})"]
PLACES = (
    "Fig. {0}.1, ({0}.1), Exercise {0}.1, Chapter three, Section {0}.1, Theorem {0}.1"
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


def words(text: str) -> str:
    """Text without what HTML, PDF and line breaks do to it."""
    return " ".join(html.unescape(re.sub(r"<.*?>", " ", text, flags=re.S)).split())


def test_the_website_shows_the_parts_and_numbers_that_run_through(book):
    page = book.page("intro")
    captions = re.findall(r'class="caption-text">(.*?)</span>', page)
    assert list(map(html.unescape, captions))[:4] == [
        "Before",
        *PARTS.values(),
        "After",
    ]
    for number, name in enumerate(NAMES, start=1):
        shown = words(book.page(name))
        assert f"{number}. Chapter {name}" in shown
        assert f"{number}.1. Section of {name}" in shown
        for kind in ("Fig. {}.1 A dot", "Exercise {}.1 (", "Theorem {}.1 (", "({}.1)"):
            assert kind.format(number) in shown
    assert "ends with Chapter three , 3.1 ." in words(page)
    assert PLACES.format(3) in words(book.page("after")).replace(" ,", ",")


def test_jupyterlab_knows_the_numbers_of_sections(book):
    known = json.loads(book.read("_build/lab/intro.json"))["numbers"]
    assert known["sec-three"] == "Section 3.1"
    assert known["fig-three"] == "Fig. 3.1"


def test_print_has_the_website_s_numbers(text, part):
    for number, name in enumerate(NAMES, start=1):
        for form in NUMBERS:
            everywhere = not form.endswith("{})")
            found = form.format(number, name) in text
            assert found == (everywhere or name in kept(part))
        assert (f"{number}.1 Section of {name}" in text) == (name in kept(part))


def test_links_to_what_is_left_out_are_words(text):
    """On a page before the parts and on one after them, as in the whole book."""
    assert text.count("Places: " + PLACES.format(3)) == 2
    assert text.count("Fig. 1.1, (1.1), 2.1.") == 2
    for number, name in enumerate(NAMES, start=1):
        assert text.count(f"Chapter {name} ({number}.1)") == 2  # checks of equations
    assert "??" not in text


def test_every_link_leads_somewhere_in_the_file(pdf):
    document = PdfReader(pdf)
    places = set.union(*map(destinations, document.pages))
    assert len(places) > 10
    assert places <= set(document.named_destinations)


def test_each_part_opens_on_a_page_that_lists_its_chapters(pdf, part):
    document = PdfReader(pdf)
    numerals = dict(zip(PARTS, ["I", "II"], strict=True))
    marks = {title: (level, page) for level, title, page in outline(pdf)}
    for slug, title in PARTS.items():
        if part not in ("", slug):
            assert f"{numerals[slug]} {title}" not in marks
            continue
        level, page = marks[f"{numerals[slug]} {title}"]
        assert level == 0
        listed = " ".join(
            f"{NAMES.index(name) + 1} Chapter {name} {page + 2 + at}"
            for at, name in enumerate(kept(slug))
        )
        shown = words(document.pages[page].extract_text())
        assert shown == f"Part {numerals[slug]} {title} {listed}"


def test_in_the_outline_chapters_are_within_parts_and_all_else_beside(pdf, part):
    levels = {title: level for level, title, _ in outline(pdf)}
    for title in ("Preface", "The page before", "Solutions", "The page after"):
        assert levels[title] == 0
    for name in kept(part):
        assert levels[f"{NAMES.index(name) + 1} Chapter {name}"] == 1


def test_no_page_is_blank(pdf):
    for number, page in enumerate(PdfReader(pdf).pages, start=1):
        assert len(page.extract_text().split()) > 5, f"page {number}"


def test_the_title_page_names_the_only_part(pdf, part):
    document = PdfReader(pdf)
    first = words(document.pages[0].extract_text())
    for slug, title in PARTS.items():
        assert (title in first) == (slug == part)
    assert document.metadata["/Title"].endswith(
        f": {PARTS[part]}" if part else "Basics"
    )


def test_solutions_of_what_is_left_out_are_left_out(text, part):
    solved = Counter(re.findall(r"Solution to Exercise (\d)\.1", text))
    assert solved == {str(NAMES.index(name) + 1): 1 for name in kept(part)}


def test_a_part_that_the_book_does_not_have_is_told_in_one_line(book):
    result = book.build("pdf", "--part", "images")
    assert result.returncode == 2
    assert result.stderr.count("\n") == 1
    wrong = "invalid choice: 'images' (choose from first-things, images-more)"
    assert f"error: argument --part: {wrong}" in result.stderr
