"""Try the newest releases of all packages (`make newest`): what would they break?

Makes an environment of its own in `_build/newest`, runs the chapters and the fast tests
in it, and writes `_build/newest/report.md`: which packages have moved, and what failed.
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

# Not beyond: the next release is another program, which has no Sphinx in it.
BELOW = {"jupyter-book": "2"}

RUN_CHAPTERS = """
import sys
from pathlib import Path
sys.path.insert(0, "_ext")
from execution import ExecutionFailed, execute_missing
try:
    pages = sorted(Path("book").resolve().glob("*.md"))
    execute_missing(pages, Path.cwd(), Path(sys.argv[1]))
except ExecutionFailed as failure:
    sys.exit(str(failure))
"""
CHECKS = {
    "Chapters": ["-c", RUN_CHAPTERS, str(FOLDER / "cache")],
    "Fast tests": ["-m", "pytest", "-q", "-n", "2", "tests"]
    + ["-m", "not build and not thorough"],
}


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


def report(changes: list[str], results: dict[str, tuple[bool, str]]) -> str:
    """The report, in Markdown.

    Parameters
    ----------
    changes : what has moved
    results : by name of the check, whether it passed and the end of what it printed
    """
    parts = ["# The book on the newest packages"]
    for name, (passed, tail) in results.items():
        parts.append(f"## {name}: {'passed' if passed else 'FAILED'}")
        if not passed:
            parts.append(f"```\n{tail}\n```")
    parts.append(f"## Packages that have moved: {len(changes)}")
    parts.append("\n".join(f"- {change}" for change in changes) or "None.")
    return "\n\n".join(parts) + "\n"


def install() -> None:
    shutil.rmtree(FOLDER, ignore_errors=True)
    venv.create(PYTHON.parent.parent, with_pip=True)
    wanted = FOLDER / "requirements.txt"
    wanted.write_text(loosened((ROOT / "requirements.txt").read_text()))
    print("installing the newest packages (some minutes, 3 GB) ...", flush=True)
    bootstrap.run(
        [PYTHON, "-m", "pip", "install", "--upgrade", "-r", wanted],
        "installing the newest packages",
        "see the log: they may exclude one another",
    )


def check(name: str) -> tuple[bool, str]:
    """Run a check; return whether it passed and the last lines that it printed."""
    print(f"{name} ...", flush=True)
    done = subprocess.run(
        [PYTHON, *CHECKS[name]],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf8",
        errors="replace",
    )
    return done.returncode == 0, "\n".join(done.stdout.splitlines()[-60:])


def main() -> None:
    Parser(description=__doc__.splitlines()[0]).parse_args()
    bootstrap.install_debian_packages(["apt.txt", "tests/apt.txt"])
    install()
    bootstrap.install_node_packages(PYTHON)
    results = {name: check(name) for name in CHECKS}
    freeze = [PYTHON, "-m", "pip", "freeze"]
    installed = subprocess.run(freeze, stdout=subprocess.PIPE, text=True).stdout
    text = report(moved((ROOT / "requirements.lock").read_text(), installed), results)
    (FOLDER / "report.md").write_text(text, "utf8")
    print(text)
    if not all(passed for passed, _ in results.values()):
        sys.exit("error: the newest packages break what the report above names")


if __name__ == "__main__":
    main()
