"""Pictures of a page: their size is known before they come, and they come when near.

With a size in the page nothing moves when a picture arrives. All but the first, which
may stand in the first window, wait until they are needed; print needs them, too.
"""

import functools
import re
from pathlib import Path

from PIL import Image
from sphinx.builders import Builder

PICTURE = re.compile(
    r'<img\b(?![^>]*\bwidth=)([^>]*\bsrc="[^"]*/_images/([^"/]+)"[^>]*?)( ?/?>)'
)
ROOT = re.compile(r"<svg\b[^>]*>")
SIDE = re.compile(r'\b(width|height)="([\d.]+)(pt|px|)"')
PIXELS = {"pt": 4 / 3, "px": 1, "": 1}


@functools.cache
def size(path: Path) -> tuple[int, int] | None:
    """Width and height of a picture in pixels, or None if its file does not tell."""
    if path.suffix != ".svg":
        with Image.open(path) as picture:
            return picture.size
    root = ROOT.search(path.read_text(encoding="utf8"))
    sides = {
        side: round(float(length) * PIXELS[unit])
        for side, length, unit in SIDE.findall(root[0])
    }
    return (sides["width"], sides["height"]) if len(sides) == 2 else None


def sized(page: str, builder: Builder) -> str:
    """Write into a page how large its pictures are, and let all but the first wait."""
    # Pictures are copied once all pages are written.
    sources = {
        name: Path(builder.srcdir, path) for path, name in builder.images.items()
    }
    drawn = Path(builder.outdir, "_images")
    waits = ""

    def furnished(found: re.Match) -> str:
        nonlocal waits
        attributes, name, end = found.groups()
        known = size(sources.get(name, drawn / name))
        if known:
            attributes += ' width="{}" height="{}"'.format(*known)
        attributes, waits = attributes + waits, ' loading="lazy"'
        return f"<img{attributes}{end}"

    return PICTURE.sub(furnished, page)
