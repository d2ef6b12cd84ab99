"""How the explorers' modules are made, and what outputs they belong to."""

import shutil
from pathlib import Path

import execution
import nbformat
import pytest
from fixture_book import HEADER

from explorers import bundle

ROOT = Path(__file__).resolve().parents[2]


def test_a_script_cannot_end_its_element():
    assert "</script" not in bundle.safe_in_html('a = "</script>"; b = /<\\/SCRIPT/')
    assert "<!--" not in bundle.safe_in_html('a = "<!--"')


def test_a_module_is_made_once_and_again_when_a_source_changes(tmp_path, monkeypatch):
    copy = copy_explorers(tmp_path, monkeypatch)
    runs = []
    original = bundle.run_esbuild
    monkeypatch.setattr(
        bundle, "run_esbuild", lambda *a: runs.append(1) or original(*a)
    )
    first = bundle.widget_module("descent")
    assert bundle.widget_module("descent") == first and len(runs) == 1
    source = copy / "descent" / "descent.js"
    source.write_text(source.read_text().replace("Two valleys", "A pair of valleys"))
    assert "A pair of valleys" in bundle.widget_module("descent")
    assert len(runs) == 2


def test_the_style_is_the_kit_s_rules_then_each_explorer_s_own_by_name(
    tmp_path, monkeypatch
):
    copy = copy_explorers(tmp_path, monkeypatch)
    for name in ("signal", "descent"):
        (copy / name / f"{name}.css").write_text(
            f".explorer .of-{name} {{ margin: 0 }}"
        )
    style = bundle.style()
    rules = [".explorer{", ".of-descent{", ".board{", ".of-signal{"]
    places = [style.index(rule) for rule in rules]
    assert places == sorted(places)


def test_without_node_what_is_there_is_used_else_one_line_says_what_to_do(
    tmp_path, monkeypatch
):
    copy = copy_explorers(tmp_path, monkeypatch)
    made = bundle.widget_module("descent")
    (copy.parent / "node_modules").unlink()
    assert bundle.widget_module("descent") == made
    with pytest.raises(
        bundle.BundleError, match=r"esbuild, .* run: make book$"
    ) as error:
        bundle.page_script(["descent"])
    assert "\n" not in str(error.value)


def test_an_error_in_a_module_is_one_line_with_its_place(tmp_path, monkeypatch):
    copy = copy_explorers(tmp_path, monkeypatch)
    (copy / "descent" / "descent.js").write_text("export default {\n  name: ,\n};\n")
    with pytest.raises(bundle.BundleError, match=r"descent\.js:2: ") as error:
        bundle.widget_module("descent")
    assert "\n" not in str(error.value)


def copy_explorers(tmp_path: Path, monkeypatch) -> Path:
    copy = tmp_path / "a copy" / "explorers"
    shutil.copytree(
        ROOT / "explorers", copy, ignore=shutil.ignore_patterns("_built", "__pycache__")
    )
    shutil.copy(ROOT / "package-lock.json", copy.parent)
    (copy.parent / "node_modules").symlink_to(ROOT / "node_modules")
    monkeypatch.setattr(bundle, "FOLDER", copy)
    monkeypatch.setattr(bundle, "BUILT", copy / "_built")
    return copy


def test_python_of_an_explorer_is_part_of_the_outputs_key_and_javascript_is_not(
    tmp_path, monkeypatch
):
    copy = copy_explorers(tmp_path, monkeypatch)
    root = copy.parent
    (root / "data").mkdir()
    (root / "notebook_utils.py").write_text("")
    page = root / "page.md"
    page.write_text(
        HEADER + "\n```{code-cell}\nfrom explorers.descent import Descent\n```\n"
    )

    def key() -> str:
        return execution.chapter_key(execution.read_notebook(page), root)

    def touch(name: str, end: str) -> None:
        path = copy / name
        path.write_text(path.read_text() + end)

    before = key()
    for name in ("descent/descent.js", "kit/plot.js"):
        touch(name, "\n// More.\n")
        assert key() == before
    touch("kit/kit.css", "\n/* More. */\n")
    assert key() == before
    for name in ("losses/__init__.py", "descent/test_descent.py"):
        touch(name, "\n# Of another figure, or a test.\n")
        assert key() == before
    for name in ("descent/__init__.py", "base.py"):
        touch(name, "\n# More.\n")
        assert key() != before
        before = key()


def test_stored_outputs_hold_no_widget_that_died_with_its_kernel():
    data = {execution.WIDGET: {"model_id": "random"}, "text/html": "<p>"}
    notebook = nbformat.v4.new_notebook(metadata={"widgets": {"state": {}}})
    cell = nbformat.v4.new_code_cell("1")
    cell.outputs = [nbformat.v4.new_output("display_data", data)]
    notebook.cells = [cell]
    execution.drop_live_widgets(notebook)
    assert list(cell.outputs[0].data) == ["text/html"]
    assert "widgets" not in notebook.metadata
