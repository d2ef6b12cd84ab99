"""Keras and PyTorch stand side by side, from cells that stand one after the other."""

import functools
import re

import one_page
import pytest
import this_book
from bs4 import BeautifulSoup
from chromium import Visit, remembers, serve
from playwright.sync_api import expect
from sphinx.errors import ConfigError
from this_book import CHAPTERS, FRAMEWORKS

build = functools.partial(
    one_page.build, extensions=["bookpress.content.frameworks"], frameworks=FRAMEWORKS
)


def cell(tag: str, code: str) -> str:
    return f"```{{code-cell}} ipython3\n:tags: [{tag}]\n\n{code}\n```\n\n"


def prose(tag: str, text: str) -> str:
    return f":::{{div}} {tag}\n{text}\n:::\n\n"


# One run with prose, a silent comment within it and two cells of Keras; then a second.
RUNS = (
    prose("keras", "About layers.")
    + cell("keras", "k = 1")
    + cell("keras", "k += 1")
    + "% held to the run\n\n"
    + prose("torch", "About modules.")
    + cell("torch", "t = 1")
    + "Between the two.\n\n"
    + cell("torch", "t = 3")
    + cell("keras", "k = 3")
    + cell("both", "same = k == t")
    + prose("both", "Equal.")
)


def code_in(tab) -> list[str]:
    return [block.text.strip() for block in tab.select(".highlight pre")]


def test_a_run_of_blocks_becomes_one_set_of_tabs_keras_first(tmp_path):
    page, warnings = build(tmp_path, "html", RUNS)
    assert warnings == ""
    sets = BeautifulSoup(page, "html.parser").select("div.sd-tab-set")
    assert len(sets) == 2
    for tabs in sets:
        names = [(a.text.strip(), a["data-sync-id"]) for a in tabs.select("label")]
        assert names == [("Keras", "keras"), ("PyTorch", "pytorch")]
        assert (tabs["role"], tabs["aria-label"]) == ("group", "Framework")
    keras, torch = sets[0].select(".sd-tab-content")
    assert code_in(keras) == ["k = 1", "k += 1"] and "About layers." in keras.text
    assert code_in(torch) == ["t = 1"] and "About modules." in torch.text
    assert [code_in(tab) for tab in sets[1].select(".sd-tab-content")] == [
        ["k = 3"],
        ["t = 3"],
    ]


def test_what_needs_both_stands_outside_of_the_tabs(tmp_path):
    page, _ = build(tmp_path, "html", RUNS)
    document = BeautifulSoup(page, "html.parser")
    for tabs in document.select("div.sd-tab-set"):
        tabs.decompose()
    assert code_in(document) == ["same = k == t"]
    assert "Equal." in document.text and "Between the two." in document.text


def test_tabs_in_a_box_are_grouped_too(tmp_path):
    body = "````{note}\n\n" + prose("keras", "One.") + prose("torch", "Two.") + "````\n"
    page, warnings = build(tmp_path, "html", body)
    assert warnings == ""
    [tabs] = BeautifulSoup(page, "html.parser").select(".admonition .sd-tab-set")
    assert [tab.text.strip() for tab in tabs.select(".sd-tab-content")] == [
        "One.",
        "Two.",
    ]


def test_the_handout_labels_the_blocks_of_each_framework(tmp_path):
    tex, warnings = build(tmp_path, "latex", RUNS)
    assert warnings == ""
    order = r"framework\{(\w+)\}|(About \w+|Between the two|Equal)|(frameworksend)"
    found = [next(filter(None, groups)) for groups in re.findall(order, tex)]
    assert found[:5] == ["Keras", "About layers", "PyTorch", "About modules"] + [
        "frameworksend"
    ]
    assert found[5:] == [
        "Between the two",
        "Keras",
        "PyTorch",
        "frameworksend",
        "Equal",
    ]


@pytest.mark.parametrize(
    ("framework", "kept", "left_out"),
    [
        ("keras", ["About layers", "Between"], ["About modules", "Equal", "PyTorch"]),
        ("pytorch", ["About modules", "Between"], ["About layers", "Equal", "Keras"]),
    ],
)
def test_an_edition_holds_one_framework_without_labels(
    tmp_path, framework, kept, left_out
):
    tex, warnings = build(tmp_path, "latex", RUNS, handout_framework=framework)
    assert warnings == ""
    assert all(text in tex for text in kept)
    assert not any(text in tex for text in [*left_out, "handoutframework"])
    cells = {"keras": 3, "pytorch": 2}[framework]
    assert tex.count(r"\begin{sphinxVerbatim}") == cells


def test_an_edition_of_the_handout_does_not_change_the_website(tmp_path):
    everything, _ = build(tmp_path / "a", "html", RUNS)
    page, _ = build(tmp_path / "b", "html", RUNS, handout_framework="pytorch")
    assert page == everything


@pytest.mark.parametrize("builder", ["html", "latex"])
@pytest.mark.parametrize(
    ("body", "place", "message"),
    [
        (
            "Text.\n\n" + cell("keras", "k = 1") + "Text.\n",
            17,
            "Keras stands here without a twin in PyTorch; put a block tagged `torch`",
        ),
        (
            prose("torch", "About modules."),
            14,
            "PyTorch stands here without a twin in Keras; put a block tagged `keras`",
        ),
        (
            cell("keras, torch", "k = 1"),
            15,
            "the block is tagged keras and torch; choose one",
        ),
    ],
)
def test_a_missing_twin_is_named_by_file_and_line(
    tmp_path, builder, body, place, message
):
    _, warnings = build(tmp_path, builder, body)
    first = warnings.splitlines()[0]
    assert re.match(rf"\S*page\.md:{place}: WARNING: ", first)
    assert message in first


