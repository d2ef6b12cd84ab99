"""Run a chapter's code, and hold to the run what the page says and promises.

Each cell is run twice in a row, as a reader may: see `reruns`. The chapters that have
passed so are in a record, which is committed (`run_twice`).
"""

import ast
import contextlib
import functools
import gc
import io
import re
import sys
import warnings
from dataclasses import dataclass, field
from pathlib import Path

from bookpress import stale
from bookpress.cells import code_of, pieces
from bookpress.checks.claims import Mark, marks_in, outcomes, result_of
from bookpress.checks.numbers import Held, evaluate, held_in
from bookpress.checks.reruns import Watch
from bookpress.execution.uses import data_files, package_version, used_by
from bookpress.settings import settings

PRESS = Path(__file__).parents[1]
CHECKS = ("cells.py", "checks/chapters.py", "checks/reruns.py", "execution/kernel.py")

# Warnings of libraries that Python does not show unless it is asked to.
QUIET = (DeprecationWarning, PendingDeprecationWarning, ImportWarning, ResourceWarning)


@dataclass
class Run:
    """A chapter after its run."""

    namespace: dict
    page: str = ""
    numbers: list[Held] = field(default_factory=list)
    claims: list[str] = field(default_factory=list)
    reruns: list[str] = field(default_factory=list)
    warnings: list = field(default_factory=list)
    stderr: str = ""

    @property
    def wrong(self) -> list[str]:
        """The numbers that do not hold, each with its place and the value found."""
        return [
            f"{self.page}:{held.line}: {held.text} = {held.expression} "
            f"is {held.error or held.found}"
            for held in self.numbers
            if not held.holds
        ]


def run_twice(
    page: Path, root: Path, record: Path, afresh: bool = False, note: bool = False
) -> Run:
    """Execute a chapter, and each cell twice, unless it has passed so as it stands.

    Parameters
    ----------
    page : path of the MyST page
    root : the book's top folder
    record : a folder with a file for each page that has passed, which holds its key
    afresh : run each cell twice in any case
    note : keep the record: put in a page that passes, take out one that does not
    """
    name = page.relative_to(root).with_suffix("").as_posix()
    file, key = record / name.replace("/", "-"), key_of(page, root) + "\n"
    known = file.is_file() and file.read_text("utf8") == key
    result = run(page, twice=afresh or not known)
    if note and (result.reruns or result.warnings or result.stderr):
        file.unlink(missing_ok=True)
    elif note and not known:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(key, "utf8")
    return result


def key_of(page: Path, root: Path) -> str:
    """Hash of what decides how a page's cells do when they are run twice.

    It is the same wherever the same versions are installed.
    """
    code = [cell.text for cell in code_of(page.read_text(encoding="utf8"))]
    used = used_by(code, root, settings(root).sphinx("modules_without_trace", []))
    versions = (f"{name} {package_version(name)}" for name in sorted(used.packages))
    return stale.digest(
        "{}.{}".format(*sys.version_info),
        *code,
        *(re.sub(r"\+\S*", "", version) for version in versions),  # 2.13.0+cpu
        *map(used.source, sorted(used.statements)),
        stale.digest_of_files(data_files(used, root), root),
        *(stale.key_of(PRESS, name) for name in CHECKS),
    )


def run(page: Path, twice: bool = False) -> Run:
    """Execute a chapter's cells in order, here, and evaluate its numbers on the way.

    Parameters
    ----------
    page : path of the MyST page
    twice : whether to run each cell a second time, and to watch what that changes

    Returns
    -------
    Run with the final namespace, the numbers in prose with the values found, what is
    wrong with claims that the page itself repeats and with cells that are run again,
    the warnings that were raised and what was written to stderr
    """
    namespace = {"__name__": "__chapter__"}
    result, text = Run(namespace, page.name), page.read_text(encoding="utf8")
    stderr = io.StringIO()
    gc.collect()  # what other tests left open is not the chapter's fault
    with (
        warnings.catch_warnings(record=True) as caught,
        contextlib.redirect_stderr(stderr),
        contextlib.chdir(page.parent),
    ):
        warnings.simplefilter("default")
        watch = Watch(namespace)
        for piece in pieces(text):
            if piece.kind == "code":
                tree = ast.parse("\n" * (piece.line - 1) + piece.text, str(page))
                code = compile(tree, str(page), "exec")
                execute = functools.partial(printed, code, namespace)
                if twice:
                    watch.run(piece, execute)
                else:
                    execute()
            else:
                for held in held_in(piece):
                    evaluate(held, namespace)
                    result.numbers.append(held)
                for mark in marks_in(piece):
                    result.claims += repeated_here(mark, page.name, namespace)
    result.reruns = [f"{page.name}:{fault}" for fault in watch.faults]
    result.stderr = stderr.getvalue()
    result.warnings = [
        str(w.message)
        for w in caught
        if w.filename == str(page) or not issubclass(w.category, QUIET)
    ]
    return result


def faults_of_deck(deck: Path, run: Run) -> list[str]:
    """What a deck says otherwise than its chapter's run, which has come to its end."""
    found = Run(run.namespace, deck.name)
    for piece in pieces(deck.read_text(encoding="utf8")):
        for held in held_in(piece):
            evaluate(held, run.namespace)
            found.numbers.append(held)
        for mark in marks_in(piece):
            found.claims += repeated_here(mark, deck.name, run.namespace)
    return found.wrong + found.claims


def printed(code: object, namespace: dict) -> str:
    """Run a cell; return what it prints. Its figures are closed, as a notebook does."""
    stdout = io.StringIO()
    with contextlib.redirect_stdout(stdout):
        exec(code, namespace)
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close("all")
    return stdout.getvalue()


def repeated_here(mark: Mark, page: str, namespace: dict) -> list[str]:
    """What is wrong with a claim whose draws the page itself makes."""
    if mark.name not in namespace:
        return []
    try:
        result = result_of(outcomes(namespace[mark.name]))
    except ValueError as error:
        return [f"{page}:{mark.line}: {mark.name} {error}"]
    return [f"{page}:{mark.line}: {fault}" for fault in mark.faults(result)]
