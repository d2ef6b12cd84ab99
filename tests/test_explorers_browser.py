"""The interactive figures in a browser whose network is closed."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from chromium import LOOKS, Visit, serve
from fixture_book import HEADER, FixtureBook
from playwright.sync_api import Locator, Page, expect
from test_website import violations

from explorers.approximation import Approximation
from explorers.descent import Descent
from explorers.graph import GRAPHS, Graph
from explorers.losses import Losses
from explorers.neuron import VIEW, Neuron
from notebook_utils import load_boston

pytestmark = pytest.mark.build

ROOT = Path(__file__).resolve().parent.parent

# Explorer: the page that has it.
PLACES = {
    "approximation": "book/mlp.html",
    "descent": "book/perceptron.html",
    "graph": "book/autodiff.html",
    "losses": "book/losses.html",
    "neuron": "book/perceptron.html",
    "playground": "book/training.html",
    "race": "book/optimization.html",
    "signal": "book/training.html",
}


def figure(page: Page, name: str) -> Locator:
    """An explorer that has come to life, on the screen; the first on its page."""
    place = page.locator(f'.explorer[data-explorer="{name}"]').first
    place.locator("svg").first.wait_for()
    place.scroll_into_view_if_needed()
    return place


def settle(page: Page) -> None:
    """Wait until what was changed is drawn."""
    for _ in range(2):
        page.evaluate("new Promise(requestAnimationFrame)")


def stop_clock(page: Page) -> None:
    """From here on time passes as `page.clock.run_for` says; `settle` would wait."""
    page.clock.install(time=0)
    page.clock.pause_at(1e6)


def pixels(place: Locator) -> list[str]:
    """All that is drawn, as coordinates."""
    return place.evaluate(
        """place => [...place.querySelectorAll("svg *")].map(e =>
          [...e.attributes].map(a => a.value).join(" "))"""
    )


def iterates(place: Locator) -> int:
    return place.locator(".plot").first.locator(".dots.step circle").count()


def value_of(place: Locator, name: str) -> str:
    """A number of the readout."""
    text = place.locator(".readout > span", has_text=name).inner_text()
    return text.removeprefix(name).strip().replace("−", "-").replace("\u202f", "")


@pytest.fixture(scope="module")
def reference() -> Callable[..., Descent]:
    boston = load_boston()
    return lambda **traits: Descent(boston["RM"], boston["PRICE"], **traits)


# Every explorer -----------------------------------------------------------------------


@pytest.mark.parametrize("name", PLACES)
def test_it_comes_to_life_without_moving_the_page(visit: Visit, home: str, name: str):
    for width in (1280, 768, 360) if home.startswith("http") else (1280,):
        with visit(home + PLACES[name], width=width, java_script_enabled=False) as page:
            body = page.locator(f'[data-explorer="{name}"] .explorer-body').first
            kept = body.bounding_box()["height"]
            assert body.inner_text(), "no words for readers without JavaScript"
        with visit(home + PLACES[name], width=width) as page:
            place = figure(page, name)
            body = place.locator(".explorer-body").bounding_box()["height"]
            content = place.locator(".explorer-content").bounding_box()["height"]
            assert body == pytest.approx(kept, abs=1), f"{width}: {body}, {kept} kept"
            assert kept - content < 24, f"{width}: {kept - content} px are empty"


@pytest.mark.parametrize(("theme", "width"), LOOKS)
@pytest.mark.parametrize("name", PLACES)
def test_axe_finds_nothing_while_it_is_used(
    visit: Visit, served: str, name: str, theme: str, width: int
):
    with visit(served + PLACES[name], theme, width) as page:
        place = figure(page, name)
        place.get_by_role("slider").first.focus()
        page.keyboard.press("ArrowRight")
        settle(page)
        assert violations(page, ".explorer") == []
        assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("name", PLACES)
def test_everything_can_be_touched(visit: Visit, served: str, name: str):
    with visit(served + PLACES[name], width=360, has_touch=True) as page:
        place = figure(page, name)
        targets = place.locator("button, input[type=range], .choice label, .target")
        for box in targets.filter(visible=True).evaluate_all(
            "all => all.map(e => e.getBoundingClientRect().toJSON())"
        ):
            assert box["width"] >= 24 and box["height"] >= 24, box


@pytest.mark.parametrize("name", PLACES)
def test_the_keyboard_reaches_every_control_and_shows_where_it_is(
    visit: Visit, served: str, name: str
):
    with visit(served + PLACES[name]) as page:
        place = figure(page, name)
        # A group of choices is one stop; arrows do the rest.
        kinds = "[role=slider], input[type=range], button, summary, fieldset"
        controls = place.locator(kinds).filter(visible=True).count()
        place.evaluate(
            "place => { place.tabIndex = -1; place.focus({ preventScroll: true }); }"
        )
        stops = []
        for _ in range(60):
            page.keyboard.press("Tab")
            inside = page.evaluate(
                """() => {
                  const e = document.activeElement;
                  if (!e.closest(".explorer")) return null;
                  const ring = e.querySelector?.(".ring") ?? e.nextElementSibling ?? e;
                  const seen = [e, ring].some(part => {
                    const style = getComputedStyle(part);
                    return style.outlineStyle !== "none" ||
                      (part.matches(".ring") && style.opacity === "1");
                  });
                  return [e.outerHTML.slice(0, 80), seen];
                }"""
            )
            if inside is None:
                break
            stops.append(inside)
        assert len(stops) == controls
        assert all(seen for _, seen in stops), stops


@pytest.mark.parametrize("name", PLACES)
def test_both_themes_have_colors_of_their_own(visit: Visit, served: str, name: str):
    seen = []
    for theme in ("light", "dark"):
        with visit(served + PLACES[name], theme) as page:
            line = figure(page, name).locator(".line").first
            seen.append(line.evaluate("e => getComputedStyle(e).stroke"))
    assert seen[0] != seen[1]


@pytest.mark.parametrize("name", PLACES)
def test_paper_shows_the_figure_without_its_controls(
    visit: Visit, served: str, name: str
):
    with visit(served + PLACES[name]) as page:
        place = figure(page, name)
        page.emulate_media(media="print")
        drawn = "all => all.some(e => e.checkVisibility() && e.clientWidth > 200)"
        assert place.locator("svg").evaluate_all(drawn)
        assert place.locator("button:visible, input[type=range]:visible").count() == 0


def test_pages_without_explorers_load_nothing_for_them(site: Path):
    with_them = without = 0
    for path in site.rglob("*.html"):
        text = path.read_text(encoding="utf-8")
        marks = [
            text.count(word) for word in ('<script type="module"', ".explorer-live")
        ]
        if "data-explorer=" in text:
            with_them += 1
            assert marks == [1, 1], path.name
        else:
            without += 1
            assert marks == [0, 0], path.name
    assert with_them == len(set(PLACES.values())) and without
    assert not list(site.rglob("*explorer*")), "a file of theirs is published"


# Gradient descent ---------------------------------------------------------------------

PAGE = PLACES["descent"]


def test_descent_by_keyboard_alone(visit: Visit, home: str, reference):
    with visit(home + PAGE) as page:
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


def test_descent_by_mouse(visit: Visit, home: str, reference):
    with visit(home + PAGE) as page:
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


def test_descent_by_touch_leaves_the_page_where_it_is(visit: Visit, served: str):
    with visit(served + PAGE, width=360, has_touch=True) as page:
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


def test_reset_restores_every_pixel(visit: Visit, served: str):
    with visit(served + PAGE) as page:
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


def test_playing_goes_to_the_end_stops_and_starts_anew(visit: Visit, served: str):
    with visit(served + PAGE) as page:
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


def test_with_reduced_motion_playing_shows_the_end_at_once(visit: Visit, served: str):
    with visit(served + PAGE, reduced_motion="reduce") as page:
        place = figure(page, "descent")
        place.get_by_role("button", name="Play").click()
        settle(page)
        assert iterates(place) == 31
        assert place.get_by_role("button", name="Play").is_visible()


def test_a_shared_address_restores_what_was_on_the_screen(visit: Visit, home: str):
    with visit(home + PAGE) as page:
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


def test_an_address_that_makes_no_sense_is_passed_over(visit: Visit, served: str):
    wrong = (
        "?descent.rate=NaN&descent.start=1e99&descent.loss=__proto__&descent.steps=1.5"
    )
    with visit(served + PAGE) as page:
        expected = pixels(figure(page, "descent"))
    with visit(served + PAGE + wrong) as page:
        assert pixels(figure(page, "descent")) == expected


def test_descent_says_aloud_what_happens_once_it_rests(visit: Visit, served: str):
    with visit(served + PAGE) as page:
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


def test_descent_draws_what_numpy_computes(visit: Visit, served: str, reference):
    """Every iterate on the screen lies where its number says, to a tenth of a pixel."""
    for traits in [{"rate": 5e-5}, {"loss": "well", "rate": 0.1, "start": 2.0}]:
        query = "&".join(f"descent.{name}={value}" for name, value in traits.items())
        with visit(f"{served}{PAGE}?{query}") as page:
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


# One neuron ---------------------------------------------------------------------------


def marked(place: Locator, look: str) -> int:
    """How many points of the plane are ringed."""
    return place.locator(f".plot:first-child .dots.{look} circle").count()


def center(place: Locator, name: str) -> tuple[float, float]:
    """Where a handle is."""
    box = place.get_by_role("slider", name=name).locator(".knob").bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def sums(place: Locator) -> list[float]:
    """The weights and the bias that are shown, the results of their calculations."""
    texts = place.locator(".readout.sums b").all_inner_texts()
    return [float(text.split("=")[-1].replace("−", "-")) for text in texts]


def pull(page: Page, start: tuple[float, float], by: tuple[float, float]) -> None:
    page.mouse.move(*start)
    page.mouse.down()
    page.mouse.move(start[0] + by[0], start[1] + by[1], steps=5)
    page.mouse.up()
    settle(page)


def test_the_rule_steps_through_its_mistakes_to_the_end(visit: Visit, home: str):
    run = Neuron()
    course = run.course()
    with visit(home + PLACES["neuron"]) as page:
        place = figure(page, "neuron")
        step = place.get_by_role("button", name="Step", exact=True)
        step.focus()
        for t, line in enumerate(course["lines"]):
            assert sums(place) == pytest.approx(line, abs=0.005)
            assert value_of(place, "wrong") == f"{course['wrong'][t]} of 12"
            assert marked(place, "accent") == course["wrong"][t]
            assert marked(place, "ink") == (t > 0)
            page.keyboard.press("Enter")
            settle(page)
        assert (
            place.locator(".verdict strong").inner_text() == "Done after 10 mistakes."
        )
        assert step.is_disabled()
        place.get_by_role("button", name="Back").click()
        settle(page)
        assert sums(place) == pytest.approx(course["lines"][-2], abs=0.005)


def test_on_xor_the_rule_never_ends_and_says_so(visit: Visit, home: str):
    with visit(home + PLACES["neuron"], reduced_motion="reduce") as page:
        place = figure(page, "neuron")
        place.get_by_role("radio", name="XOR").click()
        place.get_by_role("button", name="Play").click()
        settle(page)
        verdict = place.locator(".verdict").inner_text()
        assert verdict.startswith("Going in circles. The line of 4 mistakes ago")
        assert value_of(place, "mistakes") == "40"
        expect(place.get_by_role("status")).to_contain_text("2 of 4 are wrong")
        place.get_by_role("radio", name="Mixed").click()
        place.get_by_role("button", name="Play").click()
        settle(page)
        assert place.locator(".verdict strong").inner_text() == "No end."


def test_the_line_the_weights_and_the_points_are_dragged(visit: Visit, home: str):
    with visit(home + PLACES["neuron"]) as page:
        place = figure(page, "neuron")
        scale = place.locator("rect.tint").bounding_box()["width"] / (VIEW[1] - VIEW[0])
        for _ in range(2):
            place.get_by_role("button", name="Step", exact=True).click()
        settle(page)
        turned = sums(place)
        start = center(place, "the line")
        pull(page, start, (40, -30))
        assert np.allclose(center(place, "the line"), np.add(start, (40, -30)), atol=4)
        assert value_of(place, "mistakes") == "0", "what the hand moves is a beginning"
        moved = sums(place)
        assert moved[:2] == pytest.approx(turned[:2], abs=0.005)
        shift = np.array([40, 30]) / scale
        assert moved[2] - turned[2] == pytest.approx(
            -np.dot(turned[:2], shift), abs=0.15
        )
        pull(page, center(place, "the weights w"), (-50, 10))
        new = sums(place)
        assert np.subtract(new, moved)[:2] == pytest.approx(
            np.array([-50, -10]) * 2 / scale, abs=0.2
        )
        point = place.get_by_role("slider", name="point 1, class 0")
        before = sums(place)
        at = center(place, "point 1, class 0")
        pull(page, at, (-30, 30))
        assert np.allclose(
            center(place, "point 1, class 0"), np.add(at, (-30, 30)), atol=4
        )
        assert sums(place) == before, "a moved point leaves the line alone"
        assert re.match(
            r"\(−0\.\d+, −0\.\d+\), output", point.get_attribute("aria-valuetext")
        )


def test_a_neuron_by_keyboard_alone(visit: Visit, home: str):
    with visit(home + PLACES["neuron"]) as page:
        place = figure(page, "neuron")
        place.get_by_role("slider", name="the weights w").focus()
        page.keyboard.press("ArrowRight")
        settle(page)
        page.keyboard.press("Shift+ArrowUp")
        settle(page)
        assert sums(place)[:2] == pytest.approx([-0.9, 1.8])
        place.get_by_role("slider", name="the line").focus()
        page.keyboard.press("ArrowDown")
        settle(page)
        assert sums(place)[2] == pytest.approx(0.9 * 0.8 - 1.8 * 0.7)
        point = place.get_by_role("slider", name="point 3, class 1")
        point.focus()
        page.keyboard.press("ArrowLeft")
        settle(page)
        text = point.get_attribute("aria-valuetext")
        assert text == "(0.35, 1.50), output 1.00, right"
        place.get_by_role("radio", name="Step").focus()
        page.keyboard.press("ArrowRight")
        settle(page)
        run = Neuron(activation="sigmoid", line=[-0.9, 1.8, -0.54])
        output = 1 / (1 + np.exp(-(np.dot([0.35, 1.5], run.line[:2]) + run.line[2])))
        assert point.get_attribute("aria-valuetext").split()[3] == f"{output:.2f},"


def test_a_point_is_moved_by_touch_and_reset_restores_every_pixel(
    visit: Visit, served: str
):
    with visit(served + PLACES["neuron"], width=360, has_touch=True) as page:
        place = figure(page, "neuron")
        page.evaluate("scrollBy(0, 120)")
        before = pixels(place)
        x, y = center(place, "point 2, class 1")
        scrolled = page.evaluate("scrollY")
        touch = page.context.new_cdp_session(page)
        for kind, at in [
            ("touchStart", [(x + 6, y + 6)]),
            ("touchMove", [(x - 10, y + 20)]),
            ("touchMove", [(x - 30, y + 40)]),
            ("touchEnd", []),
        ]:
            points = [{"x": a, "y": b} for a, b in at]
            touch.send(
                "Input.dispatchTouchEvent", {"type": kind, "touchPoints": points}
            )
        settle(page)
        assert np.allclose(center(place, "point 2, class 1"), (x - 36, y + 34), atol=4)
        assert page.evaluate("scrollY") == scrolled
        assert pixels(place) != before
        place.get_by_role("radio", name="Identity").tap()
        place.get_by_role("button", name="Step", exact=True).tap()
        settle(page)
        place.get_by_role("button", name="Reset").tap()
        settle(page)
        assert pixels(place) == before
        page.wait_for_url(lambda address: "neuron." not in address)


def test_a_shared_address_restores_points_and_line(visit: Visit, home: str):
    with visit(home + PLACES["neuron"]) as page:
        place = figure(page, "neuron")
        place.get_by_role("radio", name="XOR").click()
        place.get_by_role("radio", name="Sigmoid").click()
        pull(page, center(place, "point 4, class 0"), (35, -20))
        pull(page, center(place, "the line"), (20, 10))
        place.get_by_role("button", name="Step", exact=True).click()
        settle(page)
        shown = pixels(place)
        page.wait_for_url("**neuron.steps=1**")
        address = page.url
    assert "neuron.points=" in address
    with visit(address) as page:
        place = figure(page, "neuron")
        assert pixels(place) == shown
        assert place.locator("svg").first.bounding_box()["y"] < 900, "it is in sight"


def test_an_address_of_other_points_is_passed_over(visit: Visit, served: str):
    wrong = "?neuron.data=moons&neuron.points=1~2~3&neuron.line=1~NaN~0&neuron.steps=99"
    other = "?neuron.points=0~0~0~1~1~0~1~1"  # four, where twelve are shown
    with visit(served + PLACES["neuron"]) as page:
        expected = pixels(figure(page, "neuron"))
    for query in (wrong, other):
        with visit(served + PLACES["neuron"] + query) as page:
            assert pixels(figure(page, "neuron")) == expected


def test_nothing_below_the_neuron_moves_while_it_is_used(visit: Visit, served: str):
    for width in (1280, 360):
        with visit(served + PLACES["neuron"], width=width) as page:
            place = figure(page, "neuron")
            body = place.locator(".explorer-body")
            kept = body.bounding_box()["height"]
            step = place.get_by_role("button", name="Step", exact=True)
            for data in ("Two groups", "Mixed", "XOR"):
                place.get_by_role("radio", name=data).click()
                step.focus()
                for _ in range(11):
                    page.keyboard.press("Enter")
                    settle(page)
                    assert body.bounding_box()["height"] == kept, (width, data)


def test_the_tint_and_the_lines_of_equal_output_lie_where_numpy_says(
    visit: Visit, served: str
):
    line = [1.2, -0.7, 0.15]
    query = "?neuron.activation=sigmoid&neuron.line=1.2~-0.7~0.15"
    with visit(served + PLACES["neuron"] + query) as page:
        plane = figure(page, "neuron").locator(".plot").first
        tint = plane.locator("rect.tint")
        left, top, size = (
            float(tint.get_attribute(name)) for name in ("x", "y", "width")
        )

        def inputs(x: float, y: float) -> np.ndarray:
            away = (VIEW[1] - VIEW[0]) / size
            return np.array(
                [VIEW[0] + away * (x - left), VIEW[1] - away * (y - top), 1]
            )

        paths = plane.locator(".line.ink.thin:not(.dashed)").evaluate_all(
            "all => all.map(e => e.getAttribute('d')).filter(d => d)"
        )
        found = []
        for path in paths:
            ends = [part.split(",") for part in path[1:].split("L")]
            outputs = [
                1 / (1 + np.exp(-inputs(float(x), float(y)) @ line)) for x, y in ends
            ]
            assert np.ptp(outputs) < 0.002
            found.append(outputs[0])
        assert found == pytest.approx([0.1, 0.5, 0.9][: len(found)], abs=0.002) or (
            sorted(found) == pytest.approx([0.5, 0.9], abs=0.002)
        )
        gradient = plane.locator("linearGradient")
        ends = [
            inputs(*(float(gradient.get_attribute(f"{axis}{i}")) for axis in "xy"))
            for i in (1, 2)
        ]
        assert [end @ line for end in ends] == pytest.approx([-6, 6], abs=1e-6)


# Universal approximation --------------------------------------------------------------

LAYER = PLACES["approximation"]


def largest_error(place: Locator) -> float:
    text = place.locator(".verdict strong").inner_text()
    return float(text.removeprefix("Largest error "))


def knob(place: Locator, at: str) -> tuple[Locator, float, float]:
    """A point of the target and where it is on the screen."""
    handle = place.get_by_role("slider", name=f"target at x = {at}")
    box = handle.locator(".knob").bounding_box()
    return handle, box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def test_approximation_by_keyboard_alone(visit: Visit, home: str):
    with visit(home + LAYER) as page:
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
    visit: Visit, home: str
):
    with visit(home + LAYER) as page:
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


def test_approximation_by_touch_leaves_the_page_where_it_is(visit: Visit, served: str):
    with visit(served + LAYER, width=360, has_touch=True) as page:
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


def test_approximation_plays_up_to_the_last_unit(visit: Visit, served: str):
    with visit(served + LAYER) as page:
        place = figure(page, "approximation")
        stop_clock(page)
        place.get_by_role("button", name="Play").click()
        page.clock.run_for(20_000)
        assert largest_error(place) == round(Approximation(units=30).error(), 3)
        assert place.get_by_role("button", name="Add").is_disabled()
    with visit(served + LAYER, reduced_motion="reduce") as page:
        place = figure(page, "approximation")
        place.get_by_role("button", name="Play").click()
        settle(page)
        assert largest_error(place) == round(Approximation(units=30).error(), 3)


def test_approximation_draws_what_numpy_computes(visit: Visit, served: str):
    """The network's line lies where the output is, to a tenth of a pixel."""
    state = {"activation": "sigmoid", "units": 5}
    query = "&".join(f"approximation.{name}={value}" for name, value in state.items())
    with visit(f"{served}{LAYER}?{query}") as page:
        place = figure(page, "approximation")
        path = place.locator(".plot").first.locator(".line.step").get_attribute("d")
        drawn = np.array([pair.split(",") for pair in path[1:].split("L")], float)
        run = Approximation(**state)
        for column, numbers in [(0, run.grid()), (1, run.output())]:
            line = np.polynomial.Polynomial.fit(numbers, drawn[:, column], 1)
            assert np.abs(line(numbers) - drawn[:, column]).max() <= 0.11


