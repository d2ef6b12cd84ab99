"""The handout's parts: a page that opens each, and the edition that holds one alone.

A part is a numbered list of `_toc.yml` with a caption. `handout_part` names the one to
keep. The numbered parts beside it are left out; what leads there becomes the words that
the website shows, so numbers of chapters, figures and equations are those of the whole.
"""

from collections.abc import Iterator
from pathlib import Path

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.builders.latex.nodes import math_reference
from sphinx.config import Config
from sphinx.environment import BuildEnvironment
from sphinx.errors import ConfigError
from sphinx_external_toc.api import SiteMap
from sphinx_external_toc.parsing import parse_toc_yaml

from bookpress import numbering
from bookpress.handout.tex import raw, tex
from bookpress.media import HandoutTransform


def titles(site_map: SiteMap | None) -> dict[str, str]:
    """Titles of a book's parts by slug, in their order."""
    return {
        nodes.make_id(tree.caption): tree.caption
        for tree in (site_map.root.subtrees if site_map else [])
        if tree.caption and tree.numbered
    }


def slugs(root: Path) -> list[str]:
    """Values that an edition's `part` may have."""
    return list(titles(parse_toc_yaml(root / "_toc.yml")))


def of(config: Config) -> dict[str, str]:
    return titles(getattr(config, "external_site_map", None))


def choose(app: Sphinx, config: Config) -> None:
    """Name the one part on the title page; refuse one that the book does not have."""
    wanted, known = config.handout_part, of(config)
    if not wanted:
        return
    if wanted not in known:
        raise ConfigError(
            f"handout_part is {wanted!r}; choose one of {', '.join(known)}"
        )
    number = list(known).index(wanted) + 1
    config.latex_elements["preamble"] += (
        rf"\handoutonly{{{number}}}{{{tex(known[wanted])}}}" "\n"
    )


def lists(document: nodes.document) -> Iterator[tuple[str, nodes.compound]]:
    """The lists of pages that the book's first page holds, with their slugs."""
    for node in list(document.findall(nodes.compound)):
        if "toctree-wrapper" in node["classes"] and node.get("docname"):
            yield nodes.make_id(node.get("caption") or ""), node


class LeaveOut(HandoutTransform):
    """Keep one part; runs before anything is resolved or listed."""

    default_priority = 1

    def run(self, **kwargs) -> None:
        wanted = self.config.handout_part
        others = set(of(self.config)) - {wanted} if wanted else set()
        for slug, pages in lists(self.document):
            if slug in others:
                pages.parent.remove(pages)


class SayPlaces(HandoutTransform):
    """Put words for links to what is left out.

    Runs when all links are resolved (Sphinx 10, sphinx-exercise 22).
    """

    default_priority = 30

    def run(self, **kwargs) -> None:
        if not self.config.handout_part:
            return
        starts = self.document.findall(addnodes.start_of_file)
        kept = {self.config.root_doc, *(start["docname"] for start in starts)}
        for link in list(self.document.findall(is_link)):
            page, place = target(link)
            if page not in kept:
                link.replace_self(words(self.env, link, page, place))


LINKS = (nodes.reference, addnodes.number_reference, math_reference)


def is_link(node: nodes.Node) -> bool:
    """Whether a node leads to another page of the book."""
    return isinstance(node, math_reference) or (
        isinstance(node, LINKS) and node.get("refuri", "").startswith("%")
    )


def target(link: nodes.Element) -> tuple[str, str]:
    """The page that a link leads to, and the id there."""
    if isinstance(link, math_reference):
        return link["docname"], nodes.make_id(f"equation-{link['target']}")
    page, _, place = link["refuri"].removeprefix("%").partition("#")
    return page, place


def words(
    env: BuildEnvironment, link: nodes.Element, page: str, place: str
) -> nodes.Node:
    """What the website shows for a link."""
    if isinstance(link, math_reference):
        number = numbering.known(env, page, "displaymath").get(place, ())
        return nodes.Text(f"({numbering.dotted(number)})")
    if isinstance(link, addnodes.number_reference):
        # In LaTeX Sphinx leaves the numbers of sections to TeX.
        there = env.get_doctree(page).ids.get(place)
        if isinstance(there, nodes.section):
            number = numbering.dotted(numbering.section(env, page, there))
            name = there[0].astext()
            form = link["title"].replace("%s", "{number}")
            return nodes.Text(form.format(number=number, name=name))
        return nodes.Text(link.astext())
    return nodes.inline("", "", *link.children)


class OpenParts(HandoutTransform):
    """Put a page before each part, with its title and chapters, and say where it ends.

    Runs when sphinx_jupyterbook_latex has moved the lists (700) and chapters have their
    numbers (760), before solutions move behind the last one (770).
    """

    default_priority = 765

    def run(self, **kwargs) -> None:
        known = of(self.config)
        for slug, pages in lists(self.document):
            if slug in known:
                pages[:0] = self.opening(
                    list(known).index(slug) + 1, known[slug], pages
                )
            else:
                pages.insert(0, raw(r"\handoutpartend"))

    def opening(
        self, number: int, title: str, pages: nodes.compound
    ) -> list[nodes.Node]:
        page = [raw(rf"\handoutpart{{{number}}}{{{tex(title)}}}")]
        for start in pages.children:
            chapter = numbering.chapter(self.env, start["docname"])
            heading = next(iter(start.findall(nodes.title))).deepcopy()
            label = rf"\detokenize{{{start['docname']}::doc}}"
            page += [
                raw(rf"\handoutpartchapter{{{chapter}}}{{{label}}}{{"),
                nodes.inline("", "", *heading.children),
                raw("}"),
            ]
            start.insert(0, raw(rf"\setcounter{{chapter}}{{{chapter - 1}}}"))
        return [*page, raw(r"\handoutpartbegin")]


def setup(app: Sphinx) -> dict[str, bool]:
    for transform in (LeaveOut, SayPlaces, OpenParts):
        app.add_post_transform(transform)
    # After the table of contents is read and LaTeX's elements are set (900).
    app.connect("config-inited", choose, priority=950)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
