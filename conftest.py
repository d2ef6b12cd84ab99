"""Fixtures that several test files share."""

import functools
import importlib
import os
import re
import subprocess
import sys
from pathlib import Path

import chapters
import execution
import pytest

ROOT = Path(__file__).resolve().parent

# Before NumPy is loaded: chapters run here as they do for the book, figures apart.
os.environ.update(execution.KERNEL_ENVIRONMENT)
importlib.import_module("matplotlib").use("agg")

pytest_plugins = ["chromium", "explorer_pages"]


def build(*targets: str, root: Path = ROOT) -> subprocess.CompletedProcess:
    """Run tools/build.py; the test fails with what it printed if it fails."""
    command = [sys.executable, str(ROOT / "tools" / "build.py"), *targets]
    result = subprocess.run(
        [*command, "--root", str(root)], capture_output=True, text=True, timeout=1800
    )
    assert result.returncode == 0, result.stdout + result.stderr
    return result


@pytest.fixture(scope="session")
def site() -> Path:
    """The built website's folder; all tests share one build.

    The variable BOOK_SITE names another one to test, such as an unpacked bundle.
    """
    if folder := os.environ.get("BOOK_SITE"):
        return Path(folder)
    build("site")
    return ROOT / "_build" / "html"


@pytest.fixture(scope="session")
def handout() -> Path:
    """The built PDF; all tests share one build."""
    build("pdf")
    return ROOT / "_build" / "deep-learning-basics.pdf"


@pytest.fixture(scope="session")
def chapter():
    """chapter("perceptron"): a chapter after its run, executed once per session."""
    runs = {}

    def get(name: str) -> chapters.Run:
        if name not in runs:
            runs[name] = chapters.run(chapters.BOOK / f"{name}.md")
        return runs[name]

    return get


# Two processes share the tests. The files that take longest go first.
SLOW = ["every_explorer_browser", "editions", "website", "jupyterlab", "build"]
SLOW += ["downloads", "playground_browser"]


def pytest_collection_modifyitems(items) -> None:
    """Whoever asks for a built book carries the marker `build`."""
    for item in items:
        if {"site", "handout"} & set(item.fixturenames):
            item.add_marker(pytest.mark.build)

    def turn(item: pytest.Item) -> tuple[bool, int]:
        name = item.path.stem.removeprefix("test_")
        place = SLOW.index(name) if name in SLOW else len(SLOW)
        return "chapter" not in item.fixturenames, place

    items.sort(key=turn)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """A file goes to one process as a whole: its fixtures are made once.

    Files on chapters go to one process together: each chapter is executed once.
    """
    from xdist.scheduler import LoadScopeScheduling

    @functools.cache
    def group(file: str) -> str:
        asks = re.search(r"def \w+\(chapter[,)]", (ROOT / file).read_text("utf8"))
        return "chapters" if asks else file

    class ByFile(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return group(nodeid.partition("::")[0])

    return ByFile(config, log)
