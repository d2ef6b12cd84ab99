"""`make slides` prints one slide a page, with one framework's code, vectors only."""

import subprocess
from pathlib import Path

import pytest
from pypdf import PdfReader
from this_book import ROOT, command

SLIDES = 35  # of the perceptron


@pytest.fixture(scope="module")
def printed(site: Path) -> dict[str, PdfReader]:
    """A deck, printed with Keras' code and with notes."""
    words = ["slides", "--root", ROOT, "--deck", "perceptron", "--framework", "keras"]
    words.append("--notes")
    done = subprocess.run(command(*words), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    paths = [Path(line.partition(": ")[2]) for line in done.stdout.splitlines()]
    return {path.name: PdfReader(path) for path in paths}


def test_a_page_for_each_slide_and_one_for_its_notes(printed):
    pages = printed["perceptron-keras-notes.pdf"].pages
    assert len(pages) == 2 * SLIDES
    assert {tuple(map(round, page.mediabox[2:])) for page in pages} == {(960, 540)}
    assert "Two irises stand before you" in pages[2].extract_text()
    assert "In 1958 Frank Rosenblatt" in pages[3].extract_text()


def test_the_code_is_that_of_one_framework(printed):
    pages = printed["perceptron-keras-notes.pdf"].pages
    slides = "".join(page.extract_text() for page in pages[::2])
    assert "keras.layers.Dense" in slides and "torch.nn" not in slides


def test_all_is_drawn_in_vectors_and_explorers_are_their_printed_frames(printed):
    path = ROOT / "_build" / "slides" / "perceptron-keras-notes.pdf"
    found = subprocess.run(
        ["pdfimages", "-list", path], capture_output=True, text=True, check=True
    )
    assert len(found.stdout.strip().split("\n")) == 2  # the head of the list
    slides = printed[path.name].pages[::2]
    page = next(p for p in slides if "Mistake by mistake" in p.extract_text())
    assert "Play" not in page.extract_text()


@pytest.mark.parametrize(
    "option, value, said",
    [("framework", "jax", "from both, keras"), ("deck", "lossess", "from attention, ")],
)
def test_an_unknown_choice_is_told_in_one_line(option, value, said):
    words = ["slides", "--root", ROOT, f"--{option}", value]
    done = subprocess.run(command(*words), capture_output=True, text=True)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1 and f"choose {said}" in done.stderr
