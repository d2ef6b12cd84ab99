"""The website's list of handouts: `{handouts}`, with pages and sizes.

It lists what `_build` holds when the site is built; a page with the list is written
anew when that has changed.
"""

from dataclasses import dataclass
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


@dataclass(frozen=True)
class Handout:
    """A handout that is built: its file, its size in bytes and when it was written."""

    path: Path
    size: int
    written: int


def built(app: Sphinx) -> list[Handout]:
    """The handouts that are built; without solutions for a website without them."""
    paths = [Path(app.srcdir) / "_build" / f"{name}.pdf" for name in NAMES]
    return [
        Handout(path, path.stat().st_size, path.stat().st_mtime_ns)
        for path in paths
        if path.is_file()
        and (app.config.book_solutions != "none" or path.stem.endswith("-student"))
    ]


def count_pages(handout: Handout) -> int:
    # The root of the tree knows; pypdf's `pages` would read each one.
    return PdfReader(handout.path).root_object["/Pages"]["/Count"]


def visit_list(translator: HTMLTranslator, node: handout_list) -> None:
    builder = translator.builder
    up = "../" * builder.current_docname.count("/")
    rows = [
        f'<li><a href="{up}{FOLDER}/{handout.path.name}">'
        f"{NAMES[handout.path.stem]}</a>: "
        f"{pages} pages, {handout.size / 1e6:.1f} MB (PDF, A4)</li>\n"
        for handout, pages in builder.env.handouts.items()
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
    if app.builder.format != "html":
        return []
    known = getattr(env, "handouts", None)
    env.handouts = {
        handout: (known or {}).get(handout) or count_pages(handout)
        for handout in built(app)
    }
    if env.handouts == known:
        return []
    return [doc for doc, data in env.metadata.items() if "lists_handouts" in data]


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_node(handout_list, html=(visit_list, None), latex=(skip, None))
    app.add_directive("handouts", Handouts)
    app.connect("env-get-outdated", outdated)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
