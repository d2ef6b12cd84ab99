"""Chapters as cards: a definition list in a `div` of the class `cards`.

```
:::{div} cards
[](perceptron.md)
: What can one neuron decide?

  % picture: fig:lda 2
:::
```

On the website each entry is a card with the chapter's number, a small picture, the
minutes that the page's plan gives it, and the chapters that it builds on. None of these
is written twice:

- The picture is cut out of a figure of the chapter: of a plot the panel of this number,
  a drawing whole.
- The plan is the table of the same page whose rows link to pages and end with minutes;
  a row that links to none goes on with the page before it.
- A chapter builds on the pages to which its first box links.

A page with cards is written again whenever one of its chapters has been read anew. In
the handout the list is a list.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util import logging
from sphinxcontrib import tikz

from bookpress import numbering, pages
from bookpress.content.thumbnails import SIZE, NoPanel, thumbnail
from bookpress.media import WEBSITE, MediumTransform, in_notebook, only
from bookpress.notebooks.markdown import Page, inline
from bookpress.slides.parts import Untakable, find, page_of
from bookpress.stale import is_new

logger = logging.getLogger(__name__)

PICTURE = re.compile(r"\s*picture:\s*(\S+)(?:\s+(\d+))?\s*")


class card_list(nodes.General, nodes.Element):
    """The cards of one `div`."""


class card(nodes.Part, nodes.Element):
    """A chapter's title, its words, and facts about it; `picture` is a file's name."""


class card_title(nodes.Part, nodes.TextElement):
    """The link to the chapter."""


def lists_of_cards(document: nodes.document) -> Iterator[nodes.definition_list]:
    for group in document.findall(nodes.container):
        if "cards" in group["classes"]:
            yield from group.findall(nodes.definition_list)


def linked(env: BuildEnvironment, node: nodes.Element) -> Iterator[str]:
    """The pages to which a part of a page links, before links are resolved."""
    for link in node.findall(addnodes.pending_xref):
        if link["reftarget"] in env.found_docs:
            yield link["reftarget"]
        elif page := page_of(env, "", link["reftarget"]):
            yield page


def minutes(env: BuildEnvironment, document: nodes.document) -> dict[str, int]:
    """The minutes that a page's plan gives to each page that it names."""
    plan, here = {}, None
    for row in document.findall(nodes.row):
        here = next((p for p in linked(env, row) if in_own_words(row, p)), here)
        if here and (number := row[-1].astext()).isdigit():
            plan[here] = plan.get(here, 0) + int(number)
    return plan


def in_own_words(row: nodes.row, page: str) -> bool:
    """Whether a row links to the page itself, not only to a section of it."""
    return any(n["reftarget"] == page for n in row.findall(addnodes.pending_xref))


def builds_on(env: BuildEnvironment, chapter: str) -> list[int]:
    """Numbers of the chapters to which the first box of another links."""
    box = next(iter(env.get_doctree(chapter).findall(nodes.admonition)), None)
    found = {numbering.chapter(env, page) for page in linked(env, box)} if box else {}
    return sorted(set(found) - {None, numbering.chapter(env, chapter)})


def facts(needs: list[int], time: int | None) -> str:
    """ "190 min, after chapters 1 and 2"; what is not known is left out."""
    said = [f"{time}\N{NO-BREAK SPACE}min"] if time else []
    if needs:
        *others, last = map(str, needs)
        names = f"{', '.join(others)} and {last}" if others else last
        said.append(f"after chapter{'s' * bool(others)} {names}")
    return ", ".join(said)


@only(WEBSITE, otherwise=list)
def deal_again(app: Sphinx, env: BuildEnvironment) -> list[str]:
    """Name the pages with cards if a chapter of theirs has been read since."""
    read = {
        page: {chapter: env.all_docs[chapter] for chapter in data["cards"]}
        for page, data in env.metadata.items()
        if "cards" in data
    }
    return list(read) if is_new(env, "cards_read", read) else []


def note_chapters(app: Sphinx, doctree: nodes.document) -> None:
    env = app.env
    chapters = [page for each in lists_of_cards(doctree) for page in linked(env, each)]
    if chapters:
        env.metadata[env.docname]["cards"] = chapters


