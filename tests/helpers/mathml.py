"""Whether browsers take the MathML of a page as it stands."""

import re
from xml.etree import ElementTree

# Elements with a fixed number of parts, and those that hold text alone.
PARTS = {"mfrac": 2, "mroot": 2, "msub": 2, "msup": 2, "msubsup": 3}
PARTS |= {"munder": 2, "mover": 2, "munderover": 3}
TOKENS = {"mi", "mn", "mo", "mtext"}
ROWS = {"mtable": {"mtr"}, "mtr": {"mtd"}}


def mathml_faults(page: str) -> list[str]:
    """What is invalid in the formulas of a page, each with its TeX."""
    faults = []
    # Each formula once: chapters repeat many.
    for text in dict.fromkeys(re.findall(r"<math\b.*?</math>", page, re.DOTALL)):
        formula = ElementTree.fromstring(re.sub(r' xmlns="[^"]*"', "", text))
        source = formula.findtext(".//annotation")
        for element in formula.iter():
            inside = [part.tag for part in element]
            wrong = len(inside) != PARTS.get(element.tag, len(inside))
            wrong |= element.tag in TOKENS and bool(inside)
            wrong |= not set(inside) <= ROWS.get(element.tag, set(inside))
            if wrong:
                faults.append(f"{element.tag} holds {inside or 'nothing'}: {source}")
    return faults
