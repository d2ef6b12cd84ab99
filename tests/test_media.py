"""The press makes every medium of a book that it has never heard of.

The book here has settings, frameworks, a helper and a name of its own, and nothing of
Deep Learning Basics.
"""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import nbformat
import pytest
from pypdf import PdfReader
from this_book import ROOT, command

pytestmark = pytest.mark.build

CONFIG = """\
title: Two ways to count
author: A. Nother
only_build_toc_files: true
exclude_patterns: ["*.md", counting.py]
execute:
  execute_notebooks: cache
  raise_on_error: true
  stderr_output: remove-warn
parse:
  myst_enable_extensions: [amsmath, colon_fence, dollarmath]
latex:
  latex_engine: lualatex
  use_jupyterbook_latex: true
  latex_documents:
    targetname: counting.tex
sphinx:
  extra_extensions:
    - sphinx_proof
    - sphinx_exercise
    - bookpress.execution
    - bookpress.checks
    - bookpress.content
    - bookpress.website
    - bookpress.handout
    - bookpress.notebooks
  config:
    language: en
    myst_update_mathjax: false
    nb_ipywidgets_js: {}
    frameworks: {py: Python, np: NumPy}
    handout_subtitle: By hand
    handout_license: "Text: all rights reserved."
    notebooks_helper: counting
    notebooks_files: [counting.py]
    notebooks_run_beside: counting.py
"""

TOC = """\
format: jb-book
root: pages/start
parts:
  - caption: Counting
    numbered: 2
    chapters:
      - file: pages/count
"""

START = "# Start\n\nSee [](count.md).\n\n```{handouts}\n```\n"

PAGE = """\
---
jupytext:
  text_representation:
    extension: .md
    format_name: myst
    format_version: 0.13
kernelspec:
  name: python3
  display_name: Python 3 (ipykernel)
  language: python
---

# Count

The sum of the first $n$ numbers is

$$
s = \\tfrac{1}{2} n (n + 1)
$$ (eq:sum)

```{code-cell} ipython3
:tags: [py]

from counting import limit

print("py counts", sum(range(limit + 1)))
```

```{code-cell} ipython3
:tags: [np]

import numpy as np

from counting import limit

print("np counts", np.arange(limit + 1).sum())
```

```{tikz} A dot.
:name: fig:dot
:alt: A black dot.

\\fill circle (1);
```

```{prf:theorem} The sum
:label: thm:sum

It is {eq}`eq:sum`.
```

```{exercise} Ten
:label: ex:ten
What is the sum up to ten?
```

```{solution} ex:ten
:class: dropdown
It is 55.
```
"""


HEADER = PAGE.partition("# Count")[0]
DIAL = '''# A dial

```{code-cell} ipython3
from IPython.display import HTML

HTML("""<div class="explorer" data-explorer="dial">
<p class="explorer-words">A dial to turn.</p></div>""")
```
'''


class SecondBook:
    """A book in a folder of its own, whose path has a space."""

    def __init__(self, root: Path):
        self.root = root
        files = {
            "_config.yml": CONFIG,
            "_toc.yml": TOC,
            "pages/start.md": START,
            "pages/count.md": PAGE,
            "counting.py": "limit = 10\n",
            "requirements.txt": "# Chapters\nnumpy==2.4.6\njupyterlab==4.6.6\n",
            "requirements.lock": "numpy==2.4.6 \\\n    --hash=sha256:0\n",
            "LICENSE-TEXT": "None.\n",
            "LICENSE-CODE": "None.\n",
            "tests/test_sum.py": "import pytest\n\n\n@pytest.mark.equation('eq:sum')\n"
            "def test_the_sum_is_the_formula():\n    '''It is.'''\n",
        }
        for name, text in files.items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(text, encoding="utf8")
        (root / "node_modules").symlink_to(ROOT / "node_modules")

    def run(self, *words: str) -> subprocess.CompletedProcess:
        path = os.pathsep.join([str(self.root), str(ROOT)])
        return subprocess.run(
            words,
            cwd=self.root,
            capture_output=True,
            text=True,
            env={**os.environ, "PYTHONPATH": path},
        )

    def build(self, *targets: str) -> str:
        """Build; return what was printed."""
        done = self.run(*command("book", *targets))
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def foreign(self, builder: str) -> tuple[Path, str]:
        """Run a builder that the press does not know; its folder and its warnings."""
        (self.root / "pages" / "dial.md").write_text(HEADER + DIAL, "utf8")
        (self.root / "_toc.yml").write_text(f"{TOC}      - file: pages/dial\n")
        code = (
            "import sys; from pathlib import Path\n"
            "from jupyter_book.sphinx import build_sphinx\n"
            "root = Path.cwd()\n"
            "settings = {'external_toc_path': str(root / '_toc.yml'),\n"
            "    'latex_individualpages': False}\n"
            "sys.exit(build_sphinx(str(root), str(root / '_build' / sys.argv[1]),\n"
            "    noconfig=True, path_config=str(root / '_config.yml'), quiet=True,\n"
            "    builder=sys.argv[1], confoverrides=settings))"
        )
        done = self.run(sys.executable, "-c", code, builder)
        assert done.returncode == 0, done.stdout + done.stderr
        assert "Traceback" not in done.stderr
        return self.root / "_build" / builder, done.stderr


