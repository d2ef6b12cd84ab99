"""The year ahead, in a browser."""

import re
from pathlib import Path
from urllib.parse import unquote

import numpy as np
import pytest
from axe import violations
from chromium import LOOKS, Visit
from explorer_pages import figure, pixels, pull, settle, states_of, too_narrow
from playwright.sync_api import Locator, expect

from explorers.ahead import FORECASTS, YearAhead

pytestmark = pytest.mark.build

LOOKS_OF = dict(
    zip(FORECASTS, ("step", "good", "accent", "curve", "quiet"), strict=True)
)


@pytest.fixture(scope="module")
def make(site: Path, places):
    """make(origin=2500): what the page shows, in Python."""
    state = states_of(site, places["ahead"], "ahead")[0]

    def made(**traits) -> YearAhead:
        run = YearAhead.__new__(YearAhead)
        super(YearAhead, run).__init__(**(state | traits))
        return run

    return made


def numbers(text: str) -> list[float]:
    plain = text.replace("\u202f", "").replace("−", "-")
    return [float(found) for found in re.findall(r"-?\d+(?:\.\d+)?", plain)]


def assert_shows(place: Locator, run: YearAhead) -> None:
    """What is shown is what Python computes: words, the record, and the lines."""
    knob = place.get_by_role("slider", name="forecast origin")
    assert knob.get_attribute("aria-valuetext") == run.month(run.origin)
    verdict = place.locator(".verdict").inner_text()
    assert verdict.startswith(f"{run.month(run.origin)}, {run.series()[run.origin]}.")
    told = "The mean of what came is " in verdict
    assert told == run.came
    if told:
        assert numbers(verdict)[-1] == pytest.approx(run.truth().mean(), abs=0.051)
    rows = place.locator(".ahead-table [role=row]").all()[1:]
    for name, row in zip(FORECASTS, rows, strict=True):
        cells = row.locator("[role=cell]").all_inner_texts()
        pressed = row.locator("button").get_attribute("aria-pressed") == "true"
        assert pressed == (name in run.shown)
        if not pressed:
            assert cells == ["", "", ""]
            continue
        now, so_far, low = cells
        if run.came:
            wanted = run.record(name, [run.origin])["errors"].mean()
            assert float(now) == pytest.approx(wanted, abs=0.051)
        else:
            assert now == "–"
        if not run.visited:
            assert (so_far, low) == ("–", "–")
            continue
        record = run.record(name)
        assert float(so_far) == pytest.approx(record["errors"].mean(), abs=0.051)
        share = 100 * record["low"] / record["months"]
        assert numbers(low)[0] == pytest.approx(share, abs=0.51)
    held = place.locator(".ahead-held b").all_inner_texts()
    for name, text in zip(("line", "network"), held, strict=True):
        if name not in run.shown or not run.visited:
            assert text == "–"
            continue
        record = run.record(name)
        assert numbers(text)[:2] == [record["inside"], record["months"]]
    # The ends of the lines in the close-up, to a tenth of a pixel.
    plot = place.locator(".plot").nth(1)
    marks = plot.locator(".axes text[text-anchor=end]:not(.axis-label)")
    ticks = marks.evaluate_all(
        "all => all.map(e => [e.textContent, +e.getAttribute('y')])"
    )
    scale = np.polyfit([float(text) for text, _ in ticks], [at for _, at in ticks], 1)
    for name, look in LOOKS_OF.items():
        path = plot.locator(f".line.{look}.wide").first.get_attribute("d") or ""
        assert bool(path) == (name in run.shown)
        if path:
            drawn = [float(point.split(",")[1]) for point in path[1:].split("L")]
            wanted = np.polyval(scale, run.forecast(name)["middle"])
            assert np.abs(np.array(drawn) - wanted).max() < 0.15
    band = plot.locator(".ahead-band.curve").get_attribute("d")
    if "network" in run.shown:
        said = run.forecast("network")
        ends = np.concatenate([said["low"], said["high"][::-1]])
        drawn = [float(point.split(",")[1]) for point in band[1:].split("L")]
        assert np.abs(np.array(drawn) - np.polyval(scale, ends)).max() < 0.15


def test_ahead_by_keyboard_alone_aloud_and_from_a_shared_address(
    visit: Visit, home: str, places, make
):
    with visit(home + places["ahead"]) as page:
        place = figure(page, "ahead")
        settle(page)
        first = pixels(place)
        start = make().origin
        assert_shows(place, make())
        knob = place.get_by_role("slider", name="forecast origin")
        knob.press("ArrowRight")
        knob.press("Shift+ArrowRight")
        settle(page)
        t = start + 11
        visited = [start, start + 1]
        assert_shows(place, make(origin=t, visited=visited))
        place.get_by_role("button", name="Show what came").press("Enter")
        place.get_by_role("button", name="Next month").press("Enter")
        place.get_by_role("button", name="show neighbor").press("Enter")
        place.get_by_role("slider", name="A cycle ago").press("ArrowLeft")
        settle(page)
        traits = {
            "origin": t + 1,
            "visited": [*visited, t, t + 1],
            "came": True,
            "period": 131,
            "shown": list(FORECASTS),
        }
        assert_shows(place, make(**traits))
        expect(place.get_by_role("status")).to_have_text(
            re.compile(r"^March 1957, .* For month 12: as now \d+; .* It came \d+\.$")
        )
        seen = pixels(place)
        page.wait_for_url("**ahead.visited=*")
        address = page.url
        assert f"{start}-{start + 1}~{t}-{t + 1}" in unquote(address)
        place.get_by_role("button", name="Reset").press("Enter")
        settle(page)
        assert pixels(place) == first
        page.wait_for_url(lambda address: "ahead." not in address.partition("?")[2])
    with visit(address) as page:
        assert pixels(figure(page, "ahead")) == seen
    wrong = "?ahead.origin=x&ahead.period=99&ahead.shown=luck&ahead.came=2"
    wrong += "&ahead.visited=9-3&ahead.shuffled=maybe"
    with visit(home + places["ahead"] + wrong) as page:
        assert pixels(figure(page, "ahead")) == first


