"""A book of one page, made by the parts of the press that a test names."""

import io
import re
from collections.abc import Callable
from pathlib import Path

from fixture_book import HEADER
from sphinx.application import Sphinx
from sphinx.util.docutils import docutils_namespace, patch_docutils

OUTPUTS = {"html": "page.html", "latex": "book.tex", "text": "page.txt"}


def build(
    folder: Path,
    builder: str,
    body: str,
    extensions: list[str],
    before: Callable[[Sphinx], None] = lambda app: None,
    **settings: object,
) -> tuple[str, str]:
    """Build a page with this body; nothing is executed.

    Parameters
    ----------
    folder : where to, made if it is not there; may hold further pages
    builder : "html", "latex" or "text"
    body : what stands below the page's heading
    extensions : what is loaded beside MyST-NB
    before : is given the application before it builds
    settings : Sphinx's configuration besides

    Returns
    -------
    what the page became, and the warnings
    """
    folder.mkdir(exist_ok=True)
    (folder / "page.md").write_text(f"{HEADER}# A page\n\n{body}", encoding="utf8")
    settings = {
        "extensions": ["myst_nb", *extensions],
        "nb_execution_mode": "off",
        "myst_enable_extensions": ["colon_fence", "dollarmath"],
        "root_doc": "page",
        "project": "book",
        **settings,
    }
    stream = io.StringIO()
    places = [folder, None, folder / builder, folder / "trees", builder]
    with patch_docutils(), docutils_namespace():
        app = Sphinx(*places, settings, status=None, warning=stream)
        before(app)
        app.build()
    page = (folder / builder / OUTPUTS[builder]).read_text(encoding="utf8")
    return page, re.sub(r"\x1b\[[\d;]*m", "", stream.getvalue())
