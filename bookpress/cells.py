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
    header = HEADER.match(page)
    lines = page.split("\n")
    if not is_myst_markdown_notebook(page):
        skipped = header[0].count("\n") if header else 0
        return [Piece("prose", "\n".join(lines[skipped:]), skipped + 1)]
    notebook = read_myst_markdown_notebook(page, add_source_map=True)
    # Of prose the first line, from 0 on, of code that below the fence.
    starts = notebook.metadata["source_map"]
    found: list[Piece] = []
    at = header[0].count("\n") if header else 0  # first line that is not yet in a piece
    options, first = "", at + 1
    for cell, start in zip(notebook.cells, starts, strict=True):
        if cell.cell_type != "code":
            continue
        fence = start
        while not FENCE.match(lines[fence]):
            fence -= 1
        end = fence + 1
        mark = FENCE.match(lines[fence])[1]
        while lines[end].rstrip() != mark:
            end += 1
        found.append(Piece("prose", options + "\n".join(lines[at:fence]), first))
        size = len(cell.source.split("\n")) if cell.source else 0
        body = lines[fence + 1 : end]
        while size and body[len(body) - size :] != cell.source.split("\n"):
            body.pop()  # empty lines below the code
        head = body[: len(body) - size]
        line = fence + 2 + len(head)
        tags = frozenset(cell.metadata.get("tags", []))
        kept = "\n".join(head)
        found.append(Piece("code", cell.source, line, tags, kept))
        options = kept + "\n" * (end - fence - kept.count("\n"))
        at, first = end + 1, fence + 2
    found.append(Piece("prose", options + "\n".join(lines[at:]), first))
    return found


FENCE = re.compile(r"^(`{3,}|:{3,})\{code-cell\}")


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
