"""Where all pages are, for search engines: `sitemap.xml`, named in `robots.txt`.

Both need the website's address. They tell no dates, as no page does.
"""

from pathlib import Path
from xml.sax.saxutils import escape

from sphinx.application import Sphinx

from bookpress import addresses
from bookpress.media import WEBSITE, medium

SITEMAP = """\
<?xml version="1.0" encoding="utf-8"?>
<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">
{}
</urlset>
"""


def write(app: Sphinx, exception: Exception | None) -> None:
    site = addresses.site(app.config)
    if exception or medium(app) != WEBSITE or not site:
        return
    pages = [addresses.page(app.config, name) for name in sorted(app.env.found_docs)]
    entries = "\n".join(f"<url><loc>{escape(page)}</loc></url>" for page in pages)
    out = Path(app.outdir)
    (out / "sitemap.xml").write_text(SITEMAP.format(entries), encoding="utf8")
    rules = f"User-agent: *\nAllow: /\n\nSitemap: {site}/sitemap.xml\n"
    (out / "robots.txt").write_text(rules, encoding="utf8")


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("build-finished", write)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
