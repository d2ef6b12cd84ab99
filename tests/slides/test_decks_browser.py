"""Decks in Chromium, its network closed: every slide, keys, touch, the two windows."""

import re
from pathlib import Path

import pytest
from axe import violations
from chromium import Visit
from explorer_pages import center, settle
from playwright.sync_api import Page, expect
from this_book import PAGES, ROOT, file_name

from bookpress.slides.decks import sources

DECKS = [path.stem for path in sources(ROOT)]
EACH_DECK = pytest.mark.parametrize("name", DECKS)
ONE = "slides/perceptron.html"
ALL_EXPLORERS = "slides/intro.html"
LOOKS = [("light", 1280, 720), ("dark", 1024, 768), ("light", 1920, 1080)]

# One look for each deck in `make test`, all in `make test-all`.
IN_A_LOOK = [
    pytest.param(name, *look, marks=[pytest.mark.thorough] * (number % 3 != turn))
    for number, name in enumerate(DECKS)
    for turn, look in enumerate(LOOKS)
]

# What sticks out of a slide, or out of the room that its heading and its place leave.
STICKS_OUT = """() => {
  const slide = Reveal.getCurrentSlide();
  const room = slide.getBoundingClientRect();
  const body = slide.querySelector(".deck-body").getBoundingClientRect();
  const unseen = "aside, script, .katex, svg *, .unseen, .explorer-live, legend";
  return [...slide.querySelectorAll("h2, .deck-body, .deck-body *")]
    .filter((e) => !e.closest(unseen) && e.checkVisibility() && e.offsetWidth !== 0)
    .filter((e) => {
      const box = e.getBoundingClientRect();
      const low = e.closest(".deck-body") ? body.bottom : body.top;
      return box.left < room.left - 1 || box.right > room.right + 1
        || box.bottom > low + 2
        || e.matches(".formula-box, pre, table") && e.scrollWidth > e.clientWidth + 1;
    })
    .map((e) => `${e.tagName} ${e.className}`);
}"""

# The slide alone in its deck: axe would look through all others, too, hidden or not.
ALONE = """() => {
  const slides = [...document.querySelectorAll(".slides > section")];
  window.deck = [slides[0].parentElement, slides];
  window.deck[0].replaceChildren(Reveal.getCurrentSlide());
}"""
TOGETHER = (
    "() => { const [room, slides] = window.deck; room.replaceChildren(...slides); }"
)

VALUE = "knob => `${knob.getAttribute('aria-valuetext')} ${knob.value}`"


def begin(page: Page, width: int = 1280, height: int = 720) -> int:
    """Wait until a deck is ready; return how many slides it has."""
    page.set_viewport_size({"width": width, "height": height})
    page.locator(".reveal.ready").wait_for()
    settle(page)
    return page.locator(".slides > section").count()


def show(page: Page, selector: str) -> None:
    """Go to the slide that holds an element."""
    page.evaluate(
        """selector => {
          const slide = document.querySelector(selector).closest(".slides > section");
          Reveal.slide([...slide.parentElement.children].indexOf(slide));
        }""",
        selector,
    )
    page.locator(".slides > section.present").locator(selector).first.wait_for()
    settle(page)


def slide(page: Page) -> int:
    return page.evaluate("Reveal.getIndices().h")


def sticking_out(page: Page) -> list[str]:
    settle(page)
    return page.evaluate(STICKS_OUT)


@pytest.mark.parametrize("name, theme, width, height", IN_A_LOOK)
def test_each_slide_keeps_to_its_room_and_axe_finds_nothing(
    visit: Visit, served: str, name: str, theme: str, width: int, height: int
):
    with visit(f"{served}slides/{name}.html", theme) as page:
        faults, slides = [], begin(page, width, height)
        # An explorer that computes may not be taken out of the page.
        for asleep in (".explorer:not(:has(svg))", "[aria-busy=true]"):
            page.wait_for_function("busy => !document.querySelector(busy)", arg=asleep)
            settle(page)
        for number in range(1, slides + 1):
            while page.evaluate("Reveal.availableFragments().next"):
                faults += [(number, out) for out in sticking_out(page)]
                page.evaluate("Reveal.nextFragment()")
            faults += [(number, out) for out in sticking_out(page)]
            page.evaluate(ALONE)
            faults += [(number, fault) for fault in violations(page)]
            page.evaluate(TOGETHER)
            page.evaluate("Reveal.next()")
        assert faults == []


