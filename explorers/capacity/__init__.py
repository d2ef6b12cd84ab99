"""Twenty points and a few or very many features: `fits.js` in NumPy, and in print."""

from typing import ClassVar

import numpy as np
import traitlets
from matplotlib.figure import Figure

from explorers.base import Explorer
from explorers.numbers import uniforms
from notebook_utils import palette

MOST = 1000  # features
FIFTY = 50  # draws
CUT = 1e-12  # singular values below it, relative to the largest, count as zero
LINE = np.arange(401) / 200 - 1  # where a curve is compared with the true one
COMMON = [2, 3, 4, 5, 6, 8, 10, 12, 14, 17, 20, 24, 29, 35, 42, 50, 65, 85]
COMMON += [120, 170, 260, 420, 650, 1000]


def true_curve(x: np.ndarray) -> np.ndarray:
    return np.sin(3 * x)


def cosines(x: np.ndarray, p: int) -> np.ndarray:
    """The first p cosine features of m places: shape (m, p)."""
    k = np.arange(p)
    return np.cos(np.pi * k * (x[:, None] + 1) / 2) / np.maximum(1, k)


def drawn(n: int, noise: float, number: int) -> tuple[np.ndarray, np.ndarray]:
    """One draw: x uniform in n equal cells of [-1, 1], y the true curve with noise.

    All are rounded to four places, so that both languages have the same numbers.
    """
    u, v, w = uniforms(number, 3 * n).reshape(n, 3).T
    x = _rounded(2 * (np.arange(n) + u) / n - 1)
    normal = np.sqrt(-2 * np.log(v)) * np.cos(2 * np.pi * w)
    return x, _rounded(true_curve(x) + noise * normal)


def _rounded(values: np.ndarray) -> np.ndarray:
    return np.floor(1e4 * values + 0.5) / 1e4


def fit(x: np.ndarray, y: np.ndarray, p: int, penalty: float = 0.0) -> dict:
    """Least squares with p features, the shortest weights if there are many; or ridge.

    The penalty λ is that of the mean loss plus λ/2 times the squared length of w.
    """
    n, phi = len(x), cosines(x, p)
    weights, _, rank, _ = np.linalg.lstsq(phi, y, rcond=CUT)
    if penalty and p < n:
        square = phi.T @ phi + n * penalty / 2 * np.eye(p)
        weights = np.linalg.solve(square, phi.T @ y)
    elif penalty:
        kernel = phi @ phi.T + n * penalty / 2 * np.eye(n)
        weights = phi.T @ np.linalg.solve(kernel, y)
    curve = cosines(LINE, p) @ weights
    return {
        "curve": curve,
        "rank": int(rank),
        "training": np.mean((phi @ weights - y) ** 2),
        "excess": np.mean((curve - true_curve(LINE)) ** 2),
        "length": np.linalg.norm(weights),
    }


def sizes(n: int) -> list[int]:
    """The numbers of features at which errors are shown, closer around n."""
    return sorted({*COMMON, *range(n - 2, n + 3)})


