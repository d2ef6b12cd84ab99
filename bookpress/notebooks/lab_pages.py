"""What JupyterLab shows of a page beside its source: drawings, captions, numbers.

`make lab` opens the sources themselves, and jupyterlab-myst shows most of their
directives. What it cannot know is written here while the website is built, one file a
page in `_build/lab/`; `lab/labextensions/book` puts it in its places.
"""

import json
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinxcontrib.tikz import tikz

from bookpress import numbering
from bookpress.media import WEBSITE, only
from bookpress.notebooks.downloads import picture
from bookpress.notebooks.markdown import Page
from bookpress.pages import file_of
from bookpress.slides.decks import is_deck


def describe(app: Sphinx, docname: str, document: nodes.document) -> dict[str, Any]:
    """Return figures and citations of a page, and the numbers of the whole book."""
    page = Page(app.env, docname, lambda node: picture(app, node))
    figures = {}
    for figure in document.findall(nodes.figure):
        entry = {"caption": caption(app, page, figure)}
        for drawing in figure.findall(tikz):
            entry["picture"] = f"html/_images/{page.picture(drawing).name}"
            entry["alt"] = drawing["alt"]
        figures |= {name: entry for name in figure["names"]}
    return {
        "figures": figures,
        "citations": citations(app, document),
        "numbers": numbering.references(app.env),
    }


def caption(app: Sphinx, page: Page, figure: nodes.figure) -> str:
    """Number and caption as HTML, as the website has it."""
    found = next(iter(figure.findall(nodes.caption)), None)
    if found is None:
        return ""
    number = page.label(figure, "figure")
    words = nodes.inline("", "", *(child.deepcopy() for child in found.children))
    html = app.builder.render_partial(words)["fragment"]
    return f"<b>{number}</b> {html}" if number else html


def citations(app: Sphinx, document: nodes.document) -> dict[str, dict[str, str]]:
    """The citations on a page by key, in brackets and in the run of a sentence."""
    if "cite" not in app.env.domains:  # a book without sphinxcontrib-bibtex
        return {}
    known = app.env.get_domain("cite").citations
    keys = {entry.citation_id: entry.key for entry in known}
    found: dict[str, dict[str, str]] = {}
    for place in document.findall(nodes.inline):
        if "bibtex-citation" not in place["classes"]:
            continue
        text = place.astext()
        links = list(place.findall(nodes.reference))
        for link in links:
            entry = found.setdefault(keys[link["refuri"].partition("#")[2]], {})
            if text.startswith("["):
                entry["bracketed"] = link.astext()
            elif len(links) == 1:
                entry["plain"] = text
    return found


@only(WEBSITE)
def write(
    app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: Any
) -> None:
    whole = app.config.book_solutions != "none"
    if whole and doctree and not is_deck(pagename):
        folder = Path(app.srcdir, "_build", "lab")
        folder.mkdir(parents=True, exist_ok=True)
        content = json.dumps(describe(app, pagename, doctree), ensure_ascii=False)
        path = folder / f"{file_of(app, pagename)}.json"
        path.write_text(content, encoding="utf8")


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("html-page-context", write)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
