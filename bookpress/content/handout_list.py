"""The website's list of handouts: `{handouts}`, with pages and sizes.

It lists what `_build` holds when the site is built; a page with the list is written
anew when that has changed. In other media there is nothing to list.
"""

from dataclasses import dataclass
from pathlib import Path

from docutils import nodes
from docutils.writers.html5_polyglot import HTMLTranslator
from pypdf import PdfReader
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util.docutils import SphinxDirective

from bookpress.handout.editions import offered
from bookpress.media import WEBSITE, in_notebook, medium, only
from bookpress.settings import settings
from bookpress.stale import is_new

FOLDER = "handouts"  # in the website


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


def names(root: Path, without_solutions: bool) -> dict[str, str]:
    """The handouts that a website offers: their names, and what they are."""
    book = settings(root)
    return {
        edition.name(book.file_name): edition.words(book.frameworks)
        for edition in offered(book.frameworks)
        if edition.solutions == "none" or not without_solutions
    }


def built(app: Sphinx) -> dict[Handout, str]:
    """The handouts that are built, and what they are."""
    root = Path(app.srcdir)
    paths = {
        root / "_build" / f"{name}.pdf": words
        for name, words in names(root, app.config.book_solutions == "none").items()
    }
    return {
        Handout(path, path.stat().st_size, path.stat().st_mtime_ns): words
        for path, words in paths.items()
        if path.is_file()
    }


def count_pages(handout: Handout) -> int:
    # The root of the tree knows; pypdf's `pages` would read each one.
    return PdfReader(handout.path).root_object["/Pages"]["/Count"]


def visit_list(translator: HTMLTranslator, node: handout_list) -> None:
    builder = translator.builder
    if medium(builder.app) != WEBSITE:
        raise nodes.SkipNode
    up = "../" * builder.current_docname.count("/")
    rows = [
        f'<li><a href="{up}{FOLDER}/{handout.path.name}">{words}</a>: '
        f"{pages} pages, {handout.size / 1e6:.1f} MB (PDF, A4)</li>\n"
        for handout, (words, pages) in builder.env.handouts.items()
    ]
    text = f"<ul>\n{''.join(rows)}</ul>\n" if rows else "<p>None is built yet.</p>\n"
    text = f'<div id="{FOLDER}">\n{text}</div>\n'
    translator.body.append(text)
    raise nodes.SkipNode


def skip(translator, node: handout_list) -> None:
    raise nodes.SkipNode


@in_notebook(handout_list)
def leave_out(page: object, node: handout_list) -> list[str]:
    return []


@only(WEBSITE, otherwise=list)
def outdated(
    app: Sphinx, env: BuildEnvironment, added: set, changed: set, removed: set
) -> list[str]:
    """Pages whose list is not that of the last build."""
    known = getattr(env, "handouts", {})
    found = {
        handout: (
            words,
            known[handout][1] if handout in known else count_pages(handout),
        )
        for handout, words in built(app).items()
    }
    if not is_new(env, "handouts", found):
        return []
    return [doc for doc, data in env.metadata.items() if "lists_handouts" in data]


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_node(handout_list, html=(visit_list, None), latex=(skip, None))
    app.add_directive("handouts", Handouts)
    app.connect("env-get-outdated", outdated)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
