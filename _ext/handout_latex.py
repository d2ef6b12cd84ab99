"""The printed handout: LuaLaTeX in the book's own style (``latex/handout.sty``).

Configures Sphinx's LaTeX builder, and on the document tree of that builder alone

- turns pandas tables and ``keras.Model.summary()`` into tables of the handout,
- takes terminal colors out of outputs,
- writes admonitions, exercises, solutions and theorems as boxes of one kind,
- numbers chapters, figures and exercises as the website does,
- says where listings may break, and ties displayed equations to what leads to them,
- tells the index where chapters use the terms of the glossary.
"""

import ast
import re
from html.parser import HTMLParser

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.locale import admonitionlabels
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util import texescape
from sphinx_exercise.nodes import (
    exercise_enumerable_node,
    exercise_node,
    solution_node,
)
from sphinx_jupyterbook_latex.nodes import RootHeader
from sphinx_proof.nodes import NODE_TYPES, proof_node, unenumerable_node

LATEX_FILES = ["latex/handout.sty", "latex/handout.lua"]
PREFACE = "Preface"  # heading of the front page's text
EDGE = 3  # lines of a listing that a page break leaves together at least
SHORT_BOX = 9  # lines of a box that stays on one page
LONG_TABLE = 30  # rows from which on a table may break across pages

ANSI = re.compile(
    r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])"
)

texescape.init()  # Sphinx does so only after the configuration is read


def configure(app: Sphinx, config: Config) -> None:
    """Take back what sphinx_jupyterbook_latex sets for every builder; add our style."""
    config.latex_engine = "lualatex"
    config.latex_theme = "manual"
    config.latex_toplevel_sectioning = "chapter"
    config.jblatex_captions_to_parts = False
    config.jblatex_load_imgconverter = False
    config.jblatex_show_tocs = False
    config.latex_show_urls = "no"
    config.latex_table_style = ["booktabs"]
    config.latex_use_xindy = False
    config.latex_domain_indices = False
    config.latex_additional_files = [*config.latex_additional_files, *LATEX_FILES]
    config.latex_elements = {
        "papersize": f"{config.handout_paper}paper",
        "pointsize": "11pt",
        "extraclassoptions": "twoside,openany",
        "passoptionstopackages": r"\PassOptionsToPackage{table}{xcolor}",
        "polyglossia": "",
        "fontpkg": "",
        "fncychap": "",
        "geometry": "",
        "fvset": "",
        "figure_align": "htbp",
        "preamble": "\\usepackage{handout}\n"
        f"\\handoutsetup{{{tex(config.handout_subtitle)}}}"
        f"{{{tex(config.handout_license)}}}",
        "maketitle": r"\handouttitlepage",
        "tableofcontents": r"\handoutcontents",
        "makeindex": r"\makeindex",
        "printindex": r"\printindex",
    }


def raw(text: str) -> nodes.raw:
    return nodes.raw("", text, format="latex")


def tex(text: str) -> str:
    return texescape.escape(text, "lualatex")


class LatexOnly(SphinxPostTransform):
    builders = ("latex",)


# Outputs of cells ---------------------------------------------------------------------


def strip_ansi(text: str) -> str:
    """Remove the escape sequences with which terminals are told colors."""
    return ANSI.sub("", text)


