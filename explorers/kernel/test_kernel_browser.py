"""A kernel on a picture, in a browser."""

import re

import numpy as np
import pytest
from axe import violations
from chromium import LOOKS, Visit
from explorer_pages import figure, in_node, pixels, pull, settle, too_narrow
from playwright.sync_api import Locator, expect

from explorers.kernel import KERNELS, Kernel, brightest, fraction
from pictures import load_photo

pytestmark = pytest.mark.build


PIXEL = re.compile(r"row (\d+), column (\d+): (\d+), result (\S+)")


@pytest.fixture(scope="module")
def cat() -> np.ndarray:
    photo = load_photo("chelsea")[22:, 22:]
    return photo.reshape(64, 2, 64, 2).mean(axis=(1, 3)).astype("uint8")


def shown(place: Locator, name: str) -> list[str]:
    """The nine numbers of a group of squares."""
    return place.locator(f'[aria-label^="{name}: "]').locator("span").all_inner_texts()


def weight(place: Locator, i: int) -> Locator:
    return place.locator(".kernel-sum input").nth(i)


def at(place: Locator) -> tuple[int, int]:
    text = place.get_by_role("slider").get_attribute("aria-valuetext")
    row, column, *_ = PIXEL.fullmatch(text).groups()
    return int(row), int(column)


def colors(place: Locator, which: int) -> np.ndarray:
    """The picture (0) or the result (1) as drawn; shape (rows, columns, 3)."""
    canvas = place.locator("canvas").nth(which)
    data, width = canvas.evaluate(
        """c => {
          const copy = new OffscreenCanvas(c.width, c.height);
          const context = copy.getContext("2d", { willReadFrequently: true });
          context.drawImage(c, 0, 0);
          const { data } = context.getImageData(0, 0, c.width, c.height);
          return [data.join(" "), c.width];  // a long list would take a second
        }"""
    )
    return np.array(data.split(), int).reshape(-1, width, 4)[:, :, :3]


def brief(value: float) -> str:
    """A product as its small square shows it."""
    parts = 10 if abs(value) < 100 else 1
    short = np.floor(value * parts + 0.5) / parts
    return fraction(value if abs(value) < 10 else short)


def assert_shows(place: Locator, run: Kernel) -> None:
    """Numbers and colors are those of NumPy."""
    patch, result = run.patch().ravel(), run.result()
    products = patch * np.array(run.weights)
    assert shown(place, "patch") == [fraction(value) for value in patch]
    assert shown(place, "products") == [brief(value) for value in products]
    fields = place.locator(".kernel-sum input").all()
    for field, value in zip(fields, [*run.weights, run.bias], strict=True):
        expect(field).to_have_value(fraction(value))
    sign = "−" if run.bias < 0 else "+"
    total = fraction(result[run.row, run.column])
    expect(place.locator(".kernel-total > b")).to_have_text(
        f"{fraction(products.sum())} {sign} {fraction(abs(run.bias))} = {total}"
    )
    titles = place.locator(".plot .label").all_text_contents()
    assert titles == [f"Row {run.row}, column {run.column}", f"Result {total}"]
    values = place.locator(".readout b").all_inner_texts()
    below = f"{100 * np.mean(result < -1e-9):.0f}\u00a0%"
    assert values == [fraction(result.min()), fraction(result.max()), below]
    shares = (result / brightest(result)).ravel()
    wanted = in_node("kit/pixels.js", "color", *([share] for share in shares))
    # A sum between two colors may fall to either.
    assert np.abs(colors(place, 1).reshape(-1, 3) - wanted).max() <= 1
    assert np.array_equal(colors(place, 0), run.picture()[..., None].repeat(3, axis=2))


