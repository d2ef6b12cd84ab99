"""Gradient descent in a browser; the film, the address and the live text as well."""

import re
from collections.abc import Callable

import numpy as np
import pytest
from chromium import Visit
from explorer_pages import figure, pixels, settle, stop_clock, value_of
from playwright.sync_api import Locator, expect

from explorers.descent import Descent
from notebook_utils import load_boston

pytestmark = pytest.mark.build


def iterates(place: Locator) -> int:
    return place.locator(".plot").first.locator(".dots.step circle").count()


@pytest.fixture(scope="module")
def reference() -> Callable[..., Descent]:
    boston = load_boston()
    return lambda **traits: Descent(boston["RM"], boston["PRICE"], **traits)


def test_descent_by_keyboard_alone(visit: Visit, home: str, places, reference):
    with visit(home + places["descent"]) as page:
        place = figure(page, "descent")
        rate = place.get_by_role("slider", name="Learning rate ρ")
        assert rate.get_attribute("aria-valuetext") == "10⁻⁶"
        rate.focus()
        page.keyboard.press("End")
        for _ in range(50):
            page.keyboard.press("ArrowLeft")
        settle(page)
        assert rate.get_attribute("aria-valuetext") == "5 · 10⁻⁵"
        assert place.locator(".verdict strong").inner_text() == "Diverging."
        run = reference(rate=5e-5)
        assert value_of(place, "w") == f"{run.iterates()[10]:.4f}"
        assert float(value_of(place, "loss")) == round(run.value(run.iterates()[10]))
        start = place.get_by_role("slider", name="start, w₀")
        start.focus()
        for key in ["ArrowRight", "PageUp", "ArrowLeft", "Shift+ArrowRight"]:
            page.keyboard.press(key)
            settle(page)
        assert start.get_attribute("aria-valuetext") == "w₀ = 2.00"
        page.keyboard.press("Home")
        settle(page)
        assert start.get_attribute("aria-valuetext") == "w₀ = −2.50"
        place.get_by_role("radio", name="Rooms and prices").focus()
        page.keyboard.press("ArrowRight")
        settle(page)
        assert start.get_attribute("aria-valuetext") == "w₀ = 2.00"
        run = reference(loss="well", rate=0.02)
        assert float(value_of(place, "w")) == pytest.approx(
            run.iterates()[10], abs=5e-4
        )
        place.get_by_role("button", name="Step").focus()
        page.keyboard.press("Enter")
        settle(page)
        assert value_of(place, "step") == "11 of 30"


def test_descent_by_mouse(visit: Visit, served: str, places, reference):
    with visit(served + places["descent"]) as page:
        place = figure(page, "descent")
        knob = place.locator(".handle .knob").bounding_box()
        x, y = knob["x"] + knob["width"] / 2, knob["y"] + knob["height"] / 2
        page.mouse.move(x, y)
        page.mouse.down()
        page.mouse.move(x + 60, y - 30, steps=5)
        page.mouse.up()
        settle(page)
        handle = place.get_by_role("slider", name="start, w₀")
        start = float(handle.get_attribute("aria-valuenow"))
        assert start > 1
        run = reference(start=start)
        assert float(value_of(place, "w")) == pytest.approx(
            run.iterates()[10], abs=5e-4
        )
        page.mouse.move(x, y)  # let go, it stays
        settle(page)
        assert float(handle.get_attribute("aria-valuenow")) == start
        place.get_by_role("button", name="Back").click()
        settle(page)
        assert iterates(place) == 10
        place.get_by_role("radio", name="Two valleys").click()
        settle(page)
        assert "higher minimum" in place.locator(".verdict").inner_text()


def test_descent_by_touch_leaves_the_page_where_it_is(
    visit: Visit, served: str, places
):
    with visit(served + places["descent"], width=360, has_touch=True) as page:
        place = figure(page, "descent")
        handle = place.get_by_role("slider", name="start, w₀")
        box = handle.locator(".knob").bounding_box()
        x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        scrolled = page.evaluate("scrollY")
        touch = page.context.new_cdp_session(page)

        def send(kind: str, *at: float) -> None:
            points = [{"x": at[0], "y": at[1]}] if at else []
            touch.send(
                "Input.dispatchTouchEvent", {"type": kind, "touchPoints": points}
            )

        send("touchStart", x + 8, y + 8)  # near is near enough
        for i in range(1, 6):
            send("touchMove", x + 8 + 8 * i, y + 8 + 10 * i)
        send("touchEnd")
        settle(page)
        assert float(handle.get_attribute("aria-valuenow")) > 0.5
        assert page.evaluate("scrollY") == scrolled
        place.get_by_role("button", name="Reset").tap()
        settle(page)
        assert float(handle.get_attribute("aria-valuenow")) == 0


