"""Chapters execute once: when something they use has changed, and only then."""

import gc
import importlib.metadata
import warnings

import execution
import nbformat
import pytest
from fixture_book import HEADER
from jupyter_cache import get_cache

PAGE = (
    HEADER
    + """# Page

Some prose.

```{code-cell} ipython3
---
mystnb:
  image:
    alt: Nothing to see.
---
from helper import answer

answer()
```
"""
)


@pytest.fixture
def book(tmp_path):
    """A folder with a space in its name, a page, a helper and two data files."""
    root = tmp_path / "my book"
    (root / "book").mkdir(parents=True)
    (root / "data").mkdir()
    (root / "book" / "page.md").write_text(PAGE)
    (root / "helper.py").write_text("def answer():\n    return 'forty-two'\n")
    (root / "data" / "iris.csv").write_text("1\n")
    (root / "data" / "boston.csv").write_text("2\n")
    return root


def key(root, name="page.md") -> str:
    return execution.chapter_key(execution.read_notebook(root / "book" / name), root)


def edit(path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def run(root, monkeypatch) -> list[str]:
    """Execute what is missing; return the report's lines."""
    lines = []
    monkeypatch.setenv("PYTHONPATH", str(root))
    execution.execute_missing(
        sorted((root / "book").glob("*.md")), root, root / "cache", report=lines.append
    )
    return lines


def stored_output(root) -> str:
    """What MyST-NB would find for the page as it stands."""
    notebook = execution.read_notebook(root / "book" / "page.md")
    _, merged = get_cache(str(root / "cache")).merge_match_into_notebook(notebook)
    (cell,) = [cell for cell in merged.cells if cell.cell_type == "code"]
    return cell.outputs[0]["data"]["text/plain"]


def test_the_key_covers_code_helpers_data_and_versions(book, monkeypatch):
    page, helper = book / "book" / "page.md", book / "helper.py"
    seen = [key(book)]
    edit(page, "answer()\n```", "answer() + ''\n```")
    seen.append(key(book))
    edit(helper, "forty-two", "forty-three")
    seen.append(key(book))
    edit(page, "answer() + ''", "load_iris = answer()")
    seen.append(key(book))
    (book / "data" / "iris.csv").write_text("3\n")
    seen.append(key(book))
    edit(helper, "def", "import numpy\ndef")
    seen.append(key(book))
    monkeypatch.setattr(importlib.metadata, "version", lambda name: "99")
    seen.append(key(book))
    edit(page, "mystnb:\n", "tags: [raises-exception]\nmystnb:\n")
    seen.append(key(book))
    assert len(set(seen)) == len(seen)


def test_the_key_leaves_prose_captions_and_other_data_out(book):
    before = key(book)
    edit(book / "book" / "page.md", "Some prose.", "Other prose.")
    edit(book / "book" / "page.md", "Nothing to see.", "Something to see.")
    (book / "data" / "boston.csv").write_text("4\n")
    assert key(book) == before


def test_modules_of_a_local_package_count_as_helpers(book):
    package = book / "explorers"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "descent.py").write_text("load_iris\n")
    edit(book / "book" / "page.md", "from helper", "import explorers\nfrom helper")
    before = key(book)
    (package / "descent.py").write_text("load_iris, 1\n")
    changed = key(book)
    assert changed != before
    (book / "data" / "iris.csv").write_text("5\n")
    assert key(book) not in (before, changed)


def test_tensorflow_counts_under_either_name():
    assert execution.package_version("tensorflow")
    assert execution.package_version("tensorflow") in execution.package_version("keras")
    assert execution.package_version("os") == ""


def test_a_page_executes_once_and_keeps_its_outputs_through_edits_of_prose(
    book, monkeypatch
):
    assert any("executed page" in line for line in run(book, monkeypatch))
    assert stored_output(book) == "'forty-two'"
    edit(book / "book" / "page.md", "Some prose.", "Other prose.")
    edit(book / "book" / "page.md", "Nothing to see.", "Something to see.")
    assert run(book, monkeypatch) == []
    assert stored_output(book) == "'forty-two'"


def test_an_edit_of_a_helper_replaces_the_outputs(book, monkeypatch):
    run(book, monkeypatch)
    edit(book / "helper.py", "forty-two", "forty-three")
    assert any("executed page" in line for line in run(book, monkeypatch))
    assert stored_output(book) == "'forty-three'"


