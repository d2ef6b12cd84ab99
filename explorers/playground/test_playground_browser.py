"""The playground in a browser: its training while one watches."""

import re

import numpy as np
import pytest
from axe import violations
from chromium import LOOKS, Visit
from explorer_pages import pixels, settle
from playwright.sync_api import JSHandle, Locator, Page, expect

from explorers.playground import LAST, Playground

pytestmark = pytest.mark.build

SAID = '[data-explorer="playground"] .verdict strong'


def figure(page: Page) -> Locator:
    """The figure, at rest."""
    place = page.locator('[data-explorer="playground"]')
    place.scroll_into_view_if_needed()
    place.locator("svg").first.wait_for()
    settle(page)  # what was pressed just now makes it busy in the next frame
    place.locator(".explorer-content:not([aria-busy])").wait_for(timeout=60_000)
    return place


def epoch(place: Locator) -> int:
    return int(re.match(r"Epoch (\d+),", place.locator(".verdict").inner_text())[1])


def reach(page: Page, epochs: int) -> None:
    """Wait until the training is that far."""
    page.wait_for_function(
        """([said, epochs]) => {
          const text = document.querySelector(said).textContent;
          return Number(text.match(/Epoch (\\d+)/)[1]) >= epochs;
        }""",
        arg=[SAID, epochs],
        timeout=60_000,
    )


def watch(page: Page) -> JSHandle:
    """A list that gets every epoch that is shown from now on."""
    return page.evaluate_handle(
        """said => {
          const text = document.querySelector(said);
          const seen = [];
          const note = () => seen.push(Number(text.textContent.match(/\\d+/)[0]));
          new MutationObserver(note).observe(text, { childList: true });
          return seen;
        }""",
        SAID,
    )


def shown(place: Locator) -> list[list[str]]:
    """Loss and share of right answers, of training and of held-out points."""
    cells = place.locator(".ledger [role=cell]").all_inner_texts()[1:]
    return [cells[:2], cells[2:]]


def wanted(run: Playground) -> list[list[str]]:
    """What NumPy has there."""
    (theta,) = run.trained(run.epochs)
    scores = [run.score(theta, part) for part in range(2)]
    return [
        [f"{loss:.3f}", f"{100 * right:.{int(right < 1)}f} %"] for loss, right in scores
    ]


def press(place: Locator, name: str) -> None:
    place.get_by_role("button", name=name).press("Enter")


def test_it_trains_in_a_worker_and_plays_pauses_steps_and_rewinds(
    visit: Visit, home: str, places
):
    with visit(home + places["playground"] + "?playground.data=circles") as page:
        place = figure(page)
        assert len(page.workers) == 1
        assert shown(place) == wanted(Playground(data="circles"))
        place.get_by_role("button", name="Play").click()
        reach(page, 20)
        page.evaluate("scrollTo(0, 0)")  # out of sight it waits
        page.wait_for_timeout(300)
        before = epoch(place)
        page.wait_for_timeout(300)
        assert epoch(place) == before
        place.scroll_into_view_if_needed()
        reach(page, 30)
        place.get_by_role("button", name="Pause").click()
        place = figure(page)
        now = epoch(place)
        assert shown(place) == wanted(Playground(data="circles", epochs=now))
        assert float(shown(place)[0][0]) < 0.2 and now >= 30
        page.wait_for_url(f"**playground.epochs={now}**")
        press(place, "Step")
        assert epoch(figure(page)) == now + 1, "it did not stop"
        assert shown(place) == wanted(Playground(data="circles", epochs=now + 1))
        press(place, "Rewind")
        assert epoch(figure(page)) == 0
        assert place.get_by_role("button", name="Rewind").is_disabled()
        before = shown(place)
        press(place, "Reset")
        assert shown(figure(page)) == wanted(Playground()) != before
        page.wait_for_url(lambda address: "playground." not in address)


