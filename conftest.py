"""Fixtures that several test files share."""

import importlib
import os
from pathlib import Path

import pytest
import this_book

from bookpress.checks import chapters
from bookpress.execution.kernel import KERNEL_ENVIRONMENT
from bookpress.workers import workers

# Before NumPy is loaded: chapters run here as they do for the book, figures apart.
os.environ.update(KERNEL_ENVIRONMENT)
importlib.import_module("matplotlib").use("agg")

pytest_plugins = ["chromium", "explorer_pages"]

# A file for each chapter that has passed a second run of its cells, with its key.
RERUNS = Path(__file__).parent / "tests" / "book" / "reruns"


def pytest_addoption(parser) -> None:
    text = "keep the record of chapters whose cells have passed a second run"
    parser.addoption("--note-reruns", action="store_true", help=text)


@pytest.fixture(scope="session")
def site() -> Path:
    """The built website's folder; all tests share one build.

    The variable BOOK_SITE names another one to test, such as an unpacked bundle.
    """
    if folder := os.environ.get("BOOK_SITE"):
        return Path(folder)
    this_book.build("site")
    return this_book.ROOT / "_build" / "html"


@pytest.fixture(scope="session")
def handout() -> Path:
    """The built PDF; all tests share one build."""
    this_book.build("pdf")
    return this_book.ROOT / "_build" / f"{this_book.NAME}.pdf"


@pytest.fixture(scope="module")
def chapter(request):
    """chapter("book/mlp"): a chapter after its run, each cell twice.

    It is executed once for each file of tests, and forgotten after it: what a chapter
    leaves in memory adds up. `make test` believes the record of cells that have passed;
    `make test-all` and who names a file do not; `make reruns` keeps it.
    """
    runs = {}
    afresh = "not thorough" not in request.config.getoption("markexpr")
    note = request.config.getoption("note_reruns")

    def get(docname: str) -> chapters.Run:
        if docname not in runs:
            page = this_book.ROOT / f"{docname}.md"
            runs[docname] = chapters.run_twice(
                page, this_book.ROOT, RERUNS, afresh, note
            )
        return runs[docname]

    yield get
    runs.clear()


# The files that take longest go first.
SLOW = ["website", "generalization", "convolution", "capacity_browser", "book"]
SLOW += ["every_explorer_alone", "editions", "jupyterlab"]
SLOW += ["training", "decks_browser", "optimization", "downloads"]


def pytest_collection_modifyitems(items) -> None:
    """Whoever asks for a built book carries the marker `build`."""
    for item in items:
        if {"site", "handout"} & set(item.fixturenames):
            item.add_marker(pytest.mark.build)

    def turn(item: pytest.Item) -> int:
        name = item.path.stem.removeprefix("test_")
        return SLOW.index(name) if name in SLOW else len(SLOW)

    items.sort(key=turn)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers(config) -> int:
    """`-n auto`: one process a core, as far as the memory that is free goes."""
    return workers(3.5)
