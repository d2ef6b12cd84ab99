"""A chapter, and the key under which its outputs are kept."""

import json
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import nbformat

from bookpress import stale
from bookpress.execution.uses import data_files, package_version, used_by

PRESS = Path(__file__).parent  # how keys are made is part of what they depend on

# Tags of cells that change what a run does; all others only change what is shown.
EXECUTION_TAGS = {"raises-exception", "skip-execution"}


@dataclass
class Chapter:
    """One executable page: its docname, source file, notebook and key."""

    name: str
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


def chapter_key(
    notebook: nbformat.NotebookNode, root: Path, ignored: Iterable[str] = ()
) -> str:
    """Hash of everything that decides a notebook's outputs.

    Parameters
    ----------
    notebook : the chapter, with or without outputs
    root : the book's top folder, holding local modules and data/
    ignored : names of local modules that leave no trace in an output

    Returns
    -------
    hexadecimal SHA-256 over the code cells, the kernel's name, what they use of local
    modules and data files, and the versions of Python and of the packages in use
    """
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    code = [cell.source for cell in cells]
    tags = [EXECUTION_TAGS & set(cell.metadata.get("tags", [])) for cell in cells]
    used = used_by(code, root, ignored)
    # A traceback that is shown has lines of the files around the error.
    used.verbatim |= any("raises-exception" in names for names in tags)
    return stale.digest(
        sys.version.split()[0],
        notebook.metadata.get("kernelspec", {}).get("name", ""),
        *code,
        str([sorted(names) for names in tags]),
        *(f"{name} {package_version(name)}" for name in sorted(used.packages)),
        *map(used.source, sorted(used.statements)),
        stale.digest_of_files(data_files(used, root), root),
    )


class Keys:
    """Keys of chapters, worked out anew only if something around them has changed.

    Parameters
    ----------
    file : where they are kept from build to build
    root : the book's top folder
    ignored : names of local modules that leave no trace in an output
    """

    def __init__(self, file: Path, root: Path, ignored: Iterable[str] = ()):
        self.file, self.root, self.ignored = file, root, list(ignored)
        around = [
            path
            for path in stale.sources(root)
            if path.suffix == ".py" or root / "data" in path.parents
        ]
        self.around = stale.digest(
            sys.version,
            *stale.installed(),
            *self.ignored,
            stale.digest_of_files(sorted(PRESS.glob("*.py")), PRESS),
            stale.digest_of_files(around, root),
        )
        try:
            self.known = json.loads(file.read_text("utf8"))
        except (OSError, ValueError):  # none yet, or cut by a killed build
            self.known = {}

    def of(self, name: str, notebook: nbformat.NotebookNode) -> str:
        """The key of a page."""
        cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
        code = [f"{cell.source}\0{cell.metadata.get('tags', [])}" for cell in cells]
        kernel = str(notebook.metadata.get("kernelspec", {}))
        now = stale.digest(self.around, kernel, *code)
        if self.known.get(name, [""])[0] != now:
            key = chapter_key(notebook, self.root, self.ignored)
            self.known[name] = [now, key]
        return self.known[name][1]

    def keep(self) -> None:
        self.file.parent.mkdir(parents=True, exist_ok=True)
        self.file.write_text(json.dumps(self.known), "utf8")
