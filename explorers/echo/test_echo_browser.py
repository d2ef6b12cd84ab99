"""Echo, in a browser."""

import re

import numpy as np
import pytest
from chromium import Visit
from explorer_pages import center, figure, pixels, pull, settle
from playwright.sync_api import Locator, expect

from explorers.echo import Echo

pytestmark = pytest.mark.build

SIGNS = str.maketrans("−⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "--0123456789", "\u202f")
HANDLE = "Step t that the adjoint starts from"


def check(place: Locator, **traits: object) -> None:
    """The readout shows the outcome, as many digits as it has."""
    end = Echo(**traits).outcome()
    texts = place.locator(".readout b").all_inner_texts()
    left, rate, gate, flat = [
        float(text.translate(SIGNS).replace(" · 10", "e").removesuffix("\u00a0%"))
        for text in texts
    ]
    assert left == pytest.approx(end["back"][0], rel=0.051)
    assert [rate, gate] == pytest.approx([end["rate"], end["gate_rate"]], abs=0.0006)
    assert flat == pytest.approx(100 * end["saturated"], abs=0.51)


def test_echo_by_keyboard_alone_aloud_and_from_a_shared_address(
    visit: Visit, home: str, places
):
    with visit(home + places["echo"]) as page:
        place = figure(page, "echo")
        first = pixels(place)
        check(place)
        place.get_by_role("slider", name="Spectral radius").focus()
        for _ in range(20):
            page.keyboard.press("ArrowRight")
        settle(page)
        check(place, radius=2.0)
        expect(place.get_by_role("status")).to_have_text(
            re.compile(
                r"tanh, radius 2\.00, .*from step 50, .* is left at step 1, .*%\.$"
            )
        )
        place.get_by_role("slider", name="Steps").press("End")
        place.get_by_role("slider", name="Bias of the forget gate").press("ArrowLeft")
        handle = place.get_by_role("slider", name=HANDLE)
        settle(page)
        assert handle.get_attribute("aria-valuenow") == "100", "it stays the last"
        handle.press("PageDown")
        handle.press("ArrowLeft")
        place.get_by_role("button", name="New weights").press("Enter")
        place.get_by_role("radio", name="tanh").focus()
        page.keyboard.press("ArrowRight")
        settle(page)
        moved = {"radius": 2.0, "length": 100, "at": 89, "bias": 2.5, "seed": 1}
        check(place, cell="lstm", **moved)
        seen = pixels(place)
        page.wait_for_url("**echo.seed=1*")
        address = page.url
        place.get_by_role("button", name="Reset").press("Enter")
        settle(page)
        assert pixels(place) == first
        page.wait_for_url(lambda address: "echo." not in address.partition("?")[2])
    with visit(address) as page:
        assert pixels(figure(page, "echo")) == seen
    wrong = "?echo.radius=3&echo.at=0&echo.cell=gru&echo.seed=10&echo.length=101"
    with visit(home + places["echo"] + wrong) as page:
        assert pixels(figure(page, "echo")) == first


def test_a_step_is_chosen_by_a_click_or_a_drag(visit: Visit, served: str, places):
    with visit(served + places["echo"]) as page:
        place = figure(page, "echo")
        x, y = center(place, HANDLE)
        handle = place.get_by_role("slider", name=HANDLE)
        wide = place.locator(".plot canvas").bounding_box()
        pull(page, (x, y), (-10 * wide["width"] / 50, 20))
        assert handle.get_attribute("aria-valuenow") == "40"
        check(place, at=40)
        for plot, step in zip(
            place.locator(".plot > svg").all(), (12, 31), strict=True
        ):
            box = plot.bounding_box()
            across = wide["x"] - box["x"] + (step - 0.5) * wide["width"] / 50
            plot.click(position={"x": across, "y": box["height"] / 2})
            settle(page)
            assert handle.get_attribute("aria-valuenow") == str(step)
            check(place, at=step)
        plot.click(position={"x": 3, "y": 60})
        settle(page)
        assert handle.get_attribute("aria-valuenow") == "31", "beside the axes"


def test_echo_draws_what_numpy_computes(visit: Visit, served: str, places):
    """Lines lie where they are, to a tenth of a pixel, and both rings are level."""
    shown = Echo(cell="lstm", radius=1.5, spread=0.5, length=30, at=21, seed=4)
    fields = {name: v for name, v in shown.state().items() if name != "radii"}
    query = "&".join(f"echo.{name}={value}" for name, value in fields.items())
    end = shown.outcome()
    with visit(f"{served}{places['echo']}?{query}") as page:
        plot = figure(page, "echo").locator(".plot").nth(1)
        ticks = plot.locator(".axes text[text-anchor=end]").evaluate_all(
            "all => all.map(e => [e.textContent, +e.getAttribute('y')])"
        )
        powers = [float(text.translate(SIGNS)[2:]) for text, _ in ticks]
        scale = np.polyfit(powers, [y for _, y in ticks], 1)
        for look, name in [("curve", "forward"), ("accent", "back"), ("good", "gate")]:
            path = plot.locator(f".line.{look}").get_attribute("d")[1:]
            points = np.array([p.split(",") for p in path.split("L")], float)
            assert np.ptp(np.diff(points[:, 0])) < 0.21, "evenly spaced"
            wanted = np.polyval(scale, np.log10(end[name]))
            assert np.abs(points[:, 1] - wanted).max() < 0.16
        rings = plot.locator(".dots circle").evaluate_all(
            "all => all.map(e => +e.getAttribute('cy'))"
        )
        assert len(rings) == 2 and rings[0] == rings[1]


@pytest.mark.parametrize("width", [1280, 360])
def test_nothing_moves_whatever_echo_says(
    visit: Visit, served: str, places, width: int
):
    with visit(served + places["echo"], width=width, has_touch=width < 560) as page:
        place = figure(page, "echo")
        sliders = place.locator("input[type=range]").all()
        heights = set()
        for name in ("Linear", "LSTM", "tanh"):
            place.get_by_role("radio", name=name).check()
            for ends in (["Home"] * 4, ["End"] * 4, ["End", "Home", "End", "Home"]):
                for slider, key in zip(sliders, ends, strict=True):
                    slider.press(key)
                settle(page)
                box = place.locator(".explorer-content").bounding_box()
                heights.add(round(box["height"]))
                assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert len(heights) == 1, heights
