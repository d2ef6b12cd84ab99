"""A card is a picture of the size that is asked for, always the same."""

from io import BytesIO

import pytest
from PIL import Image

from bookpress.website import card
from bookpress.website.card import COLUMN, SIZE


def test_the_same_words_give_the_same_small_picture():
    words = ["A book · Chapter 2", "Multi-layer perceptrons", "An author"]
    one, same, other = (card.card(*words, name) for name in ("a", "a", "b"))
    assert one == same
    assert one != other
    assert Image.open(BytesIO(one)).size == SIZE == (1200, 630)
    assert len(one) < 80_000


@pytest.mark.parametrize(
    "title", ["RNN", "Convolutional networks", "How a network reads " * 4]
)
def test_a_title_of_any_length_has_room(title: str):
    letters, lines = card.fitted(title)
    assert " ".join(lines) == title.strip()
    assert max(map(letters.getlength, lines)) <= COLUMN
    assert len(lines) * letters.size <= 320


def test_without_the_handout_s_font_there_is_another(monkeypatch):
    monkeypatch.setitem(card.FONTS, "bold", ("No-Such.ttf", "DejaVuSans-Bold.ttf"))
    assert "DejaVu" in card.font("bold", 20).getname()[0]
