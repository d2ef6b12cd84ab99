"""Twenty points in a browser."""

import itertools
import re

import numpy as np
import pytest
from axe import violations
from chromium import LOOKS, Visit
from explorer_pages import figure, pixels, pull, settle
from playwright.sync_api import Locator, Page, expect

from explorers.capacity import LINE, Capacity, sizes

pytestmark = pytest.mark.build

POINT = re.compile(r"point (\d+) of (\d+) at \((.*), (.*)\)")


def rest(page: Page, place: Locator) -> None:
    """Wait until all that takes time has been computed and drawn."""
    settle(page)
    content = place.locator(".explorer-content")
    expect(content).not_to_have_attribute("aria-busy", "true", timeout=60_000)
    settle(page)


def readout(place: Locator) -> dict[str, float]:
    """The numbers below, by name; those in powers of ten are left out."""
    found = {}
    for pair in place.locator(".readout:visible > span").all():
        value = pair.locator("b").inner_text()
        name = pair.inner_text().removesuffix(value).strip()
        if re.fullmatch(r"[\d.]+", value):
            found[name] = float(value)
    return found


def assert_shows(place: Locator, run: Capacity) -> None:
    """The numbers below are NumPy's, to the digits that are shown."""
    shown, found = readout(place), run.fit()
    assert shown["p"] == run.features and shown["n"] == run.points
    for name, key in [("excess", "excess"), ("‖w‖", "length")]:
        assert shown[name] == pytest.approx(found[key], rel=0.0051)
    if found["training"] > 0.001:
        assert shown["training"] == pytest.approx(found["training"], rel=0.0051)


def line(place: Locator, plot: int, look: str) -> np.ndarray:
    """The corners of a line, in pixels."""
    lines = place.locator(".plot").nth(plot).locator(f'[class="line {look}"]').all()
    (path,) = [d for line in lines if (d := line.get_attribute("d"))]
    return np.array([pair.split(",") for pair in path[1:].split("L")], float)


def assert_drawn(column: np.ndarray, numbers: np.ndarray) -> None:
    """Each corner lies where its number says, to a tenth of a pixel."""
    scale = np.polynomial.Polynomial.fit(numbers, column, 1)
    assert np.abs(scale(numbers) - column).max() <= 0.11


def names(place: Locator) -> dict[str, dict[str, float]]:
    """The boxes of the curves' names, in pixels of their plot."""
    return (
        place.locator(".plot")
        .nth(1)
        .evaluate(
            """plot => {
          const { x, y } = plot.querySelector("svg").getBoundingClientRect();
          const words = [...plot.querySelectorAll(".capacity-words .label")];
          return Object.fromEntries(words.filter(e => e.textContent).map(e => {
            const box = e.getBoundingClientRect();
            return [e.textContent, { left: box.left - x, right: box.right - x,
              top: box.top - y, bottom: box.bottom - y }];
          }));
        }"""
        )
    )


def assert_names_stand_apart(place: Locator, looks: dict[str, str]) -> None:
    """No name touches another or a foreign curve; its own is the next one."""
    boxes = names(place)
    assert boxes.keys() <= looks.keys()
    for one, other in itertools.combinations(boxes.values(), 2):
        beside = one["right"] <= other["left"] or other["right"] <= one["left"]
        # A line of letters, without what it has for accents.
        lower = max(one["top"], other["top"]) - min(one["bottom"], other["bottom"])
        assert beside or lower >= -2, boxes
    away = {}
    for name, box in boxes.items():
        for curve, look in looks.items():
            corners = line(place, 1, look)
            along = np.linspace(0, len(corners) - 1, 4000)
            x, y = (np.interp(along, range(len(corners)), c) for c in corners.T)
            sideways = np.maximum(box["left"] - x, x - box["right"])
            upright = np.maximum(box["top"] + 3 - y, y - box["bottom"] + 3)
            gaps = np.hypot(sideways.clip(0), upright.clip(0))
            away[name, curve] = gaps.min()
    for name, curve in away:
        assert away[name, curve] > 0, (name, curve, boxes)
        assert away[name, name] < away[name, curve] + 4, (name, curve, boxes)


def selected(place: Locator) -> tuple[int, float, float]:
    handle = place.get_by_role("slider", name="selected point")
    text = handle.get_attribute("aria-valuetext").replace("−", "-")
    i, _, x, y = POINT.fullmatch(text).groups()
    return int(i) - 1, float(x), float(y)


