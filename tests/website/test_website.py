"""What a reader can rely on, on every page of the website."""

import functools
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

import pytest
from axe import THIN, UNFOLD, violations
from chromium import LOOKS, Visit, remembers, serve
from mathml import mathml_faults
from playwright.sync_api import Page, Route, expect
from this_book import ROOT

from bookpress.commands.bench_site import explorer_bytes, page_bytes
from bookpress.slides.decks import is_deck

pytestmark = pytest.mark.build


class Markup(HTMLParser):
    """The ids, links, assets and pictures of one page."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.links: list[str] = []
        self.assets: list[str] = []
        self.images: list[dict] = []
        self.handlers: list[str] = []
        self.meta: dict[str, str] = {}
        self.tags: Counter[str] = Counter()
        self.language = None
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, pairs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in pairs}
        self.tags[tag] += 1
        self.handlers += [name for name in attributes if name.startswith("on")]
        if "id" in attributes:
            self.ids.append(attributes["id"])
        if tag == "a" and "href" in attributes:
            self.links.append(attributes["href"])
        if tag == "link" and attributes.get("rel") != "canonical":
            self.assets.append(attributes["href"])
        if "src" in attributes:
            self.assets.append(attributes["src"])
        if tag == "img":
            self.images.append(attributes)
        if tag == "meta":
            name = attributes.get("http-equiv", attributes.get("name", ""))
            self.meta[name.lower()] = attributes.get("content", "")
        if tag == "html":
            self.language = attributes.get("lang")


@pytest.fixture(scope="module")
def pages(site: Path) -> dict[str, Markup]:
    """Every page by its path, the redirect and the search page included."""
    found = {
        path.relative_to(site).as_posix(): Markup(path)
        for path in sorted(site.rglob("*.html"))
    }
    assert {"index.html", "search.html", "book/intro.html"} <= set(found)
    return found


def readable(pages: dict[str, Markup]) -> list[str]:
    """The pages that stay on the screen and scroll: all but the redirect and decks."""
    return [name for name in pages if name != "index.html" and not is_deck(name)]


# What a printer would leave out of a page, and what it would print of the frame.
UNPRINTED = """() => [...document.querySelectorAll(
  "details > :not(summary), .sd-tab-content > *")]
  // Folded in an explorer are controls, and the front page's figure shows no code.
  .filter(e => !e.closest(".explorer, .tag_compact"))
  .map(e => [e.className, e.checkVisibility(
    { visibilityProperty: true, opacityProperty: true })])"""
FRAME = ("header.book-bar", ".bd-sidebar-primary", ".book-foot")
WIDTH = "document.documentElement.scrollWidth"
# Explorers that scroll sideways by more than they keep free around them.
CUT = """() => [...document.querySelectorAll(".output:has(.explorer)")]
  .filter(box => box.scrollWidth > box.clientWidth + 4)
  .map(box => box.querySelector(".explorer").dataset.explorer)"""
# Letters set apart as WCAG 1.4.12 lets readers do.
APART = """main * { letter-spacing: 0.12em !important; line-height: 1.5 !important;
  word-spacing: 0.16em !important }"""
# Words too pale for white paper, where the ground of a browser's page is left out.
PALE = """() => {
  const light = part =>
    part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  const words = document.createTreeWalker(document.querySelector("main"), 4);
  const pale = [];
  while (words.nextNode()) {
    const word = words.currentNode.parentElement, style = getComputedStyle(word);
    if (!words.currentNode.data.trim() || !word.checkVisibility()) continue;
    const color = (word.closest("svg") ? style.fill : style.color).match(/[\\d.]+/g);
    if (!color || word.closest("script, style, .katex-mathml")) continue;
    if (style.printColorAdjust === "exact") continue; // its ground is printed, too
    const [red, green, blue] = color.slice(0, 3).map(part => light(part / 255));
    const contrast = 1.05 / (0.2126 * red + 0.7152 * green + 0.0722 * blue + 0.05);
    if (contrast < 3) pale.push(`${word.textContent.slice(0, 30)} ${color}`);
  }
  return pale;
}"""
ASLEEP = ".explorer:not(:has(svg))"
WAKE = "dispatchEvent(new Event('beforeprint'))"  # explorers far from the window
FONTS = """() => performance.getEntriesByType("resource")
  .filter(({ name }) => name.endsWith(".woff2"))
  .reduce((sum, { encodedBodySize }) => sum + encodedBodySize, 0)"""
PHONE = ("dark", 320)  # as narrow as 1280 px at 400 %; opened from the disk


@dataclass
class Seen:
    """What a visit of each page, in one theme and at one width, has shown."""

    troubles: list[str] = field(default_factory=list)  # of loading it
    violations: list[str] = field(default_factory=list)  # that axe finds
    widths: dict[str, list[int]] = field(default_factory=dict)  # by page, in pixels
    printed: dict[str, list] = field(default_factory=dict)  # by page: class, is shown
    frames: list[str] = field(default_factory=list)  # parts of the frame in print
    fonts: dict[str, int] = field(default_factory=dict)  # by page, in bytes
    pale: list[str] = field(default_factory=list)  # words in print from the dark theme
    cut: list[str] = field(default_factory=list)  # explorers without room for a part


@pytest.fixture(scope="module")
def seen(
    visit: Visit, served: str, site: Path, pages: dict[str, Markup]
) -> Callable[[str, int], Seen]:
    """seen(theme, width): all pages, opened once for all that is looked at in them.

    Dark ones on a phone are opened from the disk, all others on a server.
    """

    @functools.cache
    def look(theme: str, width: int) -> Seen:
        found = Seen()
        home = site.as_uri() + "/" if (theme, width) == PHONE else served
        for name in pages:
            if home == served and is_deck(name):
                continue  # its slides are looked at one by one
            try:
                with visit(home + name, theme, width, reduced_motion="reduce") as page:
                    page.wait_for_load_state("networkidle")
                    page.evaluate(WAKE)
                    expect(page.locator(ASLEEP), name).to_have_count(0)
                    if name in readable(pages):
                        note(page, name, width, found)
            except AssertionError as trouble:
                found.troubles.append(str(trouble))
        return found

    return look


def note(page: Page, name: str, width: int, found: Seen) -> None:
    if width > 320:
        found.fonts[name] = page.evaluate(FONTS)
        page.emulate_media(media="print")
        found.printed[name] = page.evaluate(UNPRINTED)
        found.frames += [f"{name}: {p}" for p in FRAME if page.locator(p).is_visible()]
        page.emulate_media(media="screen")
    page.evaluate(UNFOLD, False)
    found.widths[name] = [page.evaluate(WIDTH)]
    if width == 320:
        page.emulate_media(media="print")
        found.pale += [f"{name}: {words}" for words in page.evaluate(PALE)]
        page.emulate_media(media="screen")
        page.evaluate(UNFOLD, True)
        found.widths[name].append(page.evaluate(WIDTH))
        found.cut += [f"{name}: {explorer}" for explorer in page.evaluate(CUT)]
        apart = page.add_style_tag(content=APART)
        found.widths[name].append(page.evaluate(WIDTH))
        apart.evaluate("style => style.remove()")
    page.evaluate(THIN)
    found.violations += [f"{name}: {violation}" for violation in violations(page)]


def look(page: Page) -> tuple[str, str, list[str]]:
    """The mode and the theme of a page, and the icons that its button shows."""
    root = page.locator("html")
    mode, theme = (root.get_attribute(f"data-{name}") for name in ("mode", "theme"))
    icons = page.locator(".book-theme .icon:visible").evaluate_all(
        "all => all.flatMap(e => [...e.classList].filter(name => name !== 'icon'))"
    )
    return mode, theme, icons


@pytest.mark.parametrize("look", [("light", 1280), PHONE], ids=["http", "file"])
def test_every_page_loads_in_silence_and_asks_no_other_host(seen, look):
    """And each interactive figure comes to life among its chapter's formulas."""
    assert seen(*look).troubles == []


