"""A small transformer that writes, in a browser."""

import re
from pathlib import Path

import numpy as np
import pytest
from axe import violations
from chromium import LOOKS, Visit
from explorer_pages import figure, pixels, settle, states_of, too_narrow
from playwright.sync_api import Locator, Page, expect

from explorers.writer import END, Writer, shapes, softmax, tempered

pytestmark = pytest.mark.build

SIGNS = {END: "↵", " ": "␣"}
SUBSCRIPTS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
LINE = "three hundred nine, "
SHADES = 32


@pytest.fixture(scope="module")
def make(site: Path, places):
    """make(text="nine, "): what the page shows, in Python."""
    state = states_of(site, places["writer"], "writer")[0]
    data, form = state.pop("parameters"), (state["letters"], state["heads"])
    sizes = state.pop("sizes")

    def made(**traits: object) -> Writer:
        run = Writer(blank(sizes), *form)
        kept = {k: v for k, v in state.items() if k not in ("letters", "heads")}
        run.set_trait("parameters", data)
        for name, value in (kept | traits).items():
            run.set_trait(name, value)
        return run

    return made


def blank(sizes: list[int]) -> dict[str, np.ndarray]:
    """Weights of a model of this size."""
    return {name: np.zeros(shape) for name, shape in shapes(sizes).items()}


def two(value: float) -> str:
    text = f"{abs(value):.2f}"
    return f"−{text}" if value < 0 and text != "0.00" else text


def quoted(letter: str, place: str = "") -> str:
    return f"“{SIGNS.get(letter, letter)}{place}”"


def label(run: Writer, place: int) -> str:
    return quoted((END + run.text)[place], str(place).translate(SUBSCRIPTS))


def seen(place: Locator, part: str) -> str:
    return place.locator(part).inner_text().replace("\n", " ")


def close(shown: str, wanted: float) -> bool:
    return abs(float(shown.replace("−", "-")) - wanted) < 0.00501


