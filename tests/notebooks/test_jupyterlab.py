"""A chapter opens as a notebook in a real JupyterLab, runs, and saves unchanged."""

import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
import this_book
from playwright.sync_api import Page
from this_book import CHAPTERS, PRESS, ROOT

from explorers import bundle

# One with both frameworks, an explorer and drawings, that is quickly run; the others in
# make test-all.
SAMPLED = ["book/autodiff"]
LAB = PRESS.relative_to(ROOT) / "notebooks" / "lab"

pytestmark = pytest.mark.build

# A page with an explorer between two cells that a stray key would delete.
HEADER = this_book.source("book/perceptron").partition("\n---\n")[0]
FIGURES = (
    HEADER
    + """
---

# Figures

```{code-cell} ipython3
from explorers.descent import Descent
from notebook_utils import load_boston

boston = load_boston()
```

```{code-cell} ipython3
figure = Descent(boston["RM"], boston["PRICE"])
figure
```

```{code-cell} ipython3
figure.rate
```
"""
)
NOTEBOOK = "window.jupyterapp.shell.currentWidget"


@pytest.fixture(scope="module")
def copy(site, tmp_path_factory) -> Path:
    """A reader's copy of the book, in a folder with a space in its name."""
    root = tmp_path_factory.mktemp("lab") / "my copy"
    root.mkdir()
    bundle.main()  # a copy has no Node; it takes the modules along
    for name in ["book", "data", "explorers", LAB, "_build/lab"]:
        shutil.copytree(ROOT / name, root / name)
    shutil.copytree(site / "_images", root / "_build" / "html" / "_images")
    (root / "my").mkdir()
    (root / "book" / "figures.md").write_text(FIGURES)
    for name in ["jupytext.toml", "notebook_utils.py"]:
        shutil.copy(ROOT / name, root / name)
    return root


@pytest.fixture(scope="module")
def lab(copy) -> str:
    """Address of a JupyterLab on that copy, started as `make lab` starts it."""
    environment = {
        **os.environ,
        "JUPYTER_CONFIG_PATH": str(copy / LAB),
        "JUPYTER_PATH": str(copy / LAB),
        "JUPYTER_CONFIG_DIR": str(copy / "settings"),
        "JUPYTER_DATA_DIR": str(copy / "data of the user"),
        "PYTHONPATH": str(copy),
    }
    options = (
        "--no-browser --allow-root --ip=127.0.0.1 --port=0 --expose-app-in-browser"
    )
    command = [sys.executable, "-m", "jupyterlab", *options.split()]
    command.append(f"--notebook-dir={copy}")
    told = copy.parent / "server.log"  # a pipe that nobody empties would stop it
    with told.open("w") as log:
        process = subprocess.Popen(command, stderr=log, env=environment)
    for _ in range(600):
        found = re.search(r"http://127\.0\.0\.1:\d+/lab\?token=\w+\n", told.read_text())
        if found or process.poll() is not None:
            break
        time.sleep(0.1)
    assert found, told.read_text()
    yield found[0].strip()
    process.terminate()
    process.wait(timeout=30)


def open_and_run(page: Page, address: str, docname: str, cells: int) -> None:
    """Open a page by double-click, as a notebook, and run all of it."""
    page.set_default_timeout(120_000)
    page.goto(f"{address}&reset")  # not the last visitor's folder
    for entry in f"{docname}.md".split("/"):
        page.locator(f'.jp-DirListing-item[title^="Name: {entry}\\a"]').dblclick()
    page.wait_for_selector(".jp-NotebookPanel")
    page.wait_for_function(
        f"() => {NOTEBOOK}.sessionContext?.session?.kernel?.status === 'idle'",
    )
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
    page.wait_for_function(
        f"() => [...{NOTEBOOK}.content.model.cells]"
        f".filter(c => c.type === 'code' && c.executionCount > 0).length === {cells}",
    )


