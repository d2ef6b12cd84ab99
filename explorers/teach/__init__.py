"""A head taught by a few tiles: `heads.js` in NumPy, and in print."""

import base64
from collections.abc import Mapping, Sequence
from typing import ClassVar

import numpy as np
import traitlets
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from explorers.base import Explorer
from explorers.numbers import uniforms
from few_samples import ridge_scores
from notebook_utils import palette

SIDE = 32  # rows and columns of a tile, in pixels
GRAYS = 15  # steps from black to white
MOST = 320  # numbers of a layer; of more, every second, third ... is kept
LABELS = 30  # at most
DRAWS = 20  # whose shares are marked beside the reader's
EACH = 2  # labels of each kind in a draw
SPAN = 200  # steps of the map along its longer axis
LOOKS = [(palette.curve, "o"), (palette.good, "^"), (palette.accent, "s")]


def drawn(number: int, kinds: np.ndarray) -> list[list[int]]:
    """Two tiles of each kind, at random: pairs of tile and kind, in rising order."""
    chosen, count = [], int(max(kinds)) + 1
    chances = iter(uniforms(number, EACH * count))
    for kind in range(count):
        left = np.flatnonzero(np.equal(kinds, kind)).tolist()
        chosen += [
            [left.pop(int(next(chances) * len(left))), kind] for _ in range(EACH)
        ]
    return sorted(chosen)


