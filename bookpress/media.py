"""The medium that is being made, and what to do with what has no form in it.

Sphinx tells a part only its builder's name or format, and these mislead: an EPUB is
"html", too. Whatever differs by medium asks here. `website` and `handout` are media
of a builder; notebooks are written beside the website.

Another builder (`text`, `epub`, slides) makes a medium of its own name, or of the one
that an extension writes into `BUILDERS`. What a page holds and its writer has no word
for is told by a warning and replaced by its text, so that any builder runs to its end.
"""

import functools
from collections.abc import Callable
from typing import Any, ClassVar

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util import logging

logger = logging.getLogger(__name__)

WEBSITE, HANDOUT = "website", "handout"
BUILDERS = {"html": WEBSITE, "latex": HANDOUT}

# Told by the writer's own methods, or of no concern to a reader.
UNTOLD = (nodes.document, nodes.Text, nodes.comment, nodes.system_message)


def medium(app: Sphinx) -> str:
    """The medium that an application makes."""
    return BUILDERS.get(app.builder.name, app.builder.name)


def only(*media: str, otherwise: Callable[[], Any] = lambda: None) -> Callable:
    """Let an event's handler work for these media, and return `otherwise()` for others.

    Sphinx expects a list of some events' handlers.
    """

    def decorate(handler: Callable) -> Callable:
        @functools.wraps(handler)
        def handle(app: Sphinx, *arguments: object) -> object:
            return handler(app, *arguments) if medium(app) in media else otherwise()

        return handle

    return decorate


class MediumTransform(SphinxPostTransform):
    """A post-transform for some media; for all where none is named."""

    media: ClassVar[tuple[str, ...]] = ()

    def is_supported(self) -> bool:
        return not self.media or medium(self.app) in self.media


class HandoutTransform(MediumTransform):
    media = (HANDOUT,)


# What a node becomes in a notebook to download: a function of the page
# (`notebooks.markdown.Page`) and the node, which gives blocks of Markdown.
NotebookForm = Callable[[Any, nodes.Element], list[str]]
notebook_forms: dict[type[nodes.Element], NotebookForm] = {}


def in_notebook(*kinds: type[nodes.Element]) -> Callable[[NotebookForm], NotebookForm]:
    """Say what nodes of some kinds become in a notebook."""

    def register(form: NotebookForm) -> NotebookForm:
        notebook_forms.update(dict.fromkeys(kinds, form))
        return form

    return register


def form_in_notebook(node: nodes.Node) -> NotebookForm | None:
    kinds = [kind for kind in notebook_forms if isinstance(node, kind)]
    return notebook_forms[kinds[0]] if kinds else None


def lacks_form(node: nodes.Element, made: str, what: str) -> None:
    """Warn that a medium has no form for a part of a page."""
    logger.warning(
        "the medium %r has no form for %s; its words stand in its place",
        made,
        what,
        location=place(node),
        type="media",
    )


def place(node: nodes.Element) -> nodes.Element:
    """The nearest node around another that knows its file and line."""
    while node.parent is not None and not (node.source and node.line):
        node = node.parent
    return node


class SpeakPlainly(MediumTransform):
    """In other media, put words in place of what their writers have no method for."""

    default_priority = 990

    def is_supported(self) -> bool:
        # A builder that only looks at pages, such as `linkcheck`, has no writer.
        writer = getattr(self.app.builder, "default_translator_class", None)
        return medium(self.app) not in (WEBSITE, HANDOUT) and writer is not None

    def run(self, **kwargs) -> None:
        builder = self.app.builder
        known = self.app.registry.translation_handlers
        handlers = known.get(builder.name, known.get(builder.format, {}))
        writer = self.app.registry.get_translator_class(builder)
        for node in list(self.document.findall(nodes.Element)):
            kinds = [kind.__name__ for kind in type(node).__mro__]
            if isinstance(node, UNTOLD) or node.parent is None:
                continue
            if node.tagname in handlers or any(
                hasattr(writer, f"visit_{kind}") for kind in kinds
            ):
                continue
            lacks_form(node, medium(self.app), f"{node.tagname!r}")
            node.replace_self(words_of(node))


def words_of(node: nodes.Element) -> list[nodes.Node]:
    """What is left of a node: its alternative text, or what it holds, or nothing."""
    if not (words := node.get("alt")):
        return list(node.children)
    said = nodes.Text(words)
    inline = isinstance(node.parent, nodes.TextElement)
    return [said if inline else nodes.paragraph("", "", said)]


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_post_transform(SpeakPlainly)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
