"""Inside a convolutional network: `forward.js` in NumPy, and in print."""

import base64
from collections.abc import Sequence
from typing import ClassVar

import numpy as np
import traitlets
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from explorers.base import Explorer
from notebook_utils import palette
from pictures import CLOTHES

SIDE = 28
SHAPES = [(8, 1, 3, 3), (8,), (16, 8, 3, 3), (16,), (10, 784), (10,)]
ERASER = 6  # pixels wide and high
GRAY = 128
FARTHEST = 13  # pixels of a shift


def in_one_order(weights: Sequence[np.ndarray]) -> list[np.ndarray]:
    """The six arrays in PyTorch's order of axes, whichever library they come from."""
    arrays = [np.asarray(array, float) for array in weights]
    shapes = [array.shape for array in arrays]
    if shapes == [(3, 3, 1, 8), (8,), (3, 3, 8, 16), (16,), (784, 10), (10,)]:
        arrays[0] = arrays[0].transpose(3, 2, 0, 1)
        arrays[2] = arrays[2].transpose(3, 2, 0, 1)
        # Keras flattens row by row with the maps innermost, PyTorch map by map.
        arrays[4] = arrays[4].reshape(7, 7, 16, 10).transpose(3, 2, 0, 1)
        arrays[4] = arrays[4].reshape(10, 784)
    elif shapes != SHAPES:
        raise ValueError(
            f"the weights have shapes {shapes}; pass those of two convolutions of 8 "
            "and 16 maps, 3 × 3, and a dense layer from 784 to 10, each with its biases"
        )
    return arrays


def rounded(weights: Sequence[np.ndarray]) -> list[np.ndarray]:
    """The six arrays with numbers of 16 bits, as the figure has them; float64."""
    return [w.astype("<f2").astype(float) for w in in_one_order(weights)]


def sums(maps: np.ndarray, kernels: np.ndarray, biases: np.ndarray) -> np.ndarray:
    """A convolutional layer before its activation; (maps, rows, columns)."""
    padded = np.pad(maps, ((0, 0), (1, 1), (1, 1)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), axis=(1, 2))
    return np.einsum("cuvrq,mcrq->muv", windows, kernels) + biases[:, None, None]


