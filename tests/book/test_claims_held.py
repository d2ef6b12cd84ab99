"""The book claims no more than its draws show; the cheap ones are drawn anew."""

import pytest
from this_book import PAGES, ROOT, source

from bookpress.checks import claims
from bookpress.commands.claims import outcomes_of

CHEAP = 1.0  # seconds of an experiment that the tests repeat
RECORD = claims.read_record(ROOT)
MARKS = [
    (f"{claims.module_of(docname, PAGES[0])}.{mark.name}", docname, mark)
    for docname in PAGES
    for mark in claims.marks_of(source(docname))
]
EXPERIMENTS = claims.experiments(ROOT)  # read once: there are hundreds
NAMES = sorted(EXPERIMENTS)


def test_every_experiment_is_recorded_for_its_present_code():
    assert claims.outdated(ROOT, RECORD) == [], "run make claims"
    assert sorted(RECORD) == NAMES


def test_pages_say_what_the_record_says():
    faults = [
        f"{docname}.md:{mark.line}: {fault}"
        for name, docname, mark in MARKS
        if name in RECORD
        for fault in mark.faults(claims.recorded(RECORD[name]))
    ]
    assert faults == []


@pytest.mark.parametrize("name", NAMES)
def test_an_experiment_says_in_a_sentence_what_it_claims(name):
    promise = EXPERIMENTS[name].promise
    assert promise.endswith(".")
    assert 20 < len(promise) < 300


@pytest.mark.parametrize(
    "name", [n for n in NAMES if RECORD.get(n, {}).get("seconds", 99) <= CHEAP]
)
def test_a_cheap_claim_holds_as_often_when_it_is_drawn_anew(name):
    """Another processor may add in another order, so that close draws turn."""
    found, _ = outcomes_of(name)
    result = claims.result_of(claims.outcomes(found))
    entry = RECORD[name]
    assert result.draws == entry["draws"]
    assert abs(result.held - entry["held"]) <= max(1, result.draws // 10)
