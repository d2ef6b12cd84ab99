"""The store of executed chapters, which MyST-NB reads."""

import os
from pathlib import Path

from jupyter_cache import get_cache
from jupyter_cache.base import CacheBundleIn

from bookpress.execution.keys import Chapter


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