def test_approximation_passes_over_an_address_that_makes_no_sense(
    visit: Visit, served: str
):
    wrong = "&".join(
        f"approximation.{pair}"
        for pair in ("units=31", "activation=toString", "bends=1~2", "target=")
    )
    with visit(served + LAYER) as page:
        expected = pixels(figure(page, "approximation"))
    with visit(f"{served}{LAYER}?{wrong}") as page:
        assert pixels(figure(page, "approximation")) == expected


def test_nothing_moves_whatever_approximation_says(visit: Visit, served: str):
    for width in (1280, 360):
        with visit(served + LAYER, width=width) as page:
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


def test_approximation_says_aloud_what_happens_once_it_rests(visit: Visit, served: str):
    with visit(served + LAYER) as page:
        place = figure(page, "approximation")
        place.get_by_role("button", name="Add").click()
        live = place.get_by_role("status")
        expect(live).to_have_text(
            f"3 steps: largest error {Approximation(units=3).error():.3f} at x = 0.00."
        )


# Losses -------------------------------------------------------------------------------

LOSSES = PLACES["losses"]
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


def test_losses_by_keyboard_alone(visit: Visit, home: str):
    with visit(home + LOSSES) as page:
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


def test_losses_of_classes_by_mouse_and_temperature(visit: Visit, home: str):
    with visit(home + LOSSES + "?losses.view=classes") as page:
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


