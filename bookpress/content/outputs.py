"""What cells print: tables and plain text.

On the website pandas' tables are tables and the rest is as the kernel said it. In the
handout tables, drawn ones such as ``keras.Model.summary()`` too, become tables of its
style, and colors of terminals are taken out. Notebooks hold no outputs.
"""

import re
from html.parser import HTMLParser

from docutils import nodes
from sphinx.application import Sphinx

from bookpress.cells import is_mime_bundle, is_output
from bookpress.handout.tex import raw, tex
from bookpress.media import HandoutTransform

LONG_TABLE = 30  # rows from which on a table may break across pages

ANSI = re.compile(
    r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])"
)


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


class PrintOutputs(HandoutTransform):
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


class JoinOutputs(HandoutTransform):
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


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_post_transform(PrintOutputs)
    app.add_post_transform(JoinOutputs)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
