"""A page is described by its own first sentences."""

import pytest
from docutils import nodes
from docutils.utils import new_document

from bookpress.website.description import LONG, SHORT, description, plain_formula

OPENING = "Two irises stand before you, and you may measure a petal of each."


def page(*blocks: str | nodes.Element) -> nodes.document:
    section = nodes.section("", nodes.title("", "A page"))
    section += [
        nodes.paragraph("", block) if isinstance(block, str) else block
        for block in blocks
    ]
    document = new_document("page")
    document += section
    return document


def test_whole_sentences_are_taken_while_they_find_room():
    first, second = f"{OPENING} Which is which?", "Frank Rosenblatt knew in 1958. " * 3
    assert description(page(first, second)) == first
    assert description(page(OPENING, second)).startswith(f"{OPENING} Frank")
    assert description(page("Too little.")) == "Too little."
    assert description(page()) == ""


def test_a_long_sentence_is_cut_between_words():
    words = description(page("Much, " + "so very, " * 40 + "much."))
    assert SHORT <= len(words) <= LONG
    assert words.endswith("very …")


def test_boxes_lists_and_citations_are_no_words_of_an_opening():
    box = nodes.tip("", nodes.paragraph("", "Before you start, read this and that."))
    entry = nodes.list_item("", nodes.paragraph("", "An entry."))
    text = "H. Rosenblatt announced a machine [Rosenblatt, 1958] that would learn."
    words = description(page(box, nodes.bullet_list("", entry), f"{text} It did so."))
    assert words == "H. Rosenblatt announced a machine that would learn. It did so."


def test_formulas_are_plain_text():
    paragraph = nodes.paragraph("", "It trusts ", nodes.math("", r"\rho \nabla L"))
    assert description(page(paragraph)) == "It trusts ρ ∇ L."


@pytest.mark.parametrize(
    ("tex", "text"),
    [
        (r"\tfrac{1}{2} \lambda", "1/2 λ"),
        (r"\frac12 \lVert w_1 \rVert^2", "1/2 ‖ w_1 ‖^2"),
        (r"\hat{y} \in \mathbb{R}^{n_\ell}", "y ∈ R^n_ℓ"),
        (r"\varphi(o) = \max(0, o),\ \Omega", "φ(o) = max(0, o), Ω"),
        (r"28 \times 28", "28 × 28"),
    ],
)
def test_a_formula_becomes_its_characters(tex: str, text: str):
    assert plain_formula(tex) == text