def assert_shows(place: Locator, run: Writer) -> None:
    """Line, weights, effects, the way to a weight and what comes next are NumPy's."""
    last = len(run.text)
    row = last if not 0 <= run.row <= last else run.row
    found, bare = run.forward(hidden=run.hidden), run.forward()
    block = found["blocks"][run.layer]
    shares = block["weights"][run.head][row]
    column = run.column if 0 <= run.column <= last else int(shares.argmax())
    assert place.locator(".writer-line").input_value() == run.text

    # The line, with its bars.
    letters = place.locator(".writer-letter")
    assert letters.all_inner_texts() == [SIGNS.get(x, x) for x in END + run.text]
    bars = letters.evaluate_all(
        """all => all.map(e => [e.firstChild, e.lastChild].map(
          i => Number(i.style.getPropertyValue("--share"))))"""
    )
    effects = np.zeros(last + 1)
    effects[: row + 1] = np.maximum(0, run.effects(row))
    assert np.abs(np.array(bars) - np.stack([shares, effects], 1)).max() < 1e-9
    looks = letters.evaluate_all("all => all.map(e => e.className)")
    for word, places in [
        ("asks", [row]),
        ("seen", [column]),
        ("gone", run.hidden),
        ("own", list(range(last + 1 - run.written, last + 1))),
    ]:
        assert [i for i, look in enumerate(looks) if word in look.split()] == places

    # The matrix: how many squares there are of each shade.
    drawn = place.locator(".writer-matrix .shade").evaluate_all(
        "all => all.map(e => e.getAttribute('d').split('M').length - 1)"
    )
    rows, columns = np.tril_indices(last + 1)
    shades = np.floor(SHADES * block["weights"][run.head][rows, columns] + 0.5)
    assert drawn == np.bincount(shades.astype(int), minlength=SHADES + 1).tolist()

    # The way.
    way = seen(place, ".writer-way")
    size = block["query"].shape[1] // run.heads
    part = slice(run.head * size, (run.head + 1) * size)
    dot = block["query"][row, part] @ block["key"][column, part]
    score, *_ = re.findall(r"= (\S+)/√\d+ = (\S+)", way)
    assert close(score[0], dot) and close(score[1], dot / np.sqrt(size))
    late, veiled = column > row, column in run.hidden
    mask = "−∞, it comes later" if late else "−∞, hidden" if veiled else "0, it may"
    assert f"mask: {mask}" in way
    weight = re.search(r"softmax: α = .* (\S+)\s+v of", way)[1]
    assert close(weight, 0 if late else shares[column])
    powers = np.exp(block["scores"][run.head, row, : row + 1])
    whole = np.delete(powers, [j for j in run.hidden if j <= row]).sum()
    if whole:
        power, total = re.search(r"α = exp\((\S+)\)/(\S+) = ", way).groups()
        assert float(total.replace("\u202f", "")) == pytest.approx(whole, rel=0.0051)
        known = not (late or veiled)
        assert power == (two(dot / np.sqrt(size)) if known else "−∞")
    else:
        assert "softmax: α = 0/0, taken as 0.00" in way

    # What comes next.
    logits, clear = found["logits"][row], bare["logits"][row]
    after = tempered(logits, run.temperature)
    heights = place.locator(".writer-track i").evaluate_all(
        "all => all.map(e => parseFloat(e.style.height))"
    )
    assert np.abs(np.array(heights) - 100 * after).max() < 1e-3
    best = int(softmax(clear).argmax())
    answer = quoted(run.letters[best])
    before, lost = softmax(clear)[best], effects
    lost = run.effects(row)
    told = seen(place, ".verdict")
    had = 0 if late else bare["blocks"][run.layer]["weights"][run.head][row, column]
    verb = "had" if veiled else "has"
    assert told.startswith(f"{label(run, column)} {verb} weight ")
    assert close(re.search(r"weight (\S+) in head", told)[1], had)
    if not late:
        sentence = (
            rf"Without it, (?:at temperature 1, )?{re.escape(answer)} "
            r"(?:goes from (\S+) to|stays at) (\S+)\."
        )
        first, then = re.search(sentence + "(?: |$)", told).groups()
        assert first is None or close(first, before)
        assert close(then, before - lost[column])
    if run.hidden:
        names = ", ".join(label(run, j) for j in run.hidden)
        now = re.search(rf"Hidden now: {names}; {re.escape(answer)} has (\S+)\.", told)
        assert close(now[1], softmax(logits)[best])
    if row == last and last + 1 < run.sizes[1]:
        line = run.continued(most=1)
        falls = END if line == run.text else line[-1]
        text = seen(place, ".writer-told")
        if run.temperature:
            assert f" falls on {quoted(falls)}" in text
        else:
            assert "Draw" not in text and (" The line ends." in text) == (falls == END)
    likely = f"After {label(run, row)} comes {quoted(run.letters[after.argmax()])} "
    assert likely in seen(place, ".writer-told")


def press(page: Page, place: Locator, *keys: str) -> None:
    knob = place.get_by_role("slider", name="who reads and who is read")
    for key in keys:
        knob.press(key)
    settle(page)


def write_line(page: Page, place: Locator, text: str) -> None:
    place.locator(".writer-line").fill(text)
    settle(page)


def test_writer_by_keyboard_alone(visit: Visit, home: str, places, make):
    with visit(home + places["writer"]) as page:
        place = figure(page, "writer")
        settle(page)
        assert_shows(place, make())
        place.locator(".writer-line").focus()
        page.keyboard.press("Control+a")
        page.keyboard.type("Three hundred, 5nine")  # what no line has is left out
        settle(page)
        typed = {"text": "three hundred, nine", "row": -1, "column": -1}
        assert_shows(place, make(**typed))
        start = make(**typed)
        column = int(start.forward()["blocks"][0]["weights"][start.head][-1].argmax())
        press(page, place, "ArrowUp")
        assert_shows(place, make(**typed | {"row": 18, "column": column}))
        press(page, place, "Home", "ArrowRight", "ArrowRight")
        assert_shows(place, make(**typed | {"row": 18, "column": 2}))
        press(page, place, "h")
        hidden = typed | {"row": 18, "column": 2, "hidden": [2]}
        assert_shows(place, make(**hidden))
        press(page, place, "ArrowRight", "Enter", "Shift+ArrowUp")
        hidden |= {"row": 8, "column": 3, "hidden": [2, 3]}
        assert_shows(place, make(**hidden))
        press(page, place, "h")
        assert_shows(place, make(**hidden | {"hidden": [2]}))
        place.get_by_role("button", name="Show all").press("Enter")
        settle(page)
        assert_shows(place, make(**hidden | {"hidden": []}))
        # A column that comes later than who reads.
        press(page, place, "End")
        assert_shows(place, make(**hidden | {"hidden": [], "column": 19}))
        who = place.get_by_role("slider", name="Who reads", exact=True)
        who.press("Home")
        settle(page)
        assert_shows(place, make(**typed | {"row": 0}))


