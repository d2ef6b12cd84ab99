"""The recipes of CONTRIBUTING.md work as they stand: follow them, and look."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import jupytext
import nbformat
import pytest
from fixture_book import FixtureBook
from this_book import ROOT, command

import notebook_utils
from bookpress.checks import chapters, claims, numbers
from bookpress.execution.keys import chapter_key

RECIPES = (ROOT / "CONTRIBUTING.md").read_text("utf8")


def blocks(heading: str) -> list[str]:
    """What the fences of a recipe hold, in order."""
    text = RECIPES.partition(f"## {heading}\n")[2].partition("\n## How ")[0]
    fences = re.findall(r"^(`{3,4})\w+\n(.*?)^\1\n", text, flags=re.M | re.S)
    return [block for _, block in fences]


PAGE, TOC_LINE, CHECK = blocks("How to add a chapter")
(EXERCISE,) = blocks("How to add an exercise")
(BOX,) = blocks("How to ask for a prediction")
EXPERIMENT, CLAIM = blocks("How to write a claim")
(DECK,) = blocks("How to write a deck")
DATA, LOADER = blocks("How to add a data set")


def check_equation(page: Path) -> None:
    """Run the recipe's test on a page."""
    namespace = {"__name__": "recipe"}
    exec(CHECK, namespace)
    namespace["test_each_step_leaves_half"](lambda name: chapters.run(page))


@pytest.fixture
def page(tmp_path) -> Path:
    """The page of the recipes, with its box and its exercise, by itself."""
    page = tmp_path / "halving.md"
    page.write_text(f"{PAGE}\n{BOX}\n{EXERCISE}", "utf8")
    return page


def test_the_chapter_of_the_recipe_is_canonical_and_its_number_is_held(page):
    text = page.read_text("utf8")
    saved = jupytext.writes(jupytext.reads(text, fmt="md:myst"), fmt="md:myst")
    assert re.sub(r"    jupytext_version: .*\n", "", saved, count=1) == text
    assert numbers.uncovered_numbers(text) == []
    run = chapters.run(page)
    assert [held.holds for held in run.numbers] == [True, True]
    assert run.warnings == []


def test_the_recipe_s_check_passes_and_tells_a_wrong_chapter(page):
    check_equation(page)
    page.write_text(page.read_text("utf8").replace("0.5 **", "0.6 **"), "utf8")
    with pytest.raises(AssertionError):
        chapters.run(page)  # the exercise's own
    page.write_text(PAGE.replace("0.5 **", "0.6 **"), "utf8")
    with pytest.raises(AssertionError):
        check_equation(page)
    assert [held.holds for held in chapters.run(page).numbers] == [False]


def test_the_deck_of_the_recipe_holds_its_number_to_the_chapter(tmp_path, page):
    deck = tmp_path / "deck.md"
    deck.write_text(DECK, "utf8")
    assert numbers.uncovered_numbers(DECK) == []
    assert chapters.faults_of_deck(deck, chapters.run(page)) == []
    deck.write_text(DECK.replace("0.000977", "0.000978"), "utf8")
    assert len(chapters.faults_of_deck(deck, chapters.run(page))) == 1


def test_the_claim_of_the_recipe_holds_as_often_as_it_says(tmp_path):
    (tmp_path / "claims").mkdir()
    (tmp_path / "claims" / "halving.py").write_text(EXPERIMENT, "utf8")
    (tmp_path / "_config.yml").write_text("title: Halving\n", "utf8")
    (tmp_path / "requirements.txt").write_text("", "utf8")
    done = subprocess.run(
        command("claims"),
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    ((name, entry),) = claims.read_record(tmp_path).items()
    (mark,) = claims.marks_of(CLAIM)
    assert name == f"halving.{mark.name}"
    assert mark.faults(claims.recorded(entry)) == []


@pytest.mark.build
def test_who_follows_the_recipes_gets_a_chapter_with_an_exercise(tmp_path):
    """Built with the status page, which says that the chapter is not measured yet."""
    book = FixtureBook(tmp_path / "a book")
    book.write("book/halving.md", f"{PAGE}\n## Exercises\n\n{EXERCISE}")
    (book.root / "tests" / "book").mkdir()
    (book.root / "slides").mkdir()
    book.write("tests/book/test_halving.py", CHECK)
    book.write("slides/halving.md", DECK)
    book.edit("_toc.yml", "  - file: book/page\n", f"  {TOC_LINE.strip()}\n")
    book.edit("_toc.yml", "chapters:\n", "chapters:\n  - file: book/status\n")
    book.edit("book/intro.md", "page.md", "halving.md")
    for name in ("book/status.md", "book/bench.json", "requirements.txt"):
        shutil.copy(ROOT / name, book.root / name)
    built = book.build()
    assert built.returncode == 0, built.stdout + built.stderr
    html = book.page("halving")
    text = re.sub(r"<[^>]*>", "", html)
    assert "Ten steps leave 0.000977 of it ((1)), where Fig. 1 shows none." in text
    assert "Exercise 1 (A hundredth)" in text
    assert "Solution to Exercise 1 (A hundredth)" in text
    assert 'alt="A curve that falls by half at each of ten steps' in html
    deck = book.read("_build/html/slides/halving.html")
    assert 'href="../slides/halving.html"' in html
    assert deck.count("<section ") == 4
    assert 'alt="A curve that falls by half at each of ten steps' in deck
    assert "np.arange(11)" in re.sub(r"<[^>]*>", "", deck)
    status = re.sub(r"<[^>]*>|\s+", " ", book.page("status"))
    assert re.search(r"Halving +not measured yet", status)


def test_the_data_set_of_the_recipe_is_loaded_held_and_part_of_a_chapter_s_key(
    tmp_path,
):
    (tmp_path / "data").mkdir()
    file = tmp_path / "data" / "heights.csv"
    file.write_text(DATA)
    helper = (ROOT / "notebook_utils.py").read_text("utf8")
    (tmp_path / "notebook_utils.py").write_text(f"{helper}\n\n{LOADER}", "utf8")
    namespace = dict(vars(notebook_utils))
    exec(LOADER, namespace)
    assert namespace["load_heights"](file)["height (cm)"].sum() == 303

    def key(code: str) -> str:
        cell = nbformat.v4.new_code_cell(f"from notebook_utils import {code}")
        return chapter_key(nbformat.v4.new_notebook(cells=[cell]), tmp_path)

    before = [key("load_heights"), key("load_iris")]
    file.write_text(DATA.replace("104", "400"))
    assert [key("load_heights") == before[0], key("load_iris") == before[1]] == [
        False,
        True,
    ]
    with pytest.raises(notebook_utils.DataError, match=r"heights\.csv.*put back"):
        namespace["load_heights"](file)
