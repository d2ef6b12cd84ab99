"""This book, for its tests: where it lies, its name, its pages."""

import subprocess
import sys
from pathlib import Path

from bookpress import cells, pages, settings
from bookpress.handout.editions import Edition

ROOT = Path(__file__).resolve().parents[2]
PRESS = ROOT / "bookpress"
NAME = settings.settings(ROOT).file_name
FRAMEWORKS = settings.settings(ROOT).frameworks
PAGES = pages.listed(ROOT)  # docnames, in the order of the book
CHAPTERS = pages.with_code(ROOT)  # those that are executed


def source(docname: str) -> str:
    """The source of a page."""
    return pages.source(ROOT, docname).read_text(encoding="utf8")


def code(docname: str) -> list[cells.Piece]:
    """The code cells of a page."""
    return cells.code_of(source(docname))


def file_name(docname: str) -> str:
    """Name of the files that are made of a page."""
    return pages.file_name(docname, PAGES[0])


def command(program: str, *arguments: object) -> list[str]:
    """The command line of one of the press's programs."""
    module = f"bookpress.commands.{program}"
    return [sys.executable, "-m", module, *map(str, arguments)]


def build(*targets: str, root: Path = ROOT) -> subprocess.CompletedProcess:
    """Build; the test fails with what was printed if it fails."""
    result = subprocess.run(
        command("book", *targets, "--root", root),
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=1800,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    return result


def printed_as(edition: Edition) -> tuple[Path, Path]:
    """The PDF of an edition, and the folder in which LaTeX makes it."""
    name = edition.name(NAME)
    return ROOT / "_build" / f"{name}.pdf", ROOT / "_build" / "work" / "latex" / name
