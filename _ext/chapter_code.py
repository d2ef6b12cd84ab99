"""Each chapter's code as a file, inside the handout too, and the chapter's address.

Text that is selected in a PDF viewer may lose its spaces; a file does not. It holds the
cells that the edition shows, folded plots included, in their order.
"""

import os
from pathlib import Path

from docutils import nodes
from handout_latex import is_source
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.transforms.post_transforms import SphinxPostTransform

HEAD = """\
# {title}
#
# The code of a chapter of {book}, in order.
# It runs beside the book's notebook_utils.py and its folders data/ and explorers/.
"""


def chapter_file(title: str, book: str, cells: list[str]) -> str:
    """The code cells of a chapter as one Python file."""
    head = HEAD.format(title=title, book=book)
    return "\n\n".join([head, *(f"# %%\n{cell}\n" for cell in cells)])


class AttachCode(SphinxPostTransform):
    """Write the files and name them at the chapters' heads.

    Runs when an edition has what it keeps (150) and nothing is hidden yet (199).
    """

    default_priority = 160
    builders = ("latex",)

    def run(self, **kwargs) -> None:
        for start in self.document.findall(addnodes.start_of_file):
            cells = [
                block.astext()
                for source in start.findall(is_source)
                for block in source.findall(nodes.literal_block)
            ]
            section = next(iter(start.findall(nodes.section)))
            address = page_address(self.app, start["docname"])
            file = self.write(start["docname"], section, cells) if cells else ""
            if file or address:
                head = rf"\handoutchapterhead{{{file}}}{{{address}}}"
                section.insert(1, nodes.raw("", head, format="latex"))

    def write(self, docname: str, section: nodes.section, cells: list[str]) -> str:
        path = Path(self.app.outdir) / f"{docname.rsplit('/', 1)[-1]}.py"
        text = chapter_file(section[0].astext(), self.config.html_title, cells)
        path.write_text(text, encoding="utf8")
        os.utime(path, (0, 0))  # the PDF keeps the date
        return path.name


def page_address(app: Sphinx, docname: str) -> str:
    """Where the website is, once `_config.yml` says so."""
    base = app.config.html_baseurl
    return f"{base.rstrip('/')}/{docname}.html" if base else ""


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_post_transform(AttachCode)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
