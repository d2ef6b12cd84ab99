"""Measure what the book costs to run, to build and to load (`make bench`).

Works on copies of the sources in a temporary folder, so that nothing here is lost and
"cold" means cold. Times are wall-clock seconds on this machine: read ratios. All goes
to the file that `bench_record` of `_config.yml` names, which is committed: a page takes
no time from its own build, or two builds would differ. What was not measured this time
stays in it.
"""

import contextlib
import functools
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from datetime import date
from pathlib import Path

from bookpress import pages
from bookpress.commands.bench_code import measure_code
from bookpress.commands.bench_growth import measure_growth, run
from bookpress.commands.bench_judge import measure_judge
from bookpress.commands.bench_site import measure_site
from bookpress.commands.cli import Parser
from bookpress.commands.measure import children_memory, measured
from bookpress.settings import settings
from bookpress.slides import decks

ROOT = Path.cwd()  # the book's top folder


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
    start = time.monotonic()
    run(root, list(targets))
    return time.monotonic() - start


def measure_chapters(root: Path) -> dict[str, dict[str, float]]:
    """What each chapter takes to run, one after the other."""
    from bookpress.cells import read_notebook
    from bookpress.execution.kernel import KERNEL_ENVIRONMENT, execute
    from bookpress.execution.keys import Chapter

    os.environ.update(KERNEL_ENVIRONMENT)
    found = {}
    for name in pages.with_code(root):
        path = pages.source(root, name)
        chapter = Chapter(name, path, read_notebook(path), "")
        found[name] = measured(functools.partial(execute, chapter, timeout=600))
        numbers = ", ".join(f"{what} {n}" for what, n in found[name].items())
        print(f"run {name:<24} {numbers}", flush=True)
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


def measure_builds(root: Path) -> dict[str, float]:
    """Seconds of builds from nothing, of no change, of changed decks, of a sentence."""
    found = {"cold": build(root, "pdf", "site")}  # the website lists the handout
    found["none"] = build(root, "site")
    for deck in decks.sources(root):
        deck.write_text(deck.read_text("utf8") + "\n% One more line.\n", "utf8")
    found["decks"] = build(root, "site")
    page = max(
        (pages.source(root, name) for name in pages.listed(root)),
        key=lambda path: path.stat().st_size,
    )
    page.write_text(page.read_text("utf8") + "\nOne more line of prose.\n", "utf8")
    found["prose"] = build(root, "site")
    found["edition"] = build(root, "pdf", "--paper", "letter")
    return {step: round(seconds, 1) for step, seconds in found.items()}


def measure_commands(folder: Path) -> dict[str, dict[str, float]]:
    """`make book` and `make test` from a fresh clone in a path with a space."""
    clone = folder / "a fresh clone"
    subprocess.run(["git", "clone", "--quiet", ROOT, clone], check=True)
    found = {}
    for target in ("book", "test"):
        log = (ROOT / "_build" / f"bench-{target}.log").open("w")
        command = functools.partial(
            subprocess.run, ["make", target], cwd=clone, stdout=log, stderr=log
        )
        done = []
        found[target] = measured(lambda run=command, done=done: done.append(run()))
        log.close()
        if done[0].returncode:
            sys.exit(f"error: make {target} failed; see {log.name}")
        print(f"make {target}: {found[target]}", flush=True)
    return found


PARTS = ["chapters", "builds", "website", "code", "judge", "growth", "commands"]


def main() -> None:
    parser = Parser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "parts",
        nargs="*",
        choices=[*PARTS, []],
        metavar="|".join(PARTS),
        help="what to measure; without a word all but growth and commands",
    )
    parser.add_argument(
        "--copies-of", help="docname of the chapter that growth copies", default=""
    )
    arguments = parser.parse_args()
    parts = arguments.parts or PARTS[:5]
    path = ROOT / settings(ROOT).sphinx("bench_record", "bench.json")
    record = json.loads(path.read_text("utf8")) if path.is_file() else {}
    machine = {
        "date": date.today().isoformat(),
        "system": f"{platform.system()} {platform.machine()}",
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        # Processes of others that ran or wanted to, in the minute before.
        "busy": round(os.getloadavg()[0], 1),
    }
    print("on", ", ".join(f"{name} {value}" for name, value in machine.items()))

    def keep(what: dict) -> None:
        """Write down at once what was measured: the next part may stop."""
        record.update(what)
        path.write_text(json.dumps(record, indent=2) + "\n")

    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder).resolve() / "a copy"
        copy_sources(root)
        if "chapters" in parts:
            memory = lab_memory(root)
            run_times = measure_chapters(root)
            keep({**machine, "JupyterLab MB": memory, "chapters": run_times})
        if "builds" in parts:
            keep({"builds": measure_builds(root)})
        site = root / "_build" / "html"
        if not {"website", "judge"}.isdisjoint(parts) and "builds" not in parts:
            build(root, "site")
        if "website" in parts:
            keep({"website": measure_site(site)})
        if "code" in parts:
            frameworks = list(settings(ROOT).frameworks)
            keep({"code": measure_code(root, frameworks)})
        if "judge" in parts:
            found = sorted(site.rglob("*.html"))
            names = [page.relative_to(site).as_posix() for page in found]
            keep({"judge": measure_judge(site, names)})
        if "growth" in parts:
            chapter = arguments.copies_of or pages.with_code(root)[0]
            growth = measure_growth(root, chapter)
            keep({"growth": {**machine, "copies of": chapter, **growth}})
        if "commands" in parts:
            found = measure_commands(Path(folder).resolve())
            keep({"commands": {**machine, **found}})
    print(json.dumps(record, indent=2))
    print(f"written: {path}; commit it, and the status page shows it")


if __name__ == "__main__":
    main()
