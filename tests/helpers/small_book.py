"""A book of one page, one helper and a few data, whose page is executed, not built."""

from collections.abc import Iterable
from pathlib import Path

from fixture_book import HEADER
from jupyter_cache import get_cache

from bookpress.cells import read_notebook
from bookpress.execution import execute_missing
from bookpress.execution.keys import chapter_key

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


class SmallBook:
    """The book in its own folder.

    Parameters
    ----------
    root : folder to make it in
    """

    def __init__(self, root: Path):
        self.root = root
        self.write("book/page.md", PAGE)
        self.write("helper.py", "def answer():\n    return 'forty-two'\n")
        self.write("data/iris.csv", "1\n")
        self.write("data/boston.csv", "2\n")

    def write(self, name: str, content: str | bytes) -> None:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)

    def edit(self, name: str, old: str, new: str) -> None:
        text = (self.root / name).read_text(encoding="utf8")
        assert old in text, f"{old!r} is not in {name}"
        self.write(name, text.replace(old, new))

    def cell(self, code: str) -> None:
        """Let the page be a single cell."""
        self.write("book/page.md", f"{HEADER}```{{code-cell}}\n{code}\n```\n")

    def key(self, ignored: Iterable[str] = ()) -> str:
        """The key of the page's outputs, as the page stands."""
        notebook = read_notebook(self.root / "book" / "page.md")
        return chapter_key(notebook, self.root, ignored)

    def run(self, timeout: int = 600) -> list[str]:
        """Execute what is missing; return the report's lines."""
        lines = []
        pages = (self.root / "book").glob("*.md")
        execute_missing(
            {f"book/{path.stem}": path for path in sorted(pages)},
            self.root,
            self.root / "cache",
            timeout,
            report=lines.append,
        )
        return lines

    def output(self) -> str:
        """What MyST-NB would find for the page's only cell, as the page stands."""
        notebook = read_notebook(self.root / "book" / "page.md")
        cache = get_cache(str(self.root / "cache"))
        _, merged = cache.merge_match_into_notebook(notebook)
        (cell,) = [cell for cell in merged.cells if cell.cell_type == "code"]
        (output,) = cell.outputs
        return output.get("text") or output["data"]["text/plain"]
