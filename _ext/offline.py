"""Website pages that ask nobody but their own folder for anything.

What third parties add to a page is taken out of the page's context; the frame comes
from `_templates/`. Markup that only exists as a string is mended in one place, `mend`,
which also writes the content security policy into the page.
"""

import base64
import hashlib
import re
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx
from sphinx.jinja2glue import BuiltinTemplateLoader

# What no page needs: live code from a server, math typeset in the browser, and box
# styles that book.css replaces and that get a checksum in some builds only.
UNWANTED = re.compile(r"thebe|mathjax|\b(proof|exercise)\.css", re.IGNORECASE)

# Files that the theme copies into every site although no page asks for them.
IDLE = (
    "_static/scripts/bootstrap.*",
    "_static/scripts/fontawesome.*",
    "_static/**/*.map",
    "_static/**/*.ttf",
    "_static/sphinx-thebe.*",
    "_static/images/logo_*",
    "_static/sbt-webpack-macros.html",
    "_static/webpack-macros.html",
)

POLICY = (
    "default-src 'self'; "
    "script-src 'self'{hashes}; "
    "style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; "
    "font-src 'self'; "
    "connect-src 'self'; "
    "worker-src blob:; "
    "form-action 'self'; "
    "base-uri 'none'; "
    "object-src 'none'"
)

# Third-party markup that a screen reader stumbles over or that varies from build to
# build, and what it should be.
MENDS = (
    # pandas: an empty heading in the corner, styles repeated under each table
    (re.compile(r"<th></th>"), "<td></td>"),
    (re.compile(r"<style scoped>.*?</style>\n?", re.DOTALL), ""),
    (re.compile(r'<table border="1" class="dataframe">'), '<table class="dataframe">'),
    # sphinx-proof, sphinx-exercise: one id for the inside of every box
    (re.compile(r'(<section\b[^>]*) id="(?:proof|exercise|solution)-content"'), r"\1"),
    (re.compile(r'(<div class="proof admonition") id="proof"'), r"\1"),
    # docutils: a role that is deprecated, on an entry of a list
    (
        re.compile(r'(<div class="citation"[^>]*) role="doc-biblioentry"'),
        r'\1 role="listitem"',
    ),
    # myst-nb: a checksum that first builds lack, on a name that holds one already
    (re.compile(r"(mystnb\.[0-9a-f]+\.css)\?v=\w+"), r"\1"),
    # myst-nb: a label that hides the visible words from a screen reader
    (re.compile(r'<summary aria-label="Toggle hidden content">'), "<summary>"),
)

SCRIPT = re.compile(r"<script\b([^>]*)>(.*?)</script>", re.DOTALL)
EXECUTED = re.compile(r'\btype="(?!module"|text/javascript"|importmap")')


class MendingLoader(BuiltinTemplateLoader):
    """Sphinx's template loader; whole pages leave it mended."""

    def render(self, template: str, context: dict) -> str:
        text = super().render(template, context)
        return mend(text) if text.lstrip().startswith("<!DOCTYPE html>") else text


def mend(page: str) -> str:
    """Correct third-party markup and write the content security policy."""
    for pattern, replacement in MENDS:
        page = pattern.sub(replacement, page)
    meta = f'<meta http-equiv="Content-Security-Policy" content="{policy(page)}" />'
    return page.replace(
        '<meta charset="utf-8" />', f'<meta charset="utf-8" />\n    {meta}', 1
    )


def policy(page: str) -> str:
    """Return a policy that lets the page's own inline scripts run and no others."""
    hashes = {
        base64.b64encode(hashlib.sha256(body.encode()).digest()).decode()
        for attributes, body in SCRIPT.findall(page)
        if " src=" not in attributes and not EXECUTED.search(attributes)
    }
    return POLICY.format(hashes="".join(f" 'sha256-{h}'" for h in sorted(hashes)))


def clear_page(
    app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: Any
) -> None:
    """Drop what would ask another host, and buttons that lead nowhere."""
    for kind in ("script_files", "css_files"):
        kept = {}
        for asset in context[kind]:
            name = str(getattr(asset, "filename", asset) or "")
            body = getattr(asset, "attributes", {}).get("body") or ""
            if "//" not in name and not UNWANTED.search(name + body):
                kept.setdefault((name, body), asset)
        context[kind] = list(kept.values())
    context["header_links"] = [
        button
        for entry in context.get("header_buttons", [])
        for button in entry.get("buttons", [entry])
        if button["type"] == "link" and entry["label"] != "download-buttons"
    ]
    context["contents"] = doctree and str(context["generate_toc_html"]())


def offer_repository(app: Sphinx, config: Any) -> None:
    """Show the edit and issue buttons once `_config.yml` names a repository."""
    options = config.html_theme_options
    known = bool(options.get("repository_url"))
    for button in ("repository", "edit_page", "issues"):
        options[f"use_{button}_button"] = known


def finish_site(app: Sphinx, exception: Exception | None) -> None:
    """Write the page that leads on to the first one; delete what nothing asks for."""
    if exception or app.builder.name != "html":
        return
    out = Path(app.outdir)
    if app.config.root_doc != "index":
        context = {
            "language": app.config.language,
            "title": app.config.html_title,
            "target": app.builder.get_target_uri(app.config.root_doc),
        }
        page = app.builder.templates.render("redirect.html", context)
        (out / "index.html").write_text(page, encoding="utf-8")
    for pattern in IDLE:
        for path in out.glob(pattern):
            path.unlink()


def setup(app: Sphinx) -> dict[str, bool]:
    # After the theme (500 and 501) has added its own, before anyone else finishes.
    app.connect("config-inited", offer_repository)
    app.connect("html-page-context", clear_page, priority=900)
    app.connect("build-finished", finish_site, priority=100)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
