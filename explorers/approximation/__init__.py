"""A hidden layer imitates a curve: `approximation.js` in NumPy, and in print."""

from typing import ClassVar

import numpy as np
import traitlets
from matplotlib.figure import Figure

from explorers.base import Explorer
from notebook_utils import palette

LAST = 30  # units that the figure has at most
KNOTS = 7  # points by which the target is redrawn, evenly spaced
FINE = np.arange(4001) / 4000  # where steps are compared with the target
FIT = np.arange(401) / 400  # where least squares looks, and its error is taken

TARGETS = {
    "curve": lambda x: np.sin(2 * np.pi * x) * np.exp(-x) + x**2,
    "corner": lambda x: 1 - 1.5 * np.abs(x - 0.4),
    "jump": lambda x: np.where(x < 0.4, 0.2, 0.8),
}
ACTIVATIONS = {
    "step": lambda o: np.where(o >= 0, 1.0, 0.0),
    "sigmoid": lambda o: 1 / (1 + np.exp(-o)),
    "relu": lambda o: np.maximum(o, 0.0),
    "square": np.square,
}
NAMES = {"step": "steps", "sigmoid": "sigmoids", "relu": "ReLUs", "square": "squares"}


class Approximation(Explorer):
    """A network of one input and one hidden layer, fitted to a curve on [0, 1].

    The q units sit at 0, 1/q, 2/q, ... Steps take the target's value in the middle of
    each piece. Other activations are stretched by 2q, and least squares on 401 points
    chooses the output weights and the bias. The largest error is taken over 4001 points
    for steps and over these 401 for the others.

    Parameters
    ----------
    traits : `activation` ("step", "sigmoid", "relu" or "square"), `units` (q), `target`
        ("curve", "corner" or "jump"), `bends` (what is added to the target at 0, 1/6,
        ..., 1, and by smooth pieces in between)
    """

    words = (
        "An interactive figure: a curve between 0 and 1 that can be redrawn, and a "
        "network that imitates it with up to 30 hidden units. It needs JavaScript; the "
        "handout shows it frame by frame."
    )
    heights: ClassVar = (638, 846)

    activation = traitlets.Enum(list(ACTIVATIONS), "step").tag(sync=True)
    units = traitlets.Int(2, min=0, max=LAST).tag(sync=True)
    target = traitlets.Enum(list(TARGETS), "curve").tag(sync=True)
    bends = traitlets.List(
        traitlets.Float(), [0.0] * KNOTS, minlen=KNOTS, maxlen=KNOTS
    ).tag(sync=True)

    def goal(self, x: np.ndarray) -> np.ndarray:
        """The target at n places; shape (n,)."""
        k = np.minimum(x * (KNOTS - 1), KNOTS - 2).astype(int)
        t = x * (KNOTS - 1) - k
        bends, share = np.array(self.bends), t * t * (3 - 2 * t)
        return TARGETS[self.target](x) + bends[k] * (1 - share) + bends[k + 1] * share

    def grid(self) -> np.ndarray:
        return FINE if self.activation == "step" else FIT

    def contributions(self, q: int | None = None) -> np.ndarray:
        """Each unit times its weight and, last, the bias, on the grid: (n, q + 1)."""
        q = self.units if q is None else q
        x = self.grid()
        starts = np.arange(q) / q if q else np.empty(0)
        o = 2 * q * np.subtract.outer(x, starts)
        columns = np.column_stack([ACTIVATIONS[self.activation](o), np.ones(len(x))])
        if self.activation == "step":
            middles = (np.arange(q) + 0.5) / q if q else np.empty(0)
            weights = np.append(np.diff(self.goal(middles), prepend=0.0), 0.0)
        else:
            weights = np.linalg.lstsq(columns, self.goal(x), rcond=None)[0]
        return columns * weights

    def output(self, q: int | None = None) -> np.ndarray:
        """What the network says on the grid; shape (n,)."""
        return self.contributions(q).sum(axis=1)

    def error(self, q: int | None = None) -> float:
        """The largest error with q units (the trait's by default)."""
        return np.abs(self.output(q) - self.goal(self.grid())).max()

    def draw(self) -> Figure:
        """A growing staircase; below it three kinds of units and all largest errors."""
        q = 7
        figure = Figure(figsize=(7.2, 3.0))
        above, below = figure.subfigures(2, 1, height_ratios=[0.85, 2.15])
        runs = {
            name: Approximation(
                activation=name, target=self.target, bends=list(self.bends)
            )
            for name in ACTIVATIONS
        }
        steps = runs["step"]
        for n, ax in enumerate(above.subplots(1, 12)):
            ax.plot(FINE, steps.goal(FINE), color=palette.curve, ls="-", lw=0.8)
            if n:
                ax.plot(FINE, steps.output(n), color=palette.step, ls="-", lw=0.9)
            ax.set_title(f"{n}" if n != 1 else "1 step", fontsize=8)
            ax.set_ylim(-0.5, 1.1)
            ax.axis("off")
        axes = below.subplots(1, 4, width_ratios=[1, 1, 1, 1.5])
        for ax, name in zip(axes, ["step", "sigmoid", "relu"], strict=False):
            run = runs[name]
            x, output, goal = run.grid(), run.output(q), run.goal(run.grid())
            ax.plot(x, run.contributions(q)[:, :-1], color=palette.data, lw=0.5, ls="-")
            ax.plot(x, goal, color=palette.curve, ls="-")
            ax.plot(x, output, color=palette.step, ls="-", lw=1.1)
            worst = np.abs(output - goal).argmax()
            ax.plot(
                [x[worst]] * 2,
                [goal[worst], output[worst]],
                color=palette.accent,
                ls="-",
                lw=2.5,
                clip_on=False,
            )
            ax.set(title=f"{q} {NAMES[name]}: {run.error(q):.2f}", xlabel="$x$")
            ax.set(xticks=[0, 1], yticks=[0, 1], ylim=(-0.5, 1.1))
        counts = np.arange(1, LAST + 1)
        last = axes[3]
        for name, color, style in [
            ("square", palette.data, ":"),
            ("step", palette.step, "-"),
            ("sigmoid", palette.curve, "--"),
            ("relu", palette.good, "-."),
        ]:
            errors = [runs[name].error(n) for n in counts]
            last.semilogy(counts, errors, color=color, ls=style, lw=1.1)
            last.annotate(
                NAMES[name],
                (LAST, errors[-1]),
                xytext=(3, 0),
                textcoords="offset points",
                va="center",
                color=color,
            )
        last.set(title="largest error", xlabel="hidden units $q$", ylim=(1e-3, 1.5))
        last.set(xticks=[1, 10, 20, 30])
        return figure
