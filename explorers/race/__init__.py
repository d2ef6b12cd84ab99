"""Optimizers race down a landscape: `race.js` in NumPy, and in print."""

from collections.abc import Callable
from typing import ClassVar, NamedTuple

import numpy as np
import traitlets
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from explorers.base import Explorer
from notebook_utils import palette, plane

LAST = 150  # steps that the figure shows at most
FAR = 1000  # steps after which it waits no longer for the others
NEAR = 0.01  # so little above the least loss, a method has arrived
LOST = 1e6  # parameters beyond it do not come back
EPOCHS = 10  # what the figure shows of the twenty points
POINTS = 20
SEEDS = 8

# Rules --------------------------------------------------------------------------------

Array = np.ndarray

# A rule takes the parameters, their gradient, a memory of its own and the settings, and
# returns the next parameters; these arrays have the shape (2,).


def gradient_descent(theta: Array, g: Array, memory: dict, rate: float) -> Array:
    return theta - rate * g


def momentum(theta: Array, g: Array, memory: dict, rate: float, mu: float) -> Array:
    memory["v"] = mu * memory.get("v", 0.0) - rate * g
    return theta + memory["v"]


def nesterov(theta: Array, g: Array, memory: dict, rate: float, mu: float) -> Array:
    memory["v"] = mu * memory.get("v", 0.0) - rate * g
    return theta + mu * memory["v"] - rate * g


def adagrad(theta: Array, g: Array, memory: dict, rate: float) -> Array:
    memory["s"] = memory.get("s", 0.0) + g * g
    return theta - rate * g / (np.sqrt(memory["s"]) + 1e-10)


def rmsprop(theta: Array, g: Array, memory: dict, rate: float, beta: float) -> Array:
    memory["s"] = beta * memory.get("s", 0.0) + (1 - beta) * g * g
    return theta - rate * g / (np.sqrt(memory["s"]) + 1e-8)


def adam(
    theta: Array, g: Array, memory: dict, rate: float, beta_1: float, beta_2: float
) -> Array:
    m = memory["m"] = beta_1 * memory.get("m", 0.0) + (1 - beta_1) * g
    s = memory["s"] = beta_2 * memory.get("s", 0.0) + (1 - beta_2) * g * g
    # Powers as products: the last bit of a power depends on the language.
    p_1 = memory["p_1"] = memory.get("p_1", 1.0) * beta_1
    p_2 = memory["p_2"] = memory.get("p_2", 1.0) * beta_2
    return theta - rate * (m / (1 - p_1)) / (np.sqrt(s / (1 - p_2)) + 1e-8)


RULES: dict[str, Callable[..., Array]] = {
    "gd": gradient_descent,
    "momentum": momentum,
    "nesterov": nesterov,
    "adagrad": adagrad,
    "rmsprop": rmsprop,
    "adam": adam,
}
# Name, color, line and marker in print.
LOOKS = {
    "gd": ("gradient descent", palette.step, "-", "o"),
    "sgd": ("SGD", palette.ink, "-", "^"),
    "momentum": ("momentum", palette.curve, "-", "v"),
    "nesterov": ("Nesterov", palette.curve, "--", "D"),
    "adagrad": ("AdaGrad", palette.good, "--", "P"),
    "rmsprop": ("RMSProp", palette.good, "-", ">"),
    "adam": ("Adam", palette.accent, "-", "*"),
}

# Landscapes ---------------------------------------------------------------------------

# A bowl with curvatures 1 and 100, turned by 30 degrees.
RAVINE = np.array([[25.75, -24.75 * np.sqrt(3)], [-24.75 * np.sqrt(3), 75.25]])


class Landscape(NamedTuple):
    """A loss of two parameters, its gradient, and the least loss.

    `loss` maps points of shape (..., 2) to losses; `gradient` a point to its gradient.
    """

    loss: Callable[[Array], Array]
    gradient: Callable[[Array], Array]
    least: float


def ravine_loss(theta: Array) -> Array:
    a, b = theta[..., 0], theta[..., 1]
    return 0.5 * (
        RAVINE[0, 0] * a * a + 2 * RAVINE[0, 1] * a * b + RAVINE[1, 1] * b * b
    )


