"""Chapters execute once: when something they use has changed, and only then."""

import gc
import warnings

import nbformat
import numpy as np
import pytest
from jupyter_cache import get_cache
from jupyter_cache.base import CacheBundleIn
from small_book import PAGE

from bookpress.execution import kernel
from bookpress.execution.keys import Chapter


def executed(lines: list[str]) -> bool:
    return any("executed book/page in" in line for line in lines)


def test_a_page_executes_once_and_keeps_its_outputs_through_edits_of_prose(book):
    assert executed(book.run())
    assert book.output() == "'forty-two'"
    book.edit("book/page.md", "Some prose.", "Other prose.")
    book.edit("book/page.md", "Nothing to see.", "Something to see.")
    assert book.run() == []
    assert book.output() == "'forty-two'"


def test_an_edit_of_a_helper_replaces_the_outputs(book):
    book.run()
    book.edit("helper.py", "forty-two", "forty-three")
    assert executed(book.run())
    assert book.output() == "'forty-three'"


def test_an_edit_of_what_no_page_uses_executes_nothing(book):
    book.run()
    book.edit("helper.py", "def", "# A comment.\ndef unused():\n    pass\n\n\ndef")
    assert book.run() == []
    assert book.output() == "'forty-two'"


def test_an_edit_of_an_array_that_only_the_helper_names_replaces_the_outputs(book):
    """A chapter that prints one of its values shows the new one."""
    book.write(
        "helper.py",
        "from pathlib import Path\n\nimport numpy as np\n\n\n"
        "def load():\n"
        "    folder = Path(__file__).resolve().parent / 'data'\n"
        "    return np.load(folder / 'weights.npz')\n\n\n"
        "def answer():\n    return load()['w'].tolist()\n",
    )
    file = book.root / "data" / "weights.npz"
    np.savez(file, w=[1.5, 2.5])
    book.run()
    assert book.output() == "[1.5, 2.5]"
    np.savez(file, w=[3.5, 4.5])
    assert executed(book.run())
    assert book.output() == "[3.5, 4.5]"
    assert book.run() == []


def test_an_execution_leaves_nothing_open(book):
    """What is left open is told at some later moment, as an error of another test."""
    gc.collect()
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        book.run()
        gc.collect()
    assert [str(warning.message) for warning in told] == []


def test_outputs_cut_short_by_a_kill_are_made_again(book):
    book.run()
    (file,) = (book.root / "cache" / "executed").glob("*/base.ipynb")
    file.write_text(file.read_text()[:100])
    assert executed(book.run())
    assert book.output() == "'forty-two'"


def test_outputs_that_myst_nb_stored_by_itself_are_not_trusted(book):
    """A plain entry has no key, so nobody knows what helper it was made with."""
    book.run()
    cache = get_cache(str(book.root / "cache"))
    (record,) = cache.list_cache_records()
    notebook = cache.get_cache_bundle(record.pk).nb
    notebook.cells[0].outputs = [nbformat.v4.new_output("stream", text="stale")]
    bundle = CacheBundleIn(notebook, record.uri, data={})
    cache.cache_notebook_bundle(bundle, check_validity=False, overwrite=True)
    book.run()
    assert book.output() == "'forty-two'"


def test_a_failing_cell_is_named_by_file_line_and_error(book):
    book.write("book/page.md", PAGE + "\n```{code-cell}\n1 / 0\n```\n")
    with pytest.raises(kernel.ExecutionFailed) as failure:
        book.run()
    page = book.root / "book" / "page.md"
    line = page.read_text().split("\n").index("1 / 0")
    assert str(failure.value) == (
        f"{page}:{line}: code cell 2 stopped with ZeroDivisionError: division by zero"
    )


def test_one_failure_keeps_what_the_other_chapters_computed(book):
    book.write("book/wrong.md", PAGE.replace("answer()\n", "nothing\n"))
    with pytest.raises(kernel.ExecutionFailed, match="NameError"):
        book.run()
    (book.root / "book" / "wrong.md").unlink()
    assert book.run() == []


def test_what_a_cell_writes_to_stderr_is_told_and_not_kept(book):
    complain = (
        "import pathlib, sys\n"
        "if not pathlib.Path('ran').exists():\n"
        "    pathlib.Path('ran').touch()\n"
        "    print('only', 'once', sep='\\n', file=sys.stderr)\n"
    )
    book.edit("book/page.md", "answer()\n", complain + "answer()\n")
    with pytest.raises(kernel.ExecutionFailed) as failure:
        book.run()
    assert "code cell 1 wrote to stderr: only once" in str(failure.value)
    assert executed(book.run())


def test_what_a_cell_prints_in_a_row_is_one_output_however_a_kernel_cut_it():
    def said(text, name="stdout"):
        return nbformat.v4.new_output("stream", name=name, text=text)

    drawn = nbformat.v4.new_output("display_data", data={"text/plain": "a table"})
    cell = nbformat.v4.new_code_cell(
        outputs=[said("one"), said(" line\n"), drawn, said("two\n"), said("three\n")]
    )
    notebook = nbformat.v4.new_notebook(cells=[cell])
    kernel.join_streams(Chapter("page", None, notebook, ""))
    texts = [output.get("text", "") for output in cell.outputs]
    assert texts == ["one line\n", "", "two\nthree\n"]


def test_a_cell_that_takes_too_long_is_named(book):
    book.edit(
        "book/page.md", "from helper import answer", "import time\ntime.sleep(60)"
    )
    with pytest.raises(kernel.ExecutionFailed, match="code cell 1 stopped with"):
        book.run(timeout=1)


def test_a_kernel_that_dies_is_reported(book):
    book.edit("book/page.md", "from helper import answer", "import os\nos._exit(1)")
    with pytest.raises(kernel.ExecutionFailed, match="DeadKernelError"):
        book.run()


def test_a_page_without_code_is_passed_over(book):
    book.write("book/page.md", "# Only prose\n")
    assert book.run() == []