def test_a_first_visit_takes_300_kb_and_each_further_page_120(site: Path, seen):
    """As gzip sends them, besides figures, drawn and interactive ones."""
    weights, explorers = page_bytes(site), explorer_bytes(site)
    for name, fonts in seen("light", 1280).fonts.items():
        further = weights[name]["html"] - explorers[name]
        assert further <= 120_000, f"{name}: {further}"
        first = further + weights[name]["css"] + weights[name]["js"] + fonts
        assert first <= 300_000, f"{name}: {first}"


@pytest.mark.parametrize("name", ["intro", "losses", "autodiff"])
def test_far_blocks_are_laid_out_late_and_nothing_seems_to_move(
    visit: Visit, served: str, name: str
):
    """The shift of a layout is below 0.1, which counts as good, by the browser."""
    with visit(f"{served}book/{name}.html", width=412, covered=True) as page:
        page.wait_for_function("() => 'laidOut' in document.documentElement.dataset")
        moved = page.evaluate(
            """() => new Promise(resolve => {
              const sum = list => list.getEntries().reduce((s, e) => s + e.value, 0);
              setTimeout(resolve, 500, 0); // nobody calls if nothing has moved
              new PerformanceObserver(list => resolve(sum(list)))
                .observe({ type: "layout-shift", buffered: true });
            })"""
        )
        assert moved < 0.1
        covers = page.locator(".predict-cover").evaluate_all(
            "all => all.map(e => getComputedStyle(e).contentVisibility)"
        )
        assert set(covers) <= {"hidden"}
        last = page.locator(".bd-article > section > section").last.locator("> p").last
        states = [
            last.evaluate(
                """(block, laidOut) => {
                  block.classList.remove("laid-out");
                  document.documentElement.toggleAttribute("data-laid-out", laidOut);
                  return getComputedStyle(block).contentVisibility;
                }""",
                laid_out,
            )
            for laid_out in (False, True)
        ]
        assert states == ["auto", "visible"]
        last.scroll_into_view_if_needed()
        place = last.bounding_box()["y"]
        page.reload()
        page.wait_for_function("() => scrollY > 0")
        assert last.bounding_box()["y"] == pytest.approx(place, abs=2)