def center_of(place: Locator, i: int) -> tuple[float, float]:
    box = place.locator(".dots.ink circle").nth(i).bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def test_capacity_by_keyboard_alone(visit: Visit, home: str, places):
    with visit(home + places["capacity"]) as page:
        place = figure(page, "capacity")
        rest(page, place)
        assert_shows(place, Capacity())
        x, y = Capacity().data()
        # Enter goes along the points from left to right, and around.
        point = place.get_by_role("slider", name="selected point")
        point.focus()
        for key, i in [("Enter", 1), ("Enter", 2), ("Shift+Enter", 1)]:
            page.keyboard.press(key)
            settle(page)
            assert selected(place) == pytest.approx((i, x[i], y[i]), abs=6e-4)
        for key in ("Shift+Enter", "Shift+Enter"):
            page.keyboard.press(key)
        settle(page)
        assert selected(place)[0] == 19
        # Arrows move one coordinate and leave the other where it is.
        page.keyboard.press("ArrowUp")
        settle(page)
        moved = [19.0, x[19], 0.02 * round((y[19] + 0.02) / 0.02)]
        for key in ("Shift+ArrowUp", "ArrowLeft"):
            page.keyboard.press(key)
        settle(page)
        moved = [19.0, 0.005 * round((x[19] - 0.005) / 0.005), moved[2] + 0.2]
        features = place.get_by_role("slider", name="Features p")
        for key in ["ArrowRight"] * 16:
            features.press(key)
        rest(page, place)
        run = Capacity(features=20, moved=np.round(moved, 6).tolist())
        assert_shows(place, run)
        place.get_by_role("slider", name="Penalty λ").press("End")
        rest(page, place)
        assert_shows(place, Capacity(features=20, penalty=1.0, moved=run.moved))
        assert "Ridge." in place.locator(".verdict").inner_text()
        place.locator("summary").press("Enter")
        place.get_by_role("slider", name="Points n").press("Home")
        place.get_by_role("slider", name="Noise").press("End")
        rest(page, place)
        assert_shows(place, Capacity(features=20, penalty=1.0, points=8, noise=0.6))
        place.get_by_role("button", name="Another draw").press("Enter")
        rest(page, place)
        run = Capacity(features=20, penalty=1.0, points=8, noise=0.6, seed=3)
        assert_shows(place, run)


def test_points_are_dragged_and_reset_restores_them(visit: Visit, served: str, places):
    with visit(served + places["capacity"]) as page:
        place = figure(page, "capacity")
        rest(page, place)
        before = pixels(place)
        place.get_by_role("slider", name="Features p").fill("18")
        rest(page, place)
        assert_shows(place, Capacity(features=20))
        x, y = Capacity().data()
        pull(page, center_of(place, 13), (-20, 60))
        rest(page, place)
        i, at, height = selected(place)
        assert i == 13 and at < x[13] - 0.08 and height < y[13] - 0.6
        run = Capacity(features=20, moved=[13.0, at, height])
        assert_shows(place, run)
        # Of two points whose reach overlaps the nearer one is meant.
        spot = center_of(place, 5)
        pull(page, (spot[0] + 2, spot[1] + 3), (0, -30))
        rest(page, place)
        i, at, height = selected(place)
        assert i == 5 and abs(at - x[5]) < 6e-4 and height > y[5] + 0.3
        run = Capacity(features=20, moved=[*run.moved, 5.0, x[5], height])
        assert_shows(place, run)
        page.wait_for_url(re.compile(r"moved=13(%7E[-\d.]+){2}%7E5%7E"))
        shown, address = pixels(place), page.url
        place.get_by_role("button", name="Reset").click()
        rest(page, place)
        assert pixels(place) == before
        page.wait_for_url(lambda address: "capacity." not in address.partition("?")[2])
    with visit(address) as page:
        place = figure(page, "capacity")
        rest(page, place)
        assert_shows(place, run)
        # Which point is selected is no part of the state.
        for _ in range(5):
            place.get_by_role("slider", name="selected point").press("Enter")
        rest(page, place)
        assert selected(place)[0] == 5
        assert pixels(place) == shown


def test_capacity_draws_what_numpy_computes(visit: Visit, served: str, places):
    query = "?capacity.features=12&capacity.penalty=0.0001"
    with visit(served + places["capacity"] + query) as page:
        place = figure(page, "capacity")
        rest(page, place)
        run = Capacity(features=12, penalty=0.0001)
        fit = line(place, 0, "step wide")
        assert_drawn(fit[:, 0], LINE)
        assert_drawn(fit[:, 1], run.fit()["curve"])
        course = run.course()
        for look, name in [("step wide", "excess"), ("accent dashed", "training")]:
            drawn = line(place, 1, look)
            assert_drawn(drawn[:, 0], np.log(sizes(20)))
            seen = course[name] > 1e-4  # what is less lies below the plot
            assert_drawn(drawn[seen, 1], np.log(course[name][seen]))
        worst = sizes(20)[course["excess"].argmax()]
        verdict = place.locator(".verdict").inner_text()
        assert f"Worst at p\u00a0=\u00a0{worst} (" in verdict