def test_every_head(visit: Visit, served: str, places, make):
    with visit(served + places["writer"]) as page:
        place = figure(page, "writer")
        write_line(page, place, LINE)
        for head in range(4):
            place.locator(".writer-side .choice label").nth(head).click()
            settle(page)
            assert_shows(place, make(text=LINE, head=head, row=-1, column=-1))


def test_letters_are_pointed_at_tapped_and_hidden(
    visit: Visit, home: str, places, make
):
    with visit(home + places["writer"]) as page:
        place = figure(page, "writer")
        write_line(page, place, LINE)
        free = {"text": LINE, "row": -1, "column": -1}
        letters = place.locator(".writer-letter")
        # Under the mouse it is looked at; only a tap keeps it.
        letters.nth(3).hover()
        settle(page)
        assert_shows(place, make(**free | {"column": 3}))
        place.locator(".hint").first.hover()
        settle(page)
        assert_shows(place, make(**free))
        letters.nth(3).click()
        place.locator("label", has_text="Hidden").click()
        settle(page)
        place.locator(".hint").first.hover()
        settle(page)
        assert_shows(place, make(**free | {"column": 3, "hidden": [3]}))
        place.locator("label", has_text="Shown").click()
        place.locator(".hint").first.hover()
        settle(page)
        assert_shows(place, make(**free | {"column": 3}))
        # A cell of the matrix is a pair.
        place.locator(".writer-matrix").scroll_into_view_if_needed()
        box = place.locator(".writer-matrix svg").first.bounding_box()
        cell = (box["width"] - 19) / 21
        spot = (box["x"] + 18 + 4.5 * cell, box["y"] + 18 + 9.5 * cell)
        page.mouse.move(*spot)
        settle(page)
        assert_shows(place, make(**free | {"row": 9, "column": 4}))
        page.mouse.click(*spot)
        page.mouse.move(box["x"] + box["width"] + 200, box["y"])
        settle(page)
        assert_shows(place, make(**free | {"row": 9, "column": 4}))


def test_the_model_writes_takes_back_and_reset_restores_it(
    visit: Visit, home: str, places, make
):
    with visit(home + places["writer"]) as page:
        place = figure(page, "writer")
        settle(page)
        before, first = pixels(place), make()
        write_line(page, place, LINE)
        free = {"text": LINE, "row": -1, "column": -1}

        def button(name: str) -> Locator:
            return place.get_by_role("button", name=name)

        for n in (1, 2):
            button("One sign").click()
            settle(page)
            text = make(**free).continued(most=n)
            assert_shows(place, make(**free | {"text": text, "written": n}))
        button("To the end").click()
        settle(page)
        text = make(**free).continued()
        written = len(text) - len(LINE)
        assert_shows(place, make(**free | {"text": text, "written": written}))
        expect(button("To the end")).to_have_attribute("aria-disabled", "true")
        button("New draw").click()
        settle(page)
        seed = first.seed + 1
        text = make(**free).continued(seed=seed)
        written = len(text) - len(LINE)
        after = {"text": text, "written": written, "seed": seed}
        assert_shows(place, make(**free | after))
        page.wait_for_url(re.compile(rf"writer\.seed={seed}"))
        page.wait_for_url(re.compile(r"writer\.text=three"))
        address, drawn = page.url, pixels(place)
        button("Take back").click()
        settle(page)
        assert_shows(place, make(**free | {"seed": seed}))
        slider = place.get_by_role("slider", name="Temperature")
        for key, temperature in (("Home", 0.0), ("End", 2.0)):
            slider.press(key)
            settle(page)
            hot = free | {"seed": seed, "temperature": temperature}
            assert_shows(place, make(**hot))
        button("Reset").click()
        settle(page)
        assert pixels(place) == before
        assert_shows(place, first)
        page.wait_for_url(lambda url: "writer." not in url.partition("?")[2])
    with visit(address) as page:
        place = figure(page, "writer")
        settle(page)
        assert_shows(place, make(**free | after))
        assert pixels(place) == drawn


