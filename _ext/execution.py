"""Execute each chapter once, in parallel, and know when its outputs are stale.

MyST-NB looks outputs up in a jupyter-cache store by code, kernel and cell metadata.
That misses what a chapter reads besides (an edited helper or datum leaves old outputs
in place) and repeats work (a new caption executes the chapter again). This extension
runs before Sphinx reads a page and brings the store to the state in which MyST-NB
finds every chapter: outputs are kept under a key that covers the code, the local
modules and data it uses and the versions of the packages it imports, and nothing else.
One store at `_build/.jupyter_cache` serves all builders.
"""

import ast
import asyncio
import functools
import hashlib
import importlib
import importlib.metadata
import os
import re
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

import nbformat
from jupyter_cache import get_cache
from jupyter_cache.base import CacheBundleIn
from myst_nb.core.read import (
    is_myst_markdown_notebook,
    read_myst_markdown_notebook,
)
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError
from sphinx.errors import SphinxError

# What a chapter prints and draws must not hang on the shell that the build runs in.
KERNEL_ENVIRONMENT = {
    "KERAS_BACKEND": "tensorflow",
    "MPLBACKEND": "module://matplotlib_inline.backend_inline",
    # One thread per kernel: chapters run side by side, and sums keep their order.
    "OMP_NUM_THREADS": "1",
    "TF_NUM_INTRAOP_THREADS": "1",
    "TF_NUM_INTEROP_THREADS": "1",
    # Dates in figures; any fixed moment does.
    "SOURCE_DATE_EPOCH": "1767225600",
}

WIDGET = "application/vnd.jupyter.widget-view+json"

# Module: distributions behind it, where that is not just its name. TensorFlow comes
# from tensorflow-cpu where there is one; Keras runs on it unasked.
PROVIDERS = {
    "keras": ["keras", "tensorflow", "tensorflow-cpu"],
    "tensorflow": ["tensorflow", "tensorflow-cpu"],
}

# Tags of cells that change what a run does; all others only change what is shown.
EXECUTION_TAGS = {"raises-exception", "skip-execution"}


class ExecutionFailed(SphinxError):
    """A chapter's cell failed; the message names chapter, line and error."""

    category = "Execution failed"


@dataclass
class Chapter:
    """One executable page: its source file, notebook and key."""

    path: Path
    notebook: nbformat.NotebookNode
    key: str

    @property
    def cells(self) -> list:
        return [cell for cell in self.notebook.cells if cell.cell_type == "code"]

    def line(self, cell: nbformat.NotebookNode) -> int | None:
        """The line of the source at which a cell begins, where it is known."""
        starts = self.notebook.metadata.get("source_map", [])
        index = next(i for i, other in enumerate(self.notebook.cells) if other is cell)
        return starts[index] if index < len(starts) else None


def read_notebook(path: Path) -> nbformat.NotebookNode | None:
    """Read a MyST page; None if it is not a notebook (has no jupytext header)."""
    text = path.read_text(encoding="utf8")
    if not is_myst_markdown_notebook(text):
        return None
    return read_myst_markdown_notebook(text, add_source_map=True, path=path)


def chapter_key(notebook: nbformat.NotebookNode, root: Path) -> str:
    """Hash of everything that decides a notebook's outputs.

    Parameters
    ----------
    notebook : the chapter, with or without outputs
    root : the book's top folder, holding local modules and data/

    Returns
    -------
    hexadecimal SHA-256 over the code cells, the kernel's name, each local module and
    data file they use, and the versions of Python and of the packages they import
    """
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    code = [cell.source for cell in cells]
    tags = [EXECUTION_TAGS & set(cell.metadata.get("tags", [])) for cell in cells]
    local, packages = imported_modules("\n".join(code), root)
    # A datum belongs to the chapters whose code, or whose explorers' code, names it.
    # The helper's loaders name all of them and so tell nothing.
    texts = code + [p.read_text("utf8") for p in local if p.parent != root]
    data = [
        path
        for path in sorted((root / "data").glob("*.csv"))
        if any(re.search(rf"(\b|_){re.escape(path.stem)}\b", text) for text in texts)
    ]
    digest = hashlib.sha256()
    for part in [
        sys.version.split()[0],
        notebook.metadata.get("kernelspec", {}).get("name", ""),
        *code,
        str([sorted(names) for names in tags]),
        *(f"{name} {package_version(name)}" for name in sorted(packages)),
    ]:
        digest.update(part.encode() + b"\0")
    for path in [*local, *data]:
        digest.update(path.read_bytes() + b"\0")
    return digest.hexdigest()


def imported_modules(code: str, root: Path) -> tuple[list[Path], set[str]]:
    """The local files and the outside packages that code imports, transitively."""
    local: set[Path] = set()
    packages: set[str] = set()
    todo = [code]
    while todo:
        for name in sorted(module_names(todo.pop())):
            # What is imported from a module may be a module itself.
            found = files_of(name, root) or files_of(name.rpartition(".")[0], root)
            if not found:
                packages.add(name.split(".")[0])
            for file in found:
                if file not in local:
                    local.add(file)
                    todo.append(file.read_text(encoding="utf8"))
    return sorted(local), packages