class Teach(Explorer):
    """Tiles that the reader labels, and one head for the features of several layers.

    The features are rounded to 16 bits. Thumbnails have 32 × 32 pixels in 16 grays.

    Parameters
    ----------
    tiles : gray values from 0 to 255, uint8, of shape (n, side, side), the side a
        multiple of 32
    kinds : what they show, integers from 0; three kinds, each at least twice
    names : of the kinds
    features : by the name of the layer, arrays of shape (n, numbers); of more than 320
        numbers only every second is kept, or every third, as many as fit
    traits : `labels` (pairs of tile and kind, in rising order of tiles; if left out,
        those of draw 1), `drawn` (number of the last random draw), `layer` (which of
        the features, by its place), `scaled` (whether the head divides each feature by
        its deviation in the labeled tiles, or takes it as it is), `kind` (what a tap
        says of a tile), `tile` (the one looked at), `pixels`, `kinds`, `names`,
        `layers`, `halves` and `maps` (the data)
    """

    words = (
        "An interactive figure: tiles of three surfaces that can be labeled, a head "
        "taught by these labels, and the tiles that it gets wrong with the features of "
        "each of four layers. It needs JavaScript; the handout shows six labels."
    )
    heights: ClassVar = (754, 1453)

    pixels = traitlets.Unicode().tag(sync=True)
    kinds = traitlets.List(traitlets.Int(min=0, max=2)).tag(sync=True)
    names = traitlets.List(traitlets.Unicode(), minlen=3, maxlen=3).tag(sync=True)
    layers = traitlets.List(traitlets.List()).tag(sync=True)  # name, numbers, of
    halves = traitlets.List(traitlets.Unicode()).tag(sync=True)
    maps = traitlets.List(traitlets.List(traitlets.Int())).tag(sync=True)
    labels = traitlets.List(traitlets.List(traitlets.Int(min=0))).tag(sync=True)
    drawn = traitlets.Int(1, min=1, max=9999).tag(sync=True)
    layer = traitlets.Int(0, min=0).tag(sync=True)
    scaled = traitlets.Bool(False).tag(sync=True)
    kind = traitlets.Int(0, min=0, max=2).tag(sync=True)
    tile = traitlets.Int(0, min=0).tag(sync=True)

    def __init__(
        self,
        tiles: np.ndarray,
        kinds: np.ndarray,
        names: Sequence[str],
        features: Mapping[str, np.ndarray],
        **traits: object,
    ):
        tiles, kinds = np.asarray(tiles), np.asarray(kinds)
        count, *sides = tiles.shape
        if tiles.dtype != np.uint8 or len(sides) != 2 or sides[0] % SIDE:
            raise ValueError(
                f"the tiles are {tiles.dtype} of shape {tiles.shape}; pass gray values "
                f"as uint8 of shape (n, side, side), the side a multiple of {SIDE}"
            )
        if kinds.shape != (count,) or min(np.bincount(kinds, minlength=3)) < EACH:
            raise ValueError(
                f"there are {count} tiles and kinds of shape {kinds.shape}; pass a "
                f"kind for each tile, 0, 1 or 2, each of them at least {EACH} times"
            )
        arrays = {name: np.asarray(x) for name, x in features.items()}
        for name, x in arrays.items():
            if x.ndim != 2 or len(x) != count:
                raise ValueError(
                    f"the features {name!r} have shape {x.shape}; pass one row for "
                    f"each of the {count} tiles"
                )
        places = {"layer": len(arrays), "tile": count}
        for name, end in places.items():
            if traits.get(name, 0) >= end:
                raise ValueError(
                    f"there is no {name} {traits[name]}; the last is {end - 1}"
                )
        kept = [x[:, :: -(-x.shape[1] // MOST)].astype("<f2") for x in arrays.values()]
        super().__init__(
            pixels=_packed(tiles),
            kinds=kinds.tolist(),
            names=list(names),
            layers=[
                [name, k.shape[1], x.shape[1]]
                for (name, x), k in zip(arrays.items(), kept, strict=True)
            ],
            halves=[base64.b64encode(k.tobytes()).decode() for k in kept],
            maps=[_map(k.astype(float)) for k in kept],
            **{"labels": drawn(traits.get("drawn", 1), kinds)} | traits,
        )

    def features(self, layer: int | None = None) -> np.ndarray:
        """The rounded features of a layer, or the chosen one; (tiles, numbers)."""
        layer = self.layer if layer is None else layer
        values = np.frombuffer(base64.b64decode(self.halves[layer]), "<f2")
        return values.reshape(len(self.kinds), -1).astype(float)

    def thumbnails(self) -> np.ndarray:
        """The tiles in 16 grays from 0 to 255, uint8 of shape (tiles, 32, 32)."""
        pairs = np.frombuffer(base64.b64decode(self.pixels), np.uint8)
        grays = np.stack([pairs >> 4, pairs & 15], axis=-1)
        return (255 // GRAYS * grays).reshape(-1, SIDE, SIDE)

    def ready(self, labels: list[list[int]] | None = None) -> bool:
        """Whether each kind has a label, so that the head can be taught."""
        labels = self.labels if labels is None else labels
        return {kind for _, kind in labels} == {0, 1, 2}

    def scores(
        self,
        layer: int | None = None,
        labels: list[list[int]] | None = None,
        scaled: bool | None = None,
    ) -> np.ndarray:
        """The head's scores of all tiles; shape (tiles, 3)."""
        x = self.features(layer)
        tiles, kinds = np.transpose(self.labels if labels is None else labels)
        divide = self.scaled if scaled is None else scaled
        return ridge_scores(x[tiles], kinds, x, divide=divide)

    def share(
        self,
        layer: int | None = None,
        labels: list[list[int]] | None = None,
        scaled: bool | None = None,
    ) -> float:
        """How many of the tiles without a label the head gets right."""
        labels = self.labels if labels is None else labels
        rest = np.setdiff1d(np.arange(len(self.kinds)), [tile for tile, _ in labels])
        answers = self.scores(layer, labels, scaled).argmax(1)
        return float(np.mean(answers[rest] == np.array(self.kinds)[rest]))

    def shares_of_draws(self, layer: int, scaled: bool | None = None) -> list[float]:
        """The shares after each of the first twenty draws of two tiles of each kind."""
        draws = (drawn(number, self.kinds) for number in range(1, DRAWS + 1))
        return [self.share(layer, labels, scaled) for labels in draws]

    def neighbors(self, count: int = 3) -> list[tuple[int, float]]:
        """The labeled tiles nearest to the one looked at, and how far they are."""
        x, tiles = self.features(), [tile for tile, _ in self.labels]
        spread = x[tiles].std(0)
        spread[spread == 0] = 1
        steps = (x[tiles] - x[self.tile]) / (spread if self.scaled else 1.0)
        far = np.sqrt((steps**2).sum(1))
        order = [i for i in np.argsort(far, kind="stable") if tiles[i] != self.tile]
        return [(tiles[i], float(far[i])) for i in order[:count]]

    def draw(self) -> Figure:
        """Six labeled tiles, the answers of the head at each layer, and other draws."""
        labels = self.labels if self.ready() else drawn(self.drawn, self.kinds)
        figure = Figure(figsize=(7.2, 3.9))
        above, below = figure.subfigures(2, 1, height_ratios=[1, 2.1])
        shown = labels[:: -(-len(labels) // 8)]
        thumbnails = self.thumbnails()
        for ax, (tile, kind) in zip(above.subplots(1, len(shown)), shown, strict=True):
            _draw_tile(ax, thumbnails[tile])
            ax.set_title(self.names[kind], color=LOOKS[kind][0])
        axes = np.atleast_1d(below.subplots(1, len(self.layers)))
        for layer, ax in enumerate(axes):
            self._draw_map(ax, layer, labels)
        return figure

    def _draw_map(self, ax: Axes, layer: int, labels: list[list[int]]) -> None:
        x, y = np.reshape(self.maps[layer], (2, -1))
        answers, taught = self.scores(layer, labels).argmax(1), dict(labels)
        rest = np.array([tile not in taught for tile in range(len(x))])
        wrong = rest & (answers != self.kinds)
        for kind, (color, mark) in enumerate(LOOKS):
            dots = rest & (answers == kind)
            ax.plot(x[dots], y[dots], mark, color=color, markersize=2.6, alpha=0.8)
        look = {"color": palette.step, "markersize": 6, "markerfacecolor": "none"}
        ax.plot(x[wrong], y[wrong], "D", markeredgewidth=1, **look)
        for tile, kind in labels:
            color, mark = LOOKS[kind]
            look = {"color": color, "markeredgecolor": "black", "markersize": 7}
            ax.plot(x[tile], y[tile], mark, **look)
        name = self.layers[layer][0]
        ax.set_title(f"{name}\n{100 * self.share(layer, labels):.0f} % right")
        other = "as it is" if self.scaled else "divided"
        lines = []
        for word, scaled in ((f"{DRAWS} draws", self.scaled), (other, not self.scaled)):
            draws = self.shares_of_draws(layer, scaled)
            low, high = 100 * min(draws), 100 * max(draws)
            lines.append(f"{word}: {low:.0f} to {high:.0f} %")
        ax.set_xlabel("\n".join(lines), fontsize=8.5)
        ax.set(xticks=[], yticks=[], aspect="equal", adjustable="datalim")
        ax.margins(0.08)


def _packed(tiles: np.ndarray) -> str:
    """Thumbnails in 16 grays, two pixels a byte, in base64."""
    count, side, _ = tiles.shape
    blocks = tiles.reshape(count, SIDE, side // SIDE, SIDE, side // SIDE)
    grays = np.round(blocks.mean((2, 4)) * GRAYS / 255).astype(np.uint8).reshape(-1, 2)
    return base64.b64encode((grays[:, 0] << 4 | grays[:, 1]).tobytes()).decode()


def _map(x: np.ndarray) -> list[int]:
    """The two leading axes of all tiles, each number divided by its deviation.

    Whole numbers, first along one axis, then along the other, of one scale for both.
    """
    spread = x.std(0)
    spread[spread == 0] = 1
    left, sizes, right = np.linalg.svd((x - x.mean(0)) / spread, full_matrices=False)
    places = left[:, :2] * sizes[:2] * np.sign(right[:2].sum(1))
    if places.shape[1] < 2:
        places = np.pad(places, ((0, 0), (0, 1)))
    longest = np.ptp(places, axis=0).max() or 1.0
    return np.round(SPAN * places / longest).astype(int).T.ravel().tolist()


def _draw_tile(ax: Axes, tile: np.ndarray) -> None:
    look = {"edgecolor": "face", "linewidth": 0.1, "vmin": 0, "vmax": 255}
    ax.pcolormesh(tile, cmap="gray", **look)
    ax.set(xlim=(0, SIDE), ylim=(SIDE, 0), aspect="equal", xticks=[], yticks=[])
