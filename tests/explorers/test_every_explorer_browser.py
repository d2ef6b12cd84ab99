"""What holds for every explorer, in a browser whose network is closed."""

import json
import re
from pathlib import Path

import pytest
from chromium import Visit
from explorer_pages import figure

from explorers import bundle

pytestmark = pytest.mark.build


@pytest.mark.parametrize("name", bundle.names())
def test_it_comes_to_life_without_moving_the_page(
    visit: Visit, home: str, places, name: str
):
    for width in (1280, 768, 360) if home.startswith("http") else (1280,):
        with visit(home + places[name], width=width, java_script_enabled=False) as page:
            body = page.locator(f'[data-explorer="{name}"] .explorer-body').first
            kept = body.bounding_box()["height"]
            assert body.inner_text(), "no words for readers without JavaScript"
        with visit(home + places[name], width=width) as page:
            place = figure(page, name)
            body = place.locator(".explorer-body").bounding_box()["height"]
            content = place.locator(".explorer-content").bounding_box()["height"]
            assert body == pytest.approx(kept, abs=1), f"{width}: {body}, {kept} kept"
            assert kept - content < 24, f"{width}: {kept - content} px are empty"


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
    assert with_them == len(set(places.values())) and without
    assert not list(site.rglob("*explorer*")), "a file of theirs is published"


def test_the_state_of_a_page_is_json(site: Path, places):
    for name, place in places.items():
        text = (site / place).read_text(encoding="utf-8")
        states = re.findall(
            rf'data-explorer="{name}".*?<script type="application/json">(.*?)</script>',
            text,
            flags=re.DOTALL,
        )
        assert states and all(map(json.loads, states))
