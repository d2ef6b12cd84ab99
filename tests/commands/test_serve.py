"""`make serve` shows the book and follows the author's edits."""

import contextlib
import socket
import subprocess
from itertools import pairwise

import pytest
import this_book
from fixture_book import FixtureBook
from playwright.sync_api import TimeoutError

pytestmark = pytest.mark.build


@pytest.fixture
def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def command(port: int, root) -> list[str]:
    return this_book.command("serve", "--port", port, "--root", root)


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
