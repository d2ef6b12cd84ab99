"""What a book says of itself in `_config.yml`, for those who ask before Sphinx runs."""

import functools
from pathlib import Path
from typing import Any

import yaml


class Settings:
    """The settings of a book.

    Parameters
    ----------
    root : the book's top folder
    """

    def __init__(self, root: Path):
        try:
            text = (root / "_config.yml").read_text(encoding="utf8")
        except FileNotFoundError:
            raise SystemExit(
                f"error: {root} holds no book: _config.yml is missing there; "
                "run this in a book's top folder"
            ) from None
        self.all = yaml.safe_load(text) or {}

    @property
    def file_name(self) -> str:
        """Name, without extension, of the handout and of what is made beside it."""
        latex = self.all.get("latex", {}).get("latex_documents", {})
        return Path(latex.get("targetname", "book.tex")).stem

    @property
    def title(self) -> str:
        return self.all.get("title", "")

    def sphinx(self, name: str, default: Any = None) -> Any:
        """A value of Sphinx's configuration, as `_config.yml` sets it."""
        return self.all.get("sphinx", {}).get("config", {}).get(name, default)

    @property
    def frameworks(self) -> dict[str, str]:
        """Frameworks that the book writes side by side: names by the tags of cells."""
        return self.sphinx("frameworks", {})


@functools.cache
def settings(root: Path) -> Settings:
    return Settings(root)
