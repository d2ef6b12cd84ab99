"""Take parts of a chapter by their labels, into a deck.

````
```{take} fig:rosenblatt
:state: {data: xor}
:steps: [{steps: 1}, {steps: 2}]
```
````

What can be taken: whatever has a label (a figure or drawing without its caption, an
equation with its number, an exercise, an algorithm, a table, a box), and of a code
cell, which is known by a name that it gives, `cell:learn`, its code or its output.
Parts are copies of what the chapter's page holds before any medium has chosen its form;
so the deck's page treats them as the chapter's does, and nothing is executed or drawn
again. On paper an explorer is the frame that the handout prints.

`show` is `code` (the default for a cell), `output` or `both`; `lines` (`3-12`) keeps
some lines of the code. `state` sets an explorer's traits. `steps` shows a part bit by
bit, key by key: of a picture up to these shares of its width (`0.36 0.68 1`), of an
explorer these traits one after the other, of an equation its terms (`terms`), which end
at `\\allowbreak` and at the ends of lines. `later` keeps a part back until a key is
pressed; `beside` puts it beside the slide's words. `zoom` is how much larger an
explorer stands than on the chapter's page, or an equation, code or output than on other
slides.

A deck is written again whenever a chapter that it takes from has been read anew.
"""

import itertools
import json
import subprocess
from pathlib import Path, PurePosixPath
from typing import ClassVar

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective

from bookpress import cells, numbering
from bookpress.media import WEBSITE, MediumTransform, only
from bookpress.slides.decks import decks, is_deck
from bookpress.slides.parts import CELL, Untakable, copies, find, page_of, section_of
from bookpress.slides.steps import apply_state, apply_steps, explorer_of

logger = logging.getLogger(__name__)

SHOWN = ("code", "output", "both")


class take(nodes.General, nodes.Element):
    """A place for a part of a chapter, filled when the deck is written."""


class part(nodes.General, nodes.Element):
    """A part in its place, and what is shown of it at first."""


class step(nodes.General, nodes.Element):
    """What a key shows next of the part before it."""


class Take(SphinxDirective):
    """`{take} LABEL`: a part of a chapter."""

    required_arguments = 1
    final_argument_whitespace = True
    option_spec: ClassVar = {
        "show": lambda text: directives.choice(text, SHOWN),
        "lines": directives.unchanged_required,
        "state": directives.unchanged_required,
        "steps": directives.unchanged_required,
        "zoom": lambda text: str(float(text)),
        "later": directives.flag,
        "beside": directives.flag,
    }

    def run(self) -> list[nodes.Node]:
        node = take(label=self.arguments[0], **self.options)
        node["beside"] = "beside" in self.options
        node["later"] = "later" in self.options
        self.set_source_info(node)
        return [node]


def note_labels(app: Sphinx, doctree: nodes.document) -> None:
    """Keep what a deck takes, by which `decks` knows the chapters it depends on."""
    if is_deck(app.env.docname):
        labels = sorted({node["label"] for node in doctree.findall(take)})
        app.env.metadata[app.env.docname]["takes"] = labels


@only(WEBSITE, otherwise=list)
def take_again(app: Sphinx, env: BuildEnvironment) -> list[str]:
    """Name the decks that hold parts of chapters which have been read since."""
    taken_from = getattr(env, "deck_sources", {})
    env.deck_sources = {
        deck: {page: env.all_docs[page] for page in sources_of(env, deck)}
        for deck in decks(env)
    }
    return [
        deck
        for deck, read in env.deck_sources.items()
        if taken_from.get(deck) != read and deck in env.all_docs
    ]


def sources_of(env: BuildEnvironment, deck: str) -> list[str]:
    """The pages that a deck takes parts from, as far as their labels are known."""
    labels = env.metadata[deck].get("takes", [])
    return sorted({page for label in labels if (page := page_of(env, deck, label))})


