"""Typeset formulas while the website is built, with KaTeX in one Node process.

A page carries each formula twice: as boxes of text, which look the same in every
browser from the first paint on, with or without JavaScript, and as MathML, which is
out of sight and which screen readers speak. MathML was chosen over a spoken string
(``alttext``, ``aria-label``) because NVDA with MathCAT, VoiceOver and Orca let a reader
walk through its parts, in the reader's own language and verbosity, and in braille; a
string of TeX would be read letter by letter. The MathML ends with the TeX source as an
annotation, which browsers do not display and from which programs can copy.

A displayed formula that holds ``\\allowbreak`` is there in two forms: whole, and, for a
narrow column, in lines that end at these places. The stylesheet shows one of them.

Sphinx numbers the equations and links to them. Other builders than HTML are left alone,
but for the labels that MyST gives to unlabelled amsmath environments: these are random
there and the same in every build here.
"""

import hashlib
import json
import re
import shutil
from pathlib import Path

from docutils import nodes
from myst_parser.mdit_to_docutils.sphinx_ import SphinxRenderer
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.errors import SphinxError
from sphinx.locale import _
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util import logging
from sphinx.util.math import get_node_equation_number

from bookpress import node as node_js

logger = logging.getLogger(__name__)

SCRIPT = Path(__file__).with_suffix(".cjs")

# Environments that KaTeX would number by itself.
NUMBERED = re.compile(r"\\(begin|end)\{(equation|align|gather|alignat)\}")

# After the first, the formats in which the stylesheet offers each font.
OLD_FONTS = re.compile(r",url\([^)]*\.(?:woff|ttf)\) format\(\"\w+\"\)")


# Where a narrow column may break a displayed formula; space there goes with the break.
BREAK = re.compile(r"\s*\\allowbreak\b\s*(\\q?quad\b\s*)?")

# Pieces of a formula, and what ends a line of it.
STOP = re.compile(r"\s*\\allowbreak\b|\\\\")
TOKEN = re.compile(
    r"\s*\\allowbreak\b\s*(?:\\q?quad\b)?|\\(?:begin|end)\{\w+\*?\}"
    r"|\\\\(?:\[[^\]]*\])?|\\.|[^\\{}&\s]+|.",
    re.S,
)

# No term of its own
SIGNS = re.compile(r"[\s=+−-]*")

# What must not begin a line, and the longest formula that is kept whole for it.
PUNCTUATION = tuple(".,:;!?)’”")
SHORT = 30


class FormulasUnavailable(SphinxError):
    """Formulas cannot be rendered at all; the message says why and what to do."""

    category = "Formulas cannot be typeset"


class InvalidFormula(ValueError):
    """KaTeX does not accept a formula; the message is KaTeX's."""


class Renderer:
    """Formulas to HTML: from a file of earlier results, else by a Node process.

    Parameters
    ----------
    store : JSON file of results, read now and written by `close`; results of another
        KaTeX or another script are dropped
    katex : folder of the Node package

    Raises
    ------
    FormulasUnavailable : KaTeX is not installed
    """

    def __init__(self, store: Path, katex: Path):
        self.store, self.katex = store, katex
        self.helper: node_js.Helper | None = None
        package = (katex / "package.json").read_bytes()
        self.version = hashlib.sha256(package + SCRIPT.read_bytes()).hexdigest()
        self.results = self._stored()
        self.known = len(self.results)

    def _stored(self) -> dict[str, str]:
        try:
            content = json.loads(self.store.read_text(encoding="utf8"))
        except (OSError, ValueError):  # none yet, or cut by a killed build
            return {}
        return content["results"] if content["version"] == self.version else {}

    def render(self, tex: str, display: bool) -> str:
        """Return a formula as HTML.

        Parameters
        ----------
        tex : TeX source, without dollar signs
        display : on a line of its own, rather than within text

        Raises
        ------
        InvalidFormula : KaTeX does not accept the source
        FormulasUnavailable : Node is missing or has stopped
        """
        key = ("display " if display else "inline ") + tex
        if key not in self.results:
            try:
                self.helper = self.helper or node_js.Helper(SCRIPT, self.katex)
                answer = self.helper.ask({"tex": tex, "display": display})
            except node_js.NodeMissing as error:
                raise FormulasUnavailable(str(error)) from None
            if "error" in answer:
                raise InvalidFormula(answer["error"])
            self.results[key] = answer["html"]
        return self.results[key]

    def close(self) -> None:
        """End the process and keep what is new."""
        if self.helper is not None:
            self.helper.close()
            self.helper = None
        if len(self.results) > self.known:
            content = {"version": self.version, "results": self.results}
            fresh = self.store.with_suffix(".new")
            fresh.write_text(json.dumps(content, indent=0), encoding="utf8")
            fresh.replace(self.store)
            self.known = len(self.results)