def test_losses_by_touch_leave_the_page_where_it_is(visit: Visit, served: str):
    with visit(served + LOSSES, width=360, has_touch=True) as page:
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
    visit: Visit, served: str, width: int
):
    with visit(served + LOSSES, width=width) as page:
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


def test_a_shared_address_restores_a_view_of_losses(visit: Visit, home: str):
    query = "?losses.view=classes&losses.logits=1~-3~4.5&losses.temperature=0.5"
    with visit(home + LOSSES + query + "&losses.target=9&losses.clip=x") as page:
        place = figure(page, "losses")
        shown = np.array(ledger(place), float)
        wanted = Losses(logits=[1.0, -3.0, 4.5], temperature=0.5).of_classes()
        assert np.allclose(shown[0], wanted["p"], atol=6e-5)
        assert shown[1].tolist() == [0, 1, 0]


def test_losses_say_aloud_what_they_show_once_at_rest(visit: Visit, served: str):
    with visit(served + LOSSES) as page:
        place = figure(page, "losses")
        live = place.get_by_role("status")
        assert live.inner_text() == ""
        place.get_by_role("slider", name="error e").press("Home")
        expect(live).to_have_text(
            "Beyond δ. Huber's pull stays at δ = 1.0, however far. "
            "Squared error pulls with 8.00, 8.0 times as hard."
        )


