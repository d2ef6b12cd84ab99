"""What holds for every explorer, tried on a page that holds nothing else."""

import pytest
from axe import violations
from chromium import LOOKS, Visit
from explorer_pages import figure, settle

from explorers import bundle

pytestmark = pytest.mark.build


@pytest.mark.parametrize("name", bundle.names())
def test_it_comes_to_life_without_moving_the_page(
    visit: Visit, served: str, places, name: str
):
    """In chapters and from the disk, too: tests/website counts those that are awake."""
    kept, widths = {}, (1280, 768, 360)
    with visit(served + places[name], java_script_enabled=False) as page:
        body = page.locator(f'[data-explorer="{name}"] .explorer-body').first
        assert body.inner_text(), "no words for readers without JavaScript"
        for width in widths:
            page.set_viewport_size({"width": width, "height": 900})
            kept[width] = body.bounding_box()["height"]
    for width in widths:
        with visit(served + places[name], width=width) as page:
            place = figure(page, name)
            body = place.locator(".explorer-body").bounding_box()["height"]
            content = place.locator(".explorer-content").bounding_box()["height"]
            assert body == pytest.approx(kept[width], abs=1), f"{width}: {body}, {kept}"
            assert kept[width] - content < 24, (
                f"{width}: {kept[width] - content} px are empty"
            )


@pytest.mark.parametrize(("theme", "width"), LOOKS)
@pytest.mark.parametrize("name", bundle.names())
def test_axe_finds_nothing_while_it_is_used(
    visit: Visit, served: str, places, name: str, theme: str, width: int
):
    with visit(served + places[name], theme, width) as page:
        place = figure(page, name)
        place.get_by_role("slider").first.focus()
        page.keyboard.press("ArrowRight")
        settle(page)
        assert violations(page, ".explorer") == []
        assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("name", bundle.names())
def test_everything_can_be_touched(visit: Visit, served: str, places, name: str):
    with visit(served + places[name], width=360, has_touch=True) as page:
        place = figure(page, name)
        place.locator(".explorer-content:not([aria-busy])").wait_for()
        targets = place.locator("button, input[type=range], .choice label, .target")
        for box in targets.filter(visible=True).evaluate_all(
            "all => all.map(e => e.getBoundingClientRect().toJSON())"
        ):
            assert box["width"] >= 24 and box["height"] >= 24, box


@pytest.mark.parametrize("name", bundle.names())
def test_the_keyboard_reaches_every_control_and_shows_where_it_is(
    visit: Visit, served: str, places, name: str
):
    with visit(served + places[name]) as page:
        place = figure(page, name)
        # A group of choices is one stop; arrows do the rest.
        kinds = "[role=slider], input[type=range], button, summary, fieldset"
        kinds += ", input[type=text]:not(fieldset *)"
        controls = place.locator(kinds).filter(visible=True).count()
        place.evaluate(
            "place => { place.tabIndex = -1; place.focus({ preventScroll: true }); }"
        )
        stops = []
        for _ in range(60):
            page.keyboard.press("Tab")
            inside = place.evaluate(
                """place => {
                  const e = document.activeElement;
                  if (!place.contains(e)) return null;
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


@pytest.mark.parametrize("name", bundle.names())
def test_themes_have_colors_of_their_own_and_paper_has_no_controls(
    visit: Visit, served: str, places, name: str
):
    with visit(served + places[name], "light") as page:
        place = figure(page, name)
        line, stroke = place.locator(".line").first, "e => getComputedStyle(e).stroke"
        light = line.evaluate(stroke)
        page.emulate_media(color_scheme="dark")
        page.locator("html[data-theme=dark]").wait_for()
        assert line.evaluate(stroke) != light
        page.emulate_media(media="print", color_scheme="light")
        drawn = "all => all.some(e => e.checkVisibility() && e.clientWidth > 200)"
        assert place.locator("svg").evaluate_all(drawn)
        assert place.locator("button:visible, input[type=range]:visible").count() == 0