def test_keys_move_the_slides_on_and_back(visit: Visit, home: str):
    with visit(home + ONE) as page:
        begin(page)
        for key, at in [("ArrowRight", 1), ("Space", 2), ("PageUp", 1), ("Home", 0)]:
            page.keyboard.press(key)
            assert slide(page) == at, key


def test_keys_stay_in_an_explorer_until_escape(visit: Visit, served: str):
    with visit(served + ALL_EXPLORERS) as page:
        begin(page)
        places = page.locator(".explorer").all()
        for name in {place.get_attribute("data-explorer") for place in places}:
            show(page, f'.explorer[data-explorer="{name}"]')
            at = slide(page)
            knobs = page.locator("section.present .explorer").first.locator(
                "[role=slider], input[type=range]"
            )
            knob = knobs.first
            knob.focus()
            seen = {knob.evaluate(VALUE)}
            for key in ("ArrowRight", "ArrowLeft"):
                page.keyboard.press(key)
                settle(page)
                assert slide(page) == at, name
                seen.add(knob.evaluate(VALUE))
            assert len(seen) > 1, name
            page.keyboard.press("Escape")
            assert not page.evaluate("Reveal.isOverview()")
            page.evaluate("while (Reveal.availableFragments().next) Reveal.next()")
            before = page.evaluate("JSON.stringify(Reveal.getState())")
            page.keyboard.press("PageUp")
            assert page.evaluate("JSON.stringify(Reveal.getState())") != before, name


def test_a_point_follows_the_pointer_however_the_slide_is_scaled(
    visit: Visit, served: str
):
    with visit(served + ONE) as page:
        begin(page, 1920, 1080)
        show(page, '.explorer[data-explorer="neuron"]')
        place = page.locator("section.present .explorer")
        x, y = center(place, "point 1, class 0")
        page.mouse.move(x, y)
        page.mouse.down()
        page.mouse.move(x + 90, y + 60, steps=4)
        page.mouse.up()
        settle(page)
        assert center(place, "point 1, class 0") == pytest.approx(
            (x + 90, y + 60), abs=6
        )


def test_steps_lead_an_explorer_there_and_back(visit: Visit, served: str):
    with visit(served + f"{ONE}#/mistake-by-mistake") as page:
        begin(page)
        verdict = page.locator("section.present .verdict strong")
        expect(verdict).to_have_text("5 of 12 points are wrong.")
        for key, said in [("ArrowRight", "Mistake 1."), ("ArrowRight", "Mistake 5.")]:
            page.keyboard.press(key)
            expect(verdict).to_have_text(said)
        page.keyboard.press("ArrowLeft")
        expect(verdict).to_have_text("Mistake 1.")


def test_an_address_has_slide_framework_and_state(visit: Visit, served: str):
    address = served + f"{ONE}?framework=pytorch&neuron.data=xor"
    with visit(address + "#/it-cuts-the-plane-by-one-straight-line") as page:
        begin(page)
        assert slide(page) == 4
        xor = page.locator("section.present .explorer input:checked").first
        assert xor.evaluate("input => input.value") == "xor"
        show(page, ".sd-tab-set")
        seen = page.locator("section.present .sd-tab-set > label").all()
        assert [label.inner_text() for label in seen if label.is_visible()] == [
            "PyTorch"
        ]
        number = page.locator(".deck-number")
        assert number.get_attribute("href") == "#/a-layer-with-one-output"


