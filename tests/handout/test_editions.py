"""Editions of the handout: one run, one numbering, each clean of what it leaves out."""

import ast
import html
import re
import subprocess
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
import this_book
from docutils.nodes import make_id
from fixture_book import FixtureBook
from printed import FOOT, HEAD, Printed, destinations, run
from pypdf import PdfReader
from sphinx_external_toc.parsing import parse_toc_yaml
from this_book import FRAMEWORKS, NAME, PAGES, ROOT, command, file_name

from bookpress.handout.editions import Edition, choices, offered
from bookpress.handout.typeset import defects

FORBIDDEN = ["Traceback", "IPython.core.display", "<Figure size", "<Axes:", "Warning:"]
FORBIDDEN += ["\x1b", "??", "[?]"]
OTHERS = {"keras": ["torch"], "pytorch": ["keras", "tensorflow"], "both": []}
HIDING = {"hide-input", "hide-cell", "remove-input", "remove-cell"}
PHOTOGRAPH = (
    300  # pixels at most that a picture out of data has; no figure is of pixels
)
EXERCISE = re.compile(r"^Exercise (\d[\d.]*) \((.+)\)", re.M)
SOLUTION = re.compile(r"^Solution to Exercise (\d[\d.]*) \((.+)\)", re.M)

# Each value of each option once, the last for one part alone, which takes a third of
# the time; `make test-all` has that whole and all that are offered.
SAMPLED = [
    Edition(),
    Edition("keras", "none"),
    Edition("pytorch", "inline", "letter", "sequences"),
]
REST = [edition for edition in offered(FRAMEWORKS) if edition not in SAMPLED]
REST.append(Edition("pytorch", "inline", "letter"))


def build(edition: Edition) -> subprocess.CompletedProcess:
    options = ["--framework", edition.framework, "--solutions", edition.solutions]
    options += ["--paper", edition.paper, "--part", edition.part]
    return this_book.build("pdf", *options)


def kept(edition: Edition) -> list[str]:
    """The pages that an edition holds, in their order."""
    left_out = {
        page
        for tree in parse_toc_yaml(ROOT / "_toc.yml").root.subtrees
        if tree.numbered and edition.part not in ("", make_id(tree.caption))
        for page in tree.items
    }
    return [page for page in PAGES if page not in left_out]


@pytest.fixture(
    scope="module",
    params=SAMPLED + [pytest.param(e, marks=pytest.mark.thorough) for e in REST],
    ids=lambda edition: edition.name(NAME),
)
def edition(request, handout) -> Edition:
    """An edition that has been built."""
    assert "executing" not in build(request.param).stdout
    return request.param


@pytest.fixture(scope="module")
def printed(edition) -> Iterator[Printed]:
    with Printed(*this_book.printed_as(edition)) as printed:
        yield printed


def cells(edition: Edition, named: bool = False) -> list[tuple[str, set[str], str]]:
    """Source, tags and page of the cells, or named figures, that an edition keeps."""
    others = {"keras": {"torch", "both"}, "pytorch": {"keras", "both"}, "both": set()}
    found = []
    for page in kept(edition):
        for cell in this_book.code(page):
            if cell.tags & others[edition.framework]:
                continue
            if named and not re.search(r"^ +name: fig:", cell.options, re.M):
                continue
            if edition.solutions != "none" or not in_solution(cell.text, page):
                found.append((cell.text, cell.tags, page))
    return found


def in_solution(code: str, page: str) -> bool:
    text = this_book.source(page)
    before = text[: text.index(code)]
    return before.count("{solution-start}") > before.count("{solution-end}")


def test_every_listing_can_be_copied_and_is_not_cut_in_a_silly_place(edition, printed):
    for source, tags, _ in cells(edition):
        if tags & HIDING:
            continue
        found = printed.copy(source)
        assert found is not None, f"not found in the PDF:\n{source}"
        copied, parts = found
        assert ast.dump(ast.parse(copied)) == ast.dump(ast.parse(source))
        assert len(parts) == 1 or min(parts) >= 3, f"cut at {parts}:\n{source}"


def code_in(tex: str) -> list[str]:
    """Listings, outputs and tables of a handout's LaTeX."""
    kinds = r"\\begin\{(sphinxVerbatim|handout(?:long)?table)\}(.*?)\\end\{\1\}"
    return [block for _, block in re.findall(kinds, tex, re.S)]


def test_code_and_output_name_no_other_framework(edition, printed):
    code = "\n".join([*code_in(printed.tex), *printed.attached.values()])
    drawn = "\n".join(run("pdftotext", figure, "-") for figure in printed.figures)
    for name in OTHERS[edition.framework]:
        assert name not in f"{code}\n{drawn}".lower()
    if edition.framework == "both":
        assert "keras" in code and "torch" in code and "PyTorch" in drawn


