"""The handout: what a reader of the PDF can rely on, and the parts that make it."""

import dataclasses
import importlib.util
import re
import subprocess
import sys
from pathlib import Path

import chapters
import pytest
from editions import BOOK
from fixture_book import HEADER
from printed import Printed, destinations, run
from test_framework_tabs import build as sphinx_build

ROOT = Path(__file__).resolve().parent.parent


def load(path: Path, name: str):
    """Import a file under a name of its own (two are called handout)."""
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


typesetter = load(ROOT / "tools" / "handout.py", "handout_typesetter")
extension = load(ROOT / "_ext" / "handout_latex.py", "handout_latex_tested")


@pytest.fixture(scope="module")
def printed(handout) -> Printed:
    return Printed(handout, ROOT / "_build" / "work" / "latex" / BOOK)


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
    style = (ROOT / "latex" / "handout.sty").read_text()
    colors = (ROOT / "latex" / "tikz-style.tex").read_text()
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
    source = (chapters.BOOK / "notation.md").read_text(encoding="utf8")
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
    contents = "\n".join(printed.layout[1:4])
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

    style = (ROOT / "latex" / "tikz-style.tex").read_text()
    defined = re.findall(r"\\definecolor\{book(\w+)\}\{HTML\}\{(\w{6})\}", style)
    wanted = dataclasses.asdict(palette)
    assert {name: f"#{value.lower()}" for name, value in defined} == wanted


def test_colors_in_formulas_are_known_to_print_and_to_the_website():
    style = (ROOT / "latex" / "handout.sty").read_text()
    css = (ROOT / "book" / "_static" / "book.css").read_text()
    pages = (page.read_text("utf8") for page in chapters.BOOK.glob("*.md"))
    # Drawings have colors of their own.
    prose = "".join(chapters.FENCED_CODE.sub("", page) for page in pages)
    used = set(re.findall(r"\\textcolor\{(\w+)\}", prose))
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


def test_the_name_of_a_table_s_index_is_a_head_of_its_own_column():
    import pandas as pd

    frame = pd.DataFrame({"a": [1.5]}, index=pd.Index([7], name="target"))
    head, body = extension.parse_html_table(frame._repr_html_())
    assert (head, body) == ([["target", "a"]], [["7", "1.5"]])


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


PROGRAM = """\
import this

# what follows belongs together
@twice
def one(x):
    y = x

    return [
        y,
    ]
rest = one(1)
print(rest)
print(rest)
print(rest)"""


def test_a_listing_breaks_between_its_parts_rather_than_within():
    lines = PROGRAM.split("\n")
    costs = extension.break_penalties(PROGRAM, is_code=True)
    never, within = extension.NEVER, 2500
    before = dict(zip(lines[1:], costs, strict=True))
    assert len(costs) == len(lines) - 1
    assert before["# what follows belongs together"] == never  # near the top
    assert before["        y,"] == within and before["    ]"] == never
    assert costs[5] < within and costs[6] == never  # a blank line goes with the break
    assert costs[9] == 400  # between statements
    assert costs[-2:] == [never, never]


def test_what_is_no_program_breaks_away_from_its_edges_only():
    assert extension.break_penalties("a b\n" * 7, is_code=False) == [
        *(2 * [extension.NEVER]),
        2500,
        2500,
        *(2 * [extension.NEVER]),
    ]
    short = "one\n\ntwo three\nfour("
    assert set(extension.break_penalties(short, is_code=True)) == {extension.NEVER}


# The chapter's head -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("base", "shown"),
    [("", ""), ("https://example.org/b/", "https://example.org/b/chapter.html")],
)
def test_a_chapter_s_head_names_its_file_and_its_address_if_one_is_set(
    tmp_path, base, shown
):
    settings = {"html_baseurl": base, "html_title": "A small book"}
    extensions = ["myst_nb", "framework_tabs", "chapter_code"]
    chapter = f"{HEADER}# One\n\n```{{code-cell}} ipython3\nx = 1\n```\n"
    (tmp_path / "chapter.md").write_text(chapter, encoding="utf8")
    body = "```{toctree}\nchapter\n```\n"
    tex, warnings = sphinx_build(
        tmp_path, "latex", body, extensions=extensions, **settings
    )
    assert warnings == ""
    assert rf"\handoutchapterhead{{chapter.py}}{{{shown}}}" in tex
    code = (tmp_path / "latex" / "chapter.py").read_text(encoding="utf8")
    assert code.startswith("# One\n") and code.endswith("# %%\nx = 1\n")


# The typesetter -----------------------------------------------------------------------

LATEX = r"""\documentclass{article}
\begin{document}
%s
\end{document}
"""


@pytest.fixture(scope="module")
def good(tmp_path_factory) -> Path:
    """A published PDF, in the folder of its source."""
    return typeset(tmp_path_factory.mktemp("good"), "Good.")


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
def test_a_defect_is_told_in_one_line_and_the_good_pdf_stays(good, body, reason):
    before, folder = good.read_bytes(), good.parent.parent
    with pytest.raises(typesetter.HandoutError) as failure:
        typeset(folder, body)
    message = str(failure.value)
    assert message.startswith("error: ")
    assert reason in message
    assert re.search(r" at book\.tex:[34]: \S", message)
    assert str(folder / "book.log") in message
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


def test_after_a_defect_the_same_source_fails_again(good):
    for _ in range(2):
        with pytest.raises(typesetter.HandoutError):
            typeset(good.parent.parent, r"See \ref{nowhere}.")


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
