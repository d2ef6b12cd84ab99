"""The frame of a deck: reveal.js from the Node packages, and what is ours around it.

reveal.js lays the slides out and knows keys, touch, fragments, the overview and print.
Ours are the look, steps of pictures and explorers, and the speaker's window, which
works from the disk, too, where reveal.js's own cannot reach the deck that opened it.
The frame is a template of the website, `deck.html`.
"""

import shutil
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx

from bookpress import node as node_js
from bookpress.media import WEBSITE, only
from bookpress.slides.decks import chapter_of, decks, is_deck

HERE = Path(__file__).parent
STATIC = "_static/slides"

# Of the styles that pages have, those of code, formulas, tabs and the book.
STYLES = ("pygments", "sphinx-design", "katex", "math.css", "book.css")


@only(WEBSITE)
def copy_files(app: Sphinx, exception: Exception | None) -> None:
    """Put reveal.js, its license and our files where decks look for them."""
    if exception or not decks(app.env):
        return
    reveal = node_js.package(Path(app.srcdir), "reveal.js")
    target = Path(app.outdir, STATIC)
    target.mkdir(parents=True, exist_ok=True)
    own = sorted((HERE / "static").iterdir())
    for path in [*own, reveal / "dist" / "reveal.js", reveal / "dist" / "reveal.css"]:
        shutil.copy(path, target)
    shutil.copy(reveal / "LICENSE", target / "LICENSE.txt")


@only(WEBSITE)
def frame(
    app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: Any
) -> str | None:
    """Give a deck its own template."""
    if not is_deck(pagename):
        return None
    app.env.toc_fignumbers.pop(pagename, None)  # the chapters' own, lent to its parts
    chapter = chapter_of(app.env, pagename)
    context["chapter"] = context["pathto"](chapter)
    context["deck_title"] = app.env.titles[chapter].astext()
    context["static"] = context["pathto"](STATIC, 1)
    context["styles"] = [
        style
        for style in context["css_files"]
        if any(name in str(style.filename) for name in STYLES)
    ]
    return "deck.html"


def setup(app: Sphinx) -> dict[str, bool]:
    # After the page has been cleared of what would ask another host (900).
    app.connect("html-page-context", frame, priority=950)
    app.connect("build-finished", copy_files, priority=50)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
