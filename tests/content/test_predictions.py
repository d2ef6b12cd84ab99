"""Readers commit before they see the answer, and the answer is held to the run."""

import re
from collections.abc import Iterator
from pathlib import Path

import one_page
import pytest
from bs4 import BeautifulSoup
from chromium import Visit, serve
from fixture_book import HEADER
from playwright.sync_api import expect

from bookpress.checks import chapters, numbers, predictions
from bookpress.website import frame

# The website's script, style and page in a frame that has nothing else.
LAYOUT = """\
{% extends "!layout.html" %}
{% block extrahead %}<link rel="icon" href="data:,">{% if predicts %}
<style>{% include "predict.css" %}</style><script>{% include "predict.js" %}</script>
{% endif %}{% endblock %}
{% block document %}{% block docs_body %}{% block body %}{% endblock %}{% endblock %}
{% endblock %}
"""


def build(folder: Path, builder: str, body: str) -> tuple[str, str]:
    (folder / "frame").mkdir(exist_ok=True)
    (folder / "frame" / "layout.html").write_text(LAYOUT, encoding="utf8")
    return one_page.build(
        folder,
        builder,
        body,
        ["bookpress.content.predictions", "bookpress.website.predictions"],
        html_theme="basic",
        templates_path=["frame", str(frame.HERE / "templates")],
    )


def box(name: str, *lines: str) -> str:
    return "\n".join([":::{div} predict", f":name: predict:{name}", *lines, ":::", ""])


CHOICE = box(
    "turns",
    "How often does $w$ turn?",
    "",
    "- never",
    "- “ten” times",
    "- more than a\n  hundred times",
    "",
    '% answer: "Ten" times = 5 < turns < 20',
    "% reply: never -> It *has* to turn.",
    "% reply: -> Most say $x$.",
    "% until: tab:second",
)
NUMBER = box("loss", "Which loss?", "% answer: 2 400 dollars = 400 * 6", "% near: 300")
WORDS = box("look", "How do they look?", "% answer: they spread", "% because: they do")
BODY = f"""\
```{{code-cell}}
1
```

{CHOICE}
A first.

(tab:second)=
| A | B |
|---|---|
| second | table |

A third.

{NUMBER}
A fourth.

## Later

{WORDS}
A fifth.

```{{admonition}} Check yourself
:class: dropdown
A sixth.
```
"""


# What an author writes ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ('"Ten" times =', "twice =", "the answer 'twice' is none of the choices"),
        ("reply: never", "reply: ever", "the reply is to 'ever', which is none of"),
        ("reply: never ->", "reply: never", "a reply is written % reply: CHOICE ->"),
        (" = 5 < turns < 20", "", "nothing holds the answer; write it as"),
        ("% until: tab:second", "% near: by", "near is 'by'; it must be a number"),
    ],
)
def test_a_fault_is_told_with_its_line(old, new, fault):
    assert old in CHOICE
    lines = CHOICE.replace(old, new).split("\n")
    ((line, said),) = predictions.read(lines, 1).faults
    assert said.startswith(fault)
    assert new in lines[line - 1]


def test_faults_of_the_whole_book_stop_the_build(tmp_path):
    faulty = [
        CHOICE.replace("tab:second", "tab:none"),
        NUMBER.replace("predict:loss", "predict:turns"),
        WORDS.replace(":name: predict:look\n", ""),
        WORDS.replace("% answer: they spread", ""),
    ]
    _, warnings = build(tmp_path, "html", "\n\n## On\n\n".join(faulty))
    for fault in [
        "page has a box called predict:turns, too; rename one",
        "the cover is to end after tab:none, which is not below the box",
        "a prediction has a name, :name: predict:WORD",
        "the box has no answer; write % answer: below it",
    ]:
        assert len(re.findall(rf"page\.md:\d+: .*{fault}", warnings)) == 1


