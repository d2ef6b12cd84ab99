"""The first screen of the front page: a figure that can be touched, and the ways in."""

import pytest
from chromium import Visit
from explorer_pages import figure

pytestmark = pytest.mark.build

FRONT = "book/intro.html"
BODY = ".tag_compact .explorer-body"


@pytest.mark.parametrize(("width", "height"), [(1280, 800), (360, 740)])
def test_the_first_screen_has_a_figure_to_touch_and_nothing_moves(
    visit: Visit, served: str, width: int, height: int
):
    with visit(served + FRONT, width=width, java_script_enabled=False) as page:
        body = page.locator(BODY)
        assert body.inner_text(), "no words for readers without JavaScript"
        kept = body.bounding_box()["height"]
        assert page.locator(".chapter-card h4 > a").count() > 6
    with visit(served + FRONT, width=width) as page:
        place = figure(page, "playground")
        page.evaluate("scrollTo(0, 0)")
        content = place.locator(".explorer-content").bounding_box()["height"]
        assert page.locator(BODY).bounding_box()["height"] == pytest.approx(kept, abs=1)
        assert kept - content < 24
        seen = [place.get_by_role("button", name="Play"), place.locator("svg").first]
        seen += [page.locator(".ways a").last] if width > 1000 else []
        for part in seen:
            box = part.bounding_box()
            assert 0 < box["y"] < box["y"] + box["height"] < height
