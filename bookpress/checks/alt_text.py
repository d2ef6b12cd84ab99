"""Every image says in words what is to be seen: a build warning where it does not.

Without this, an image whose author wrote no alternative text ends up with its file's
name, which no checker can tell from words.
"""

import re
from pathlib import PurePosixPath

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util import logging

from bookpress.media import place

logger = logging.getLogger(__name__)

RAW_IMAGE = re.compile(r"<img\b(?![^>]*\balt\s*=\s*[\"']\s*[^\"'\s])", re.IGNORECASE)


class CheckAltText(SphinxPostTransform):
    """Look at the images that are left once a builder has chosen its formats."""

    default_priority = 900

    def run(self, **kwargs: object) -> None:
        for node in self.document.findall(nodes.Element):
            if lacks_words(node):
                logger.warning(
                    "image without alternative text (set `alt`): %s",
                    node.get("uri", node.tagname),
                    location=place(node),
                    type="alt_text",
                )


def lacks_words(node: nodes.Element) -> bool:
    """Tell whether a node shows an image and says nothing about it."""
    if isinstance(node, nodes.raw):
        return "html" in node["format"] and bool(RAW_IMAGE.search(node.astext()))
    if node.tagname not in ("image", "tikz"):
        return False
    words = (node.get("alt") or "").strip()
    file = PurePosixPath(node.get("uri", ""))
    return words in ("", str(file), file.name, file.stem, "Figure made with TikZ")


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_post_transform(CheckAltText)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