def ravine_gradient(theta: Array) -> Array:
    a, b = theta
    (p, q), (_, r) = RAVINE
    return np.array([p * a + q * b, q * a + r * b])


def rosenbrock_loss(theta: Array) -> Array:
    a, b = theta[..., 0], theta[..., 1]
    return (1 - a) * (1 - a) + 100 * (b - a * a) * (b - a * a)


def rosenbrock_gradient(theta: Array) -> Array:
    a, b = theta
    bend = 200 * (b - a * a)
    return np.array([-2 * (1 - a) - 2 * a * bend, bend])


def saddle_loss(theta: Array) -> Array:
    a, b = theta[..., 0], theta[..., 1]
    return (a * b - 1) * (a * b - 1)


def saddle_gradient(theta: Array) -> Array:
    a, b = theta
    return np.array([2 * (a * b - 1) * b, 2 * (a * b - 1) * a])


def wells_loss(theta: Array) -> Array:
    a, b = theta[..., 0], theta[..., 1]
    return (a * a - 1) * (a * a - 1) + 0.3 * a + 0.5 * b * b


def wells_gradient(theta: Array) -> Array:
    a, b = theta
    return np.array([4 * a * (a * a - 1) + 0.3, b])


BETTER = np.roots([4, 0, -4, 0.3]).real.min()  # the lower of the two wells

LANDSCAPES = {
    "ravine": Landscape(ravine_loss, ravine_gradient, 0.0),
    "rosenbrock": Landscape(rosenbrock_loss, rosenbrock_gradient, 0.0),
    "saddle": Landscape(saddle_loss, saddle_gradient, 0.0),
    "wells": Landscape(
        wells_loss, wells_gradient, float(wells_loss(np.array([BETTER, 0.0])))
    ),
}


def scene(
    start: list[float],
    gd: float,
    momentum: float,
    nesterov: float,
    adagrad: float,
    rmsprop: float,
    adam: float,
    steps: int = LAST,
) -> dict:
    """What comes with a landscape: a start and a good rate for each method."""
    return {
        "start": start,
        "gd": [gd],
        "momentum": [momentum, 0.9],
        "nesterov": [nesterov, 0.9],
        "adagrad": [adagrad],
        "rmsprop": [rmsprop, 0.9],
        "adam": [adam, 0.9, 0.999],
        "steps": steps,
    }


# The best of 1, 2, 5, 10, ... for the way to the least loss; in the two wells the same
# small one, except for the methods whose rate is a length.
SCENES = {
    "ravine": scene([-8.0, 2.0], 0.01, 0.01, 0.01, 10.0, 0.02, 5.0),
    "rosenbrock": scene([-1.2, 1.0], 0.002, 0.002, 0.001, 2.0, 0.005, 0.5),
    "saddle": scene([1.5, -1.499], 0.2, 0.05, 0.1, 2.0, 0.05, 1.0),
    "wells": scene([2.0, 1.5], 0.02, 0.02, 0.02, 0.5, 0.02, 0.1),
    "points": scene([1.0, -3.0], 2.0, 0.2, 0.2, 0.5, 0.1, 0.1, steps=EPOCHS),
}
DECAY = 0.005  # of the twenty points' loss
ALL = slice(None)


