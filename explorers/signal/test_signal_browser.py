"""Signals through depth, in a browser."""

import re

import numpy as np
import pytest
from chromium import Visit
from explorer_pages import figure, pixels, settle
from playwright.sync_api import Locator, expect

from explorers import signal
from explorers.signal import Signal

pytestmark = pytest.mark.build

SIGNS = str.maketrans("−⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "--0123456789", "\u202f")


def shown(place: Locator) -> list[float]:
    """The ratio of the adjoints, and the factor from layer to layer."""
    texts = place.locator(".readout b").all_inner_texts()
    return [float(text.translate(SIGNS).replace(" · 10", "e")) for text in texts]


def check(place: Locator, **traits: object) -> None:
    """The figure shows the outcome of a network, numbers to two digits."""
    end = Signal(**traits).outcome()
    word = place.locator(".verdict strong").inner_text()
    assert re.match(rf"The adjoints {end['kind']}\b", word)
    assert shown(place) == pytest.approx([end["ratio"], end["factor"]], rel=0.051)


def test_signal_by_keyboard_alone_aloud_and_from_a_shared_address(
    visit: Visit, home: str, places
):
    with visit(home + places["signal"]) as page:
        place = figure(page, "signal")
        first = pixels(place)
        check(place)
        place.get_by_role("radio", name="Sigmoid").focus()
        for _ in range(2):
            page.keyboard.press("ArrowRight")
        variance = place.get_by_role("slider", name="Variance of weights, times n")
        variance.focus()
        for _ in range(12):
            page.keyboard.press("ArrowRight")
        place.get_by_role("slider", name="Layers L").press("End")
        settle(page)
        assert variance.get_attribute("aria-valuetext") == "2.00"
        he = {"activation": "relu", "variance": 2.0, "depth": 30}
        check(place, **he)
        expect(place.get_by_role("status")).to_have_text(
            re.compile(r"The adjoints keep their scale\. .* for every sample\.$")
        )
        place.get_by_role("button", name="New weights").press("Enter")
        settle(page)
        check(place, **he, seed=1)
        seen = pixels(place)
        page.wait_for_url("**signal.seed=1*")
        address = page.url
        place.get_by_role("button", name="Reset").press("Enter")
        settle(page)
        assert pixels(place) == first
        page.wait_for_url(lambda address: "signal." not in address.partition("?")[2])
    with visit(address) as page:
        assert pixels(figure(page, "signal")) == seen
    wrong = "?signal.variance=11&signal.depth=2.5&signal.seed=100&signal.activation=x"
    with visit(home + places["signal"] + wrong) as page:
        assert pixels(figure(page, "signal")) == first


def test_signal_draws_what_numpy_computes(visit: Visit, served: str, places):
    """Sizes lie where they are and shapes are widest there, to a tenth of a pixel."""
    network = Signal(activation="tanh", variance=6.0, depth=9, seed=4)
    query = "&".join(f"signal.{name}={v}" for name, v in network.state().items())
    run, end = network.run(), network.outcome()
    with visit(f"{served}{places['signal']}?{query}") as page:
        plots = figure(page, "signal").locator(".plot").all()
        for plot, name, sizes in zip(
            plots, ["a", "delta"], ["activations", "adjoints"], strict=True
        ):
            ticks = plot.locator(".axes text[text-anchor=end]").evaluate_all(
                "all => all.map(e => [e.textContent, +e.getAttribute('y')])"
            )
            powers = [float(text.translate(SIGNS)[2:]) for text, _ in ticks]
            scale = np.polyfit(powers, [y for _, y in ticks], 1)
            drawn = plot.locator(".dots circle").evaluate_all(
                "all => all.map(e => [+e.getAttribute('cx'), +e.getAttribute('cy')])"
            )
            across, along = np.array(drawn).T
            assert np.ptp(np.diff(across)) < 0.21, "evenly spaced"
            wanted = np.polyval(scale, np.log10(end[sizes]))
            assert np.abs(along - wanted).max() < 0.15
            paths = plot.locator(".filled").get_attribute("d")[1:].split("M")
            low, high = np.array([powers[0], powers[-1]])
            for path, values, middle in zip(paths, run[name], across, strict=True):
                points = np.array([p.split(",") for p in path.split("L")], float)
                widest = points[np.argmax(points[:, 0]), 1]
                counts = signal.histogram(values, low, high)
                step = (high - low) / signal.BINS
                top = low + step * (np.flatnonzero(counts == counts.max()) + 0.5)
                assert np.abs(np.polyval(scale, top) - widest).min() < 0.15
                assert np.mean(points[[0, -1], 0]) == pytest.approx(middle, abs=0.11)


@pytest.mark.parametrize("width", [1280, 360])
def test_nothing_moves_whatever_signal_says(
    visit: Visit, served: str, places, width: int
):
    with visit(served + places["signal"], width=width, has_touch=width < 560) as page:
        place = figure(page, "signal")
        variance, depth = place.locator("input[type=range]").all()
        heights = set()
        for name in ("ReLU", "tanh", "Sigmoid"):
            place.get_by_role("radio", name=name).check()
            for ends in (["Home", "End"], ["End", "End"], ["PageDown", "Home"]):
                variance.press(ends[0])
                depth.press(ends[1])
                settle(page)
                box = place.locator(".explorer-content").bounding_box()
                heights.add(round(box["height"]))
                assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert len(heights) == 1, heights