# What jupyterlab-myst could not show, or numbers its own way, and nobody has mended.
UNSHOWN = """[...document.querySelectorAll('.jp-NotebookPanel .myst *')]
  .filter(e => /Not Found$|^Link to this Equation$/.test(e.title)
    || /Unknown Directive$/.test(e.textContent))
  .filter(e => e.checkVisibility() && !e.dataset.book)"""
SHOWN = """() => ({
  pictures: [...document.querySelectorAll(".book-figure img")].map(i => i.src),
  empty: [...document.querySelectorAll(".book-figure img")]
    .filter(i => i.complete && !i.naturalWidth).length,
  captions: [...document.querySelectorAll(".book-caption > b")].map(b => b.textContent),
  equations: [...document.querySelectorAll('.myst [title="Link to this Equation"]')]
    .map(a => a.dataset.book).filter(number => number),
})"""


def read_through(page: Page) -> dict[str, set]:
    """Scroll through the open notebook; return what of the book has been added."""
    found = {}
    page.evaluate(f"() => {NOTEBOOK}.content.scrollToItem(0)")
    for index in range(page.evaluate(f"() => {NOTEBOOK}.content.widgets.length")):
        page.evaluate(f"index => {NOTEBOOK}.content.scrollToItem(index)", index)
        page.wait_for_function(f"() => {UNSHOWN}.length === 0")
        for kind, values in page.evaluate(SHOWN).items():
            found.setdefault(kind, set()).update(
                values if isinstance(values, list) else {values}
            )
    page.wait_for_function(f"() => {UNSHOWN}.length === 0")
    return found


def save(page: Page) -> None:
    page.keyboard.press("Control+s")
    page.wait_for_function(f"() => !{NOTEBOOK}.context.model.dirty")


def in_kernel(page: Page, code: str) -> str:
    """Run code in the notebook's kernel; return what it prints."""
    return page.evaluate(
        f"""async code => {{
          const kernel = {NOTEBOOK}.sessionContext.session.kernel;
          const run = kernel.requestExecute({{ code }});
          let text = "";
          run.onIOPub = message => {{ text += message.content.text ?? ""; }};
          await run.done;
          return text.trim();
        }}""",
        code,
    )


@pytest.mark.parametrize(
    "docname",
    [
        pytest.param(n, marks=() if n in SAMPLED else pytest.mark.thorough)
        for n in CHAPTERS
    ],
)
def test_a_chapter_opens_by_double_click_runs_and_saves_unchanged(
    lab, copy, browser, docname, site
):
    source, name = copy / f"{docname}.md", this_book.file_name(docname)
    before = source.read_bytes()
    cells = len(this_book.code(docname))
    with browser.new_context(viewport={"width": 1400, "height": 1000}) as context:
        page = context.new_page()
        open_and_run(page, lab, docname, cells)
        outputs = page.evaluate(
            f"() => [...{NOTEBOOK}.content.model.cells].filter(c => c.type === 'code')"
            ".flatMap(c => c.outputs.toJSON())"
        )
        kinds = {output.get("name", output["output_type"]) for output in outputs}
        assert not kinds & {"error", "stderr"}, outputs
        assert any("image/svg+xml" in output.get("data", {}) for output in outputs)
        save(page)
        assert source.read_bytes() == before

        shown = read_through(page)
        website = (site / f"{docname}.html").read_text(encoding="utf8")
        assert len(shown["pictures"]) == website.count('class="tikz"')
        assert shown["empty"] == {0}
        captions = re.findall(r'"caption-number">(Fig\. [\d.]+) ', website)
        assert shown["captions"] == set(captions)
        equations = re.findall(r'"formula-number">(\([\d.]+\))', website)
        assert shown["equations"] == set(equations)

        # A copy of one's own, as `make lab` tells to make it, can be changed freely.
        page.evaluate("void window.jupyterapp.commands.execute('docmanager:save-as')")
        page.locator(".jp-Dialog input").fill(f"my/{name}.md")
        page.keyboard.press("Enter")
        page.wait_for_function(f"() => {NOTEBOOK}?.context?.path === 'my/{name}.md'")
        # JupyterLab goes on with the copy for a while without telling when it is done,
        # and a save that starts meanwhile never ends.
        page.wait_for_timeout(5000)
        first = f"{NOTEBOOK}.content.model.cells.get(0).sharedModel"
        page.evaluate(f"() => {first}.setSource('Mine.')")
        save(page)
    assert "\nMine.\n" in (copy / "my" / f"{name}.md").read_text("utf8")
    # Nobody is asked to install Node, which only a build of JupyterLab itself needs.
    told = (copy.parent / "server.log").read_text()
    assert "Could not determine jupyterlab build status" not in told
    assert "Fail to get yarn configuration" not in told
    assert source.read_bytes() == before