def test_reset_restores_every_pixel(visit: Visit, served: str, places):
    with visit(served + places["descent"]) as page:
        place = figure(page, "descent")
        before = pixels(place)
        place.get_by_role("radio", name="Two valleys").click()
        place.get_by_role("button", name="Step").click()
        settle(page)
        assert pixels(place) != before
        page.wait_for_url("**?descent.*")
        place.get_by_role("button", name="Reset").click()
        settle(page)
        assert pixels(place) == before
        page.wait_for_url(lambda address: "descent." not in address)


def test_playing_goes_to_the_end_stops_and_starts_anew(
    visit: Visit, served: str, places
):
    with visit(served + places["descent"]) as page:
        place = figure(page, "descent")
        stop_clock(page)
        place.get_by_role("button", name="Play").click()
        page.clock.run_for(2000)
        place.get_by_role("button", name="Pause").click()
        page.clock.run_for(100)
        between = iterates(place)
        assert 12 < between < 31
        page.clock.run_for(2000)
        assert iterates(place) == between
        place.get_by_role("button", name="Play").click()
        page.clock.run_for(20_000)
        assert iterates(place) == 31
        assert place.get_by_role("button", name="Step").is_disabled()
        place.get_by_role("button", name="Play").click()
        page.clock.run_for(500)
        assert iterates(place) < 5


def test_with_reduced_motion_playing_shows_the_end_at_once(
    visit: Visit, served: str, places
):
    with visit(served + places["descent"], reduced_motion="reduce") as page:
        place = figure(page, "descent")
        place.get_by_role("button", name="Play").click()
        settle(page)
        assert iterates(place) == 31
        assert place.get_by_role("button", name="Play").is_visible()


def test_a_shared_address_restores_what_was_on_the_screen(
    visit: Visit, home: str, places
):
    with visit(home + places["descent"]) as page:
        place = figure(page, "descent")
        place.get_by_role("radio", name="Two valleys").click()
        start = place.get_by_role("slider", name="start, w₀")
        start.focus()
        page.keyboard.press("ArrowLeft")
        place.get_by_role("slider", name="Learning rate ρ").focus()
        page.keyboard.press("ArrowRight")
        settle(page)
        shown = pixels(place)
        page.wait_for_url("**descent.start=1.98**")
        address = page.url
    assert address.endswith("#fig-descent")
    with visit(address) as page:
        place = figure(page, "descent")
        assert pixels(place) == shown
        assert place.locator("svg").first.bounding_box()["y"] < 900, "it is in sight"
        # Back and Forward, a reload between them, change address and figure alike.
        valleys = place.get_by_role("radio", name="Two valleys")
        page.evaluate("location.hash = 'summary'")
        valleys.focus()
        page.keyboard.press("ArrowLeft")
        page.wait_for_url(lambda url: "loss" not in url)
        for turn, back in [
            (page.go_back, True),
            (page.go_forward, False),
            (page.reload, False),
            (page.go_back, True),
        ]:
            turn()
            expect(valleys).to_be_checked(checked=back)
            settle(page)
            assert (pixels(place) == shown) == back


def test_an_address_that_makes_no_sense_is_passed_over(
    visit: Visit, served: str, places
):
    wrong = (
        "?descent.rate=NaN&descent.start=1e99&descent.loss=__proto__&descent.steps=1.5"
    )
    with visit(served + places["descent"]) as page:
        expected = pixels(figure(page, "descent"))
    with visit(served + places["descent"] + wrong) as page:
        assert pixels(figure(page, "descent")) == expected


def test_descent_says_aloud_what_happens_once_it_rests(
    visit: Visit, served: str, places
):
    with visit(served + places["descent"]) as page:
        place = figure(page, "descent")
        live = place.get_by_role("status")
        assert live.inner_text() == "", "nobody touched it yet"
        place.get_by_role("slider", name="Learning rate ρ").focus()
        for _ in range(5):
            page.keyboard.press("PageUp")
        expect(live).not_to_be_empty()
        said = live.inner_text()
        assert re.match(r"(Converging|Oscillating|Diverging).* Step 10: w is ", said)
        assert "*" not in said


def test_descent_draws_what_numpy_computes(
    visit: Visit, served: str, places, reference
):
    """Every iterate on the screen lies where its number says, to a tenth of a pixel."""
    for traits in [{"rate": 5e-5}, {"loss": "well", "rate": 0.1, "start": 2.0}]:
        query = "&".join(f"descent.{name}={value}" for name, value in traits.items())
        with visit(f"{served}{places['descent']}?{query}") as page:
            place = figure(page, "descent")
            plot = place.locator(".plot").first
            drawn = plot.locator(".dots.step circle").evaluate_all(
                "all => all.map(e => [+e.getAttribute('cx'), +e.getAttribute('cy')])"
            )
            run = reference(**traits)
            path = run.iterates()[: len(drawn)]
            for column, numbers in [(0, path), (1, run.value(path))]:
                at = np.array(drawn)[:, column]
                line = np.polynomial.Polynomial.fit(numbers, at, 1)
                assert np.abs(line(numbers) - at).max() <= 0.11
