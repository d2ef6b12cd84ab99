"""Which decks there are: `slides/NAME.md` is the deck of the page `NAME` of the book.

A deck is a page of its own, outside the table of contents and the search.
"""

from pathlib import Path, PurePosixPath
from typing import Any

from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.environment import BuildEnvironment
from sphinx.errors import SphinxError

from bookpress.media import WEBSITE, only
from bookpress.stale import is_new

FOLDER = "slides"


class DeckWithoutChapter(SphinxError):
    """A deck belongs to no page of the book."""

    category = "A deck without a chapter"


def is_deck(docname: str) -> bool:
    return PurePosixPath(docname).parent.name == FOLDER


def chapter_of(env: BuildEnvironment, deck: str) -> str:
    """The page that a deck belongs to.

    Raises
    ------
    DeckWithoutChapter : the book has no page of the deck's name
    """
    name = PurePosixPath(deck).name
    chapter = str(PurePosixPath(env.config.root_doc).parent / name)
    if chapter not in env.found_docs:
        raise DeckWithoutChapter(
            f"{deck}.md needs a page {chapter}.md in _toc.yml; give it a page's name"
        )
    return chapter


def decks(env: BuildEnvironment) -> dict[str, str]:
    """The decks of a book with their chapters."""
    found = sorted(filter(is_deck, env.found_docs))
    return {deck: chapter_of(env, deck) for deck in found}


def admit(app: Sphinx, config: Config) -> None:
    """Let Sphinx find the decks, although the table of contents has none of them."""
    config.exclude_patterns = [
        pattern
        for pattern in config.exclude_patterns
        if not is_deck(pattern.removesuffix(".md"))
    ]


def stand_apart(app: Sphinx, doctree: object) -> None:
    """Keep a deck out of the search, and out of what no table of contents lists."""
    if is_deck(app.env.docname):
        app.env.metadata[app.env.docname] |= {"orphan": True, "nosearch": True}


@only(WEBSITE, otherwise=list)
def link_again(app: Sphinx, env: BuildEnvironment, *changes: set[str]) -> list[str]:
    """Name the chapters of all decks when there are others than before."""
    known = decks(env)
    return list(known.values()) if is_new(env, "decks", known) else []


@only(WEBSITE)
def offer(
    app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: Any
) -> None:
    """Tell a chapter's page where its deck is."""
    for deck, chapter in decks(app.env).items():
        if pagename == chapter:
            context["deck"] = context["pathto"](deck)


def sources(root: Path) -> list[Path]:
    """The decks' files."""
    return sorted((root / FOLDER).glob("*.md"))


def setup(app: Sphinx) -> dict[str, bool]:
    # After the table of contents has excluded what it does not list (900).
    app.connect("config-inited", admit, priority=950)
    app.connect("doctree-read", stand_apart)
    app.connect("env-get-outdated", link_again)
    app.connect("html-page-context", offer)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
