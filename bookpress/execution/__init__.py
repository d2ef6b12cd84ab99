"""Execute each chapter once, in parallel, and know when its outputs are stale.

MyST-NB looks outputs up in a jupyter-cache store by code, kernel and cell metadata.
That misses what a chapter reads besides (an edited helper or datum leaves old outputs
in place) and repeats work (a new caption executes the chapter again). This extension
runs before Sphinx reads a page and brings the store to the state in which MyST-NB
finds every chapter: outputs are kept under a key that covers the code, what it uses of
local modules and data and the versions of the packages it imports, and nothing else.
One store at `_build/.jupyter_cache` serves all builders.
"""

import importlib
import os
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.environment import BuildEnvironment

from bookpress import progress
from bookpress.cells import read_notebook
from bookpress.execution.kernel import (
    KERNEL_ENVIRONMENT,
    ExecutionFailed,
    execute,
)
from bookpress.execution.keys import Chapter, Keys
from bookpress.execution.store import Store
from bookpress.workers import workers

GIGABYTES = 2.0  # that a chapter's kernel takes at most


def execute_missing(
    pages: dict[str, Path],
    root: Path,
    cache: Path,
    timeout: int = 600,
    report: Callable[[str], None] = progress.say,
    ignored: Iterable[str] = (),
) -> dict[str, str]:
    """Execute the chapters whose outputs the store lacks, longest first.

    Parameters
    ----------
    pages : sources of MyST pages by docname; those without code are passed over
    root : the book's top folder
    cache : folder of the store
    timeout : seconds allowed to one cell
    report : called with a line when a chapter starts and when it ends
    ignored : names of local modules that leave no trace in an output

    Returns
    -------
    the key of each executable page

    Raises
    ------
    ExecutionFailed : a cell raised an error or ran out of time; chapters that
        succeeded meanwhile are stored
    """
    os.environ.update(KERNEL_ENVIRONMENT)
    store, known = Store(cache), Keys(cache / "keys.json", root, ignored)
    todo, keys = [], {}
    for name, path in pages.items():
        notebook = read_notebook(path)
        if notebook is None:
            continue
        chapter = Chapter(name, path, notebook, known.of(name, notebook))
        keys[name] = chapter.key
        if not store.adopt(chapter):
            store.evict(chapter)
            todo.append(chapter)
    known.keep()
    todo.sort(key=lambda chapter: -store.seconds(chapter.path))
    if todo:
        # On a new machine this makes Matplotlib's list of fonts. Otherwise each kernel
        # makes it, slowly, and says so in its chapter's outputs.
        importlib.import_module("matplotlib.font_manager")
        report(f"executing {', '.join(chapter.name for chapter in todo)} ...")
        execute_all(todo, store, timeout, report)
    return keys


def execute_all(
    todo: list[Chapter], store: Store, timeout: int, report: Callable[[str], None]
) -> None:
    """Execute chapters, as many at a time as the machine has room for; store them."""
    start = time.monotonic()
    running: dict[str, float] = {}
    failures = []

    def run(chapter: Chapter) -> float:
        running[chapter.name] = time.monotonic()
        try:
            return execute(chapter, timeout)
        finally:
            del running[chapter.name]

    def what() -> str:
        now = time.monotonic()
        each = [f"{name} for {now - began:.0f} s" for name, began in [*running.items()]]
        return f"executing {', '.join(each)}" if each else ""

    with (
        progress.telling(what, report),
        ThreadPoolExecutor(workers(GIGABYTES)) as pool,
    ):
        jobs = {pool.submit(run, chapter): chapter for chapter in todo}
        for done, job in enumerate(as_completed(jobs), start=1):
            chapter = jobs[job]
            try:
                seconds = job.result()
            except ExecutionFailed as failure:
                failures.append(str(failure))
                continue
            store.add(chapter, seconds)
            report(
                f"executed {chapter.name} in {seconds:.1f} s "
                f"({done} of {len(todo)}, {time.monotonic() - start:.0f} s so far)"
            )
    if failures:
        raise ExecutionFailed("\n".join(sorted(failures)))


def set_cache_path(app: Sphinx, config: Config) -> None:
    config.nb_execution_cache_path = str(cache_path(app))


def cache_path(app: Sphinx) -> Path:
    return Path(app.srcdir) / "_build" / ".jupyter_cache"


def reread_changed(
    app: Sphinx, env: BuildEnvironment, added: set, changed: set, removed: set
) -> list[str]:
    """Execute what is missing and name the pages whose outputs are new to Sphinx."""
    if app.config.nb_execution_mode != "cache":
        return []
    sources = {name: Path(env.doc2path(name)) for name in sorted(env.found_docs)}
    keys = execute_missing(
        {name: path for name, path in sources.items() if path.suffix == ".md"},
        Path(app.srcdir),
        cache_path(app),
        timeout=app.config.nb_execution_timeout,
        ignored=app.config.modules_without_trace,
    )
    known, env.chapter_keys = getattr(env, "chapter_keys", {}), keys
    return [name for name, key in keys.items() if known.get(name) != key]


def setup(app: Sphinx) -> dict:
    app.setup_extension("bookpress.progress")
    # Local modules that leave no trace in an output: an edit executes nothing.
    app.add_config_value("modules_without_trace", [], "")
    app.connect("config-inited", set_cache_path)
    app.connect("env-get-outdated", reread_changed)
    return {"version": "1", "parallel_read_safe": True}
