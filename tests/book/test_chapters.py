"""Each chapter has its tests, and the pages say what can be held to them.

What needs a chapter's run lies in the chapter's own file, or in `every_chapter`.
"""

import os
import re
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import jupytext
import pytest
from this_book import CHAPTERS, PAGES, ROOT, source

from bookpress.checks import numbers, reruns


def test_each_chapter_has_one_file_of_tests():
    files = [file.read_text("utf8") for file in Path(__file__).parent.glob("test_*.py")]
    pages = [
        page
        for text in files
        if re.search(r"^from every_chapter import \*", text, re.M)
        for page in re.findall(r'^PAGE = "(.*)"$', text, re.M)
    ]
    assert sorted(pages) == sorted(CHAPTERS)


@pytest.mark.parametrize("docname", CHAPTERS)
def test_a_source_is_what_jupyterlab_would_save(docname):
    text = source(docname)
    saved = jupytext.writes(jupytext.reads(text, fmt="md:myst"), fmt="md:myst")
    # The version is left out by jupytext.toml, which only the server reads.
    assert re.sub(r"    jupytext_version: .*\n", "", saved, count=1) == text


@pytest.mark.parametrize("docname", PAGES)
def test_exercises_stand_below_a_heading_of_their_own(docname):
    """Readers find them in the contents and in the PDF's outline."""
    heads = re.findall(r"^(##+ .*|```\{exercise\})", source(docname), re.M)
    for above, head in pairwise(heads):
        if head == "```{exercise}":
            assert above in ("## Exercises", head)


@pytest.mark.thorough
@pytest.mark.parametrize("docname", CHAPTERS)
def test_numbers_in_prose_hold_on_another_processor(docname):
    """Libraries told to use the instructions of 2008 add in another order."""
    code = (
        "import pathlib; from bookpress.checks import chapters; "
        f"run = chapters.run(pathlib.Path({str(ROOT / docname)!r} + '.md')); "
        "print(*run.wrong, sep='\\n', end='')"
    )
    older = {
        "OPENBLAS_CORETYPE": "Nehalem",
        "ATEN_CPU_CAPABILITY": "default",
        "NPY_DISABLE_CPU_FEATURES": "X86_V3",
    }
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | older | {"PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stdout) == (0, ""), done.stdout + done.stderr


@pytest.mark.parametrize("docname", PAGES)
def test_no_number_in_prose_stands_unchecked(docname):
    assert numbers.uncovered_numbers(source(docname)) == []


@pytest.mark.parametrize("docname", CHAPTERS)
def test_a_name_that_cells_share_has_one_meaning(docname):
    assert reruns.names_with_two_meanings(source(docname)) == []