def test_answers_are_held_to_the_whole_run_and_guesses_need_no_cover(tmp_path):
    cell = "```{code-cell}\nturns = 10\n```\n"
    number = box("share", "Which?", "% answer: 0.50 of all = turns / 20")
    text = box("rate", "Which?", "- 0.1", "- 0.2", "% answer: 0.2 = turns == 10")
    page = tmp_path / "page.md"
    page.write_text(f"{HEADER}{CHOICE}{number}{text}{cell}", "utf8")
    assert chapters.run(page).wrong == []
    assert numbers.uncovered_numbers(page.read_text("utf8")) == []

    page.write_text(page.read_text("utf8").replace("turns = 10", "turns = 50"), "utf8")
    wrong = chapters.run(page).wrong
    line = (HEADER + CHOICE).count("\n", 0, (HEADER + CHOICE).index("% answer")) + 1
    assert wrong[0] == f'page.md:{line}: "Ten" times = 5 < turns < 20 is not true'
    assert [fault.split(": ")[1] for fault in wrong[1:]] == [
        "0.50 = turns / 20 is 2.5",
        "0.2 = turns == 10 is not true",
    ]


def test_numbers_of_replies_are_held_somewhere_on_the_page():
    page = box("rate", "?", "% answer: 3 = n", "% reply: -> Most say 0.75.")
    (fault,) = numbers.uncovered_numbers(page)
    assert fault.endswith(": 0.75")
    assert numbers.uncovered_numbers(page + "\n% given: 0.75\n") == []


def test_a_formula_and_code_may_hold_the_signs_of_a_line():
    lines = ["Q?", "- $a = 1$", "- `b -> c`", "% answer: $a = 1$ = a == 1"]
    found = predictions.read([*lines, "% reply: `b -> c` -> No."], 1)
    assert found.faults == []
    assert (found.right, found.expression) == (0, "a == 1")
    assert [(reply.to, reply.words) for reply in found.replies] == [(1, "No.")]


# What it becomes ---------------------------------------------------------------------


@pytest.fixture(scope="module")
def document(tmp_path_factory) -> BeautifulSoup:
    page, warnings = build(tmp_path_factory.mktemp("book"), "html", BODY)
    assert warnings == ""
    return BeautifulSoup(page, "html.parser")


def test_a_cover_ends_at_its_label_a_heading_a_box_and_what_is_folded(document):
    covers = [cover.get_text(" ") for cover in document.select(".predict-cover")]
    words = ["first", "second", "third", "fourth", "fifth", "sixth"]
    covered = [[word for word in words if word in text] for text in covers]
    assert covered == [["first", "second"], ["fourth"], ["fifth"]]
    assert document.select(".predict-cover :is(h1, h2, h3, .predict)") == []


def test_what_is_right_and_said_is_out_of_sight_with_its_markup(document):
    form = document.select_one("form.predict")
    hidden = form.template
    assert [p["data-to"] for p in hidden.select("p")] == ["never", ""]
    assert "<em>has</em>" in str(hidden) and hidden.select_one(".math")
    assert form["data-right"] == '"ten" times'
    values = [field["value"] for field in form.select("input")]
    assert values == ["never", '"ten" times', "more than a hundred times"]
    assert "Most say" not in form.get_text()  # which leaves out templates


@pytest.mark.parametrize(
    ("builder", "bold"),
    [("latex", r"\sphinxstylestrong{Predict.}"), ("text", "**Predict.**")],
)
def test_other_media_ask_and_do_not_tell(tmp_path, builder, bold):
    page, warnings = build(tmp_path, builder, BODY)
    assert warnings == ""
    assert page.count(bold) == 3
    text = " ".join(page.replace("~", " ").replace("\N{NO-BREAK SPACE}", " ").split())
    assert "(a) never; (b) “ten” times; (c) more than a hundred times." in text
    assert "Most say" not in page and "2 400" not in page and "A first." in page


# In a browser ------------------------------------------------------------------------


