"""One neuron in a browser."""

import re

import numpy as np
import pytest
from chromium import Visit
from explorer_pages import center, figure, pixels, pull, settle, value_of
from playwright.sync_api import Locator, expect

from explorers.neuron import VIEW, Neuron

pytestmark = pytest.mark.build


def marked(place: Locator, look: str) -> int:
    """How many points of the plane are ringed."""
    return place.locator(f".plot:first-child .dots.{look} circle").count()


def sums(place: Locator) -> list[float]:
    """The weights and the bias that are shown, the results of their calculations."""
    texts = place.locator(".readout.sums b").all_inner_texts()
    return [float(text.split("=")[-1].replace("−", "-")) for text in texts]


def test_the_rule_steps_through_its_mistakes_to_the_end(
    visit: Visit, served: str, places
):
    run = Neuron()
    course = run.course()
    with visit(served + places["neuron"]) as page:
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


def test_on_xor_the_rule_never_ends_and_says_so(visit: Visit, served: str, places):
    with visit(served + places["neuron"], reduced_motion="reduce") as page:
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


def test_the_line_the_weights_and_the_points_are_dragged(
    visit: Visit, served: str, places
):
    with visit(served + places["neuron"]) as page:
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


def test_a_neuron_by_keyboard_alone(visit: Visit, home: str, places):
    with visit(home + places["neuron"]) as page:
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
    visit: Visit, served: str, places
):
    with visit(served + places["neuron"], width=360, has_touch=True) as page:
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


def test_a_shared_address_restores_points_and_line(visit: Visit, home: str, places):
    with visit(home + places["neuron"]) as page:
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


def test_an_address_of_other_points_is_passed_over(visit: Visit, served: str, places):
    wrong = "?neuron.data=moons&neuron.points=1~2~3&neuron.line=1~NaN~0&neuron.steps=99"
    other = "?neuron.points=0~0~0~1~1~0~1~1"  # four, where twelve are shown
    with visit(served + places["neuron"]) as page:
        expected = pixels(figure(page, "neuron"))
    for query in (wrong, other):
        with visit(served + places["neuron"] + query) as page:
            assert pixels(figure(page, "neuron")) == expected


def test_nothing_below_the_neuron_moves_while_it_is_used(
    visit: Visit, served: str, places
):
    for width in (1280, 360):
        with visit(served + places["neuron"], width=width) as page:
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
    visit: Visit, served: str, places
):
    line = [1.2, -0.7, 0.15]
    query = "?neuron.activation=sigmoid&neuron.line=1.2~-0.7~0.15"
    with visit(served + places["neuron"] + query) as page:
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
