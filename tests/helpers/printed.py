"""What a reader finds in a printed handout, read from the PDF by poppler's tools."""

import html
import re
import subprocess
from bisect import bisect_left
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Self

from pypdf import PageObject, PdfReader
from this_book import NAME

FLOATS = 120  # lines of figures that may stand on top of a page
HEAD, FOOT = 80, 70  # points at the top and at the foot of a sheet without text


def run(*command: object) -> str:
    done = subprocess.run(
        [str(part) for part in command], capture_output=True, text=True, check=True
    )
    return done.stdout


def destinations(page: PageObject) -> set[str]:
    """Names of the places in the PDF that the links of a page lead to."""
    links = [link.get_object() for link in page.get("/Annots", [])]
    actions = [link.get("/A", {}) for link in links]
    return {str(action["/D"]) for action in actions if action.get("/S") == "/GoTo"}


@dataclass
class Line:
    """A line of a page: its place in points from the top left; is it a title?"""

    top: float
    left: float
    bottom: float
    text: str
    title: bool


class Printed:
    """A handout; what is read of it is read once.

    Parameters
    ----------
    pdf : the published file
    work : the folder in which LaTeX has made it
    """

    def __init__(self, pdf: Path, work: Path):
        self.pdf, self.work = pdf, work

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *trouble: object) -> None:
        """Forget what was read, which is much for a book."""
        if "document" in self.__dict__:
            self.document.close()
        self.__dict__ = {"pdf": self.pdf, "work": self.work}

    @cached_property
    def document(self) -> PdfReader:
        return PdfReader(self.pdf)

    @cached_property
    def height(self) -> float:
        return float(self.document.pages[0].mediabox.height)

    @cached_property
    def pages(self) -> list[str]:
        """The text of each page, without its head and foot."""
        size = ("-W", 620, "-H", int(self.height) - HEAD - FOOT)
        text = run("pdftotext", "-x", 0, "-y", HEAD, *size, self.pdf, "-")
        return text.split("\f")[:-1]

    @cached_property
    def layout(self) -> list[str]:
        """The text of each page as it stands there, head and foot included."""
        return run("pdftotext", "-layout", self.pdf, "-").split("\f")[:-1]

    @cached_property
    def text(self) -> str:
        return "\n".join(self.pages)

    @cached_property
    def tex(self) -> str:
        return (self.work / f"{NAME}.tex").read_text(encoding="utf8")

    @cached_property
    def log(self) -> str:
        return (self.work / f"{NAME}.log").read_text(errors="replace")

    @cached_property
    def labels(self) -> dict[str, str]:
        """Names of the places in the PDF of what LaTeX has labeled."""
        aux = (self.work / f"{NAME}.aux").read_text()
        label = r"\\newlabel\{(.+?)\}\{\{.*?\}\{\d+\}\{.*?\}\{([\w*.-]+)\}"
        return dict(re.findall(label, aux))

    @cached_property
    def attached(self) -> dict[str, str]:
        files = self.document.attachments
        return {name: content[0].decode() for name, content in files.items()}

    @cached_property
    def figures(self) -> list[Path]:
        names = re.findall(r"\\sphinxincludegraphics\{\{(.+?)\}\.pdf\}", self.tex)
        return [self.work / f"{name}.pdf" for name in names]

    def _starts(self, kinds: str) -> list[int]:
        toc = (self.work / f"{NAME}.toc").read_text(encoding="utf8")
        line = rf"^\\contentsline \{{(?:{kinds})\}}.*\{{(\d+)\}}\{{[^{{}}]*\}}%"
        return [int(page) - 1 for page in re.findall(line, toc, re.M)]

    @cached_property
    def chapters(self) -> list[int]:
        """Indices of the pages on which chapters start."""
        return self._starts("chapter")

    @cached_property
    def openings(self) -> list[int]:
        """Indices of the pages on which chapters or parts start."""
        return self._starts("part|chapter")

    @cached_property
    def lines(self) -> list[list[Line]]:
        """The lines of each page from its top to its foot, without head and foot."""
        xml = run("pdftohtml", "-xml", "-i", "-stdout", self.pdf)
        sans = set(re.findall(r'<fontspec id="(\d+)"[^>]*\+Lato"', xml))
        found = []
        for page in re.split(r"<page ", xml)[1:]:
            scale = self.height / float(re.search(r'height="(\d+)"', page)[1])
            lines = []
            for top, left, height, font, text in re.findall(
                r'<text top="(-?\d+)" left="(-?\d+)" width="-?\d+" height="(\d+)" '
                r'font="(\d+)">(.*?)</text>',
                page,
            ):
                y, x = int(top) * scale, int(left) * scale
                bold = font in sans and text.startswith("<b>")
                words = html.unescape(re.sub("<.*?>", "", text))
                if HEAD < y < self.height - FOOT and words.strip():
                    lines.append(Line(y, x, y + int(height) * scale, words, bold))
            found.append(sorted(lines, key=lambda line: (line.top, line.left)))
        return found

    @cached_property
    def _copyable(self) -> tuple[list[str], list[tuple], dict[tuple, list[int]]]:
        lines = [line.rstrip() for page in self.pages for line in page.split("\n")]
        lines = [line for line in lines if line]
        words = [tuple(line.split()) for line in lines]
        places = {}
        for number, line in enumerate(words):
            places.setdefault(line, []).append(number)
        return lines, words, places

    def copy(self, source: str) -> tuple[str, list[int]] | None:
        """Copy a listing out of the PDF, as a reader would select its lines.

        Blank lines are not text, so they cannot be copied. A listing may be broken by a
        page, at whose top a figure may stand.

        Parameters
        ----------
        source : what was written

        Returns
        -------
        the lines of the PDF, and how many of them stand before and after a break; None
        if they are not there
        """
        lines, words, places = self._copyable
        wanted = [tuple(line.split()) for line in source.splitlines() if line.strip()]
        for most_breaks in (0, 1):  # unbroken first: a line may stand in two listings
            for start in places.get(wanted[0], []):
                found, at, parts = [], start, [0]
                for line in wanted:
                    if words[at : at + 1] != [line]:
                        later = places.get(line, [])
                        index = bisect_left(later, at)
                        parts.append(0)
                        if len(parts) - 1 > most_breaks or index == len(later):
                            break
                        if later[index] >= at + FLOATS:
                            break
                        at = later[index]
                    found.append(lines[at])
                    parts[-1] += 1
                    at += 1
                else:
                    return "\n".join(found), parts
        return None