def test_the_numbers_of_a_head_add_up(visit: Visit, served: str, places, make):
    with visit(served + places["writer"]) as page:
        place = figure(page, "writer")
        write_line(page, place, LINE)
        place.locator(".writer-letter").nth(2).click()
        place.locator("summary").click()
        settle(page)
        run = make(text=LINE)
        block = run.forward()["blocks"][0]
        part = slice(8 * run.head, 8 * run.head + 8)
        q, k, v = (
            block["query"][-1, part],
            block["key"][2, part],
            block["value"][2, part],
        )
        wanted = np.stack([q, k, q * k, v, block["mixed"][-1, part]], axis=1)
        cells = place.locator(".writer-numbers tbody td").all_inner_texts()
        shown = [cell.replace("−", "-") for cell in cells]
        table = np.array(shown[:40]).reshape(8, 5).astype(float)
        assert np.abs(table - wanted).max() < 0.00501
        share = block["weights"][run.head, -1, 2]
        ends = np.array([q @ k, q @ k / np.sqrt(8), share])
        assert np.abs(np.array(shown[42::3], float) - ends).max() < 0.00501
        caption = place.locator(".writer-numbers caption")
        expect(caption).to_have_text(f"Head {run.head + 1}: ␣₂₀ reads h₂")


def test_it_tells_whether_a_line_counts(visit: Visit, served: str, places):
    with visit(served + places["writer"]) as page:
        place = figure(page, "writer")
        for text, said in [
            ("seven, eig", "Right so far."),
            ("seven, eight", "The line is right."),
            ("seven, eigha", "Right so far."),  # no line has an a
            ("seven, eighty", "The successor is eight."),
            ("thirty-nine, fifty", "The successor is forty."),
        ]:
            write_line(page, place, text)
            expect(place.locator(".writer-told")).to_contain_text(said)
        write_line(page, place, "nein, zehn")
        assert "uccessor" not in seen(place, ".writer-told")


def test_nothing_is_drawn_at_temperature_0(visit: Visit, served: str, places, make):
    with visit(served + places["writer"]) as page:
        place = figure(page, "writer")
        place.get_by_role("slider", name="Temperature").press("Home")
        told = place.locator(".writer-told")
        for text in (LINE, "three hundred nine, three hundred ten"):
            write_line(page, place, text)
            assert_shows(place, make(text=text, temperature=0.0, row=-1, column=-1))
            expect(told).not_to_contain_text("Draw")
        expect(told).to_contain_text("comes “↵” 1.00. The line ends.")


def test_the_longest_line_is_read_and_is_full(visit: Visit, served: str, places, make):
    run = make()
    most = run.sizes[1] - 1
    text = ("seven hundred seventy-seven, seven hundred seventy-eight" * 2)[:most]
    with visit(served + places["writer"]) as page:
        place = figure(page, "writer")
        write_line(page, place, text)
        assert_shows(place, make(text=text, row=-1, column=-1))
        expect(place.locator(".writer-told")).to_contain_text("The line is full.")
        one = place.get_by_role("button", name="One sign")
        expect(one).to_have_attribute("aria-disabled", "true")
        # Words stand beside a matrix whose letters would be too small.
        sides = place.locator(".writer-sides text").all_text_contents()
        assert sides.count("seventy") == 4