def test_a_page_asks_for_one_stylesheet_and_one_script(pages: dict[str, Markup]):
    """And its pictures have their size; those below the first wait until it is near."""
    for name in readable(pages):
        if name == "404.html":  # stands at any depth, so it has all within itself
            continue
        files = [urlsplit(asset).path for asset in pages[name].assets]
        shared = [path for path in files if path.endswith((".css", ".js"))]
        assert [Path(path).name for path in shared] == ["pages.css", "pages.js"], name
        for image in pages[name].images:
            assert image["width"].isdigit() and image["height"].isdigit(), image["src"]
        assert all("loading" in image for image in pages[name].images[1:]), name


@pytest.mark.parametrize(("theme", "width"), LOOKS)
def test_axe_finds_nothing_on_any_page(seen, theme: str, width: int):
    found = seen(theme, width)
    assert not found.troubles, "\n".join(found.troubles)
    assert not found.violations, "\n".join(found.violations)


# Faults, the rule of axe that finds each, and what is done to the page for it.
FAULTS = {
    "label": "main.append(document.createElement('input'))",
    "image-alt": "main.insertAdjacentHTML('beforeend', '<img src=\"a.png\">')",
    "heading-order": "main.insertAdjacentHTML('beforeend', '<h6>Six</h6>')",
    "color-contrast": """[...document.querySelectorAll('.highlight .k')].at(-1)
      .style.color = '#bbb'""",
    "aria-hidden-focus": """document.querySelector('section > p .katex-html')
      .innerHTML += '<a href="#">a</a>'""",
    "scrollable-region-focusable": """
      const box = document.createElement('div');
      box.style = 'width: 3em; overflow: auto';
      box.append(document.querySelector('.katex-display').cloneNode(true));
      main.append(box)""",
}


def test_faults_are_found_on_a_page_whose_repetitions_are_left_out(
    visit: Visit, served: str
):
    """As they are on the whole page: by the same rules, as often."""
    with visit(served + "book/refresher.html", width=360) as page:
        page.evaluate(UNFOLD, False)
        page.route("**/a.png", lambda route: route.fulfill(body=""))
        for fault in FAULTS.values():
            page.evaluate(
                f"() => {{ const main = document.querySelector('main'); {fault} }}"
            )
        # All words of a kind, too: one of them stays.
        page.add_style_tag(content=".highlight .mi { color: #ccc !important }")
        whole = Counter(found.partition(":")[0] for found in violations(page))
        page.evaluate(THIN)
        thin = Counter(found.partition(":")[0] for found in violations(page))
    assert set(whole) == set(thin) == set(FAULTS)
    assert thin["color-contrast"] >= 2
    for rule in FAULTS.keys() - {"color-contrast"}:
        assert thin[rule] == whole[rule], rule


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("button", ["Search", "Chapters", "On this page"])
def test_axe_finds_nothing_in_the_panels_of_a_phone(
    visit: Visit, served: str, theme: str, button: str
):
    with visit(served + "book/perceptron.html", theme, 360) as page:
        page.locator(".book-bar").get_by_role("button", name=button).click()
        page.locator("dialog[open]").wait_for()
        if button == "Search":
            page.keyboard.type("loss")
            page.get_by_role("option").first.wait_for()
        page.evaluate(THIN)
        assert violations(page) == []
        page.keyboard.press("Escape")
        assert page.locator("dialog[open]").count() == 0


