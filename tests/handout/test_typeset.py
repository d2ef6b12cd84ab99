"""LuaLaTeX runs as often as it must, and what is wrong is told in one line."""

import re
import shutil
from pathlib import Path

import pytest
from this_book import ROOT

from bookpress.handout.typeset import HandoutError, build_pdf, plain

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
    return build_pdf(folder / "book.tex", folder / "out" / "book.pdf")


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
    with pytest.raises(HandoutError) as failure:
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
    assert plain(line) == 'x_1 = {"a b"}'


INDEX = (
    r"\makeatletter\immediate\openout\@auxout=\jobname.idx"
    r"\immediate\write\@auxout{\string\indexentry{%s}{1}}"
)


def test_an_entry_that_the_index_does_not_take_is_told_in_one_line(tmp_path):
    (tmp_path / "python.ist").touch()
    with pytest.raises(HandoutError) as failure:
        typeset(tmp_path, INDEX % "a!b!c!d" + " Text.")
    message = str(failure.value)
    assert "the index has a defect: Extra `!'" in message
    assert "a!b!c!d" in message
    assert "\n" not in message


def test_after_a_defect_the_same_source_fails_again(good):
    for _ in range(2):
        with pytest.raises(HandoutError):
            typeset(good.parent.parent, r"See \ref{nowhere}.")


def test_missing_latex_is_told_with_the_packages_to_install(tmp_path, monkeypatch):
    """Those of the book in whose folder `_build` it is typeset."""
    (tmp_path / "_build").mkdir()
    shutil.copy(ROOT / "apt.txt", tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(HandoutError) as failure:
        typeset(tmp_path / "_build", "Good.")
    message = str(failure.value)
    assert "lualatex is not installed; run: sudo apt-get install " in message
    assert "texlive-luatex" in message
    assert "\n" not in message


def test_a_missing_source_is_told_in_one_line(tmp_path):
    with pytest.raises(HandoutError) as failure:
        build_pdf(tmp_path / "nowhere" / "book.tex", tmp_path / "book.pdf")
    message = str(failure.value)
    assert message.count("\n") == 0
    assert "nowhere/book.tex is missing" in message