class DealCards(MediumTransform):
    """Turn the lists into cards; runs before links are resolved (10)."""

    media = (WEBSITE,)
    default_priority = 3

    def run(self, **kwargs) -> None:
        plan = None
        for each in list(lists_of_cards(self.document)):
            plan = minutes(self.env, self.document) if plan is None else plan
            level = depth(each) + 1
            cards = [self.card(item, level, plan) for item in each.children]
            each.replace_self(card_list("", *cards))

    def card(self, item: nodes.Element, level: int, plan: dict[str, int]) -> card:
        term, definition = item[0], item[-1]
        chapter = next(linked(self.env, term), None)
        made = card(number=None, picture="")
        made += card_title("", "", *term.children, level=level)
        words = [n for n in definition.children if not isinstance(n, nodes.comment)]
        made += words
        if chapter is None:
            return made
        made["number"] = numbering.chapter(self.env, chapter)
        if said := facts(builds_on(self.env, chapter), plan.get(chapter)):
            made += nodes.paragraph("", said, classes=["chapter-facts"])
        for note in definition.findall(nodes.comment):
            if found := PICTURE.fullmatch(note.astext()):
                try:
                    made["picture"] = self.picture(chapter, found[1], found[2])
                except (Untakable, NoPanel) as error:
                    logger.warning("%s", error, location=item, type="cards")
        return made

    def picture(self, chapter: str, label: str, panel: str | None) -> str:
        """Write the small picture of a chapter, and return the file's name.

        Raises
        ------
        Untakable : the chapter has no figure of this label, or it is no drawing
        NoPanel : it has no such panel
        """
        if page_of(self.env, "", label) != chapter:
            raise Untakable(f"{chapter} has no figure {label!r}; name one of its own")
        figure = find(self.env.get_doctree(chapter), label, chapter)
        path = self.drawn(figure)
        if path is None:
            raise Untakable(f"{label!r} is no drawing, so no picture is cut out of it")
        number = int(panel) if panel else None
        try:
            small = thumbnail(path.read_text("utf8"), number)
        except NoPanel as error:
            raise NoPanel(f"{label!r} {error}") from None
        name = f"card-{pages.file_of(self.app, chapter)}.svg"
        target = Path(self.app.outdir, self.app.builder.imagedir, name)
        target.parent.mkdir(exist_ok=True)
        target.write_text(small, "utf8")
        return name

    def drawn(self, figure: nodes.Element) -> Path | None:
        """The file of a figure's drawing."""
        for drawing in figure.findall(tikz.tikz):
            writer = SimpleNamespace(builder=self.app.builder)
            name = Path(tikz.render_tikz(writer, drawing, drawing["libs"])).name
            return Path(self.app.outdir, self.app.builder.imagedir, name)
        for image in figure.findall(nodes.image):
            if image["uri"].endswith(".svg"):
                return Path(self.app.srcdir, image["uri"])
        return None


def depth(node: nodes.Node) -> int:
    """In how many sections a node lies."""
    count = 0
    while node is not None:
        count += isinstance(node, nodes.section)
        node = node.parent
    return count


@in_notebook(card_list)
def list_in_notebook(page: Page, node: card_list) -> list[str]:
    return [
        "\n".join(
            f"- {inline(each[0])}: {' '.join(page.inside(each, 1))}"
            for each in node.children
        )
    ]


# HTML ---------------------------------------------------------------------------------


def visit_cards(translator, node: card_list) -> None:
    translator.body.append('<ul class="chapter-cards">\n')


def depart_cards(translator, node: card_list) -> None:
    translator.body.append("</ul>\n")


def visit_card(translator, node: card) -> None:
    translator.body.append('<li class="chapter-card">')
    if node["picture"]:
        width, height = SIZE
        source = f"{translator.builder.imgpath}/{node['picture']}"
        translator.body.append(
            f'<img src="{source}" alt="" width="{width}" height="{height}" '
            'loading="lazy" />'
        )


def depart_card(translator, node: card) -> None:
    translator.body.append("</li>\n")


def visit_title(translator, node: card_title) -> None:
    number = node.parent["number"]
    shown = f'<span class="chapter-number">{number}</span> ' if number else ""
    translator.body.append(f"<h{node['level']}>{shown}")


def depart_title(translator, node: card_title) -> None:
    translator.body.append(f"</h{node['level']}>\n")


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_node(card_list, html=(visit_cards, depart_cards))
    app.add_node(card, html=(visit_card, depart_card))
    app.add_node(card_title, html=(visit_title, depart_title))
    app.add_post_transform(DealCards)
    app.connect("doctree-read", note_chapters)
    app.connect("env-updated", deal_again)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
