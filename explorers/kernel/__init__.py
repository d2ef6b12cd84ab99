"""Nine numbers and a photograph: `sliding.js` in NumPy, and in print."""

import base64
from typing import ClassVar

import numpy as np
import traitlets
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from explorers.base import Explorer
from notebook_utils import palette

KERNELS = {
    "identity": [0, 0, 0, 0, 1, 0, 0, 0, 0],
    "blur": [1 / 9] * 9,
    "across": [-1, 0, 1, -2, 0, 2, -1, 0, 1],
    "down": [-1, -2, -1, 0, 0, 0, 1, 2, 1],
    "laplace": [0, 1, 0, 1, -4, 1, 0, 1, 0],
    "sharpen": [0, -1, 0, -1, 5, -1, 0, -1, 0],
}
LARGEST = 10  # of a weight
BIAS = 999  # at most
WHITE = 255
# Black is 0, white is `brightest` and more; as much below 0 is orange.
NEGATIVE = (1, 136 / 255, 58 / 255)
SIGNED = LinearSegmentedColormap.from_list("signed", [NEGATIVE, (0, 0, 0), (1, 1, 1)])


def slide(
    picture: np.ndarray, weights: np.ndarray, bias: float = 0.0, border: str = "zeros"
) -> np.ndarray:
    """The weighted sum of each pixel's 3 × 3 neighborhood, and the bias.

    Parameters
    ----------
    picture : gray values, (rows, columns)
    weights : nine, row by row; the fifth meets the pixel itself
    border : what lies around the picture, "zeros" or "repeat", its outermost pixels

    Returns
    -------
    One value for each pixel.
    """
    mode = {"zeros": "constant", "repeat": "edge"}[border]
    padded = np.pad(picture.astype(float), 1, mode)
    windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3))
    return np.einsum("uvrq,rq->uv", windows, np.reshape(weights, (3, 3))) + bias


