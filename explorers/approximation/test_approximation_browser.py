"""Universal approximation in a browser."""

import re

import numpy as np
import pytest
from chromium import Visit
from explorer_pages import figure, pixels, settle, stop_clock
from playwright.sync_api import Locator, expect

from explorers.approximation import Approximation

pytestmark = pytest.mark.build


def largest_error(place: Locator) -> float:
    text = place.locator(".verdict strong").inner_text()
    return float(text.removeprefix("Largest error "))


def knob(place: Locator, at: str) -> tuple[Locator, float, float]:
    """A point of the target and where it is on the screen."""
    handle = place.get_by_role("slider", name=f"target at x = {at}")
    box = handle.locator(".knob").bounding_box()
    return handle, box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def test_approximation_by_keyboard_alone(visit: Visit, home: str, places):
    with visit(home + places["approximation"]) as page:
        place = figure(page, "approximation")
        assert largest_error(place) == round(Approximation().error(), 3)
        units = place.get_by_role("slider", name="Hidden units q")
        units.focus()
        page.keyboard.press("End")
        settle(page)
        assert largest_error(place) == round(Approximation(units=30).error(), 3)
        for _ in range(23):
            page.keyboard.press("ArrowLeft")
        place.get_by_role("radio", name="Steps").focus()
        for kind in ("sigmoid", "relu", "square"):
            page.keyboard.press("ArrowRight")
            settle(page)
            run = Approximation(activation=kind, units=7)
            digits = 4 if run.error() < 0.0995 else 3
            assert largest_error(place) == round(run.error(), digits)
        place.get_by_role("button", name="Add").focus()
        page.keyboard.press("Enter")
        settle(page)
        assert units.get_attribute("aria-valuetext") == "8"
        point = place.get_by_role("slider", name="target at x = 0.50")
        assert point.get_attribute("aria-orientation") == "vertical"
        assert point.get_attribute("aria-valuetext") == "f(0.50) = 0.25"
        point.focus()
        for keys, value in [
            (["ArrowUp"], "0.28"),  # on even hundredths from here on
            (["PageUp", "ArrowDown"], "0.46"),
            (["Shift+ArrowDown", "ArrowRight", "ArrowLeft"], "0.26"),
            (["Home"], "−0.40"),
            (["End"], "1.40"),
        ]:
            for key in keys:
                page.keyboard.press(key)
                settle(page)
            assert point.get_attribute("aria-valuetext") == f"f(0.50) = {value}"
        bends = [0.0] * 7
        bends[3] = 1.15
        run = Approximation(activation="square", units=8, bends=bends)
        assert largest_error(place) == pytest.approx(run.error(), abs=6e-4)
        place.get_by_role("radio", name="Curve").focus()
        page.keyboard.press("ArrowRight")
        settle(page)
        run = Approximation(activation="square", units=8, target="corner")
        assert largest_error(place) == round(run.error(), 3)


def test_approximation_is_redrawn_by_mouse_and_reset_restores_it(
    visit: Visit, served: str, places
):
    with visit(served + places["approximation"]) as page:
        place = figure(page, "approximation")
        before = pixels(place)
        handle, x, y = knob(place, "0.33")
        page.mouse.move(x, y)
        page.mouse.down()
        page.mouse.move(x + 40, y + 50, steps=5)
        page.mouse.up()
        settle(page)
        assert float(handle.get_attribute("aria-valuenow")) < 0.5
        assert knob(place, "0.33")[1] == pytest.approx(x, abs=0.2), "it only rises"
        place.get_by_role("radio", name="ReLUs").click()
        place.get_by_role("button", name="Add").click()
        settle(page)
        assert pixels(place) != before
        page.wait_for_url(
            re.compile(r"bends=0%7E0%7E-0\..*units=3|units=3.*bends=0%7E0%7E-0\.")
        )
        shown, address = pixels(place), page.url
        place.get_by_role("button", name="Reset").click()
        settle(page)
        assert pixels(place) == before
    with visit(address) as page:
        assert pixels(figure(page, "approximation")) == shown


