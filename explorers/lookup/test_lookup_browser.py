"""A query among keys in a browser."""

import re

import numpy as np
import pytest
from axe import violations
from chromium import LOOKS, Visit
from explorer_pages import center, figure, pixels, pull, settle, too_narrow, value_of
from playwright.sync_api import Locator, Page, expect

from explorers.lookup import EDGE, NAMES, SETS, LookUp

pytestmark = pytest.mark.build


def numbers(place: Locator, column: int) -> list[float]:
    """A column of the table; the third has scores, the fifth weights."""
    cells = place.locator(f'.lookup-table [role="cell"]:nth-child({column})')
    texts = cells.all_inner_texts()
    return [float(text.replace("−", "-").replace("∞", "inf")) for text in texts]


def assert_shows(place: Locator, **traits: object) -> None:
    """The figure shows what NumPy says of a state."""
    run = LookUp(**traits)
    weights, scores = run.weights(), run.scores()
    assert numbers(place, 2) == run.values
    assert numbers(place, 3) == pytest.approx(scores, rel=0.006, abs=0.0051)
    assert numbers(place, 5) == pytest.approx(weights, abs=0.0051)
    assert float(value_of(place, "mix y")) == pytest.approx(run.mixed(), abs=0.0051)
    assert float(value_of(place, "keys read")) == pytest.approx(
        run.keys_read(), abs=0.0051
    )
    assert float(value_of(place, "slope")) == pytest.approx(run.slope(), abs=5.1e-4)
    shares = place.locator(".lookup-bar i").evaluate_all(
        "all => all.map(e => parseFloat(e.style.width))"
    )
    assert shares == pytest.approx(100 * weights, abs=1e-3)
    areas = place.locator(".lookup-cell").evaluate_all(
        "all => all.map(e => (e.getAttribute('d') || '').split(',').length - 1)"
    )
    assert areas == [len(cell) for cell in run.cells()]


def told(place: Locator, name: str) -> list[float]:
    """Where a handle says that it is."""
    text = place.get_by_role("slider", name=name).get_attribute("aria-valuetext")
    pair = text.removeprefix("(").partition(")")[0]
    return [float(part.replace("−", "-")) for part in pair.split(",")]


def press(page: Page, place: Locator, name: str) -> None:
    place.get_by_role("button", name=name, exact=True).click()
    settle(page)


def choose(page: Page, place: Locator, name: str) -> None:
    place.get_by_role("radio", name=name).click()
    settle(page)


def test_the_query_and_a_key_are_dragged(visit: Visit, home: str, places):
    with visit(home + places["lookup"]) as page:
        place = figure(page, "lookup")
        settle(page)
        assert_shows(place)
        window = place.locator("svg.window").first
        scale = (float(window.get_attribute("width")) - 6) / (2 * EDGE)
        start = center(place, "query")
        pull(page, start, (-60, 35))
        assert np.allclose(center(place, "query"), np.add(start, (-60, 35)), atol=4)
        query = told(place, "query")
        moved = np.subtract(query, LookUp().query)
        assert moved == pytest.approx(np.array([-60, -35]) / scale, abs=0.08)
        assert_shows(place, query=query)
        pull(page, center(place, "key D"), (30, 30))
        keys = list(LookUp().places)
        keys[6:8] = told(place, "key D")
        assert keys[6] > LookUp().places[6] and keys[7] < LookUp().places[7]
        assert_shows(place, query=query, places=keys)
        assert place.get_by_role("radio", name="Uneven").is_checked() is False
        # Far out the query stays on a circle.
        pull(page, center(place, "query"), (-500, 400))
        query = told(place, "query")
        assert np.hypot(*query) == pytest.approx(EDGE, abs=0.01)


def test_the_length_pulls_the_query_straight_and_both_scores_answer(
    visit: Visit, home: str, places
):
    with visit(home + places["lookup"]) as page:
        place = figure(page, "lookup")
        settle(page)
        ray = np.array(LookUp().query) / np.hypot(*LookUp().query)
        length = place.get_by_role("slider", name="Length of q")
        for presses, key, wanted in ((1, "End", 3.0), (4, "ArrowLeft", 2.8)):
            for _ in range(presses):
                length.press(key)
                settle(page)
            query = (wanted * ray).tolist()
            assert told(place, "query") == pytest.approx(query, abs=0.0051)
            assert_shows(place, query=query)
        choose(page, place, "Distance")
        assert_shows(place, query=query, score="distance")
        expect(place.locator(".verdict strong")).to_contain_text("B has the largest")
        length.press("Home")
        settle(page)
        expect(place.locator(".verdict strong")).to_contain_text("C has the largest")
        choose(page, place, "On a circle")
        near = {"query": (0.05 * ray).tolist(), "places": SETS["circle"]}
        assert_shows(place, **near, score="distance")
        choose(page, place, "B doubled")
        choose(page, place, "Dot product")
        assert_shows(place, query=near["query"], places=SETS["long"])
        expect(place.locator(".verdict")).to_contain_text("120° of 360°")


