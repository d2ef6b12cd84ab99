"""A head taught by a few tiles, in a browser."""

import base64
import re
from pathlib import Path

import numpy as np
import pytest
from axe import violations
from chromium import LOOKS, Visit
from explorer_pages import figure, pixels, settle, states_of, too_narrow
from playwright.sync_api import Locator, Page, expect

from explorers.teach import Teach, drawn

pytestmark = pytest.mark.build


@pytest.fixture(scope="module")
def make(site: Path, places):
    """make(layer=2): what the page shows, in Python."""
    state = states_of(site, places["teach"], "teach")[0]
    pairs = np.frombuffer(base64.b64decode(state.pop("pixels")), np.uint8)
    tiles = np.stack([17 * (pairs >> 4), 17 * (pairs & 15)], -1).reshape(-1, 32, 32)
    kinds, names = np.array(state.pop("kinds")), state.pop("names")
    arrays = [np.frombuffer(base64.b64decode(h), "<f2") for h in state.pop("halves")]
    layers = [name for name, *_ in state.pop("layers")]
    features = {
        name: array.reshape(len(kinds), -1)
        for name, array in zip(layers, arrays, strict=True)
    }
    state.pop("maps")
    return lambda **traits: Teach(tiles, kinds, names, features, **(state | traits))


def in_the_middle(place: Locator) -> Locator:
    """The picture of all tiles, in the middle of the screen."""
    canvas = place.locator(".teach-tiles canvas")
    canvas.evaluate("e => e.scrollIntoView({ block: 'center' })")
    return canvas


def at(place: Locator, tile: int) -> tuple[float, float]:
    """Where the middle of a tile is, in the wide layout."""
    box = in_the_middle(place).bounding_box()
    block, i = divmod(tile, 64)
    x, y = 9 * block + i % 8 + 0.5, 1 + i // 8 + 0.5
    return box["x"] + x * box["width"] / 26, box["y"] + y * box["height"] / 9


def tap(page: Page, place: Locator, tile: int) -> None:
    page.mouse.click(*at(place, tile))
    settle(page)


def seen(place: Locator, part: str) -> str:
    return place.locator(part).inner_text().replace("\n", " ")


def assert_shows(place: Locator, run: Teach) -> None:
    """What is shown is what Python computes."""
    kinds, names, labels = np.array(run.kinds), run.names, dict(map(tuple, run.labels))
    heads = place.locator(".teach-tiles .label").all_text_contents()
    shares = place.locator(".teach-layers b").all_inner_texts()
    told = seen(place, ".teach-said")
    title = (
        f"{names[kinds[run.tile]]} {np.sum(kinds[: run.tile + 1] == kinds[run.tile])}"
    )
    assert told.lower().startswith(title)
    if not run.ready():
        assert heads == names and shares == ["–"] * len(run.layers)
        assert "one tile of each kind at least" in seen(place, ".verdict")
        return
    rest = np.array([tile not in labels for tile in range(len(kinds))])
    scores = run.scores()
    answers = scores.argmax(1)
    wrong = rest & (answers != kinds)
    assert heads == [
        f"{name}, {np.sum(wrong & (kinds == kind))} wrong"
        for kind, name in enumerate(names)
    ]
    wanted = [
        f"{100 * run.share(layer):.1f}\u00a0%" for layer in range(len(run.layers))
    ]
    assert shares == wanted
    right = f"{np.sum(rest & ~wrong)} of {rest.sum()} tiles without a label right."
    assert right in seen(place, ".verdict")
    frames = place.locator(".teach-tiles .teach-wrong").get_attribute("d")
    assert frames.count("M") == wrong.sum()
    for kind, look in enumerate(("curve", "good", "accent")):
        dots = place.locator(f".teach-map .dots.{look}:not(.teach-taught) > *")
        assert dots.count() == np.sum(rest & (answers == kind))
        own = [tile for tile, said in labels.items() if said == kind]
        assert place.locator(f".teach-map .{look}.teach-taught > *").count() == len(own)
        outline = place.locator(f".teach-tiles .{look}.teach-label").get_attribute("d")
        assert outline.count("M") == len(own)
    values = place.locator(".teach-scores b").all_inner_texts()
    assert [float(v.replace("−", "-")) for v in values] == pytest.approx(
        scores[run.tile], abs=0.0051
    )
    if run.tile in labels:
        assert told.endswith(f"labeled {names[labels[run.tile]]}")
    else:
        answer = names[answers[run.tile]] + (", wrong" if wrong[run.tile] else "")
        assert told.endswith(f"taken for {answer}")
    near = [
        seen_.replace("\n", " ")
        for seen_ in place.locator(".teach-near > div").all_inner_texts()
    ]
    assert near == [f"{names[labels[i]]} {far:.1f}" for i, far in run.neighbors()]


