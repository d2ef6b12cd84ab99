"""What a page is called, and what it says of itself in its first sentences."""

import re
import unicodedata
from collections.abc import Iterator

from docutils import nodes
from sphinx.application import Sphinx

# Characters of a description: search engines show no more, and find less too little.
SHORT, LONG = 70, 160

# What a sentence may stand in; boxes, lists, tables and notes are no opening.
OPEN = (nodes.Structural, nodes.container)

SENTENCE = re.compile(r"(?<=[.!?])(?<!\b[A-Z]\.)[”’\")]*\s+(?=\W?[A-Z\d])")
CITATION = re.compile(r"\s*\[[^\]]*\b\d{4}[a-z]?\]")

# What has no character of its own in a formula, or another form
FRACTION = re.compile(r"\\[dt]?frac\s*(?:{([^{}]*)}|(\d))\s*(?:{([^{}]*)}|(\d))")
FONT = re.compile(r"\\(?:math[a-z]+|text[a-z]*|operatorname|left|right)(?![A-Za-z])")
SPACE = re.compile(r"\\[,;:! ]")

SYMBOLS = {
    "lambda": "λ",
    "Lambda": "Λ",
    "cdot": "·",
    "times": "×",
    "pm": "±",
    "approx": "≈",
    "neq": "≠",
    "le": "≤",
    "leq": "≤",
    "ge": "≥",
    "geq": "≥",
    "to": "→",
    "in": "∈",
    "infty": "∞",
    "sum": "∑",
    "partial": "∂",
    "nabla": "∇",
    "dots": "…",
    "ell": "ℓ",
    "top": "T",
    "lVert": "‖",
    "rVert": "‖",
    "hat": "",
    "bar": "",
    "quad": " ",
}


def plain_formula(tex: str) -> str:
    r"""A short formula as text: `\frac{1}{2} \rho w_1` is `1/2 ρ w_1`."""
    tex = FRACTION.sub(r"\1\2/\3\4", tex)
    tex = SPACE.sub(" ", FONT.sub("", tex))
    tex = re.sub(r"\\([A-Za-z]+)", lambda found: symbol(found[1]), tex)
    return " ".join(re.sub(r"[{}$\\]", "", tex).split())


def symbol(name: str) -> str:
    """The character that a command of TeX stands for, else its name."""
    if name in SYMBOLS:
        return SYMBOLS[name]
    size = "CAPITAL" if name[0].isupper() else "SMALL"
    letter = name.removeprefix("var").upper()
    try:
        return unicodedata.lookup(f"GREEK {size} LETTER {letter}")
    except KeyError:
        return name


def plain(node: nodes.Node) -> str:
    """The words of a paragraph; formulas are text, and nothing is cited."""
    match node:
        case nodes.math():
            return plain_formula(node.astext())
        case nodes.Text():
            return node.astext()
        case nodes.raw() | nodes.comment() | nodes.footnote_reference():
            return ""
    return "".join(map(plain, node.children))


def paragraphs(document: nodes.document) -> Iterator[str]:
    """The words of the paragraphs that stand in no box, in the order of the page."""
    for node in document.findall(nodes.paragraph):
        above = node.parent
        while isinstance(above, OPEN) and above.parent is not None:
            above = above.parent
        words = " ".join(CITATION.sub("", plain(node)).split())
        if above is document and words:
            yield words if words[-1] in ".!?…:" else f"{words}."


def title(app: Sphinx, docname: str) -> str:
    """A page's title without its number; the first page has the book's."""
    if docname == app.config.root_doc:
        return app.config.html_title
    return plain(app.env.titles[docname])


def cut(text: str, length: int) -> str:
    """The words of a text that find room, with a sign that there are more."""
    if len(text) <= length:
        return text
    return f"{text[: length - 1].rsplit(' ', 1)[0].rstrip('.,;:')} …"


def description(document: nodes.document) -> str:
    """The first sentences of a page.

    Parameters
    ----------
    document : the page, its references resolved

    Returns
    -------
    whole sentences of 160 characters at most; the last one is cut where the whole ones
    have fewer than 70. Fewer, or none, only if the page says no more.
    """
    said = ""
    for paragraph in paragraphs(document):
        for sentence in SENTENCE.split(paragraph):
            longer = f"{said} {sentence}".strip()
            if len(longer) > LONG:
                return said if len(said) >= SHORT else cut(longer, LONG)
            said = longer
        if len(said) >= SHORT:
            break
    return said
