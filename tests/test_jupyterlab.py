"""A chapter opens as a notebook in a real JupyterLab, runs, and saves unchanged."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
CHAPTERS = sorted(
    page.stem
    for page in (ROOT / "book").glob("*.md")
    if "{code-cell}" in page.read_text("utf8")
)

pytestmark = pytest.mark.build


@pytest.fixture(scope="module")
def copy(tmp_path_factory) -> Path:
    """A reader's copy of the book, in a folder with a space in its name."""
    root = tmp_path_factory.mktemp("lab") / "my copy"
    root.mkdir()
    for name in ["book", "data", "jupyter"]:
        shutil.copytree(ROOT / name, root / name)
    for name in ["jupytext.toml", "notebook_utils.py"]:
        shutil.copy(ROOT / name, root / name)
    return root


@pytest.fixture(scope="module")
def lab(copy) -> str:
    """Address of a JupyterLab on that copy, started as `make lab` starts it."""
    environment = {
        **os.environ,
        "JUPYTER_CONFIG_PATH": str(copy / "jupyter"),
        "JUPYTER_CONFIG_DIR": str(copy / "settings"),
        "JUPYTER_DATA_DIR": str(copy / "data of the user"),
        "PYTHONPATH": str(copy),
    }
    options = (
        "--no-browser --allow-root --ip=127.0.0.1 --port=0 --expose-app-in-browser"
    )
    command = [sys.executable, "-m", "jupyterlab", *options.split()]
    process = subprocess.Popen(
        [*command, f"--notebook-dir={copy}"],
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    )
    for line in process.stderr:
        if found := re.search(r"http://127\.0\.0\.1:\d+/lab\?token=\w+", line):
            break
    else:
        pytest.fail("JupyterLab did not start")
    yield found[0]
    process.terminate()
    process.stderr.close()
    process.wait(timeout=30)


@pytest.mark.parametrize("name", CHAPTERS)
def test_a_chapter_opens_by_double_click_runs_and_saves_unchanged(
    lab, copy, browser, name
):
    source = copy / "book" / f"{name}.md"
    before = source.read_bytes()
    cells = before.decode().count("```{code-cell}")
    with browser.new_context(viewport={"width": 1400, "height": 1000}) as context:
        page = context.new_page()
        page.goto(f"{lab}&reset")  # not the last visitor's folder
        for entry in ("book", f"{name}.md"):
            page.locator(f'.jp-DirListing-item[title^="Name: {entry}\\a"]').dblclick()
        page.wait_for_selector(".jp-NotebookPanel", timeout=60_000)
        notebook = "window.jupyterapp.shell.currentWidget"
        page.wait_for_function(
            f"() => {notebook}.sessionContext?.session?.kernel?.status === 'idle'",
            timeout=120_000,
        )
        page.get_by_role("menuitem", name="Run", exact=True).click()
        page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
        count = f"{notebook}.content.model.cells"
        page.wait_for_function(
            f"() => [...{count}].filter(c => c.type === 'code' && c.executionCount > 0)"
            f".length === {cells}",
            timeout=120_000,
        )
        outputs = page.evaluate(
            f"() => [...{count}].filter(c => c.type === 'code')"
            ".flatMap(c => c.outputs.toJSON())"
        )
        kinds = {output.get("name", output["output_type"]) for output in outputs}
        assert not kinds & {"error", "stderr"}, outputs
        assert any("image/svg+xml" in output.get("data", {}) for output in outputs)
        page.keyboard.press("Control+s")
        page.wait_for_function(f"() => !{notebook}.context.model.dirty")
    assert source.read_bytes() == before