class _TableParser(HTMLParser):
    """Collect the rows of the first table: (header or body, cells)."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[tuple[bool, list[str]]] = []
        self.head = self.cell = self.done = False

    def handle_starttag(self, tag, attrs):
        if self.done:
            return
        if tag == "thead":
            self.head = True
        elif tag == "tr":
            self.rows.append((self.head, []))
        elif tag in ("td", "th") and self.rows:
            self.cell = True
            self.rows[-1][1].append("")
            span = int(dict(attrs).get("colspan") or 1)
            self.span = span - 1

    def handle_endtag(self, tag):
        if tag == "thead":
            self.head = False
        elif tag in ("td", "th") and self.cell:
            self.cell = False
            self.rows[-1][1].extend([""] * self.span)
        elif tag == "table":
            self.done = True

    def handle_data(self, data):
        if self.cell and not self.done:
            self.rows[-1][1][-1] += data


def parse_html_table(html: str) -> tuple[list[list[str]], list[list[str]]]:
    """Return the header rows and the body rows of the first table in the HTML."""
    parser = _TableParser()
    parser.feed(html)
    rows = [(head, [" ".join(c.split()) for c in cells]) for head, cells in parser.rows]
    width = max((len(cells) for _, cells in rows), default=0)
    rows = [(head, cells + [""] * (width - len(cells))) for head, cells in rows]
    head, body = [c for head, c in rows if head], [c for head, c in rows if not head]
    if len(head) == 2 and not head[0][0] and not any(head[1][1:]):
        # pandas gives the name of the index a row of its own
        head = [[head[1][0], *head[0][1:]]]
    return head, body


def parse_box_table(text: str) -> tuple[list[list[str]], list[list[str]]] | None:
    """Return header and body rows of a table drawn with lines, or None if it is none.

    A cell that Rich has broken over several lines is put together again.
    """
    lines = [line.strip() for line in strip_ansi(text).strip().splitlines()]
    if not lines or lines[0][0] not in "┏┌╭":
        return None
    head, rows, fresh = [], [], True
    for line in lines[1:]:
        if line[0] in "┃│":
            cells = [cell.strip() for cell in re.split("[┃│]", line)[1:-1]]
            if fresh:
                rows.append(cells)
            else:
                pairs = zip(rows[-1], cells, strict=True)
                rows[-1] = [f"{above} {below}".strip() for above, below in pairs]
            fresh = False
        else:
            if line[0] in "┡┢╞":
                head, rows = rows, []
            fresh = True
    return head, rows


def is_number(cell: str) -> bool:
    return bool(re.fullmatch(r"[-+−]?[\d,]*\.?\d+(e[-+]?\d+)?%?|NaN|inf|\.\.\.|", cell))


def latex_table(head: list[list[str]], body: list[list[str]]) -> str:
    """Write a table with horizontal rules only; columns of numbers align right."""
    columns = list(zip(*body, strict=True)) if body else [[] for _ in head[0]]
    numeric = [all(map(is_number, column)) and any(column) for column in columns]
    align = "".join("r" if right else "l" for right in numeric)

    def row(cells: list[str], bold: bool) -> str:
        shown = [cell.replace("-", "−") if is_number(cell) else cell for cell in cells]
        shown = [tex(cell) for cell in shown]
        if bold:
            shown = [rf"\handouthead{{{cell}}}" if cell else "" for cell in shown]
        return " & ".join(shown) + r" \\"

    kind = "handoutlongtable" if len(body) >= LONG_TABLE else "handouttable"
    header = "\n".join(row(cells, True) for cells in head)
    parts = [rf"\begin{{{kind}}}{{{align}}}", r"\toprule", header, r"\midrule"]
    if kind == "handoutlongtable":
        parts.append(r"\endhead" + "\n" + r"\bottomrule" + "\n" + r"\endlastfoot")
    parts += [row(cells, False) for cells in body]
    if kind == "handouttable":
        parts.append(r"\bottomrule")
    return "\n".join([*parts, rf"\end{{{kind}}}"])


class PrintOutputs(LatexOnly):
    """Write tables as tables and plain text plainly; runs before mime selection (4)."""

    default_priority = 2

    def run(self, **kwargs) -> None:
        for bundle in list(self.document.findall(is_mime_bundle)):
            table = self.table(bundle)
            if table is not None:
                bundle.replace_self(raw(latex_table(*table)))
        for output in self.document.findall(is_output):
            for block in output.findall(nodes.literal_block):
                text = strip_ansi(block.astext()).rstrip("\n")
                block["language"] = "text"
                block.rawsource = text
                block[:] = [nodes.Text(text)]

    @staticmethod
    def table(bundle: nodes.container):
        text = {part["mime_type"]: part.astext() for part in bundle.children}
        if 'class="dataframe"' in text.get("text/html", ""):
            return parse_html_table(text["text/html"])
        return parse_box_table(text.get("text/plain", ""))


class JoinOutputs(LatexOnly):
    """Print what a cell says in a row in one listing; runs after mime selection."""

    default_priority = 5

    def run(self, **kwargs) -> None:
        for output in self.document.findall(is_output):
            previous = None
            for child in list(output.children):
                if not isinstance(child, nodes.literal_block):
                    previous = None
                elif previous is None:
                    previous = child
                else:
                    text = f"{previous.astext()}\n{child.astext()}"
                    previous.rawsource = text
                    previous[:] = [nodes.Text(text)]
                    output.remove(child)


class PlaceBreaks(LatexOnly):
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


class TieDisplays(LatexOnly):
    """Let a displayed equation go on with the paragraph that leads to it.

    TeX then sets it closer and keeps the two on one page. Runs after `FixNumbers` of
    `solutions` (640), which may put the number between the two.
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


