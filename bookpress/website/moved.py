"""Addresses that lead on: of the bare site, and of pages that have moved.

`moved_pages` of `_config.yml` names them, old and new: `{book/nets: book/mlp}`. At the
old place stands a page that leads to the new one, to the same anchor.
"""

from pathlib import Path

from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util.fileutil import ensuredir
from sphinx.util.osutil import relative_uri

from bookpress import addresses
from bookpress.media import WEBSITE, medium
from bookpress.website.description import title


def check(app: Sphinx, env: BuildEnvironment) -> None:
    """Refuse moves from a page that is there, or to one that is not."""
    moved = app.config.moved_pages
    if not isinstance(moved, dict):
        raise addresses.WrongSetting(
            "moved_pages lists no pairs; write {old: new, other: other_new}"
        )
    for old, new in moved.items():
        fault = ""
        if old in {*env.found_docs, "index", "search", "404"}:
            fault = f"{old} is a page of the book; take the line out"
        elif old.startswith(("/", ".")) or old.endswith(".html"):
            fault = f"write {old} as pages are in _toc.yml, such as book/old"
        elif new not in env.found_docs:
            fault = f"{new} is no page of the book; name the page that {old} has become"
        if fault:
            raise addresses.WrongSetting(f"moved_pages: {fault}")


def write(app: Sphinx, exception: Exception | None) -> None:
    if exception or medium(app) != WEBSITE:
        return
    root = app.config.root_doc
    first = {} if root == "index" else {"index": root}
    for old, new in {**first, **app.config.moved_pages}.items():
        page = app.builder.get_target_uri(new)
        context = {
            "language": app.config.language,
            "title": title(app, new),
            "target": relative_uri(f"{old}.html", page),
            "address": addresses.page(app.config, new),
        }
        path = Path(app.outdir, f"{old}.html")
        ensuredir(path.parent)
        path.write_text(
            app.builder.templates.render("redirect.html", context), encoding="utf8"
        )


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_config_value("moved_pages", {}, "html")
    app.connect("env-check-consistency", check)
    app.connect("build-finished", write, priority=100)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
