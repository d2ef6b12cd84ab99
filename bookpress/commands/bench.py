"""Measure what the book costs to run, to build and to load (`make bench`).

Works on a copy of the sources in a temporary folder, so that nothing here is lost and
"cold" means cold. Times are wall-clock seconds on this machine: read ratios. What the
status page tells of it goes to `tools/bench.json`, which is committed: a page takes no
time from its own build, or two builds would differ.
"""

import contextlib
import functools
import gzip
import itertools
import json
import os
import platform
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections import Counter, defaultdict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path

import psutil

from bookpress.commands.cli import Parser

ROOT = Path.cwd()  # the book's top folder
RECORD = ROOT / "tools" / "bench.json"
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


def children_memory(ignored: set[psutil.Process]) -> float:
    """Megabytes that the processes below this one hold in memory, added up.

    One that has just been forked, and is not yet the program that it will be, shares
    the memory of this one and is not counted.
    """
    own = psutil.Process()
    total, command = 0, own.cmdline()
    for process in set(own.children(recursive=True)) - ignored:
        with contextlib.suppress(psutil.NoSuchProcess):
            if process.cmdline() != command:
                total += process.memory_info().rss
    return total / 1e6


def children_seconds() -> float:
    """Seconds that ended children of this process, and theirs, have computed."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def measured(action: Callable[[], object]) -> dict[str, float]:
    """Run an action that starts processes, and watch them.

    Returns
    -------
    seconds : on the clock; other work on the machine makes them more
    computing : seconds that the processes computed, which other work changes little
    MB : the most that they held in memory at one time, looked at ten times a second
    """
    others = set(psutil.Process().children(recursive=True))
    before, start, peak = children_seconds(), time.monotonic(), 0.0
    with ThreadPoolExecutor(1) as pool:
        job = pool.submit(action)
        while not job.done():
            peak = max(peak, children_memory(others))
            time.sleep(0.1)
    job.result()
    return {
        "seconds": round(time.monotonic() - start, 1),
        "computing": round(children_seconds() - before, 1),
        "MB": round(peak),
    }


def measure_chapters(root: Path) -> dict[str, dict[str, float]]:
    """What each chapter takes to run, one after the other."""
    from execution import KERNEL_ENVIRONMENT, Chapter, execute, read_notebook

    os.environ.update(KERNEL_ENVIRONMENT)
    found = {}
    for path in sorted((root / "book").glob("*.md")):
        notebook = read_notebook(path)
        if notebook is None:
            continue
        chapter = Chapter(path, notebook, "")
        found[path.stem] = measured(functools.partial(execute, chapter, timeout=600))
        numbers = ", ".join(f"{name} {n}" for name, n in found[path.stem].items())
        print(f"run {path.stem:<20} {numbers}", flush=True)
    return found


def load_when_ready(address: str) -> None:
    """Load a page of a server that tells its address a little before it listens."""
    for _ in range(100):
        with contextlib.suppress(urllib.error.URLError):
            urllib.request.urlopen(address).read()
            return
        time.sleep(0.2)
    sys.exit(f"error: nobody answers at {address}")


def lab_memory(root: Path) -> int:
    """Megabytes that JupyterLab holds besides, once its page is loaded."""
    options = ["--no-browser", "--allow-root", "--ip=127.0.0.1", "--port=0"]
    command = [sys.executable, "-m", "jupyterlab", *options, f"--notebook-dir={root}"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as server:
        try:
            for line in server.stderr:
                if found := re.search(r"http://127\.0\.0\.1:\d+/lab\?token=\w+", line):
                    load_when_ready(found[0])
                    return round(children_memory(set()))
        finally:
            server.terminate()
            server.communicate()  # it has more to say, and waits until that is read
    sys.exit("error: JupyterLab did not start")


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


def measure_builds(root: Path, chapters_in_turn: float) -> dict[str, float]:
    """Seconds of builds from nothing, of no change and of a changed sentence."""
    both = build(root, "pdf", "site")  # in this order: the website lists the handout
    aim = 1.2 * chapters_in_turn + 40
    print(f"cold site and handout    {both:6.1f} s   (aim at most {aim:.1f})")
    no_op = build(root, "site")
    print(f"no-op site               {no_op:6.1f} s   (aim 2.5)")
    touch_prose(root)
    prose = build(root, "site")
    print(f"site after a prose edit  {prose:6.1f} s   (aim 4.0)")
    keras = build(root, "pdf", "--framework", "keras")
    print(f"one more edition         {keras:6.1f} s")
    return {"cold": round(both, 1), "prose": round(prose, 1), "none": round(no_op, 1)}


def report_pages(site: Path) -> None:
    kinds = ["html", "css", "js", "fonts", "images"]
    print("\nkB (gzip) per page" + "".join(f"{kind:>9}" for kind in kinds))
    for page, sizes in page_bytes(site).items():
        cells = "".join(f"{sizes[kind] / 1000:9.1f}" for kind in kinds)
        print(f"{page:<18}{cells}")


def main() -> None:
    parser = Parser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--chapters", action="store_true", help="measure no builds and no pages"
    )
    arguments = parser.parse_args()
    record = {
        "date": date.today().isoformat(),
        "system": f"{platform.system()} {platform.machine()}",
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        # Processes of others that ran or wanted to, in the minute before.
        "busy": round(os.getloadavg()[0], 1),
    }
    print("on", ", ".join(f"{name} {value}" for name, value in record.items()))
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder).resolve() / "a copy"
        copy_sources(root)
        record["JupyterLab MB"] = lab_memory(root)
        print(f"JupyterLab alone {record['JupyterLab MB']:18} MB")
        record["chapters"] = measure_chapters(root)
        total = sum(chapter["seconds"] for chapter in record["chapters"].values())
        print(f"all, one after the other {total:6.1f} s")
        if not arguments.chapters:
            record["builds"] = measure_builds(root, total)
        RECORD.write_text(json.dumps(record, indent=2) + "\n")
        print(f"written: {RECORD}; commit it, and the status page shows it")
        if not arguments.chapters:
            report_pages(root / "_build" / "html")
            report_explorers(root / "_build" / "html")


if __name__ == "__main__":
    main()
