"""What a page tells those who list it, link to it or show it in a message.

A description and the tags of Open Graph, which others than its authors read as well.
A picture, and what the page is in schema.org's words, need the website's address.
"""

from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.fileutil import ensuredir

from bookpress import addresses, numbering
from bookpress.content.predictions import PAGE
from bookpress.media import WEBSITE, only
from bookpress.pages import file_of
from bookpress.slides.decks import chapter_of, is_deck
from bookpress.website import course
from bookpress.website.card import SIZE, card
from bookpress.website.description import LONG, SHORT, cut, description, title

# Pages that no author writes.
WORDS = {
    "search": "Search: find words on all pages",
    PAGE: "Predictions: what you said before a result, and how it went",
}


def card_of(app: Sphinx, docname: str) -> str:
    """The file of a page's card, in the website; a deck has its chapter's."""
    page = chapter_of(app.env, docname) if is_deck(docname) else docname
    return f"_images/card-{file_of(app, page)}.png"


def draw_card(app: Sphinx, docname: str) -> None:
    above, below = app.config.html_title, app.config.author
    if number := numbering.chapter(app.env, docname):
        above += f" · Chapter {number}"
    if docname == app.config.root_doc:
        above, below = "", getattr(app.config, "handout_subtitle", "")
    path = Path(app.outdir, card_of(app, docname))
    ensuredir(path.parent)
    path.write_bytes(card(above, title(app, docname), below, docname))


def book(app: Sphinx) -> str:
    return f"from the book {app.config.html_title} by {app.config.author}."


def page_tags(app: Sphinx, docname: str, document: nodes.document) -> dict[str, Any]:
    """What the template `sharing.html` says of a page."""
    name = title(app, docname) + (": slides" if is_deck(docname) else "")
    words = description(document)
    if len(words) < SHORT:
        words = cut(f"{words} {name}, {book(app)}".strip(), LONG)
    said = {
        "words": words,
        "title": name,
        "kind": "book" if docname == app.config.root_doc else "article",
        "site_name": app.config.html_title,
    }
    if address := addresses.page(app.config, docname):
        site = addresses.site(app.config)
        said |= {"address": address, "card": f"{site}/{card_of(app, docname)}"}
        said |= {"size": SIZE, "data": course.data(app, docname, words)}
    return said


@only(WEBSITE)
def describe(
    app: Sphinx,
    pagename: str,
    templatename: str,
    context: dict[str, Any],
    doctree: nodes.document | None,
) -> None:
    """Add tags to those of a page's head, and draw its card."""
    if doctree:
        tags = page_tags(app, pagename, doctree)
        if "card" in tags and not is_deck(pagename):
            draw_card(app, pagename)
    elif pagename in WORDS:
        tags = {"words": f"{WORDS[pagename]}, {book(app)}"}
    else:
        return
    own = context.get("metatags") or ""
    tags["described"] = 'name="description"' in own  # by its author
    context["metatags"] = own + app.builder.templates.render("sharing.html", tags)


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("html-page-context", describe)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
