"""What holds for every explorer on the website's pages, as they are written."""

from pathlib import Path

import pytest
from explorer_pages import states_of

from explorers import bundle

pytestmark = pytest.mark.build


def test_each_is_on_a_page(places):
    assert sorted(places) == bundle.names()


def test_pages_without_explorers_load_nothing_for_them(site: Path, places):
    with_them = without = 0
    for path in site.rglob("*.html"):
        text = path.read_text(encoding="utf-8")
        marks = [
            text.count(word) for word in ('<script type="module"', ".explorer-live")
        ]
        if "data-explorer=" in text:
            with_them += 1
            assert marks == [1, 1], path.name
        else:
            without += 1
            assert marks == [0, 0], path.name
    assert with_them >= len(set(places.values())) and without
    assert not list(site.rglob("*explorer*")), "a file of theirs is published"


def test_the_state_of_a_page_is_json(site: Path, places):
    for name, place in places.items():
        assert states_of(site, place, name)
