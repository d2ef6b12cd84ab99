"""Gradient descent on a loss of one parameter: `descent.js` in NumPy, and in print."""

from typing import ClassVar

import numpy as np
import traitlets
from matplotlib.figure import Figure

from explorers.base import Explorer
from notebook_utils import palette, plot_iterates

LAST = 30  # steps that the figure shows at most
LOST = 1e6  # iterates beyond it do not come back
RATES = {"boston": (1e-7, 1e-3), "well": (1e-3, 1)}  # what is of use on each loss


class Descent(Explorer):
    """Gradient descent on the loss of a line through the origin, or on a double well.

    The first loss is the sum of squared errors of `w * x` as predictions of `y`; the
    second is (w² − 1)² + 0.3 w, with a higher minimum on the right.

    Parameters
    ----------
    x, y : arrays of shape (n,), the data of the first loss
    traits : `loss` ("boston" or "well"), `rate` (ρ), `start` (w₀), `steps` (how many
        are shown); a new `loss` brings its own rate and start with it
    """

    words = (
        "An interactive figure of gradient descent: a curve of the loss against the "
        "weight w, the iterates on it, a slider for the learning rate. It needs "
        "JavaScript; the handout shows it in four frames."
    )
    heights: ClassVar = (632, 748)

    loss = traitlets.Enum(["boston", "well"], "boston").tag(sync=True)
    rate = traitlets.Float(1e-6).tag(sync=True)
    start = traitlets.Float(0.0).tag(sync=True)
    steps = traitlets.Int(10, min=0, max=LAST).tag(sync=True)
    settings = traitlets.Dict().tag(sync=True)

    def __init__(self, x: np.ndarray, y: np.ndarray, **traits: object):
        self.x, self.y = np.asarray(x, float), np.asarray(y, float)
        # A parabola is known by three sums; the page carries these, not the data.
        sums = {"xx": self.x @ self.x, "xy": self.x @ self.y, "yy": self.y @ self.y}
        settings = {
            "boston": {"rate": 1e-6, "start": 0.0}
            | {k: float(v) for k, v in sums.items()},
            "well": {"rate": 0.02, "start": 2.0},
        }
        first = settings.get(traits.get("loss"), settings["boston"])
        traits = {"rate": first["rate"], "start": first["start"]} | traits
        super().__init__(settings=settings, **traits)

    @traitlets.validate("rate")
    def _positive(self, proposal: dict) -> float:
        if not 0 < proposal["value"] < np.inf:
            raise traitlets.TraitError("the learning rate must be positive")
        return proposal["value"]

    @traitlets.observe("loss")
    def _keep_proportion(self, change: dict) -> None:
        # A rate for the one loss is out of all proportion for the other. The figure
        # itself sends a fitting rate along with a new loss, and this is idle then.
        low, high = RATES[change["new"]]
        if self.settings and not low <= self.rate <= high:
            new = self.settings[change["new"]]
            self.rate, self.start = new["rate"], new["start"]

    def value(self, w: np.ndarray) -> np.ndarray:
        """The loss at each of m weights; shape (m,)."""
        if self.loss == "well":
            return (w**2 - 1) ** 2 + 0.3 * w
        return ((np.multiply.outer(w, self.x) - self.y) ** 2).sum(axis=-1)

    def slope(self, w: float) -> float:
        if self.loss == "well":
            return 4 * w * (w**2 - 1) + 0.3
        return 2 * (w * self.x - self.y) @ self.x

    def curvature(self, w: float) -> float:
        if self.loss == "well":
            return 12 * w**2 - 4
        return 2 * self.x @ self.x

    def iterates(self) -> np.ndarray:
        """w₀, w₁, ... up to 30 steps, fewer where they run away."""
        path = [self.start]
        while len(path) <= LAST and abs(path[-1]) < LOST:
            path.append(path[-1] - self.rate * self.slope(path[-1]))
        return np.array(path)

    def outcome(self) -> dict:
        """What becomes of the iterates: kind, where, and rate times curvature there."""
        w, steep = self.start, None
        for _ in range(2000):
            if steep is None and self.rate * self.curvature(w) > 2:
                steep = w
            before, w = w, w - self.rate * self.slope(w)
            if abs(w) > LOST:
                product = self.rate * self.curvature(steep)
                return {"kind": "diverges", "where": steep, "product": product}
            if abs(w - before) < 1e-12:
                break
        product = self.rate * self.curvature(w)
        if abs(self.rate * self.slope(w)) >= 1e-6:
            kind = "restless"
        else:
            kind = "converges" if product <= 1 else "oscillates"
        return {"kind": kind, "where": w, "product": product}

    def draw(self) -> Figure:
        """Four frames: three rates on the parabola, two rates on the double well."""
        figure = Figure(figsize=(7.2, 2.5))
        axes = figure.subplots(1, 4, width_ratios=[1, 1, 1, 1.15])
        grid = np.linspace(-2, 10, 121)
        for ax, rate in zip(axes, [1e-6, 1e-5, 5e-5], strict=False):
            run = Descent(self.x, self.y, rate=rate)
            run._draw_step(ax, grid)
            plot_iterates(ax, run.value, run.iterates()[:11], grid)
            product = rate * run.curvature(0)
            mantissa, power = f"{rate:.0e}".split("e")
            ax.set_title(
                rf"$\rho = {mantissa} \cdot 10^{{{int(power)}}}$"
                "\n"
                rf"$\rho L$″ = {product:.2f}"  # the prime of formulas warns
            )
            ax.set(ylim=(-3e5, 9e5), yticks=[], xticks=[0, 5, 10], xlabel="$w$")
        axes[0].set_ylabel("loss")
        grid = np.linspace(-1.6, 2.06, 161)
        for rate, color in [(0.02, palette.step), (0.1, palette.accent)]:
            run = Descent(self.x, self.y, loss="well", rate=rate)
            path = run.iterates()
            axes[3].plot(grid, run.value(grid), color=palette.curve, ls="-")
            axes[3].plot(path, run.value(path), "o-", color=color, ms=2.5, lw=0.8)
            where = run.outcome()["where"]
            axes[3].annotate(
                f"{rate:g}",
                (where, run.value(where)),
                xytext=(0, -11),
                textcoords="offset points",
                ha="center",
                color=color,
            )
        axes[3].set(ylim=(-1.5, 10), yticks=[], xticks=[-1, 0, 1, 2], xlabel="$w$")
        axes[3].set_title("two valleys,\n" r"$\rho = 0.02$ and $0.1$")
        return figure

    def _draw_step(self, ax, grid: np.ndarray) -> None:
        """The parabola of the first step, whose bottom is the first iterate."""
        slope = self.slope(self.start)
        bowl = self.value(self.start) + slope * (grid - self.start)
        bowl = bowl + (grid - self.start) ** 2 / (2 * self.rate)
        ax.plot(grid, bowl, color=palette.good, ls="--", lw=0.9)
