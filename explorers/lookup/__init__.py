"""A query among six keys: `weights.js` in NumPy, and in print."""

from typing import ClassVar

import numpy as np
import traitlets
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch, Polygon

from explorers.base import Explorer
from notebook_utils import palette

NAMES = "ABCDEF"
EDGE = 3.0  # the plane is a square around the origin, so far to each side
HAIR = 1e-9  # a corner so near to a line lies on it
SCALE = 1 / np.sqrt(2)  # what attention multiplies scores of two numbers by
LOOKS = [
    (palette.curve, "o"),
    (palette.step, "^"),
    (palette.ink, "P"),
    (palette.accent, "D"),
    (palette.data, "v"),
    (palette.good, "s"),
]

_TURNS = np.deg2rad([80, 20, -40, 140, 200, 260])
_CIRCLE = 1.4 * np.column_stack([np.cos(_TURNS), np.sin(_TURNS)])
_LONG = _CIRCLE * [[1], [2], [1], [1], [1], [1]]
SETS = {
    "uneven": [0.5, 2.2, 2.1, 0.8, 0.4, 0.6, -1.8, 1.1, -1.5, -1.3, 1.2, -1.9],
    "circle": _CIRCLE.ravel().tolist(),
    "long": _LONG.ravel().tolist(),
}