def brightest(values: np.ndarray) -> float:
    """What is shown white: 255, or what 95 % of the values do not exceed in size."""
    sizes = np.sort(np.abs(values), axis=None)
    return float(max(WHITE, sizes[95 * (sizes.size - 1) // 100]))


class Kernel(Explorer):
    """A kernel of 3 × 3 weights that slides over a gray picture.

    Parameters
    ----------
    picture : gray values from 0 to 255, uint8, of shape (rows, columns)
    learned : a kernel of nine or 3 × 3 weights that a network has learned, rounded to
        two places and offered beside the others; none if left out
    traits : `weights` (nine, row by row), `bias`, `border` ("zeros" or "repeat"),
        `row` and `column` (the pixel whose sum is shown), `pixels` (the picture's
        bytes in base64), `columns` (their number), `learned`
    """

    words = (
        "An interactive figure: a photograph, nine weights that can be changed, the "
        "picture that they make, and the nine products behind each of its pixels. It "
        "needs JavaScript; the handout shows two kernels and one such sum."
    )
    heights: ClassVar = (710, 699)

    pixels = traitlets.Unicode().tag(sync=True)
    columns = traitlets.Int(1, min=1).tag(sync=True)
    learned = traitlets.List(traitlets.Float()).tag(sync=True)
    weights = traitlets.List(
        traitlets.Float(min=-LARGEST, max=LARGEST), KERNELS["blur"], 9, 9
    ).tag(sync=True)
    bias = traitlets.Float(0.0, min=-BIAS, max=BIAS).tag(sync=True)
    border = traitlets.Enum(["zeros", "repeat"], "zeros").tag(sync=True)
    row = traitlets.Int(0, min=0).tag(sync=True)
    column = traitlets.Int(0, min=0).tag(sync=True)

    def __init__(
        self,
        picture: np.ndarray,
        learned: np.ndarray | None = None,
        **traits: object,
    ):
        picture = np.asarray(picture)
        if picture.ndim != 2 or picture.dtype != np.uint8:
            raise ValueError(
                f"the picture is {picture.dtype} of shape {picture.shape}; pass gray "
                "values as uint8 of shape (rows, columns)"
            )
        rows, columns = picture.shape
        place = {"row": rows // 2, "column": columns // 2} | traits
        if place["row"] >= rows or place["column"] >= columns:
            raise ValueError(
                f"row {place['row']}, column {place['column']} lies outside of the "
                f"picture; it has {rows} rows and {columns} columns"
            )
        kernel = [] if learned is None else np.round(np.ravel(learned), 2) + 0.0
        if len(kernel) not in (0, 9):
            raise ValueError(f"the kernel has {len(kernel)} weights; pass 3 × 3")
        super().__init__(
            pixels=base64.b64encode(picture.tobytes()).decode(),
            columns=columns,
            learned=[float(weight) for weight in kernel],
            **place,
        )

    def picture(self) -> np.ndarray:
        """The picture's gray values, uint8 of shape (rows, columns)."""
        values = np.frombuffer(base64.b64decode(self.pixels), np.uint8)
        return values.reshape(-1, self.columns)

    def result(self, weights: list[float] | None = None) -> np.ndarray:
        """What the kernel makes of the picture; shape (rows, columns)."""
        weights = self.weights if weights is None else weights
        return slide(self.picture(), np.array(weights), self.bias, self.border)

    def patch(self) -> np.ndarray:
        """The 3 × 3 gray values around the shown pixel."""
        mode = {"zeros": "constant", "repeat": "edge"}[self.border]
        padded = np.pad(self.picture(), 1, mode)
        return padded[self.row : self.row + 3, self.column : self.column + 3]

    def draw(self) -> Figure:
        """The picture, what two kernels make of it, and one pixel's sum in full."""
        weights = self.weights
        if weights == KERNELS["blur"]:
            weights = KERNELS["across"]
        figure = Figure(figsize=(7.2, 4.3))
        above, below = figure.subfigures(2, 1, height_ratios=[1.75, 1])
        shown = [
            ("picture", self.picture(), 3),
            ("blur: nine weights of 1/9", self.result(KERNELS["blur"]), None),
            ("with the weights below", self.result(weights), 1),
        ]
        for ax, (title, values, side) in zip(above.subplots(1, 3), shown, strict=True):
            self._draw_picture(ax, values, side)
            ax.set_title(title)
        self._draw_sum(below.subplots(), np.reshape(weights, (3, 3)))
        return figure

    def _draw_picture(self, ax: Axes, values: np.ndarray, side: int | None) -> None:
        most = brightest(values)
        draw_pixels(ax, values / most)
        rows, columns = values.shape
        ax.set(xticks=[0, columns - 1], yticks=[0, rows - 1])
        ax.set_xlabel(
            f"white {fraction(most)}"
            + (f", orange {fraction(-most)}" if values.min() < 0 else "")
        )
        if side:
            corner = (self.column - side / 2, self.row - side / 2)
            for color, width in [("white", 2.4), (palette.step, 1.2)]:
                look = {"edgecolor": color, "linewidth": width, "fill": False}
                ax.add_patch(Rectangle(corner, side, side, **look))

    def _draw_sum(self, ax: Axes, weights: np.ndarray) -> None:
        patch = self.patch().astype(float)
        products = patch * weights
        total = products.sum() + self.bias
        most = brightest(products)
        grids = [
            ("patch", patch, patch / WHITE),
            ("weights", weights, None),
            ("products", products, products / most),
        ]
        for left, (name, numbers, shades) in zip((0, 4, 8), grids, strict=True):
            ax.text(left + 1, -0.75, name, ha="center", va="center")
            for (u, v), number in np.ndenumerate(numbers):
                face = SIGNED((shades[u, v] + 1) / 2) if shades is not None else "white"
                look = {"facecolor": face, "edgecolor": palette.axis, "linewidth": 0.7}
                ax.add_patch(Rectangle((left + v - 0.5, u - 0.5), 1, 1, **look))
                dark = (
                    np.dot(face[:3], [0.3, 0.6, 0.1]) < 0.45 if face != "white" else 0
                )
                ink = "white" if dark else "black"
                place = {"ha": "center", "va": "center", "color": ink, "fontsize": 8.5}
                ax.text(left + v, u, fraction(number), **place)
        ax.text(3, 1, "×", ha="center", va="center", fontsize=14)
        ax.text(7, 1, "=", ha="center", va="center", fontsize=14)
        lines = [
            f"row {self.row}, column {self.column}",
            f"sum of the products {fraction(products.sum())}",
            f"bias {fraction(self.bias)}",
            f"result {fraction(total)}",
        ]
        ax.text(11, 1, "\n".join(lines), va="center", linespacing=1.6)
        ax.set(xlim=(-0.6, 15.5), ylim=(2.6, -1.2), aspect="equal")
        ax.axis("off")


def draw_pixels(ax: Axes, shades: np.ndarray) -> None:
    """Pixels of −1 (orange) over 0 (black) to 1 (white), as sharp squares."""
    rows, columns = shades.shape
    ax.pcolormesh(
        np.arange(columns + 1) - 0.5,
        np.arange(rows + 1) - 0.5,
        np.round(32 * np.clip(shades, -1, 1)) / 32,
        cmap=SIGNED,
        vmin=-1,
        vmax=1,
        edgecolor="face",
        linewidth=0.1,
    )
    ax.set(xlim=(-0.5, columns - 0.5), ylim=(rows - 0.5, -0.5), aspect="equal")


def fraction(value: float) -> str:
    """A number as the figure writes it: 3, −0.25, 1/9, else up to two decimals."""
    sign, size = ("−" if value < 0 else ""), abs(float(value))
    if abs(size * 100 - round(size * 100)) > 1e-7:
        for below in (3, 9, 16, 8):
            if size < 4 and abs(size * below - round(size * below)) < 1e-7:
                return f"{sign}{round(size * below)}/{below}"
    text = _written(size)
    return text if text == "0" else sign + text


def _written(value: float) -> str:
    text = f"{value:.{2 if value < 100 else 1 if value < 1000 else 0}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
