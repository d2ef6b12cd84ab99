"""Third parties' markup, before and after."""

import pytest

from bookpress.website.mends import in_letters, mended


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


def test_widths_that_a_style_asks_for_follow_the_size_of_letters():
    style = "@media (min-width: 960px) and (max-width:1199.98px){a{width:5px}}"
    mended_style = "@media (min-width: 60em) and (max-width:74.9988em){a{width:5px}}"
    assert in_letters(style) == mended_style
    assert in_letters(mended_style) == mended_style