def test_no_page_scrolls_sideways_on_a_phone(pages: dict[str, Markup], seen):
    """Whichever tabs are shown, at 400 % in a window, with letters set apart."""
    widths = seen(*PHONE).widths
    assert list(widths) == readable(pages)
    for name, found in widths.items():
        assert max(found) <= 320, name
    assert seen(*PHONE).cut == []


def test_the_dark_theme_prints_dark_on_white(seen):
    assert seen(*PHONE).pale == []


def test_every_internal_link_leads_somewhere(site: Path, pages: dict[str, Markup]):
    broken = []
    for name, markup in pages.items():
        for link in markup.links + markup.assets:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            path = (site / name).parent / unquote(parts.path)
            target = (path if parts.path else site / name).resolve()
            if not target.is_file():
                broken.append(f"{name}: {link}")
            elif parts.fragment and target.suffix == ".html":
                ids = pages[target.relative_to(site.resolve()).as_posix()].ids
                if unquote(parts.fragment) not in ids:
                    broken.append(f"{name}: {link} (no such anchor)")
    assert not broken, "\n".join(broken)


def test_no_id_is_given_twice(pages: dict[str, Markup]):
    for name, markup in pages.items():
        twice = [word for word, count in Counter(markup.ids).items() if count > 1]
        assert not twice, f"{name}: {twice}"


def test_the_mathml_of_every_formula_is_valid(site: Path):
    for path in site.rglob("*.html"):
        assert mathml_faults(path.read_text(encoding="utf-8")) == [], path.name


def test_pages_name_no_other_host_to_load_from(pages: dict[str, Markup]):
    for name, markup in pages.items():
        foreign = [asset for asset in markup.assets if urlsplit(asset).netloc]
        assert not foreign, f"{name}: {foreign}"


def test_every_page_has_a_policy_without_unsafe_scripts(pages: dict[str, Markup]):
    for name, markup in pages.items():
        rules = dict(
            rule.strip().split(" ", 1)
            for rule in markup.meta["content-security-policy"].split(";")
        )
        assert rules["default-src"] == rules["connect-src"] == "'self'", name
        assert rules["object-src"] == rules["base-uri"] == "'none'", name
        assert "unsafe" not in rules["script-src"], name
        assert "://" not in markup.meta["content-security-policy"], name
        assert not markup.handlers, f"{name}: {markup.handlers}"


def test_a_script_that_the_page_does_not_hold_is_refused(visit: Visit, home: str):
    with (
        pytest.raises(AssertionError, match="violates the following Content Security"),
        visit(home + "book/intro.html") as page,
    ):
        page.evaluate(
            """() => {
              const script = document.createElement("script");
              script.textContent = "window.intruder = true";
              document.body.append(script);
            }"""
        )
        assert page.evaluate("window.intruder") is None, "the script ran"


def test_every_page_has_a_language_a_title_and_one_heading(pages: dict[str, Markup]):
    for name, markup in pages.items():
        assert markup.language == "en", name
        assert markup.tags["title"] == markup.tags["h1"] == 1, name
        assert markup.tags["main"] == 1, name


def test_every_page_is_described_in_words_of_its_own(pages: dict[str, Markup]):
    """Of a length that search engines show, and without TeX."""
    found = {name: markup.meta.get("description") for name, markup in pages.items()}
    assert found.pop("index.html") is found.pop("404.html") is None
    assert pages["404.html"].meta["robots"] == "noindex"
    for name, words in found.items():
        assert 70 <= len(words) <= 160, f"{name}: {words}"
        assert not re.search(r"[\\{}$]", words), f"{name}: {words}"
    assert len(set(found.values())) == len(found)


def test_every_image_says_what_it_shows(pages: dict[str, Markup]):
    for name, markup in pages.items():
        for image in markup.images:
            words, file = image.get("alt", "").strip(), Path(image["src"])
            if file.name.startswith("card-"):  # beside the words that it belongs to
                assert words == "", f"{name}: {file}"
                continue
            assert words, f"{name}: {file}"
            assert words not in (file.name, file.stem, image["src"]), f"{name}: {file}"