def test_a_peak_out_of_sight_has_a_longer_axis(visit: Visit, served: str, places):
    x, y = Capacity().data()
    moved = [5.0, round(x[6] - 0.001, 4), round(y[6] + 1, 4)]
    query = "?capacity.moved=" + "~".join(f"{value:g}" for value in moved)
    with visit(served + places["capacity"] + query) as page:
        place = figure(page, "capacity")
        rest(page, place)
        run = Capacity(moved=moved)
        excess = run.course()["excess"]
        assert excess.max() > 100
        drawn = line(place, 1, "step wide")
        assert_drawn(drawn[:, 1], np.log(excess))
        assert drawn[:, 1].min() > 24, "inside of the plot"
        assert "10³" in place.locator(".plot").nth(1).inner_text()


def test_fifty_draws_have_a_mean_bias_and_variance(visit: Visit, served: str, places):
    with visit(served + places["capacity"] + "?capacity.features=6") as page:
        place = figure(page, "capacity")
        rest(page, place)
        place.get_by_role("radio", name="Fifty draws").check()
        rest(page, place)
        run = Capacity(features=6, view="fifty")
        found, shown = run.spread(), readout(place)
        assert shown["bias²"] == pytest.approx(found["bias"], rel=0.0051)
        assert shown["variance"] == pytest.approx(found["variance"], rel=0.0051)
        assert shown["median"] == pytest.approx(np.median(found["excess"]), rel=0.0051)
        low, high = np.quantile(found["excess"], [0.1, 0.9])
        text = place.locator(".readout:visible").inner_text()
        assert [float(v) for v in re.findall(r"[\d.]+", text)[-2:]] == pytest.approx(
            [low, high], rel=0.0051
        )
        assert_drawn(line(place, 0, "good wide dashed")[:, 1], found["middle"])
        fan = place.locator('.plot [class="line data thin faint"]').get_attribute("d")
        assert fan.count("M") == 50
        spreads = [run.spread(p) for p in sizes(20)]
        for look, name in [
            ("good dotted wide", "bias"),
            ("data wide dashed", "variance"),
        ]:
            drawn = line(place, 1, look)
            assert_drawn(drawn[:, 1], np.log([spread[name] for spread in spreads]))
        # Another fifty, and another strength, while the last is still computed.
        place.get_by_role("button", name="Another fifty").click()
        place.get_by_role("slider", name="Penalty λ").press("End")
        rest(page, place)
        run = Capacity(features=6, view="fifty", seed=3, penalty=1.0)
        bias = readout(place)["bias²"]
        assert bias == pytest.approx(run.spread()["bias"], rel=0.0051)
        assert "Bias." in place.locator(".verdict").inner_text()
        place.get_by_role("radio", name="One draw").check()
        rest(page, place)
        assert_shows(place, Capacity(features=6, seed=3, penalty=1.0))


@pytest.mark.parametrize("width", [1280, 360])
def test_names_follow_their_own_curves(visit: Visit, served: str, places, width: int):
    with visit(served + places["capacity"], width=width) as page:
        place = figure(page, "capacity")
        rest(page, place)
        # The axis and the slider have one way to write a thousand.
        assert "1000" in place.locator(".plot").nth(1).inner_text()
        penalty = place.get_by_role("slider", name="Penalty λ")
        for view, looks in [
            ("One draw", {"training": "accent dashed", "‖w‖": "good dotted wide"}),
            (
                "Fifty draws",
                {"variance": "data wide dashed", "bias²": "good dotted wide"},
            ),
        ]:
            place.get_by_role("radio", name=view).check()
            for strength, stop in [("off", 0), ("10⁻⁴", 7), ("0.02", 14), ("1", 19)]:
                penalty.fill(str(stop))
                rest(page, place)
                assert penalty.get_attribute("aria-valuetext") == strength
                assert_names_stand_apart(place, looks | {"excess": "step wide"})
                # Of three near curves the middle one has its name in the legend alone.
                near = view == "One draw" and strength == "1"
                assert len(names(place)) >= (2 if near else 3)