@pytest.fixture(scope="module")
def figures(lab, browser) -> Page:
    """A notebook with an explorer, which has been run; it must throw nothing."""
    with browser.new_context(viewport={"width": 1400, "height": 1600}) as context:
        page = context.new_page()
        errors = []
        page.on("pageerror", lambda error: errors.append(str(error)))
        open_and_run(page, lab, "book/figures", 3)
        page.locator(".jp-OutputArea .explorer").wait_for()
        yield page
    assert errors == []


@pytest.fixture
def rate(figures):
    """A slider of the explorer."""
    return figures.get_by_role("slider", name="Learning rate ρ")


COLORS = {"Light": "rgb(0, 89, 156)", "Dark": "rgb(105, 194, 255)"}


@pytest.mark.parametrize("theme", COLORS)
def test_an_explorer_takes_the_colors_of_the_theme(figures, theme):
    change = "theme => jupyterapp.commands.execute('apputils:change-theme', { theme })"
    figures.evaluate(change, f"JupyterLab {theme}")
    line = figures.locator(".jp-OutputArea .explorer .line").first
    assert line.evaluate("e => getComputedStyle(e).stroke") == COLORS[theme]


def test_an_explorer_answers_hand_and_python(figures, rate):
    """From Python to the figure, and from the hand to Python."""
    place = figures.locator(".jp-OutputArea .explorer")
    in_kernel(figures, "figure.rate = 5e-5")
    place.get_by_text("Diverging.").wait_for()
    assert rate.get_attribute("aria-valuetext") == "5 · 10⁻⁵"
    rate.focus()
    figures.keyboard.press("ArrowLeft")
    place.get_by_text("Oscillating, and converging.").wait_for()
    assert in_kernel(figures, "print(figure.rate)") == "4.9e-05"
    place.get_by_role("radio", name="Two valleys").click()
    place.get_by_text("higher minimum").wait_for()
    state = in_kernel(figures, "print(figure.loss, figure.rate, figure.start)")
    assert state == "well 0.02 2.0"
    place.get_by_role("button", name="Reset").click()
    place.get_by_text("0.040").wait_for()
    assert in_kernel(figures, "print(figure.loss, figure.rate)") == "boston 1e-06"


def test_an_explorer_keeps_its_keys_and_the_page_saves_unchanged(figures, rate, copy):
    """Keys that mean much to a notebook: none leaves the figure."""
    source = copy / "book" / "figures.md"
    selected = f"() => {NOTEBOOK}.content.activeCellIndex"
    count = f"() => {NOTEBOOK}.content.widgets.length"
    rate.focus()
    was = figures.evaluate(selected), figures.evaluate(count)
    for control in (rate, figures.get_by_role("slider", name="start, w₀")):
        control.focus()
        for key in ["ArrowDown", "ArrowUp", "d", "d", "a", "x", "m", "Home"]:
            figures.keyboard.press(key)
        assert (figures.evaluate(selected), figures.evaluate(count)) == was
    for _ in range(50):  # messages to the kernel wait for one another
        if (start := in_kernel(figures, "print(figure.start)")) == "-2.5":
            break
        figures.wait_for_timeout(100)
    assert start == "-2.5"
    save(figures)
    assert source.read_text() == FIGURES
