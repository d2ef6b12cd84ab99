"""The handout: what a reader of the PDF can rely on, and the parts that make it."""

import dataclasses
import re
from collections.abc import Iterator

import pytest
import this_book
from printed import Printed, destinations, run
from this_book import PAGES, PRESS, ROOT

from bookpress import cells
from bookpress.checks.numbers import DRAWING
from bookpress.handout.editions import Edition

STYLE = PRESS / "handout" / "handout.sty"
COLORS = PRESS / "content" / "tikz-style.tex"


@pytest.fixture(scope="module")
def printed(handout) -> Iterator[Printed]:
    with Printed(*this_book.printed_as(Edition())) as printed:
        yield printed


# The PDF ------------------------------------------------------------------------------
# What holds for every edition is tested in test_editions.py.


def test_the_book_is_set_in_its_typefaces(handout):
    fonts = run("pdffonts", handout)
    for family in ("TeXGyrePagella-", "TeXGyrePagellaMath", "Lato-", "DejaVuSansMono"):
        assert family in fonts


def test_an_equation_goes_on_with_the_paragraph_that_leads_to_it(printed):
    assert printed.tex.count(r"\begin{equation}") > 50
    counter = r"(?:\\setcounter\{equation\}\{\d+\}\s*)?"
    parted = re.findall(rf"[:,]\n\s*\n{counter}\\begin\{{equation\}}", printed.tex)
    assert parted == []


def test_every_box_is_painted_behind_its_text(printed):
    """A box of each kind has a bar in its color on each page that it is on."""
    style, colors = STYLE.read_text(), COLORS.read_text()
    for kind, color in (("accent", "bookaccent"), ("theorem", "bookcurve")):
        hue = re.search(rf"\\definecolor\{{{color}\}}\{{HTML\}}\{{(\w+)\}}", colors)[1]
        parts = [int(hue[k : k + 2], 16) / 255 for k in (0, 2, 4)]
        rgb = " ".join(rf"{int(100 * p) / 100:.2f}\d*" if p else "0" for p in parts)
        width = re.search(rf"\\handoutkind\{{{kind}\}}.*\{{([\d.]+)pt\}}\{{", style)[1]
        bar = rf"{rgb} rg -?[\d.]+ -?[\d.]+ {float(width) * 72 / 72.27:.3f} [\d.]+ re f"
        contents = (page.get_contents().get_data() for page in printed.document.pages)
        bars = sum(len(re.findall(bar.encode(), content)) for content in contents)
        boxes = printed.tex.count(rf"\begin{{handoutbox}}{{{kind}}}")
        assert boxes and boxes <= bars <= 2 * boxes


# The index ----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def terms(printed) -> dict[str, str]:
    """The glossary's terms by the names of their places in the PDF."""
    source = this_book.source("book/notation")
    body = re.search(r"^```\{glossary\}\n(.*?)^```", source, flags=re.M | re.S)[1]
    words = {
        re.sub(r"\W+", "-", line.lower()): line
        for line in body.splitlines()
        if line and not line.startswith(" ")
    }
    prefix = "book/notation:term-"
    found = {
        place: words.pop(name.removeprefix(prefix).lower())
        for name, place in printed.labels.items()
        if name.startswith(prefix)
    }
    assert not words, f"without a place in the PDF: {words}"
    return found


@pytest.fixture(scope="module")
def index(printed) -> dict[str, list[int]]:
    """The printed index: the pages of each word, the glossary's last."""
    first = next(
        number
        for number, page in enumerate(printed.pages, start=1)
        if "A bold number is the page of the glossary." in page
    )
    lines = []
    for page in range(first, len(printed.pages) + 1):
        for left in (0, 298):  # a column
            place = ("-f", page, "-l", page, "-x", left, "-W", 298, "-y", 80, "-H", 690)
            column = run("pdftotext", *place, printed.pdf, "-")
            lines += re.findall(r"^(\w.*?), ([\d, –]+)$", column, flags=re.M)
    assert len(dict(lines)) == len(lines), "a word stands twice"
    found = {}
    for word, numbers in lines:
        spans = [list(map(int, part.split("–"))) for part in numbers.split(", ")]
        found[word] = [page for span in spans for page in range(span[0], span[-1] + 1)]
    return found


