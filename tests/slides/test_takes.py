"""A deck takes its parts from the chapter by label, and says what is not there."""

import json
import re
from pathlib import Path

import one_page
import pytest
from bs4 import BeautifulSoup
from docutils import nodes
from this_book import FRAMEWORKS

from bookpress.slides.decks import DeckWithoutChapter
from bookpress.website.formulas import in_terms

PARTS = [f"bookpress.slides.{name}" for name in ("decks", "takes", "layout")]
BOXES = ["sphinx_proof", "sphinx_exercise"]
NOTES = "\n:::{notes} 3\nSay it.\n:::\n"
STATE = '{"rate": 0.1, "steps": 0}'
EXPLORER = (
    '<div class="explorer" data-explorer="hill"><div class="explorer-body"></div>'
    f'<script type="application/json">{STATE}</script></div>'
)
CHAPTER = f"""
(sec:first)=
## First

(fig:plain)=
```{{figure}} plain.svg
:alt: A line.

The caption stays in the chapter.
```

(tab:two)=
| a | b |
|---|---|
| 1 | 2 |

```{{table}} Its caption
:name: tab:told

| c |
|---|
| 3 |
```

```{{prf:definition}} Double
:label: def:double

$$
y = 2 x
$$ (eq:double)
```

## Second

```{{code-cell}} ipython3
def double(x):
    return 2 * x


four = double(2)
```

```{{code-cell}} ipython3
:tags: [keras]

model_keras = 1
```

```{{code-cell}} ipython3
:tags: [torch]

model_torch = 1
```

(fig:hill)=
```{{raw}} html
{EXPLORER}
```

## Exercises

```{{exercise}} By hand
:label: ex:hand

Double four.
```
"""


def deck(folder: Path, *slides: str) -> tuple[BeautifulSoup, str]:
    """The deck of these slides (without headings and notes), and the warnings."""
    (folder / "slides").mkdir()
    (folder / "plain.svg").write_text("<svg xmlns='http://www.w3.org/2000/svg'/>")
    told = [f"## Slide {n}\n\n{body}\n{NOTES}" for n, body in enumerate(slides, 1)]
    text = "\n".join([f"# A deck\n{NOTES}", *told])
    (folder / "slides" / "page.md").write_text(text, encoding="utf8")
    _, warnings = one_page.build(
        folder,
        "html",
        CHAPTER,
        extensions=[*BOXES, "bookpress.content.frameworks", *PARTS],
        frameworks=FRAMEWORKS,
    )
    html = (folder / "html" / "slides" / "page.html").read_text(encoding="utf8")
    return BeautifulSoup(html, "html.parser"), warnings


def take(label: str, *options: str) -> str:
    return "\n".join([f"```{{take}} {label}", *options, "```", ""])


def test_each_heading_is_a_slide_with_its_notes_and_minutes(tmp_path):
    page, warnings = deck(tmp_path, "Words.", ":::{ask}\nWhy?\n:::")
    assert warnings == ""
    slides = page.select("section[data-minutes]")
    assert [slide.h2.text for slide in slides] == ["A deck", "Slide 1", "Slide 2"]
    assert [slide["data-minutes"] for slide in slides] == ["3"] * 3
    assert [slide["id"] for slide in slides] == ["a-deck", "slide-1", "slide-2"]
    asked = [line.text for line in slides[2].select(".deck-ask > p")]
    assert asked == ["Ask the room", "Why?"]
    assert slides[1].select_one("aside.notes").text.strip() == "Say it."


def test_a_figure_comes_without_its_caption(tmp_path):
    page, warnings = deck(tmp_path, take("fig:plain"))
    assert warnings == ""
    part = page.select_one(".deck-part")
    assert part.img["alt"] == "A line."
    assert "caption" not in part.text


def test_a_slide_links_to_its_place_and_words_lead_up_to_the_next_part(tmp_path):
    page, _ = deck(tmp_path, "Words.", take("fig:plain"), take("cell:four"))
    links = [a["href"] for a in page.select(".deck-place a")]
    assert links == [
        "../page.html",
        "../page.html#fig-plain",
        "../page.html#fig-plain",
        "../page.html#second",
    ]


def test_words_before_an_exercise_lead_to_what_comes_after_it(tmp_path):
    page, _ = deck(tmp_path, "Words.", take("ex:hand"), take("cell:four"))
    places = [a["href"].partition("#")[2] for a in page.select(".deck-place a")]
    assert places == ["", "second", "ex:hand", "second"]


def test_an_equation_in_a_box_has_the_place_that_the_box_has(tmp_path):
    page, warnings = deck(tmp_path, take("eq:double"))
    assert warnings == ""
    assert page.select(".deck-place")[1].text == "A page"


def test_a_table_comes_without_its_caption(tmp_path):
    page, warnings = deck(tmp_path, take("tab:told"))
    assert warnings == ""
    assert [cell.text for cell in page.select(".deck-part table :is(th, td)")] == [
        "c",
        "3",
    ]
    assert "caption" not in page.select_one(".deck-part").text


def test_one_key_shows_what_waits_in_the_tabs_of_both_frameworks(tmp_path):
    later = ":later:"
    both = take("cell:model_keras", later) + take("cell:model_torch", later)
    page, warnings = deck(tmp_path, both + take("cell:four", later))
    assert warnings == ""
    fragments = page.select(".fragment")
    assert [len(key.select(".deck-part")) for key in fragments] == [2, 1]
    assert fragments[0].select_one(".sd-tab-set")