def test_what_is_not_yet_new_is_gray(visit: Visit, served: str, places):
    """Fifty draws of forty points: the fan is there soon, the curves take seconds."""
    query = "?capacity.points=40&capacity.view=fifty"
    with visit(served + places["capacity"] + query) as page:
        place = figure(page, "capacity")
        rest(page, place)
        gray = place.locator(".capacity-old")
        expect(gray).to_have_count(0)
        verdict = place.locator(".verdict")
        worst = verdict.locator("span", has_text="Worst at").last
        before = worst.inner_text()
        place.get_by_role("slider", name="Penalty λ").press("PageUp")
        for part in (".capacity-curves", ".capacity-words"):
            expect(place.locator(part)).to_have_class(re.compile("capacity-old"))
        expect(worst).to_have_class("capacity-old")
        expect(worst).to_have_css("opacity", "0.35")
        assert worst.inner_text() == before
        # What is already new is not gray: the mean, the numbers, and the dots.
        for part in (".capacity-spots", ".readout:visible"):
            expect(place.locator(part)).not_to_have_class(re.compile("capacity-old"))
        assert place.locator(".capacity-curves").get_attribute("class").endswith("old")
        rest(page, place)
        expect(gray).to_have_count(0)
        expect(worst).to_have_css("opacity", "1")
        assert worst.inner_text() != before


def test_the_hand_is_answered_while_fifty_draws_are_computed(
    visit: Visit, served: str, places
):
    """Two thousand fits to forty points take seconds, in slices between the frames."""
    with visit(served + places["capacity"] + "?capacity.points=40") as page:
        place = figure(page, "capacity")
        rest(page, place)
        content = place.locator(".explorer-content")
        features = place.get_by_role("slider", name="Features p")
        place.get_by_role("radio", name="Fifty draws").check()
        for p in ("5", "6", "7"):
            features.press("ArrowRight")
            settle(page)
            assert features.get_attribute("aria-valuetext") == p
            assert content.get_attribute("aria-busy") == "true"
        rest(page, place)
        found = Capacity(features=7, points=40).spread()
        assert readout(place)["sum"] == pytest.approx(
            found["excess"].mean(), rel=0.0051
        )


def test_capacity_by_touch_leaves_the_page_where_it_is(
    visit: Visit, served: str, places
):
    with visit(served + places["capacity"], width=360, has_touch=True) as page:
        place = figure(page, "capacity")
        rest(page, place)
        x, y = center_of(place, 17)
        scrolled = page.evaluate("scrollY")
        touch = page.context.new_cdp_session(page)
        for kind, points in [
            ("touchStart", [{"x": x, "y": y}]),
            *(("touchMove", [{"x": x - 4 * i, "y": y + 10 * i}]) for i in range(1, 6)),
            ("touchEnd", []),
        ]:
            touch.send(
                "Input.dispatchTouchEvent", {"type": kind, "touchPoints": points}
            )
        rest(page, place)
        assert selected(place)[0] == 17
        assert np.allclose(center_of(place, 17), (x - 20, y + 50), atol=4)
        assert page.evaluate("scrollY") == scrolled


@pytest.mark.parametrize(("theme", "width"), LOOKS)
def test_nothing_moves_whatever_capacity_says(
    visit: Visit, served: str, places, theme: str, width: int
):
    with visit(served + places["capacity"], theme, width) as page:
        place = figure(page, "capacity")
        content = place.locator(".explorer-content")
        heights = set()
        for view in ("Fifty draws", "One draw"):
            place.get_by_role("radio", name=view).check()
            for strength in ("Home", "PageUp", "End", "Home"):
                place.get_by_role("slider", name="Penalty λ").press(strength)
                for p in ("Home", "PageUp", "PageUp", "End"):
                    place.get_by_role("slider", name="Features p").press(p)
                    rest(page, place)
                    heights.add(round(content.bounding_box()["height"]))
            assert violations(page, ".explorer") == []
        assert len(heights) == 1, heights
        assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_capacity_passes_over_an_address_that_makes_no_sense(
    visit: Visit, served: str, places
):
    wrong = "&".join(
        f"capacity.{pair}"
        for pair in ("features=1", "points=7", "moved=40~0~0", "view=x", "penalty=2")
    )
    with visit(served + places["capacity"]) as page:
        place = figure(page, "capacity")
        rest(page, place)
        expected = pixels(place)
    for query in (wrong, "capacity.moved=1~2~0", "capacity.moved=1~0"):
        with visit(f"{served}{places['capacity']}?{query}") as page:
            place = figure(page, "capacity")
            rest(page, place)
            assert pixels(place) == expected


def test_capacity_says_aloud_what_it_shows_once_it_rests(
    visit: Visit, served: str, places
):
    with visit(served + places["capacity"]) as page:
        place = figure(page, "capacity")
        rest(page, place)
        live = place.get_by_role("status")
        assert live.inner_text() == ""
        place.get_by_role("slider", name="Features p").press("End")
        found = Capacity(features=1000).fit()
        expect(live).to_contain_text(
            f"p = 1000. Excess error {found['excess']:.4f}. More features than points. "
            "Many curves pass through all points; this one has the shortest w."
        )