def test_an_unknown_edition_is_refused_with_the_known_ones(tmp_path):
    with pytest.raises(ConfigError, match="'jax'; choose one of both, keras, pytorch"):
        build(tmp_path, "latex", "", handout_framework="jax")


# The chapters -------------------------------------------------------------------------


@pytest.mark.parametrize("page", CHAPTERS)
def test_code_names_a_framework_only_in_its_own_cells(page: str):
    for cell in this_book.code(page):
        code = cell.text.lower()
        named = {name for name in ("keras", "torch", "tensorflow") if name in code}
        allowed = {"keras", "torch", "tensorflow"} if "both" in cell.tags else cell.tags
        allowed |= {"tensorflow"} if "keras" in cell.tags else set()
        assert named <= allowed, f"{page}, line {cell.line}: {sorted(named - allowed)}"


# In the browser -----------------------------------------------------------------------

SHOWN = """() => [...document.querySelectorAll(".sd-tab-set")].map(tabs =>
  [...tabs.querySelectorAll(":scope > .sd-tab-content")]
    .map(content => content.firstElementChild.checkVisibility()))"""


@pytest.fixture(scope="module")
def two_pages(tmp_path_factory) -> str:
    """The address of two pages with tabs, on a server."""
    folder = tmp_path_factory.mktemp("tabs")
    build(folder, "html", RUNS)
    text = (folder / "html" / "page.html").read_text(encoding="utf8")
    (folder / "html" / "next.html").write_text(text, encoding="utf8")
    (folder / "html" / "favicon.ico").touch()
    with serve(folder / "html") as address:
        yield address


def test_one_choice_holds_on_the_page_after_a_reload_and_on_the_next_page(
    visit: Visit, two_pages: str
):
    with visit(two_pages + "page.html") as page:
        assert page.evaluate(SHOWN) == [[True, False]] * 2
        page.get_by_text("PyTorch", exact=True).first.click()
        assert page.evaluate(SHOWN) == [[False, True]] * 2
        page.reload()
        assert page.evaluate(SHOWN) == [[False, True]] * 2
        page.goto(two_pages + "next.html")
        assert page.evaluate(SHOWN) == [[False, True]] * 2


def test_pytorch_chosen_in_one_chapter_is_shown_in_the_next(visit: Visit, home: str):
    def attempt() -> bool:
        with visit(home + "book/perceptron.html") as page:
            page.get_by_text("PyTorch", exact=True).first.click()
            page.get_by_role("link", name="next").first.click()
            page.wait_for_url("**/mlp.html*")
            shown = page.evaluate(SHOWN)  # the sets in folded solutions do not show
            chosen = page.locator(".sd-tab-set > input:checked + label")
            names = {name.strip() for name in chosen.all_text_contents()}
            assert chosen.count() == len(shown)
            kept = [False, True] in shown and [True, False] not in shown
            return kept and names == {"PyTorch"}

    assert remembers(home, attempt)


def test_the_address_and_the_tabs_name_one_framework(visit: Visit, served: str):
    """By name or tag, however spelled; whoever changes one changes the other."""
    address = served + "book/perceptron.html?framework="
    with visit(address + "jax") as page:
        page.wait_for_url("**/perceptron.html")  # no framework of this book
        chosen = page.locator(".sd-tab-set").first.locator("input:checked + label")
        for spelled in ("torch", "PyTorch"):
            page.goto(address + spelled)
            page.wait_for_url("**?framework=pytorch")
            expect(chosen).to_have_text("PyTorch")
        page.evaluate("location.hash = 'summary'")
        page.get_by_text("Keras", exact=True).first.click()
        page.wait_for_url("**?framework=keras#summary")
        page.go_back()
        page.wait_for_url("**?framework=pytorch")
        expect(chosen).to_have_text("PyTorch")


def test_without_scripts_both_are_there_with_their_names(visit: Visit, served: str):
    address = served + "book/perceptron.html"
    with visit(address, java_script_enabled=False) as page:
        tabs = page.locator(".sd-tab-set").first
        for name, code in [("Keras", "import keras"), ("PyTorch", "import torch")]:
            assert tabs.get_by_text(name, exact=True).first.is_visible()
            assert tabs.get_by_text(code).is_visible()
        assert tabs.locator("input").first.is_hidden()


def test_on_paper_both_are_there_with_their_names(visit: Visit, served: str):
    with visit(served + "book/perceptron.html") as page:
        page.emulate_media(media="print")
        assert all(all(shown) for shown in page.evaluate(SHOWN))
        assert page.get_by_text("PyTorch", exact=True).first.is_visible()


def test_arrow_keys_choose_and_the_focus_is_seen(visit: Visit, home: str):
    with visit(home + "book/perceptron.html") as page:
        tabs = page.locator(".sd-tab-set").first
        tabs.locator("input").first.focus()
        page.keyboard.press("ArrowRight")
        assert {tuple(shown) for shown in page.evaluate(SHOWN)} == {(False, True)}
        label = tabs.get_by_text("PyTorch", exact=True)
        style = "e => getComputedStyle(e).outlineStyle"
        assert label.evaluate(style) == "solid"
        page.keyboard.press("ArrowLeft")
        assert {tuple(shown) for shown in page.evaluate(SHOWN)} == {(True, False)}
        assert label.evaluate(style) == "none"
