"""Inside a network, in a browser."""

import base64
import re
from pathlib import Path

import numpy as np
import pytest
from axe import violations
from chromium import LOOKS, Visit
from explorer_pages import figure, pixels, pull, settle, states_of, too_narrow
from playwright.sync_api import Locator, Page, expect

from explorers.network import SHAPES, Network, mosaic

pytestmark = pytest.mark.build


DRAWN = """c => {
  const copy = new OffscreenCanvas(c.width, c.height);
  const context = copy.getContext("2d", { willReadFrequently: true });
  context.drawImage(c, 0, 0);
  const { data } = context.getImageData(0, 0, c.width, c.height);
  return [data.join(" "), c.width];  // a long list would take a second
}"""


@pytest.fixture(scope="module")
def make(site: Path, places):
    """make(right=2): what the page shows, in Python."""
    state = states_of(site, places["network"], "network")[0]
    values = np.frombuffer(base64.b64decode(state.pop("parameters")), "<f2")
    ends = np.cumsum([np.prod(shape) for shape in SHAPES])
    pieces = np.split(values, ends[:-1])
    weights = [p.reshape(s) for p, s in zip(pieces, SHAPES, strict=True)]
    images = np.frombuffer(base64.b64decode(state.pop("images")), np.uint8)
    images = images.reshape(-1, 28, 28)
    labels, names = state.pop("labels"), state.pop("names")
    return lambda **traits: Network(weights, images, labels, names, **(state | traits))


def two(value: float) -> str:
    text = f"{abs(value):.2f}"
    return f"−{text}" if value < 0 and text != "0.00" else text


def canvas(place: Locator, selector: str) -> np.ndarray:
    """A bitmap as drawn: (rows, columns, red, green, blue and opacity)."""
    data, width = place.locator(selector).evaluate(DRAWN)
    return np.array(data.split(), int).reshape(-1, width, 4)


def assert_maps(drawn: np.ndarray, maps: np.ndarray) -> None:
    tiles = mosaic(maps)
    open_ = np.isnan(tiles)
    assert np.array_equal(drawn[..., 3] == 0, open_)
    gray = 255 * tiles[~open_] / max(1e-9, maps.max())
    assert np.abs(drawn[..., 0][~open_] - gray).max() <= 0.51


def assert_shows(place: Locator, run: Network) -> None:
    """Picture, maps, bars and the chosen unit are NumPy's."""
    found = run.forward()
    drawn = canvas(place, ".network-picture canvas")[..., 0]
    assert np.array_equal(drawn, run.picture())
    assert_maps(canvas(place, ".network-maps .bitmap canvas"), found["after"])
    for i, name in enumerate(("maps", "small", "last")):
        assert_maps(canvas(place, f".network-strip > canvas >> nth={i}"), found[name])
    bars = place.locator(".network-bars b").all_inner_texts()
    assert bars == [two(p) for p in found["probabilities"]]
    best = int(found["probabilities"].argmax())
    verdict = place.locator(".verdict").inner_text()
    name = run.names[best]
    assert verdict.startswith(f"{name[0].upper()}{name[1:]}, {bars[best]}.")
    assert ("Right;" in verdict) == (best == run.labels[run.image])
    # The unit.
    u, v = run.unit_row, run.unit_column
    padded = np.pad(found["small"], ((0, 0), (1, 1), (1, 1)))
    patch = padded[:, u : u + 3, v : v + 3]
    _, _, second, biases, *_ = run.weights()
    products = patch * second[run.map]
    sums = place.locator(".network-channels b").all_inner_texts()
    assert sums == [two(total) for total in products.sum(axis=(1, 2))]
    for title, numbers in [
        ("patch", patch[run.channel]),
        ("weights", second[run.map, run.channel]),
        ("products", products[run.channel]),
    ]:
        cells = place.locator(f'[aria-label^="{title}: "] span').all_inner_texts()
        assert cells == [two(number) for number in numbers.ravel()]
    before, bias = found["before"][run.map, u, v], biases[run.map]
    assert place.locator(".network-total").inner_text() == (
        f"Map {run.channel + 1} gives {sums[run.channel]}, all eight "
        f"{two(before - bias)}; with the bias {two(bias)} that is {two(before)}, "
        f"after ReLU {two(max(0, before))}."
    )


