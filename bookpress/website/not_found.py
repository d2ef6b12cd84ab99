"""`404.html`: what a host shows for an address at which there is nothing.

The host shows it at any depth of the address, so it needs no other file, and its links
begin at the site's address where that is set. Without one they are right beside the
page, and a script mends them elsewhere by the site's own folders in the address.
"""

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from sphinx.application import Sphinx

from bookpress import addresses, numbering
from bookpress.media import WEBSITE, only
from bookpress.pages import in_order
from bookpress.website.description import title

NAME = "404"


@only(WEBSITE, otherwise=list)
def add(app: Sphinx) -> Iterator[tuple[str, dict[str, Any], str]]:
    """The page, its data and its template."""
    target = app.builder.get_target_uri
    pages = [
        {
            "address": target(docname),
            "title": title(app, docname),
            "number": numbering.chapter(app.env, docname),
        }
        for docname in in_order(app.env)
    ]
    site = addresses.site(app.config)
    context = {
        "base": f"{urlsplit(site).path}/" if site else "",
        "first": pages[0],
        "others": pages[1:],
        "search": target("search"),
        "places": sorted(
            {target(name).partition("/")[0] for name in app.env.found_docs}
        ),
    }
    yield NAME, context, "not-found.html"


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("html-collect-pages", add)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
