"""The cells of a page, for whoever runs, checks or attaches them.

MyST-NB reads a page in the build; everyone else reads it by the same function here, so
that there is one answer to what a page's code is.
"""

import re
from dataclasses import dataclass
from pathlib import Path

import nbformat
from docutils import nodes
from myst_nb.core.read import (
    is_myst_markdown_notebook,
    read_myst_markdown_notebook,
)

HEADER = re.compile(r"\A---\n.*?\n---\n", re.DOTALL)


def read_notebook(path: Path) -> nbformat.NotebookNode | None:
    """Read a MyST page; None if it is not a notebook (has no jupytext header)."""
    text = path.read_text(encoding="utf8")
    if not is_myst_markdown_notebook(text):
        return None
    return read_myst_markdown_notebook(text, add_source_map=True, path=path)


@dataclass(frozen=True)
class Piece:
    """A stretch of a page, as it is read from top to bottom.

    Parameters
    ----------
    kind : "prose" or "code"
    text : the prose, or a code cell's source without its options
    line : the line of the page on which the text begins, from 1 on
    tags : of a code cell
    options : of a code cell, as they are written
    """

    kind: str
    text: str
    line: int
    tags: frozenset[str] = frozenset()
    options: str = ""


def pieces(page: str) -> list[Piece]:
    """Split a page's source into prose and code.

    A code cell's options (caption, alternative text) are prose for a reader; they stand
    at the head of the piece after the cell.
    """
    lines = page.split("\n")
    header = HEADER.match(page)
    at = header[0].count("\n") if header else 0  # first line not yet in a piece
    found: list[Piece] = []
    prose, first = [], at + 1
    for cell, fence in fenced(page):
        found.append(Piece("prose", "\n".join(prose + lines[at:fence]), first))
        end = end_of(lines, fence)
        body = lines[fence + 1 : end]
        head = body[: len(body) - below_options(cell, body)]
        options, line = "\n".join(head), fence + 2 + len(head)
        tags = frozenset(cell.metadata.get("tags", []))
        found.append(Piece("code", cell.source, line, tags, options))
        # Below the options an empty line for each of the code, to keep the count.
        prose, first = head + [""] * (end - fence - len(head)), fence + 2
        at = end + 1
    found.append(Piece("prose", "\n".join(prose + lines[at:]), first))
    return found


def fenced(page: str) -> list[tuple[nbformat.NotebookNode, int]]:
    """Code cells as MyST-NB reads them, with the line of the fence, from 0 on."""
    if not is_myst_markdown_notebook(page):
        return []
    notebook = read_myst_markdown_notebook(page, add_source_map=True)
    starts = notebook.metadata["source_map"]  # of a code cell the line below the fence
    both = zip(notebook.cells, starts, strict=True)
    return [(cell, start - 1) for cell, start in both if cell.cell_type == "code"]


def end_of(lines: list[str], fence: int) -> int:
    """The line that closes a fence: one as long or longer, or the end of the page."""
    mark = re.match(r" {0,3}(`{3,}|~{3,})", lines[fence])[1]
    closing = re.compile(rf" {{0,3}}{mark}{mark[0]}*[ \t]*$")
    below = range(fence + 1, len(lines))
    return next((n for n in below if closing.match(lines[n])), len(lines))


def below_options(cell: nbformat.NotebookNode, body: list[str]) -> int:
    """How many lines of a fence's body are code, with the empty ones below it."""
    code = [line.strip() for line in cell.source.rstrip().split("\n")]
    body = [line.strip() for line in body]
    for size in range(len(code), len(body) + 1) if cell.source.strip() else ():
        if body[-size:][: len(code)] == code:
            return size
    return 0


def code_of(page: str) -> list[Piece]:
    """The code cells of a page's source."""
    return [piece for piece in pieces(page) if piece.kind == "code"]


# What MyST-NB makes of them in a document tree


def is_cell(node: nodes.Node) -> bool:
    return isinstance(node, nodes.container) and node.get("nb_element") == "cell_code"


def has_cells(document: nodes.document) -> bool:
    return any(document.findall(is_cell))


def is_source(node: nodes.Node) -> bool:
    return isinstance(node, nodes.container) and "cell_input" in node["classes"]


def is_output(node: nodes.Node) -> bool:
    return isinstance(node, nodes.container) and "cell_output" in node["classes"]


def is_mime_bundle(node: nodes.Node) -> bool:
    return isinstance(node, nodes.container) and node.get("nb_element") == "mime_bundle"


def tags_of(cell: nodes.container) -> set[str]:
    """Tags of a cell of the document tree."""
    names = cell["classes"]
    return {name.removeprefix("tag_") for name in names if name.startswith("tag_")}