def display_source(node: nodes.math_block) -> str:
    """TeX source of a displayed formula as KaTeX takes it, without numbers of its own.

    As everywhere in Sphinx, an empty line starts a new row, and rows that the author
    broke are aligned at ``&``. An amsmath environment stays as it is.
    """
    tex = node.astext().strip()
    if node["nowrap"]:
        return NUMBERED.sub(r"\\\1{\2*}", tex)
    rows = [row.strip() for row in re.split(r"\n\s*\n", tex)]
    if len(rows) > 1 or r"\\" in tex:
        return r"\begin{aligned}" + " \\\\\n".join(rows) + r"\end{aligned}"
    return tex


def broken(tex: str) -> str:
    """A displayed formula for a narrow column: in lines that begin at the left.

    Rows that are aligned at a sign are no longer, since what stands before it takes
    room that the lines need. What continues a line is indented.
    """
    whole = re.fullmatch(r"\\begin\{aligned\}(.*)\\end\{aligned\}", tex.strip(), re.S)
    lines, depth = [""], 0
    for token in TOKEN.findall(whole[1] if whole else tex):
        depth += token.startswith((r"\begin", "{")) - token.startswith((r"\end", "}"))
        if depth or (token != "&" and not STOP.match(token)):
            lines[-1] += token
        elif token == "&":
            lines[-1] = lines[-1] if lines[-1].strip() else r"\quad "
        else:
            begins_anew = (
                not token.lstrip().startswith(r"\allowbreak") or "quad" in token
            )
            lines.append("" if begins_anew else r"\quad ")
    rows = "\\\\\n".join("& " + line.strip() for line in lines)
    return rf"\begin{{aligned}}{rows}\end{{aligned}}"


def in_terms(node: nodes.math_block) -> str:
    """A displayed formula of which a deck shows one term after the other.

    Terms end where a narrow column would break the formula, and at the ends of rows.
    All but the first are marked as what reveal.js shows later; their room is kept.
    """
    aligned = re.compile(r"(\\begin\{aligned\})(.*)(\\end\{aligned\})", re.S)
    source = node.astext().strip()
    tex = source if aligned.fullmatch(source) else display_source(node)
    whole = aligned.fullmatch(tex)
    made, inside, closing = whole.groups() if whole else ("", tex, "")
    piece, depth, first = "", 0, True
    for token in [*TOKEN.findall(inside), r"\allowbreak"]:
        depth += token.startswith((r"\begin", "{")) - token.startswith((r"\end", "}"))
        aligns = token == "&" and not first  # no class reaches across it
        if depth or not (aligns or STOP.match(token)):
            piece += token
            continue
        after = BREAK.sub(lambda found: f" {found[1] or ''}", token)
        if SIGNS.fullmatch(piece):  # a sign alone waits for what it leads to
            made, piece = (
                (made + piece + after, "") if aligns else (made, piece + after)
            )
            continue
        made += (piece if first else rf"\htmlClass{{fragment}}{{{piece}}}") + after
        piece, first = "", False
    return made + piece + closing


def typeset(translator, node: nodes.Node, tex: str, display: bool) -> str:
    """Return a formula as HTML; if it is invalid, warn and return its source."""
    try:
        return translator.builder.formulas.render(tex, display)
    except InvalidFormula as error:
        logger.warning(
            "formula: %s [in: %s]",
            error,
            " ".join(node.astext().split()),
            location=node,
            type="formulas",
        )
        return f"<code>{translator.encode(tex)}</code>"