def test_the_bare_address_leads_to_the_first_page(visit: Visit, home: str):
    with visit(home + "index.html?framework=torch#here") as page:
        page.wait_for_url("**/book/intro.html?framework=torch#here")


# Addresses without a page, and what is asked; hosts show `404.html` at all of them.
GONE = {
    "book/perceptorn.html": "perceptron",
    "slides/deep/mpl": "mlp",
    "Transfer-Learning/": "transfer",
    "book/wavelets.html": None,
}


def test_where_there_is_no_page_one_helps_at_any_depth(
    visit: Visit, served: str, site: Path
):
    """It asks whether the nearest page is meant, and all its links are right."""

    def show_nothing(route: Route) -> None:
        route.fulfill(path=site / "404.html", content_type="text/html")

    with visit(served + "404.html") as page:
        assert not page.locator(".guess").is_visible()
        for address, wanted in GONE.items():
            page.route(served + address, show_nothing)
            page.goto(served + address)
            guess = page.locator(".guess a")
            assert guess.is_visible() == bool(wanted), address
            if wanted:
                assert guess.evaluate("a => a.href") == f"{served}book/{wanted}.html"
            links = page.locator("a").evaluate_all("all => all.map(a => a.href)")
            assert all((site / link.removeprefix(served)).is_file() for link in links)
        page.get_by_role("button", name="Search").click()
        page.wait_for_url("**/search.html?q=wavelets")


def test_search_shows_places_as_one_types_and_leads_to_them(visit: Visit, home: str):
    with visit(home + "book/intro.html") as page:
        assert (
            page.locator("script[src*='search']").count() == 0
        )  # not before it is asked
        page.keyboard.press("/")
        page.keyboard.type("lr")
        options = page.get_by_role("option")
        expect(options.first).to_contain_text("learning rate")
        expect(options.first.locator("mark", has_text="lr")).to_be_visible()
        expect(page.locator(".find-status")).to_contain_text("results")
        page.keyboard.press("ArrowDown")
        expect(options.first).to_have_attribute("aria-selected", "true")
        page.keyboard.press("ArrowUp")
        page.keyboard.press("Escape")
        expect(page.locator("dialog[open]")).to_have_count(0)
        page.keyboard.press("Control+k")
        page.keyboard.type("learning rates")
        expect(options.first).to_contain_text("learning rate")
        page.keyboard.press("ArrowDown")
        page.keyboard.press("Enter")
        page.wait_for_url("**/book/notation.html#term-learning-rate")
        page.keyboard.press("Control+k")
        page.keyboard.type("perceptron")
        page.keyboard.press("Enter")
        page.wait_for_url("**/search.html?q=perceptron")
        page.locator(".find-all .find-title", has_text="1 The perceptron").click()
        page.wait_for_url("**/book/perceptron.html*")


def test_search_results_pass_axe(visit: Visit, served: str):
    with visit(served + "search.html?q=perceptron") as page:
        page.locator(".find-all li").first.wait_for()
        assert violations(page) == []


def test_the_theme_is_switched_by_keyboard_and_kept(visit: Visit, home: str):
    shown = "document.documentElement.dataset.theme"
    button = "document.activeElement.matches('.book-theme')"

    def attempt() -> bool:
        with visit(home + "book/intro.html", theme="light") as page:
            assert page.evaluate(shown) == "light"
            for _ in range(12):
                page.keyboard.press("Tab")
                if page.evaluate(button):
                    break
            page.keyboard.press("Enter")
            assert page.evaluate(shown) == "dark"
            page.reload()
            return page.evaluate(shown) == "dark"

    assert remembers(home, attempt)


# Storage as a browser gives it, or with site data blocked, or full.
STORAGE = {
    "open": "",
    "closed": """for (const name of ["localStorage", "sessionStorage"]) {
      Object.defineProperty(window, name, { configurable: true,
        get() { throw new DOMException("closed", "SecurityError"); } });
    }""",
    "full": """Storage.prototype.setItem = () => {
      throw new DOMException("full", "QuotaExceededError");
    }""",
}


