"""Here explorers are tried on pages that hold them and nothing else.

Such a page loads in a fraction of a chapter's time. How an explorer lives among the
formulas of its chapter is tested in `tests/explorers`.
"""

import re
from pathlib import Path

import pytest
from chromium import serve
from explorer_pages import COMPACT, places_in

FIGURE = re.compile(
    r'<figure [^>]*>\s*<div class="output text_html"><div class="explorer" '
    r".*?</figure>",
    re.DOTALL,
)
ARTICLE = re.compile(r'(?<=<article class="bd-article">).*(?=</article>)', re.DOTALL)
CONTENTS = re.compile(r'<nav id="pst-page-toc-nav".*?</nav>', re.DOTALL)
ROOM = '<div style="height: 60rem"></div>'  # so that the page can be scrolled


def cut_down(page: str) -> str:
    """A page of which nothing is left but its explorers, one below the other."""
    figures = FIGURE.findall(page)
    assert len(figures) == page.count('data-explorer="')  # not so in styles
    body = "\n".join([ROOM, *figures, ROOM])
    # Functions, as texts would read backslashes in what they put in.
    return CONTENTS.sub("", ARTICLE.sub(lambda _: body, page))


@pytest.fixture(scope="session")
def site(site: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The website, but that its chapters are cut down to their explorers."""
    folder = tmp_path_factory.mktemp("explorers")
    (folder / "book").mkdir()
    for path in site.iterdir():
        if path.name != "book":
            (folder / path.name).symlink_to(path)
    for path in (site / "book").glob("*.html"):
        text = path.read_text(encoding="utf-8")
        if "data-explorer=" in text and not COMPACT.search(text):
            (folder / "book" / path.name).write_text(cut_down(text), encoding="utf-8")
    return folder


@pytest.fixture(scope="session")
def served(site: Path):
    """The address of those pages on a local server."""
    with serve(site) as address:
        yield address


@pytest.fixture(params=["http", "file"])
def home(request: pytest.FixtureRequest, site: Path) -> str:
    """Their address: once on a server, once as a folder on the disk."""
    if request.param == "file":
        return site.as_uri() + "/"
    return request.getfixturevalue("served")


@pytest.fixture(scope="session")
def places(site: Path) -> dict[str, str]:
    """Each explorer's page, the first that has it, as an address in that folder."""
    return places_in(site)
