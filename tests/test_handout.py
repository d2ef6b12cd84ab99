"""The handout: what a reader of the PDF can rely on, and the parts that make it."""

import ast
import dataclasses
import importlib.util
import re
import subprocess
import sys
from pathlib import Path

import chapters
import pytest
from pypdf import PdfReader

ROOT = Path(__file__).resolve().parent.parent
BUILT = ROOT / "_build" / "work" / "latex" / "deep-learning-basics"
HIDDEN = re.compile(r"\b(hide|remove)-(input|cell)\b")


def load(path: Path, name: str):
    """Import a file under a name of its own (two are called handout)."""
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


typesetter = load(ROOT / "tools" / "handout.py", "handout_typesetter")
extension = load(ROOT / "_ext" / "handout_latex.py", "handout_latex_tested")


def run(*command: object) -> str:
    done = subprocess.run(
        [str(part) for part in command], capture_output=True, text=True, check=True
    )
    return done.stdout


@pytest.fixture(scope="module")
def text(handout) -> str:
    """The text of the PDF, page heads and feet left out (points from the top left)."""
    return run("pdftotext", "-x", 0, "-y", 80, "-W", 596, "-H", 690, handout, "-")


@pytest.fixture(scope="module")
def log(handout) -> str:
    return (BUILT / f"{handout.stem}.log").read_text(errors="replace")


# The PDF ------------------------------------------------------------------------------


def test_references_glyphs_and_margins_are_whole(log):
    assert "Output written on" in log
    assert typesetter.defects(log) == []


def test_no_reference_is_printed_as_question_marks(text):
    assert "??" not in text
    assert "[?]" not in text


def test_every_font_is_embedded_and_an_outline_font(handout):
    lines = run("pdffonts", handout).splitlines()
    fonts = [line for line in lines[2:] if line.strip()]
    assert len(fonts) >= 5
    for font in fonts:
        assert "Type 3" not in font
        embedded = font[lines[0].index("emb") :].split()[0]
        assert embedded == "yes", font


def test_the_book_is_set_in_its_typefaces(handout):
    fonts = run("pdffonts", handout)
    for family in ("TeXGyrePagella-", "TeXGyrePagellaMath", "Lato-", "DejaVuSansMono"):
        assert family in fonts


def test_every_figure_is_vector(handout):
    images = run("pdfimages", "-list", handout).splitlines()[2:]
    assert images == []


@pytest.mark.parametrize(
    "words",
    ["Traceback", "IPython.core.display", "<Figure size", "<Axes:", "Warning:", "\x1b"],
)
def test_nothing_is_printed_that_only_a_machine_wants(text, words):
    assert words not in text


def listings(chapter: Path) -> list[str]:
    cells = [
        source
        for kind, source, _ in chapters.pieces(chapter.read_text(encoding="utf8"))
        if kind == "code" and not HIDDEN.search(source.split("\n\n")[0])
    ]
    return [chapters.code_of(cell) for cell in cells]


FLOATS = 120  # lines of figures that may stand on top of a page


def copied(source: str, lines: list[str]) -> str | None:
    """The lines of the PDF that a reader would select for a listing, if they are there.

    Blank lines are not text, so they cannot be copied; a long listing may be broken by
    a page, at whose top a figure may stand.
    """
    wanted = [line.rstrip() for line in source.splitlines() if line.strip()]
    words = [line.split() for line in lines]
    for most_breaks in (0, 1):  # unbroken first: a line may stand in two listings
        for start in range(len(lines)):
            found, at, breaks = [], start, 0
            for line in wanted:
                if words[at : at + 1] != [line.split()]:
                    rest = words[at : at + FLOATS]
                    breaks += 1
                    if not found or breaks > most_breaks or line.split() not in rest:
                        break
                    at += rest.index(line.split())
                found.append(lines[at])
                at += 1
            else:
                return "\n".join(found)
    return None


@pytest.mark.parametrize(
    "chapter",
    [path for path in sorted(chapters.BOOK.glob("*.md")) if listings(path)],
    ids=lambda path: path.stem,
)
def test_every_listing_can_be_copied_as_it_was_written(text, chapter):
    lines = [line.rstrip() for line in text.replace("\f", "").split("\n")]
    lines = [line for line in lines if line]
    for source in listings(chapter):
        found = copied(source, lines)
        assert found is not None, f"not found in the PDF:\n{source}"
        assert ast.dump(ast.parse(found)) == ast.dump(ast.parse(source))


