"""Bring explorers to life on the website: one script and one style, only where needed.

An explorer's output holds a place that names it (`data-explorer`) and its state. The
pages that have such places get the kit and their explorers as one inline module, which
runs from a folder on the disk too, and which the content security policy admits by its
hash. A page is written again when a source of its script has changed; nothing is
executed for it. A large state would keep readers from the text around it: it stands in
a file of its own, which comes when the page is there.

In the handout stands the frame that the explorer prints, in JupyterLab the live widget
(`explorers/base.py`), in a notebook the code that makes it. Other media have no form
for it: they say its words.
"""

import hashlib
import html
import importlib.util
import json
import re
from pathlib import Path
from types import ModuleType
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.errors import SphinxError

from bookpress.cells import is_mime_bundle
from bookpress.media import HANDOUT, WEBSITE, MediumTransform, lacks_form, medium, only
from bookpress.stale import is_new

# Media that have a form for explorers
SHOWN = {WEBSITE, HANDOUT}

PLACE = re.compile(r'\bdata-explorer="(\w+)"')
STATE = re.compile(r'<script type="application/json">(.*?)</script>', re.DOTALL)
LARGE = 100_000  # characters of a state
WORDS = re.compile(r'<p class="explorer-words">(.*?)</p>', re.DOTALL)


class ExplorersUnavailable(SphinxError):
    """The script of a page cannot be made; the message says why and what to do."""

    category = "Explorers cannot be bundled"


def bundler_file(app: Sphinx) -> Path:
    return Path(app.srcdir) / "explorers" / "bundle.py"


def bundler(app: Sphinx) -> ModuleType:
    """Load the book's own `explorers/bundle.py`, whatever else is called explorers."""
    path = bundler_file(app)
    spec = importlib.util.spec_from_file_location("explorers_bundle", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def explorers_in(document: nodes.document) -> list[str]:
    """Names of the explorers whose places a page holds."""
    return sorted(
        {
            name
            for node in document.findall(nodes.raw)
            for name in PLACE.findall(node.astext())
        }
    )


def note_page(app: Sphinx, document: nodes.document) -> None:
    if names := explorers_in(document):
        pages(app.env)[app.env.docname] = names


def forget_page(app: Sphinx, env: BuildEnvironment, name: str) -> None:
    pages(env).pop(name, None)


def pages(env: BuildEnvironment) -> dict[str, list[str]]:
    """The pages with explorers, which Sphinx keeps from build to build."""
    if not hasattr(env, "explorer_pages"):
        env.explorer_pages = {}
    return env.explorer_pages


@only(WEBSITE, otherwise=list)
def write_again(app: Sphinx, env: BuildEnvironment, *changes: set[str]) -> list[str]:
    """Name the pages whose script is no longer made from the present sources."""
    if not bundler_file(app).is_file():  # a book without explorers
        return []
    return list(pages(env)) if is_new(env, "explorers", bundler(app).digest()) else []


@only(WEBSITE)
def add_script(
    app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: Any
) -> None:
    names = explorers_in(doctree) if doctree else []
    if not names:
        return
    bundle = bundler(app)
    try:
        context["explorer_script"] = bundle.page_script(names)
        context["explorer_style"] = bundle.style()
    except bundle.BundleError as error:
        raise ExplorersUnavailable(str(error)) from None
    context["body"] = apart(app, pagename, context)


def apart(app: Sphinx, pagename: str, context: dict[str, Any]) -> str:
    """A page's body whose large states are files, written beside it.

    Such a file is a script, as a page on the disk may read nothing else: it puts the
    state where it would have stood.
    """
    written = []

    def put(found: re.Match) -> str:
        if len(found[1]) <= LARGE:
            return found[0]
        name = f"{pagename.replace('/', '-')}-{len(written)}"
        code = f"document.querySelector('[data-state=\"{name}\"]').textContent = "
        code += f"{json.dumps(found[1])};\n"
        file = Path(app.outdir, "_static", "states", f"{name}.js")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(code, encoding="utf8")
        written.append(file)
        version = hashlib.sha256(code.encode()).hexdigest()[:8]
        address = f"{context['pathto']('_static/states', 1)}/{name}.js?v={version}"
        return (
            f'<script type="application/json" data-state="{name}" '
            f'data-source="{address}"></script>'
        )

    return STATE.sub(put, context["body"])


class SayWords(MediumTransform):
    """Leave the words of explorers where a medium cannot bring them to life.

    Runs before mime selection (4), while the place is there in every medium.
    """

    default_priority = 3

    def is_supported(self) -> bool:
        return medium(self.app) not in SHOWN

    def run(self, **kwargs) -> None:
        for bundle in list(self.document.findall(is_mime_bundle)):
            found = [
                w for part in bundle.children for w in WORDS.findall(part.astext())
            ]
            if found:
                lacks_form(bundle, medium(self.app), "an interactive figure")
                bundle.replace_self(nodes.paragraph("", html.unescape(found[0])))


def setup(app: Sphinx) -> dict[str, Any]:
    app.connect("doctree-read", note_page)
    app.connect("env-purge-doc", forget_page)
    app.connect("env-get-outdated", write_again)
    app.connect("html-page-context", add_script)
    app.add_post_transform(SayWords)
    return {"version": "1", "parallel_read_safe": False, "parallel_write_safe": True}
