"""Find the parts of chapters: by labels, and cells by the names that they give."""

from docutils import nodes
from sphinx.environment import BuildEnvironment

from bookpress import cells
from bookpress.checks.reruns import names_in
from bookpress.slides.decks import chapter_of

CELL = "cell:"


class Untakable(ValueError):
    """A part is not there, or not as the deck wants it; the message is one line."""


def page_of(env: BuildEnvironment, deck: str, label: str) -> str | None:
    """The page that holds a label, None if there is none."""
    if label.startswith(CELL):
        return chapter_of(env, deck)
    exercise = getattr(env, "sphinx_exercise_registry", {}).get(label)
    proof = getattr(env, "proof_list", {}).get(label)
    equation = env.get_domain("math").equations.get(label)
    named = env.get_domain("std").anonlabels.get(label.lower())
    return next(
        (page[0] for page in (equation, named) if page),
        next((entry["docname"] for entry in (exercise, proof) if entry), None),
    )


def find(page: nodes.document, label: str, docname: str) -> nodes.Element:
    """The part of a page that has a label.

    Raises
    ------
    Untakable : there is none, or several cells give a name
    """
    if label.startswith(CELL):
        return find_cell(page, label.removeprefix(CELL), docname)
    name = nodes.make_id(label)
    for node in page.findall(nodes.Element):
        if isinstance(node, (nodes.target, nodes.section)):
            continue
        if {label, name, f"equation-{name}"} & {*node["ids"], *node["names"]}:
            return node
    raise Untakable(f"{label!r} of {docname} is no part that can be shown")


def find_cell(page: nodes.document, name: str, docname: str) -> nodes.Element:
    giving = [
        cell
        for cell in page.findall(cells.is_cell)
        if name in names_in(code_of(cell)).bound
    ]
    if len(giving) != 1:
        how_many = "several cells give" if giving else "no cell gives"
        raise Untakable(f"{how_many} the name {name!r} in {docname}; take another name")
    return giving[0]


def code_of(cell: nodes.Element) -> str:
    return "\n".join(
        block.astext()
        for source in cell.findall(cells.is_source)
        for block in source.findall(nodes.literal_block)
    )


def some_lines(block: nodes.Node, place: nodes.Element) -> nodes.Node:
    """The lines of a piece of code that a slide wants."""
    if "lines" not in place:
        return block
    lines = block.astext().split("\n")
    first, _, last = place["lines"].partition("-")
    try:
        kept = lines[int(first) - 1 : int(last or first)]
    except ValueError:
        kept = []
    if not kept:
        raise Untakable(
            f"{place['label']!r} has lines 1-{len(lines)}, not {place['lines']}"
        )
    text = "\n".join(kept)
    return nodes.literal_block(text, text, language=block["language"])


def copies(found: nodes.Element, place: nodes.Element) -> list[nodes.Node]:
    """What of a part goes onto the slide."""
    if isinstance(found, nodes.figure):
        said = (nodes.caption, nodes.legend)
        return [n.deepcopy() for n in found.children if not isinstance(n, said)]
    if not cells.is_cell(found):
        copy = found.deepcopy()
        if isinstance(copy, nodes.table):
            copy[:] = [n for n in copy.children if not isinstance(n, nodes.title)]
        return [copy]
    show, kept = place.get("show", "code"), []
    for child in found.children:
        if cells.is_source(child) and show != "output":
            kept += [some_lines(n, place) for n in child.deepcopy().children]
        elif cells.is_output(child) and show != "code":
            kept.append(child.deepcopy())
    if not kept:
        raise Untakable(f"the cell of {place['label']!r} has no {show}")
    return kept


def section_of(node: nodes.Element) -> nodes.section:
    """The section of a page that a part stands in; a theorem's box holds another."""
    around = (nodes.section, nodes.document)
    while not (isinstance(node, nodes.section) and isinstance(node.parent, around)):
        node = node.parent
    return node
