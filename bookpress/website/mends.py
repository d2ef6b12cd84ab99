"""Third parties' markup that only exists as a string, mended in one place."""

import re

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
    # Pygments: marks on what has the color of the code around it, a third of a page
    (re.compile(r'<span class="[npw]">([^<]*)</span>'), r"\1"),
    (re.compile(r"<span></span>"), ""),
    # myst-nb: a label that hides the visible words from a screen reader
    (re.compile(r'<summary aria-label="Toggle hidden content">'), "<summary>"),
)


def mended(page: str) -> str:
    """Correct third-party markup in a page."""
    for pattern, replacement in MENDS:
        page = pattern.sub(replacement, page)
    return page


PIXELS = re.compile(r"((?:min|max)-width:\s*)([\d.]+)px")
QUERY = re.compile(r"@media[^{]*")


def in_letters(style: str) -> str:
    """Measure the widths that a stylesheet asks for in letters, 16 px each.

    With large letters in a wide window, a page is laid out as in a narrow one.
    """

    def ems(found: re.Match) -> str:
        return f"{found[1]}{float(found[2]) / 16:.4f}".rstrip("0").rstrip(".") + "em"

    return QUERY.sub(lambda query: PIXELS.sub(ems, query[0]), style)
