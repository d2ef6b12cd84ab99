"""How builds grow with the book: copies of one real chapter, up to forty."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

from bookpress.commands.measure import measured
from bookpress.pages import source

SIZES = (5, 10, 20, 40)

TOC = """\
format: jb-book
root: grown/start
parts:
  - caption: Copies
    numbered: 2
    chapters:
{chapters}
  - caption: Reference
    chapters:
      - file: grown/sources
"""

# What names something that the page itself has.
LABELS = re.compile(
    r"^\$\$ \((eq:[\w-]+)\)|^ *:?(?:name|label): +([\w:-]+)|^\(([\w:-]+)\)=", re.M
)
ROLE = re.compile(r"\{(term|ref|numref|eq|doc|prf:ref)\}`(?:([^`<]*?) *<)?([^`<>]+)>?`")
LINK = re.compile(r"\[([^\]]*)\]\(([\w/-]+\.md[^)]*|[a-z]+:[\w-]+)\)")


def copied(page: str, number: int) -> str:
    """A chapter once more: labels of its own, and no word of other pages."""
    head, mark, page = page.partition("\n---\n")
    labels = {found for groups in LABELS.findall(page) for found in groups if found}
    page = ROLE.sub(
        lambda m: m[0] if m[3] in labels else (m[2] or m[3]).replace("%s", ""), page
    )
    page = LINK.sub(
        lambda m: m[0] if m[2] in labels else m[1] or "another chapter", page
    )
    for label in sorted(labels, key=len, reverse=True):
        page = re.sub(
            rf"(?<![\w:-]){re.escape(label)}(?![\w-])", f"{label}-{number}", page
        )
    # Else its outputs would be the first copy's.
    return (
        head
        + mark
        + re.sub(
            r"(\{code-cell\}[^\n]*\n(?:---\n.*?\n---\n|(?::[^\n]*\n)*)\n?)",
            rf"\1# Copy {number}\n",
            page,
            count=1,
            flags=re.S,
        )
    )


def grow(root: Path, docname: str, count: int) -> None:
    """Make a copy of the book into one of `count` copies of a chapter."""
    page = source(root, docname).read_text("utf8")
    folder = root / "grown"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    names = [f"copy{number:02}" for number in range(1, count + 1)]
    for number, name in enumerate(names, start=1):
        (folder / f"{name}.md").write_text(copied(page, number), "utf8")
    links = "\n".join(f"- []({name}.md)" for name in names)
    (folder / "start.md").write_text(f"# A grown book\n\n{links}\n")
    (folder / "sources.md").write_text("# Sources\n\n```{bibliography}\n:all:\n```\n")
    chapters = "\n".join(f"      - file: grown/{name}" for name in names)
    (root / "_toc.yml").write_text(TOC.format(chapters=chapters))
    pages = [path.read_text("utf8") for path in sorted(folder.glob("copy*.md"))]
    marks = "\n".join(
        f"@pytest.mark.equation({label!r})"
        for text in pages
        for label in re.findall(r"^\$\$ \((eq:[\w-]+)\)", text, re.M)
    )
    tests = root / "tests"
    shutil.rmtree(tests)
    tests.mkdir()
    (tests / "test_grown.py").write_text(
        f"{marks}\ndef test_all():\n    '''Not run.'''\n"
    )


def measure_growth(root: Path, docname: str) -> dict[str, dict[str, dict]]:
    """Cold builds of website and handout, one edit, and nothing, by the book's size.

    Parameters
    ----------
    root : a copy of the book, which is changed
    docname : the chapter to copy
    """
    found = {}
    for count in SIZES:
        shutil.rmtree(root / "_build", ignore_errors=True)
        grow(root, docname, count)
        steps = {"cold": ["pdf", "site"], "edit": ["site"], "none": ["site"]}
        found[str(count)] = {}
        for step, targets in steps.items():
            if step == "edit":
                page = root / "grown" / "copy01.md"
                page.write_text(page.read_text("utf8") + "\nOne more line of prose.\n")
            found[str(count)][step] = measured(
                lambda targets=targets: run(root, targets)
            )
            print(f"{count} chapters, {step}: {found[str(count)][step]}", flush=True)
    return found


def run(root: Path, targets: list[str]) -> None:
    command = [sys.executable, "-m", "bookpress.commands.book", *targets]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"error: the build failed: {done.stdout}{done.stderr}")