@pytest.fixture(scope="module")
def book(tmp_path_factory) -> SecondBook:
    book = SecondBook(tmp_path_factory.mktemp("books") / "another book")
    book.build("pdf", "site", "bundle")
    return book


def test_its_website_shows_its_frameworks_its_drawing_and_its_handout(book):
    site = book.root / "_build" / "html"
    page = (site / "pages" / "count.html").read_text("utf8")
    assert "<title>" in page and "Two ways to count" in page
    for words in ("Python", "NumPy", "py counts 55", "np counts 55", "A black dot."):
        assert words in page
    assert "Keras" not in page
    start = (site / "pages" / "start.html").read_text("utf8")
    assert "handouts/counting.pdf" in start
    assert "Python and NumPy, solutions at the end" in start
    assert (site / "_static" / "book.css").is_file()


def test_its_handout_has_its_name_and_one_framework_if_asked(book):
    text = printed(book.root / "_build" / "counting.pdf")
    assert "py counts 55" in text and "np counts 55" in text and "By hand" in text
    book.build("pdf", "--framework", "numpy")
    text = printed(book.root / "_build" / "counting-numpy.pdf")
    assert "np counts 55" in text and "py counts" not in text


def printed(path: Path) -> str:
    return "\n".join(page.extract_text() for page in PdfReader(path).pages)


def test_its_notebook_and_bundle_hold_its_helper(book):
    notebooks = book.root / "_build" / "html" / "notebooks"
    notebook = nbformat.read(notebooks / "count.ipynb", as_version=4)
    assert 'find_spec("counting")' in notebook.cells[1].source
    with zipfile.ZipFile(book.root / "_build" / "counting.zip") as bundle:
        names = bundle.namelist()
        readme = bundle.read("counting/README.txt").decode()
    assert "counting/notebooks/counting.py" in names
    assert readme.startswith("Two ways to count\n")


@pytest.mark.parametrize("builder", ["text", "epub"])
def test_a_foreign_builder_runs_and_is_told_what_has_no_form_in_it(book, builder):
    folder, warnings = book.foreign(builder)
    lacking = f"the medium '{builder}' has no form for"
    assert f"{lacking} an interactive figure" in warnings
    if builder == "text":
        text = (folder / "pages" / "count.txt").read_text("utf8")
        for words in ("Python", "py counts 55", "NumPy", "np counts 55", "It is 55."):
            assert words in text
        assert f"{lacking} 'tikz'" in warnings and "A black dot." in text
        assert "A dial to turn." in (folder / "pages" / "dial.txt").read_text("utf8")
    else:
        assert list(folder.glob("*.epub"))


def test_who_follows_the_recipe_gets_a_medium_with_a_form_of_its_own(book):
    recipe = (ROOT / "CONTRIBUTING.md").read_text("utf8")
    recipe = recipe.partition("## How to add a medium\n")[2]
    code = recipe.partition("```python\n")[2].partition("```")[0]
    (book.root / "lines.py").write_text(code, "utf8")
    config = CONFIG.replace(
        "    - bookpress.execution", "    - lines\n    - bookpress.execution"
    )
    (book.root / "_config.yml").write_text(config, "utf8")
    folder, warnings = book.foreign("text")
    assert "the medium 'lines' has no form for an interactive figure" in warnings
    assert "'tikz'" not in warnings
    assert "[Drawing: A black dot.]" in (folder / "pages" / "count.txt").read_text(
        "utf8"
    )
