"""Losses in a browser."""

import numpy as np
import pytest
from axe import violations
from chromium import Visit
from explorer_pages import figure, pixels, settle
from playwright.sync_api import Locator, expect

from explorers.losses import Losses

pytestmark = pytest.mark.build

SIGNS = str.maketrans("−⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "--0123456789")


def ledger(place: Locator) -> list[list[str]]:
    """The numbers beside the names of the curves, row by row."""
    return [
        [
            text.translate(SIGNS).replace(" · 10", "e")
            for text in row.locator("[role=cell]").all_inner_texts()
        ]
        for row in place.locator("[role=row]").all()[1:]
    ]


def test_losses_by_keyboard_alone(visit: Visit, home: str, places):
    with visit(home + places["losses"]) as page:
        place = figure(page, "losses")
        error = place.get_by_role("slider", name="error e")
        error.focus()
        for key in ["Home", "PageUp", "ArrowRight", "Shift+ArrowRight"]:
            page.keyboard.press(key)
            settle(page)
        assert error.get_attribute("aria-valuetext") == "e = −1.9"
        wanted = Losses().of_number(np.array([-1.9]))[:, :, 0]
        assert np.allclose(np.array(ledger(place), float), wanted, atol=0.005)
        place.get_by_role("radio", name="Number").focus()
        page.keyboard.press("ArrowRight")
        settle(page)
        assert place.locator(".verdict strong").inner_text() == "Wrong and certain."
        place.get_by_role("radio", name="yes, y = 1").focus()
        page.keyboard.press("ArrowLeft")
        settle(page)
        assert place.locator(".verdict strong").inner_text() == "Right and certain."
        wanted = Losses(label=0).of_label(np.array([-4.0]))[:, :, 0]
        assert np.allclose(np.array(ledger(place), float), wanted, atol=5e-4)
        place.get_by_role("radio", name="float32").focus()
        page.keyboard.press("Space")
        settle(page)
        logit = place.get_by_role("slider", name="logit o")
        logit.press("End")
        settle(page)
        assert ledger(place) == [["30.0", "1.000"], ["∞", "none"], ["15.9", "0"]]
        place.get_by_role("slider", name="Clipped").press("Home")
        settle(page)
        assert "lost as well" in place.locator(".verdict").inner_text()


def test_losses_of_classes_by_mouse_and_temperature(visit: Visit, served: str, places):
    with visit(served + places["losses"] + "?losses.view=classes") as page:
        place = figure(page, "losses")
        handle = place.get_by_role("slider", name="logit of class 3")
        knob = handle.locator(".knob").bounding_box()
        x, y = knob["x"] + knob["width"] / 2, knob["y"] + knob["height"] / 2
        page.mouse.move(x, y)
        page.mouse.down()
        page.mouse.move(x + 70, y + 20, steps=5)
        page.mouse.up()
        place.get_by_role("radio", name="3", exact=True).check()
        place.get_by_role("slider", name="Temperature T").press("PageUp")
        settle(page)
        logit = float(handle.get_attribute("aria-valuenow"))
        said = place.get_by_role("slider", name="Temperature T")
        temperature = float(said.get_attribute("aria-valuetext"))
        assert logit > 2 and temperature > 1
        run = Losses(logits=[2.0, 1.0, logit], temperature=temperature, target=3)
        wanted = run.of_classes()
        shown = np.array(ledger(place), float)
        assert np.allclose(shown, [wanted["p"], [0, 0, 1], wanted["error"]], atol=6e-5)
        assert "Right." in place.locator(".verdict").inner_text()


def test_losses_by_touch_leave_the_page_where_it_is(visit: Visit, served: str, places):
    with visit(served + places["losses"], width=360, has_touch=True) as page:
        place = figure(page, "losses")
        handle = place.get_by_role("slider", name="error e")
        box = handle.locator(".knob").bounding_box()
        x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        scrolled = page.evaluate("scrollY")
        touch = page.context.new_cdp_session(page)
        for kind, dx in [("touchStart", 4), ("touchMove", -32), ("touchMove", -72)]:
            point = {"x": x + dx, "y": y + 8 + abs(dx)}
            touch.send(
                "Input.dispatchTouchEvent", {"type": kind, "touchPoints": [point]}
            )
        touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
        settle(page)
        assert float(handle.get_attribute("aria-valuenow")) < 1.5
        assert page.evaluate("scrollY") == scrolled


@pytest.mark.parametrize("width", [1280, 360])
def test_views_of_losses_are_clean_and_none_moves_the_page(
    visit: Visit, served: str, places, width: int
):
    with visit(served + places["losses"], width=width) as page:
        place = figure(page, "losses")
        before = pixels(place)
        heights = []
        for view in ("Yes or no", "Classes", "float32", "Number"):
            place.get_by_role("radio", name=view).check()
            settle(page)
            place.get_by_role("slider").first.press("ArrowLeft")
            settle(page)
            heights.append(place.bounding_box()["height"])
            assert violations(page, ".explorer") == []
            assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert max(heights) - min(heights) <= 1, heights
        page.wait_for_url("**?losses.**")
        place.get_by_role("button", name="Reset").click()
        settle(page)
        assert pixels(place) == before
        page.wait_for_url(lambda address: "losses." not in address.partition("?")[2])


def test_a_shared_address_restores_a_view_of_losses(visit: Visit, home: str, places):
    query = "?losses.view=classes&losses.logits=1~-3~4.5&losses.temperature=0.5"
    with visit(
        home + places["losses"] + query + "&losses.target=9&losses.clip=x"
    ) as page:
        place = figure(page, "losses")
        shown = np.array(ledger(place), float)
        wanted = Losses(logits=[1.0, -3.0, 4.5], temperature=0.5).of_classes()
        assert np.allclose(shown[0], wanted["p"], atol=6e-5)
        assert shown[1].tolist() == [0, 1, 0]


def test_losses_say_aloud_what_they_show_once_at_rest(
    visit: Visit, served: str, places
):
    with visit(served + places["losses"]) as page:
        place = figure(page, "losses")
        live = place.get_by_role("status")
        assert live.inner_text() == ""
        place.get_by_role("slider", name="error e").press("Home")
        expect(live).to_have_text(
            "Beyond δ. Huber's pull stays at δ = 1.0, however far. "
            "Squared error pulls with 8.00, 8.0 times as hard."
        )
