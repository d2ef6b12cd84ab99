"""The optimizer race in a browser: how it answers the hand."""

import re

import numpy as np
import pytest
from axe import violations
from chromium import LOOKS, Visit
from explorer_pages import center, pixels, pull, settle, stop_clock
from playwright.sync_api import Locator, Page, expect

from explorers.race import EPOCHS, Race
from explorers.race.test_race import race

pytestmark = pytest.mark.build


def figures(page: Page) -> tuple[Locator, Locator]:
    """The race on twenty points and the one of all methods, come to life."""
    places = page.locator('.explorer[data-explorer="race"]')
    for place in places.all():
        place.scroll_into_view_if_needed()
        place.locator("svg").first.wait_for()
    return places.first, places.last


def cells(place: Locator) -> dict[str, list[str]]:
    """The numbers beside the names of the methods."""
    signs = str.maketrans("−⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "--0123456789", "\u202f")
    return {
        row.locator("[role=rowheader]").inner_text().strip(): [
            text.translate(signs).replace(" · 10", "e")
            for text in row.locator("[role=cell]").all_inner_texts()
        ]
        for row in place.locator("[role=row]").all()[1:]
    }


def way(place: Locator, look: str) -> np.ndarray:
    """The corners of a method's line in the plane, in pixels."""
    # Two methods may look alike; those that do not run have an empty line.
    lines = place.locator(".plot").first.locator(f".line.{look}.thin").all()
    text = [d for line in lines if (d := line.get_attribute("d"))][-1]
    return np.array([pair.split(",") for pair in text[1:].split("L")], float)


def assert_drawn(drawn: np.ndarray, path: np.ndarray) -> None:
    """Each corner lies where its number says, to a tenth of a pixel."""
    assert len(drawn) == len(path)
    for column, numbers in zip(drawn.T, path.T, strict=True):
        seen = np.abs(column) < 3000  # what is far away is cut
        line = np.polynomial.Polynomial.fit(numbers[seen], column[seen], 1)
        assert np.abs(line(numbers) - column)[seen].max() <= 0.11


def test_the_start_is_dragged_and_every_way_follows(visit: Visit, served: str, places):
    with visit(served + places["race"]) as page:
        _, place = figures(page)
        place.scroll_into_view_if_needed()
        before = pixels(place)
        assert_drawn(way(place, "step"), race().path("gd"))
        pull(page, center(place, "start"), (60, 25))
        handle = place.get_by_role("slider", name="start")
        text = handle.get_attribute("aria-valuetext").replace("−", "-").strip("()")
        start = [float(value) for value in text.split(", ")]
        assert start[0] > -6.5 and start[1] < 1.5
        run = race(start=start)
        assert_drawn(way(place, "step"), run.path("gd"))
        ends = {"GD": "gd", "Nesterov": "nesterov", "Adam": "adam"}
        shown = cells(place)
        for name, key in ends.items():
            loss, arrives = shown[name]
            wanted = run.terrain().loss(run.path(key)[-1])
            assert float(loss) == pytest.approx(wanted, rel=0.051)
            assert int(arrives) == run.outcome(key)["step"]
        assert shown["AdaGrad"] == ["", ""]
        page.wait_for_url("**race-3.start=**")
        moved, address = pixels(place), page.url
        place.get_by_role("button", name="Reset").click()
        settle(page)
        assert pixels(place) == before
        page.wait_for_url(lambda address: "race-3" not in address)
    with visit(address) as page:
        _, place = figures(page)
        assert pixels(place) == moved
        assert 0 < place.locator("svg").first.bounding_box()["y"] < 900, "in sight"


def test_the_race_by_keyboard_alone(visit: Visit, served: str, places):
    with visit(served + places["race"]) as page:
        _, place = figures(page)
        place.get_by_role("slider", name="start").press("Shift+ArrowRight")
        settle(page)
        handle = place.get_by_role("slider", name="start")
        assert handle.get_attribute("aria-valuetext") == "(−7.00, 2.00)"
        place.get_by_role("radio", name="Ravine").press("ArrowRight")
        place.get_by_role("radio", name="Rosenbrock").press("ArrowRight")
        place.get_by_role("radio", name="Saddle").press("ArrowRight")
        settle(page)
        assert handle.get_attribute("aria-valuetext") == "(2.00, 1.50)"
        place.get_by_role("checkbox", name="run Nesterov").press("Space")
        place.get_by_role("checkbox", name="run momentum").press("Space")
        settle(page)
        run = race(landscape="wells")
        step = run.outcome("momentum")["step"]
        verdict = place.locator(".verdict")
        assert verdict.inner_text() == (
            f"Momentum wins. Within 0.01 of the least loss from step {step} on. "
            "GD and Adam rest elsewhere, where the slope is 0."
        )
        assert cells(place)["GD"][1] == "rests" and cells(place)["Nesterov"] == ["", ""]
        # Ticked last, it shows its settings; μ down to 0.8, where it stays in its well.
        mu = place.get_by_role("slider", name="Memory μ")
        mu.press("ArrowLeft")
        mu.press("ArrowLeft")
        settle(page)
        assert mu.get_attribute("aria-valuetext") == "0.8"
        run = race(landscape="wells", momentum=[0.02, 0.8])
        kind = run.outcome("momentum")["kind"]
        assert cells(place)["momentum"][1] == (
            "rests" if kind == "rests" else str(run.outcome("momentum").get("step"))
        )
        place.get_by_role("radio", name="momentum").press("ArrowDown")
        place.get_by_role("radio", name="Nesterov").press("ArrowDown")
        place.get_by_role("radio", name="AdaGrad").press("ArrowDown")
        place.get_by_role("radio", name="RMSProp").press("ArrowDown")
        beta = place.get_by_role("slider", name="Memory β₂")
        assert beta.get_attribute("aria-valuetext") == "0.999"
        sliders = place.locator("input[type=range]")
        assert sliders.count() == 3
        page.wait_for_url("**race-3.shown=gd%7Emomentum%7Eadam**")


def test_a_method_that_diverges_is_named_and_nobody_need_arrive(
    visit: Visit, served: str, places
):
    query = "?race-3.nesterov=0.014~0.9&race-3.gd=-1&race-3.adam=1~2~3&race-3.steps=x"
    with visit(served + places["race"] + query) as page:
        _, place = figures(page)
        verdict = place.locator(".verdict")
        assert verdict.inner_text().startswith("Adam wins.")
        assert verdict.inner_text().endswith("GD from 372. Nesterov diverges.")
        assert cells(place)["Nesterov"][1] == "lost"
        mark = place.locator(".ruler > span").first
        rate = place.get_by_role("slider", name="Rate ρ of Nesterov")
        assert mark.inner_text() == "limit"
        assert rate.get_attribute("aria-valuetext") == "0.014"
        for name in ("GD", "Nesterov", "Adam"):
            place.get_by_role("checkbox", name=f"run {name}").press("Space")
        settle(page)
        assert verdict.inner_text() == "Nobody runs. Tick a method."
        place.get_by_role("radio", name="Saddle").click()
        place.get_by_role("checkbox", name="run GD").check()
        handle = place.get_by_role("slider", name="start")
        handle.press("Home")
        handle.evaluate(
            """(handle, keys) => { for (const key of keys) handle.dispatchEvent(
              new KeyboardEvent("keydown", { key, bubbles: true })); }""",
            ["ArrowUp", "ArrowDown", *["ArrowUp"] * 69],
        )
        settle(page)
        assert handle.get_attribute("aria-valuetext") == "(−1.95, 1.95)"
        assert verdict.inner_text().startswith("Nobody arrives. GD rests elsewhere")


def test_a_race_plays_to_its_end_and_says_who_won(visit: Visit, served: str, places):
    with visit(served + places["race"]) as page:
        epochs, place = figures(page)
        stop_clock(page)
        play = place.get_by_role("button", name="Play")
        play.click()
        page.clock.run_for(60 * 40)
        place.get_by_role("button", name="Pause").click()
        page.clock.run_for(100)
        words = place.locator(".verdict").inner_text()
        t = int(words.removeprefix("Step ").partition(".")[0])
        assert 35 < t < 45
        run = race()
        losses = {
            k: run.terrain().loss(run.path(k)[t]) for k in ("gd", "nesterov", "adam")
        }
        assert f"{min(losses, key=losses.get).capitalize()} is lowest" in words
        assert cells(place)["GD"][1] == "", "it has not arrived"
        assert_drawn(way(place, "step"), run.path("gd")[: t + 1])
        play.click()
        page.clock.run_for(60 * 200)
        expect(place.get_by_role("status")).to_contain_text(
            "Nesterov wins. Within 0.01"
        )
        epochs.get_by_role("button", name="Play").click()
        page.clock.run_for(500 * 4)
        epochs.get_by_role("button", name="Pause").click()
        page.clock.run_for(100)
        said = re.match(r"Epoch (\d+): SGD is", epochs.locator(".verdict").inner_text())
        t = int(said[1])
        assert 3 < t < EPOCHS
        assert [row[0] for row in cells(epochs).values()] == [str(t), str(5 * t)]
    with visit(served + places["race"], reduced_motion="reduce") as page:
        epochs, _ = figures(page)
        epochs.get_by_role("button", name="Back").click()
        epochs.get_by_role("button", name="Play").click()
        settle(page)
        assert [row[0] for row in cells(epochs).values()] == ["10", "50"]


def test_gd_races_sgd_epoch_by_epoch(visit: Visit, home: str, places):
    with visit(home + places["race"]) as page:
        place, _ = figures(page)
        run = race(landscape="points")

        def check(run: Race) -> None:
            settle(page)
            assert_drawn(way(place, "ink"), run.path("sgd"))
            for name, row in zip(("gd", "sgd"), cells(place).values(), strict=True):
                path = run.path(name)
                assert row == [str(len(path) - 1), f"{run.points.loss(path[-1]):.4f}"]

        check(run)
        before = pixels(place)
        place.get_by_role("radio", name="Sum").check()
        check(race(landscape="points", reduction="sum"))
        assert "5 times shorter" in place.locator(".verdict").inner_text()
        rate = place.get_by_role("slider", name="Learning rate ρ")
        assert rate.get_attribute("aria-valuetext") == "0.10"
        place.get_by_role("radio", name="Mean").check()
        settle(page)
        assert rate.get_attribute("aria-valuetext") == "2.0"
        place.get_by_role("slider", name="Batch size b").press("Home")
        place.get_by_role("button", name="Shuffle anew").click()
        check(race(landscape="points", batch=1, seed=1))
        page.wait_for_url("**race.batch=1&race.seed=1**")
        shown, address = pixels(place), page.url
        place.get_by_role("button", name="Reset").click()
        settle(page)
        assert pixels(place) == before
    with visit(address) as page:
        assert pixels(figures(page)[0]) == shown


@pytest.mark.parametrize(("theme", "width"), LOOKS)
def test_landscapes_and_methods_are_clean_and_none_moves_the_page(
    visit: Visit, served: str, places, theme: str, width: int
):
    """Axe is asked once for each landscape; sizes are looked at for every method."""
    with visit(served + places["race"], theme, width) as page:
        _, place = figures(page)
        place.scroll_into_view_if_needed()
        body = place.locator(".explorer-body")
        kept = body.bounding_box()["height"]
        for name in ("momentum", "AdaGrad", "RMSProp"):
            place.get_by_role("checkbox", name=f"run {name}").check()
        for landscape in ("Rosenbrock", "Saddle", "Two wells", "Ravine"):
            place.get_by_role("radio", name=landscape).check()
            for method in ("GD", "Adam"):
                place.get_by_role("radio", name=method, exact=True).check()
                settle(page)
                assert body.bounding_box()["height"] == kept, (landscape, method)
            assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert violations(page, ".explorer") == []
        targets = place.locator(".board label, button, input[type=range], .target")
        for box in targets.evaluate_all(
            "all => all.map(e => e.getBoundingClientRect().toJSON())"
        ):
            assert box["width"] >= 24 and box["height"] >= 24, box
        content = place.locator(".explorer-content").bounding_box()["height"]
        assert kept - content < 24


def test_the_start_is_moved_by_touch_and_the_page_stays(
    visit: Visit, served: str, places
):
    with visit(served + places["race"], width=360, has_touch=True) as page:
        _, place = figures(page)
        place.scroll_into_view_if_needed()
        x, y = center(place, "start")
        scrolled = page.evaluate("scrollY")
        touch = page.context.new_cdp_session(page)
        for kind, points in [
            ("touchStart", [{"x": x + 6, "y": y + 6}]),
            *(("touchMove", [{"x": x + 6 * i, "y": y + 8 * i}]) for i in range(2, 6)),
            ("touchEnd", []),
        ]:
            touch.send(
                "Input.dispatchTouchEvent", {"type": kind, "touchPoints": points}
            )
        settle(page)
        assert np.allclose(center(place, "start"), (x + 24, y + 34), atol=4)
        assert page.evaluate("scrollY") == scrolled
