"""Editions of the handout: one run, one numbering, each clean of what it leaves out."""

import ast
import html
import re
import subprocess
import sys
from pathlib import Path

import chapters
import pytest
from editions import BOOK, FRAMEWORKS, OFFERED, Edition
from pypdf import PdfReader
from test_handout import copied, run

ROOT = Path(__file__).resolve().parent.parent
FORBIDDEN = ["Traceback", "IPython.core.display", "<Figure size", "Warning:", "??"]
HIDING = {"hide-input", "hide-cell", "remove-input", "remove-cell"}
EXERCISE = re.compile(r"^Exercise (\d[\d.]*) \((.+)\)", re.M)
SOLUTION = re.compile(r"^Solution to Exercise (\d[\d.]*) \((.+)\)", re.M)

SAMPLED = [Edition(), Edition("keras", "none"), Edition("pytorch", "end")]
REST = [edition for edition in OFFERED if edition not in SAMPLED]
REST += [Edition(solutions="inline"), Edition(paper="letter")]


def build(edition: Edition) -> subprocess.CompletedProcess:
    options = ["--framework", edition.framework, "--solutions", edition.solutions]
    command = [sys.executable, ROOT / "tools" / "build.py", "pdf", *options]
    return subprocess.run(
        [*command, "--paper", edition.paper], capture_output=True, text=True
    )


@pytest.fixture(
    scope="module",
    params=SAMPLED + [pytest.param(e, marks=pytest.mark.thorough) for e in REST],
    ids=lambda edition: edition.name,
)
def edition(request, handout) -> Edition:
    """An edition that has been built."""
    result = build(request.param)
    assert result.returncode == 0, result.stdout + result.stderr
    assert "executing" not in result.stdout
    return request.param


@pytest.fixture(scope="module")
def pdf(edition) -> Path:
    return ROOT / "_build" / f"{edition.name}.pdf"


@pytest.fixture(scope="module")
def text(pdf) -> str:
    """The text without heads and feet of pages."""
    text = run("pdftotext", "-x", 0, "-y", 80, "-W", 620, "-H", 690, pdf, "-")
    return text.replace("\f", "\n")


@pytest.fixture(scope="module")
def code(edition) -> str:
    """Code and output, from the file that LaTeX reads."""
    source = ROOT / "_build" / "work" / "latex" / edition.name / f"{BOOK}.tex"
    blocks = re.findall(
        r"\\begin\{sphinxVerbatim\}.*?\\end\{sphinxVerbatim\}",
        source.read_text(encoding="utf8"),
        re.S,
    )
    return "\n".join(blocks)


def cells(edition: Edition) -> list[tuple[str, set[str], Path]]:
    """Source, tags and page of the cells that an edition keeps."""
    others = {"keras": {"torch", "both"}, "pytorch": {"keras", "both"}, "both": set()}
    found = []
    for page in sorted(chapters.BOOK.glob("*.md")):
        for kind, source, _ in chapters.pieces(page.read_text(encoding="utf8")):
            code, tags = chapters.code_of(source), chapters.tags_of(source)
            if kind != "code" or tags & others[edition.framework]:
                continue
            if edition.solutions != "none" or not in_solution(code, page):
                found.append((code, tags, page))
    return found


def in_solution(code: str, page: Path) -> bool:
    text = page.read_text(encoding="utf8")
    before = text[: text.index(code)]
    return before.count("{solution-start}") > before.count("{solution-end}")


def test_every_listing_of_an_edition_can_be_copied(edition, text):
    lines = [line.rstrip() for line in text.split("\n")]
    lines = [line for line in lines if line]
    for source, tags, _ in cells(edition):
        if tags & HIDING:
            continue
        found = copied(source, lines)
        assert found is not None, f"not found in the PDF:\n{source}"
        assert ast.dump(ast.parse(found)) == ast.dump(ast.parse(source))


def test_code_and_output_name_no_other_framework(edition, code):
    other = {"keras": "torch", "pytorch": "keras", "both": "another framework"}
    assert other[edition.framework] not in code.lower()
    if edition.framework == "both":
        assert "keras" in code and "torch" in code


def test_a_student_s_edition_holds_no_solution_and_the_others_hold_each_once(
    edition, text
):
    solved = SOLUTION.findall(text)
    if edition.solutions == "none":
        assert solved == []
        assert "Solution on page" not in text
    else:
        assert sorted(solved) == sorted(EXERCISE.findall(text))


def test_exercises_have_the_numbers_of_the_website(text, site):
    shown = set()
    for page in (site / "book").glob("*.html"):
        shown |= set(
            re.findall(
                r'<span class="caption-number">Exercise ([\d.]+) </span>\s*\((.*?)\)',
                page.read_text(encoding="utf8"),
            )
        )
    found = EXERCISE.findall(text)
    assert len(found) == len(set(found)) >= 8
    assert set(found) == {(number, html.unescape(title)) for number, title in shown}