def press(page: Page, place: Locator, name: str, *keys: str) -> None:
    for key in keys:
        place.get_by_role("slider", name=name).press(key)
    settle(page)


def test_network_by_keyboard_alone(visit: Visit, home: str, places, make):
    with visit(home + places["network"]) as page:
        place = figure(page, "network")
        settle(page)
        assert_shows(place, make())
        press(page, place, "shift", *["ArrowDown"] * 4)
        assert_shows(place, make(down=4))
        press(page, place, "shift", "ArrowLeft", "Shift+ArrowUp", "PageUp")
        assert_shows(place, make(down=-6, right=9))
        press(page, place, "shift", "PageUp", "Shift+ArrowUp")
        assert_shows(place, make(down=-13, right=13))
        # Over the line between two maps a key leads into the next one.
        run = make()
        across, down = run.unit_column, run.unit_row
        press(page, place, "unit", *["ArrowRight"] * (14 - across))
        traits = {"down": -13, "right": 13, "map": run.map + 1, "unit_column": 0}
        assert_shows(place, make(**traits))
        press(page, place, "unit", *["ArrowUp"] * (down + 1))
        traits |= {"map": run.map + 1 - 8, "unit_row": 13}
        assert_shows(place, make(**traits))
        press(page, place, "unit", "ArrowLeft", "ArrowDown")
        traits |= {"map": run.map, "unit_row": 0, "unit_column": 13}
        assert_shows(place, make(**traits))
        press(page, place, "unit", "Home")
        assert_shows(place, make(**traits | {"map": 8, "unit_column": 0}))
        place.locator(".network-channels input:checked").press("ArrowRight")
        place.locator(".network-choice input:checked").press("ArrowRight")
        settle(page)
        traits |= {"map": 8, "unit_column": 0, "channel": 1}
        image = (make().image + 1) % len(make().labels)
        assert_shows(place, make(**traits, image=image))


def test_pictures_are_mirrored_and_erased(visit: Visit, served: str, places, make):
    with visit(served + places["network"]) as page:
        place = figure(page, "network")
        settle(page)
        place.locator("label", has_text="Mirrored").click()
        settle(page)
        assert_shows(place, make(mirrored=True))
        traits = {"mirrored": True, "row": 10, "column": 16}
        start = make()
        keys = ["ArrowRight"] * (16 - start.column)
        keys += ["ArrowUp"] * (start.row - 10)
        for mode in ("Gray", "Black"):
            place.locator("label", has_text=mode).click()
            settle(page)
            press(page, place, "eraser", *keys)
            keys = []
            assert_shows(place, make(**traits, eraser=mode.lower()))
        expect(place.locator(".verdict")).to_contain_text("mirrored, partly erased.")
        for i in range(len(start.labels)):
            place.locator(".network-choice label").nth(i).click()
            settle(page)
            assert_shows(place, make(**traits, eraser="black", image=i))
        place.locator("label", has_text="Off").click()
        settle(page)
        assert place.get_by_role("slider", name="eraser").count() == 0