# Forward and backward on a graph ------------------------------------------------------


def cards(place: Locator) -> list[str]:
    """What a screen reader is told of each node."""
    return place.locator(".cards .unseen").all_text_contents()


def rounded(value: float) -> str:
    """Two decimals, as the cards write numbers from a hundredth to a thousand."""
    return f"{value:.2f}".rstrip("0").rstrip(".").replace("-", "−")


def said(name: str) -> str:
    """The name of a node as it is read: "w₁" for "w1"."""
    return name.replace("1", "₁").replace("2", "₂")


@pytest.mark.parametrize("example", GRAPHS)
def test_a_graph_is_walked_by_keyboard_forward_and_back(
    visit: Visit, home: str, example: str
):
    run = Graph(example=example).run()
    nodes = GRAPHS[example]
    computed = [node for node in nodes if node.inputs]
    with visit(home + PLACES["graph"]) as page:
        place = figure(page, "graph")
        if example == "network":
            place.get_by_role("radio").first.focus()
            page.keyboard.press("ArrowRight")
        place.get_by_role("button", name="Step").focus()
        valued = [node.name for node in nodes if not node.inputs]
        done = []
        for name in [n.name for n in computed] + [n.name for n in reversed(nodes)]:
            page.keyboard.press("Enter")
            settle(page)
            (done if name in valued else valued).append(name)
            text = place.locator(".verdict").inner_text()
            kind = "adjoints" if name in done else "values"
            assert f"= {rounded(run[kind][name])}" in text
            for node, card in zip(nodes, cards(place), strict=True):
                value, adjoint = (
                    rounded(run[kind][node.name]) for kind in ("values", "adjoints")
                )
                assert card.startswith(f"{said(node.name)}: ")
                assert (f", value {value}" in card) == (node.name in valued)
                assert (f", adjoint {adjoint}." in card) == (node.name in done)
        assert place.get_by_role("button", name="Step").is_disabled()
        assert place.locator(".line.dashed").count() == len(run["slopes"]) + 1
        place.get_by_role("button", name="Back").press("Enter")
        settle(page)
        assert ", adjoint" not in cards(place)[0]


