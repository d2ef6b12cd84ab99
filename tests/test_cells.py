"""A page is cut into prose and code as MyST-NB cuts it, and lines keep their count."""

import pytest
from fixture_book import HEADER
from myst_nb.core.read import read_myst_markdown_notebook
from this_book import PAGES, source

from bookpress.cells import Piece, code_of, pieces

ABOVE = HEADER.count("\n")


def page(text: str) -> str:
    return HEADER + text


def as_myst_nb_reads(text: str) -> list[tuple[str, dict]]:
    cells = read_myst_markdown_notebook(text).cells
    return [(c.source, dict(c.metadata)) for c in cells if c.cell_type == "code"]


FENCES = {
    "plain": "```{code-cell}\na = 1\n```\n",
    "with a language": "```{code-cell} ipython3\na = 1\n```\n",
    "long": "````{code-cell}\na = '''\n```\n'''\n````\n",
    "closed by a longer one": "```{code-cell}\na = 1\n`````\n",
    "of tildes": "~~~{code-cell}\na = '''\n```\n'''\n~~~\n",
    "indented": "  ```{code-cell}\n  :tags: [one]\n\n  if a:\n      b = 1\n  ```\n",
    "with empty lines": "```{code-cell}\n\n\na = 1\n\n\n```\n",
    "with options": "```{code-cell}\n:tags: [one]\na = 1\n```\n",
    "with YAML": "```{code-cell}\n---\ntags: [one, two]\n---\n\na = 1\n\nb = 2\n```\n",
    "empty": "```{code-cell}\n```\n",
    "with options alone": "```{code-cell}\n:tags: [one]\n```\n",
    "side by side": "```{code-cell}\na = 1\n```\n```{code-cell}\nb = 1\n```\n",
    "inside a division": "::::{div} one\n```{code-cell}\na = 1\n```\n::::\n",
    "twice the same": "```{code-cell}\na\na\n```\n\n```{code-cell}\na\n\na\n```\n",
    "with code like options": "```{code-cell}\n:tags: [one]\n\na\n\na\n\n```\n",
    "with YAML above empty lines": "```{code-cell}\n---\nb: 1\n---\n\na\n\n\n```\n",
}

# What looks like a cell, and is none for MyST-NB.
PROSE = {
    "of colons": ":::{code-cell}\na = 1\n:::\n",
    "in a list": "- One.\n\n  ```{code-cell}\n  a = 1\n  ```\n",
    "in a quotation": "> ```{code-cell}\n> a = 1\n> ```\n",
    "in another fence": "````\n```{code-cell}\na = 1\n```\n````\n",
    "in a directive": "````{note}\n```{code-cell}\na = 1\n```\n````\n",
    "indented by four": "    ```{code-cell}\n    a = 1\n    ```\n",
    "not a cell": "```python\na = 1\n```\n",
    "raw": "```{raw-cell}\na = 1\n```\n",
}


@pytest.mark.parametrize("docname", PAGES)
def test_cells_of_all_pages_are_those_of_myst_nb(docname):
    text = source(docname)
    wanted = as_myst_nb_reads(text) if text.startswith("---\njupytext") else []
    found = [(piece.text, sorted(piece.tags)) for piece in code_of(text)]
    assert found == [(code, sorted(meta.get("tags", []))) for code, meta in wanted]


@pytest.mark.parametrize("docname", PAGES)
def test_each_line_of_a_page_is_found_where_it_is_said_to_be(docname):
    check_lines(source(docname))


@pytest.mark.parametrize("text", [*FENCES.values(), *PROSE.values()])
@pytest.mark.parametrize("around", ["{}", "Above.\n\n{}\nBelow 0.5.\n"])
def test_cells_in_every_fence_are_those_of_myst_nb(text, around):
    text = page(around.format(text))
    wanted = as_myst_nb_reads(text)
    assert [piece.text for piece in code_of(text)] == [code for code, _ in wanted]
    assert [sorted(piece.tags) for piece in code_of(text)] == [
        meta.get("tags", []) for _, meta in wanted
    ]
    check_lines(text)


def check_lines(text: str) -> None:
    """What a piece says of a line stands there, fences and indents apart."""
    lines = text.split("\n")
    for piece in pieces(text):
        for number, line in enumerate(piece.text.split("\n"), piece.line):
            if line.strip() or (piece.kind == "code" and piece.text.strip()):
                assert line.strip() == lines[number - 1].strip()


@pytest.mark.parametrize("name", FENCES)
def test_a_cell_is_found(name):
    assert code_of(page(FENCES[name]))


@pytest.mark.parametrize("name", PROSE)
def test_what_myst_nb_does_not_run_is_prose(name):
    assert pieces(page(PROSE[name])) == [Piece("prose", PROSE[name], ABOVE + 1)]


def test_nothing_of_a_page_is_lost():
    """Every line but the fences is in one piece, code and options too."""
    text = page("Above.\n\n" + "\nBetween.\n".join(FENCES.values()) + "\nBelow.\n")
    found = "\n".join(piece.text for piece in pieces(text)).split("\n")
    told = [line.strip() for line in found if line.strip()]
    wanted = [
        line.strip()
        for line in text.split("\n")[ABOVE:]
        if line.strip() and "{code-cell}" not in line and line.strip(" `~")
    ]
    quoted = "'''"  # two of the cells hold a fence in a text
    assert sorted(line for line in told if line.strip("`")) == sorted(wanted)
    assert told.count(quoted) == 2


def test_options_tags_and_code_are_told_apart():
    text = page("```{code-cell}\n---\nmystnb: {}\ntags: [one, two]\n---\na = 1\n```\n")
    (cell,) = code_of(text)
    assert cell.options == "---\nmystnb: {}\ntags: [one, two]\n---"
    assert cell.tags == {"one", "two"}
    assert cell.text == "a = 1"
    assert cell.line == ABOVE + 6


def test_a_caption_is_prose_at_its_own_line():
    text = page("```{code-cell}\n---\ncaption: About 0.75.\n---\na = 1\n\n```\nMore.\n")
    above, code, below = pieces(text)
    assert above == Piece("prose", "", ABOVE + 1)
    assert (code.kind, code.text) == ("code", "a = 1")
    assert (
        below.text.split("\n").index("caption: About 0.75.") + below.line == ABOVE + 3
    )
    assert below.text.split("\n").index("More.") + below.line == ABOVE + 8


def test_a_page_without_the_header_of_a_notebook_holds_no_code():
    for text in ("# A page\n", "---\ntitle: A page\n---\n# A page\n"):
        text += FENCES["plain"]
        (prose,) = pieces(text)
        assert prose.kind == "prose"
        assert prose.text.endswith(FENCES["plain"])
        check_lines(text)


def test_a_fence_that_is_never_closed_ends_with_the_page():
    assert [piece.text for piece in code_of(page("```{code-cell}\na = 1"))] == ["a = 1"]
