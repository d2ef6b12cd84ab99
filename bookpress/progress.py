"""Say what goes on, so that nothing is silent for long (standard library only)."""

from __future__ import annotations  # an old Python gets as far as being refused

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

PAUSE = 12.0  # seconds without a word, at most


def say(line: str) -> None:
    print(line, flush=True)


@contextlib.contextmanager
def telling(
    what: str | Callable[[], str],
    report: Callable[[str], None] = say,
    pause: float = PAUSE,
) -> Iterator[None]:
    """Tell every few seconds what a long step is at, until it ends.

    Parameters
    ----------
    what : a description, or what gives the present one; nothing is told while it is ""
    report : called with each line
    pause : seconds from line to line; a step that is faster says nothing
    """
    start, over = time.monotonic(), threading.Event()

    def tell() -> None:
        while not over.wait(pause):
            if text := what() if callable(what) else what:
                report(f"... {text} ({time.monotonic() - start:.0f} s)")

    thread = threading.Thread(target=tell, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


# What Sphinx is at, for `telling`.
at = ""


def follow(app: Any, *arguments: Any) -> None:
    """Note which page Sphinx reads or writes."""
    global at
    pages = len(app.env.found_docs)
    at = f"{app.builder.name}: page {arguments[0]}, one of {pages}"


def setup(app: Any) -> dict[str, bool]:
    app.connect("source-read", follow)
    app.connect("html-page-context", follow)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
