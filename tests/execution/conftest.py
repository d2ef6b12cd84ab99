"""A small book for the tests of execution."""

import pytest
from small_book import SmallBook


@pytest.fixture
def book(tmp_path, monkeypatch) -> SmallBook:
    """A book in a folder with a space in its name; its page imports its helper."""
    made = SmallBook(tmp_path / "my book")
    monkeypatch.setenv("PYTHONPATH", str(made.root))
    return made