@pytest.mark.parametrize(
    ("system", "storage"),
    [("light", "open"), ("dark", "open"), ("light", "closed"), ("dark", "full")],
)
def test_the_theme_goes_from_the_system_s_to_the_other_to_both_by_choice(
    visit: Visit, served: str, system: str, storage: str
):
    """The icon tells the mode; without storage the page works all the same."""
    other = {"light": "dark", "dark": "light"}[system]
    with visit(served + "book/perceptron.html?framework=pytorch", system) as page:
        page.add_init_script(STORAGE[storage])
        page.reload()
        button = page.locator(".book-bar").get_by_role("button", name="Color theme")
        seen = [look(page)]
        for _ in range(3):
            button.click()
            seen.append(look(page))
        start = ("auto", system, ["icon-system"])
        assert seen == [
            start,
            (other, other, [f"icon-{other}"]),
            (system, system, [f"icon-{system}"]),
            start,
        ]
        page.keyboard.press("Control+k")  # the frame's script has run to its end
        page.locator("#pst-search-dialog[open]").wait_for()
        chosen = page.locator(".sd-tab-set > input:checked + label").all_inner_texts()
        assert {name.strip() for name in chosen} == {"PyTorch"}
        page.keyboard.type("loss")
        page.get_by_role("option").first.wait_for()


def test_the_theme_follows_the_system_until_the_reader_chooses(
    visit: Visit, served: str
):
    with visit(served + "book/intro.html") as page:
        for system in ("dark", "light"):
            page.emulate_media(color_scheme=system)
            page.locator(f"html[data-mode=auto][data-theme={system}]").wait_for()
        page.locator(".book-theme").click()
        assert look(page)[:2] == ("dark", "dark")
        page.evaluate(
            """matchMedia("(prefers-color-scheme: dark)").addEventListener("change",
              ({ matches }) => requestAnimationFrame(() => {
                document.documentElement.dataset.told = matches ? "dark" : "light";
              }))"""
        )
        for system in ("dark", "light"):
            page.emulate_media(color_scheme=system)
            page.locator(f"html[data-told={system}]").wait_for()
            assert look(page)[:2] == ("dark", "dark")
        page.goto(served + "book/mlp.html")
        assert look(page)[:2] == ("dark", "dark")


def test_the_skip_link_comes_first_and_leads_to_the_text(visit: Visit, served: str):
    with visit(served + "book/perceptron.html") as page:
        page.keyboard.press("Tab")
        link = page.locator(":focus")
        assert link.get_attribute("href") == "#main-content"
        assert link.bounding_box()["y"] >= 0
        page.keyboard.press("Enter")
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.closest('main') !== null")


def test_the_text_is_readable_without_javascript(
    visit: Visit, served: str, pages: dict[str, Markup]
):
    with visit(served + "book/intro.html", java_script_enabled=False) as page:
        for name in readable(pages):
            page.goto(served + name)
            hidden = page.evaluate(
                """() => [...document.querySelectorAll("article :is(h1, p, pre, img)")]
                  .filter(e => !e.closest("details, .sd-tab-content"))
                  .filter(e => !e.checkVisibility({ visibilityProperty: true }))
                  .map(e => e.outerHTML)"""
            )
            assert not hidden, f"{name}: {hidden}"
            assert page.locator(".pst-js-only:visible").count() == 0, name


def test_print_shows_what_the_screen_folds_and_no_buttons(
    pages: dict[str, Markup], seen
):
    found = seen("light", 1280)
    assert list(found.printed) == readable(pages)
    for name, parts in found.printed.items():
        assert all(visible for _, visible in parts), f"{name}: {parts}"
    assert any(found.printed.values())
    assert found.frames == []


def test_folded_text_is_found_where_it_stands(visit: Visit, home: str):
    """In a solution, in folded code and in a tab that is not shown."""
    page_ = home + "book/perceptron.html"
    with visit(page_) as page:
        for words in ("AND asks for both", "mean_0, mean_1", "import torch"):
            page.goto("about:blank")
            page.goto(f"{page_}#:~:text={quote(words)}")
            found = page.locator("article").get_by_text(words).locator("visible=true")
            expect(found.first).to_be_in_viewport()
        place = page.locator("details.solution [id]").last
        assert not place.is_visible()
        page.goto(f"{page_}#{place.get_attribute('id')}")
        expect(place).to_be_in_viewport()


