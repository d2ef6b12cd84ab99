"""Each deck has the length that its chapter's minutes ask for; its numbers hold."""

import re

import pytest
from this_book import PAGES, ROOT, file_name, source

from bookpress.checks import claims, numbers
from bookpress.slides.decks import sources

DECKS = {path.stem: path.read_text("utf8") for path in sources(ROOT)}
EACH_DECK = pytest.mark.parametrize("name", DECKS)
# The front page's deck is no lecture: it gathers the figures of all chapters.
EACH_LECTURE = pytest.mark.parametrize("name", sorted({*DECKS} - {file_name(PAGES[0])}))
ROW = re.compile(r"^\|.*\|.*\| (\d+) \|$", re.M)


def planned(name: str) -> int:
    """The minutes that the front page's plan gives a chapter.

    A row that names no page goes on with the one named before it.
    """
    total, here = 0, ""
    for row in ROW.finditer(source(PAGES[0])):
        named = re.findall(r"\[\]\((\w+)\.md\)", row[0])
        here = named[-1] if named else here
        total += int(row[1]) if here == name else 0
    return total


@EACH_LECTURE
def test_a_deck_has_twenty_to_thirty_five_slides(name):
    assert 20 <= len(re.findall(r"^##? ", DECKS[name], re.M)) <= 35


@EACH_LECTURE
def test_the_minutes_are_those_of_the_plan(name):
    minutes = re.findall(r"^:::\{notes\} (\d+)$", DECKS[name], re.M)
    assert sum(map(int, minutes)) == planned(name)


@EACH_DECK
def test_no_number_on_a_slide_or_in_its_notes_stands_unchecked(name):
    assert numbers.uncovered_numbers(DECKS[name]) == []


@EACH_DECK
def test_a_deck_claims_no_more_than_the_record_says(name):
    record = claims.read_record(ROOT)
    faults = [
        f"{name}.md:{mark.line}: {fault}"
        for mark in claims.marks_of(DECKS[name])
        if (entry := record.get(f"{name}.{mark.name}"))
        for fault in mark.faults(claims.recorded(entry))
    ]
    assert faults == []