def test_kernel_by_keyboard_alone(visit: Visit, home: str, places, cat):
    with visit(home + places["kernel"]) as page:
        place = figure(page, "kernel")
        settle(page)
        row, column = at(place)
        assert_shows(place, Kernel(cat, row=row, column=column))
        knob = place.get_by_role("slider", name="pixel")
        for key in ("ArrowDown", "ArrowRight", "Shift+ArrowLeft", "ArrowUp", "ArrowUp"):
            knob.press(key)
        settle(page)
        place_now = {"row": row - 1, "column": column - 9}
        assert at(place) == (row - 1, column - 9)
        assert_shows(place, Kernel(cat, **place_now))
        # One stop for nine weights and the bias; arrows lead from one to the next.
        page.keyboard.press("Tab")
        assert weight(place, 4).evaluate("e => e === document.activeElement")
        for key in ("ArrowUp", "ArrowLeft"):
            page.keyboard.press(key)
        page.keyboard.type("-2.5")
        for key in ("ArrowRight", "PageUp", "PageUp", "PageDown", "ArrowDown"):
            page.keyboard.press(key)
        page.keyboard.type("3/9")
        for key in ("ArrowDown", "ArrowDown"):
            page.keyboard.press(key)
        page.keyboard.type("-20")
        page.keyboard.press("ArrowUp")
        page.keyboard.press("ArrowUp")
        settle(page)
        weights = list(KERNELS["blur"])
        weights[0], weights[1], weights[4] = -2.5, 1 / 9 + 1, 1 / 3
        run = Kernel(cat, weights=weights, bias=-20.0, **place_now)
        assert np.isclose(weights[1], 10 / 9)
        assert_shows(place, run)
        assert weight(place, 4).evaluate("e => e === document.activeElement")
        # The buttons step the weight that is framed.
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        settle(page)
        weights[4] = 1 / 3 - 1
        assert_shows(place, Kernel(cat, weights=weights, bias=-20.0, **place_now))


def test_every_kernel_and_border(visit: Visit, served: str, places, cat):
    with visit(served + places["kernel"]) as page:
        place = figure(page, "kernel")
        settle(page)
        row, column = at(place)
        buttons = place.locator(".kernel-presets label")
        for i, weights in enumerate(KERNELS.values()):
            buttons.nth(i).click()
            for border, word in (("repeat", "Repeated"), ("zeros", "Zeros")):
                place.locator(".tight label", has_text=word).click()
                settle(page)
                run = Kernel(
                    cat, weights=weights, border=border, row=row, column=column
                )
                assert_shows(place, run)
                total = round(sum(weights))
                verdict = place.locator(".verdict").inner_text()
                told = f"The weights add up to {total}."
                if weights == KERNELS["identity"]:
                    told = "One weight, 1, in the middle."
                assert told in verdict
        # What has no name is none of them.
        weight(place, 0).fill("7")
        settle(page)
        assert place.locator(".kernel-presets input:checked").count() == 0
        expect(place.locator(".verdict")).to_contain_text("multiplied by 8.")


def test_the_pixel_is_dragged_and_chosen_in_both_pictures(
    visit: Visit, served: str, places, cat
):
    with visit(served + places["kernel"]) as page:
        place = figure(page, "kernel")
        settle(page)
        before = pixels(place)
        row, column = at(place)
        for which in (0, 1):
            box = place.locator("canvas").nth(which).bounding_box()
            cell = box["width"] / 64
            spot = (box["x"] + 40.5 * cell, box["y"] + (50.5 - which) * cell)
            page.mouse.click(*spot)
            settle(page)
            assert at(place) == (50 - which, 40)
        box = place.locator("canvas").first.bounding_box()
        spot = (box["x"] + 40.5 * cell, box["y"] + 49.5 * cell)
        pull(page, spot, (-10 * cell, -400))
        assert at(place) == (0, 30)
        assert_shows(place, Kernel(cat, row=0, column=30))
        weight(place, 0).fill("-1/9")
        page.wait_for_url(re.compile(r"weights=-1%2F9%7E1%2F9%7E"))
        address, drawn = page.url, pixels(place)
        place.get_by_role("button", name="Reset").click()
        settle(page)
        assert pixels(place) == before and at(place) == (row, column)
        assert_shows(place, Kernel(cat, row=row, column=column))
        page.wait_for_url(lambda url: "kernel." not in url.partition("?")[2])
    with visit(address) as page:
        place = figure(page, "kernel")
        settle(page)
        weights = [-1 / 9, *KERNELS["blur"][1:]]
        assert_shows(place, Kernel(cat, weights=weights, row=0, column=30))
        assert pixels(place) == drawn