def figures(edition: Edition) -> list[str]:
    """The figures of code that an edition keeps, and the drawings."""
    drawings = [
        found
        for page in kept(edition)
        for found in re.findall(r"^```\{tikz\} .*", this_book.source(page), re.M)
    ]
    return [code for code, _, _ in cells(edition, named=True)] + drawings


def test_every_figure_that_an_edition_keeps_is_printed(edition, printed):
    """Drawings and explorers, too; each under its caption."""
    captions = [
        line
        for page in printed.lines
        for line in page
        if line.title and re.match(r"Fig\. [\d.]+$", line.text.strip())
    ]
    assert len(captions) == len(figures(edition)) > 15


def test_a_student_s_edition_holds_no_solution_and_the_others_hold_each_once(
    edition, printed
):
    solved = SOLUTION.findall(printed.text)
    if edition.solutions == "none":
        assert solved == []
        assert "Solution on page" not in printed.text
    else:
        assert sorted(solved) == sorted(EXERCISE.findall(printed.text))


def test_exercises_have_the_numbers_of_the_website(edition, printed, site):
    shown = set()
    for page in (site / f"{name}.html" for name in kept(edition)):
        shown |= set(
            re.findall(
                r'<span class="caption-number">Exercise ([\d.]+) </span>\s*\((.*?)\)',
                page.read_text(encoding="utf8"),
            )
        )
    found = EXERCISE.findall(printed.text)
    assert len(found) == len(set(found)) >= 8
    assert set(found) == {(number, html.unescape(title)) for number, title in shown}


def test_exercise_and_solution_at_the_end_lead_to_each_other(edition, printed):
    if edition.solutions != "end":
        assert "Solution on page" not in printed.text
        return
    where = {
        kind: {
            number: page
            for page, text in enumerate(printed.pages, start=1)
            for number, _ in pattern.findall(text)
        }
        for kind, pattern in (("exercise", EXERCISE), ("solution", SOLUTION))
    }
    said = re.findall(
        r"^Exercise ([\d.]+) \((?:(?!^Exercise \d).)*?Solution on page (\d+)",
        printed.text,
        re.S | re.M,
    )
    assert {number: int(page) for number, page in said} == where["solution"]
    labels = printed.labels
    exercises = {labels[name] for name in labels if name.startswith("exercise:")}
    links = [destinations(page) for page in printed.document.pages]
    back = [links[page - 1] & exercises for page in where["solution"].values()]
    assert all(back) and set.union(*back) == exercises
    solutions = set(re.findall(r"\\handoutsolutionat\{(.+?)\}", printed.tex))
    there = set.union(*(links[page - 1] for page in where["exercise"].values()))
    assert len(solutions) == len(where["solution"])
    assert {labels[name] for name in solutions} <= there


def test_nothing_is_printed_that_only_a_machine_wants(printed):
    assert [words for words in FORBIDDEN if words in printed.text] == []


def test_references_glyphs_and_margins_are_whole(printed):
    assert "Output written on" in printed.log
    assert defects(printed.log) == []


def test_the_file_is_sound_vector_and_has_its_fonts(edition, printed):
    run("qpdf", "--check", printed.pdf)
    for image in run("pdfimages", "-list", printed.pdf).splitlines()[2:]:
        width, height = map(int, image.split()[3:5])
        assert max(width, height) <= PHOTOGRAPH, f"a figure of pixels: {image}"
    head, _, *fonts = run("pdffonts", printed.pdf).splitlines()
    assert len(fonts) >= 5
    for font in fonts:
        assert "Type 3" not in font
        assert font[head.index("emb") :].split()[0] == "yes", font
    sheet = {"a4": (595, 842), "letter": (612, 792)}[edition.paper]
    box = printed.document.pages[0].mediabox
    assert (round(box.width), round(box.height)) == sheet


def test_no_page_is_blank_and_none_within_a_chapter_almost_empty(printed):
    top, foot = HEAD + 8, printed.height - FOOT - 12  # of the text, in points
    for number, lines in enumerate(printed.lines):
        assert sum(len(line.text.split()) for line in lines) > 5, f"page {number + 1}"
        ends_chapter = number + 1 in [*printed.openings, len(printed.lines)]
        if number and not ends_chapter:
            filled = (max(line.bottom for line in lines) - top) / (foot - top)
            assert filled > 0.15, f"page {number + 1}"


def test_a_chapter_s_text_starts_in_the_upper_third_of_its_first_page(printed):
    for number in printed.chapters:
        text = [line for line in printed.lines[number] if not line.title]
        assert text[2].top < printed.height / 3, f"page {number + 1}"


