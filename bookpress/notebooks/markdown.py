"""A page as the cells of a notebook: code as it is, all else as plain Markdown.

What Sphinx has resolved for the website becomes words here: numbers of sections,
figures, equations and exercises, citations, terms. Boxes become quotations, folded ones
and solutions become headings whose cells JupyterLab folds, tabs become labeled cells in
a row. Formulas stay TeX, with the website's number as a tag.
"""

import base64
import mimetypes
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from docutils import nodes
from sphinx.environment import BuildEnvironment
from sphinx.util import logging
from sphinx_design.tabs import sd_tab_input, sd_tab_label
from sphinx_exercise.nodes import is_exercise_node, is_solution_node
from sphinxcontrib.tikz import tikz

from bookpress import numbering
from bookpress.cells import is_cell, is_source, tags_of
from bookpress.content.frameworks import tab_set
from bookpress.media import form_in_notebook, place
from bookpress.website.formulas import display_source

logger = logging.getLogger(__name__)

PICTURES = (tikz, nodes.image)
TITLES = (nodes.caption, nodes.title)
SILENT = (nodes.comment, nodes.target, nodes.raw, sd_tab_input)

# An innermost environment of TeX
ENVIRONMENT = re.compile(r"\\begin\{(.+?)\}(?:(?!\\begin\{).)*?\\end\{\1\}", re.DOTALL)

# A drawing's ink is dark; it needs a ground of its own where a notebook is dark.
SVG_ROOT = re.compile(rb"(<svg\b[^>]*>)")
GROUND = rb'\1<rect width="100%" height="100%" fill="#fff"/>'


@dataclass
class Cell:
    """One cell of a notebook.

    Parameters
    ----------
    kind : "code" or "markdown"
    source : its text
    folded : whether code is hidden until asked for, or what stands below a heading is
    """

    kind: str
    source: str
    folded: bool = False


def is_folded(node: nodes.Node) -> bool:
    return isinstance(node, nodes.Admonition) and "dropdown" in node.get("classes", [])


def begins_cell(node: nodes.Node) -> bool:
    """Whether a block has a heading of its own, which ends what is folded above it."""
    return isinstance(node, nodes.section) or is_folded(node) or is_task(node)


def is_task(node: nodes.Node) -> bool:
    return is_exercise_node(node) or is_solution_node(node)


def can_fold(node: nodes.Element) -> bool:
    """Whether folding what follows a heading hides this block and no other."""
    after = node.parent.children[node.parent.index(node) + 1 :]
    visible = [sibling for sibling in after if not isinstance(sibling, SILENT)]
    return not visible or begins_cell(visible[0])


def warn(node: nodes.Element) -> None:
    logger.warning(
        "a notebook to download has no form for %r; give it one in %s",
        node.tagname,
        Path(__file__).name,
        location=place(node),
        type="downloads",
    )


