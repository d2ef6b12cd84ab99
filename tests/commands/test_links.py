"""`make links` tells addresses that are gone from hosts that let no program in."""

import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from fixture_book import FixtureBook
from this_book import command

pytestmark = pytest.mark.build


class Answers(BaseHTTPRequestHandler):
    """Answers /200 with 200, /404 with 404."""

    def do_GET(self) -> None:
        self.send_response(int(self.path[1:]))
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_HEAD = do_GET

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def ask(tmp_path):
    """ask(404, ...): make links for a book that links to addresses so answered."""
    book = FixtureBook(tmp_path / "a small book")
    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    home = f"http://127.0.0.1:{server.server_port}"

    def run(*statuses: int, listens: bool = True) -> subprocess.CompletedProcess:
        links = " ".join(f"[one]({home}/{status})" for status in statuses)
        book.edit("book/intro.md", "Its second page", f"See {links}. Its second page")
        if listens:
            threading.Thread(target=server.serve_forever, daemon=True).start()
        else:
            server.server_close()
        done = subprocess.run(
            command("links", "--root", book.root),
            capture_output=True,
            text=True,
            env={**book.environment, "NO_PROXY": "127.0.0.1"},
        )
        if listens:
            server.shutdown()
        return done

    yield run
    server.server_close()


def test_what_is_gone_is_named_by_line_and_what_is_closed_to_programs_passes(ask):
    done = ask(200, 404, 403)
    assert done.returncode == 1
    named = [line for line in done.stdout.splitlines() if "http://" in line]
    assert len(named) == 1
    assert named[0].startswith("book/intro.md:3: http://127.0.0.1:")
    assert "/404: 404 " in named[0]
    assert "addresses: 3, of which 1 are broken\n" in done.stdout
    assert done.stderr == "error: mend or remove what is named above\n"


@pytest.mark.parametrize("statuses", [(200, 403), ()])
def test_a_book_with_no_broken_link_passes(ask, statuses):
    done = ask(*statuses)
    assert (done.returncode, done.stderr) == (0, "")
    count = len(statuses)
    assert done.stdout.endswith(f"addresses: {count}, of which 0 are broken\n")


def test_without_a_network_one_line_says_so(ask):
    done = ask(200, 404, listens=False)
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert done.stderr.startswith("error: none of the book's 2 addresses answers;")
    assert "network" in done.stderr
