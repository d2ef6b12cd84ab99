"""A second book, of two pages, that the press makes with this book's settings."""

import os
import shutil
import subprocess
from pathlib import Path

from this_book import ROOT, command

INTRO = """# A small book

Its second page is [](page.md).
"""

HEADER = """---
jupytext:
  text_representation:
    extension: .md
    format_name: myst
kernelspec:
  display_name: Python 3
  language: python
  name: python3
---
"""

PAGE = (
    HEADER
    + """# A page

Some prose.

```{code-cell} ipython3
from notebook_utils import load_boston

rows = len(load_boston())
print(f"the answer is {2 * 21} from {rows} rows")
```
"""
)


class FixtureBook:
    """A book in its own folder, built by the project's own commands.

    Parameters
    ----------
    root : folder to make it in; may have spaces in its path
    """

    def __init__(self, root: Path):
        self.root = root
        for name in ["data", "explorers"]:
            shutil.copytree(
                ROOT / name,
                root / name,
                ignore=shutil.ignore_patterns("__pycache__", "_built", "test_*"),
            )
        (root / "book").mkdir()
        for name in [
            "_config.yml",
            "counting.py",
            "deep_stacks.py",
            "few_samples.py",
            "many_networks.py",
            "many_recurrent.py",
            "notebook_utils.py",
            "pictures.py",
            "pretrained.py",
            "series.py",
            "references.bib",
            "requirements.txt",
            "package.json",
            "package-lock.json",
        ]:
            shutil.copy(ROOT / name, root / name)
        (root / "node_modules").symlink_to(ROOT / "node_modules")
        (root / "tests").mkdir()
        self.write("_toc.yml", "format: jb-book\nroot: book/intro\nchapters:\n")
        self.write("_toc.yml", self.read("_toc.yml") + "  - file: book/page\n")
        self.write("book/intro.md", INTRO)
        self.write("book/page.md", PAGE)

    def read(self, name: str) -> str:
        return (self.root / name).read_text(encoding="utf8")

    def write(self, name: str, text: str) -> None:
        (self.root / name).write_text(text, encoding="utf8")

    def edit(self, name: str, old: str, new: str) -> None:
        text = self.read(name)
        assert old in text, f"{old!r} is not in {name}"
        self.write(name, text.replace(old, new))

    @property
    def environment(self) -> dict:
        """The chapters import this book's helper, not the project's."""
        path = os.pathsep.join([str(self.root), str(ROOT)])
        return {**os.environ, "PYTHONPATH": path}

    def command(self, *targets: str) -> list[str]:
        return command("book", *targets, "--root", self.root)

    def build(self, *targets: str, **environment) -> subprocess.CompletedProcess:
        """Build and return the finished process, whatever its exit code."""
        return subprocess.run(
            self.command(*(targets or ["site"])),
            capture_output=True,
            text=True,
            env={**self.environment, **environment},
            timeout=300,
        )

    def page(self, name: str = "page") -> str:
        """A page of the published website, as HTML."""
        return self.read(f"_build/html/book/{name}.html")