def covered(place: Locator) -> list[str]:
    """The letters of keys that lie under the query's circle."""
    knob = place.get_by_role("slider", name="query").locator(".knob").bounding_box()
    middle = knob["x"] + knob["width"] / 2, knob["y"] + knob["height"] / 2
    found = []
    for letter in place.locator(".plot .label", has_text=re.compile("^[A-F]$")).all():
        box = letter.bounding_box()
        way = (
            box["x"] + box["width"] / 2 - middle[0],
            box["y"] + box["height"] / 2 - middle[1],
        )
        if np.hypot(*way) < knob["width"] / 2 + 5:
            found.append(letter.text_content())
    return found


@pytest.mark.parametrize("width", [1280, 360])
def test_a_long_query_covers_no_letter(visit: Visit, served: str, places, width: int):
    """Along the key B, past it and past where its letter stood."""
    with visit(served + places["lookup"], width=width) as page:
        place = figure(page, "lookup")
        length = place.get_by_role("slider", name="Length of q")
        place.get_by_role("slider", name="query").press("ArrowUp")
        length.press("End")
        settle(page)
        for _ in range(20):
            assert covered(place) == []
            length.press("ArrowLeft")
            settle(page)
        edge = place.locator(".explorer-content").bounding_box()
        for box in place.locator(".choice label").evaluate_all(
            "all => all.map(e => e.getBoundingClientRect().right)"
        ):
            assert box <= edge["x"] + edge["width"] + 0.5


def test_a_look_up_by_keyboard_alone(visit: Visit, home: str, places):
    with visit(home + places["lookup"]) as page:
        place = figure(page, "lookup")
        settle(page)
        query = place.get_by_role("slider", name="query")
        for key in ("ArrowRight", "Shift+ArrowUp", "ArrowDown"):
            query.press(key)
        settle(page)
        assert_shows(place, query=[1.15, 0.8])
        key = place.get_by_role("slider", name="key F")
        key.press("Shift+ArrowLeft")
        settle(page)
        moved = LookUp().places[:10] + [0.7, -1.9]
        assert_shows(place, query=[1.15, 0.8], places=moved)
        assert key.get_attribute("aria-valuetext").startswith("(0.70, −1.90), value 4,")
        sharpness = place.get_by_role("slider", name="Sharpness")
        sharpness.press("End")
        settle(page)
        assert_shows(place, query=[1.15, 0.8], places=moved, sharpness=30)
        sharpness.press("Home")
        settle(page)
        assert_shows(place, query=[1.15, 0.8], places=moved, sharpness=0.1)
        button = place.get_by_role("button", name="Hide key B")
        button.press("Enter")
        settle(page)
        state = {"query": [1.15, 0.8], "places": moved, "sharpness": 0.1}
        assert_shows(place, **state, hidden=["B"])
        again = place.get_by_role("button", name="Show key B")
        assert again.evaluate("e => e === document.activeElement")
        again.press("Enter")
        settle(page)
        assert_shows(place, **state)


def test_hidden_keys_weigh_nothing_and_without_any_it_is_0_of_0(
    visit: Visit, served: str, places
):
    with visit(served + places["lookup"]) as page:
        place = figure(page, "lookup")
        settle(page)
        for i, name in enumerate("BDFAC"):
            press(page, place, f"Hide key {name}")
            assert_shows(place, hidden=sorted("BDFAC"[: i + 1]))
        expect(place.locator(".verdict strong")).to_have_text("Only E is left.")
        press(page, place, "Hide key E")
        cells = place.locator('.lookup-table [role="cell"]:nth-child(5)')
        assert cells.all_inner_texts() == ["0/0"] * 6
        assert value_of(place, "mix y") == "0/0"
        verdict = place.locator(".verdict")
        expect(verdict).to_contain_text("No key is left: 0/0.")
        expect(verdict).to_contain_text("Keras: 1/6 for each key, but 0 if the layer")
        expect(verdict).to_contain_text("PyTorch: NaN in the layer by default, 0 in")
        press(page, place, "Show all")
        assert_shows(place)
        press(page, place, "Hide all")
        press(page, place, "Show key C")
        assert_shows(place, hidden=list("ABDEF"))


def test_equal_weights_and_shared_ones_are_told_as_such(
    visit: Visit, served: str, places
):
    query = "?lookup.query=0~0"
    with visit(served + places["lookup"] + query) as page:
        place = figure(page, "lookup")
        settle(page)
        assert_shows(place, query=[0.0, 0.0])
        expect(place.locator(".verdict")).to_contain_text("All have the same weight")
    same = "~".join(["1~1", "1~1", "0~1", "-1~0", "0~-1", "-1~-1"])
    with visit(f"{served}{places['lookup']}?lookup.places={same}") as page:
        place = figure(page, "lookup")
        settle(page)
        expect(place.locator(".verdict")).to_contain_text("A and B share the largest")