def test_half_typed_numbers_change_nothing(visit: Visit, served: str, places, cat):
    with visit(served + places["kernel"]) as page:
        place = figure(page, "kernel")
        settle(page)
        row, column = at(place)
        for text in ("", "-", "1/", "x", "11", "1/0"):
            weight(place, 0).fill(text)
            settle(page)
            assert weight(place, 0).get_attribute("aria-invalid") == "true"
            assert weight(place, 0).input_value() == text
            assert shown(place, "products")[0] != "0"
        weight(place, 0).blur()
        settle(page)
        assert weight(place, 0).get_attribute("aria-invalid") is None
        assert_shows(place, Kernel(cat, row=row, column=column))
        # What means the same stays as it is written while one writes.
        weight(place, 0).fill("2.0")
        settle(page)
        assert weight(place, 0).input_value() == "2.0"
        weight(place, 0).blur()
        settle(page)
        assert weight(place, 0).input_value() == "2"


@pytest.mark.parametrize(("theme", "width"), LOOKS)
def test_kernel_is_as_high_whatever_it_shows(
    visit: Visit, served: str, places, theme: str, width: int
):
    with visit(served + places["kernel"], theme, width) as page:
        place = figure(page, "kernel")
        content, heights = place.locator(".explorer-content"), set()
        for button in place.locator(".kernel-presets label").all():
            button.click()
            settle(page)
            heights.add(round(content.bounding_box()["height"]))
            assert violations(page, ".explorer") == []
        for field, text in ((0, "-9.77"), (3, "9.33"), (8, "-1/9"), (9, "-989.5")):
            weight(place, field).fill(text)
        settle(page)
        heights.add(round(content.bounding_box()["height"]))
        assert violations(page, ".explorer") == []
        assert len(heights) == 1, heights
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert too_narrow(place.locator(".squares > *")) == 0


def test_a_finger_chooses_a_pixel_and_still_scrolls(visit: Visit, served: str, places):
    with visit(served + places["kernel"], width=360, has_touch=True) as page:
        place = figure(page, "kernel")
        settle(page)
        box = place.locator("canvas").first.bounding_box()
        cell = box["width"] / 64
        page.touchscreen.tap(box["x"] + 10.5 * cell, box["y"] + 55.5 * cell)
        settle(page)
        assert at(place) == (55, 10)
        for field in place.locator(".kernel-sum input").all():
            size = field.bounding_box()
            assert size["width"] >= 24 and size["height"] >= 24


def test_kernel_passes_over_an_address_that_makes_no_sense(
    visit: Visit, served: str, places
):
    with visit(served + places["kernel"]) as page:
        place = figure(page, "kernel")
        settle(page)
        expected = pixels(place)
    wrong = "kernel.weights=1~2~3&kernel.bias=1000&kernel.border=x&kernel.row=-1"
    for query in (wrong, "kernel.weights=1~0~0~0~x~0~0~0~0", "kernel.column=4096"):
        with visit(f"{served}{places['kernel']}?{query}") as page:
            place = figure(page, "kernel")
            settle(page)
            assert pixels(place) == expected


def test_kernel_says_aloud_what_it_shows_once_it_rests(
    visit: Visit, served: str, places
):
    with visit(served + places["kernel"]) as page:
        place = figure(page, "kernel")
        settle(page)
        live = place.get_by_role("status")
        assert live.inner_text() == ""
        place.locator(".kernel-presets label").nth(2).click()
        expect(live).to_contain_text("The weights add up to 0.")
        expect(live).to_contain_text(": result ")
        for name in ("patch", "products"):
            assert len(shown(place, name)) == 9