class FillDeck(MediumTransform):
    """Put the parts into their places.

    Runs before anything else looks at what a page holds: outputs are chosen (4),
    references resolved (10), tabs made (150).
    """

    media = (WEBSITE,)
    default_priority = 1

    def run(self, **kwargs) -> None:
        if not is_deck(self.env.docname):
            return
        self.pages: dict[str, nodes.document] = {}
        self.count = 0
        for place in list(self.document.findall(take)):
            try:
                place.replace_self(self.parts(place))
            except Untakable as error:
                logger.warning("%s", error, location=place, type="slides")
                place.parent.remove(place)
        show_tabs_at_once(self.document, set(frameworks(self.env)))

    def parts(self, place: take) -> list[nodes.Element]:
        label = place["label"]
        docname = page_of(self.env, self.env.docname, label)
        if docname is None:
            raise Untakable(f"no page has the label {label!r}; take one that is there")
        if docname not in self.pages:
            self.pages[docname] = self.env.get_doctree(docname)
        found = find(self.pages[docname], label, docname)
        section = numbered = section_of(found)
        while not numbering.section(self.env, docname, numbered):
            if not isinstance(numbered.parent, nodes.section):
                break
            numbered = numbered.parent
        taken = part(label=label, page=docname, beside=place["beside"])
        taken["zoom"] = place.get("zoom", "")
        anchored = section if label.startswith(CELL) else found
        taken["anchor"] = next(
            (name for name in anchored["ids"] if name == nodes.make_id(label)),
            anchored["ids"][0],
        )
        taken["title"] = numbered[0].astext()
        number = numbering.section(self.env, docname, numbered)
        taken["number"] = numbering.dotted(number)
        taken += copies(found, place)
        self.add_printed_frames(taken)
        self.settle(taken, docname)
        group = nodes.container("", taken, is_div=True, classes=["deck-group"])
        if place["later"]:
            group["classes"].append("fragment")
        group["classes"] += sorted(tags_around(found) & set(frameworks(self.env)))
        apply_state(taken, place)
        group += [step(of=show) for show in apply_steps(taken, place)]
        return [group]

    def add_printed_frames(self, taken: part) -> None:
        """Put beside an explorer the frame that the handout prints, for paper."""
        for bundle in list(taken.findall(cells.is_mime_bundle)):
            for image in list(bundle.findall(nodes.image)):
                if not image["uri"].endswith(".pdf") or explorer_of(bundle) is None:
                    continue
                uri = drawn(self.app, image["uri"])
                self.env.images.add_file(self.env.docname, uri)
                frame = nodes.image(uri=uri, candidates={"*": uri}, alt=image["alt"])
                frame["classes"], frame["loading"] = ["deck-print"], "lazy"
                bundle.parent.append(frame)

    def settle(self, taken: part, docname: str) -> None:
        """Give a copy ids of its own with the numbers of the chapter's.

        Its links lead from the deck, and none of its sections is a slide.
        """
        self.count += 1
        known = self.env.toc_fignumbers.get(docname, {})
        mine = self.env.toc_fignumbers.setdefault(self.env.docname, {})
        for node in list(taken.findall(nodes.Element)):
            if isinstance(node, addnodes.pending_xref):
                node["refdoc"] = self.env.docname
            if "docname" in node:
                node["docname"] = self.env.docname
            if isinstance(node, nodes.section):
                node.replace_self(plain := nodes.container("", *node.children))
                plain["ids"], plain["names"] = [], []
            elif node is not taken and node["ids"]:
                ids = {name: f"part-{self.count}-{name}" for name in node["ids"]}
                node["ids"], node["names"] = list(ids.values()), []
                for kind, numbers in known.items():
                    found = {ids[old]: numbers[old] for old in ids if old in numbers}
                    mine.setdefault(kind, {}).update(found)


def show_tabs_at_once(document: nodes.document, tags: set[str]) -> None:
    """Let one key show what waits for it in the tabs of all frameworks."""

    def waits(node: nodes.Node) -> bool:
        classes = set(node["classes"]) if isinstance(node, nodes.container) else set()
        return "fragment" in classes and bool(tags & classes)

    for parent in list(document.findall(nodes.Element)):
        for waiting, run in itertools.groupby(list(parent.children), waits):
            if not waiting:
                continue
            group = nodes.container("", is_div=True, classes=["deck-group", "fragment"])
            parent.insert(parent.index(first := next(run)), group)
            for node in (first, *run):
                node["classes"].remove("fragment")
                parent.remove(node)
                group += node


def drawn(app: Sphinx, uri: str) -> str:
    """A printed frame as SVG, which lies beside it and is made once."""
    source = Path(app.srcdir, uri)
    target = source.with_suffix(".svg")
    if not target.exists():
        draft = target.with_suffix(".new")
        try:
            subprocess.run(["pdf2svg", source, draft], check=True, capture_output=True)
        except (OSError, subprocess.CalledProcessError):
            raise Untakable(
                "pdf2svg has not drawn a frame for print; install the packages that "
                "apt.txt names"
            ) from None
        draft.replace(target)
    return str(PurePosixPath(uri).with_suffix(".svg"))


def tags_around(node: nodes.Element | None) -> set[str]:
    """The tags of the cell that a part is, or lies in."""
    while node is not None and not cells.is_cell(node):
        node = node.parent
    return cells.tags_of(node) if node is not None else set()


def frameworks(env: BuildEnvironment) -> dict[str, str]:
    return getattr(env.config, "frameworks", {})


# HTML ---------------------------------------------------------------------------------


def visit_part(translator, node: part) -> None:
    attributes = {"CLASS": "deck-part"}
    if "of" in node:
        attributes["data-of"] = json.dumps(node["of"])
    if node["zoom"]:
        attributes["style"] = f"--zoom: {node['zoom']}"
    translator.body.append(translator.starttag(node, "div", **attributes))


def depart_part(translator, node: part) -> None:
    translator.body.append("</div>\n")


def visit_step(translator, node: step) -> None:
    of = translator.attval(json.dumps(node["of"]))
    translator.body.append(f'<span class="fragment" data-of="{of}"></span>')
    raise nodes.SkipNode


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_directive("take", Take)
    app.add_node(part, html=(visit_part, depart_part))
    app.add_node(step, html=(visit_step, None))
    app.add_post_transform(FillDeck)
    app.connect("doctree-read", note_labels)
    app.connect("env-updated", take_again)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