def test_the_look_up_is_moved_by_touch_and_reset_restores_every_pixel(
    visit: Visit, served: str, places
):
    with visit(served + places["lookup"], width=360, has_touch=True) as page:
        place = figure(page, "lookup")
        page.evaluate("scrollBy(0, 60)")
        settle(page)
        before = pixels(place)
        x, y = center(place, "query")
        scrolled = page.evaluate("scrollY")
        touch = page.context.new_cdp_session(page)
        for kind, at in [
            ("touchStart", [(x + 5, y + 5)]),
            ("touchMove", [(x - 10, y + 20)]),
            ("touchMove", [(x - 30, y + 40)]),
            ("touchEnd", []),
        ]:
            points = [{"x": a, "y": b} for a, b in at]
            touch.send(
                "Input.dispatchTouchEvent", {"type": kind, "touchPoints": points}
            )
        settle(page)
        assert np.allclose(center(place, "query"), (x - 35, y + 35), atol=4)
        assert page.evaluate("scrollY") == scrolled
        place.get_by_role("radio", name="Distance").tap()
        place.get_by_role("radio", name="B doubled").tap()
        place.get_by_role("button", name="Hide key A").tap()
        place.get_by_role("slider", name="Sharpness").press("End")
        settle(page)
        assert pixels(place) != before
        place.get_by_role("button", name="Reset").tap()
        settle(page)
        assert pixels(place) == before
        page.wait_for_url(lambda url: "lookup." not in url.partition("?")[2])


def test_a_shared_address_restores_the_look_up(visit: Visit, home: str, places):
    with visit(home + places["lookup"]) as page:
        place = figure(page, "lookup")
        choose(page, place, "Distance")
        pull(page, center(place, "key C"), (25, 40))
        pull(page, center(place, "query"), (-35, -50))
        place.get_by_role("slider", name="Sharpness").press("PageUp")
        press(page, place, "Hide key E")
        shown = pixels(place)
        page.wait_for_url("**lookup.hidden=E**")
        address = page.url
    for name in ("query", "places", "sharpness", "score"):
        assert f"lookup.{name}=" in address
    with visit(address) as page:
        place = figure(page, "lookup")
        settle(page)
        assert pixels(place) == shown


def test_the_look_up_passes_over_an_address_that_makes_no_sense(
    visit: Visit, served: str, places
):
    with visit(served + places["lookup"]) as page:
        place = figure(page, "lookup")
        settle(page)
        expected = pixels(place)
    query = (
        "?lookup.query=1~x&lookup.places=1~2&lookup.sharpness=0&lookup.score=cosine"
        "&lookup.hidden=A~A"
    )
    with visit(served + places["lookup"] + query) as page:
        place = figure(page, "lookup")
        settle(page)
        assert pixels(place) == expected


@pytest.mark.parametrize(("theme", "width"), LOOKS)
def test_the_look_up_is_as_high_whatever_it_shows(
    visit: Visit, served: str, places, theme: str, width: int
):
    with visit(served + places["lookup"], theme, width) as page:
        place = figure(page, "lookup")
        content, heights = place.locator(".explorer-content"), set()

        def look() -> None:
            settle(page)
            heights.add(round(content.bounding_box()["height"]))
            assert violations(page, ".explorer") == []
            assert too_narrow(place.locator(".lookup-table :is(span, button)")) == 0

        look()
        place.get_by_role("slider", name="Sharpness").press("End")
        place.get_by_role("slider", name="Length of q").press("End")
        look()
        choose(page, place, "Distance")
        look()
        choose(page, place, "B doubled")
        look()
        choose(page, place, "Dot product")
        for name in NAMES:
            press(page, place, f"Hide key {name}")
            settle(page)
            heights.add(round(content.bounding_box()["height"]))
        look()
        assert len(heights) == 1, heights
        assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_the_look_up_says_aloud_what_has_changed_once_it_rests(
    visit: Visit, served: str, places
):
    with visit(served + places["lookup"]) as page:
        place = figure(page, "lookup")
        settle(page)
        live = place.get_by_role("status")
        assert live.inner_text() == ""
        place.get_by_role("slider", name="query").press("ArrowRight")
        expect(live).to_contain_text("Dot product, sharpness 0.71: B has the largest")
        choose(page, place, "Distance")
        run = LookUp(query=[1.15, 0.35], score="distance")
        expect(live).to_contain_text("Distance, sharpness 0.71: C has the largest")
        expect(live).to_contain_text(f"The mixed value is {run.mixed():.2f}.")
        press(page, place, "Hide all")
        expect(live).to_have_text("No key is left: 0/0.")