def test_an_execution_leaves_nothing_open(book, monkeypatch):
    """What is left open is told at some later moment, as an error of another test."""
    gc.collect()
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        run(book, monkeypatch)
        gc.collect()
    assert [str(warning.message) for warning in told] == []


def test_outputs_cut_short_by_a_kill_are_made_again(book, monkeypatch):
    run(book, monkeypatch)
    (file,) = (book / "cache" / "executed").glob("*/base.ipynb")
    file.write_text(file.read_text()[:100])
    assert any("executed page" in line for line in run(book, monkeypatch))
    assert stored_output(book) == "'forty-two'"


def test_outputs_that_myst_nb_stored_by_itself_are_not_trusted(book, monkeypatch):
    """A plain entry has no key, so nobody knows what helper it was made with."""
    run(book, monkeypatch)
    cache = get_cache(str(book / "cache"))
    (record,) = cache.list_cache_records()
    notebook = cache.get_cache_bundle(record.pk).nb
    notebook.cells[0].outputs = [nbformat.v4.new_output("stream", text="stale")]
    bundle = execution.CacheBundleIn(notebook, record.uri, data={})
    cache.cache_notebook_bundle(bundle, check_validity=False, overwrite=True)
    run(book, monkeypatch)
    assert stored_output(book) == "'forty-two'"


def test_a_failing_cell_is_named_by_file_line_and_error(book, monkeypatch):
    page = book / "book" / "page.md"
    page.write_text(page.read_text() + "\n```{code-cell}\n1 / 0\n```\n")
    with pytest.raises(execution.ExecutionFailed) as failure:
        run(book, monkeypatch)
    line = page.read_text().split("\n").index("1 / 0")
    assert str(failure.value) == (
        f"{page}:{line}: code cell 2 stopped with ZeroDivisionError: division by zero"
    )


def test_one_failure_keeps_what_the_other_chapters_computed(book, monkeypatch):
    (book / "book" / "wrong.md").write_text(PAGE.replace("answer()\n", "nothing\n"))
    with pytest.raises(execution.ExecutionFailed, match="NameError"):
        run(book, monkeypatch)
    (book / "book" / "wrong.md").unlink()
    assert run(book, monkeypatch) == []


def test_what_a_cell_writes_to_stderr_is_told_and_not_kept(book, monkeypatch):
    page = book / "book" / "page.md"
    complain = (
        "import pathlib, sys\n"
        "if not pathlib.Path('ran').exists():\n"
        "    pathlib.Path('ran').touch()\n"
        "    print('only', 'once', sep='\\n', file=sys.stderr)\n"
    )
    edit(page, "answer()\n", complain + "answer()\n")
    with pytest.raises(execution.ExecutionFailed) as failure:
        run(book, monkeypatch)
    assert "code cell 1 wrote to stderr: only once" in str(failure.value)
    assert any("executed page" in line for line in run(book, monkeypatch))


def test_what_a_cell_prints_in_a_row_is_one_output_however_a_kernel_cut_it():
    def said(text, name="stdout"):
        return nbformat.v4.new_output("stream", name=name, text=text)

    drawn = nbformat.v4.new_output("display_data", data={"text/plain": "a table"})
    cell = nbformat.v4.new_code_cell(
        outputs=[said("one"), said(" line\n"), drawn, said("two\n"), said("three\n")]
    )
    notebook = nbformat.v4.new_notebook(cells=[cell])
    execution.join_streams(execution.Chapter(None, notebook, ""))
    texts = [output.get("text", "") for output in cell.outputs]
    assert texts == ["one line\n", "", "two\nthree\n"]


def test_a_cell_that_takes_too_long_is_named(book, monkeypatch):
    page = book / "book" / "page.md"
    edit(page, "from helper import answer", "import time\ntime.sleep(60)")
    with pytest.raises(execution.ExecutionFailed, match="code cell 1 stopped with"):
        execution.execute_missing([page], book, book / "cache", timeout=1)


def test_a_kernel_that_dies_is_reported(book, monkeypatch):
    page = book / "book" / "page.md"
    edit(page, "from helper import answer", "import os\nos._exit(1)")
    with pytest.raises(execution.ExecutionFailed, match="DeadKernelError"):
        run(book, monkeypatch)


def test_a_page_without_code_is_passed_over(book, monkeypatch):
    (book / "book" / "page.md").write_text("# Only prose\n")
    assert run(book, monkeypatch) == []
