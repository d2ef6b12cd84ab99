"""A deck's own words: slides, questions to the room, notes for the speaker.

Each heading of the second level begins a slide; what stands below the first one is the
title slide. `{ask}` is a question to the room. `{notes}` is what the speaker says, seen
in the speaker's window only; its argument is the minutes that the slide takes. Notes
answer questions, so an edition without solutions has none of them.

````
## How does it learn?

:::{ask}
Does every correction leave fewer points on the wrong side?
:::

:::{notes} 4
Let them write the answer down.
:::
````

A slide shows no more than `WORDS` words of a deck's own.
"""

from collections.abc import Iterator

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.application import Sphinx
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective
from sphinx_exercise.nodes import is_exercise_node

from bookpress.media import WEBSITE, MediumTransform
from bookpress.slides.decks import chapter_of, is_deck
from bookpress.slides.takes import part, take

logger = logging.getLogger(__name__)

WORDS = 40  # of its own that a slide shows at most


class slide(nodes.Structural, nodes.Element):
    """A slide: its heading, its words, its parts, its notes."""


class headline(nodes.Part, nodes.TextElement):
    """The heading of a slide."""


class ask(nodes.General, nodes.Element):
    """A question to the room."""


class notes(nodes.General, nodes.Element):
    """What the speaker says."""


class Ask(SphinxDirective):
    """`{ask}`: a question to the room."""

    has_content = True
    node_class: type[nodes.Element] = ask

    def run(self) -> list[nodes.Node]:
        self.assert_has_content()
        node = self.node_class()
        self.set_source_info(node)
        self.state.nested_parse(self.content, self.content_offset, node)
        return [node]


class Notes(Ask):
    """`{notes} MINUTES`: what the speaker says, and how long the slide takes."""

    required_arguments = 1
    node_class = notes

    def run(self) -> list[nodes.Node]:
        found = super().run()
        found[0]["minutes"] = directives.positive_int(self.arguments[0])
        return found


def slides_in(document: nodes.document) -> Iterator[nodes.Element]:
    """The sections of a deck that become slides, the title slide first."""
    title = next(document.findall(nodes.section))
    yield title
    yield from (n for n in title.children if isinstance(n, nodes.section))


def own_words(section: nodes.Element) -> int:
    """How many words of the deck's own a slide shows; a formula is one."""
    if isinstance(section, (notes, take, nodes.comment, nodes.system_message)):
        return 0
    if isinstance(section, (nodes.math, nodes.math_block)):
        return 1
    if isinstance(section, nodes.Text):
        return len(section.astext().split())
    return sum(
        own_words(child)
        for child in section.children
        if not isinstance(child, nodes.section)
    )


def check(app: Sphinx, doctree: nodes.document) -> None:
    """Warn of slides that say too much, or have nothing to be said."""
    if not is_deck(app.env.docname):
        return
    title, *others = slides_in(doctree)
    for section in others:
        for inner in list(section.findall(nodes.section))[1:]:
            warn(inner, "a heading below that of a slide; begin a slide with `##`")
    for section in (title, *others):
        if (count := own_words(section)) > WORDS:
            warn(
                section,
                f"the slide has {count} words, and {WORDS} at most can be read from "
                "the last row; put some into its notes",
            )
        if not any(section.findall(notes)):
            warn(section, "the slide has no notes; write `:::{notes} MINUTES` below it")


def warn(node: nodes.Node, message: str) -> None:
    logger.warning("%s", message, location=node, type="slides")


class MakeSlides(MediumTransform):
    """Turn the sections of a deck into slides, side by side.

    Runs after the parts are in their places (1).
    """

    media = (WEBSITE,)
    default_priority = 2

    def run(self, **kwargs) -> None:
        if not is_deck(self.env.docname):
            return
        self.tells = getattr(self.config, "book_solutions", "end") != "none"
        title, *others = slides_in(self.document)
        place, made = self.place_of_chapter(), []
        # A slide of words alone leads up to the next part, exercises apart.
        for section in reversed(others):
            parts = list(section.findall(part))
            here = self.place_of(parts[0]) if parts else place
            made.insert(0, self.slide(section, parts, here))
            if not any(any(taken.findall(is_exercise_node)) for taken in parts):
                place = here
        made.insert(0, self.slide(title, [], self.place_of_chapter()))
        made[0]["classes"].append("deck-title")
        self.document[:] = made

    def slide(self, section: nodes.section, parts: list[part], place: dict) -> slide:
        made = slide(ids=section["ids"][:1], **place)
        made["minutes"] = sum(n["minutes"] for n in section.children if is_notes(n))
        made["beside"] = any(p["beside"] for p in parts)
        made["classes"] = ["beside"] if made["beside"] else []
        made.source, made.line = section.source, section.line
        kept = [n for n in section.children if not isinstance(n, nodes.section)]
        made += headline("", "", *kept[0].children)
        words, shown, said = nodes.container(), nodes.container(), []
        words["classes"], shown["classes"] = ["deck-words"], ["deck-parts"]
        for child in kept[1:]:
            if is_notes(child):
                said.append(child)
            elif made["beside"]:
                room = shown if any(p["beside"] for p in child.findall(part)) else words
                room.append(child)
            else:
                words.append(child)
        if made["beside"]:
            body = nodes.container("", words, shown)
        else:
            body = nodes.container("", *words.children)
        body["classes"] = ["deck-body"]
        made += [body, *said * self.tells]
        return made

    def place_of_chapter(self) -> dict[str, str]:
        page = chapter_of(self.env, self.env.docname)
        return self.place(page, "", self.env.titles[page].astext(), "")

    def place_of(self, taken: part) -> dict[str, str]:
        return self.place(
            taken["page"], taken["anchor"], taken["title"], taken["number"]
        )

    def place(self, page: str, anchor: str, title: str, number: str) -> dict[str, str]:
        """Where in the book a slide belongs, for its link."""
        address = self.app.builder.get_relative_uri(self.env.docname, page)
        return {
            "address": f"{address}#{anchor}" if anchor else address,
            "place": f"{number} {title}".strip(),
        }


def is_notes(node: nodes.Node) -> bool:
    return isinstance(node, notes)


# HTML ---------------------------------------------------------------------------------


def visit_slide(translator, node: slide) -> None:
    minutes = {"data-minutes": node["minutes"]}
    translator.body.append(translator.starttag(node, "section", **minutes))


def depart_slide(translator, node: slide) -> None:
    address, place = (
        translator.attval(node["address"]),
        translator.encode(node["place"]),
    )
    translator.body.append(
        f'<p class="deck-place"><a href="{address}">{place}</a></p></section>\n'
    )


def visit_headline(translator, node: headline) -> None:
    translator.body.append("<h2>")


def depart_headline(translator, node: headline) -> None:
    translator.body.append("</h2>\n")


def visit_ask(translator, node: ask) -> None:
    translator.body.append(
        '<div class="deck-ask"><p class="deck-ask-name">Ask the room</p>'
    )


def depart_ask(translator, node: ask) -> None:
    translator.body.append("</div>\n")


def visit_notes(translator, node: notes) -> None:
    translator.body.append('<aside class="notes">')


def depart_notes(translator, node: notes) -> None:
    translator.body.append("</aside>\n")


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_directive("ask", Ask)
    app.add_directive("notes", Notes)
    app.add_node(slide, html=(visit_slide, depart_slide))
    app.add_node(headline, html=(visit_headline, depart_headline))
    app.add_node(ask, html=(visit_ask, depart_ask))
    app.add_node(notes, html=(visit_notes, depart_notes))
    app.add_post_transform(MakeSlides)
    app.connect("doctree-read", check)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