def test_the_speakers_window_and_the_deck_follow_one_another(visit: Visit, home: str):
    with visit(home + ONE) as page:
        begin(page)
        with page.expect_popup() as opened:
            page.keyboard.press("s")
        speaker = opened.value
        speaker.locator(".is-speaker .reveal.ready").wait_for()
        notes = page.locator(".slides > section").nth(1).locator("aside.notes p").first
        page.keyboard.press("ArrowRight")
        said = notes.evaluate("note => note.textContent")
        expect(speaker.locator(".deck-said p").first).to_have_text(said)
        assert re.search(
            r"until \d+ of \d+", speaker.locator(".deck-times").inner_text()
        )
        assert speaker.locator(".deck-next h2").text_content()
        speaker.keyboard.press("ArrowLeft")
        page.wait_for_function("() => Reveal.getIndices().h === 0", polling=50)


def test_a_finger_turns_slides_but_not_from_within_an_explorer(
    visit: Visit, served: str
):
    with visit(served + ONE, has_touch=True) as page:
        begin(page)
        client = page.context.new_cdp_session(page)

        def swipe(x: float, y: float) -> None:
            for kind, at in [
                ("touchStart", x),
                ("touchMove", x - 200),
                ("touchEnd", 0),
            ]:
                points = [] if kind == "touchEnd" else [{"x": at, "y": y}]
                event = {"type": kind, "touchPoints": points}
                client.send("Input.dispatchTouchEvent", event)

        swipe(800, 600)
        assert slide(page) == 1
        show(page, ".explorer")
        at = slide(page)
        swipe(1150, 400)
        assert slide(page) == at


@EACH_DECK
def test_chapter_and_deck_lead_to_one_another(site: Path, name: str):
    chapter = (site / "book" / f"{name}.html").read_text("utf8")
    deck = (site / "slides" / f"{name}.html").read_text("utf8")
    link = rf'href="\.\./slides/{name}\.html"><svg .*</svg>Slides</a>'
    assert re.search(link, chapter)
    bar = re.search(r'<footer class="deck-bar">.*?</h1>', deck, re.S)[0]
    assert f'href="../book/{name}.html"' in bar


@EACH_DECK
def test_every_slide_leads_to_a_place_that_the_book_has(site: Path, name: str):
    text = (site / "slides" / f"{name}.html").read_text("utf8")
    links = re.findall(r'<p class="deck-place"><a href="\.\./([^"#]+)#?([^"]*)"', text)
    assert len(links) == text.count("<section ")
    for file, anchor in links:
        page = (site / file).read_text("utf8")
        assert not anchor or f'id="{anchor}"' in page


def test_the_overview_shows_many_slides(visit: Visit, served: str):
    with visit(served + ONE) as page:
        begin(page)
        page.keyboard.press("o")
        page.locator(".reveal.overview").wait_for()
        boxes = page.locator(".slides > section:visible")
        assert boxes.count() >= 3
        page.keyboard.press("o")
        assert page.locator(".reveal.overview").count() == 0


def test_without_scripts_all_slides_stand_below_one_another(visit: Visit, served: str):
    with visit(served + ONE, java_script_enabled=False) as page:
        heads = page.locator(".slides > section > h2")
        tops = [head.bounding_box()["y"] for head in heads.all()]
        assert len(tops) >= 15 and tops == sorted(tops) and len(set(tops)) == len(tops)


def test_each_deck_belongs_to_a_page_of_the_book():
    assert set(DECKS) <= {file_name(docname) for docname in PAGES}


def test_the_front_page_s_deck_has_every_explorer_of_the_book(site: Path):
    def explorers(folder: str, pattern: str) -> set[str]:
        pages = [path.read_text("utf8") for path in (site / folder).glob(pattern)]
        return set(re.findall(r'\bdata-explorer="(\w+)"', "".join(pages)))

    assert explorers("slides", "intro.html") == explorers("book", "*.html")
