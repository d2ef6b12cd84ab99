"""What a book runs on: the lines of its requirements.txt, by what code imports."""

import re
from pathlib import Path

from bookpress.execution.uses import PROVIDERS, packages


def requirement_lines(root: Path) -> dict[str, str]:
    """The lines of requirements.txt that name a package, by its name."""
    text = (root / "requirements.txt").read_text(encoding="utf8")
    return {line.partition("==")[0]: line for line in re.findall(r"^\w.*", text, re.M)}


def lines_of(module: str, root: Path) -> list[str]:
    """The lines that provide a module; none if it comes with Python."""
    lines = requirement_lines(root)
    hyphened = module.replace("_", "-")
    names = PROVIDERS.get(module, [module if module in lines else hyphened])
    return [lines[name] for name in names if name in lines]


def requirements(code: str, root: Path) -> dict[str, list[str]]:
    """The lines that code needs, by the module that is imported.

    Parameters
    ----------
    code : Python, or the imports of several chapters
    root : the book's top folder; its own modules are followed
    """
    needed: dict[str, list[str]] = {}
    for module in sorted(packages(code, root)):
        for line in lines_of(module, root):
            name = line.partition("==")[0].removesuffix("-cpu")
            found = needed.setdefault(name, [])
            if line not in found:
                found.append(line)
    return needed
