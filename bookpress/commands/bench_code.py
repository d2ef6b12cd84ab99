"""How much code a reader sees, and whose it is: shared, or a framework's."""

import re
from pathlib import Path

from bookpress import pages
from bookpress.cells import pieces
from bookpress.checks.numbers import DRAWING, words_of

NO_WORDS = re.compile(r"\$\$.*?\$\$|\$[^$]*\$", re.S)
FIGURE = re.compile(r"^\s*figure:", re.M)


def code_lines(page: str, frameworks: list[str]) -> dict[str, int]:
    """Lines of a page's code that are not empty, and words of its prose.

    Parameters
    ----------
    page : the source
    frameworks : tags of the frameworks' cells

    Returns
    -------
    words of prose; visible lines that are shared, of each framework, and that compare
    them (`both`); folded lines, and those of solutions, folded as well (`solved`);
    visible lines that a reader of the first framework passes before the first picture
    (`before`)
    """
    columns = ["words", "shared", *frameworks, "both", "folded", "solved"]
    found = dict.fromkeys(columns, 0)
    seen, before, options, solving = 0, None, "", False
    for piece in pieces(page):
        if piece.kind == "prose":
            for bracket in re.findall(r"\{solution-(start|end)\}", piece.text):
                solving = bracket == "start"
            if before is None and DRAWING.search(piece.text):
                before = seen
            prose = NO_WORDS.sub("", DRAWING.sub("", piece.text.removeprefix(options)))
            found["words"] += sum(len(words_of(x).split()) for x in prose.split("\n"))
            continue
        options = piece.options
        lines = sum(bool(line.strip()) for line in piece.text.split("\n"))
        owner = next((tag for tag in [*frameworks, "both"] if tag in piece.tags), "")
        hidden = {"hide-input", "hide-cell", "remove-input"} & piece.tags
        place = "solved" if solving else "folded" if hidden else owner or "shared"
        found[place] += lines
        if before is None and FIGURE.search(piece.options):
            before = seen + (0 if hidden else lines)
        if not hidden and not solving and owner in ("", *frameworks[:1]):
            seen += lines
    return found | {"before": seen if before is None else before}


def measure_code(root: Path, frameworks: list[str]) -> dict[str, dict[str, int]]:
    """Lines of all chapters, and of all together; prints them as a table."""
    found = {
        name: code_lines(pages.source(root, name).read_text("utf8"), frameworks)
        for name in pages.with_code(root)
    }
    names = [*next(iter(found.values()))]
    found["all"] = {name: sum(row[name] for row in found.values()) for name in names}
    readers = [f"shared for {name}" for name in frameworks]
    print(f"{'lines of code':<22}" + "".join(f"{n:>9}" for n in names) + "  ", *readers)
    for page, row in found.items():
        shares = (
            f"{100 * row['shared'] / max(1, row['shared'] + row[name]):.0f} %"
            for name in frameworks
        )
        print(f"{page:<22}" + "".join(f"{row[n]:>9}" for n in names) + "  ", *shares)
    return found