def test_the_index_lists_every_term_of_the_glossary_in_order(index, terms):
    assert set(index) == set(terms.values())
    assert len(index) >= 60
    assert list(index) == sorted(index, key=str.lower)


def test_the_index_gives_the_page_on_which_a_term_is_defined(index, printed):
    for word, (*_, page) in index.items():
        heads = [line.strip() for line in printed.layout[page - 1].splitlines()]
        assert word in heads, f"{word} is not defined on page {page}"


def test_the_index_gives_the_pages_on_which_chapters_link_to_a_term(
    index, terms, printed
):
    glossary = {page for *_, page in index.values()}
    wanted = {word: set() for word in terms.values()}
    for number, page in enumerate(printed.document.pages, start=1):
        if number not in glossary:
            for place in destinations(page) & set(terms):
                wanted[terms[place]].add(number)
    found = {word: set(pages) - glossary for word, pages in index.items()}
    assert found == wanted
    assert sum(map(bool, wanted.values())) >= 50


def test_the_index_stands_in_the_contents(printed):
    outline = printed.document.outline
    (place,) = [entry for entry in outline if getattr(entry, "title", "") == "Index"]
    page = printed.document.get_destination_page_number(place)
    assert printed.pages[page].startswith("Index")
    contents = "\n".join(printed.layout[1 : printed.openings[0]])
    assert re.search(rf"^Index +{page + 1}$", contents, flags=re.M)


# Data, properties ---------------------------------------------------------------------


def test_tables_of_data_are_tables(printed):
    assert r"\begin{handouttable}" in printed.tex
    assert "Unnamed: 0" not in printed.tex
    assert not re.search(r"^\s*0\s+\d+\.\d+\s+\d+\.\d+\s*$", printed.tex, re.M)
    assert not re.search("[┏┡╇━]", printed.tex)
    assert r"\hline" not in printed.tex


def test_the_pdf_says_what_it_is(printed):
    document = printed.document
    config = (ROOT / "_config.yml").read_text()
    for key, value in (("title", "/Title"), ("author", "/Author")):
        assert document.metadata[value] == re.search(rf"^{key}: (.+)$", config, re.M)[1]
    assert document.trailer["/Root"]["/Lang"] == "en-US"
    assert len(document.outline) >= 3
    assert "/CreationDate" not in document.metadata


def test_the_pdf_names_no_folder_of_the_machine(printed):
    assert str(ROOT) not in printed.text
    assert str(ROOT).encode() not in printed.pdf.read_bytes()
    assert str(ROOT) not in printed.tex


# One palette --------------------------------------------------------------------------


def test_drawings_have_the_colors_of_the_plots():
    from notebook_utils import palette

    color = r"\\definecolor\{book(\w+)\}\{HTML\}\{(\w{6})\}"
    defined = re.findall(color, COLORS.read_text())
    wanted = dataclasses.asdict(palette)
    assert {name: f"#{value.lower()}" for name, value in defined} == wanted


def test_colors_in_formulas_are_known_to_print_and_to_the_website():
    css = (PRESS / "website" / "static" / "book.css").read_text()
    pieces = [piece for page in PAGES for piece in cells.pieces(this_book.source(page))]
    prose = "".join(piece.text for piece in pieces if piece.kind == "prose")
    prose = DRAWING.sub("", prose)  # drawings have colors of their own
    used = set(re.findall(r"\\textcolor\{(\w+)\}", prose))
    assert used
    for name in used:
        assert rf"\colorlet{{{name}}}{{book" in STYLE.read_text()
        assert f'.katex [style*="color:{name}"]' in css