def pooled(maps: np.ndarray) -> np.ndarray:
    """The largest of each two times two."""
    count, side, _ = maps.shape
    return maps.reshape(count, side // 2, 2, side // 2, 2).max(axis=(2, 4))


def forward(weights: Sequence[np.ndarray], image: np.ndarray) -> dict[str, np.ndarray]:
    """All that the network computes from a picture of gray values from 0 to 255."""
    first, b1, second, b2, dense, b3 = weights
    maps = np.maximum(0, sums(image[None] / 255, first, b1))
    small = pooled(maps)
    before = sums(small, second, b2)
    after = np.maximum(0, before)
    last = pooled(after)
    logits = dense @ last.ravel() + b3
    powers = np.exp(logits - logits.max())
    found = {"maps": maps, "small": small, "before": before, "after": after}
    return found | {
        "last": last,
        "logits": logits,
        "probabilities": powers / powers.sum(),
    }


class Network(Explorer):
    """A trained network of two convolutions that looks at pictures which can be moved.

    Two layers of 8 and 16 maps (3 × 3, zeros around, ReLU, max-pooling by two) and a
    dense layer with ten outputs; its 9098 weights are rounded to 16 bits.

    Parameters
    ----------
    weights : six arrays, weights before biases, in the order of axes of either
        library: those of `model.get_weights()` or of `model.parameters()`
    images : gray values from 0 to 255, uint8, of shape (count, 28, 28)
    labels : their classes, 0 to 9
    names : of the ten classes; those of Fashion-MNIST if left out
    traits : `image` (which one), `right` and `down` (pixels by which it is moved),
        `mirrored`, `eraser` ("off", "black" or "gray"; a square of 6 × 6 pixels),
        `row` and `column` (of its upper left pixel), `map`, `unit_row`, `unit_column`
        (the unit of the second convolution whose sum is shown), `channel` (which of
        the eight maps before it is shown in numbers)
    """

    words = (
        "An interactive figure of a trained convolutional network: a picture that can "
        "be moved, mirrored and erased, the maps of both layers, the ten probabilities "
        "and the 72 products behind a unit. It needs JavaScript; the handout shows one "
        "picture at three places."
    )
    heights: ClassVar = (908, 1429)

    parameters = traitlets.Unicode().tag(sync=True)
    images = traitlets.Unicode().tag(sync=True)
    labels = traitlets.List(traitlets.Int(min=0, max=9)).tag(sync=True)
    names = traitlets.List(traitlets.Unicode(), minlen=10, maxlen=10).tag(sync=True)
    image = traitlets.Int(0, min=0).tag(sync=True)
    right = traitlets.Int(0, min=-FARTHEST, max=FARTHEST).tag(sync=True)
    down = traitlets.Int(0, min=-FARTHEST, max=FARTHEST).tag(sync=True)
    mirrored = traitlets.Bool(False).tag(sync=True)
    eraser = traitlets.Enum(["off", "black", "gray"], "off").tag(sync=True)
    row = traitlets.Int(11, min=0, max=SIDE - ERASER).tag(sync=True)
    column = traitlets.Int(11, min=0, max=SIDE - ERASER).tag(sync=True)
    map = traitlets.Int(8, min=0, max=15).tag(sync=True)
    unit_row = traitlets.Int(6, min=0, max=13).tag(sync=True)
    unit_column = traitlets.Int(7, min=0, max=13).tag(sync=True)
    channel = traitlets.Int(0, min=0, max=7).tag(sync=True)

    def __init__(
        self,
        weights: Sequence[np.ndarray],
        images: np.ndarray,
        labels: np.ndarray,
        names: Sequence[str] = CLOTHES,
        **traits: object,
    ):
        images = np.asarray(images)
        if images.shape[1:] != (SIDE, SIDE) or images.dtype != np.uint8:
            raise ValueError(
                f"the images are {images.dtype} of shape {images.shape}; pass gray "
                f"values as uint8 of shape (count, {SIDE}, {SIDE})"
            )
        if len(labels) != len(images) or not 0 <= traits.get("image", 0) < len(images):
            raise ValueError(
                f"there are {len(images)} images, {len(labels)} labels, and image "
                f"{traits.get('image', 0)} to show; pass a label for each image"
            )
        small = [array.astype("<f2").tobytes() for array in in_one_order(weights)]
        super().__init__(
            parameters=base64.b64encode(b"".join(small)).decode(),
            images=base64.b64encode(images.tobytes()).decode(),
            labels=[int(label) for label in labels],
            names=list(names),
            **traits,
        )

    def weights(self) -> list[np.ndarray]:
        """The rounded weights and biases, six arrays of float64."""
        values = np.frombuffer(base64.b64decode(self.parameters), "<f2").astype(float)
        ends = np.cumsum([np.prod(shape) for shape in SHAPES])
        pieces = np.split(values, ends[:-1])
        return [p.reshape(shape) for p, shape in zip(pieces, SHAPES, strict=True)]

    def picture(self, down: int | None = None) -> np.ndarray:
        """The shown picture: mirrored, then moved, then erased in a square.

        Parameters
        ----------
        down : pixels by which it is moved, if not by those of the trait
        """
        images = np.frombuffer(base64.b64decode(self.images), np.uint8)
        image = images.reshape(-1, SIDE, SIDE)[self.image]
        image = image[:, ::-1] if self.mirrored else image
        down = self.down if down is None else down
        padded, n = np.pad(image, FARTHEST), FARTHEST
        rows, columns = np.ogrid[:SIDE, :SIDE]
        image = padded[rows + n - down, columns + n - self.right]
        if self.eraser != "off":
            square = np.s_[
                self.row : self.row + ERASER, self.column : self.column + ERASER
            ]
            image[square] = GRAY if self.eraser == "gray" else 0
        return image

    def forward(self, down: int | None = None) -> dict[str, np.ndarray]:
        """All that the network computes from the shown picture."""
        return forward(self.weights(), self.picture(down))

    def draw(self) -> Figure:
        """The picture at three places, the last maps, and what the network says."""
        shifts = [self.down + by for by in (0, 2, 4)]
        figure = Figure(figsize=(7.2, 4.6))
        axes = figure.subplots(3, 3, height_ratios=[1.5, 0.75, 1.75])
        found = [self.forward(shift) for shift in shifts]
        most = max(each["last"].max() for each in found)
        for column, (shift, each) in enumerate(zip(shifts, found, strict=True)):
            above, maps, bars = axes[:, column]
            draw_gray(above, self.picture(shift) / 255)
            title = f"{shift} pixels down" if shift else "as it is"
            above.set_title(title)
            draw_gray(maps, mosaic(each["last"]) / most)
            maps.set_title("the 16 pooled maps", fontsize=8.5)
            self._draw_bars(bars, each["probabilities"], names=column == 0)
        return figure

    def _draw_bars(self, ax: Axes, probabilities: np.ndarray, names: bool) -> None:
        label, best = self.labels[self.image], int(probabilities.argmax())
        colors = [palette.data] * 10
        colors[best] = palette.step
        colors[label] = palette.curve
        ax.barh(np.arange(10), probabilities, color=colors, height=0.7)
        for k in {label, best}:
            value = probabilities[k]
            side, ink = ("right", "white") if value > 0.5 else ("left", palette.ink)
            place = (value + (-0.02 if value > 0.5 else 0.02), k)
            ax.annotate(
                f"{value:.2f}", place, ha=side, va="center", color=ink, size=7.5
            )
        ax.set(xlim=(0, 1), ylim=(9.6, -0.6), xticks=[0, 0.5, 1])
        ax.set_yticks(range(10), self.names if names else [""] * 10, fontsize=7.5)
        ax.set_xlabel("probability")


def mosaic(maps: np.ndarray) -> np.ndarray:
    """Maps side by side, eight in a row, with a line of ones between them."""
    count, side, _ = maps.shape
    size = side + 1
    tiles = np.full((count // 8 * size, 8 * size), np.nan)
    for i, values in enumerate(maps):
        u, v = size * (i // 8), size * (i % 8)
        tiles[u : u + side, v : v + side] = values
    return tiles[:-1, :-1]


def draw_gray(ax: Axes, shades: np.ndarray) -> None:
    """Pixels from 0 (black) to 1 (white), as sharp squares."""
    levels = np.round(32 * shades) / 32
    look = {"edgecolor": "face", "linewidth": 0.1}
    ax.pcolormesh(np.ma.masked_invalid(levels), cmap="gray", vmin=0, vmax=1, **look)
    rows, columns = shades.shape
    ax.set(xlim=(0, columns), ylim=(rows, 0), aspect="equal", xticks=[], yticks=[])