class KeepPunctuation(SphinxPostTransform):
    """Tie a short formula to the punctuation behind it.

    Browsers may break a line there, word joiner or not, and a colon would begin it.
    """

    default_priority = 900
    formats = ("html",)

    def run(self, **kwargs) -> None:
        for node in list(self.document.findall(nodes.math)):
            place = node.parent.index(node) + 1
            after = node.parent[place] if place < len(node.parent) else None
            if (
                isinstance(after, nodes.Text)
                and after.astext().startswith(PUNCTUATION)
                and len(node.astext()) <= SHORT
            ):
                tail = nodes.inline("", "", classes=["formula-tied"])
                node.parent[place] = nodes.Text(after.astext()[1:])
                node.replace_self(tail)
                tail += [node, nodes.Text(after.astext()[0])]


def visit_inline(translator, node: nodes.math) -> None:
    html = typeset(translator, node, node.astext(), display=False)
    opening = translator.starttag(node, "span", "", CLASS="formula notranslate")
    translator.body.append(f"{opening}{html}</span>")
    raise nodes.SkipNode


def visit_display(translator, node: nodes.math_block) -> None:
    tex, body = display_source(node), translator.body
    whole = BREAK.sub(lambda found: f" {found[1] or ''}", tex)
    forms = {"": whole}
    if whole != tex:
        forms = {" wide": whole, " narrow": broken(node.astext())}
    body.append(translator.starttag(node, "div", CLASS="formula-display notranslate"))
    body.append('<div class="formula-room">')
    for form, source in forms.items():
        html = typeset(translator, node, source, display=True)
        body.append(f'<div class="formula-box{form}">{html}</div>')
    body.append("</div>")
    if node["number"]:
        number = get_node_equation_number(translator, node)
        body.append(f'<span class="formula-number">({number})')
        translator.add_permalink_ref(node, _("Link to this equation"))
        body.append("</span>")
    body.append("</div>\n")
    raise nodes.SkipNode


def choose(app: Sphinx, config: Config) -> None:
    config.html_math_renderer = "katex"


def start(app: Sphinx) -> None:
    """Set up a build of HTML, an EPUB's too: renderer, stylesheets, fonts."""
    if app.builder.format != "html":
        return
    try:
        katex = node_js.package(Path(app.srcdir), "katex")
    except node_js.NodeMissing as error:
        raise FormulasUnavailable(str(error)) from None
    store = Path(app.doctreedir).parent / "formulas.json"
    app.builder.formulas = Renderer(store, katex)
    copy_katex(katex, Path(app.outdir) / "_static" / "katex")
    app.add_css_file("katex/katex.css")
    app.add_css_file("math.css")


def copy_katex(katex: Path, target: Path) -> None:
    """Copy KaTeX's stylesheet, licence and fonts, these in WOFF2, which suffices.

    The stylesheet is a third party's string; the other formats are cut out of it.
    """
    shutil.rmtree(target, ignore_errors=True)
    (target / "fonts").mkdir(parents=True)
    style = (katex / "dist" / "katex.min.css").read_text(encoding="utf8")
    (target / "katex.css").write_text(OLD_FONTS.sub("", style), encoding="utf8")
    for font in (katex / "dist" / "fonts").glob("*.woff2"):
        shutil.copy(font, target / "fonts")
    shutil.copy(katex / "LICENSE", target / "LICENSE.txt")


def finish(app: Sphinx, exception: Exception | None) -> None:
    if hasattr(app.builder, "formulas"):
        app.builder.formulas.close()


def counted_label(renderer: SphinxRenderer) -> str:
    """Label of an amsmath environment: its page and its place among them there."""
    env = renderer.sphinx_env
    return f"{env.docname}-amsmath-{env.new_serialno('amsmath') + 1}"


def setup(app: Sphinx) -> dict:
    SphinxRenderer._random_label = counted_label
    app.add_post_transform(KeepPunctuation)
    app.connect("config-inited", choose)
    app.add_html_math_renderer(
        "katex",
        inline_renderers=(visit_inline, None),
        block_renderers=(visit_display, None),
    )
    app.connect("builder-inited", start)
    app.connect("build-finished", finish)
    # One process serves all pages, in turn.
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": False}
