"""Fixtures that several test files share."""

import importlib
import os
import subprocess
import sys
from pathlib import Path

import chapters
import execution
import pytest

ROOT = Path(__file__).resolve().parent.parent

# Before NumPy is loaded: chapters run here as they do for the book, figures apart.
os.environ.update(execution.KERNEL_ENVIRONMENT)
importlib.import_module("matplotlib").use("agg")

pytest_plugins = ["chromium"]


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


@pytest.hookimpl(tryfirst=True)  # pytest-xdist reads the groups in its own
def pytest_collection_modifyitems(items) -> None:
    """Whoever asks for a built book carries the marker `build`.

    Tests are given to processes file by file, those on chapters all to one, so that
    each chapter is executed once.
    """
    for item in items:
        if {"site", "handout"} & set(item.fixturenames):
            item.add_marker(pytest.mark.build)
        group = "chapters" if "chapter" in item.fixturenames else item.path.stem
        item.add_marker(pytest.mark.xdist_group(group))
