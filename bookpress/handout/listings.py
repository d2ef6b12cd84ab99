"""Where a page of the handout may end within a listing."""

import ast

from docutils import nodes
from sphinx.application import Sphinx

from bookpress.cells import is_output, is_source
from bookpress.content.boxes import BOXES
from bookpress.handout.tex import raw
from bookpress.media import HandoutTransform

EDGE = 3  # lines of a listing that a page break leaves together at least


class PlaceBreaks(HandoutTransform):
    """Say after which lines a page may end within a listing.

    Runs when every block is in its place (solutions move later, as they are).
    """

    default_priority = 640

    def run(self, **kwargs) -> None:
        for block in list(self.document.findall(nodes.literal_block)):
            is_code = block.get("language") not in ("text", "none")
            penalties = break_penalties(block.astext(), is_code)
            after = 0
            if has_output(block):
                after = 1500
            elif ends_box(block):
                after = NEVER
            values = ",".join(map(str, penalties))
            at = block.parent.index(block)
            block.parent.insert(at, raw(rf"\handoutbreaks{{{values}}}{{{after}}}"))


NEVER = 10_000  # TeX's word for it


def break_penalties(text: str, is_code: bool) -> list[int]:
    """What a page break after each line of a listing costs, the last line excepted.

    Cheap between the parts of a program that blank lines part, dear within a function,
    impossible before a closing bracket and next to the first and the last lines.
    """
    lines = text.rstrip("\n").split("\n")
    starts = statement_starts(text) if is_code else {}
    filled = [k for k, line in enumerate(lines) if line.strip()]
    penalties = []
    for k in range(len(lines) - 1):
        after = k + 1
        while not lines[after].strip():
            after += 1
        cost = starts.get(after, 2500)
        if after > k + 1:
            cost = min(cost, 1500) // 5
        before = sum(line <= k for line in filled)
        at_edge = min(before, len(filled) - before) < EDGE
        if at_edge or not lines[k].strip() or lines[after].lstrip()[0] in ")]}":
            cost = NEVER
        penalties.append(cost)
    return penalties


def statement_starts(text: str) -> dict[int, int]:
    """Lines, from 0 on, on which a statement or a method starts, and their cost."""
    try:
        tree = ast.parse(text)
    except SyntaxError:
        return {}
    lines = text.split("\n")
    starts = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef):
            for child in node.body:
                first = min(
                    part.lineno
                    for part in [child, *getattr(child, "decorator_list", [])]
                )
                line = first - 1
                while line and lines[line - 1].lstrip().startswith("#"):
                    line -= 1
                starts[line] = 400
    return starts


def has_output(block: nodes.literal_block) -> bool:
    """Whether what a cell prints, and is no figure, follows a listing of the cell."""
    if is_output(block.parent):
        rest = block.parent.children[block.parent.index(block) + 1 :]
    elif is_source(block.parent):
        outputs = filter(is_output, block.parent.parent.children)
        rest = [part for output in outputs for part in output.children]
    else:
        return False
    return any(not isinstance(part, nodes.figure) for part in rest)


def ends_box(block: nodes.Element) -> bool:
    """Whether nothing comes between a block and the end of the box that it is in."""
    node = block
    while node.parent is not None and not isinstance(node, BOXES):
        if node.parent.children[-1] is not node:
            return False
        node = node.parent
    return isinstance(node, BOXES)


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_post_transform(PlaceBreaks)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
