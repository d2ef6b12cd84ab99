"""The search: what is found where (`entries`), and a page's scripts for it.

As a page is written, its places are read from the resolved tree. Their file,
`_static/search-index.js`, and the script that looks things up, `_static/search.js`, are
loaded by a page when its reader first wants to search; as scripts they work from the
disk, too. Sphinx's own index is not made.
"""

import json
import subprocess
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.errors import SphinxError

from bookpress import node as node_js
from bookpress import numbering
from bookpress.cells import is_cell
from bookpress.media import WEBSITE, MediumTransform, medium, only
from bookpress.website.formulas import BREAK, InvalidFormula, display_source
from bookpress.website.search.entries import Reader, is_folded
from bookpress.website.search.formula_text import formula_text

HERE = Path(__file__).parent


class SearchUnavailable(SphinxError):
    """The search's script cannot be made; the message says why and what to do."""

    category = "The search cannot be made"


def is_left_out(env: BuildEnvironment, docname: str) -> bool:
    """Whether a page's metadata keep it out of the search, as in Sphinx."""
    return "nosearch" in env.metadata.get(docname, {})


class NamePlaces(MediumTransform):
    """Give ids to what a result leads to: cells, boxes that open, rows of symbols.

    Runs when cells stand in their tabs (150).
    """

    media = (WEBSITE,)
    default_priority = 160

    def run(self, **kwargs: object) -> None:
        if is_left_out(self.env, self.env.docname):
            return
        for kind, wanted in (
            ("code", is_cell),
            ("box", is_folded),
            ("symbol", is_symbol),
        ):
            found = [node for node in self.document.findall(wanted) if not node["ids"]]
            for count, node in enumerate(found, start=1):
                node["ids"] = [f"{kind}-{count}"]


def is_symbol(node: nodes.Node) -> bool:
    """Whether a node is a row of a table of symbols, below its head."""
    if not isinstance(node, nodes.row) or not isinstance(node.parent, nodes.tbody):
        return False
    return "symbols" in node.parent.parent.parent["classes"]


class Index:
    """The places of all pages, kept in a file from build to build.

    Parameters
    ----------
    store : JSON file
    """

    def __init__(self, store: Path):
        self.store = store
        try:
            self.pages = json.loads(store.read_text(encoding="utf8"))
        except (OSError, ValueError):  # none yet, or cut by a killed build
            self.pages = {}

    def script(self, env: BuildEnvironment) -> str:
        """Save what pages there are; return them as a script, in the book's order."""
        wanted = [name for name in env.found_docs if not is_left_out(env, name)]
        self.pages = {name: self.pages[name] for name in sorted(wanted)}
        self.store.write_text(json.dumps(self.pages), encoding="utf8")

        def place(page: dict) -> tuple:
            return page["number"] is None, page["number"], page["address"]

        pages = sorted(self.pages.values(), key=place)
        text = json.dumps(pages, ensure_ascii=False, separators=(",", ":"))
        # Two ends of line that JSON allows and old scripts do not.
        text = text.replace("\u2028", r"\u2028").replace("\u2029", r"\u2029")
        return f"globalThis.bookPages={text};\n"


def start(app: Sphinx) -> None:
    if medium(app) != WEBSITE:
        return
    app.builder.search = False
    app.builder.places = Index(Path(app.doctreedir).parent / "search.json")
    static = Path(app.outdir) / "_static"
    static.mkdir(parents=True, exist_ok=True)
    (static / "search.js").write_text(bundled(Path(app.srcdir)), encoding="utf8")


@only(WEBSITE, otherwise=list)
def read_again(app: Sphinx, env: BuildEnvironment, *changes: set[str]) -> list[str]:
    """Name the pages whose places were lost."""
    known = app.builder.places.pages
    return [n for n in env.found_docs if n not in known and not is_left_out(env, n)]


@only(WEBSITE)
def note_page(
    app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: Any
) -> None:
    if not doctree or is_left_out(app.env, pagename):
        return

    def formula(node: nodes.Element) -> str:
        inline = isinstance(node, nodes.math)
        tex = node.astext() if inline else BREAK.sub(" ", display_source(node))
        try:
            html = app.builder.formulas.render(tex, not inline)
        except InvalidFormula:  # told where the page is written
            return tex
        return formula_text(html)

    entries = Reader(app.env, pagename, formula).read(doctree)
    app.builder.places.pages[pagename] = {
        "address": app.builder.get_target_uri(pagename),
        "number": numbering.chapter(app.env, pagename),
        "entries": [entry.packed() for entry in entries],
    }


def add_page(app: Sphinx) -> list[tuple[str, dict, str]]:
    """The page of all results."""
    return [("search", {}, "search.html")] if medium(app) == WEBSITE else []


def finish(app: Sphinx, exception: Exception | None) -> None:
    if exception or medium(app) != WEBSITE:
        return
    script = Path(app.outdir) / "_static" / "search-index.js"
    script.write_text(app.builder.places.script(app.env), encoding="utf8")


def bundled(root: Path) -> str:
    """The search's own script with the library that it uses, as one file.

    Raises
    ------
    SearchUnavailable : Node or a package is missing
    """
    try:
        packages = [node_js.package(root, name) for name in ("esbuild", "minisearch")]
        command = [node_js.program(), HERE / "bundle.mjs", HERE / "view.mjs", *packages]
        done = subprocess.run(command, capture_output=True, encoding="utf8")
    except node_js.NodeMissing as error:
        raise SearchUnavailable(str(error)) from None
    if done.returncode:
        raise SearchUnavailable(" ".join(done.stderr.split()))
    return done.stdout


def setup(app: Sphinx) -> dict[str, bool]:
    app.setup_extension("bookpress.website.formulas")
    app.add_post_transform(NamePlaces)
    app.connect("builder-inited", start)
    app.connect("env-get-outdated", read_again)
    app.connect("html-page-context", note_page)
    app.connect("html-collect-pages", add_page)
    app.connect("build-finished", finish)
    return {"parallel_read_safe": True, "parallel_write_safe": False}
