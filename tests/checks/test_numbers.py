"""Numbers in prose are found, and held to the run to the digits they show."""

import pytest
from fixture_book import HEADER

from bookpress.checks import chapters, numbers


def held(text: str, found: float) -> numbers.Held:
    return numbers.Held(text, "", 1, found)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("3.6534", 3.65335),
        ("−1.0235", -1.02346),
        ("299 626", 299626.34),
        (r"4.942 \cdot 10^{-5}", 4.94203e-05),
        (r"10^{-6}", 1e-6),
    ],
)
def test_a_number_holds_to_the_digits_it_shows(text, found):
    value, unit = numbers.read_number(text)
    assert held(text, found).holds
    assert not held(text, found + 1.1 * unit + 1e-9 * abs(value)).holds


def test_a_number_whose_expression_fails_does_not_hold():
    broken = numbers.Held("1.5", "no_such_name", 1)
    numbers.evaluate(broken, {})
    assert not broken.holds
    assert "no_such_name" in broken.error


def test_numbers_are_found_in_prose_but_not_in_code_links_or_years():
    prose = (
        "In 1958, 0.25 of 512 units `x = 0.5` [a](b-0.75.html) {eq}`eq:1.5` at $2.5$"
    )
    assert numbers.numbers_in(prose) == ["0.25", "512", "2.5"]


def test_a_number_is_uncovered_until_a_comment_names_it():
    page = "The rate is 0.05 here.\n"
    assert numbers.uncovered_numbers(page) == ["line 1: 0.05"]
    assert numbers.uncovered_numbers(page + "\n% given: 0.05\n") == []
    assert numbers.uncovered_numbers(page + "\n% holds: 0.05 = rate\n") == []
    assert numbers.uncovered_numbers(page + "\n% given: 0.06\n") == ["line 1: 0.05"]


def test_a_comment_covers_numbers_up_to_the_next_code_cell():
    cell = "\n```{code-cell}\nrate = 0.05\n```\n\n"
    covered = "The rate is 0.05.\n\n% given: 0.05\n"
    assert numbers.uncovered_numbers(HEADER + covered + cell) == []
    line = (HEADER + covered + cell).count("\n") + 1
    page = HEADER + covered + cell + "Again 0.05.\n"
    assert numbers.uncovered_numbers(page) == [f"line {line}: 0.05"]


def test_numbers_in_a_drawing_s_source_need_no_cover():
    drawing = "```{tikz}\n\\draw (0.25, 0) -- (1.75, 0);\n```\n"
    assert numbers.uncovered_numbers(drawing + "0.5\n") == ["line 4: 0.5"]


def test_claims_see_the_values_of_the_cells_above_them(tmp_path):
    page = tmp_path / "page.md"
    page.write_text(
        HEADER + "```{code-cell}\na = 1.5\n```\n\n% holds: 1.5 = a\n\n"
        "```{code-cell}\na = 2.5\n```\n\n% holds: 1.5 = a; 2.5 = a\n"
    )
    assert [held.holds for held in chapters.run(page).numbers] == [True, False, True]


def test_a_number_that_does_not_hold_is_told_with_its_line_and_the_value_found(
    tmp_path,
):
    page = tmp_path / "page.md"
    text = HEADER + "```{code-cell}\na = 2.5\n```\n\n% holds: 1.5 = a\n"
    page.write_text(text)
    line = text.split("\n").index("% holds: 1.5 = a") + 1
    assert chapters.run(page).wrong == [f"page.md:{line}: 1.5 = a is 2.5"]


def test_an_error_in_a_cell_is_told_at_its_line_of_the_page(tmp_path):
    page = tmp_path / "page.md"
    text = HEADER + "Text.\n\n```{code-cell}\n:tags: [a]\n\n1 / 0\n```\n"
    page.write_text(text)
    with pytest.raises(ZeroDivisionError) as failure:
        chapters.run(page)
    last = failure.traceback[-1]
    assert last.lineno == text.split("\n").index("1 / 0")  # pytest counts from 0
    assert str(last.path) == str(page)


def test_a_warning_in_a_cell_is_reported(tmp_path):
    page = tmp_path / "page.md"
    page.write_text(HEADER + "```{code-cell}\nimport numpy as np\nnp.log(0.0)\n```\n")
    assert "divide by zero" in chapters.run(page).warnings[0]


def test_captions_and_alternative_texts_count_as_prose():
    page = (
        HEADER + "```{code-cell}\n---\nmystnb:\n  figure:\n"
        "    caption: About 0.75 of it.\n---\nx = 0.5\n```\n"
    )
    line = page.split("\n").index("    caption: About 0.75 of it.") + 1
    assert numbers.uncovered_numbers(page) == [f"line {line}: 0.75"]


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
    assert numbers.uncovered_numbers(page) == [
        f"line 1: {place}, by hand; use {{numref}}"
    ]


def test_what_a_link_makes_needs_no_cover():
    page = "{numref}`{number} <sec:a>` to {numref}`Section {number} <sec:b>`"
    assert numbers.uncovered_numbers(page) == []


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
    assert numbers.uncovered_numbers(page) == []
