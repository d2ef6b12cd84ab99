"""Third parties' markup, before and after."""

import pytest

from bookpress.website.mends import mended


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ("<tr><th></th><th>a</th></tr>", "<tr><td></td><th>a</th></tr>"),
        ("<style scoped>\n.x {}\n</style>\n<p>", "<p>"),
        ('<section id="exercise-content">', "<section>"),
        ('<section class="a" id="proof-content">', '<section class="a">'),
        ('<summary aria-label="Toggle hidden content">', "<summary>"),
        ('<link href="mystnb.0a1b.css?v=8cd3" />', '<link href="mystnb.0a1b.css" />'),
        (
            '<div class="citation" id="id2" role="doc-biblioentry">',
            '<div class="citation" id="id2" role="listitem">',
        ),
    ],
)
def test_third_party_markup_is_mended(given: str, wanted: str):
    page = "<!DOCTYPE html>\n<head></head><body>{}</body>"
    assert mended(page.format(given)) == page.format(wanted)
