"""What the check of numbers in prose takes for covered."""

import pytest

from bookpress.checks.numbers import uncovered_numbers


@pytest.mark.parametrize(
    ("line", "place", "given"),
    [
        ("| A unit | 1.4 and 1.5 | 45 |", "1.4 and 1.5", "1.4, 1.5"),
        ("Read 6.9 to 6.10 of it.", "6.9 to 6.10", "6.9, 6.10"),
        ("as Section 3.1 shows", "Section 3.1", "3.1"),
        ("In Chapters 2 and 3 we saw", "Chapters 2", "2"),
    ],
)
def test_the_number_of_a_section_is_refused_whatever_is_given(line, place, given):
    page = f"{line}\n\n% given: {given}\n"
    assert uncovered_numbers(page) == [f"line 1: {place}, by hand; use {{numref}}"]


def test_what_a_link_makes_needs_no_cover():
    page = "{numref}`{number} <sec:a>` to {numref}`Section {number} <sec:b>`"
    assert uncovered_numbers(page) == []


@pytest.mark.parametrize(
    "page",
    [
        "It falls from 58.4 to 43.6.\n\n% given: 58.4, 43.6\n",
        "Rates of 0.1 and 0.3.\n\n% given: 0.1, 0.3\n",
        "Lengths between 4.5 and 4.8.\n\n% holds: 4.5 = low; 4.8 = high\n",
        "Their chapter 4 is about it.\n",
    ],
)
def test_other_numbers_are_covered_as_ever(page):
    assert uncovered_numbers(page) == []
