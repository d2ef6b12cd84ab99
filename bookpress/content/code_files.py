"""Each chapter's code as a file, and the chapter's address.

The website offers the file (`notebooks.downloads`); the handout has it attached, as
text that is selected in a PDF viewer may lose its spaces. It holds the cells that the
edition shows, folded plots included, in their order.
"""

import os
from pathlib import Path

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.config import Config

from bookpress import addresses
from bookpress.cells import is_source
from bookpress.media import HandoutTransform
from bookpress.pages import file_of

HEAD = """\
# {title}
#
# The code of a chapter of {book}, in order.
# It runs beside the book's {beside}.
"""


def chapter_file(title: str, config: Config, cells: list[str]) -> str:
    """The code cells of a chapter as one Python file."""
    head = HEAD.format(
        title=title, book=config.html_title, beside=config.notebooks_run_beside
    )
    return "\n\n".join([head, *(f"# %%\n{cell}\n" for cell in cells)])


class AttachCode(HandoutTransform):
    """Write the files and name them at the chapters' heads.

    Runs when an edition has what it keeps (150) and nothing is hidden yet (199).
    """

    default_priority = 160

    def run(self, **kwargs) -> None:
        for start in self.document.findall(addnodes.start_of_file):
            cells = [
                block.astext()
                for source in start.findall(is_source)
                for block in source.findall(nodes.literal_block)
            ]
            section = next(iter(start.findall(nodes.section)))
            address = addresses.page(self.config, start["docname"])
            file = self.write(start["docname"], section, cells) if cells else ""
            if file or address:
                head = rf"\handoutchapterhead{{{file}}}{{{address}}}"
                section.insert(1, nodes.raw("", head, format="latex"))

    def write(self, docname: str, section: nodes.section, cells: list[str]) -> str:
        path = Path(self.app.outdir) / f"{file_of(self.app, docname)}.py"
        text = chapter_file(section[0].astext(), self.config, cells)
        path.write_text(text, encoding="utf8")
        os.utime(path, (0, 0))  # the PDF keeps the date
        return path.name


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_config_value("notebooks_run_beside", "files", "env")
    app.add_post_transform(AttachCode)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