def test_no_page_ends_with_a_title(printed):
    """Neither with a heading nor with the title of a box or the name of a framework."""
    titles = 0
    for number, lines in enumerate(printed.lines[printed.openings[0] :]):
        titles += sum(line.title for line in lines)
        last = [line for line in lines if line.top > lines[-1].top - 3]
        assert not all(line.title for line in last), printed.openings[0] + number + 1
    assert titles > 100


def test_no_framework_s_name_stands_over_nothing(edition, printed):
    labels = 0
    for lines in printed.lines:
        for line, following in pairwise(lines):
            at_margin = line.title and line.left < 100
            if at_margin and line.text.strip() in ("Keras", "PyTorch"):
                labels += 1
                under = (following.text.strip(), following.left)
                assert under != ("PyTorch", line.left)
    assert (labels > 20) == (edition.framework == "both")


def test_each_chapter_s_code_is_attached_and_is_what_the_edition_shows(
    edition, printed
):
    wanted = {}
    for code, _, page in cells(edition):
        if page == PAGES[0]:  # the front page is no chapter
            continue
        wanted.setdefault(f"{file_name(page)}.py", []).append(code)
    assert printed.attached.keys() == wanted.keys()
    for name, sources in wanted.items():
        whole = "\n".join(sources)
        assert ast.dump(ast.parse(printed.attached[name])) == ast.dump(ast.parse(whole))
        assert "/" not in name


def test_an_edition_names_its_parts():
    names = [edition.name(NAME) for edition in offered(FRAMEWORKS)]
    assert names[0] == NAME and len(set(names)) == len(names)
    assert {edition.framework for edition in offered(FRAMEWORKS)} == set(
        choices(FRAMEWORKS)
    )
    assert Edition("keras", "inline", "letter").name(NAME) == (
        f"{NAME}-keras-teacher-letter"
    )


@pytest.mark.parametrize(
    ("option", "known"),
    [
        ("framework", "both, keras, pytorch"),
        ("solutions", "end, inline, none"),
        ("paper", "a4, letter"),
    ],
)
def test_an_unknown_edition_is_refused_with_the_known_ones(option, known):
    build = command("book", "pdf", f"--{option}", "x")
    result = subprocess.run(build, cwd=ROOT, capture_output=True, text=True)
    assert result.returncode == 2
    assert result.stderr.count("\n") == 1
    assert known in result.stderr.replace("'", "")


def test_the_website_offers_each_handout_with_its_pages_and_size(tmp_path):
    """Those that are built, in the order of the list; a new one is listed at once."""
    book = FixtureBook(tmp_path / "a book")
    book.write("book/intro.md", book.read("book/intro.md") + "\n```{handouts}\n```\n")
    made = [book.build("site"), book.build("pdf", "site")]
    made.append(book.build("pdf", "site", "--solutions", "none"))
    assert [built.returncode for built in made] == [0, 0, 0], made
    site = book.root / "_build" / "html"
    assert list_of(site) == [NAME]
    assert list_of(site.with_name("html-student")) == [f"{NAME}-student"]


def list_of(site: Path) -> list[str]:
    """Names in a website's list of handouts, when pages and sizes are right."""
    text = (site / "book" / "intro.html").read_text(encoding="utf8")
    rows = re.findall(
        r'href="\.\./handouts/(.+?)\.pdf">.*?</a>: (\d+) pages, ([\d.]+) MB', text
    )
    for name, pages, size in rows:
        path = site / "handouts" / f"{name}.pdf"
        assert len(PdfReader(path).pages) == int(pages)
        assert round(path.stat().st_size / 1e6, 1) == float(size)
    return [name for name, *_ in rows]


def test_a_website_without_solutions_has_a_folder_of_its_own(site):
    before = (site / "book" / "perceptron.html").read_bytes()
    this_book.build("site", "--solutions", "none")
    page = ROOT / "_build" / "html-student" / "book" / "perceptron.html"
    assert "Solution to" not in page.read_text(encoding="utf8")
    offered = (page.parent.parent / "handouts").glob("*.pdf")
    assert all(path.stem.endswith("-student") for path in offered)
    assert (site / "book" / "perceptron.html").read_bytes() == before
    assert b"Solution to" in before
    for folder, told in (("html", True), ("html-student", False)):
        deck = ROOT / "_build" / folder / "slides" / "perceptron.html"
        assert ('<aside class="notes">' in deck.read_text("utf8")) is told
    made = ROOT / "_build" / "work" / "html"
    drawings = {path.name: [] for path in made.glob("*/_images/tikz-*.svg")}
    for path in made.glob("*/_images/tikz-*.svg"):
        drawings[path.name].append(path.stat().st_mtime_ns)
    assert len(drawings) > 10
    assert all(len(times) == 2 and len(set(times)) == 1 for times in drawings.values())
