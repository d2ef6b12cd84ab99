"""What has changed since the last build: one hash for texts, files and folders."""

from __future__ import annotations  # the set-up uses this on whatever Python there is

import functools
import hashlib
import os
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

# Folders that hold no source of a book.
MADE = {"_build", "_built", "__pycache__", "node_modules", "my"}


def digest(*parts: str | bytes) -> str:
    """Hexadecimal SHA-256 of the parts, in their order."""
    total = hashlib.sha256()
    for part in parts:
        total.update((part.encode() if isinstance(part, str) else part) + b"\0")
    return total.hexdigest()


def digest_of_files(paths: Iterable[Path], root: Path) -> str:
    """Digest of files' contents and of their names below a folder."""
    parts = []
    for path in paths:
        parts += [path.relative_to(root).as_posix(), path.read_bytes()]
    return digest(*parts)


def sources(root: Path, *names: str) -> Iterator[Path]:
    """Files of a book, or those of some of its folders, that somebody has written."""
    for name in names or [""]:
        if (root / name).is_file():
            yield root / name
        for folder, folders, files in os.walk(root / name):
            folders[:] = sorted(n for n in folders if n not in MADE and n[0] != ".")
            for path in sorted(Path(folder, file) for file in files):
                # Not an editor's lock, which may be a link to nowhere.
                if path.name[0] != "." and path.is_file():
                    yield path


@functools.cache
def key_of(root: Path, *names: str) -> str:
    """Hash of files and folders, taken once: a later edit counts for the next build."""
    return digest_of_files(sources(root, *names), root)


def installed() -> list[str]:
    """The packages that Python finds, each as `name-version.dist-info`."""
    return sorted(
        name
        for folder in sys.path
        if os.path.isdir(folder)
        for name in os.listdir(folder)
        if name.endswith("-info")
    )


def is_new(env: object, name: str, value: object) -> bool:
    """Whether a value differs from the last build's, which Sphinx keeps; keep this."""
    known = getattr(env, name, None)
    setattr(env, name, value)
    return known != value