def test_a_node_that_feeds_two_shows_both_contributions_and_their_sum(
    visit: Visit, served: str
):
    run = Graph(example="network").run()
    query = "?graph.example=network&graph.step=19"
    with visit(served + PLACES["graph"] + query) as page:
        place = figure(page, "graph")
        text = place.locator(".verdict").inner_text()
        assert "two contributions, one sum" in text
        words = place.locator(".graph > div > span.accent").all_text_contents()
        for arrow in [("w1", "o1"), ("w1", "p1")]:
            assert rounded(run["contributions"][arrow]) in words
        assert sum("adjoint" in card for card in cards(place)) == 11
        assert place.get_by_role("list", name="The nodes").is_visible()


def test_a_graph_follows_its_inputs(visit: Visit, served: str):
    with visit(served + PLACES["graph"] + "?graph.step=9") as page:
        place = figure(page, "graph")
        place.get_by_role("slider", name="input x").focus()
        for _ in range(10):
            page.keyboard.press("ArrowLeft")
        settle(page)
        run = Graph(exponential=[2.0, 2.0, -4.0]).run()
        assert f"adjoint {rounded(run['adjoints']['w'])}" in cards(place)[0]
        page.wait_for_url("**graph.exponential=2%7E2%7E-4**")
        live = place.get_by_role("status")
        expect(live).to_contain_text("adjoint of w = adjoint of z · x = 1 · 2 = 2.")
        shown = pixels(place), cards(place)
        address = page.url
    with visit(address) as page:
        place = figure(page, "graph")
        assert (pixels(place), cards(place)) == shown
        place.get_by_role("button", name="Reset").click()
        settle(page)
        page.wait_for_url(lambda address: "graph." not in address)
        reset = pixels(place), cards(place)
    with visit(served + PLACES["graph"]) as page:
        place = figure(page, "graph")
        assert (pixels(place), cards(place)) == reset