def test_a_page_number_beside_an_exercise_is_that_of_its_solution(edition, pdf, text):
    if edition.solutions != "end":
        assert "Solution on page" not in text
        return
    pages = run("pdftotext", "-layout", pdf, "-").split("\f")
    where = {
        number: page
        for page, content in enumerate(pages, start=1)
        for number in re.findall(r"Solution to Exercise ([\d.]+) ", content)
    }
    said = re.findall(
        r"Exercise ([\d.]+) \((?:(?!Exercise \d).)*?Solution on page (\d+)",
        "\n".join(pages),
        re.S,
    )
    assert {number: int(page) for number, page in said} == where


@pytest.mark.parametrize("words", FORBIDDEN)
def test_nothing_is_printed_that_only_a_machine_wants(text, words):
    assert words not in text


def test_the_file_is_sound_vector_and_has_its_fonts(edition, pdf):
    run("qpdf", "--check", pdf)
    assert run("pdfimages", "-list", pdf).splitlines()[2:] == []
    fonts = run("pdffonts", pdf)
    assert "Type 3" not in fonts
    sheet = {"a4": (595, 842), "letter": (612, 792)}[edition.paper]
    box = PdfReader(pdf).pages[0].mediabox
    assert (round(box.width), round(box.height)) == sheet


def test_no_page_within_a_chapter_is_almost_empty(pdf):
    document = PdfReader(pdf)
    openings = {
        document.get_destination_page_number(entry) + 1
        for entry in document.outline
        if not isinstance(entry, list)
    }
    boxes = run("pdftotext", "-bbox-layout", pdf, "-").split("<page ")[1:]
    height = float(document.pages[0].mediabox.height)
    top, foot = 88, height - 82  # of the text, in points
    for number, page in enumerate(boxes, start=1):
        lines = [float(y) for y in re.findall(r'<line [^>]*yMax="([\d.]+)"', page)]
        lines = [y for y in lines if top - 8 < y < foot + 8]
        ends_chapter = number + 1 in openings or number == len(boxes)
        if lines and number > 3 and not ends_chapter:
            assert (max(lines) - top) / (foot - top) > 0.15, f"page {number}"


def test_each_chapter_s_code_is_attached_and_is_what_the_edition_shows(edition, pdf):
    attached = {
        name: content[0].decode()
        for name, content in PdfReader(pdf).attachments.items()
    }
    wanted = {}
    for code, _, page in cells(edition):
        wanted.setdefault(f"{page.stem}.py", []).append(code)
    assert attached.keys() == wanted.keys()
    for name, sources in wanted.items():
        whole = "\n".join(sources)
        assert ast.dump(ast.parse(attached[name])) == ast.dump(ast.parse(whole))
        assert "/" not in name


def test_an_edition_names_its_parts():
    names = [edition.name for edition in OFFERED]
    assert names[0] == BOOK and len(set(names)) == len(names)
    assert {edition.framework for edition in OFFERED} == set(FRAMEWORKS)
    assert Edition("keras", "inline", "letter").name == f"{BOOK}-keras-teacher-letter"


@pytest.mark.parametrize(
    ("option", "known"),
    [
        ("framework", "both, keras, pytorch"),
        ("solutions", "end, inline, none"),
        ("paper", "a4, letter"),
    ],
)
def test_an_unknown_edition_is_refused_with_the_known_ones(option, known):
    command = [sys.executable, ROOT / "tools" / "build.py", "pdf", f"--{option}", "x"]
    result = subprocess.run(command, capture_output=True, text=True)
    assert result.returncode == 2
    assert result.stderr.count("\n") == 1
    assert known in result.stderr.replace("'", "")


def test_the_website_offers_each_handout_with_its_pages_and_size(site):
    text = (site / "book" / "intro.html").read_text(encoding="utf8")
    rows = re.findall(
        r'href="\.\./handouts/(.+?)\.pdf">.*?</a>: (\d+) pages, ([\d.]+) MB', text
    )
    names = [name for name, *_ in rows]
    assert BOOK in names
    assert names == [e.name for e in OFFERED if e.name in names]
    for name, pages, size in rows:
        path = site / "handouts" / f"{name}.pdf"
        assert len(PdfReader(path).pages) == int(pages)
        assert round(path.stat().st_size / 1e6, 1) == float(size)


def test_a_website_without_solutions_has_a_folder_of_its_own(site):
    command = [sys.executable, ROOT / "tools" / "build.py", "site"]
    before = (site / "book" / "perceptron.html").read_bytes()
    result = subprocess.run(
        [*command, "--solutions", "none"], capture_output=True, text=True
    )
    assert result.returncode == 0, result.stdout + result.stderr
    page = ROOT / "_build" / "html-student" / "book" / "perceptron.html"
    assert "Solution to" not in page.read_text(encoding="utf8")
    offered = (page.parent.parent / "handouts").glob("*.pdf")
    assert all(path.stem.endswith("-student") for path in offered)
    assert (site / "book" / "perceptron.html").read_bytes() == before
    assert b"Solution to" in before
