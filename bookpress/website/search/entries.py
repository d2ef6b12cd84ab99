"""What can be found on a page: its places, each with its kind, its names and its lines.

A section is a place, and so is what has a number or a name of its own in it: a figure,
a term of the glossary, a row of a table of symbols, a cell of code, an exercise, a
solution, a box that opens. The text of a place is kept in lines as a reader sees them,
a paragraph or a line of code each, formulas as `formula_text` writes them.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from docutils import nodes
from sphinx import addnodes
from sphinx.environment import BuildEnvironment
from sphinx_exercise.nodes import is_exercise_node, is_solution_node
from sphinx_proof.nodes import NODE_TYPES, unenumerable_node

from bookpress import numbering
from bookpress.cells import is_cell, is_source, tags_of

THEOREMS = (*NODE_TYPES.values(), unenumerable_node)
SILENT = (nodes.comment, nodes.label, nodes.raw, nodes.system_message, nodes.target)
HEADS = ("chapter", "page", "section")
LINES = (nodes.paragraph, nodes.rubric, nodes.attribution, nodes.line, nodes.term)


@dataclass
class Entry:
    """A place of a page.

    Parameters
    ----------
    kind : what it is, in one word
    anchor : its id on the page
    number : as the page shows it, such as `2.3` or `Fig. 2.3`; of a symbol itself
    title : its heading or name
    names : of a term or a symbol: what else it is called
    lines : its text
    """

    kind: str
    anchor: str
    number: str = ""
    title: str = ""
    names: list[str] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)

    def packed(self) -> list[Any]:
        """The entry for the browser, without what is empty at its end."""
        text = "\n".join(self.lines)
        found = [self.kind, self.anchor, self.number, self.title, text, self.names]
        while not found[-1]:
            found.pop()
        return found


class Reader:
    """Reads the places of one resolved page.

    Parameters
    ----------
    env : Sphinx's environment, with all numbers
    docname : the page
    formula : writes a formula as text, from its node
    """

    def __init__(
        self,
        env: BuildEnvironment,
        docname: str,
        formula: Callable[[nodes.Element], str],
    ):
        self.env, self.docname, self.formula = env, docname, formula
        self.entries: list[Entry] = []

    def read(self, document: nodes.document) -> list[Entry]:
        self.add_all(document, None)
        return self.entries

    def new(self, kind: str, node: nodes.Element, **words: Any) -> Entry:
        anchor = node["ids"][0] if node["ids"] else ""
        self.entries.append(Entry(kind, anchor, **words))
        return self.entries[-1]

    def add_all(self, node: nodes.Element, place: Entry | None) -> None:
        for child in node.children:
            self.add(child, place)

    def add(self, node: nodes.Node, place: Entry | None) -> None:
        """Add a node to the place that it stands in, or as a place of its own."""
        if isinstance(node, (*SILENT, nodes.title, nodes.Text)):
            return
        if "nosearch" in node["classes"]:
            return
        if isinstance(node, nodes.section) and (not place or place.kind in HEADS):
            number = numbering.dotted(numbering.section(self.env, self.docname, node))
            kind = "section"
            if isinstance(node.parent, nodes.document):
                kind = "chapter" if number else "page"
            title = self.title(node)
            self.add_all(node, self.new(kind, node, number=number, title=title))
        elif is_cell(node):
            self.add_cell(node, place)
        elif isinstance(node, nodes.figure):
            self.add_figure(node)
        elif isinstance(node, nodes.table):
            self.add_table(node, place)
        elif isinstance(node, nodes.math_block):
            self.add_equation(node, place)
        elif isinstance(node, addnodes.glossary):
            for item in node.findall(nodes.definition_list_item):
                self.add_term(item)
        elif isinstance(node, nodes.citation):
            self.add_all(node, self.new("reference", node))
        elif kind := self.kind_of(node):
            self.add_all(node, self.new(kind, node, **self.heading(kind, node)))
        elif isinstance(node, nodes.literal_block):
            place.lines += filter(str.strip, node.astext().split("\n"))
        elif isinstance(node, LINES):
            place.lines.append(self.words(node))
        else:
            self.add_all(node, place)

    def kind_of(self, node: nodes.Element) -> str:
        """The kind of a box; empty if it is none that deserves a place."""
        if is_exercise_node(node):
            return "exercise"
        if is_solution_node(node):
            return "solution"
        if isinstance(node, THEOREMS):
            return node["realtype"]
        return "box" if is_folded(node) else ""

    def heading(self, kind: str, node: nodes.Element) -> dict[str, str]:
        """Number and title of a box; behind a number the title is in parentheses."""
        title = self.title(node)
        if kind in ("solution", "box"):
            return {"title": title}
        counter = node.get("countertype", "exercise")
        number = numbering.dotted(numbering.of(self.env, self.docname, node, counter))
        if title[:1] + title[-1:] == "()":
            title = title[1:-1]
        return {"number": f"{kind.title()} {number}".strip(), "title": title}

    def add_cell(self, cell: nodes.Element, place: Entry) -> None:
        """Code in a box belongs to it; else a cell is a place, unless it is folded."""
        if "hide-input" not in tags_of(cell):
            if place.kind in HEADS:
                place = self.new("code", cell)
            for source in cell.findall(is_source):
                self.add_all(source, place)
        for figure in cell.findall(nodes.figure):
            self.add_figure(figure)

    def add_figure(self, node: nodes.figure) -> None:
        number = numbering.label(self.env, self.docname, node, "figure")
        lines = [self.words(caption) for caption in node.findall(nodes.caption)]
        alts = [n["alt"] for n in node.findall(nodes.Element) if n.get("alt")]
        lines += [" ".join(alt.split()) for alt in alts]
        self.new("figure", node, number=number, lines=lines)

    def add_table(self, node: nodes.table, place: Entry) -> None:
        if "symbols" in node["classes"]:
            for row in node.findall(nodes.row):
                self.add_symbol(row)
            return
        if number := numbering.label(self.env, self.docname, node, "table"):
            place = self.new("table", node, number=number, lines=[self.title(node)])
        for row in node.findall(nodes.row):
            cells = [" ".join(self.all_words(cell)) for cell in row]
            place.lines.append(" · ".join(filter(None, cells)))

    def add_symbol(self, row: nodes.row) -> None:
        """A symbol is found by what it means, and by all that stands for it."""
        cells = list(row.findall(nodes.entry))
        if isinstance(row.parent, nodes.thead) or len(cells) < 2:
            return
        texts = [" ".join(self.all_words(cell)) for cell in cells]
        names = [
            self.words(name)
            for cell in (cells[0], *cells[2:])
            for name in cell.findall(nodes.Element)
            if isinstance(name, (nodes.math, nodes.literal))
        ]
        symbol, meaning, *others = texts
        line = " · ".join(filter(None, others))
        self.new("symbol", row, number=symbol, title=meaning, names=names, lines=[line])

    def add_equation(self, node: nodes.math_block, place: Entry) -> None:
        if number := numbering.of(self.env, self.docname, node, "displaymath"):
            place = self.new("equation", node, number=f"({numbering.dotted(number)})")
        place.lines.append(self.formula(node))

    def add_term(self, item: nodes.definition_list_item) -> None:
        """A term is found by what it is called in code, too, if its text says so."""
        terms = list(item.findall(nodes.term))
        called = [*terms, *item.findall(nodes.literal)]
        first, *others = [self.words(name) for name in called]
        entry = self.new("term", terms[0], title=first, names=others)
        for definition in item.findall(nodes.definition):
            self.add_all(definition, entry)

    # Words

    def title(self, node: nodes.Element) -> str:
        found = next((n for n in node.children if isinstance(n, nodes.title)), None)
        return self.words(found) if found is not None else ""

    def all_words(self, node: nodes.Element) -> Iterator[str]:
        """The lines of a node that is no place of its own."""
        for child in node.children:
            if isinstance(child, nodes.math_block):
                yield self.formula(child)
            elif isinstance(child, nodes.TextElement):
                yield self.words(child)
            elif isinstance(child, nodes.Element):
                yield from self.all_words(child)

    def words(self, node: nodes.Node) -> str:
        """What stands within a line, on one line."""
        return " ".join(self.inline(node).split())

    def inline(self, node: nodes.Node) -> str:
        if isinstance(node, nodes.Text):
            return node.astext()
        if isinstance(node, (*SILENT, nodes.footnote_reference)):
            return ""
        if isinstance(node, nodes.math):
            return self.formula(node)
        return "".join(map(self.inline, node.children))


def is_folded(node: nodes.Node) -> bool:
    return isinstance(node, nodes.Admonition) and "dropdown" in node.get("classes", [])