def test_new_settings_get_as_many_epochs_at_rest_and_begin_anew_while_it_plays(
    visit: Visit, served: str, places
):
    with visit(served + places["playground"] + "?playground.epochs=40") as page:
        place = figure(page)
        place.get_by_role("slider", name="Learning rate ρ").press("ArrowRight")
        place.get_by_role("slider", name="Layer 3").press("ArrowRight")
        place.get_by_role("radio", name="Spiral").focus()
        page.keyboard.press("ArrowRight")
        changed = {"data": "circles", "rate": 0.21, "hidden": [8, 8, 1]}
        assert shown(figure(page)) == wanted(Playground(epochs=40, **changed))
        assert "2-8-8-1-1" in place.locator(".verdict").inner_text()
        press(place, "Play")
        reach(page, 45)
        seen = watch(page)
        place.get_by_role("radio", name="XOR").check()
        page.wait_for_function("seen => Math.min(...seen) < 10", arg=seen)
        press(place, "Pause")
        place = figure(page)
        run = Playground(**{**changed, "data": "xor"}, epochs=epoch(place))
        assert shown(place) == wanted(run)


def test_every_setting_is_reached_by_keyboard_and_kept_in_the_address(
    visit: Visit, served: str, places
):
    with visit(served + places["playground"]) as page:
        place = figure(page)
        place.locator("summary").press("Enter")
        for group, times in [("Activation", 1), ("Initialization", 1), ("Batch", 1)]:
            place.get_by_role("group", name=group).locator(":checked").focus()
            for _ in range(times):
                page.keyboard.press("ArrowRight")
        place.get_by_role("group", name="Axes").locator(":checked").focus()
        page.keyboard.press("ArrowRight")
        place.get_by_role("radio", name="Layer 2").focus()
        page.keyboard.press("ArrowUp")
        place.get_by_role("slider", name="Layer 2").press("ArrowLeft")
        place.get_by_role("slider", name="Seed").press("ArrowRight")
        for _ in range(3):
            press(place, "Step")
        run = Playground(
            activation="relu", init="he", batch=50, hidden=[8, 7, 0], seed=3, epochs=3
        )
        assert shown(figure(page)) == wanted(run)
        label = place.locator(".plot").nth(1).locator(".axis-label")
        assert label.all_text_contents() == ["unit 1", "layer 1: unit 2"]
        drawn = pixels(place)
        page.wait_for_url(re.compile(r"playground\.epochs=3\b"))
        address = page.url
    for part in ["hidden=8%7E7%7E0", "layer=1", "axes=1", "init=he", "batch=50"]:
        assert f"playground.{part}" in address
    with visit(address) as page:
        assert pixels(figure(page)) == drawn


def test_an_address_that_makes_no_sense_is_passed_over(
    visit: Visit, served: str, places
):
    wrong = "hidden=9~1~1 data=iris batch=7 epochs=-1 rate=0 init=__proto__ axes=9"
    query = "&".join(f"playground.{part}" for part in wrong.split())
    with visit(served + places["playground"]) as page:
        drawn = pixels(figure(page))
    with visit(served + places["playground"] + "?" + query) as page:
        assert pixels(figure(page)) == drawn


REFUSALS = {
    "throws": "window.Worker = class { constructor() { throw Error('refused'); } };",
    "fails": """window.Worker = class {
      postMessage() { setTimeout(() => this.onerror(new Event("error")), 50); }
      terminate() {}
    };""",
}


@pytest.mark.parametrize("how", REFUSALS)
def test_where_workers_are_refused_the_page_trains_itself(
    visit: Visit, served: str, places, how: str
):
    with visit(served + places["playground"]) as page:
        page.add_init_script(REFUSALS[how])
        page.goto(served + places["playground"] + "?playground.epochs=20")
        place = figure(page)
        assert not page.workers
        assert shown(place) == wanted(Playground(epochs=20))
        press(place, "Play")
        reach(page, 25)
        press(place, "Pause")
        place = figure(page)
        assert shown(place) == wanted(Playground(epochs=epoch(place)))


def test_with_reduced_motion_nothing_moves_and_play_shows_later_epochs_at_once(
    visit: Visit, served: str, places
):
    with visit(served + places["playground"], reduced_motion="reduce") as page:
        place = figure(page)
        seen = watch(page)
        press(place, "Play")
        assert epoch(figure(page)) == 250
        assert seen.json_value() == [250]
        assert place.get_by_role("button", name="Play").is_visible()