def files_of(name: str, root: Path) -> list[Path]:
    """The files of a local module, or of a package with all in it but its tests."""
    path = root / name.replace(".", "/")
    if name and path.with_suffix(".py").is_file():
        return [path.with_suffix(".py")]
    local = name and (path / "__init__.py").is_file()
    files = path.rglob("*.py") if local else []
    return sorted(file for file in files if not file.name.startswith("test_"))


@functools.cache  # chapters import the same modules
def module_names(code: str) -> set[str]:
    """Names of what is imported by Python code, IPython magics left aside."""
    plain = "\n".join(
        "pass" if line.lstrip().startswith(("%", "!")) else line
        for line in code.splitlines()
    )
    try:
        tree = ast.parse(plain)
    except SyntaxError:
        return set()  # the kernel will report it, by cell
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.update(f"{node.module}.{alias.name}" for alias in node.names)
    return names


def package_version(name: str) -> str:
    """Version of what provides a module, '' for the standard library."""
    versions = []
    for distribution in PROVIDERS.get(name, [name]):
        try:
            versions.append(importlib.metadata.version(distribution))
        except importlib.metadata.PackageNotFoundError:
            continue
    return " ".join(versions)


class Store:
    """The jupyter-cache store, with records that know their chapter's key."""

    def __init__(self, folder: Path):
        self.cache = get_cache(str(folder))
        self.by_key = {}
        for record in self.cache.list_cache_records():
            file = folder / "executed" / record.hashkey / "base.ipynb"
            key = (record.data or {}).get("key")
            if not key or not self.readable(file):
                file.parent.mkdir(parents=True, exist_ok=True)
                file.touch()
                self.cache.remove_cache(record.pk)
            else:
                self.by_key[key] = record

    @staticmethod
    def readable(file: Path) -> bool:
        """Whether a record's notebook is whole (a killed build may have cut it).

        Only the last line of the JSON that nbformat writes begins with a brace, so the
        file's end tells as much as reading all of its figures would.
        """
        try:
            with file.open("rb") as notebook:
                notebook.seek(-3, os.SEEK_END)
                return notebook.read().rstrip().endswith(b"\n}")
        except OSError:  # missing, or shorter than that
            return False

    def adopt(self, chapter: Chapter) -> bool:
        """Make a chapter's stored outputs findable under its present metadata."""
        record = self.by_key.get(chapter.key)
        if record is None:
            return False
        try:
            if self.cache.match_cache_notebook(chapter.notebook).pk == record.pk:
                return True
        except KeyError:
            pass
        executed = self.cache.get_cache_bundle(record.pk).nb
        for cell, done in zip(chapter.cells, executed.cells, strict=True):
            cell.outputs, cell.execution_count = done.outputs, done.execution_count
        if "language_info" in executed.metadata:
            chapter.notebook.metadata.language_info = executed.metadata.language_info
        self.add(chapter, record.data["execution_seconds"])
        self.cache.remove_cache(record.pk)
        return True

    def add(self, chapter: Chapter, seconds: float) -> None:
        bundle = CacheBundleIn(
            chapter.notebook,
            str(chapter.path),
            data={"execution_seconds": seconds, "key": chapter.key},
        )
        self.cache.cache_notebook_bundle(bundle, check_validity=False, overwrite=True)

    def seconds(self, path: Path) -> float:
        """Time that the page's last stored execution took; long if there is none."""
        times = [
            record.data["execution_seconds"]
            for record in self.by_key.values()
            if record.uri == str(path)
        ]
        return times[-1] if times else float("inf")

    def evict(self, chapter: Chapter) -> None:
        """Drop outputs that MyST-NB would take for this chapter's, but are stale."""
        try:
            record = self.cache.match_cache_notebook(chapter.notebook)
        except KeyError:
            return
        self.cache.remove_cache(record.pk)


def execute(chapter: Chapter, timeout: int) -> float:
    """Run a chapter's notebook in place, in its own folder; return seconds taken."""
    client = NotebookClient(chapter.notebook, timeout=timeout, record_timing=False)
    start = time.monotonic()
    # What the kernel itself has to say, sometimes while it shuts down, is no part of
    # the chapter: its last line is told only if the kernel dies.
    with tempfile.TemporaryFile("w+", encoding="utf8", errors="replace") as log:
        try:
            # As `client.execute` does, which leaves its event loop open.
            work = client.async_execute(cwd=str(chapter.path.parent), stderr=log)
            asyncio.run(work)
        except (CellExecutionError, CellTimeoutError) as error:
            raise ExecutionFailed(failure_line(chapter, error)) from None
        except RuntimeError as error:  # the kernel died, or did not start
            log.seek(0)
            last = log.read().strip().splitlines()[-1:]
            line = ": ".join([failure_line(chapter, error), *last])
            raise ExecutionFailed(line) from None
    complain_of_stderr(chapter)
    join_streams(chapter)
    drop_live_widgets(chapter.notebook)
    return time.monotonic() - start