def test_a_cell_is_known_by_a_name_that_it_gives(tmp_path):
    page, warnings = deck(tmp_path, take("cell:double", ":lines: 1-2"))
    assert warnings == ""
    assert page.select_one(".deck-part pre").text.strip() == (
        "def double(x):\n    return 2 * x"
    )


def test_both_frameworks_become_tabs_as_in_the_chapter(tmp_path):
    page, warnings = deck(tmp_path, take("cell:model_keras") + take("cell:model_torch"))
    assert warnings == ""
    labels = page.select(".sd-tab-set > label")
    assert [label["data-sync-id"] for label in labels] == ["keras", "pytorch"]


@pytest.mark.parametrize("label", ["tab:two", "ex:hand"])
def test_a_part_that_is_taken_twice_has_two_ids(tmp_path, label):
    page, warnings = deck(tmp_path, take(label), take(label))
    assert warnings == ""
    ids = [node["id"] for node in page.select(".deck-part [id]")]
    assert len(ids) == len(set(ids)) > 0


def test_an_explorer_begins_in_a_chosen_state_and_goes_on_in_steps(tmp_path):
    page, warnings = deck(
        tmp_path,
        take("fig:hill", ":state: {rate: 0.2}", ":steps: [{steps: 1}, {rate: 0.3}]"),
    )
    assert warnings == ""
    part = page.select_one(".deck-part")
    assert json.loads(part.script.text) == {"rate": 0.2, "steps": 0}
    shown = [part, *page.select(".fragment")]
    assert [json.loads(step["data-of"])["state"] for step in shown] == [
        {"rate": 0.2, "steps": 0},
        {"rate": 0.2, "steps": 1},
        {"rate": 0.3, "steps": 1},
    ]


def test_a_picture_is_uncovered_in_steps(tmp_path):
    page, warnings = deck(tmp_path, take("fig:plain", ":steps: 0.3 1"))
    assert warnings == ""
    assert json.loads(page.select_one(".deck-part")["data-of"]) == {"share": 0.3}
    assert json.loads(page.select_one(".fragment")["data-of"]) == {"share": 1.0}


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        (take("fig:none"), "no page has the label 'fig:none'; take one that is there"),
        (take("cell:none"), "no cell gives the name 'none' in page; take another name"),
        (take("cell:double", ":lines: 8-9"), "'cell:double' has lines 1-5, not 8-9"),
        (
            take("cell:double", ":show: output"),
            "the cell of 'cell:double' has no output",
        ),
        (
            take("fig:hill", ":state: {rat: 1}"),
            "the explorer 'fig:hill' has no rat; it has rate, steps",
        ),
        (
            take("fig:plain", ":state: {rate: 1}"),
            "'fig:plain' is no explorer, so it has no state",
        ),
        (
            take("fig:hill", ":steps: later"),
            "'later' of 'fig:hill' must be a list of {trait: value}",
        ),
        (
            take("fig:plain", ":steps: slowly"),
            "steps of 'fig:plain' are shares of its width (0.3 0.7 1), "
            "states of an explorer or `terms` of an equation",
        ),
        (
            "word " * 39,
            "the slide has 41 words, and 40 at most can be read from the last row; "
            "put some into its notes",
        ),
        ("### Below", "a heading below that of a slide; begin a slide with `##`"),
    ],
)
def test_what_is_wrong_is_one_line_with_file_and_line(tmp_path, wanted, said):
    _, warnings = deck(tmp_path, wanted)
    (line,) = warnings.strip().split("\n")
    assert re.search(r"slides/page\.md:\d+: WARNING: ", line)
    assert said in line


def test_a_slide_without_notes_is_told(tmp_path):
    (tmp_path / "slides").mkdir()
    text = f"# A deck\n{NOTES}\n## A slide\n\nWords.\n"
    (tmp_path / "slides" / "page.md").write_text(text, encoding="utf8")
    _, warnings = one_page.build(tmp_path, "html", "", extensions=PARTS)
    assert "the slide has no notes; write `:::{notes} MINUTES` below it" in warnings


def test_a_deck_of_no_page_stops_the_build(tmp_path):
    (tmp_path / "slides").mkdir()
    (tmp_path / "slides" / "other.md").write_text(f"# A deck\n{NOTES}")
    with pytest.raises(DeckWithoutChapter, match="give it a page's name"):
        one_page.build(tmp_path, "html", "", extensions=PARTS)


# Formulas in terms --------------------------------------------------------------------

SHOWN_LATER = re.compile(r"\\htmlClass\{fragment\}\{(.*?)\}(?= |$|&|\\\\)", re.DOTALL)


def terms(tex: str) -> str:
    return in_terms(nodes.math_block(tex, tex, nowrap=False))


def test_terms_end_where_a_narrow_column_would_break():
    assert terms(r"o = w x , \allowbreak \qquad y = f(o)") == (
        r"o = w x , \qquad\htmlClass{fragment}{ y = f(o)} "
    )


def test_rows_are_terms_and_signs_stay_aligned():
    made = terms("\\begin{aligned}\na \\allowbreak &= b \\\\ &= c\n\\end{aligned}")
    assert made.count("&") == 2 and made.count(r"\htmlClass{fragment}") == 2
    assert made.startswith("\\begin{aligned}\na &")


def test_a_sign_alone_is_no_term():
    made = terms(r"\begin{aligned} p &= \allowbreak \prod x \end{aligned}")
    assert made.count(r"\htmlClass{fragment}") == 1
    made = terms(r"p \allowbreak = \allowbreak x")
    assert made.count(r"\htmlClass{fragment}") == 1