def is_mime_bundle(node: nodes.Node) -> bool:
    return isinstance(node, nodes.container) and node.get("nb_element") == "mime_bundle"


def is_source(node: nodes.Node) -> bool:
    return isinstance(node, nodes.container) and "cell_input" in node["classes"]


def is_output(node: nodes.Node) -> bool:
    return isinstance(node, nodes.container) and "cell_output" in node["classes"]


# Index --------------------------------------------------------------------------------


class IndexTerms(LatexOnly):
    """List in the index the places where a chapter links to a term of the glossary.

    The glossary itself is listed by Sphinx, as the main place. Titles and captions are
    left out, because they also stand in the contents. Runs before links are resolved.
    """

    default_priority = 5

    def run(self, **kwargs) -> None:
        objects = self.env.get_domain("std").objects
        terms = {
            name.lower(): (name, page)
            for (kind, name), (page, _) in objects.items()
            if kind == "term"
        }
        for start in self.document.findall(addnodes.start_of_file):
            for link in list(start.findall(is_term)):
                word = link["reftarget"].lower()
                name, page = terms.get(word, ("", start["docname"]))
                if page == start["docname"] or is_within(link, TITLES):
                    continue
                entry = addnodes.index(entries=[("single", name, "", "", None)])
                # Behind it: before the first word of a page it is on the last one.
                link.parent.insert(link.parent.index(link) + 1, entry)


TITLES = (nodes.title, nodes.caption)


def is_term(node: nodes.Node) -> bool:
    return isinstance(node, addnodes.pending_xref) and node["reftype"] == "term"


def is_within(node: nodes.Node, kinds: tuple[type, ...]) -> bool:
    while node := node.parent:
        if isinstance(node, kinds):
            return True
    return False


# Boxes --------------------------------------------------------------------------------

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


def is_proof(node: nodes.Element) -> bool:
    return isinstance(node.parent, proof_node)


def number_theorem(translator, node: nodes.Element) -> None:
    """Put kind and number before the title, as the website does."""
    kind = node["realtype"].title()
    if not isinstance(node, unenumerable_node):
        numbers = translator.builder.env.toc_fignumbers[translator.curfilestack[-1]]
        number = numbers[node["countertype"]][node["ids"][0]]
        kind += " " + ".".join(map(str, number))
    if not isinstance(node[0], nodes.title):
        node.insert(0, nodes.title())
    node[0].insert(0, nodes.Text(kind))


# Structure ----------------------------------------------------------------------------


class Structure(LatexOnly):
    """Number as on the website; give the front page a heading.

    Runs after sphinx_jupyterbook_latex has moved the chapters (700) and Sphinx has
    gathered the bibliography (750).
    """

    default_priority = 760

    def run(self, **kwargs) -> None:
        numbers = self.env.toc_secnumbers
        depth = max(
            (len(n) for d in numbers.values() for n in d.values() if n), default=0
        )
        if depth == 0:  # no chapter has a number, so no figure is numbered by chapter
            self.app.config.numfig_secnum_depth = 0
        for start in self.document.findall(addnodes.start_of_file):
            numbered = any(numbers.get(start["docname"], {}).values())
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


def setup(app: Sphinx) -> dict:
    # These first: what they say about LaTeX is replaced here.
    for extension in ("sphinx_exercise", "sphinx_proof", "sphinx_jupyterbook_latex"):
        app.setup_extension(extension)
    app.add_config_value("handout_subtitle", "", "env")
    app.add_config_value("handout_license", "", "env")
    app.add_config_value("handout_paper", "a4", "")
    app.connect("config-inited", configure, priority=900)
    for transform in (
        PrintOutputs,
        JoinOutputs,
        IndexTerms,
        PlaceBreaks,
        TieDisplays,
        Structure,
    ):
        app.add_post_transform(transform)
    boxes = [nodes.admonition, exercise_node, exercise_enumerable_node, solution_node]
    boxes += [getattr(nodes, name) for name in admonitionlabels if hasattr(nodes, name)]
    for box in (*boxes, *THEOREMS, addnodes.seealso):
        app.registry.add_translation_handlers(box, latex=(visit_box, depart_box))
    app.registry.add_translation_handlers(
        RootHeader, latex=(visit_root_header, depart_root_header)
    )
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
