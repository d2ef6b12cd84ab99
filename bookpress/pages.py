"""Pages of a book: which there are, and names for the files made of one.

A page is known by its docname (`book/mlp`), as two folders may hold a page of one name.
"""

from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.errors import SphinxError
from sphinx_external_toc.parsing import parse_toc_yaml

from bookpress.cells import read_notebook


class SameName(SphinxError):
    """Two pages would be written to one file."""

    category = "Two pages of one name"


def listed(root: Path) -> list[str]:
    """Docnames of all pages of `_toc.yml`, in the order of the book."""
    site_map = parse_toc_yaml(root / "_toc.yml")
    names = [site_map.root.docname]
    for name in names:  # grows while it is read
        children = [
            str(child)
            for tree in site_map[name].subtrees
            for child in tree.items
            if str(child) in site_map
        ]
        at = names.index(name) + 1
        names[at:at] = children
    return names


def source(root: Path, docname: str) -> Path:
    return root / f"{docname}.md"


def with_code(root: Path) -> list[str]:
    """Docnames of the pages that are executed, in the order of the book."""
    return [n for n in listed(root) if read_notebook(source(root, n)) is not None]


def in_order(env: BuildEnvironment) -> list[str]:
    """Docnames of the pages that Sphinx has read, decks apart, in the book's order."""
    return list(env.collect_relations())


def file_name(docname: str, home: str) -> str:
    """Name, without extension, of the files that a page is written to.

    Parameters
    ----------
    docname : the page
    home : docname of the book's first page; names begin below its folder

    Returns
    -------
    `mlp` for `book/mlp`, `fr-mlp` for `book/fr/mlp`, `slides-mlp` for `slides/mlp`
    """
    page, folder = PurePosixPath(docname), PurePosixPath(home).parent
    inside = page.relative_to(folder) if page.is_relative_to(folder) else page
    return "-".join(inside.parts)


def file_of(app: Sphinx, docname: str) -> str:
    return file_name(docname, app.config.root_doc)


def check_names(app: Sphinx, env: object) -> None:
    """Refuse a book of which two pages would overwrite one another's files."""
    apart(env.found_docs, app.config.root_doc)


def apart(docnames: Iterable[str], home: str) -> None:
    seen: dict[str, str] = {}
    for docname in sorted(docnames):
        name = file_name(docname, home)
        if name in seen:
            raise SameName(
                f"{seen[name]} and {docname} would both be written as {name}; "
                "rename one of them"
            )
        seen[name] = docname


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("env-check-consistency", check_names)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