# The index ----------------------------------------------------------------------------


def destination(annotation) -> str | None:
    """Name of the place in the PDF that a link leads to."""
    action = annotation.get("/A", {})
    return str(action["/D"]) if action.get("/S") == "/GoTo" else None


@pytest.fixture(scope="module")
def terms(handout) -> dict[str, str]:
    """The glossary's terms by the names of their places in the PDF."""
    source = (chapters.BOOK / "notation.md").read_text(encoding="utf8")
    body = re.search(r"^```\{glossary\}\n(.*?)^```", source, flags=re.M | re.S)[1]
    words = {
        re.sub(r"\W+", "-", line.lower()): line
        for line in body.splitlines()
        if line and not line.startswith(" ")
    }
    places = re.findall(
        r"\\newlabel\{book/notation:term-([\w-]+)\}\{\{.*?\}\{\d+\}\{.*?\}\{([\w*.]+)\}",
        (BUILT / f"{handout.stem}.aux").read_text(),
    )
    found = {place: words.pop(name.lower()) for name, place in places}
    assert not words, f"without a place in the PDF: {words}"
    return found


@pytest.fixture(scope="module")
def index(handout) -> dict[str, list[int]]:
    """The printed index: the pages of each word, the glossary's last."""
    pages = run("pdftotext", handout, "-").split("\f")
    first = next(
        number
        for number, page in enumerate(pages, start=1)
        if "A bold number is the page of the glossary." in page
    )
    lines = []
    for page in range(first, len(pages)):
        for left in (0, 298):  # a column
            place = ("-f", page, "-l", page, "-x", left, "-W", 298, "-y", 80, "-H", 690)
            column = run("pdftotext", *place, handout, "-")
            lines += re.findall(r"^(\w.*?), ([\d, –]+)$", column, flags=re.M)
    assert len(dict(lines)) == len(lines), "a word stands twice"
    found = {}
    for word, numbers in lines:
        spans = [list(map(int, part.split("–"))) for part in numbers.split(", ")]
        found[word] = [page for span in spans for page in range(span[0], span[-1] + 1)]
    return found


def test_the_index_lists_every_term_of_the_glossary_in_order(index, terms):
    assert set(index) == set(terms.values())
    assert list(index) == sorted(index, key=str.lower)


def test_the_index_gives_the_page_on_which_a_term_is_defined(index, handout):
    pages = run("pdftotext", "-layout", handout, "-").split("\f")
    for word, (*_, page) in index.items():
        heads = [line.strip() for line in pages[page - 1].splitlines()]
        assert word in heads, f"{word} is not defined on page {page}"


def test_the_index_gives_the_pages_on_which_chapters_link_to_a_term(
    index, terms, handout
):
    document = PdfReader(handout)
    glossary = {page for *_, page in index.values()}
    wanted = {word: set() for word in terms.values()}
    for number, page in enumerate(document.pages, start=1):
        if number not in glossary:
            links = [link.get_object() for link in page.get("/Annots", [])]
            for place in {destination(link) for link in links} & set(terms):
                wanted[terms[place]].add(number)
    found = {word: set(pages) - glossary for word, pages in index.items()}
    assert found == wanted
    assert any(wanted.values())


def test_the_index_stands_in_the_contents(handout):
    document = PdfReader(handout)
    (place,) = [
        entry for entry in document.outline if getattr(entry, "title", "") == "Index"
    ]
    page = document.get_destination_page_number(place)
    assert document.pages[page].extract_text().startswith("Index")
    contents = run("pdftotext", "-layout", "-f", 2, "-l", 4, handout, "-")
    assert re.search(rf"^Index +{page + 1}$", contents, flags=re.M)


# Data, properties ---------------------------------------------------------------------


def test_tables_of_data_are_tables(handout):
    tex = (BUILT / f"{handout.stem}.tex").read_text()
    assert r"\begin{handouttable}" in tex
    assert "Unnamed: 0" not in tex
    assert not re.search(r"^\s*0\s+\d+\.\d+\s+\d+\.\d+\s*$", tex, re.M)