def test_what_came_stays_hidden_until_it_is_asked_for(
    visit: Visit, served: str, places, make
):
    """Neither drawn, nor in the overview, nor in the scale, nor in words."""
    with visit(served + places["ahead"]) as page:
        place = figure(page, "ahead")
        settle(page)
        run = make()
        near = place.locator(".plot").nth(1)
        assert near.locator(".line.ink.wide").get_attribute("d") == ""
        assert near.locator(".dots.ink circle").count() == 25
        known = place.locator(".plot").first.locator(".line.ink")
        later = place.locator(".plot").first.locator(".line.data")
        count = "e => e.getAttribute('d').split('L').length"
        everything = len(run.series())
        assert known.evaluate(count) == run.origin + 1
        assert later.evaluate(count) == everything - run.origin - 13
        assert_shows(place, run)
        place.get_by_role("button", name="Show what came").click()
        settle(page)
        assert known.evaluate(count) == run.origin + 13
        assert near.locator(".dots.ink circle").count() == 37
        assert_shows(place, make(came=True, visited=[run.origin]))
        place.get_by_role("button", name="Hide what came").click()
        settle(page)
        assert_shows(place, make(visited=[run.origin]))
        place.get_by_role("button", name="Show what came").click()
        place.get_by_role("button", name="Minimum 1954").click()
        settle(page)
        jumped = make().places[0][1]
        assert_shows(place, make(origin=jumped, visited=[run.origin]))


def test_ahead_counts_all_judged_years_and_forgets_them(
    visit: Visit, served: str, places, make
):
    with visit(served + places["ahead"]) as page:
        place = figure(page, "ahead")
        settle(page)
        judged = list(make().judged())
        place.get_by_role("button", name="All of 1960 to 2008").click()
        settle(page)
        assert_shows(place, make(visited=judged))
        place.get_by_role("radio", name="a shuffled split").check()
        settle(page)
        shown = list(FORECASTS)
        assert_shows(place, make(visited=judged, shown=shown, shuffled=True))
        forget = place.get_by_role("button", name="Forget")
        forget.click()
        settle(page)
        assert_shows(place, make(shown=shown, shuffled=True))
        assert forget.get_attribute("aria-disabled") == "true"
        place.get_by_role("button", name="Maximum 1957").click()
        settle(page)
        run = make(origin=2505, shown=shown, shuffled=True, visited=[make().origin])
        assert_shows(place, run)
        expect(place.locator(".verdict")).to_contain_text(
            "nearest neighbor is September 1957, 1 month before."
        )
        spot = place.locator(".plot").first.locator(".ahead-mark path")
        assert spot.count() == 1


def test_the_origin_is_dragged_and_tapped(visit: Visit, served: str, places, make):
    with visit(served + places["ahead"]) as page:
        place = figure(page, "ahead")
        settle(page)
        knob = place.get_by_role("slider", name="forecast origin")
        box = knob.locator(".knob").bounding_box()
        before = (box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        pull(page, before, (-60, 0))
        year = knob.get_attribute("aria-valuetext").split()[1]
        assert 1910 < int(year) < 1950
        svg = place.locator(".plot").first.locator("svg").first.bounding_box()
        page.mouse.click(svg["x"] + 46 + (svg["width"] - 56) / 2, svg["y"] + 60)
        settle(page)
        assert knob.get_attribute("aria-valuetext").endswith(("1878", "1879", "1880"))
        knob.press("Home")
        settle(page)
        assert knob.get_attribute("aria-valuetext") == "June 1761"
        knob.press("End")
        settle(page)
        assert knob.get_attribute("aria-valuetext") == "December 2007"
        state = place.get_by_role("button", name="Next month")
        assert state.get_attribute("aria-disabled") == "true"


@pytest.mark.parametrize(("theme", "width"), LOOKS)
def test_ahead_is_as_high_whatever_it_shows(
    visit: Visit, served: str, places, theme: str, width: int
):
    with visit(served + places["ahead"], theme, width) as page:
        place = figure(page, "ahead")
        settle(page)
        content, heights = place.locator(".explorer-content"), set()

        def look() -> None:
            settle(page)
            heights.add(round(content.bounding_box()["height"]))
            assert violations(page, ".explorer") == []
            assert page.evaluate("document.documentElement.scrollWidth") <= width
            # No cell of the table leaves the figure or meets the next one.
            parts = place.locator(".ahead-table [role=row] > *")
            assert too_narrow(parts) == 0
            ends = parts.evaluate_all(
                "all => all.map(e => e.getBoundingClientRect().right)"
            )
            box = content.bounding_box()
            assert max(ends) <= box["x"] + box["width"] + 1

        look()
        place.get_by_role("radio", name="a shuffled split").check()
        place.get_by_role("button", name="Show what came").click()
        look()
        for button in ("Maximum 1957", "Minimum 1954", "All of 1960 to 2008"):
            place.get_by_role("button", name=button).click()
            look()
        for name in ("now", "a cycle ago", "line", "network", "neighbor"):
            pattern = re.compile(f"^show .*{name}$")
            place.get_by_role("button", name=pattern).click()
        look()
        assert len(heights) == 1, heights
