"""Words of TeX in a document tree."""

from docutils import nodes
from sphinx.util import texescape

texescape.init()  # Sphinx does so only after the configuration is read


def raw(text: str) -> nodes.raw:
    return nodes.raw("", text, format="latex")


def tex(text: str) -> str:
    """A text as TeX prints it."""
    return texescape.escape(text, "lualatex")