def test_the_pdf_says_what_it_is(handout):
    document = PdfReader(handout)
    config = (ROOT / "_config.yml").read_text()
    for key, value in (("title", "/Title"), ("author", "/Author")):
        assert document.metadata[value] == re.search(rf"^{key}: (.+)$", config, re.M)[1]
    assert document.trailer["/Root"]["/Lang"] == "en-US"
    assert len(document.outline) >= 3
    assert "/CreationDate" not in document.metadata


def test_the_pdf_names_no_folder_of_the_machine(handout):
    document = PdfReader(handout)
    for page in document.pages:
        assert str(ROOT) not in page.extract_text()
    assert str(ROOT).encode() not in handout.read_bytes()
    assert str(ROOT) not in (BUILT / f"{handout.stem}.tex").read_text()


def test_no_page_is_blank(handout):
    for number, page in enumerate(PdfReader(handout).pages, start=1):
        assert len(page.extract_text().split()) > 5, f"page {number}"


# One palette --------------------------------------------------------------------------


def test_drawings_have_the_colors_of_the_plots():
    from notebook_utils import palette

    style = (ROOT / "latex" / "tikz-style.tex").read_text()
    defined = re.findall(r"\\definecolor\{book(\w+)\}\{HTML\}\{(\w{6})\}", style)
    wanted = dataclasses.asdict(palette)
    assert {name: f"#{value.lower()}" for name, value in defined} == wanted


def test_colors_in_formulas_are_known_to_print_and_to_the_website():
    style = (ROOT / "latex" / "handout.sty").read_text()
    css = (ROOT / "book" / "_static" / "book.css").read_text()
    pages = "".join(page.read_text("utf8") for page in chapters.BOOK.glob("*.md"))
    used = set(re.findall(r"\\textcolor\{(\w+)\}", pages))
    assert used
    for name in used:
        assert rf"\colorlet{{{name}}}{{book" in style
        assert f'.katex [style*="color:{name}"]' in css


# The extension's parts ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("raw", "plain"),
    [
        ("\x1b[1mbold\x1b[0m", "bold"),
        ("\x1b[38;5;45mNone\x1b[0m, \x1b[38;5;34m32\x1b[0m", "None, 32"),
        ("\x1b]8;;there\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("no codes [1m]", "no codes [1m]"),
    ],
)
def test_terminal_colors_are_taken_out(raw, plain):
    assert extension.strip_ansi(raw) == plain


def test_a_dataframe_becomes_a_table_with_the_same_cells():
    import pandas as pd

    frame = pd.DataFrame({"a & b": [1.5, -2.0], "name": ["x_1", "50 %"]})
    head, body = extension.parse_html_table(frame._repr_html_())
    assert head == [["", "a & b", "name"]]
    assert body == [["0", "1.5", "x_1"], ["1", "-2.0", "50 %"]]
    table = extension.latex_table(head, body)
    assert r"\begin{handouttable}{rrl}" in table
    assert r"0 & 1.5 & x\_1 \\" in table
    assert r"1 & −2.0 & 50 \% \\" in table


def test_a_dataframe_with_two_header_rows_keeps_its_columns():
    import pandas as pd

    frame = pd.DataFrame(
        [[1, 2]], columns=pd.MultiIndex.from_tuples([("top", "a"), ("top", "b")])
    )
    head, body = extension.parse_html_table(frame._repr_html_())
    assert head == [["", "top", ""], ["", "a", "b"]]
    assert body == [["0", "1", "2"]]


def test_a_long_table_may_break_across_pages():
    body = [[str(k)] for k in range(extension.LONG_TABLE)]
    assert "handoutlongtable" in extension.latex_table([["n"]], body)
    assert "handoutlongtable" not in extension.latex_table([["n"]], body[:-1])


SUMMARY = """\
┏━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━┳━━━━━━━━━┓
┃\x1b[1m \x1b[0m\x1b[1mLayer (type)  \x1b[0m\x1b[1m \x1b[0m┃ Output Shape ┃ Param # ┃
┡━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━╇━━━━━━━━━┩
│ a_long_name    │ (None, 32)   │   1,128 │
│ (\x1b[38;5;33mDense\x1b[0m)        │              │         │
├────────────────┼──────────────┼─────────┤
│ output (Dense) │ (None, 1)    │      33 │
└────────────────┴──────────────┴─────────┘
"""


