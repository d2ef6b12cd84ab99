"""Forward and backward on a graph, in a browser."""

import pytest
from chromium import Visit
from explorer_pages import figure, pixels, settle, stop_clock
from playwright.sync_api import Locator, expect

from explorers.graph import GRAPHS, Graph

pytestmark = pytest.mark.build


def cards(place: Locator) -> list[str]:
    """What a screen reader is told of each node."""
    return place.locator(".cards .unseen").all_text_contents()


def rounded(value: float) -> str:
    """Two decimals, as the cards write numbers from a hundredth to a thousand."""
    return f"{value + 0:.2f}".rstrip("0").rstrip(".").replace("-", "−")


def said(name: str) -> str:
    """The name of a node as it is read: "w₁" for "w1"."""
    return name.replace("1", "₁").replace("2", "₂")


@pytest.mark.parametrize("example", GRAPHS)
def test_a_graph_is_walked_by_keyboard_forward_and_back(
    visit: Visit, home: str, places, example: str
):
    run = Graph(example=example).run()
    nodes = GRAPHS[example]
    computed = [node for node in nodes if node.inputs]
    with visit(home + places["graph"]) as page:
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
    visit: Visit, served: str, places
):
    run = Graph(example="network").run()
    query = "?graph.example=network&graph.step=15"
    with visit(served + places["graph"] + query) as page:
        place = figure(page, "graph")
        text = place.locator(".verdict").inner_text()
        assert "two contributions, one sum" in text
        words = place.locator(".graph > div > span.accent").all_text_contents()
        for arrow in [("x1", "o1"), ("x1", "o2")]:
            assert rounded(run["contributions"][arrow]) in words
        assert sum("adjoint" in card for card in cards(place)) == 9
        assert place.get_by_role("list", name="The nodes").is_visible()


def test_a_node_with_weights_tells_their_gradients(visit: Visit, served: str, places):
    query = "?graph.example=network&graph.step=12"
    with visit(served + places["graph"] + query) as page:
        text = figure(page, "graph").locator(".verdict").inner_text()
        for part in ["o₁ · x₁ = 8", "o₁ · x₂ = 16", "b₁ = o₁ = 8"]:
            assert part in text


def test_a_graph_follows_its_inputs(visit: Visit, served: str, places):
    with visit(served + places["graph"] + "?graph.step=9") as page:
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
    with visit(served + places["graph"]) as page:
        place = figure(page, "graph")
        assert (pixels(place), cards(place)) == reset


def test_a_graph_plays_to_its_end(visit: Visit, served: str, places):
    for motion in ("no-preference", "reduce"):
        with visit(served + places["graph"], reduced_motion=motion) as page:
            place = figure(page, "graph")
            stop_clock(page)
            place.get_by_role("button", name="Play").click()
            page.clock.run_for(20_000 if motion == "no-preference" else 100)
            assert ", adjoint 22.17." in cards(place)[0]
            assert place.get_by_role("button", name="Play").is_visible()


@pytest.mark.parametrize("width", [1280, 768, 360, 320])
def test_no_step_of_a_graph_moves_what_is_below_or_leaves_the_column(
    visit: Visit, served: str, places, width: int
):
    with visit(served + places["graph"], width=width) as page:
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