def complain_of_stderr(chapter: Chapter) -> None:
    """Refuse outputs that readers must not see, so that the next run makes new ones."""
    for number, cell in enumerate(chapter.cells, start=1):
        for output in cell.outputs:
            if output.get("name") == "stderr":
                text = " ".join(output.text.split())
                raise ExecutionFailed(
                    f"{chapter.path}:{chapter.line(cell)}: code cell {number} wrote to "
                    f"stderr: {text}"
                )


def join_streams(chapter: Chapter) -> None:
    """Put together what a cell prints in a row.

    How a kernel cuts it into messages is a matter of time, and may be within a line.
    """
    for cell in chapter.cells:
        joined = []
        for output in cell.outputs:
            last = joined[-1] if joined else {}
            if output.get("name") and output.get("name") == last.get("name"):
                last.text += output.text
            else:
                joined.append(output)
        cell.outputs = joined


def drop_live_widgets(notebook: nbformat.NotebookNode) -> None:
    """Leave out what only the kernel that is gone could bring to life.

    The ids of widgets are random, and their state holds JavaScript, which is no part of
    the outputs' key.
    """
    notebook.metadata.pop("widgets", None)
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            output.get("data", {}).pop(WIDGET, None)


def failure_line(chapter: Chapter, error: Exception) -> str:
    """One line: where a chapter stopped, and on what."""
    cells = chapter.cells
    stopped = (
        (number, chapter.line(cell))
        for number, cell in enumerate(cells, start=1)
        if cell.execution_count is None
        or any(output.output_type == "error" for output in cell.outputs)
    )
    number, line = next(stopped, (len(cells), None))
    name = getattr(error, "ename", type(error).__name__)
    value = getattr(error, "evalue", "") or str(error)
    reason = f"{name}: {' '.join(value.split())}".rstrip(": ")
    return f"{chapter.path}:{line}: code cell {number} stopped with {reason}"


def execute_missing(
    paths: list[Path], root: Path, cache: Path, timeout: int = 600, report=print
) -> dict[Path, str]:
    """Execute the chapters whose outputs the store lacks, longest first.

    Parameters
    ----------
    paths : MyST pages; those without code are passed over
    root : the book's top folder
    cache : folder of the store
    timeout : seconds allowed to one cell
    report : called with a line when a chapter starts and when it ends

    Returns
    -------
    the key of each executable page

    Raises
    ------
    ExecutionFailed : a cell raised an error or ran out of time; chapters that
        succeeded meanwhile are stored
    """
    os.environ.update(KERNEL_ENVIRONMENT)
    store = Store(cache)
    todo, keys = [], {}
    for path in paths:
        notebook = read_notebook(path)
        if notebook is None:
            continue
        chapter = Chapter(path, notebook, chapter_key(notebook, root))
        keys[path] = chapter.key
        if not store.adopt(chapter):
            store.evict(chapter)
            todo.append(chapter)
    todo.sort(key=lambda chapter: -store.seconds(chapter.path))
    failures = []
    if todo:
        # On a new machine this makes Matplotlib's list of fonts. Otherwise each kernel
        # makes it, slowly, and says so in its chapter's outputs.
        importlib.import_module("matplotlib.font_manager")
        names = ", ".join(chapter.path.stem for chapter in todo)
        report(f"executing {names} ...")
    workers = os.cpu_count() or 1
    with ThreadPoolExecutor(workers) as pool:
        start = time.monotonic()
        jobs = {pool.submit(execute, chapter, timeout): chapter for chapter in todo}
        for done, job in enumerate(as_completed(jobs), start=1):
            chapter = jobs[job]
            try:
                seconds = job.result()
            except ExecutionFailed as failure:
                failures.append(str(failure))
                continue
            store.add(chapter, seconds)
            report(
                f"executed {chapter.path.stem} in {seconds:.1f} s "
                f"({done} of {len(todo)}, {time.monotonic() - start:.0f} s so far)"
            )
    if failures:
        raise ExecutionFailed("\n".join(sorted(failures)))
    return keys


def set_cache_path(app, config) -> None:
    config.nb_execution_cache_path = str(cache_path(app))


def cache_path(app) -> Path:
    return Path(app.srcdir) / "_build" / ".jupyter_cache"


def reread_changed(app, env, added, changed, removed) -> list[str]:
    """Execute what is missing and name the pages whose outputs are new to Sphinx."""
    if app.config.nb_execution_mode != "cache":
        return []
    pages = {Path(env.doc2path(name)): name for name in sorted(env.found_docs)}
    keys = execute_missing(
        [path for path in pages if path.suffix == ".md"],
        Path(app.srcdir),
        cache_path(app),
        timeout=app.config.nb_execution_timeout,
        report=lambda line: print(line, flush=True),
    )
    known = getattr(env, "chapter_keys", {})
    env.chapter_keys = {pages[path]: key for path, key in keys.items()}
    return [name for name, key in env.chapter_keys.items() if known.get(name) != key]


def setup(app) -> dict:
    app.connect("config-inited", set_cache_path)
    app.connect("env-get-outdated", reread_changed)
    return {"version": "1", "parallel_read_safe": True}