def test_a_graph_plays_to_its_end(visit: Visit, served: str):
    for motion in ("no-preference", "reduce"):
        with visit(served + PLACES["graph"], reduced_motion=motion) as page:
            place = figure(page, "graph")
            stop_clock(page)
            place.get_by_role("button", name="Play").click()
            page.clock.run_for(20_000 if motion == "no-preference" else 100)
            assert ", adjoint 22.17." in cards(place)[0]
            assert place.get_by_role("button", name="Play").is_visible()


@pytest.mark.parametrize("width", [1280, 768, 360, 320])
def test_no_step_of_a_graph_moves_what_is_below_or_leaves_the_column(
    visit: Visit, served: str, width: int
):
    with visit(served + PLACES["graph"], width=width) as page:
        place = figure(page, "graph")
        seen = set()
        for example in (0, 1):
            place.get_by_role("radio").nth(example).check()
            for step in range(21):
                settle(page)
                box = place.locator(".inputs").bounding_box()
                seen.add((round(box["y"] + page.evaluate("scrollY")), box["height"]))
                spilled = place.locator(".cards li").evaluate_all(
                    "all => all.filter(e => e.scrollWidth > e.clientWidth).length"
                )
                assert not spilled, (example, step)
                place.get_by_role("button", name="Step").dispatch_event("click")
        assert len(seen) == 1, seen
        assert page.evaluate("document.documentElement.scrollWidth") <= width