def test_a_model_summary_becomes_a_table_with_its_broken_cells_joined():
    head, body = extension.parse_box_table(SUMMARY)
    assert head == [["Layer (type)", "Output Shape", "Param #"]]
    assert body == [
        ["a_long_name (Dense)", "(None, 32)", "1,128"],
        ["output (Dense)", "(None, 1)", "33"],
    ]
    assert "{llr}" in extension.latex_table(head, body)


@pytest.mark.parametrize("output", ["", "loss 0.3", '\x1b[1mModel: "s"\x1b[0m\n'])
def test_other_output_is_no_table(output):
    assert extension.parse_box_table(output) is None


# The typesetter -----------------------------------------------------------------------

LATEX = r"""\documentclass{article}
\begin{document}
%s
\end{document}
"""


def typeset(folder: Path, body: str) -> Path:
    (folder / "book.tex").write_text(LATEX % body)
    return typesetter.build_pdf(folder / "book.tex", folder / "out" / "book.pdf")


def test_a_good_source_becomes_a_pdf_and_is_not_typeset_again(tmp_path):
    made = typeset(tmp_path, r"\section{A}\label{a} See \ref{a} on \pageref{a}.")
    assert made.read_bytes().startswith(b"%PDF")
    (tmp_path / "book.log").unlink()
    assert (
        typeset(tmp_path, r"\section{A}\label{a} See \ref{a} on \pageref{a}.") == made
    )
    assert not (tmp_path / "book.log").exists()


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (r"See \ref{nowhere}.", "reference nowhere is undefined"),
        (r"See \cite{nobody}.", "citation nobody is undefined"),
        (r"\noindent\rule{400pt}{1pt}", "pt too wide"),
        ("\\tracinglostchars=3 snow \u2603", "Missing character"),
        (r"\nonsense", "Undefined control sequence"),
        (r"\usepackage{nosuchpackage}", "Can be used only in preamble"),
    ],
)
def test_a_defect_is_told_in_one_line_and_the_good_pdf_stays(tmp_path, body, reason):
    good = typeset(tmp_path, "Good.")
    before = good.read_bytes()
    with pytest.raises(typesetter.HandoutError) as failure:
        typeset(tmp_path, body)
    message = str(failure.value)
    assert message.startswith("error: ")
    assert reason in message
    assert re.search(r" at book\.tex:[34]: \S", message)
    assert str(tmp_path / "book.log") in message
    assert "\n" not in message
    assert good.read_bytes() == before


def test_a_line_of_code_is_quoted_as_it_was_written():
    line = (
        r"\PYG{n}{x\PYGZus{}1} \PYG{o}{=} \PYG{p}{\PYGZob{}}\PYG{l+s+s2}{\PYGZdq{}}"
        r"\PYG{l+s+s2}{a b}\PYG{l+s+s2}{\PYGZdq{}}\PYG{p}{\PYGZcb{}}"
    )
    assert typesetter.plain(line) == 'x_1 = {"a b"}'


INDEX = (
    r"\makeatletter\immediate\openout\@auxout=\jobname.idx"
    r"\immediate\write\@auxout{\string\indexentry{%s}{1}}"
)


def test_an_entry_that_the_index_does_not_take_is_told_in_one_line(tmp_path):
    (tmp_path / "python.ist").touch()
    with pytest.raises(typesetter.HandoutError) as failure:
        typeset(tmp_path, INDEX % "a!b!c!d" + " Text.")
    message = str(failure.value)
    assert "the index has a defect: Extra `!'" in message
    assert "a!b!c!d" in message
    assert "\n" not in message


def test_after_a_defect_the_same_source_fails_again(tmp_path):
    for _ in range(2):
        with pytest.raises(typesetter.HandoutError):
            typeset(tmp_path, r"See \ref{nowhere}.")


def test_missing_latex_is_told_with_the_packages_to_install(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(typesetter.HandoutError) as failure:
        typeset(tmp_path, "Good.")
    message = str(failure.value)
    assert "lualatex is not installed; run: sudo apt-get install " in message
    assert "texlive-luatex" in message
    assert "\n" not in message


def test_a_missing_source_is_told_in_one_line():
    tool = ROOT / "tools" / "handout.py"
    command = [sys.executable, tool, "nowhere/book.tex", "book.pdf"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "nowhere/book.tex is missing" in done.stderr