def test_teach_by_keyboard_alone(visit: Visit, home: str, places, make):
    with visit(home + places["teach"]) as page:
        place = figure(page, "teach")
        settle(page)
        run = make()
        assert_shows(place, run)
        knob = place.get_by_role("slider", name="tile")
        for key in ("ArrowRight", "ArrowDown", "ArrowDown", "ArrowLeft", "ArrowRight"):
            knob.press(key)
        settle(page)
        assert_shows(place, make(tile=17))
        assert knob.get_attribute("aria-valuetext").startswith("brick 18: taken for ")
        # 1 to 3 say what it is, the last word counts; 0 takes it back.
        for key, kind in (("2", 1), ("1", 0)):
            knob.press(key)
            settle(page)
            labels = sorted([*run.labels, [17, kind]])
            assert_shows(place, make(tile=17, labels=labels))
        knob.press("0")
        settle(page)
        assert_shows(place, make(tile=17))
        # Enter says what is chosen, and takes it back.
        knob.press("Enter")
        settle(page)
        assert_shows(place, make(tile=17, labels=sorted([*run.labels, [17, 0]])))
        knob.press("Enter")
        # Out of a block into the next, over the gap between them.
        for key in ("End", "Home", "Shift+ArrowRight"):
            knob.press(key)
        settle(page)
        tile = 64 + 2 * 8 + 1
        assert_shows(place, make(tile=tile))
        assert knob.evaluate("e => e === document.activeElement")


def test_every_layer_and_both_scales(visit: Visit, served: str, places, make):
    with visit(served + places["teach"]) as page:
        place = figure(page, "teach")
        settle(page)
        for word, scaled in (("as it is", False), ("divided by its spread", True)):
            place.locator(".teach-scaling label", has_text=word).click()
            for layer in range(4):
                place.locator(".teach-layers label").nth(layer).click()
                settle(page)
                run = make(layer=layer, scaled=scaled)
                assert_shows(place, run)
                ticks = place.locator(".teach-ticks").nth(layer).locator("i")
                lefts = ticks.evaluate_all(
                    "all => all.map(e => parseFloat(e.style.left))"
                )
                draws = 100 * np.array(run.shares_of_draws(layer))
                assert lefts == pytest.approx(draws, abs=1e-3)


def test_tiles_are_tapped_drawn_and_forgotten(visit: Visit, served: str, places, make):
    with visit(served + places["teach"]) as page:
        place = figure(page, "teach")
        settle(page)
        before, first = pixels(place), make()
        tap(page, place, 10)
        assert_shows(place, make(tile=10, labels=sorted([*first.labels, [10, 0]])))
        tap(page, place, 10)
        assert_shows(place, make(tile=10))
        # What lies under the mouse is looked at, in the tiles and on the map.
        page.mouse.move(*at(place, 100))
        settle(page)
        assert_shows(place, make(tile=100))
        place.get_by_role("button", name="Forget all").click()
        settle(page)
        assert_shows(place, make(tile=_tile(place, first), labels=[]))
        labels = []
        for kind, tile in ((2, 130), (2, 131), (0, 5), (1, 70), (0, 71)):
            place.locator(".teach-kinds label").nth(kind).click()
            tap(page, place, tile)
            labels = sorted([*labels, [tile, kind]])
            assert_shows(place, make(tile=tile, labels=labels))
        expect(place.locator(".verdict")).to_contain_text(
            "From 5 labels, 1 of them false."
        )
        place.locator(".teach-layers label").nth(3).click()
        page.wait_for_url(
            re.compile(r"teach\.labels=5\.0%7E70\.1%7E71\.0%7E130\.2%7E131\.2")
        )
        page.wait_for_url(re.compile(r"teach\.layer=3"))
        address = page.url
        shown = place.locator(".teach-layers b").all_inner_texts()
        again = place.get_by_role("button", name="Six at random")
        for number in (2, 3):
            again.click()
            settle(page)
            labels = drawn(number, np.array(first.kinds))
            run = make(tile=_tile(place, first), layer=3, labels=labels)
            assert_shows(place, run)
        place.get_by_role("button", name="Reset").click()
        settle(page)
        assert pixels(place) == before
        assert_shows(place, first)
        page.wait_for_url(lambda url: "teach." not in url.partition("?")[2])
    with visit(address) as page:
        place = figure(page, "teach")
        settle(page)
        assert place.locator(".teach-layers b").all_inner_texts() == shown
        labels = [[5, 0], [70, 1], [71, 0], [130, 2], [131, 2]]
        assert_shows(place, make(layer=3, labels=labels))


def _tile(place: Locator, run: Teach) -> int:
    """The tile looked at."""
    name, number = seen(place, ".teach-said b").lower().split()
    return 64 * run.names.index(name) + int(number) - 1


