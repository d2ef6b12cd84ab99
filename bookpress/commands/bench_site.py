"""What the built website costs its readers: bytes, and time on the main thread."""

import contextlib
import gzip
import itertools
import json
import re
import sys
from collections import Counter, defaultdict
from pathlib import Path

KINDS = {
    ".html": "html",
    ".css": "css",
    ".js": "js",
    ".woff2": "fonts",
    ".svg": "images",
    ".png": "images",
}


def page_bytes(site: Path) -> dict[str, Counter]:
    """Bytes that each page makes a first visitor load, by kind, as gzip sends them.

    Fonts count as stylesheets name them, whether a page has glyphs from them or not.
    """
    pages = defaultdict(Counter)
    for page in sorted(site.rglob("*.html")):
        name = page.relative_to(site).as_posix()
        if name.startswith("_static"):
            continue
        todo, seen = [page], set()
        while todo:
            file = todo.pop()
            if file in seen or not file.is_file() or file.suffix not in KINDS:
                continue
            seen.add(file)
            data = file.read_bytes()
            packed = data if file.suffix in {".woff2", ".png"} else gzip.compress(data)
            pages[name][KINDS[file.suffix]] += len(packed)
            if file == page:
                links = re.findall(
                    r'<(?:link|script|img)[^>]*?(?:href|src)="([^"#?]+)', data.decode()
                )
            elif file.suffix == ".css":
                links = re.findall(r'url\(["\']?([^)"\'?#]+)', data.decode())
            else:
                continue
            todo += [
                (file.parent / link).resolve()
                for link in links
                if ":" not in link and not link.endswith(".html")
            ]
    return pages


EXPLORER_PARTS = re.compile(
    r'<script type="module">(.*?)</script>|<style>(\.explorer.*?)</style>'
    r'|(<div class="explorer".*?</script></div>)',
    flags=re.DOTALL,
)


def explorer_bytes(site: Path) -> dict[str, int]:
    """Bytes that each page carries for its explorers, as gzip sends them."""
    sizes = {}
    for page in sorted(site.rglob("*.html")):
        parts = EXPLORER_PARTS.findall(page.read_text("utf8"))
        text = "".join(part for groups in parts for part in groups)
        name = page.relative_to(site).as_posix()
        sizes[name] = len(gzip.compress(text.encode())) if text else 0
    return sizes


@contextlib.contextmanager
def open_browser(site: Path):
    """Chromium with one page, and the address at which a site is served.

    What waits for a prediction is open there.
    """
    sys.path.insert(0, str(Path.cwd() / "tests" / "helpers"))
    from chromium import SWITCHES, UNCOVER, serve
    from playwright.sync_api import sync_playwright

    switches = [word.replace("\t", " ") for word in SWITCHES.split(" ")]
    with sync_playwright() as playwright, serve(site) as home:
        browser = playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=switches
        )
        page = browser.new_page()
        page.add_init_script(UNCOVER)
        yield browser, page, home
        browser.close()


# Explorers away from the window come to life, as before print.
WAKE = "dispatchEvent(new Event('beforeprint'))"


def main_thread(trace: list[dict]) -> list[dict]:
    """The finished tasks of a page's main thread."""
    main = {
        (event["pid"], event["tid"])
        for event in trace
        if event["name"] == "thread_name" and event["args"]["name"] == "CrRendererMain"
    }
    return [e for e in trace if e.get("dur") and (e["pid"], e["tid"]) in main]


def longest_tasks(site: Path) -> dict[str, float]:
    """Milliseconds of the longest main-thread task while an explorer's slider moves.

    The least of three runs: other work on the machine makes it longer, never shorter.
    """
    tasks = {}
    with open_browser(site) as (browser, page, home):
        for name in (name for name, size in explorer_bytes(site).items() if size):
            page.goto(home + name)
            page.wait_for_load_state("networkidle")
            page.evaluate(WAKE)
            for place in page.locator(".explorer:has(input[type=range])").all():
                kind = place.get_attribute("data-explorer")
                slider = place.locator("input[type=range]").filter(visible=True).first
                if not slider.count():
                    continue  # in the tab behind, or on a slide to come
                runs = [longest_task(browser, page, slider) for _ in range(3)]
                tasks[kind] = max(tasks.get(kind, 0), min(runs))
    return tasks


def longest_task(browser, page, slider) -> float:
    """Draw a slider across in a hundred moves; milliseconds of the longest task."""
    slider.scroll_into_view_if_needed()
    box = slider.bounding_box()
    middle = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + 12, middle)
    page.mouse.down()
    browser.start_tracing(page=page, categories=["toplevel"])
    for i in range(1, 101):
        page.mouse.move(box["x"] + 12 + i / 101 * box["width"], middle)
    trace = json.loads(browser.stop_tracing())["traceEvents"]
    page.mouse.up()
    return max(event["dur"] / 1000 for event in main_thread(trace))


FRAMES = """() => new Promise((done) => {
  const times = [];
  const tick = (time) => {
    times.push(time);
    if (times.length <= 180) requestAnimationFrame(tick);
    else done(times);
  };
  requestAnimationFrame(tick);
})"""


def playing_frames(site: Path) -> dict[str, dict[str, float]]:
    """Milliseconds while an explorer plays, the least of three runs.

    From frame to frame (the median) and of the processor, on the main thread, for one
    frame.
    """
    found = {}
    with open_browser(site) as (_, page, home):
        metrics = page.context.new_cdp_session(page)
        metrics.send("Performance.enable", {"timeDomain": "threadTicks"})

        def processor() -> float:
            told = metrics.send("Performance.getMetrics")["metrics"]
            return next(m["value"] for m in told if m["name"] == "ThreadTime")

        for name in (name for name, size in explorer_bytes(site).items() if size):
            page.goto(home + name)
            page.evaluate(WAKE)
            players = page.locator(".explorer:has(button :text-is('Play'))")
            kinds = players.filter(visible=True).evaluate_all(
                "places => places.map(place => place.dataset.explorer)"
            )
            for kind in sorted(set(kinds) - set(found)):
                runs = []
                for _ in range(3):
                    page.goto(home + name)
                    page.evaluate(WAKE)
                    place = page.locator(f'[data-explorer="{kind}"]')
                    place = place.filter(visible=True).first
                    place.get_by_role("button", name="Play").click()
                    before = processor()
                    times = page.evaluate(FRAMES)
                    busy = 1000 * (processor() - before) / (len(times) - 1)
                    steps = sorted(b - a for a, b in itertools.pairwise(times))
                    runs.append((steps[len(steps) // 2], busy))
                frame, busy = (round(min(runs), 1) for runs in zip(*runs, strict=True))
                found[kind] = {"frame ms": frame, "busy ms": busy}
    return found


def measure_site(site: Path) -> dict[str, dict]:
    """What pages weigh, in kB as gzip sends them, and how explorers move."""
    pages = {
        page: {kind: round(size / 1000, 1) for kind, size in sorted(sizes.items())}
        for page, sizes in page_bytes(site).items()
    }
    explorers = {
        page: round(size / 1000, 1)
        for page, size in explorer_bytes(site).items()
        if size
    }
    tasks = {kind: round(time, 1) for kind, time in longest_tasks(site).items()}
    return {
        "page kB": pages,
        "explorers kB": explorers,  # aim 40 at most
        "longest task ms": tasks,  # while a slider moves; aim below 50
        "playing": playing_frames(site),  # aim 16.7 from frame to frame
    }