def test_writer_passes_over_an_address_that_makes_no_sense(
    visit: Visit, served: str, places, make
):
    with visit(served + places["writer"]) as page:
        place = figure(page, "writer")
        settle(page)
        expected = pixels(place)
    wrong = ("head=x", "layer=-1", "row=-2", "hidden=3~3", "temperature=3", "seed=0")
    query = "&".join(f"writer.{pair}" for pair in (*wrong, "text=%C3%A4"))
    with visit(f"{served}{places['writer']}?{query}") as page:
        place = figure(page, "writer")
        settle(page)
        assert pixels(place) == expected
    # Places, heads and letters that there are not.
    query = "writer.text=NINE%3F,+&writer.row=70&writer.hidden=2~60&writer.head=9"
    with visit(f"{served}{places['writer']}?{query}") as page:
        place = figure(page, "writer")
        settle(page)
        assert_shows(place, make(text="nine, ", row=-1, hidden=[2], head=3))


def test_a_finger_looks_at_a_letter(visit: Visit, served: str, places, make):
    with visit(served + places["writer"], width=360, has_touch=True) as page:
        place = figure(page, "writer")
        write_line(page, place, LINE)
        letter = place.locator(".writer-letter").nth(13)
        letter.scroll_into_view_if_needed()
        assert letter.bounding_box()["width"] >= 24
        letter.tap()
        settle(page)
        assert_shows(place, make(text=LINE, row=-1, column=13))


@pytest.mark.parametrize(("theme", "width"), LOOKS)
def test_writer_is_as_high_whatever_it_shows(
    visit: Visit, served: str, places, theme: str, width: int
):
    with visit(served + places["writer"], theme, width) as page:
        place = figure(page, "writer")
        content, heights = place.locator(".explorer-content"), set()

        def look() -> None:
            settle(page)
            heights.add(round(content.bounding_box()["height"]))
            assert violations(page, ".explorer") == []
            assert too_narrow(place.locator(".writer-way > *, .writer-next span")) == 0
            assert page.evaluate("document.documentElement.scrollWidth") <= width

        look()
        for text in ("", LINE, "three hundred nine, three hundred forty-six"):
            write_line(page, place, text)
            look()
        place.locator(".writer-letter").nth(4).click()
        place.locator("label", has_text="Hidden").click()
        press(page, place, "ArrowRight", "h", "ArrowRight", "h")
        look()
        assert len(heights) == 1, heights


def test_writer_answers_keys_at_once(visit: Visit, served: str, places):
    """A letter typed at the end of a long line is read and drawn within a second."""
    with visit(served + places["writer"]) as page:
        place = figure(page, "writer")
        write_line(page, place, "seven hundred seventy-seven, seven hundred ")
        place.locator(".writer-line").focus()
        page.keyboard.press("End")
        took = []
        for key in "seventy-ei":
            page.evaluate("() => { window.start = performance.now(); }")
            page.keyboard.press(key)
            took.append(
                page.evaluate(
                    """async () => {
                      await new Promise(requestAnimationFrame);
                      await new Promise(requestAnimationFrame);
                      return performance.now() - window.start;
                    }"""
                )
            )
        assert np.median(took) < 1000, took


def test_writer_says_aloud_what_it_shows_once_it_rests(
    visit: Visit, served: str, places
):
    with visit(served + places["writer"]) as page:
        place = figure(page, "writer")
        settle(page)
        live = place.get_by_role("status")
        assert live.inner_text() == ""
        write_line(page, place, LINE)
        expect(live).to_contain_text("space, place 20, reads ")
        expect(live).to_contain_text("Next: t ")
        expect(live).to_contain_text("Without it, ")
        place.locator(".writer-line").press("Control+a")
        place.locator(".writer-line").press_sequentially("nine, ")
        expect(live).to_contain_text("space, place 6, reads ")
        # A dozen numbers or signs are not for the ear.
        assert len(live.inner_text().split()) < 25
        assert not set("“”↵␣₀₁₂₃") & set(live.inner_text())
