"""Website pages that ask nobody but their own folder for anything.

What third parties add to a page is taken out of the page's context; the frame comes
from `templates/`, the look from `static/`. As a whole page leaves the templates, it is
mended (`mends`), its pictures get their size (`pictures`) and it gets its content
security policy (`policy`).
"""

import os
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx
from sphinx.builders import Builder
from sphinx.config import Config
from sphinx.jinja2glue import BuiltinTemplateLoader

from bookpress.media import WEBSITE, medium, only
from bookpress.website.assets import is_wanted
from bookpress.website.mends import in_letters, mended
from bookpress.website.pictures import sized
from bookpress.website.policy import with_policy

HERE = Path(__file__).parent

# Files that the theme copies into every site although no page asks for them.
IDLE = (
    "_static/scripts/*",
    "_static/styles/*",
    "_static/searchtools.js",
    "_static/language_data.js",
    "_static/**/*.map",
    "_static/**/*.ttf",
    "_static/sphinx-thebe.*",
    "_static/images/logo_*",
    "_static/sbt-webpack-macros.html",
    "_static/webpack-macros.html",
)

# Scripts of all pages, in `static/`
SCRIPTS = ("frame", "frameworks", "folded", "copy-formulas")


class MendingLoader(BuiltinTemplateLoader):
    """Sphinx's template loader with the press's templates; pages leave it mended."""

    def init(self, builder: Builder, *arguments: Any) -> None:
        if medium(builder.app) == WEBSITE:  # `layout.html` would be an EPUB's, too
            # The book's own come first, the theme's last.
            found = builder.config.templates_path
            own = [path for path in found if not os.path.isabs(path)]
            others = [path for path in found if os.path.isabs(path)]
            builder.config.templates_path = [*own, str(HERE / "templates"), *others]
        self.site = builder
        super().init(builder, *arguments)

    def render(self, template: str, context: dict) -> str:
        page = super().render(template, context)
        whole = page.lstrip().startswith("<!DOCTYPE html>")
        return with_policy(mended(sized(page, self.site))) if whole else page


@only(WEBSITE)
def clear_page(
    app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: Any
) -> None:
    """Drop what would ask another host, and buttons that lead nowhere."""
    for kind in ("script_files", "css_files"):
        kept = {}
        for asset in context[kind]:
            name = str(getattr(asset, "filename", asset) or "")
            body = getattr(asset, "attributes", {}).get("body") or ""
            if is_wanted(name, body):
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
    """Measure styles in letters; delete what nothing asks for."""
    if exception or medium(app) != WEBSITE:
        return
    out = Path(app.outdir)
    for path in out.glob("_static/**/*.css"):
        style = path.read_text(encoding="utf-8")
        if (mended := in_letters(style)) != style:
            path.write_text(mended, encoding="utf-8")
    for pattern in IDLE:
        for path in out.glob(pattern):
            path.unlink()


def furnish(app: Sphinx, config: Config) -> None:
    """Add styles and what else the press has for a website, templates aside."""
    # The theme has added its templates to Sphinx's own default, which the next build in
    # this process shares: without repetitions, and in a list for this build alone.
    config.templates_path = list(dict.fromkeys(config.templates_path))
    config.html_static_path = [*config.html_static_path, str(HERE / "static")]
    config.html_css_files = [*config.html_css_files, "book.css"]
    scripts = [(f"{name}.js", {"defer": ""}) for name in SCRIPTS]
    config.html_js_files = [*config.html_js_files, *scripts]
    config.template_bridge = "bookpress.website.frame.MendingLoader"
    config.html_favicon = config.html_favicon or str(HERE / "templates/favicon.svg")


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("config-inited", furnish, priority=400)
    # After the theme (500 and 501) has added its own, before anyone else finishes.
    app.connect("config-inited", offer_repository)
    app.connect("html-page-context", clear_page, priority=900)
    app.connect("build-finished", finish_site, priority=950)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