class Race(Explorer):
    """Optimizers from one start, on landscapes of two parameters or on twenty points.

    Four landscapes ("ravine", "rosenbrock", "saddle", "wells") are for six methods. On
    the fifth, "points", gradient descent races SGD epoch by epoch: the loss is the mean
    cross-entropy of a logistic unit without bias, plus a penalty. Their shuffles are
    NumPy's, and the page carries them.

    Parameters
    ----------
    x, y : arrays of shape (20, 2) and (20,), the points and their labels, 0 or 1
    traits : `landscape`, `start`, `steps` (how many are shown; epochs on the points),
        `shown` (the methods that run), `method` (the one whose settings are shown), the
        settings of each, `gd` ([ρ]), `momentum` and `nesterov` ([ρ, μ]), `adagrad`
        ([ρ]), `rmsprop` ([ρ, β]), `adam` ([ρ, β₁, β₂]); on the points `batch` (size),
        `reduction` (the loss is a "mean" or a "sum" over them; ρ is the rate for means
        that makes gradient descent take the same steps) and `seed` of the shuffles; a
        new `landscape` brings its own start and settings with it
    """

    words = (
        "An interactive figure: contour lines of a loss of two parameters, and the "
        "paths of optimizers from a start that can be dragged, each with settings of "
        "its own. It needs JavaScript; the handout shows it in panels."
    )

    heights: ClassVar = (662, 1002)

    landscape = traitlets.Enum(list(SCENES), "ravine").tag(sync=True)
    start = traitlets.List(traitlets.Float(), minlen=2, maxlen=2).tag(sync=True)
    steps = traitlets.Int(LAST, min=0, max=LAST).tag(sync=True)
    shown = traitlets.List(traitlets.Enum(list(RULES)), ["gd", "nesterov", "adam"]).tag(
        sync=True
    )
    method = traitlets.Enum(list(RULES), "nesterov").tag(sync=True)
    gd = traitlets.List(traitlets.Float(), minlen=1, maxlen=1).tag(sync=True)
    momentum = traitlets.List(traitlets.Float(), minlen=2, maxlen=2).tag(sync=True)
    nesterov = traitlets.List(traitlets.Float(), minlen=2, maxlen=2).tag(sync=True)
    adagrad = traitlets.List(traitlets.Float(), minlen=1, maxlen=1).tag(sync=True)
    rmsprop = traitlets.List(traitlets.Float(), minlen=2, maxlen=2).tag(sync=True)
    adam = traitlets.List(traitlets.Float(), minlen=3, maxlen=3).tag(sync=True)
    batch = traitlets.Enum([1, 2, 4, 5, 10, 20], 4).tag(sync=True)
    reduction = traitlets.Enum(["mean", "sum"], "mean").tag(sync=True)
    seed = traitlets.Int(0, min=0, max=SEEDS - 1).tag(sync=True)
    settings = traitlets.Dict().tag(sync=True)

    def __init__(self, x: Array, y: Array, **traits: object):
        self.x, self.y = np.asarray(x, float), np.asarray(y, float)
        if self.x.shape != (POINTS, 2) or self.y.shape != (POINTS,):
            raise ValueError(
                f"points of shape {self.x.shape} with labels of shape {self.y.shape}; "
                f"give ({POINTS}, 2) and ({POINTS},)"
            )
        own = SCENES.get(traits.get("landscape"), SCENES["ravine"])
        self.best = self.optimum()
        points = {
            "x": self.x.ravel().tolist(),
            "y": self.y.tolist(),
            "best": self.best.tolist(),
            "least": float(self.points_loss(self.best)),
            "orders": ["".join(map(chr, 97 + orders(s).ravel())) for s in range(SEEDS)],
        }
        settings = {"scenes": SCENES, "points": points}
        super().__init__(settings=settings, **own | traits)

    @traitlets.validate("start")
    def _finite(self, proposal: dict) -> list[float]:
        if not np.all(np.isfinite(proposal["value"])):
            raise traitlets.TraitError("start must be finite")
        return proposal["value"]

    @traitlets.validate(*RULES)
    def _sensible(self, proposal: dict) -> list[float]:
        rate, *memories = proposal["value"]
        name = proposal["trait"].name
        if not 0 < rate < np.inf:
            raise traitlets.TraitError(f"the learning rate of {name} must be positive")
        if not all(0 <= memory < 1 for memory in memories):
            raise traitlets.TraitError(f"{name} needs memories from 0 to below 1")
        return proposal["value"]

    @traitlets.observe("landscape")
    def _begin(self, change: dict) -> None:
        # The figure itself sends all this along with a landscape, and nothing is left.
        old, new = (SCENES.get(change[key]) for key in ("old", "new"))
        if old and self.settings:
            for name, value in old.items():
                if getattr(self, name) == value:
                    setattr(self, name, new[name])

    # The twenty points ----------------------------------------------------------------

    def points_loss(self, theta: Array) -> Array:
        """Mean cross-entropy and penalty at points of shape (..., 2)."""
        o = theta[..., :1] * self.x[:, 0] + theta[..., 1:] * self.x[:, 1]
        entropy = np.mean(np.logaddexp(0, o) - self.y * o, axis=-1)
        return entropy + DECAY / 2 * np.sum(theta**2, axis=-1)

    def points_gradient(self, theta: Array, batch: Array | slice = ALL) -> Array:
        """The mean over a batch of indices (default: all)."""
        x, y = self.x[batch], self.y[batch]
        y_hat = 1 / (1 + np.exp(-(x @ theta)))
        return (y_hat - y) @ x / len(x) + DECAY * theta

    def optimum(self) -> Array:
        """Newton's method on the twenty points, from zero."""
        theta = np.zeros(2)
        for _ in range(30):
            y_hat = 1 / (1 + np.exp(-(self.x @ theta)))
            hessian = (self.x.T * (y_hat * (1 - y_hat))) @ self.x / POINTS
            hessian += DECAY * np.eye(2)
            theta = theta - np.linalg.solve(hessian, self.points_gradient(theta))
        return theta

    def epochs(self, batch: int) -> Array:
        """Iterates of minibatch descent in ten epochs; with 20, of gradient descent."""
        share = batch / POINTS if self.reduction == "sum" else 1.0
        theta = np.array(self.start)
        path = [theta]
        for order in orders(self.seed):
            for indices in np.split(order, POINTS // batch):
                step = self.gd[0] * share * self.points_gradient(theta, indices)
                theta = theta - step
                path.append(theta)
        return np.array(path)

    # The race -------------------------------------------------------------------------

    def terrain(self) -> Landscape:
        """The present landscape."""
        if self.landscape == "points":
            least = float(self.points_loss(self.best))
            return Landscape(self.points_loss, self.points_gradient, least)
        return LANDSCAPES[self.landscape]

    def racers(self) -> list[str]:
        if self.landscape == "points":
            return ["gd", "sgd"]
        return [name for name in RULES if name in self.shown]

    def path(self, name: str, last: int = LAST) -> Array:
        """A method's iterates, fewer where they run away; shape (steps + 1, 2)."""
        if self.landscape == "points":
            return self.epochs(POINTS if name == "gd" else self.batch)
        rule, settings = RULES[name], getattr(self, name)
        _, gradient, _ = self.terrain()
        theta, memory = np.array(self.start), {}
        path = [theta]
        while len(path) <= last and np.abs(theta).max() < LOST:
            theta = rule(theta, gradient(theta), memory, *settings)
            path.append(theta)
        return np.array(path)

    def outcome(self, name: str) -> dict:
        """What becomes of a method within 1 000 steps.

        Returns
        -------
        `kind`: "arrives" (and `step`, from which on its loss stays within 0.01 of the
        least), "lost" (beyond a million), "rests" (elsewhere, without slope), "late"
        """
        loss, gradient, least = self.terrain()
        path = self.path(name, FAR)
        if not np.abs(path[-1]).max() < LOST:
            return {"kind": "lost"}
        above = np.flatnonzero(loss(path) - least >= NEAR)
        step = int(above[-1]) + 1 if len(above) else 0
        if step < len(path):
            return {"kind": "arrives", "step": step}
        rests = np.abs(gradient(path[-1])).max() < 1e-6
        return {"kind": "rests" if rests else "late"}

    # In print -------------------------------------------------------------------------

    def draw(self) -> Figure:
        """Four landscapes; or the points with means, with sums, and the losses."""
        return self._draw_points() if self.landscape == "points" else self._draw_race()

    def _draw_race(self) -> Figure:
        figure = Figure(figsize=(7.4, 2.5))
        axes = figure.subplots(1, 4)
        views = {
            "ravine": ((-10, 5), (-9, 6), [0.5, 5, 25, 80, 200], [[0, 0]]),
            "rosenbrock": ((-1.7, 1.7), (-0.8, 2.2), [0.5, 4, 20, 80, 250], [[1, 1]]),
            "saddle": ((-2, 2), (-2, 2), [0.05, 0.4, 1, 3, 8], []),
            "wells": ((-2.2, 2.2), (-1.8, 2.2), [0, 0.5, 1, 2, 4, 8], [[BETTER, 0]]),
        }
        titles = {"rosenbrock": "Rosenbrock", "wells": "two wells"}
        drawn = {"wells": ["gd", "momentum", "adam"]}
        for ax, (place, (xlim, ylim, levels, best)) in zip(
            axes, views.items(), strict=True
        ):
            run = Race(self.x, self.y, landscape=place)
            ax.set(xlim=xlim, ylim=ylim, xlabel="$\\theta_1$")
            ax.set_title(titles.get(place, place))
            run._draw_contours(ax, levels)
            if place == "saddle":
                far = np.linspace(0.5, 2, 40)
                for side in (far, -far):
                    ax.plot(side, 1 / side, color=palette.good, ls="-", lw=1)
            for point in best:
                ax.plot(*point, "s", color=palette.good, ms=5)
            for name in drawn.get(place, ["gd", "nesterov", "adam"]):
                run._draw_path(ax, name, run.path(name))
            ax.plot(*run.start, "o", color=palette.ink, ms=4)
        axes[0].set_ylabel("$\\theta_2$")
        handles = {
            text: handle
            for ax in axes
            for handle, text in zip(*ax.get_legend_handles_labels(), strict=True)
        }
        figure.legend(
            handles.values(), handles.keys(), loc="outside lower center", ncols=4
        )
        return figure

    def _draw_points(self) -> Figure:
        figure = Figure(figsize=(7.4, 2.7))
        axes = figure.subplots(1, 3)
        runs = {
            reduction: Race(
                self.x,
                self.y,
                landscape="points",
                reduction=reduction,
                **{
                    name: getattr(self, name)
                    for name in ("start", "gd", "batch", "seed")
                },
            )
            for reduction in ("mean", "sum")
        }
        for ax, (reduction, run) in zip(axes, runs.items(), strict=False):
            ax.set(xlim=(0, 6), ylim=(-3.4, 1.6), xlabel="$\\theta_1$")
            ax.set_title(f"loss is a {reduction}")
            run._draw_contours(ax, [0.17, 0.2, 0.3, 0.5, 0.8, 1.2, 1.8, 2.5])
            for name in ("sgd", "gd"):
                run._draw_path(ax, name, run.path(name))
            ax.plot(*self.best, "s", color=palette.good)
        axes[0].set_ylabel("$\\theta_2$")
        for label, name, reduction, style in [
            ("GD", "gd", "mean", "-"),
            ("SGD", "sgd", "mean", "-"),
            ("SGD, sum", "sgd", "sum", ":"),
        ]:
            path = runs[reduction].path(name)
            at = np.linspace(0, EPOCHS, len(path))
            color = LOOKS[name][1]
            axes[2].plot(at, self.points_loss(path), color=color, ls=style, label=label)
        axes[2].set(xlabel="epoch", title="loss (mean)", ylim=(0, 1), xticks=[0, 5, 10])
        axes[2].legend()
        return figure

    def _draw_contours(self, ax: Axes, levels: list[float]) -> None:
        first, second, points = plane(ax, 100)
        heights = self.terrain().loss(points).reshape(first.shape)
        ax.contour(
            first, second, heights, levels=levels, colors=palette.axis, linewidths=0.5
        )

    def _draw_path(self, ax: Axes, name: str, path: Array) -> None:
        label, color, style, marker = LOOKS[name]
        ax.plot(*path.T, ".", color=color, ls=style, lw=0.8, ms=2.5)
        ax.plot(*path[-1], marker, color=color, ms=5, ls=style, lw=0.8, label=label)


def orders(seed: int) -> Array:
    """The samples' order in each of ten epochs; shape (10, 20)."""
    rng = np.random.default_rng(seed)
    return np.array([rng.permutation(POINTS) for _ in range(EPOCHS)])
