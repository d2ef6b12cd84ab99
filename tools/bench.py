"""Measure what the book costs to build and to load (`make bench`).

Works on a copy of the sources in a temporary folder, so that nothing here is lost and
"cold" means cold. Times are wall-clock seconds on this machine: read ratios.
"""

import contextlib
import gzip
import itertools
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from pathlib import Path

from cli import Parser

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "_ext"), str(ROOT / "tests")]

KINDS = {
    ".html": "html",
    ".css": "css",
    ".js": "js",
    ".woff2": "fonts",
    ".svg": "images",
    ".png": "images",
}


def copy_sources(target: Path) -> None:
    installed = {".venv", "node_modules"}
    ignored = shutil.ignore_patterns(
        *installed, ".git", "_build", "_built", "__pycache__"
    )
    shutil.copytree(ROOT, target, ignore=ignored)
    for name in installed:
        (target / name).symlink_to(ROOT / name)


def build(root: Path, *targets: str) -> float:
    """Seconds that a build takes as a whole process."""
    command = [sys.executable, str(root / "tools" / "build.py"), *targets]
    start = time.monotonic()
    result = subprocess.run(command, capture_output=True, text=True)
    if result.returncode:
        sys.exit(f"error: the build failed: {result.stdout}{result.stderr}")
    return time.monotonic() - start


def serial_times(root: Path) -> dict[str, float]:
    """Seconds that each chapter takes to execute, one after the other."""
    from execution import KERNEL_ENVIRONMENT, Chapter, execute, read_notebook

    os.environ.update(KERNEL_ENVIRONMENT)
    times = {}
    for path in sorted((root / "book").glob("*.md")):
        notebook = read_notebook(path)
        if notebook is not None:
            times[path.stem] = execute(Chapter(path, notebook, ""), timeout=600)
    return times


def touch_prose(root: Path) -> None:
    page = max((root / "book").glob("*.md"), key=lambda path: path.stat().st_size)
    page.write_text(page.read_text("utf8") + "\nOne more line of prose.\n", "utf8")


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
    """Chromium with one page, and the address at which a site is served."""
    from chromium import SWITCHES, serve
    from playwright.sync_api import sync_playwright

    switches = [word.replace("\t", " ") for word in SWITCHES.split(" ")]
    with sync_playwright() as playwright, serve(site) as home:
        browser = playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=switches
        )
        yield browser, browser.new_page(), home
        browser.close()


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
            for place in page.locator(".explorer:has(input[type=range])").all():
                kind = place.get_attribute("data-explorer")
                slider = place.locator("input[type=range]").first
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


def training_frames(site: Path) -> tuple[float, float]:
    """Milliseconds while the playground trains its first network, 2-8-8-1.

    From frame to frame (the median) and of the processor, on the main thread, for one
    frame; the least of three runs.
    """
    pages = site.rglob("*.html")
    file = next(f for f in pages if 'data-explorer="playground"' in f.read_text("utf8"))
    runs = []
    with open_browser(site) as (_, page, home):
        metrics = page.context.new_cdp_session(page)
        metrics.send("Performance.enable", {"timeDomain": "threadTicks"})

        def processor() -> float:
            found = metrics.send("Performance.getMetrics")["metrics"]
            return next(m["value"] for m in found if m["name"] == "ThreadTime")

        for _ in range(3):
            page.goto(home + file.relative_to(site).as_posix())
            place = page.locator('[data-explorer="playground"]')
            place.get_by_role("button", name="Play").click()
            before = processor()
            times = page.evaluate(FRAMES)
            busy = 1000 * (processor() - before) / (len(times) - 1)
            steps = sorted(after - time for time, after in itertools.pairwise(times))
            runs.append((steps[len(steps) // 2], busy))
    frame, busy = zip(*runs, strict=True)
    return min(frame), min(busy)


def report_explorers(site: Path) -> None:
    sizes = explorer_bytes(site)
    print("\nexplorers, kB (gzip) within a page; aim 40 at most")
    for page, size in sizes.items():
        if size:
            print(f"{page:<24} {size / 1000:6.1f}")
    print(f"{sum(not size for size in sizes.values())} pages without any    0.0")
    print("longest task while a slider moves; aim below 50 ms")
    for name, milliseconds in longest_tasks(site).items():
        print(f"{name:<24} {milliseconds:6.1f} ms")
    frame, busy = training_frames(site)
    print("playground, training; aim 60 frames a second, one in 16.7 ms")
    print(f"from frame to frame      {frame:6.1f} ms, main thread busy {busy:.1f} ms")


def main() -> None:
    Parser(description=__doc__.splitlines()[0]).parse_args()
    print(
        f"on {platform.system()} {platform.machine()}, {os.cpu_count()} cores, "
        f"Python {platform.python_version()}"
    )
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder).resolve() / "a copy"
        copy_sources(root)
        times = serial_times(root)
        for name, seconds in times.items():
            print(f"execute {name:<16} {seconds:6.1f} s")
        total = sum(times.values())
        print(f"sum of serial executions {total:6.1f} s")
        both = build(root, "site", "pdf")
        aim = 1.2 * total + 40
        print(f"cold site and handout    {both:6.1f} s   (aim at most {aim:.1f})")
        print(f"no-op site               {build(root, 'site'):6.1f} s   (aim 2.5)")
        touch_prose(root)
        print(f"site after a prose edit  {build(root, 'site'):6.1f} s   (aim 4.0)")
        keras = build(root, "pdf", "--framework", "keras")
        again = build(root, "pdf", "--framework", "keras")
        print(f"one more edition         {keras:6.1f} s")
        print(f"the same, no-op          {again:6.1f} s   (its pass of Sphinx)")
        kinds = ["html", "css", "js", "fonts", "images"]
        print("\nkB (gzip) per page" + "".join(f"{kind:>9}" for kind in kinds))
        for page, sizes in page_bytes(root / "_build" / "html").items():
            cells = "".join(f"{sizes[kind] / 1000:9.1f}" for kind in kinds)
            print(f"{page:<18}{cells}")
        report_explorers(root / "_build" / "html")


if __name__ == "__main__":
    main()
