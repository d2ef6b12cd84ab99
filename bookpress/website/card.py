"""The picture that goes with a link to a page: its title beside a drawn network.

A network of its own for each page, with weights made from the page's name, in the
colors of the website's dark theme.
"""

import hashlib
import itertools
import textwrap
from io import BytesIO
from pathlib import Path

import matplotlib
from PIL import Image, ImageDraw, ImageFont

SIZE = (1200, 630)  # pixels, what those who show links ask for
FINE = 3  # drawn so many times as large, and made smaller, for smooth edges

GROUND, INK, MUTED = "#15181d", "#eceff3", "#a3acb8"
POSITIVE, NEGATIVE = (130, 189, 242), (242, 161, 107)  # blue and orange
LAYERS = (3, 5, 5, 2)

# The handout's headings, else what comes with Matplotlib and has all letters.
FONTS = {
    "bold": ("Lato-Bold.ttf", "DejaVuSans-Bold.ttf"),
    "regular": ("Lato-Regular.ttf", "DejaVuSans.ttf"),
}
MARGIN, COLUMN = 72, 660  # pixels: around the words, and how wide these are


def font(weight: str, size: int) -> ImageFont.FreeTypeFont:
    wanted, spare = FONTS[weight]
    plainly = ImageFont.Layout.BASIC  # the other one is not everywhere
    try:
        return ImageFont.truetype(wanted, size, layout_engine=plainly)
    except OSError:
        path = Path(matplotlib.get_data_path(), "fonts", "ttf", spare)
        return ImageFont.truetype(path, size, layout_engine=plainly)


def card(above: str, title: str, below: str, name: str) -> bytes:
    """Draw a card.

    Parameters
    ----------
    above, below : lines at the top and at the foot; may be empty
    title : the page's title, large between them
    name : what the network is made from; the same name gives the same one

    Returns
    -------
    a PNG file of 1200 × 630 pixels, the same bytes for the same words
    """
    picture = network(name).resize(SIZE, Image.Resampling.LANCZOS)
    draw = ImageDraw.Draw(picture)
    draw.text((MARGIN, MARGIN), above, MUTED, font("regular", 34))
    letters, lines = fitted(title)
    height = letters.size * 1.16
    top = (SIZE[1] - height * len(lines)) / 2
    for line in lines:
        draw.text((MARGIN, top), line, INK, letters)
        top += height
    draw.text((MARGIN, SIZE[1] - MARGIN), below, MUTED, font("regular", 26), "ls")
    file = BytesIO()
    few = picture.quantize(128, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    few.save(file, "PNG", optimize=True)
    return file.getvalue()


def fitted(title: str) -> tuple[ImageFont.FreeTypeFont, list[str]]:
    """The largest letters in which a title has room, and its lines."""
    for size in range(84, 40, -4):
        letters = font("bold", size)
        for width in range(max(len(title), 5), 4, -1):
            lines = textwrap.wrap(title, width, break_long_words=False)
            if max(map(letters.getlength, lines)) <= COLUMN:
                break
        if len(lines) * size <= 300:
            break
    return letters, lines


def network(name: str) -> Image.Image:
    """Draw layers of units, large; positive weights are blue, negative ones orange."""
    picture = Image.new("RGB", [FINE * length for length in SIZE], GROUND)
    draw = ImageDraw.Draw(picture, "RGBA")
    weights = itertools.cycle(hashlib.sha256(name.encode()).digest())
    columns = [
        [
            (FINE * (790 + 112 * layer), FINE * (315 + 92 * (unit - (units - 1) / 2)))
            for unit in range(units)
        ]
        for layer, units in enumerate(LAYERS)
    ]
    for left, right in itertools.pairwise(columns):
        for ends in itertools.product(left, right):
            weight = next(weights) / 127.5 - 1
            color = POSITIVE if weight > 0 else NEGATIVE
            strength = abs(weight)
            draw.line(
                ends,
                (*color, round(40 + 170 * strength)),
                round(FINE * (1 + 4 * strength)),
            )
    for column, color in zip(columns, (MUTED, INK, INK, NEGATIVE), strict=True):
        for x, y in column:
            draw.circle((x, y), FINE * 19, color, GROUND, FINE * 5)
    return picture