class Page:
    """Turns one resolved page into cells.

    Parameters
    ----------
    env : Sphinx's environment, with all numbers
    docname : the page
    picture : gives the file of a drawing or an image
    """

    def __init__(
        self,
        env: BuildEnvironment,
        docname: str,
        picture: Callable[[nodes.Element], Path],
    ):
        self.env = env
        self.docname = docname
        self.picture = picture
        self.cells: list[Cell] = []
        self.blocks: list[str] = []

    def read(self, document: nodes.document) -> list[Cell]:
        self.add_all(document.children, 0)
        self.end_cell()
        return self.cells

    # Cells: what may hold code is looked at one child at a time

    def end_cell(self, folded: bool = False) -> None:
        """Make a cell of the blocks that have come together."""
        if self.blocks:
            self.cells.append(Cell("markdown", "\n\n".join(self.blocks), folded))
        self.blocks = []

    def add_all(self, children: Iterable[nodes.Node], depth: int) -> None:
        for child in children:
            self.add(child, depth)

    def add(self, node: nodes.Node, depth: int) -> None:
        """Add a block that stands in `depth` sections."""
        if is_cell(node):
            self.add_code(node)
        elif is_task(node):
            self.heading(node, depth, self.task_title(node))
            self.add_all(node[1].children, depth)
        elif isinstance(node, nodes.section):
            self.heading(node, depth, self.section_number(node) + title(node))
            self.add_all(node.children[1:], depth + 1)
        elif is_folded(node):
            self.heading(node, depth, title(node))
            self.add_all(node.children[1:], depth)
        elif isinstance(node, nodes.figure):
            self.end_cell()  # a picture's source is long, so it gets its own cell
            self.blocks += self.images(node)
            self.end_cell()
            self.blocks += self.caption(node, "figure")
        elif isinstance(node, nodes.container | tab_set):
            self.add_all(node.children, depth)
        else:
            self.blocks += self.block(node)

    def heading(self, node: nodes.Element, depth: int, text: str) -> None:
        """Begin a cell with a heading; where it folds what follows, it is all of it."""
        self.end_cell()
        self.blocks.append(f"{'#' * min(depth + 1, 6)} {text}")
        if is_folded(node) and can_fold(node):
            self.end_cell(folded=True)

    def add_code(self, cell: nodes.Element) -> None:
        self.end_cell()
        source = next(iter(cell.findall(is_source))).astext()
        self.cells.append(Cell("code", source, "hide-input" in tags_of(cell)))
        for figure in cell.findall(nodes.figure):
            self.blocks += self.caption(figure, "figure")

    # Blocks

    def block(self, node: nodes.Node, flat: bool = False) -> list[str]:
        """Write a block as one block of Markdown, several, or none.

        With `flat`, formulas stay on one line: it may get a prefix that would be taken
        for a part of them.
        """
        if form := form_in_notebook(node):
            return form(self, node)
        match node:
            case _ if isinstance(node, SILENT):
                return []
            case nodes.paragraph():
                return [paragraph(inline(node))]
            case sd_tab_label() | nodes.rubric():
                return [f"**{inline(node)}**"]
            case nodes.math_block():
                return [self.formula(node, flat)]
            case nodes.bullet_list():
                return [self.items(node, ["- "] * len(node))]
            case nodes.enumerated_list():
                first = node.get("start", 1)
                return [self.items(node, [f"{first + i}. " for i in range(len(node))])]
            case nodes.definition_list():
                return [
                    f"- {inline(n[0])}: {' '.join(self.inside(n[-1]))}" for n in node
                ]
            case nodes.literal_block():
                return [f"```\n{node.astext().rstrip()}\n```"]
            case nodes.table():
                return [*self.caption(node, "table"), self.table(node)]
            case _ if isinstance(node, PICTURES):
                return [self.image(node)]
            case nodes.figure():
                return [*self.images(node), *self.caption(node, "figure")]
            case nodes.transition():
                return ["---"]
            case nodes.footnote():
                text = "\n\n".join(self.inside(node, 1))
                return [f"[{inline(node[0])}] {text}"]
            case nodes.block_quote():
                return [quoted(self.inside(node))]
            case nodes.container() | nodes.compound():
                return self.inside(node)
        warn(node)
        return []

    def inside(self, node: nodes.Element, start: int = 0) -> list[str]:
        return [text for n in node.children[start:] for text in self.block(n, True)]

    def formula(self, node: nodes.math_block, flat: bool) -> str:
        tex = tex_of(node).replace(r"\allowbreak", "")  # which MathJax does not know
        if number := self.number(node, "displaymath"):
            tex += rf" \tag{{{number}}}"
        return f"$$ {' '.join(tex.split())} $$" if flat else f"$$\n{tex}\n$$"

    def items(self, node: nodes.Element, marks: list[str]) -> str:
        texts = []
        for mark, item in zip(marks, node.children, strict=True):
            text = "\n\n".join(self.inside(item))
            texts.append(mark + text.replace("\n", "\n" + " " * len(mark)))
        return "\n".join(texts)

    def table(self, node: nodes.table) -> str:
        rows = [
            [
                "<br>".join(self.inside(entry)).replace("|", r"\|")
                for entry in row.findall(nodes.entry)
            ]
            for row in node.findall(nodes.row)
        ]
        rows.insert(1, ["---"] * len(rows[0]))
        return "\n".join(f"| {' | '.join(row)} |" for row in rows)

    def caption(self, node: nodes.Element, kind: str) -> list[str]:
        """Number and caption of a figure or a table."""
        label = self.label(node, kind)
        found = next(iter(node.findall(lambda n: isinstance(n, TITLES))), None)
        words = inline(found) if found is not None else ""
        return [f"**{label}** {words}" if label else words] if words else []

    def images(self, figure: nodes.figure) -> list[str]:
        return [
            self.image(n) for n in figure.findall(lambda n: isinstance(n, PICTURES))
        ]

    def image(self, node: nodes.Element) -> str:
        file = self.picture(node)
        kind = mimetypes.guess_type(file.name)[0]
        data = file.read_bytes()
        if kind == "image/svg+xml":
            data = SVG_ROOT.sub(GROUND, data, count=1)
        alt = re.sub(r"([\[\]\\])", r"\\\1", node.get("alt", ""))
        return f"![{alt}](data:{kind};base64,{base64.b64encode(data).decode()})"

    # Numbers and titles

    def number(self, node: nodes.Element, kind: str) -> str:
        """The number that the website shows, such as 3.1; empty if it shows none."""
        return numbering.dotted(numbering.of(self.env, self.docname, node, kind))

    def label(self, node: nodes.Element, kind: str) -> str:
        """The number of a figure or a table with the word before it."""
        return numbering.label(self.env, self.docname, node, kind)

    def section_number(self, section: nodes.section) -> str:
        number = numbering.section(self.env, self.docname, section)
        suffix = self.env.config.html_secnumber_suffix
        return numbering.dotted(number) + suffix if number else ""

    def task_title(self, node: nodes.Element) -> str:
        if is_solution_node(node):
            return title(node)
        return f"Exercise {self.number(node, 'exercise')} {title(node)}"


