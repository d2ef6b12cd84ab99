"""A small picture out of a drawing, without words: one panel of a plot, or a network.

It is cut out of the SVG that was drawn when the page ran (by Matplotlib) or when it was
built (from TikZ), so that it follows both.
"""

import re
from collections.abc import Iterator
from xml.etree import ElementTree

SVG = "{http://www.w3.org/2000/svg}"
LINK = "{http://www.w3.org/1999/xlink}href"
SIZE = (320, 200)  # width and height in pixels

# What Matplotlib calls that for which a small picture has no room.
UNSHOWN = re.compile(r"(matplotlib\.axis|text|legend)_\d+")
PANEL = re.compile(r"axes_\d+")
SPINE = re.compile(r"\s*M \S+ \S+\s+L \S+ \S+\s*")  # a straight line
GLYPH = re.compile("#glyph")  # a letter of a drawing of TikZ
USED = re.compile(r"#([\w.-]+)")
NUMBER = re.compile(r"(?<![\w.#])-?\d+\.\d+(?![\w.])")

Box = tuple[float, float, float, float]

ElementTree.register_namespace("", SVG[1:-1])
ElementTree.register_namespace("xlink", LINK[1:].partition("}")[0])


class NoPanel(ValueError):
    """A drawing has no such panel; the message is one line."""


def thumbnail(drawing: str, number: int | None = None) -> str:
    """Cut a small picture out of a drawing.

    Parameters
    ----------
    drawing : SVG, as Matplotlib or pdf2svg write it
    number : of a plot's panel, from 1 on, in the order in which they were made; the
        picture is filled by its middle. Without it all of the drawing is seen.

    Returns
    -------
    SVG of the shape of `SIZE`

    Raises
    ------
    NoPanel : there is none of this number
    """
    root = ElementTree.fromstring(drawing)
    known = {e.get("id"): e for e in root.iter() if e.get("id")}
    if number is None:
        kept = [child for child in root if child.tag != f"{SVG}defs"]
        view = around([float(n) for n in root.get("viewBox").split()])
    else:
        panel = known.get(f"axes_{number}")
        if panel is None:
            count = sum(1 for name in known if PANEL.fullmatch(name))
            raise NoPanel(f"has {count} panels, and none is number {number}")
        kept, view = [panel], middle(box_of(panel.find(f".//{SVG}path").get("d")))
    picture = ElementTree.Element(f"{SVG}svg")
    picture.set("viewBox", " ".join(f"{value:.1f}" for value in view))
    for name, length in zip(("width", "height"), SIZE, strict=True):
        picture.set(name, str(length))
    shared = ElementTree.SubElement(picture, f"{SVG}defs")
    shared.extend(root.iterfind(f"{SVG}defs/{SVG}style"))
    picture.extend(kept)
    leave_out(picture)
    for name in missing(picture):
        shared.append(known[name])
    text = NUMBER.sub(rounded, ElementTree.tostring(picture, encoding="unicode"))
    return re.sub(r"\s+", " ", text).replace("> <", "><") + "\n"


def box_of(path: str) -> Box:
    """Left, top, width and height of a rectangle's path."""
    numbers = [float(n) for n in re.findall(r"-?[\d.]+", path)]
    across, down = numbers[::2], numbers[1::2]
    left, top = min(across), min(down)
    return left, top, max(across) - left, max(down) - top


def middle(box: Box) -> Box:
    """The largest part of a box that has the shape of `SIZE`, around its middle."""
    return reshaped(box, min(box[2] / SIZE[0], box[3] / SIZE[1]))


def around(box: Box) -> Box:
    """The smallest box of the shape of `SIZE` around another, with a margin."""
    return reshaped(box, 1.1 * max(box[2] / SIZE[0], box[3] / SIZE[1]))


def reshaped(box: Box, scale: float) -> Box:
    left, top, width, height = box
    wide, high = scale * SIZE[0], scale * SIZE[1]
    return left + (width - wide) / 2, top + (height - high) / 2, wide, high


def leave_out(picture: ElementTree.Element) -> None:
    """Take words, legends, axes and the frames of panels away."""
    for parent in list(picture.iter()):
        for child in list(parent):
            name, link = child.get("id", ""), child.get(LINK, "")
            if UNSHOWN.fullmatch(name) or GLYPH.match(link) or is_spine(child):
                parent.remove(child)


def is_spine(group: ElementTree.Element) -> bool:
    """Whether a group of Matplotlib's is one side of a panel's frame."""
    if not group.get("id", "").startswith("patch_"):
        return False
    paths = [path.get("d", "") for path in group.iter(f"{SVG}path")]
    return len(paths) == 1 and bool(SPINE.fullmatch(paths[0]))


def missing(picture: ElementTree.Element) -> Iterator[str]:
    """Names of what a picture uses and does not hold: marks, masks."""
    held = {element.get("id") for element in picture.iter()}
    used = {
        name
        for element in picture.iter()
        for key, value in element.items()
        if key == LINK or "url(#" in value
        for name in USED.findall(value)
    }
    return iter(sorted(used - held))


def rounded(number: re.Match) -> str:
    """A number as short as a small picture allows."""
    value = float(number[0])
    return f"{value:.{1 if abs(value) >= 10 else 2}f}".rstrip("0").rstrip(".")
