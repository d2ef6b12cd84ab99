"""Try the newest releases of all packages (`make newest`): what would they break?

In `_build/newest`, with an environment and a copy of the book of its own, it runs the
chapters, builds website and handout, runs the fast tests. It does so twice: as new as
all packages allow, then beyond what jupyter-book allows, which holds Sphinx back. What
failed, and which packages have moved, is told by `_build/newest/report.md`.
Standard library only, as it runs where nothing is installed.
"""

import re
import shutil
import subprocess
import sys
import venv
from collections import defaultdict

from bookpress.commands import install as bootstrap
from bookpress.commands.cli import Parser

ROOT = bootstrap.ROOT
FOLDER = ROOT / "_build" / "newest"
PYTHON = FOLDER / "venv" / "bin" / "python"
BOOK = FOLDER / "book"  # a copy, so that the book's own builds stay as they are

# Not beyond: the next release is another program, which has no Sphinx in it.
BELOW = {"jupyter-book": "2"}

RUN_CHAPTERS = """
from pathlib import Path
from bookpress import pages
from bookpress.execution import ExecutionFailed, execute_missing
root = Path.cwd()
chapters = {name: pages.source(root, name) for name in pages.with_code(root)}
try:
    execute_missing(chapters, root, root / "_build" / ".jupyter_cache")
except ExecutionFailed as failure:
    raise SystemExit(str(failure))
"""
CHECKS = {
    "Chapters": ["-c", RUN_CHAPTERS],
    "Website": ["-m", "bookpress.commands.book", "site"],
    "Handout": ["-m", "bookpress.commands.book", "pdf"],
    "Fast tests": ["-m", "pytest", "-q", "-n", "auto", "--dist", "loadfile"]
    + ["-m", "not build and not thorough"],
}

# The names of all that jupyter-book asks for.
HELD_BACK = """
import importlib.metadata, re
for line in importlib.metadata.requires("jupyter-book"):
    if "extra ==" not in line:
        print(re.match(r"[\\w.-]+", line)[0])
"""


def loosened(requirements: str) -> str:
    """Requirements with every pin turned into a least version.

    Parameters
    ----------
    requirements : text of requirements.txt

    Returns
    -------
    the same with `>=` for `==`, and an upper bound for the packages in BELOW
    """
    text = requirements.replace("==", ">=")
    # A marker compares by `==`, and means it.
    text = re.sub(r";.*", lambda marker: marker[0].replace(">=", "=="), text)
    for name, bound in BELOW.items():
        text = re.sub(rf"^({name}>=[^\s;]+)", rf"\1,<{bound}", text, flags=re.M)
    return text


def pinned(lock: str) -> dict[str, list[str]]:
    """Versions of each package in a lock file: some have one for each Python."""
    found = defaultdict(list)
    for name, version in re.findall(r"^([\w.-]+)==([^\s;]+)", lock, flags=re.M):
        found[name].append(version)
    return found


def moved(lock: str, installed: str) -> list[str]:
    """`name old → new` for each package whose version is none that is locked.

    Parameters
    ----------
    lock : text of requirements.lock
    installed : what `pip freeze` prints
    """
    old = pinned(lock)
    return [
        f"{name} {' or '.join(old[name])} → {version}"
        for name, (version,) in pinned(installed.lower().replace("_", "-")).items()
        if name in old and version.partition("+")[0] not in old[name]
    ]


def report(lanes: dict[str, tuple[dict[str, tuple[bool, str]], list[str]]]) -> str:
    """The report, in Markdown.

    Parameters
    ----------
    lanes : by name of the lane, its results and what has moved; a result is, by name
        of the check, whether it passed and the end of what it printed
    """
    parts = ["# The book on the newest packages"]
    for lane, (results, changes) in lanes.items():
        parts.append(f"## {lane}")
        for name, (passed, tail) in results.items():
            parts.append(f"### {name}: {'passed' if passed else 'FAILED'}")
            if not passed:
                parts.append(f"```\n{tail}\n```")
        parts.append(f"### Packages that have moved: {len(changes)}")
        parts.append("\n".join(f"- {change}" for change in changes) or "None.")
    return "\n\n".join(parts) + "\n"


def pip_install(*arguments) -> None:
    bootstrap.run(
        [PYTHON, "-m", "pip", "install", "--upgrade", *arguments],
        "installing the newest packages",
        "see the log: they may exclude one another",
    )


def output(*arguments: str) -> str:
    command = [PYTHON, *arguments]
    return subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout


def install() -> None:
    """Install the newest packages that put up with one another."""
    venv.create(PYTHON.parent.parent, with_pip=True)
    wanted = FOLDER / "requirements.txt"
    wanted.write_text(loosened((ROOT / "requirements.txt").read_text()))
    pip_install("-r", wanted)
    bootstrap.install_node_packages(PYTHON)


def lift() -> None:
    """Install what jupyter-book holds back; pip warns that it objects, and goes on."""
    names = output("-c", HELD_BACK).split()
    pip_install("--upgrade-strategy", "eager", *names)


LANES = {"Within jupyter-book's bounds": install, "Beyond them": lift}


def check(name: str) -> tuple[bool, str]:
    """Run a check; return whether it passed and the last lines that it printed."""
    print(f"{name} ...", flush=True)
    done = subprocess.run(
        [PYTHON, *CHECKS[name]],
        cwd=BOOK,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf8",
        errors="replace",
    )
    return done.returncode == 0, "\n".join(done.stdout.splitlines()[-60:])


def main() -> None:
    Parser(description=__doc__.splitlines()[0]).parse_args()
    bootstrap.install_debian_packages(["apt.txt", "tests/apt.txt"])
    shutil.rmtree(FOLDER, ignore_errors=True)
    made = [".venv", "node_modules", ".git", "_build", "_built", "__pycache__", "my"]
    shutil.copytree(ROOT, BOOK, True, shutil.ignore_patterns(*made))
    bootstrap.ROOT = BOOK
    lanes = {}
    for lane, prepare in LANES.items():
        print(f"{lane}: installing packages (some minutes, 3 GB) ...", flush=True)
        prepare()
        results = {name: check(name) for name in CHECKS}
        freeze = output("-m", "pip", "freeze")
        changes = moved((ROOT / "requirements.lock").read_text(), freeze)
        known = [change for _, changes in lanes.values() for change in changes]
        lanes[lane] = results, [change for change in changes if change not in known]
        (FOLDER / "report.md").write_text(report(lanes), "utf8")
    print(report(lanes))
    outcomes = [one for results, _ in lanes.values() for one in results.values()]
    if not all(passed for passed, _ in outcomes):
        sys.exit("error: the newest packages break what the report above names")


if __name__ == "__main__":
    main()
