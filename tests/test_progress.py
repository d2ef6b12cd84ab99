"""A long step tells what it is at; a fast one is silent."""

import threading
from types import SimpleNamespace

import pytest

from bookpress import progress

LONG = 60.0  # seconds to wait at most for what comes at once


class Lines(list):
    """Lines told, for whose arrival a test can wait."""

    def __init__(self, wanted: int = 1):
        super().__init__()
        self.wanted, self.enough = wanted, threading.Event()

    def tell(self, line: str) -> None:
        self.append(line)
        if len(self) >= self.wanted:
            self.enough.set()


def test_a_slow_step_is_told_again_and_again_with_its_time():
    lines = Lines(wanted=3)
    with progress.telling("making all of it", lines.tell, pause=0.001):
        assert lines.enough.wait(LONG)
    for line in lines:
        assert line.startswith("... making all of it (")
        assert line.endswith(" s)")


def test_what_is_told_is_what_the_step_is_at():
    lines, at = Lines(), ["one"]
    with progress.telling(lambda: at[0], lines.tell, pause=0.001):
        assert lines.enough.wait(LONG)
        lines.enough.clear()
        at[0] = "two"
        # One line may have been on its way.
        assert lines.enough.wait(LONG)
        lines.enough.clear()
        assert lines.enough.wait(LONG)
    assert lines[0].startswith("... one (")
    assert lines[-1].startswith("... two (")


def test_a_fast_step_says_nothing():
    lines = Lines()
    with progress.telling("making it", lines.tell, pause=LONG):
        pass
    assert lines == []


def test_nothing_is_told_while_there_is_nothing_to_tell():
    asked, lines = Lines(wanted=3), Lines()

    def nothing() -> str:
        asked.tell("")
        return ""

    with progress.telling(nothing, lines.tell, pause=0.001):
        assert asked.enough.wait(LONG)
    assert lines == []


def test_a_step_that_fails_falls_silent_too():
    lines, before = Lines(), threading.active_count()
    with (
        pytest.raises(ValueError),
        progress.telling("making it", lines.tell, pause=0.001),
    ):
        assert lines.enough.wait(LONG)
        raise ValueError
    assert threading.active_count() == before


def test_nobody_waits_longer_than_a_quarter_of_a_minute_for_a_word():
    assert 1 < progress.PAUSE <= 15


def test_it_is_told_which_page_sphinx_is_at(monkeypatch):
    monkeypatch.setattr(progress, "at", "")
    app = SimpleNamespace(
        env=SimpleNamespace(found_docs={"book/a", "book/b"}),
        builder=SimpleNamespace(name="html"),
    )
    progress.follow(app, "book/a", ["text"])
    assert progress.at == "html: page book/a, one of 2"


def test_a_line_is_out_at_once(monkeypatch):
    """Also where nobody sees a terminal, which is where lines are kept back."""
    flushed = []
    monkeypatch.setattr("builtins.print", lambda *a, flush: flushed.append((a, flush)))
    progress.say("a line")
    assert flushed == [(("a line",), True)]
