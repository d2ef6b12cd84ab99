"""The book for machines: a course and its chapters, as schema.org's JSON-LD."""

import json
from typing import Any

from sphinx.application import Sphinx

from bookpress import addresses, numbering
from bookpress.pages import in_order
from bookpress.slides.decks import chapter_of, is_deck
from bookpress.website.description import title


def course(app: Sphinx) -> dict[str, Any]:
    """The book's name and address in schema.org's words."""
    address = addresses.page(app.config, app.config.root_doc)
    kinds = ["Course", "Book"]
    return {"@type": kinds, "name": app.config.html_title, "url": address}


def whole_course(app: Sphinx) -> dict[str, Any]:
    """The book with its authors and pages, and what it says of itself besides."""
    author = {"@type": "Organization", "name": app.config.author}
    parts = [page(app, name) for name in in_order(app.env)[1:]]
    said = {"author": author, "provider": author, "inLanguage": app.config.language}
    return {**course(app), **said, **app.config.course_data, "hasPart": parts}


def page(app: Sphinx, docname: str) -> dict[str, Any]:
    """A page in schema.org's words: a deck, a chapter, or one of the pages beside."""
    said = {"name": title(app, docname), "url": addresses.page(app.config, docname)}
    if is_deck(docname):
        chapter = addresses.page(app.config, chapter_of(app.env, docname))
        kinds = ["PresentationDigitalDocument", "LearningResource"]
        return {"@type": kinds, **said, "isBasedOn": chapter}
    if number := numbering.chapter(app.env, docname):
        return {"@type": ["Chapter", "LearningResource"], **said, "position": number}
    return {"@type": "WebPage", **said}


def data(app: Sphinx, docname: str, words: str) -> str:
    """What a page is, as JSON-LD that can stand in a script.

    Parameters
    ----------
    docname : the page
    words : its description
    """
    if docname == app.config.root_doc:
        said = whole_course(app)
    else:
        language = app.config.language
        said = {**page(app, docname), "inLanguage": language, "isPartOf": course(app)}
    said = {"@context": "https://schema.org", **said}
    if words:
        said["description"] = words
    return json.dumps(said, ensure_ascii=False).replace("<", "\\u003c")


def setup(app: Sphinx) -> dict[str, bool]:
    # What a book says of itself besides, in schema.org's words.
    app.add_config_value("course_data", {}, "html")
    return {"parallel_read_safe": True, "parallel_write_safe": True}