def test_it_says_once_at_rest_how_the_training_stands(
    visit: Visit, served: str, places
):
    # It has learned from epoch 35 on, and trains too long from epoch 268 on.
    query = "?playground.data=circles&playground.epochs=100"
    with visit(served + places["playground"] + query) as page:
        place = figure(page)
        live = place.get_by_role("status")
        press(place, "Play")
        reach(page, 105)
        assert live.inner_text() == "", "it speaks while it trains"
        press(place, "Pause")
        expect(live).not_to_be_empty()
        now = epoch(place)
        (training, heldout) = wanted(Playground(data="circles", epochs=now))
        said = live.inner_text()
        assert said.startswith(f"Epoch {now}. Learned. ")
        assert said.endswith(
            f"Training loss {training[0]}, right {training[1]}; "
            f"held out {heldout[0]}, right {heldout[1]}."
        )


def test_the_least_held_out_loss_is_marked_where_the_curve_is_thinned_out(
    visit: Visit, served: str, places
):
    query = "?playground.data=circles&playground.epochs=700"
    with visit(served + places["playground"] + query) as page:
        place = figure(page)
        assert "after epoch 44," in place.locator(".verdict").inner_text()
        assert place.locator(".dots.accent.hollow circle").count() == 1


def test_it_plays_to_its_last_epoch_and_then_from_the_first(
    visit: Visit, served: str, places
):
    query = f"?playground.epochs={LAST - 3}&playground.hidden=2~0~0"
    with visit(served + places["playground"] + query) as page:
        place = figure(page)
        press(place, "Play")
        reach(page, LAST)
        assert epoch(figure(page)) == LAST
        assert place.get_by_role("button", name="Step").is_disabled()
        press(place, "Play")
        place.get_by_role("button", name="Pause").wait_for()
        page.wait_for_timeout(300)
        press(place, "Pause")
        assert 0 < epoch(figure(page)) < LAST


def test_its_tints_follow_the_theme_as_it_is_switched(
    visit: Visit, served: str, places
):
    color = """canvas => {
      const copy = document.createElement("canvas").getContext("2d");
      copy.drawImage(canvas, 0, 0);
      const { data } = copy.getImageData(0, 0, 61, 61);
      let most = 0;
      for (let i = 0; i < data.length; i += 4) {
        if (data[i + 3] > data[most + 3]) most = i;
      }
      return [...data.slice(most, most + 3)];
    }"""
    with visit(served + places["playground"] + "?playground.epochs=20") as page:
        canvas = figure(page).locator(".tinted canvas")
        seen = [canvas.evaluate(color)]
        page.evaluate("document.documentElement.dataset.theme = 'dark'")
        settle(page)
        seen.append(canvas.evaluate(color))
    for theme, rgb in zip(["light", "dark"], seen, strict=True):
        roles = {
            "light": [(0, 0x59, 0x9C), (0xC8, 0x4E, 0)],
            "dark": [(0x69, 0xC2, 0xFF), (0xFF, 0x88, 0x3A)],
        }[theme]
        # Premultiplied alpha rounds.
        assert min(np.abs(np.subtract(role, rgb)).max() for role in roles) <= 4


@pytest.mark.parametrize(("theme", "width"), LOOKS)
def test_all_settings_are_accessible_and_fit(
    visit: Visit, served: str, places, theme: str, width: int
):
    """With nothing hidden: axe, sizes to touch, the width of the page."""
    with visit(
        served + places["playground"] + "?playground.hidden=8~8~8", theme, width
    ) as page:
        place = figure(page)
        place.locator("summary").click()
        assert violations(page, ".explorer") == []
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        inside = place.bounding_box()
        for box in place.locator(
            "button, input[type=range], .choice label"
        ).evaluate_all("all => all.map(e => e.getBoundingClientRect().toJSON())"):
            assert box["width"] >= 24 and box["height"] >= 24, box
            assert box["x"] + box["width"] <= inside["x"] + inside["width"] + 1
        rows = place.locator(".layers canvas")
        assert rows.count() == 3
        for k in range(3):
            box = rows.nth(k).bounding_box()
            assert box["x"] + box["width"] <= inside["x"] + inside["width"]
            assert box["width"] / box["height"] == pytest.approx(262 / 31, rel=0.02)
