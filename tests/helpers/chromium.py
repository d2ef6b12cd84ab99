"""A browser whose network is closed, for every test that looks at a page.

Load it with `pytest_plugins = ["chromium"]`; `site` is the built website's folder.
"""

import contextlib
import functools
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

SWITCHES = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run "
    "--disable-background-networking --disable-component-update --disable-sync "
    "--host-resolver-rules=MAP\t*\t~NOTFOUND,EXCLUDE\t127.0.0.1"
)

# Opens what waits for a prediction, and lays out what is far from the window.
UNCOVER = """addEventListener("DOMContentLoaded", () => {
  const all = (selector, change) => document.querySelectorAll(selector).forEach(change);
  all(".predict-cover", (cover) => cover.removeAttribute("hidden"));
  const blocks = ".bd-article :is(section, .predict-cover) > *";
  all(blocks, (block) => block.classList.add("laid-out"));
});"""

Visit = Callable[..., AbstractContextManager[Page]]

# Theme and width: both of each in `make test`, all pairs in `make test-all`.
LOOKS = [
    ("light", 1280),
    ("dark", 320),
    pytest.param("light", 320, marks=pytest.mark.thorough),
    pytest.param("dark", 1280, marks=pytest.mark.thorough),
]


def remembers(home: str, attempt: Callable[[], bool]) -> bool:
    """Whether a choice is kept from page to page; from the disk, one attempt of five.

    Under load Chromium gives about one of thirty pages from the disk no storage: what
    it reads there is empty, and what it writes is lost, without an error.
    """
    attempts = 5 if home.startswith("file:") else 1
    return any(attempt() for _ in range(attempts))


class QuietHandler(SimpleHTTPRequestHandler):
    """Serve a folder without a line per request."""

    def log_message(self, format: str, *args: object) -> None:
        pass


@contextlib.contextmanager
def serve(folder: Path) -> Iterator[str]:
    """Serve a folder on a free port of this machine; yields its address."""
    handler = functools.partial(QuietHandler, directory=folder)
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Headless Chromium, Debian's; no name but this machine's resolves in it."""
    switches = [word.replace("\t", " ") for word in SWITCHES.split(" ")]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=switches
        )
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def served(site: Path) -> Iterator[str]:
    """The website's address on a local server."""
    with serve(site) as address:
        yield address


@pytest.fixture(params=["http", "file"])
def home(request: pytest.FixtureRequest, site: Path) -> str:
    """The website's address: once on a server, once as a folder on the disk."""
    if request.param == "file":
        return site.as_uri() + "/"
    return request.getfixturevalue("served")


@pytest.fixture(scope="session")
def visit(browser: Browser) -> Visit:
    """visit(address, theme="dark", width=360): a page, as a context manager.

    What waits for a prediction, or to be laid out, waits only if `covered`. On leaving
    the page the test fails if it logged an error or a warning, threw, lost a request,
    or asked another host for anything.
    """

    @contextlib.contextmanager
    def visit(
        address: str,
        theme: str = "light",
        width: int = 1280,
        covered: bool = False,
        **options: object,
    ) -> Iterator[Page]:
        host = urlsplit(address).netloc
        troubles = []

        def note_request(request) -> None:
            parts = urlsplit(request.url)
            if parts.scheme not in ("data", "blob") and parts.netloc != host:
                troubles.append(f"asks another host: {request.url}")

        def note_failure(request) -> None:
            # Leaving a page cancels what it still loads; that is no failure.
            if request.failure != "net::ERR_ABORTED":
                troubles.append(f"request failed: {request.url}")

        def note_message(message) -> None:
            if message.type in ("error", "warning"):
                where = message.location["url"]
                troubles.append(f"console {message.type}: {message.text} ({where})")

        viewport = {"width": width, "height": 900}
        with browser.new_context(
            viewport=viewport, color_scheme=theme, **options
        ) as context:
            context.set_default_timeout(10_000)
            page = context.new_page()
            if not covered:
                page.add_init_script(UNCOVER)
            page.on("request", note_request)
            page.on("console", note_message)
            page.on("pageerror", lambda error: troubles.append(f"throws: {error}"))
            page.on("requestfailed", note_failure)
            page.goto(address)
            yield page
        assert not troubles, "\n".join([address, *troubles])

    return visit