# Text


def title(node: nodes.Element) -> str:
    found = next((n for n in node.children if isinstance(n, nodes.title)), None)
    return " ".join(inline(found).split()) if found is not None else ""


def inline(node: nodes.Node) -> str:
    """Write what stands within lines; links stay where they lead out of the book."""
    match node:
        case _ if isinstance(node, SILENT):
            return ""
        case nodes.Text():
            return escaped(node.astext())
        case nodes.math():
            # A bar would end the cell of a table.
            tex = node.astext().replace(r"\|", r"\Vert ").replace("|", r"\vert ")
            return f"${' '.join(tex.split())}$"
        case nodes.literal():
            return code(node.astext())
    text = "".join(map(inline, node.children))
    match node:
        case nodes.footnote_reference():
            return f"[{text}]"
        case nodes.emphasis() | nodes.title_reference():
            return f"*{text}*"
        case nodes.strong():
            return f"**{text}**"
        case nodes.reference() if "://" in node.get("refuri", ""):
            return f"[{text}]({node['refuri']})"
        case nodes.TextElement() | nodes.inline():
            return text
    warn(node)
    return text


def tex_of(node: nodes.math_block) -> str:
    """TeX of a displayed formula, without an `aligned` that aligns nothing."""
    tex = node.astext().strip()
    rest, count = tex, 1
    while count:
        rest, count = ENVIRONMENT.subn("", rest)
    plain = not re.search(r"\\\\|&|\n\s*\n", rest) and not node["nowrap"]
    return tex if plain else display_source(node)


def escaped(text: str) -> str:
    """Keep Markdown and TeX from seeing marks where words are meant."""
    text = re.sub(r"([\\`*$~<])", r"\\\1", text)
    return re.sub(r"(?<!\w)_|_(?!\w)", r"\_", text)


def code(text: str) -> str:
    ticks = "`" * (max(map(len, re.findall("`+", text)), default=0) + 1)
    space = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{ticks}{space}{text}{space}{ticks}"


def paragraph(text: str) -> str:
    """Put a paragraph on one line, which must not look like a list or a heading."""
    text = " ".join(text.split("\n"))
    text = re.sub(r"^([#>+-])(?=\s)", r"\\\1", text)
    return re.sub(r"^(\d+)([.)])(?=\s)", r"\1\\\2", text)


def quoted(blocks: list[str]) -> str:
    lines = "\n\n".join(blocks).split("\n")
    return "\n".join(f"> {line}".rstrip() for line in lines)
