"""The website's list of handouts: `{handouts}`, with pages and sizes.

It lists what `_build` holds when the site is built; a page with the list is written
anew when that has changed.
"""

from pathlib import Path

from docutils import nodes
from docutils.writers.html5_polyglot import HTMLTranslator
from pypdf import PdfReader
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util.docutils import SphinxDirective

FOLDER = "handouts"  # in the website

# File: what it is; in the order of the list
NAMES = {
    "deep-learning-basics": "Keras and PyTorch, solutions at the end",
    "deep-learning-basics-keras": "Keras, solutions at the end",
    "deep-learning-basics-pytorch": "PyTorch, solutions at the end",
    "deep-learning-basics-student": "Keras and PyTorch, without solutions",
    "deep-learning-basics-keras-student": "Keras, without solutions",
    "deep-learning-basics-pytorch-student": "PyTorch, without solutions",
}


class handout_list(nodes.General, nodes.Element):
    """Stands where the list goes."""


class Handouts(SphinxDirective):
    def run(self) -> list[nodes.Node]:
        self.env.metadata[self.env.docname]["lists_handouts"] = True
        return [handout_list()]


def offered(app: Sphinx) -> list[tuple[str, str, int, float]]:
    """File name, what it is, pages and megabytes of each handout that is built.

    A website without solutions offers no handout with them.
    """
    found = []
    for name, title in NAMES.items():
        if app.config.book_solutions == "none" and not name.endswith("-student"):
            continue
        path = Path(app.srcdir) / "_build" / f"{name}.pdf"
        if path.is_file():
            # The root of the tree knows; pypdf's `pages` would read each one.
            pages = PdfReader(path).root_object["/Pages"]["/Count"]
            found.append((path.name, title, pages, path.stat().st_size / 1e6))
    return found


def visit_list(translator: HTMLTranslator, node: handout_list) -> None:
    found = offered(translator.builder.app)
    up = "../" * translator.builder.current_docname.count("/")
    rows = [
        f'<li><a href="{up}{FOLDER}/{file}">{title}</a>: '
        f"{pages} pages, {size:.1f} MB (PDF, A4)</li>\n"
        for file, title, pages, size in found
    ]
    text = f"<ul>\n{''.join(rows)}</ul>\n" if rows else "<p>None is built yet.</p>\n"
    text = f'<div id="{FOLDER}">\n{text}</div>\n'
    translator.body.append(text)
    raise nodes.SkipNode


def skip(translator, node: handout_list) -> None:
    raise nodes.SkipNode


def outdated(
    app: Sphinx, env: BuildEnvironment, added: set, changed: set, removed: set
) -> list[str]:
    """Pages whose list is not that of the last build."""
    found = offered(app)
    before = getattr(env, "handouts_listed", None)
    env.handouts_listed = found
    if app.builder.format != "html" or found == before:
        return []
    return [doc for doc, data in env.metadata.items() if "lists_handouts" in data]


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_node(handout_list, html=(visit_list, None), latex=(skip, None))
    app.add_directive("handouts", Handouts)
    app.connect("env-get-outdated", outdated)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