# Select from the first symbol of an element's formulas to its end; what is copied.
COPY = """element => {
  const range = document.createRange(), clipboardData = new DataTransfer();
  range.setStart(element.querySelector(".katex-html .mord"), 0);
  range.setEnd(element, element.childNodes.length);
  getSelection().removeAllRanges();
  getSelection().addRange(range);
  element.dispatchEvent(new ClipboardEvent("copy", { clipboardData, bubbles: true }));
  return ["text/plain", "text/html"].map(type => clipboardData.getData(type));
}"""


def test_a_formula_is_copied_as_tex(visit: Visit, served: str):
    """Displayed, and in the middle of prose; not its layers, and the page stays."""
    with visit(served + "book/perceptron.html") as page:
        display = page.locator(".formula-display").first
        line = page.locator("article p", has=page.locator(".formula")).first
        before = page.locator("article").inner_html()
        shown, marked = display.evaluate(COPY)
        assert shown.startswith(r"$$o = \sum_{j=1}^{d} w_j x_j + b , \qquad")
        assert shown.count("$$") == 2 and shown.split() == [
            *shown.split()[:-1],
            "(1.1)",
        ]
        assert "<math" not in marked and r"\sum" in marked
        prose, marked = line.evaluate(COPY)
        tex = line.locator("annotation").all_text_contents()
        assert prose.startswith(f"${tex[0]}$")
        assert all(prose.count(f"${source}$") for source in tex)
        assert "<math" not in marked and prose.count("$") == 2 * len(tex)
        assert page.locator("article").inner_html() == before


def test_forced_colors_keep_what_tells_states_apart(visit: Visit, served: str):
    """With the light theme chosen on a dark system."""
    colors = """all => all.map(e => {
      const { backgroundColor, borderBottomColor, fill } = getComputedStyle(e);
      return [backgroundColor, borderBottomColor, fill].join();
    })"""
    pairs = [
        (
            ".explorer .choice input:checked + span",
            ".choice input:not(:checked) + span",
        ),
        (".sd-tab-set > input:checked + label", ".sd-tab-set > :not(:checked) + label"),
        (".explorer svg text", ".explorer"),
    ]
    with visit(
        served + "book/perceptron.html", theme="dark", forced_colors="active"
    ) as page:
        page.evaluate("localStorage.setItem('mode', 'light')")
        page.reload()
        page.locator("html[data-theme=dark]").wait_for()
        page.evaluate(WAKE)
        page.locator(".explorer svg").first.wait_for()
        for pair in pairs:
            one, other = (page.locator(part).evaluate_all(colors) for part in pair)
            assert one and other and not {*one} & {*other}, pair
        track = "input => getComputedStyle(input).forcedColorAdjust"
        assert (
            page.locator(".explorer input[type=range]").first.evaluate(track) == "none"
        )


def test_letters_are_as_large_as_the_reader_s_browser_has_them(
    visit: Visit, served: str
):
    """A wide window with large letters is laid out as a narrow one, figures too."""
    with visit(served + "index.html") as page:
        devtools = page.context.new_cdp_session(page)
        devtools.send("Page.setFontSizes", {"fontSizes": {"standard": 32}})
        page.goto(served + "book/perceptron.html")
        page.evaluate(WAKE)
        page.locator(".explorer svg").first.wait_for()
        size = "document.documentElement.computedStyleMap().get('font-size').value"
        assert page.evaluate(size) == 34
        assert page.get_by_role("button", name="Chapters").is_visible()
        assert page.locator(".explorer").first.evaluate("e => +e.style.zoom") == 2
        page.set_viewport_size({"width": 360, "height": 900})
        assert page.evaluate(WIDTH) <= 360


def test_a_page_that_asks_another_host_is_caught(visit: Visit, tmp_path: Path):
    (tmp_path / "page.html").write_text('<img src="http://192.0.2.1/x.png">')
    with (
        serve(tmp_path) as address,
        pytest.raises(AssertionError, match="asks another host"),
        visit(address + "page.html"),
    ):
        pass


def test_pages_carry_no_date_and_no_machine_path(site: Path):
    for path in site.rglob("*.html"):
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"last.updated|/home/|/tmp/", text), path.name
        assert str(ROOT) not in text, path.name


def test_no_page_shows_an_icon_of_a_font_that_is_not_there(site: Path):
    """The frame is the book's: the theme's own parts have icons of such a font."""
    for path in site.rglob("*.html"):
        markup = re.sub(r"<script.*?</script>", "", path.read_text("utf8"), flags=re.S)
        assert not re.search(r'class="[^"]*\bfa-', markup), path.name