class Capacity(Explorer):
    """Cosine features fitted to points around a curve, from 2 features to 1000.

    The features are cos(π k (x + 1) / 2) / max(1, k) with k = 0, 1, ..., p - 1; the
    true curve is sin(3x). Excess error is the mean squared distance to it, taken on
    401 points.

    Parameters
    ----------
    traits : `features` (p), `penalty` (λ, 0 is off), `points` (n), `noise` (its
        standard deviation), `seed` (which draw), `view` ("one" draw or "fifty"),
        `moved` (index, x and y of each point that has been moved, one after the other)
    """

    words = (
        "An interactive figure: twenty points that can be moved, a curve of 2 to 1000 "
        "features fitted to them, and its error for every number of features. It needs "
        "JavaScript; the handout shows three fits and two courses of the error."
    )
    heights: ClassVar = (603, 924)

    features = traitlets.Int(4, min=2, max=MOST).tag(sync=True)
    penalty = traitlets.Float(0.0, min=0.0, max=1.0).tag(sync=True)
    points = traitlets.Int(20, min=8, max=40).tag(sync=True)
    noise = traitlets.Float(0.3, min=0.0, max=0.6).tag(sync=True)
    seed = traitlets.Int(2, min=0, max=999).tag(sync=True)
    view = traitlets.Enum(["one", "fifty"], "one").tag(sync=True)
    moved = traitlets.List(traitlets.Float()).tag(sync=True)

    @traitlets.validate("moved")
    def _triples(self, proposal: dict) -> list[float]:
        moves = np.array(proposal["value"], float)
        if len(moves) % 3:
            raise traitlets.TraitError("moved must be triples of index, x and y")
        index, x, y = moves.reshape(-1, 3).T
        sound = (index == index.astype(int)) & (index >= 0) & (index < 40)
        if not np.all(sound & (abs(x) <= 1) & (abs(y) <= 2)):
            raise traitlets.TraitError("moved has an index, x or y out of range")
        return proposal["value"]

    def data(self) -> tuple[np.ndarray, np.ndarray]:
        """The present points, those that were moved in their new places."""
        x, y = drawn(self.points, self.noise, FIFTY * self.seed)
        for index, *place in np.reshape(self.moved, (-1, 3)):
            if index < self.points:
                x[int(index)], y[int(index)] = place
        return x, y

    def fit(self, p: int | None = None, penalty: float | None = None) -> dict:
        """Curve, rank, errors and length of the weights (the traits' by default)."""
        p = self.features if p is None else p
        penalty = self.penalty if penalty is None else penalty
        return fit(*self.data(), p, penalty)

    def course(self, penalty: float | None = None) -> dict[str, np.ndarray]:
        """Errors and length of the weights at each of the sizes."""
        rows = [self.fit(p, penalty) for p in sizes(self.points)]
        names = ("training", "excess", "length")
        return {name: np.array([row[name] for row in rows]) for name in names}

    def spread(self, p: int | None = None) -> dict:
        """Fifty fits to fifty draws: their mean, bias², variance and excess errors."""
        p = self.features if p is None else p
        numbers = FIFTY * self.seed + np.arange(FIFTY)
        draws = [drawn(self.points, self.noise, int(number)) for number in numbers]
        fits = [fit(*points, p, self.penalty) for points in draws]
        curves = np.array([found["curve"] for found in fits])
        middle = curves.mean(axis=0)
        return {
            "middle": middle,
            "bias": np.mean((middle - true_curve(LINE)) ** 2),
            "variance": np.mean((curves - middle) ** 2),
            "excess": np.sort([found["excess"] for found in fits]),
        }

    def draw(self) -> Figure:
        """Three fits to one draw; below them its errors without and with a penalty."""
        n, penalty = self.points, self.penalty or 0.02
        x, y = self.data()
        figure = Figure(figsize=(7.2, 4.3))
        above, below = figure.subfigures(2, 1, height_ratios=[1, 1.05])
        for ax, p in zip(above.subplots(1, 3, sharey=True), [4, n, MOST], strict=True):
            ax.plot(LINE, true_curve(LINE), color=palette.curve, ls="-", lw=1)
            ax.plot(LINE, self.fit(p, 0)["curve"], color=palette.step, ls="-", lw=1.3)
            ax.plot(x, y, "o", color=palette.ink, ms=2.8)
            ax.set(title=f"$p = {p}$", xlabel="$x$", xlim=(-1, 1), ylim=(-2, 2))
            ax.set(xticks=[-1, 0, 1], yticks=[-2, -1, 0, 1, 2])
        above.axes[0].set(ylabel="$y$")
        titles = ["without penalty", f"$\\lambda = {penalty:g}$"]
        axes = below.subplots(1, 2, sharey=True)
        for ax, title, strength in zip(axes, titles, [0, penalty], strict=True):
            course, p = self.course(strength), sizes(n)
            lines = [("length", ":", palette.good), ("training", "--", palette.accent)]
            for name, style, color in [*lines, ("excess", "-", palette.step)]:
                ax.loglog(p, np.maximum(course[name], 1e-9), ls=style, color=color)
            ax.axvline(n, color=palette.data, ls=":", lw=0.8)
            ax.set(title=title, xlabel="features $p$", ylim=(5e-4, 20))
            ax.set(
                xticks=[2, n, 100, 1000], xticklabels=["2", f"n = {n}", "100", "1000"]
            )
            ax.minorticks_off()
            for name, word, color, shift in [
                ("length", "length of $w$", palette.good, 4),
                ("excess", "excess error", palette.step, 4),
            ]:
                ax.annotate(
                    word,
                    (MOST, course[name][-1]),
                    xytext=(0, shift),
                    textcoords="offset points",
                    ha="right",
                    color=color,
                )
        axes[0].text(2.1, 0.0025, "training error", color=palette.accent)
        axes[0].set(ylabel="error")
        return figure
