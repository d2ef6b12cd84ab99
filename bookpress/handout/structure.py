"""The handout as a book: chapters, a preface, numbers, what belongs together.

What stands on the website's pages becomes one document here, with the same numbers.
"""

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx_jupyterbook_latex.nodes import RootHeader

from bookpress import numbering
from bookpress.content.solutions import places
from bookpress.handout.tex import raw
from bookpress.media import HandoutTransform

PREFACE = "Preface"  # heading of the front page's text


class Structure(HandoutTransform):
    """Number as on the website; give the front page a heading.

    Runs after sphinx_jupyterbook_latex has moved the chapters (700) and Sphinx has
    gathered the bibliography (750).
    """

    default_priority = 760

    def run(self, **kwargs) -> None:
        depth = numbering.depth(self.env)
        if depth == 0:  # no chapter has a number, so no figure is numbered by chapter
            self.app.config.numfig_secnum_depth = 0
        for start in self.document.findall(addnodes.start_of_file):
            numbered = numbering.chapter(self.env, start["docname"])
            level = depth - 1 if numbered else -1
            start.insert(0, raw(rf"\setcounter{{secnumdepth}}{{{level}}}"))
        for rule in list(self.document.findall(nodes.transition)):
            if "footnotes" in rule["classes"]:  # they stand at the foot of their page
                rule.parent.remove(rule)
        section = next(iter(self.document.findall(nodes.section)))
        if len(section.children) > 1:
            section.insert(
                1, raw(rf"\setcounter{{secnumdepth}}{{-1}}\chapter{{{PREFACE}}}")
            )


def visit_root_header(translator, node: RootHeader) -> None:
    # Its level is of no use: sphinx_jupyterbook_latex counts siblings as deeper.
    translator.body.append("\n\\section*{")


def depart_root_header(translator, node: RootHeader) -> None:
    translator.body.append("}\n")


class FixNumbers(HandoutTransform):
    """Set the handout's counters to the website's numbers; runs before any move."""

    default_priority = 640

    def run(self, **kwargs) -> None:
        for start in self.document.findall(addnodes.start_of_file):
            fix_numbers(self.env, start)


def fix_numbers(env: BuildEnvironment, start: addnodes.start_of_file) -> None:
    """Say before each numbered figure, table and equation of a page which it is."""
    kinds = [
        ("figure", nodes.figure, "figure"),
        ("table", nodes.table, "table"),
        ("displaymath", nodes.math_block, "equation"),
    ]
    for kind, node_type, counter in kinds:
        for parent, node in places(
            start, lambda n, wanted=node_type: isinstance(n, wanted)
        ):
            number = numbering.of(env, start["docname"], node, kind)
            if number:
                before = rf"\setcounter{{{counter}}}{{{number[-1] - 1}}}"
                parent.insert(parent.index(node), raw(before))


class TieDisplays(HandoutTransform):
    """Let a displayed equation go on with the paragraph that leads to it.

    TeX then sets it closer and keeps the two on one page. Runs after `FixNumbers`
    (640), which may put the number between the two.
    """

    default_priority = 645

    def run(self, **kwargs) -> None:
        for display in list(self.document.findall(nodes.math_block)):
            at = display.parent.index(display)
            first = at
            while first and isinstance(
                display.parent[first - 1], nodes.raw | nodes.target | nodes.comment
            ):
                first -= 1
            before = display.parent[first - 1] if first else None
            if isinstance(before, nodes.paragraph):
                moved = display.parent[first : at + 1]
                del display.parent[first : at + 1]
                before += moved


def setup(app: Sphinx) -> dict[str, bool]:
    # First: what it says about headings is replaced here.
    app.setup_extension("sphinx_jupyterbook_latex")
    for transform in (FixNumbers, TieDisplays, Structure):
        app.add_post_transform(transform)
    app.registry.add_translation_handlers(
        RootHeader, latex=(visit_root_header, depart_root_header)
    )
    return {"parallel_read_safe": True, "parallel_write_safe": True}