def test_a_dot_of_the_map_is_a_tile(visit: Visit, served: str, places, make):
    with visit(served + places["teach"]) as page:
        place = figure(page, "teach")
        settle(page)
        first = make()
        dots = place.locator(".teach-map .dots.accent.teach-taught > *")
        box = dots.first.bounding_box()
        spot = (box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        page.mouse.move(*spot)
        settle(page)
        tile = _tile(place, first)
        assert_shows(place, make(tile=tile))
        x, y = np.reshape(first.maps[first.layer], (2, -1))
        own = next(tile for tile, kind in first.labels if kind == 2)
        assert np.hypot(x[tile] - x[own], y[tile] - y[own]) < 3
        page.mouse.click(*spot)
        settle(page)
        assert_shows(place, make(tile=tile))


def test_thirty_labels_are_all_it_takes(visit: Visit, served: str, places, make):
    tiles = range(0, 192, 6)
    labels = [[tile, tile // 64] for tile in tiles]
    text = "~".join(f"{tile}.{kind}" for tile, kind in labels[:30])
    with visit(f"{served}{places['teach']}?teach.labels={text}") as page:
        place = figure(page, "teach")
        settle(page)
        assert_shows(place, make(labels=labels[:30]))
        expect(place.locator(".verdict")).to_contain_text("30 labels are all it takes.")
        tap(page, place, 7)
        assert_shows(place, make(tile=7, labels=labels[:30]))
        tap(page, place, 6)
        assert_shows(
            place, make(tile=6, labels=[pair for pair in labels[:30] if pair[0] != 6])
        )


def test_teach_passes_over_an_address_that_makes_no_sense(
    visit: Visit, served: str, places
):
    with visit(served + places["teach"]) as page:
        place = figure(page, "teach")
        settle(page)
        expected = pixels(place)
    for query in (
        "teach.labels=1.0~1.1&teach.layer=-1&teach.kind=3&teach.drawn=0",
        "teach.labels=5.0~4.1&teach.scaled=maybe",
        "teach.labels=1.3~x",
        "teach.labels=" + "~".join(f"{i}.0" for i in range(31)),
    ):
        with visit(f"{served}{places['teach']}?{query}") as page:
            place = figure(page, "teach")
            settle(page)
            assert pixels(place) == expected
    # Tiles and layers that there are not.
    with visit(
        f"{served}{places['teach']}?teach.labels=1.0~999.1&teach.layer=9"
    ) as page:
        place = figure(page, "teach")
        settle(page)
        assert "there is no grass, no gravel" in seen(place, ".verdict")


def test_a_finger_labels_a_tile_and_takes_it_back(
    visit: Visit, served: str, places, make
):
    with visit(served + places["teach"], width=360, has_touch=True) as page:
        place = figure(page, "teach")
        settle(page)
        box = in_the_middle(place).bounding_box()
        unit = box["width"] / 12
        assert unit >= 24
        spot = (box["x"] + 5.5 * unit, box["y"] + 2.5 * unit)
        for labels in (sorted([*make().labels, [17, 0]]), make().labels):
            page.touchscreen.tap(*spot)
            settle(page)
            assert_shows(place, make(tile=17, labels=labels))


@pytest.mark.parametrize(("theme", "width"), LOOKS)
def test_teach_is_as_high_whatever_it_shows(
    visit: Visit, served: str, places, theme: str, width: int
):
    with visit(served + places["teach"], theme, width) as page:
        place = figure(page, "teach")
        settle(page)
        content, heights = place.locator(".explorer-content"), set()

        def look() -> None:
            settle(page)
            heights.add(round(content.bounding_box()["height"]))
            assert violations(page, ".explorer") == []
            assert (
                too_narrow(
                    place.locator(".teach-near span, .teach-name, .teach-layers b")
                )
                == 0
            )

        look()
        for layer in range(4):
            place.locator(".teach-layers label").nth(layer).click()
        look()
        knob = place.get_by_role("slider", name="tile")
        for key in ("End", "2"):
            knob.press(key)
        look()
        place.get_by_role("button", name="Forget all").click()
        look()
        assert len(heights) == 1, heights
        assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_teach_says_aloud_what_it_shows_once_it_rests(
    visit: Visit, served: str, places
):
    with visit(served + places["teach"]) as page:
        place = figure(page, "teach")
        settle(page)
        live = place.get_by_role("status")
        assert live.inner_text() == ""
        place.get_by_role("slider", name="tile").press("ArrowRight")
        expect(live).to_contain_text("tiles without a label right.")
        expect(live).to_contain_text("Brick 2: taken for ")
        place.get_by_role("button", name="Forget all").click()
        expect(live).to_contain_text("there is no brick, no grass, no gravel.")