def test_approximation_by_touch_leaves_the_page_where_it_is(
    visit: Visit, served: str, places
):
    with visit(served + places["approximation"], width=360, has_touch=True) as page:
        place = figure(page, "approximation")
        handle, x, y = knob(place, "0.83")
        scrolled = page.evaluate("scrollY")
        touch = page.context.new_cdp_session(page)
        for kind, points in [
            ("touchStart", [{"x": x + 6, "y": y - 6}]),
            *(("touchMove", [{"x": x + 6, "y": y - 6 - 10 * i}]) for i in range(1, 6)),
            ("touchEnd", []),
        ]:
            touch.send(
                "Input.dispatchTouchEvent", {"type": kind, "touchPoints": points}
            )
        settle(page)
        assert float(handle.get_attribute("aria-valuenow")) > 0.6
        assert page.evaluate("scrollY") == scrolled


def test_approximation_plays_up_to_the_last_unit(visit: Visit, served: str, places):
    with visit(served + places["approximation"]) as page:
        place = figure(page, "approximation")
        stop_clock(page)
        place.get_by_role("button", name="Play").click()
        page.clock.run_for(20_000)
        assert largest_error(place) == round(Approximation(units=30).error(), 3)
        assert place.get_by_role("button", name="Add").is_disabled()
    with visit(served + places["approximation"], reduced_motion="reduce") as page:
        place = figure(page, "approximation")
        place.get_by_role("button", name="Play").click()
        settle(page)
        assert largest_error(place) == round(Approximation(units=30).error(), 3)


def test_approximation_draws_what_numpy_computes(visit: Visit, served: str, places):
    """The network's line lies where the output is, to a tenth of a pixel."""
    state = {"activation": "sigmoid", "units": 5}
    query = "&".join(f"approximation.{name}={value}" for name, value in state.items())
    with visit(f"{served}{places['approximation']}?{query}") as page:
        place = figure(page, "approximation")
        path = place.locator(".plot").first.locator(".line.step").get_attribute("d")
        drawn = np.array([pair.split(",") for pair in path[1:].split("L")], float)
        run = Approximation(**state)
        for column, numbers in [(0, run.grid()), (1, run.output())]:
            line = np.polynomial.Polynomial.fit(numbers, drawn[:, column], 1)
            assert np.abs(line(numbers) - drawn[:, column]).max() <= 0.11


def test_approximation_passes_over_an_address_that_makes_no_sense(
    visit: Visit, served: str, places
):
    wrong = "&".join(
        f"approximation.{pair}"
        for pair in ("units=31", "activation=toString", "bends=1~2", "target=")
    )
    with visit(served + places["approximation"]) as page:
        expected = pixels(figure(page, "approximation"))
    with visit(f"{served}{places['approximation']}?{wrong}") as page:
        assert pixels(figure(page, "approximation")) == expected


def test_nothing_moves_whatever_approximation_says(visit: Visit, served: str, places):
    for width in (1280, 360):
        with visit(served + places["approximation"], width=width) as page:
            place = figure(page, "approximation")
            heights = set()
            for target in ("Curve", "Jump"):
                place.get_by_role("radio", name=target).click()
                for kind in ("Steps", "Sigmoids", "ReLUs", "Squares"):
                    place.get_by_role("radio", name=kind).click()
                    for key in ("Home", "PageUp", "End"):
                        place.get_by_role("slider", name="Hidden units q").press(key)
                        settle(page)
                        content = place.locator(".explorer-content")
                        heights.add(round(content.bounding_box()["height"]))
            assert len(heights) == 1, (width, heights)


def test_approximation_says_aloud_what_happens_once_it_rests(
    visit: Visit, served: str, places
):
    with visit(served + places["approximation"]) as page:
        place = figure(page, "approximation")
        place.get_by_role("button", name="Add").click()
        live = place.get_by_role("status")
        expect(live).to_have_text(
            f"3 steps: largest error {Approximation(units=3).error():.3f} at x = 0.00."
        )
