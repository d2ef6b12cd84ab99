"""Slides: decks that take what they show from the chapters, as pages of the website.

decks    which decks there are, the chapter of each, the links between them
takes    `{take}`: parts of a chapter, put into a deck
parts    where they are found
steps    parts shown bit by bit, explorers in a chosen state
layout   a deck's own words: slides, questions to the room, notes, how many words
page     the frame of a deck, with reveal.js
"""

from sphinx.application import Sphinx


def setup(app: Sphinx) -> dict[str, bool]:
    for part in ("decks", "takes", "layout", "page"):
        app.setup_extension(f"bookpress.slides.{part}")
    return {"parallel_read_safe": True, "parallel_write_safe": True}
