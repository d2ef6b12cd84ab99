"""What holds for every chapter, held where the chapter is run.

Each chapter has one file of tests, which names its page, `PAGE = "book/mlp"`, and
imports everything from here; so it is executed once for all of them, and forgotten.
"""

import pytest
from this_book import ROOT, file_name

from bookpress.checks.chapters import Run, faults_of_deck

__all__ = [
    "executed",
    "test_a_cell_can_be_run_again",
    "test_a_chapter_runs_without_a_warning",
    "test_claims_say_no_more_than_the_draws_of_the_page",
    "test_numbers_in_prose_equal_the_run",
    "test_numbers_on_slides_equal_the_run",
]


@pytest.fixture(scope="module")
def executed(request, chapter) -> Run:
    """The chapter of the file that asks, after its run."""
    return chapter(request.module.PAGE)


def test_a_chapter_runs_without_a_warning(executed):
    assert executed.warnings == []
    assert executed.stderr == ""


def test_numbers_in_prose_equal_the_run(executed):
    assert executed.wrong == []


def test_numbers_on_slides_equal_the_run(request, executed):
    deck = ROOT / "slides" / f"{file_name(request.module.PAGE)}.md"
    assert faults_of_deck(deck, executed) == []


def test_claims_say_no_more_than_the_draws_of_the_page(executed):
    assert executed.claims == []


def test_a_cell_can_be_run_again(executed):
    assert executed.reruns == []
