"""`make serve` shows the book and follows the author's edits."""

import contextlib
import os
import socket
import subprocess
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace

import pytest
import this_book
from fixture_book import FixtureBook
from livereload.watcher import Watcher
from playwright.sync_api import TimeoutError

from bookpress.commands import serve

SOURCES = [
    "_config.yml",
    "book/page.md",
    "data/README.md",
    "data/table.json",
    "explorers/playground/network.js",
    "bookpress/handout/handout.sty",
    "tests/book/test_mlp.py",
    "book/bench.json",
]
MADE = [
    "_build/html/index.html",
    "explorers/_built/descent.js",
    "explorers/__pycache__/base.pyc",
    "book/.ipynb_checkpoints/page.md",
    "book/.page.md.lock",
    "my/page.md",
    ".git/HEAD",
    ".venv/lib/module.py",
    "node_modules/katex/katex.js",
]


@pytest.fixture
def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def command(port: int, root) -> list[str]:
    return this_book.command("serve", "--port", port, "--root", root)


@pytest.fixture
def watched(tmp_path):
    """A book's folder, and a function: how often an edit in it was noticed by now."""
    for name in SOURCES + MADE:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    noticed = []
    watcher = Watcher()
    watcher._start = float("inf")  # nothing that is here at the start is an edit
    serve.watch(watcher, tmp_path, lambda: noticed.append(1))

    def count() -> int:
        watcher.examine()
        return len(noticed)

    count()
    watcher._start = 0
    return tmp_path, count


@pytest.mark.parametrize("name", SOURCES)
def test_an_edit_of_any_source_is_noticed_once(watched, name):
    root, count = watched
    os.utime(root / name, (1, 1))
    assert [count(), count()] == [1, 1]


def test_a_new_file_and_a_deleted_one_are_noticed(watched):
    root, count = watched
    (root / "data" / "more.json").touch()
    assert count() == 1
    (root / "data" / "more.json").unlink()
    assert [count(), count()] == [2, 2]


@pytest.mark.parametrize("name", MADE)
def test_what_is_made_is_no_edit(watched, name):
    root, count = watched
    os.utime(root / name, (1, 1))
    (root / name).with_suffix(".new").touch()
    assert count() == 0


def test_the_folders_of_packages_are_not_walked(watched, monkeypatch):
    """They hold tens of thousands of files, which are looked through at each poll."""
    root, count = watched
    walked = []

    def walk(top: str, **options):
        for folder, *inside in os.walk(top, **options):
            walked.append(str(Path(folder).relative_to(root)))
            yield folder, *inside

    monkeypatch.setattr(
        "livereload.watcher.os", SimpleNamespace(path=os.path, walk=walk)
    )
    count()
    assert "explorers/playground" in walked
    assert {".venv", "node_modules", "_build", ".git"} & set(walked) == set()


@pytest.mark.build
def test_a_saved_edit_appears_without_a_reload_by_hand(tmp_path, browser, free_port):
    book = FixtureBook(tmp_path / "a small book")
    server = subprocess.Popen(
        command(free_port, book.root),
        stdout=subprocess.PIPE,
        text=True,
        env=book.environment,
    )
    try:
        assert any("the book is at" in line for line in server.stdout)
        with browser.new_page() as page:
            errors = []
            page.on("console", lambda m: m.type == "error" and errors.append(m.text))
            page.goto(f"http://127.0.0.1:{free_port}/book/page.html")
            page.get_by_text("Some prose.").wait_for()
            # A page that connects while the book is being built misses that news; the
            # next save brings it.
            for old, new in pairwise(["Some", "Fresh", "Fresher", "Freshest"]):
                page.wait_for_timeout(1500)  # until it is connected
                book.edit("book/page.md", f"{old} prose.", f"{new} prose.")
                with contextlib.suppress(TimeoutError):
                    page.get_by_text(f"{new} prose.").wait_for(timeout=20_000)
                    break
            else:
                pytest.fail("it never appears")
            assert errors == []
    finally:
        server.terminate()
        server.wait()


@pytest.mark.build
def test_a_port_in_use_is_told_in_one_line(tmp_path):
    book = FixtureBook(tmp_path / "book")
    with socket.socket() as busy:
        busy.bind(("127.0.0.1", 0))
        busy.listen()
        port = busy.getsockname()[1]
        result = subprocess.run(
            command(port, book.root),
            capture_output=True,
            text=True,
            env=book.environment,
        )
    assert result.returncode != 0
    assert result.stderr.count("\n") == 1
    assert f"port {port}" in result.stderr
    assert "make serve PORT=" in result.stderr