class LookUp(Explorer):
    """Six keys with a value each, and a query that mixes the values.

    The score of a key is its dot product with the query, or minus half the square of
    their distance; times the sharpness, and minus infinity for a hidden key. The
    softmax of the scores are the weights.

    Parameters
    ----------
    traits : `query` ([x, y]), `places` (of the keys A to F, [x, y, x, y, ...]),
        `values` (one number for each), `sharpness`, `score` ("dot" or "distance"),
        `hidden` (names of keys that the query must not read), `sets` (places to choose
        from, by name)
    """

    words = (
        "An interactive figure of six keys in the plane and a query that can be moved: "
        "the weight of each key, the mix of their values, and the plane shaded by the "
        "key that wins. It needs JavaScript; the handout shows two shaded planes."
    )
    heights: ClassVar = (617, 1120)

    query = traitlets.List(traitlets.Float(), [1.1, 0.35], minlen=2, maxlen=2).tag(
        sync=True
    )
    places = traitlets.List(
        traitlets.Float(), SETS["uneven"], minlen=12, maxlen=12
    ).tag(sync=True)
    values = traitlets.List(
        traitlets.Float(), [2.0, 9.0, 5.0, 7.0, 1.0, 4.0], minlen=6, maxlen=6
    ).tag(sync=True)
    sharpness = traitlets.Float(SCALE, min=0.1, max=30).tag(sync=True)
    score = traitlets.Enum(["dot", "distance"], "dot").tag(sync=True)
    hidden = traitlets.List(traitlets.Enum(list(NAMES))).tag(sync=True)
    sets = traitlets.Dict().tag(sync=True)

    def __init__(self, **traits: object):
        super().__init__(**{"sets": SETS} | traits)

    @traitlets.validate("query", "places", "values")
    def _finite(self, proposal: dict) -> list[float]:
        if not np.all(np.isfinite(proposal["value"])):
            raise traitlets.TraitError(f"{proposal['trait'].name} must be finite")
        return proposal["value"]

    def keys_at(self) -> np.ndarray:
        """Where the keys are, shape (6, 2)."""
        return np.reshape(self.places, (6, 2))

    def shown(self) -> np.ndarray:
        """Which keys may be read, shape (6,)."""
        return np.array([name not in self.hidden for name in NAMES])

    def scores(self) -> np.ndarray:
        """What the softmax is taken of, shape (6,)."""
        keys, query = self.keys_at(), np.array(self.query)
        if self.score == "dot":
            raw = keys @ query
        else:
            raw = -((keys - query) ** 2).sum(axis=1) / 2
        return np.where(self.shown(), self.sharpness * raw, -np.inf)

    def weights(self) -> np.ndarray:
        """The softmax of the scores, shape (6,); 0/0, so NaN, if no key is left."""
        if not self.shown().any():
            return np.full(6, np.nan)
        scores = self.scores()
        powers = np.exp(scores - scores.max())
        return powers / powers.sum()

    def mixed(self) -> float:
        """The values, each times its weight, added up."""
        return float(self.weights() @ self.values)

    def keys_read(self) -> float:
        """The exponential of the weights' entropy: 1 for one key, 6 for all alike."""
        weights = self.weights()
        # A weight of 0 adds nothing; NaN stays NaN.
        logs = np.log(np.where(weights == 0, 1, weights))
        return float(np.exp(-(weights * logs).sum()))

    def slope(self) -> float:
        """How much the weights answer to the scores: the norm of their Jacobian."""
        weights = self.weights()
        return float(np.linalg.norm(np.diag(weights) - np.outer(weights, weights)))

    def cells(self) -> list[np.ndarray]:
        """Where in the square each key has the largest weight: corners, shape (n, 2).

        Each is cut out of the square by one line against each other key. Of keys in
        one place the first wins.
        """
        keys, shown = self.keys_at(), self.shown()
        square = EDGE * np.array([[-1.0, -1.0], [1.0, -1.0], [1.0, 1.0], [-1.0, 1.0]])
        cells = []
        for j, key in enumerate(keys):
            cell = square if shown[j] else square[:0]
            for i, other in enumerate(keys):
                if i == j or not shown[i]:
                    continue
                way = key - other
                if not way.any():
                    cell = cell[:0] if i < j else cell
                    continue
                half = (key @ key - other @ other) / 2
                cell = _cut(cell, way, half if self.score == "distance" else 0.0)
            cells.append(cell if _area(cell) > HAIR else cell[:0])
        return cells

    def wedges(self) -> np.ndarray:
        """The directions in which each key's dot product is the largest.

        Returns
        -------
        of shape (6, 2): the middle and the width of the range of angles, in radians;
        a key that is never the winner has width 0
        """
        keys, shown = self.keys_at(), self.shown()
        wedges = np.zeros((6, 2))
        for j in np.flatnonzero(shown):
            ways = keys[j] - keys[shown]
            same = ~ways.any(axis=1)
            if same[: shown[:j].sum()].any():
                continue  # a key before it is in the same place
            ways = ways[~same]
            if not len(ways):
                wedges[j] = 0, 2 * np.pi
                continue
            # Each rival leaves half a turn; the wedge is what all leave.
            angles = np.sort(np.arctan2(ways[:, 1], ways[:, 0]))
            gaps = np.diff(angles, append=angles[0] + 2 * np.pi)
            widest = int(np.argmax(gaps))
            spread = 2 * np.pi - gaps[widest]
            start = angles[(widest + 1) % len(angles)]
            wedges[j] = start + spread / 2, max(0.0, np.pi - spread)
        return wedges

    def draw(self) -> Figure:
        """Both scores: the plane by winners, and the weights at three sharpnesses."""
        figure = Figure(figsize=(7.2, 4.9))
        above, below = figure.subfigures(2, 1, height_ratios=[1.75, 1])
        runs = {score: self._with(score=score) for score in ("dot", "distance")}
        titles = {"dot": "dot product", "distance": "distance"}
        for ax, (score, run) in zip(above.subplots(1, 2), runs.items(), strict=True):
            run._draw_plane(ax)
            ax.set_title(titles[score])
        axes = below.subplots(1, 3, sharey=True)
        for ax, sharpness in zip(axes, (0.2, self.sharpness, 5.0), strict=True):
            self._draw_weights(ax, sharpness)
        axes[0].set_ylabel("weight")
        look = {"facecolor": "white", "edgecolor": palette.ink, "lw": 0.8}
        kinds = [Patch(facecolor=palette.ink), Patch(hatch="////", **look)]
        axes[0].legend(kinds, list(titles.values()), fontsize=9.5, loc="upper right")
        return figure

    def _with(self, **traits: object) -> "LookUp":
        return LookUp(**self.state() | traits)

    def _draw_plane(self, ax: Axes) -> None:
        ax.set(xlim=(-EDGE, EDGE), ylim=(-EDGE, EDGE), aspect="equal")
        ax.set(xticks=[-2, 0, 2], yticks=[-2, 0, 2])
        for (color, _), cell in zip(LOOKS, self.cells(), strict=True):
            if len(cell):
                patch = Polygon(cell, facecolor=color, alpha=0.22, edgecolor="none")
                ax.add_patch(patch)
                ax.add_patch(Polygon(cell, fill=False, edgecolor="white", lw=1))
        bold = {"fontweight": "bold", "ha": "center", "va": "center"}
        for name, key, (color, mark) in zip(NAMES, self.keys_at(), LOOKS, strict=True):
            if self.score == "dot":
                ax.plot([0, key[0]], [0, key[1]], color=color, lw=0.8, ls="-")
            ax.plot(*key, mark, color=color, markersize=6.5, markeredgecolor="white")
            beside = key * (1 + 0.3 / max(0.3, np.hypot(*key)))
            dark = palette.axis if color == palette.data else color
            ax.text(*beside, name, color=dark, **bold)
        ray = np.array(self.query) / max(np.abs(self.query).max(), 1e-9)
        ax.plot(*np.transpose([0 * ray, EDGE * ray]), color=palette.ink, lw=0.9, ls=":")
        look = {"color": palette.ink, "markersize": 9, "markeredgewidth": 1.8}
        ax.plot(*self.query, "o", markerfacecolor="none", **look)
        ax.annotate(
            "$q$", self.query, xytext=(0, 8), textcoords="offset points", ha="center"
        )

    def _draw_weights(self, ax: Axes, sharpness: float) -> None:
        at, colors = np.arange(6), [color for color, _ in LOOKS]
        runs = [self._with(sharpness=sharpness, score=s) for s in ("dot", "distance")]
        if self.shown().any():
            dot, distance = (run.weights() for run in runs)
            ax.bar(at - 0.2, dot, 0.38, color=colors)
            look = {"color": "none", "edgecolor": colors, "hatch": "////", "lw": 0.8}
            ax.bar(at + 0.2, distance, 0.38, **look)
        mixed = " and ".join(
            f"{run.mixed():.1f}" if run.shown().any() else "0/0" for run in runs
        )
        ax.set_title(f"sharpness {sharpness:.2g}:\nmix {mixed}")
        names = [f"{n}\n{v:g}" for n, v in zip(NAMES, self.values, strict=True)]
        ax.set(xticks=at, xticklabels=names, ylim=(0, 1), yticks=[0, 0.5, 1])


def _cut(cell: np.ndarray, way: np.ndarray, least: float) -> np.ndarray:
    """What a line leaves of a convex polygon: the points with way · q ≥ least."""
    corners = []
    for a, b in zip(cell, np.roll(cell, -1, axis=0), strict=True):
        over, then = a @ way - least, b @ way - least
        # All wedges meet in one corner, on all lines but for rounding.
        if over >= -HAIR:
            corners.append(a)
        if min(over, then) < -HAIR and max(over, then) > HAIR:
            corners.append(a + over / (over - then) * (b - a))
    return np.reshape(corners, (-1, 2))


def _area(cell: np.ndarray) -> float:
    x, y = cell.T
    return float(x @ np.roll(y, -1) - y @ np.roll(x, -1)) / 2