def test_the_picture_is_dragged_and_reset_restores_it(
    visit: Visit, served: str, places, make
):
    with visit(served + places["network"]) as page:
        place = figure(page, "network")
        settle(page)
        before = pixels(place)
        box = place.locator(".network-picture canvas").bounding_box()
        cell = box["width"] / 28
        start = (box["x"] + 14.5 * cell, box["y"] + 14.5 * cell)
        pull(page, start, (3 * cell, -5 * cell))
        assert_shows(place, make(right=3, down=-5))
        # A tenth of the ink, or what it is, has left the picture.
        kept = make(right=3, down=-5).picture().sum() / make().picture().sum()
        gone = f"{100 * (1 - kept):.0f}\u00a0% of its ink is out of the picture."
        expect(place.locator(".verdict")).to_contain_text(gone)
        tiles = place.locator(".network-maps .bitmap canvas").bounding_box()
        cell = tiles["width"] / 119
        page.mouse.click(tiles["x"] + 50.5 * cell, tiles["y"] + 20.5 * cell)
        settle(page)
        traits = {"map": 11, "unit_row": 5, "unit_column": 5, "right": 3, "down": -5}
        assert_shows(place, make(**traits))
        page.wait_for_url(re.compile(r"network\.unit_row=5"))
        address, drawn = page.url, pixels(place)
        place.get_by_role("button", name="Reset").click()
        settle(page)
        assert pixels(place) == before
        assert_shows(place, make())
        page.wait_for_url(lambda url: "network." not in url.partition("?")[2])
    with visit(address) as page:
        place = figure(page, "network")
        settle(page)
        assert_shows(place, make(**traits))
        assert pixels(place) == drawn


@pytest.mark.parametrize(("theme", "width"), LOOKS)
def test_network_is_as_high_whatever_it_shows(
    visit: Visit, served: str, places, theme: str, width: int
):
    with visit(served + places["network"], theme, width) as page:
        place = figure(page, "network")
        content, heights = place.locator(".explorer-content"), set()

        def look() -> None:
            settle(page)
            heights.add(round(content.bounding_box()["height"]))
            assert too_narrow(place.locator(".squares > *")) == 0

        look()
        for i in range(10):
            place.locator(".network-choice label").nth(i).click()
            place.locator(".network-channels label").nth(i % 8).click()
            look()
        place.locator("label", has_text="Mirrored").click()
        place.locator("label", has_text="Gray").click()
        press(page, place, "shift", "PageUp", "Shift+ArrowUp")
        press(page, place, "unit", "End", "Shift+ArrowDown")
        look()
        assert violations(page, ".explorer") == []
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert len(heights) == 1, heights


def test_network_answers_keys_at_once(visit: Visit, served: str, places):
    """A step, with its forward pass and drawing, is done within a tenth of a second."""
    with visit(served + places["network"]) as page:
        place = figure(page, "network")
        settle(page)
        place.get_by_role("slider", name="shift").focus()
        took = []
        for key in ["ArrowRight", "ArrowDown"] * 5:
            page.evaluate("() => { window.start = performance.now(); }")
            page.keyboard.press(key)
            took.append(
                page.evaluate(
                    """async () => {
                      await new Promise(requestAnimationFrame);
                      await new Promise(requestAnimationFrame);
                      return performance.now() - window.start;
                    }"""
                )
            )
        assert np.median(took) < 1000, took


def test_network_passes_over_an_address_that_makes_no_sense(
    visit: Visit, served: str, places
):
    with visit(served + places["network"]) as page:
        place = figure(page, "network")
        settle(page)
        expected = pixels(place)
    wrong = ("right=14", "down=x", "mirrored=1", "eraser=red", "row=23", "map=16")
    query = "&".join(f"network.{pair}" for pair in (*wrong, "channel=8", "unit_row=14"))
    with visit(f"{served}{places['network']}?{query}") as page:
        place = figure(page, "network")
        settle(page)
        assert pixels(place) == expected


def test_network_says_aloud_what_it_shows_once_it_rests(
    visit: Visit, served: str, places, make
):
    with visit(served + places["network"]) as page:
        place = figure(page, "network")
        settle(page)
        live = place.get_by_role("status")
        assert live.inner_text() == ""
        press(page, place, "shift", *["ArrowDown"] * 4)
        best = make().names[int(make(down=4).forward()["logits"].argmax())]
        expect(live).to_contain_text("Moved 4 down: ")
        expect(live).to_contain_text(f"{best[0].upper()}{best[1:]}, ")
