"""Admonitions, exercises, solutions, theorems: boxes of one kind.

On the website they are what sphinx-exercise, sphinx-proof and the theme make of them,
in the handout boxes of its style with the website's numbers, in a notebook quotations
(exercises and solutions are headings there, as they may hold code).
"""

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.locale import admonitionlabels
from sphinx_exercise.nodes import (
    exercise_enumerable_node,
    exercise_latex_number_reference,
    exercise_node,
    solution_node,
)
from sphinx_proof.nodes import NODE_TYPES, proof_node, unenumerable_node

from bookpress import numbering
from bookpress.handout.tex import tex
from bookpress.media import HandoutTransform, in_notebook
from bookpress.notebooks.markdown import Page, quoted, title

SHORT_BOX = 9  # lines of a box that stays on one page

# The look of each kind of box; what is not listed is a note.
LOOKS = {
    "tip": "good",
    "hint": "good",
    "seealso": "good",
    "important": "accent",
    "warning": "warn",
    "caution": "warn",
    "danger": "warn",
    "error": "warn",
    "attention": "warn",
    "exercise": "accent",
    "solution": "good",
}
THEOREMS = (*NODE_TYPES.values(), unenumerable_node)
BOXES = (
    nodes.Admonition,
    exercise_node,
    exercise_enumerable_node,
    solution_node,
    *THEOREMS,
)
# All of them that have a name of their own
KINDS = [
    nodes.admonition,
    exercise_node,
    exercise_enumerable_node,
    solution_node,
    *(getattr(nodes, name) for name in admonitionlabels if hasattr(nodes, name)),
    *THEOREMS,
    addnodes.seealso,
]


def look(node: nodes.Element) -> str:
    if isinstance(node, (exercise_node, exercise_enumerable_node)):
        return "accent"
    if isinstance(node, THEOREMS):
        return "theorem"
    if isinstance(node, solution_node):
        return "good"
    names = [node.tagname, *node["classes"]]
    return next((LOOKS[name] for name in names if name in LOOKS), "note")


def label_of(translator, node: nodes.Element) -> str:
    """The label under which references of sphinx-exercise and sphinx-proof look."""
    if isinstance(node, (exercise_node, exercise_enumerable_node)):
        return f"exercise:{node['label']}"
    if isinstance(node, (solution_node, *THEOREMS)):
        return f"{translator.curfilestack[-1]}:{node['label']}"
    return ""


def visit_box(translator, node: nodes.Element) -> None:
    if is_proof(node):
        translator.body.append("\n\\begin{handoutproof}\n")
        return
    label = label_of(translator, node)
    anchor = rf"\phantomsection\label{{{label}}}" if label else ""
    title, whole = "", "whole" if is_short(node) else ""
    if isinstance(node, THEOREMS):
        number_theorem(translator, node)
    elif not isinstance(node[0], nodes.title):
        title = f"{{{tex(admonitionlabels.get(node.tagname, ''))}}}\n"
    translator.body.append(
        f"\n\\begin{{handoutbox}}{{{look(node)}}}{{{whole}}}{{{anchor}}}{title}"
    )
    translator.no_latex_floats += 1


def depart_box(translator, node: nodes.Element) -> None:
    if is_proof(node):
        translator.body.append("\\end{handoutproof}\n")
        return
    translator.no_latex_floats -= 1
    translator.body.append("\\end{handoutbox}\n")


def is_short(node: nodes.Element) -> bool:
    """Whether a box is better kept on one page; what cannot be is left to break."""
    large = (nodes.literal_block, nodes.figure, nodes.table, nodes.footnote_reference)
    if next((n for n in node.findall() if isinstance(n, large)), None):
        return False
    paragraphs = sum(1 + len(p.astext()) // 90 for p in node.findall(nodes.paragraph))
    displays = sum(1 for _ in node.findall(nodes.math_block))
    return paragraphs + 3 * displays <= SHORT_BOX


class LinkExercises(HandoutTransform):
    """Let links lead to exercises on other pages, whose numbers TeX does not know.

    Within a page sphinx-exercise has seen to it (22).
    """

    default_priority = 32

    def run(self, **kwargs) -> None:
        exercises = getattr(self.env, "sphinx_exercise_registry", {})
        for link in list(self.document.findall(addnodes.number_reference)):
            label = link.get("refuri", "").partition("#")[2]
            if label in exercises:
                link.replace_self(
                    exercise_latex_number_reference("", "", *link.children, refid=label)
                )


def is_proof(node: nodes.Element) -> bool:
    return isinstance(node.parent, proof_node)


def number_theorem(translator, node: nodes.Element) -> None:
    """Put kind and number before the title, as the website does."""
    kind = node["realtype"].title()
    if not isinstance(node, unenumerable_node):
        env, page = translator.builder.env, translator.curfilestack[-1]
        number = numbering.of(env, page, node, node["countertype"])
        kind += " " + numbering.dotted(number)
    if not isinstance(node[0], nodes.title):
        node.insert(0, nodes.title())
    node[0].insert(0, nodes.Text(kind))


@in_notebook(*NODE_TYPES.values())
def quote_theorem(page: Page, node: nodes.Element) -> list[str]:
    kind = node["countertype"]
    words = [kind.capitalize(), page.number(node, kind), title(node)]
    head = f"**{' '.join(words[:2])}** {words[2]}"
    return [quoted([head, *page.inside(node[1])])]


@in_notebook(nodes.Admonition, nodes.sidebar)
def quote_box(page: Page, node: nodes.Element) -> list[str]:
    words = title(node)
    head = f"**{words or node.tagname.capitalize()}**"
    return [quoted([head, *page.inside(node, 1 if words else 0)])]


def setup(app: Sphinx) -> dict[str, bool]:
    for extension in ("sphinx_exercise", "sphinx_proof"):
        app.setup_extension(extension)
    for kind in KINDS:
        app.registry.add_translation_handlers(kind, latex=(visit_box, depart_box))
    app.add_post_transform(LinkExercises)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
