"""The first screen of the front page: a figure that can be touched, and the ways in."""

import pytest
from chromium import Visit
from explorer_pages import figure

pytestmark = pytest.mark.build

FRONT = "book/intro.html"
BODY = ".tag_compact .explorer-body"


@pytest.mark.parametrize(("width", "height"), [(1280, 800), (360, 740)])
def test_the_first_screen_has_a_figure_to_touch_and_its_room_is_kept(
    visit: Visit, served: str, width: int, height: int
):
    with visit(served + FRONT, width=width) as page:
        place = figure(page, "playground")
        page.evaluate("scrollTo(0, 0)")
        content = place.locator(".explorer-content").bounding_box()["height"]
        kept = page.locator(BODY).evaluate(
            "e => parseFloat(getComputedStyle(e).minHeight)"
        )
        assert 0 <= kept - content < 24
        seen = [place.get_by_role("button", name="Play"), place.locator("svg").first]
        seen += [page.locator(".ways a").last] if width > 1000 else []
        for part in seen:
            box = part.bounding_box()
            assert 0 < box["y"] < box["y"] + box["height"] < height


def test_without_scripts_there_are_words_cards_and_the_ways_in(
    visit: Visit, served: str
):
    with visit(served + FRONT, width=360, java_script_enabled=False) as page:
        body = page.locator(BODY)
        assert body.inner_text()
        assert body.bounding_box()["height"] < 200
        assert page.locator(".chapter-card > h4 > a").count() > 6
        assert page.locator(".ways a").count() == 4
