"""One stylesheet and one script for all pages, of what theme and extensions bring.

A page of Sphinx links to each file that some extension has: a dozen stylesheets that
block the first paint, most of their rules for elements that the book does not have,
and as many scripts. Here they become `pages.css`, with the rules that some page or
script of the site can use (PurgeCSS), and `pages.js`, which waits until a page is
parsed; both are minified by esbuild. What a page adds for itself stays as it is.

The rules that are used are looked up again only when a word of the pages' markup is new
to the stylesheets, so that an edit of prose costs nothing here.
"""

import hashlib
import json
import posixpath
import re
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx
from sphinx.errors import SphinxError

from bookpress import node as node_js
from bookpress.media import WEBSITE, medium, only
from bookpress.website.mends import in_letters

SCRIPT = Path(__file__).with_suffix(".mjs")

PACKAGES = ("purgecss", "esbuild")

# What the theme's template names beside those that Sphinx knows; its `theme.css` only
# asks for the first.
THEME = ("_static/basic.css", "_static/styles/pydata-sphinx-theme.css")

# What no page needs: live code, math typeset in the browser, boxes that open by a
# script (they are `<details>` here), settings of a switch that is not there; the
# scripts of the theme, whose place `frame.js` takes.
UNWANTED = re.compile(
    r"thebe|mathjax|togglebutton|\btoggle(Hint|Open)|DOCUMENTATION_OPTIONS\.(?!js)"
    r"|sphinx-book-theme.js",
    re.IGNORECASE,
)

# Box styles that book.css replaces and that get a checksum in some builds only.
REPLACED = re.compile(r"\b(proof|exercise)\.css")

INLINE = re.compile(r"<(?:script|style)\b[^>]*>(.*?)</(?:script|style)>", re.DOTALL)
TAG = re.compile(r"<[a-zA-Z][^>]*>")
WORD = re.compile(r"[\w-]+")
ADDRESS = re.compile(r"""url\((["']?)(?!data:|/|#)([^)"']+)\1\)""")
LINK = re.compile(r"(_static/pages\.(css|js)\?v=)\w*")


class AssetsUnavailable(SphinxError):
    """Styles or scripts cannot be put together; the message says why."""

    category = "Stylesheet and script of the pages cannot be made"


def is_wanted(name: str, body: str = "") -> bool:
    """Whether a stylesheet or a script, a file's name or a text, is for our pages."""
    foreign = "//" in name
    return not (foreign or UNWANTED.search(name + body) or REPLACED.search(name))


def styles(app: Sphinx) -> list[str]:
    """Files of the stylesheets that all pages have, in their order."""
    names = [str(style.filename) for style in app.builder._css_files]
    kept = [name for name in names if is_wanted(name)]
    return list(dict.fromkeys([*THEME, *kept]))


def scripts(app: Sphinx) -> list[str]:
    """Files of the scripts that all pages have, and texts of those without a file."""
    found = []
    for script in app.builder._js_files:
        name, body = str(script.filename or ""), script.attributes.get("body") or ""
        if is_wanted(name, body):
            found.append(name or body)
    return list(dict.fromkeys(found))


@only(WEBSITE)
def leave_shared(
    app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: Any
) -> None:
    """Keep what a page adds for itself; the rest is in the two files."""
    shared = {*map(id, app.builder._css_files), *map(id, app.builder._js_files)}
    for kind in ("css_files", "script_files"):
        context[kind] = [asset for asset in context[kind] if id(asset) not in shared]


def text_of(file: Path, out: Path) -> str:
    """A stylesheet whose addresses hold in `_static`, or a script."""
    text = file.read_text(encoding="utf8")
    if file.suffix != ".css":
        return text
    folder = file.parent.relative_to(out / "_static").as_posix()
    return ADDRESS.sub(
        lambda found: f"url({posixpath.normpath(posixpath.join(folder, found[2]))})",
        in_letters(text),
    )


def used_words(out: Path, style: str, script: str) -> list[str]:
    """Words of the stylesheet that stand in the markup of a page or in a script."""
    used = set(WORD.findall(script))
    for file in out.glob("_static/*.js"):  # those that come later; an index is no code
        if not file.stem.endswith("index"):
            used.update(WORD.findall(file.read_text(encoding="utf8")))
    for page in sorted(out.rglob("*.html")):
        text = page.read_text(encoding="utf8")
        used.update(*map(WORD.findall, set(TAG.findall(text))))
        for inline in INLINE.findall(text):
            used.update(WORD.findall(inline))
    return sorted(used & set(WORD.findall(style)))


def made(app: Sphinx, request: dict[str, Any]) -> dict[str, str]:
    """Return the two files' texts, from the last build if nothing has changed."""
    store = Path(app.doctreedir).parent / "assets.json"
    question = json.dumps(request).encode() + SCRIPT.read_bytes()
    for name in PACKAGES:
        version = Path(app.srcdir, "node_modules", name, "package.json")
        question += version.read_bytes() if version.is_file() else b""
    key = hashlib.sha256(question).hexdigest()
    try:
        stored = json.loads(store.read_text(encoding="utf8"))
    except (OSError, ValueError):  # none yet, or cut by a killed build
        stored = {}
    if stored.get("key") == key:
        return stored["made"]
    try:
        folders = [node_js.package(Path(app.srcdir), name) for name in PACKAGES]
        helper = node_js.Helper(SCRIPT, *folders)
        answer = helper.ask(request)
        helper.close()
    except node_js.NodeMissing as error:
        raise AssetsUnavailable(str(error)) from None
    if "error" in answer:
        raise AssetsUnavailable(answer["error"])
    store.write_text(json.dumps({"key": key, "made": answer}), encoding="utf8")
    return answer


def write_shared(app: Sphinx, exception: Exception | None) -> None:
    """Write the two files, and into the addresses of all pages what they hold."""
    if exception or medium(app) != WEBSITE:
        return
    out = Path(app.outdir)
    if not all((out / name).is_file() for name in THEME):
        return  # nothing was written, so nothing was copied
    style = "\n".join(text_of(out / name, out) for name in styles(app))
    script = ";\n".join(
        text_of(out / name, out) if name.startswith("_static/") else name
        for name in scripts(app)
    )
    words = used_words(out, style, script)
    versions = {}
    for kind, text in made(
        app, {"style": style, "script": script, "words": words}
    ).items():
        (out / "_static" / f"pages.{kind}").write_text(text, encoding="utf8")
        versions[kind] = hashlib.sha256(text.encode()).hexdigest()[:8]
    for page in out.rglob("*.html"):
        text = page.read_text(encoding="utf8")
        stamped = LINK.sub(lambda found: found[1] + versions[found[2]], text)
        if stamped != text:
            page.write_text(stamped, encoding="utf8")


def setup(app: Sphinx) -> dict[str, bool]:
    # After a page has been cleared and a deck has taken what it needs.
    app.connect("html-page-context", leave_shared, priority=980)
    # After extensions have put their files in place (500).
    app.connect("build-finished", write_shared, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
