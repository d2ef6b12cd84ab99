"""Chapters run clean, and their prose says what the run says."""

import os
import re
import subprocess
import sys

import chapters
import jupytext
import pytest

PAGES = sorted(
    page.stem
    for page in chapters.BOOK.glob("*.md")
    if "{code-cell}" in page.read_text()
)


@pytest.mark.parametrize("name", PAGES)
def test_a_chapter_runs_without_a_warning(chapter, name):
    run = chapter(name)
    assert run.warnings == []
    assert run.stderr == ""


@pytest.mark.parametrize("name", PAGES)
def test_a_source_is_what_jupyterlab_would_save(name):
    text = (chapters.BOOK / f"{name}.md").read_text(encoding="utf8")
    saved = jupytext.writes(jupytext.reads(text, fmt="md:myst"), fmt="md:myst")
    # The version is left out by jupytext.toml, which only the server reads.
    assert re.sub(r"    jupytext_version: .*\n", "", saved, count=1) == text


@pytest.mark.parametrize("name", PAGES)
def test_numbers_in_prose_equal_the_run(chapter, name):
    assert chapter(name).wrong == []


@pytest.mark.thorough
@pytest.mark.parametrize("name", PAGES)
def test_numbers_in_prose_hold_on_another_processor(name):
    """Libraries told to use the instructions of 2008 add in another order."""
    code = (
        f"import chapters; run = chapters.run(chapters.BOOK / '{name}.md'); "
        "print(*run.wrong, sep='\\n', end='')"
    )
    older = {
        "OPENBLAS_CORETYPE": "Nehalem",
        "ATEN_CPU_CAPABILITY": "default",
        "NPY_DISABLE_CPU_FEATURES": "X86_V3",
    }
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | older | {"PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stdout) == (0, ""), done.stdout + done.stderr


@pytest.mark.parametrize(
    "page", sorted(chapters.BOOK.glob("*.md")), ids=lambda p: p.stem
)
def test_no_number_in_prose_stands_unchecked(page):
    assert chapters.uncovered_numbers(page.read_text(encoding="utf8")) == []


def claim(text: str, found: float) -> chapters.Claim:
    return chapters.Claim(text, "", 1, found)


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
def test_a_claim_holds_to_the_digits_it_shows(text, found):
    value, unit = chapters.read_number(text)
    assert claim(text, found).holds
    assert not claim(text, found + 1.1 * unit + 1e-9 * abs(value)).holds


def test_a_claim_whose_expression_fails_does_not_hold():
    broken = chapters.Claim("1.5", "no_such_name", 1)
    chapters.evaluate(broken, {})
    assert not broken.holds
    assert "no_such_name" in broken.error


def test_numbers_are_found_in_prose_but_not_in_code_links_or_years():
    prose = (
        "In 1958, 0.25 of 512 units `x = 0.5` [a](b-0.75.html) {eq}`eq:1.5` at $2.5$"
    )
    assert chapters.numbers_in(prose) == ["0.25", "512", "2.5"]


def test_a_number_is_uncovered_until_a_comment_names_it():
    page = "The rate is 0.05 here.\n"
    assert chapters.uncovered_numbers(page) == ["line 1: 0.05"]
    assert chapters.uncovered_numbers(page + "\n% given: 0.05\n") == []
    assert chapters.uncovered_numbers(page + "\n% holds: 0.05 = rate\n") == []
    assert chapters.uncovered_numbers(page + "\n% given: 0.06\n") == ["line 1: 0.05"]


def test_claims_see_the_values_of_the_cells_above_them(tmp_path):
    page = tmp_path / "page.md"
    page.write_text(
        "```{code-cell}\na = 1.5\n```\n\n% holds: 1.5 = a\n\n"
        "```{code-cell}\na = 2.5\n```\n\n% holds: 1.5 = a; 2.5 = a\n"
    )
    assert [claim.holds for claim in chapters.run(page).claims] == [True, False, True]


def test_a_warning_in_a_cell_is_reported(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("```{code-cell}\nimport numpy as np\nnp.log(0.0)\n```\n")
    assert "divide by zero" in chapters.run(page).warnings[0]


def test_captions_and_alternative_texts_count_as_prose():
    page = (
        "```{code-cell}\n---\nmystnb:\n  figure:\n    caption: About 0.75 of it.\n---\n"
        "x = 0.5\n```\n"
    )
    assert chapters.uncovered_numbers(page) == ["line 5: 0.75"]
