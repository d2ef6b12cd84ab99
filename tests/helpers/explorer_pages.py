"""What the tests of the explorers share: Node, their pages, and the hand on a figure.

conftest.py loads it as a plugin, which makes its fixture known to all tests.
"""

import json
import re
import subprocess
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page

from explorers import bundle

ROOT = Path(__file__).resolve().parents[2]

CALL = """
import { text } from "node:stream/consumers";
const { module, name, calls } = JSON.parse(await text(process.stdin));
const call = (await import(module))[name];
const special = (key, value) => typeof value === "number" && !Number.isFinite(value)
  ? String(value) : value;
process.stdout.write(JSON.stringify(calls.map((call_) => call(...call_)), special));
"""


# Numbers ------------------------------------------------------------------------------


def node(code: str, given: object = None) -> object:
    """The JSON that a module prints, run in the repository's folder.

    Parameters
    ----------
    code : the module's text
    given : what it finds on its standard input, as JSON
    """
    done = subprocess.run(
        [bundle.node_program(), "--input-type=module", "--eval", code],
        input=json.dumps(given),
        capture_output=True,
        text=True,
        cwd=ROOT,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def in_node(file: str, name: str, *calls: list) -> list:
    """What an exported function returns for each list of arguments."""
    module = (ROOT / "explorers" / file).as_uri()
    return node(CALL, {"module": module, "name": name, "calls": calls})


# Pages --------------------------------------------------------------------------------

# On a page that shows an explorer in part only
COMPACT = re.compile(r'class="cell [^"]*\btag_compact\b')


def places_in(site: Path) -> dict[str, str]:
    """Each explorer's page, the first that has all of it, as an address in a site."""
    found = {}
    for path in sorted(site.rglob("*.html")):
        text = path.read_text(encoding="utf-8")
        if COMPACT.search(text):
            continue
        for name in re.findall(r'\bdata-explorer="(\w+)"', text):
            found.setdefault(name, path.relative_to(site).as_posix())
    return found


@pytest.fixture(scope="session")
def places(site: Path) -> dict[str, str]:
    """Each explorer's page, the first that has it, as an address in the website."""
    return places_in(site)


def states_of(site: Path, page: str, name: str) -> list[dict]:
    """The states of an explorer's places on a page, or in the files that it names."""
    text = (site / page).read_text(encoding="utf-8")
    states = []
    for source, held in re.findall(
        rf'data-explorer="{name}".*?<script type="application/json"'
        r'(?: data-state="\S+" data-source="(\S+)\?v=\w+")?>(.*?)</script>',
        text,
        flags=re.DOTALL,
    ):
        if source:
            script = (site / page).parent.joinpath(source).read_text(encoding="utf-8")
            held = json.loads(script.partition(" = ")[2].removesuffix(";\n"))
        states.append(json.loads(held))
    return states


def figure(page: Page, name: str) -> Locator:
    """An explorer that has come to life, on the screen; the first on its page."""
    place = page.locator(f'.explorer[data-explorer="{name}"]').first
    place.scroll_into_view_if_needed()
    place.locator("svg").first.wait_for()
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


def too_narrow(elements: Locator) -> int:
    """How many of the elements are narrower than their text."""
    return elements.evaluate_all(
        """all => all.filter(e => {
          const range = document.createRange();
          range.selectNodeContents(e);
          const { width } = range.getBoundingClientRect();
          return Math.max(width, e.scrollWidth) > e.clientWidth + 1;
        }).length"""
    )


def value_of(place: Locator, name: str) -> str:
    """A number of the readout."""
    text = place.locator(".readout > span", has_text=name).inner_text()
    return text.removeprefix(name).strip().replace("−", "-").replace("\u202f", "")


def center(place: Locator, name: str) -> tuple[float, float]:
    """Where a handle is."""
    box = place.get_by_role("slider", name=name).locator(".knob").bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def pull(page: Page, start: tuple[float, float], by: tuple[float, float]) -> None:
    page.mouse.move(*start)
    page.mouse.down()
    page.mouse.move(start[0] + by[0], start[1] + by[1], steps=5)
    page.mouse.up()
    settle(page)