# An explorer that somebody adds -------------------------------------------------------

PYTHON = '''"""Count."""

import traitlets
from matplotlib.figure import Figure

from explorers.base import Explorer


class Counter(Explorer):
    """A number that grows."""

    words = "A number that grows </script> <b>."
    heights = (60, 60)
    count = traitlets.Int(3).tag(sync=True)

    def draw(self) -> Figure:
        figure = Figure(figsize=(1, 1))
        figure.text(0.5, 0.5, str(self.count))
        return figure
'''

JAVASCRIPT = """
import { button } from "./kit/controls.js";
import { html } from "./kit/dom.js";
import { integer } from "./kit/fields.js";

export default {
  name: "counter",
  address: { count: integer(0, 99) },
  build(figure) {
    const add = () => figure.set({ count: figure.state.count + 1 });
    const more = button("step", "More", add);
    const shown = html("b", { title: "</script><!-- <script>" });
    figure.add(more.element, shown);
    return ({ count }) => {
      shown.textContent = `${count} so far`;
    };
  },
};
"""

CELL = """
# A page

```{code-cell} ipython3
---
mystnb:
  image:
    alt: A number.
---
from explorers.counter import Counter

Counter()
```

```{code-cell} ipython3
---
mystnb:
  image:
    alt: A number.
---
Counter(count=40)
```
"""


