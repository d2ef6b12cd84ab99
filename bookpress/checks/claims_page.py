"""List on a page what the book claims, and in how many draws it holds.

`{claim-checks}` is the table. A mark without an experiment or outcomes of its page, an
experiment that no page names and one that is not in the record are warnings, which stop
the build.
"""

import itertools
import re
from pathlib import Path

from docutils import nodes
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective

from bookpress.checks import claims
from bookpress.pages import source
from bookpress.slides.decks import decks
from bookpress.stale import is_new
from bookpress.tables import page_link, paragraph, table

logger = logging.getLogger(__name__)

MARKUP = re.compile(r"[${}`\]\[]")


class claim_checks(nodes.General, nodes.Element):
    """Placeholder for the table, filled when all pages are read."""


class ClaimChecks(SphinxDirective):
    """`{claim-checks}`: the table of claims and of the draws behind them."""

    def run(self) -> list[nodes.Node]:
        return [claim_checks()]


def compare(app, env) -> list[str]:
    """Collect the claims of all pages; warn of those with nothing behind them.

    A deck repeats what its chapter claims; the tests hold it to the record.
    """
    root, rows, named = Path(app.srcdir), [], set()
    known, record = claims.experiments(root), claims.read_record(root)
    for docname in sorted(env.found_docs - set(decks(env))):
        page = Path(env.doc2path(docname)).read_text(encoding="utf8")
        marks = claims.marks_of(page) if "% claim: " in page else []
        here = claims.bound_in(page) if marks else set()
        module = claims.module_of(docname, app.config.root_doc)
        for mark in marks:
            name = f"{module}.{mark.name}"
            named.add(name)
            if name in known and name not in record:
                warn(f"{name} has no record; run make claims", docname, mark.line)
            elif name in known and mark.name in here:
                warn(f"{name} is a name of the page, too", docname, mark.line)
            elif name in known:
                rows.append((docname, known[name].promise, *told(record[name])))
            elif mark.name in here:
                rows.append((docname, in_words(mark), *told_by(mark)))
            else:
                warn(
                    f"nothing is called {mark.name}: no experiment in "
                    f"{claims.FOLDER}/{module}.py, no variable of the page",
                    docname,
                    mark.line,
                )
    for name in sorted(set(known) - named):
        warn(f"no page names the experiment {name}; write % claim: on one", "", None)
    found = list(dict.fromkeys(rows))
    if not is_new(env, "claim_checks", found):
        return []
    holders = (n for n in env.found_docs if "{claim-checks}" in text_of(root, n))
    return [name for name in holders if name in env.all_docs]


def text_of(root: Path, docname: str) -> str:
    file = source(root, docname)
    return file.read_text(encoding="utf8") if file.exists() else ""


def warn(message: str, docname: str, line: int | None) -> None:
    place = (docname, line) if docname else None
    logger.warning("claim: %s", message, location=place, type="checks")


def told(entry: dict) -> tuple[str, str]:
    """In how many draws a claim holds, and the spread of what it measures."""
    result = claims.recorded(entry)
    return tied(f"{result.held} of {result.draws}"), spread(result)


def told_by(mark: claims.Mark) -> tuple[str, str]:
    """The same as a page says it of its own draws."""
    said = {number.expression: number.text for number in mark.numbers}
    counted = tied(f"{said['held']} of {said['draws']}") if "held" in said else "all"
    return counted, said.get("median", "")


def tied(words: str) -> str:
    return words.replace(" ", "\N{NO-BREAK SPACE}")


def in_words(mark: claims.Mark) -> str:
    """The sentence that tells in how many draws it holds; else the claim's name."""
    text = " ".join(mark.paragraph.split())
    told = next((n.text for n in mark.numbers if n.expression == "held"), "")
    for sentence in re.split(r"(?<=[.:]) (?=[A-Z])", text):
        if told and re.search(rf"\b{told}\b", sentence) and not MARKUP.search(sentence):
            return sentence.rstrip(":.") + "."
    return mark.name.replace("_", " ").capitalize() + "."


def spread(result: claims.Result) -> str:
    if result.median is None:
        return ""
    return "{} ({} to {})".format(*map(shown, (result.median, result.low, result.high)))


def shown(value: float) -> str:
    """A number with three digits, or all before the point."""
    if 0 < abs(value) < 1e-3:
        digits, _, power = f"{value:.1e}".partition("e")
        return f"{digits}e{int(power)}".replace("-", "−")
    if abs(value) >= 1000:
        return f"{value:,.0f}".replace(",", "\N{NO-BREAK SPACE}").replace("-", "−")
    return f"{value:.3g}".replace("-", "−")


class FillClaims(SphinxPostTransform):
    """Replace the placeholder by a table for each chapter, in the order of the book."""

    default_priority = 4

    def run(self, **kwargs) -> None:
        pages = ["", *self.env.toctree_includes.get(self.config.root_doc, [])]
        for placeholder in list(self.document.findall(claim_checks)):
            rows = sorted(self.env.claim_checks, key=lambda row: pages.index(row[0]))
            found = []
            for page, group in itertools.groupby(rows, key=lambda row: row[0]):
                cells = [list(map(paragraph, texts)) for _, *texts in group]
                head = ["Claim", "Holds in", "Median (spread)"]
                found += [
                    page_link(self.env.docname, page),
                    table(head, cells, [60, 15, 25]),
                ]
            placeholder.replace_self(found)


def setup(app) -> dict:
    app.add_node(claim_checks)
    app.add_directive("claim-checks", ClaimChecks)
    app.connect("env-updated", compare)
    app.add_post_transform(FillClaims)
    return {"version": "1", "parallel_read_safe": True}