@pytest.fixture(scope="module")
def home(tmp_path_factory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("book")
    build(folder, "html", BODY.replace("$", ""))  # no script for formulas
    with serve(folder / "html") as address:
        yield address


def test_readers_commit_see_both_and_find_all_on_one_page(visit: Visit, home: str):
    with visit(home + "page.html", covered=True) as page:
        turns, loss, look = (
            page.locator(f"#predict-{name}") for name in ("turns", "loss", "look")
        )
        told = [part.locator(".predict-told") for part in (turns, loss, look)]
        expect(page.get_by_text("A first.")).not_to_be_visible()

        turns.get_by_label("never").check()
        turns.get_by_text("Commit").click()
        expect(told[0]).to_be_focused()
        expect(told[0]).to_contain_text("You said never. The answer is “ten” times.")
        expect(told[0]).to_contain_text("It has to turn.")
        expect(page.get_by_text("A first.")).to_be_visible()
        expect(page.get_by_text("A fourth.")).not_to_be_visible()

        loss.get_by_label("Your guess").fill("plenty")
        loss.get_by_text("Commit").click()
        expect(told[1]).not_to_be_visible()
        for guess, verdict in [
            ("2,250", "You are 150 too low: near enough."),
            ("3 000,5", "You are 600 too high."),
            ("$ 2.4e3 or so", "and that is right."),
        ]:
            loss.get_by_label("Your guess").fill(guess)
            loss.get_by_label("Your guess").press("Enter")
            expect(told[1]).to_contain_text(f"You said {guess}. The answer is")
            expect(told[1]).to_contain_text(verdict)
            loss.get_by_text("Ask me again").click()
            expect(loss.get_by_label("Your guess")).to_be_focused()
            expect(page.get_by_text("A fourth.")).not_to_be_visible()
        loss.get_by_text("Show without guessing").click()
        expect(told[1]).to_contain_text("The answer is 2 400 dollars.")

        look.get_by_label("Your guess").fill("<b>apart</b>")
        look.get_by_text("Commit").click()
        expect(told[2]).to_contain_text(
            "You said <b>apart</b>. The answer is they spread"
        )
        look.get_by_text("I had it").click()

        page.reload()
        expect(told[0]).to_contain_text("You said never.")
        expect(look.get_by_text("I had it")).to_have_attribute("aria-pressed", "true")
        look.get_by_text("All your predictions").click()
        expect(page.locator(".predictions-sum")).to_have_text(
            "In the whole book: 1 of 2 right."
        )
        assert page.locator(".predictions-list ul > li").count() == 3
        expect(page.locator(".predictions-list p").first).to_have_text(
            "2 of 3 guessed, 1 of 2 right."
        )
        page.get_by_text("How often does").click()
        expect(page).to_have_url(home + "page.html#predict-turns")
        page.go_back()
        page.once("dialog", lambda dialog: dialog.accept())
        page.get_by_text("Empty this page").click()
        expect(page.locator(".predictions-sum")).to_contain_text("nothing here yet")
        page.go_back()
        page.reload()
        expect(page.get_by_text("A first.")).not_to_be_visible()


def test_boxes_in_a_row_share_a_cover_until_all_are_answered(visit: Visit, tmp_path):
    build(tmp_path, "html", f"{NUMBER}\n{WORDS}\nA seventh.\n")
    with (
        serve(tmp_path / "html") as home,
        visit(home + "page.html", covered=True) as page,
    ):
        loss, look = (page.locator(f"#predict-{name}") for name in ("loss", "look"))
        below = page.get_by_text("A seventh.")
        for box, shown in ((look, False), (loss, True)):
            box.get_by_text("Show without guessing").click()
            expect(box.locator(".predict-told")).to_contain_text("The answer is")
            expect(below).to_be_visible(visible=shown)
        page.reload()
        expect(below).to_be_visible()
        loss.get_by_text("Ask me again").click()
        expect(below).not_to_be_visible()


def test_a_cover_is_no_wall(visit: Visit, home: str):
    """Links into it, print, no scripts and a reader's wish open it."""
    covers = ".predict-cover"
    with visit(home + "page.html#tab-second", covered=True) as page:
        expect(page.get_by_text("A first.")).to_be_visible()
        expect(page.get_by_text("A fourth.")).not_to_be_visible()
        page.emulate_media(media="print")
        expect(page.get_by_text("A fourth.")).to_be_visible()
        expect(page.get_by_text("Commit").first).not_to_be_visible()
        page.emulate_media(media="screen")
        page.goto(home + "predictions.html")
        page.get_by_label("Cover nothing").check()
        page.goto(home + "page.html")
        assert page.locator(f"{covers}[hidden]").count() == 0
    with visit(home + "page.html", covered=True, java_script_enabled=False) as page:
        assert page.locator(covers).count() == 3
        assert page.locator(f"{covers}[hidden]").count() == 0