def test_an_explorer_is_added_by_two_files_and_a_cell(
    visit: Visit, tmp_path: Path
) -> None:
    book = FixtureBook(tmp_path / "a book")
    book.write("explorers/counter.py", PYTHON)
    book.write("explorers/counter.js", JAVASCRIPT)
    book.write("book/page.md", HEADER + CELL)
    built = book.build()
    assert built.returncode == 0, built.stdout + built.stderr
    address = (book.root / "_build" / "html" / "book" / "page.html").as_uri()
    with visit(address) as page:
        first, second = page.locator(".explorer b").all()
        assert (first.inner_text(), second.inner_text()) == ("3 so far", "40 so far")
        page.get_by_role("button", name="More").last.click()
        settle(page)
        assert (first.inner_text(), second.inner_text()) == ("3 so far", "41 so far")
        page.wait_for_url("**?counter-2.count=41")
    # An edit of another page leaves this one alone.
    doctree = book.root / "_build" / "work" / "html" / "doctrees" / "book/page.doctree"
    read = doctree.stat().st_mtime_ns
    book.edit("book/intro.md", "second", "other")
    assert book.build().returncode == 0
    assert doctree.stat().st_mtime_ns == read
    # JavaScript is no part of the outputs: the page is written again, nothing runs.
    book.edit("explorers/counter.js", "so far", "until now")
    built = book.build()
    assert built.returncode == 0, built.stdout + built.stderr
    assert "executed" not in built.stdout
    with visit(address) as page:
        assert page.locator(".explorer b").first.inner_text() == "3 until now"
    # An error in it is one line, and the last good page stays.
    book.edit("explorers/counter.js", "export default {", "export default {{")
    built = book.build()
    assert built.returncode != 0
    assert re.search(r"counter\.js:\d+: ", built.stdout + built.stderr)
    assert "until now" in book.page()


def test_the_explorer_of_the_instructions_works_as_it_stands(
    visit: Visit, tmp_path: Path
) -> None:
    """CONTRIBUTING.md shows one whole; it does what it says, and keeps its place."""
    text = (ROOT / "CONTRIBUTING.md").read_text("utf8")
    text = text.partition("## How to add an explorer")[2]
    python, javascript = re.findall(r"```(?:python|js)\n(.*?)```", text, re.DOTALL)
    book = FixtureBook(tmp_path / "a book")
    book.write("explorers/slope.py", python)
    book.write("explorers/slope.js", javascript)
    cell = CELL.replace("counter", "slope").replace("Counter", "Slope")
    book.write("book/page.md", HEADER + cell.replace("count=40", "slope=1.5"))
    built = book.build()
    assert built.returncode == 0, built.stdout + built.stderr
    with serve(book.root / "_build" / "html") as address:
        for width in (1280, 360):
            with visit(address + "book/page.html", width=width) as page:
                first, second = page.get_by_role("slider", name="Slope w").all()
                assert second.get_attribute("aria-valuetext") == "1.50"
                first.press("ArrowRight")
                settle(page)
                assert first.get_attribute("aria-valuetext") == "0.55"
                assert violations(page, ".explorer") == []
                body, content = (
                    page.locator(part).first.bounding_box()["height"]
                    for part in (".explorer-body", ".explorer-content")
                )
                assert content <= body < content + 24, (width, content)


def test_the_state_of_a_page_is_json(site: Path):
    for name, place in PLACES.items():
        text = (site / place).read_text(encoding="utf-8")
        states = re.findall(
            rf'data-explorer="{name}".*?<script type="application/json">(.*?)</script>',
            text,
            flags=re.DOTALL,
        )
        assert states and all(map(json.loads, states))
