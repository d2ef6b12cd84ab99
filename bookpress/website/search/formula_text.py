"""A formula as a line of plain text, `wᵀx + b`, from the MathML that its page holds.

Marks that nobody sees stand around a formula and between its letters, so that a search
can tell them from words: `w x` is no word, and what a page shows for a formula cannot
be named in an address.
"""

import re
import unicodedata
from xml.etree import ElementTree

FORMULA, TIMES = "\u2063", "\u2062"  # invisible separator, invisible times

RAISED = str.maketrans(
    "0123456789+−-=()abcdefghijklmnoprstuvwxyzTℓ⊤′*⋆∗",
    "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁼⁽⁾ᵃᵇᶜᵈᵉᶠᵍʰⁱʲᵏˡᵐⁿᵒᵖʳˢᵗᵘᵛʷˣʸᶻᵀˡᵀ′***",
)
LOWERED = str.maketrans(
    "0123456789+−-=()aehijklmnoprstuvxℓβγρφ",
    "₀₁₂₃₄₅₆₇₈₉₊₋₋₌₍₎ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓₗᵦᵧᵨᵩ",
)
ACCENTS = {
    "^": "\u0302",
    "ˆ": "\u0302",
    "~": "\u0303",
    "˜": "\u0303",
    "ˉ": "\u0304",
    "¯": "\u0304",
    "‾": "\u0304",
    "˙": "\u0307",
}
SIGNS = set("=≠≈≡<>≤≥≪≫∈∉⊂⊆∼∝≔→←↦⇒⇔+−±×⋅∗∘⊙∪∩∧∨")
LARGE = set("∑∏∫")
OPENING = re.compile(r"(?:^|[(\[{,;=≠≈<>≤≥∈→⇒+−×⋅])\s*$")
WORD = re.compile(r"[a-z]{2,}", re.IGNORECASE)
BRACES = ("⏟", "⏞")
UNSEEN = ("annotation", "mphantom")


def formula_text(html: str) -> str:
    """Write the first formula of some HTML as plain text; empty if there is none.

    Parameters
    ----------
    html : what `Renderer.render` returns
    """
    start, end = html.find("<math"), html.find("</math>")
    if start < 0:
        return ""
    text = line(ElementTree.fromstring(html[start:end] + "</math>"))
    text = unicodedata.normalize("NFC", " ".join(text.split()))
    text = re.sub(r",?\s*;", ";", re.sub(r" (?=[,.])", "", text))
    return f"{FORMULA}{text}{FORMULA}" if text else ""


def line(node: ElementTree.Element) -> str:
    """Write an element of MathML."""
    tag, parts = name(node), list(node)
    if tag in UNSEEN:
        return ""
    if tag == "mspace":
        return " "
    if tag in ("mi", "mn", "mo", "mtext", "ms"):
        return (node.text or "").replace("\u2061", "").replace("\xa0", " ")
    if tag == "mfrac":
        above, below = map(line, parts)
        return f"{in_parentheses(above)}/{in_parentheses(below, TIMES)}"
    if tag == "msqrt":
        return "√" + in_parentheses(joined(parts))
    if tag == "mroot":
        base, index = map(line, parts)
        return script(index, RAISED, "^") + "√" + in_parentheses(base)
    if tag in ("msub", "munder"):
        return line(parts[0]) + script(line(parts[1]), LOWERED, "_")
    if tag == "msup":
        return line(parts[0]) + script(line(parts[1]), RAISED, "^")
    if tag in ("msubsup", "munderover"):
        below, above = map(line, parts[1:])
        return line(parts[0]) + script(below, LOWERED, "_") + script(above, RAISED, "^")
    if tag == "mover":
        return over(line(parts[0]), line(parts[1]))
    if tag == "mtable":
        aligned = node.get("columnalign", "").startswith("right")
        return "; ".join(aligned_row(row) if aligned else row_of(row) for row in parts)
    return joined(parts)


def joined(parts: list[ElementTree.Element]) -> str:
    """Write elements in a row, with room around signs between two of them."""
    text = last = ""
    for part in parts:
        piece = line(part)
        if piece.strip() in SIGNS and not OPENING.search(text):
            piece = f" {piece.strip()} "
        elif piece in (",", ";"):
            piece += " "
        elif piece[:1] in LARGE:
            piece = f" {piece} "
        elif text[-1:].isalnum() and piece[:1].isalnum():
            apart = "/" in last or WORD.match(piece) or WORD.search(last)
            piece = (" " if apart else TIMES) + piece
        text += piece
        last = piece or last
    return text


def row_of(row: ElementTree.Element) -> str:
    """Write a row of a matrix, or of cases."""
    return ", ".join(filter(None, map(line, row)))


def aligned_row(row: ElementTree.Element) -> str:
    """Write a row that is one formula, cut where rows are aligned."""
    return joined([part for cell in row for part in unwrapped(cell)])


def unwrapped(node: ElementTree.Element) -> list[ElementTree.Element]:
    """What a cell holds, without the boxes around it."""
    parts = list(node)
    alone = len(parts) == 1 and name(parts[0]) in ("mrow", "mstyle", "mpadded")
    return unwrapped(parts[0]) if alone else parts


def name(node: ElementTree.Element) -> str:
    return node.tag.rpartition("}")[2]


def in_parentheses(text: str, also: str = "") -> str:
    """Write parentheses around what is more than a product (or a product, too)."""
    text = text.strip()
    return f"({text})" if re.search(rf"[\s/({also}]", text) else text


def script(text: str, small: dict[int, int], sign: str) -> str:
    """Write an index or an exponent small where Unicode can, else behind its sign."""
    word = WORD.search(text)
    text = "".join(text.replace(TIMES, "").split())
    if text in BRACES:
        return ""
    if not word and all(ord(letter) in small for letter in text):
        return text.translate(small)
    return sign + (text if text.isalnum() else f"({text})")


def over(base: str, mark: str) -> str:
    """Write a letter with its accent; what is longer goes without."""
    accent = ACCENTS.get(mark.strip())
    if accent is None:
        return base + script(mark, RAISED, "^")
    return base + accent if len(base) == 1 else base
