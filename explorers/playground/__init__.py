"""A network trained while one watches: `playground.js` in NumPy, and in print."""

from collections.abc import Iterator
from itertools import islice, pairwise
from typing import ClassVar

import numpy as np
import traitlets
from matplotlib.figure import Figure

from explorers.base import Explorer
from notebook_utils import CLASS_COLORS, CLASS_MARKERS, palette

COUNT = 200  # training points, and as many held out
LAST = 2000  # epochs that the figure trains at most
PLANE = 2.5  # both inputs are shown from minus this on
NODES = 61  # of the grid over the plane, in each direction
WIDEST = 8  # units of a hidden layer at most

# What random numbers are drawn for; each has a sequence of its own.
TRAINING, HELD_OUT, WEIGHTS, ORDER = range(4)


def sigmoid(o: np.ndarray) -> np.ndarray:
    return 0.5 + 0.5 * np.tanh(0.5 * o)


NOISE = {"spiral": 0.1, "circles": 0.2, "xor": 0.2, "moons": 0.3}
# Activation, and its derivative in terms of its value.
ACTIVATIONS = {
    "tanh": (np.tanh, lambda a: 1 - a * a),
    "relu": (lambda o: np.maximum(o, 0.0), lambda a: a > 0),
    "sigmoid": (sigmoid, lambda a: a * (1 - a)),
}
# Standard deviation of a weight; "equal" has none.
SCALES = {
    "glorot": lambda inputs, outputs: np.sqrt(2 / (inputs + outputs)),
    "he": lambda inputs, outputs: np.sqrt(2 / inputs),
    "small": lambda inputs, outputs: 0.01,
    "large": lambda inputs, outputs: 2.0,
    "equal": lambda inputs, outputs: 0.0,
}
EQUAL = 0.5  # every weight
FLAT = 1e-12  # share of the squared spread below which there is no direction

Layers = list[tuple[np.ndarray, np.ndarray]]


def mix(z: np.ndarray) -> np.ndarray:
    """Scramble 32-bit integers, as mulberry32 does with its counter."""
    z = (z ^ (z >> np.uint32(15))) * (z | np.uint32(1))
    z = z ^ (z + (z ^ (z >> np.uint32(7))) * (z | np.uint32(61)))
    return z ^ (z >> np.uint32(14))


def uniform(purpose: int, seed: int, count: int, skip: int = 0) -> np.ndarray:
    """Numbers from 0 to 1 of one sequence, after those skipped; shape (count,)."""
    start = mix(np.array([4 * seed + purpose], np.uint32))
    turns = np.arange(skip + 1, skip + count + 1, dtype=np.uint64)
    return mix(start + (turns * 0x6D2B79F5).astype(np.uint32)) / 2**32


def normal(u: np.ndarray) -> np.ndarray:
    """Standard normal numbers, each from two uniform ones (Box and Muller)."""
    return np.sqrt(-2 * np.log(1 - u[..., 0])) * np.cos(2 * np.pi * u[..., 1])


def dataset(kind: str, part: int = TRAINING) -> tuple[np.ndarray, np.ndarray]:
    """Points of two classes in turn: shapes (200, 2) and (200,)."""
    u = uniform(part, 0, 6 * COUNT).reshape(COUNT, 6)
    labels = np.arange(COUNT) % 2
    t, turn = u[:, 0], 2 * np.pi * u[:, 1]
    if kind == "spiral":
        radius = 0.2 + 1.8 * t
        angle = 1.5 * np.pi * radius + np.pi * labels
    elif kind == "circles":
        radius = np.where(labels == 1, 1.4 + 0.6 * t, 0.9 * np.sqrt(t))
        angle = turn
    if kind == "xor":
        x = 4 * u[:, :2] - 2
        x[:, 1] = np.abs(x[:, 1]) * np.sign(x[:, 0]) * (1 - 2 * labels)
    elif kind == "moons":
        side = 1 - 2 * labels
        x = 1.3 * np.column_stack([np.cos(np.pi * t), np.sin(np.pi * t)])
        x = side[:, None] * (x - [0.65, 0.325])
    else:
        x = radius[:, None] * np.column_stack([np.cos(angle), np.sin(angle)])
    return x + NOISE[kind] * normal(u[:, 2:].reshape(COUNT, 2, 2)), labels


class Playground(Explorer):
    """A network with two inputs and up to three hidden layers, trained on 200 points.

    The output is the logit of class 1, the loss the mean binary cross-entropy. Each
    step goes down its gradient over one batch; each epoch takes a new order.

    Parameters
    ----------
    traits : `data` ("spiral", "circles", "xor" or "moons"), `hidden` (units of the
        three hidden layers; 0 leaves one out), `activation` ("tanh", "relu" or
        "sigmoid"), `rate` (ρ), `batch` (1, 10, 50 or all 200), `init` ("glorot", "he",
        "small", "large" or "equal"), `seed` (of the weights and of the order), `epochs`
        (how many are shown), `layer` (the hidden layer whose plane is shown, at most
        the last), `axes` (0: its directions, see `directions`; k: its units 2k − 1 and
        2k)
    """

    words = (
        "An interactive figure of a network that is trained while one watches: the "
        "points and what the network says about the plane, the plane as a hidden layer "
        "sees it, the losses, and controls for data, network and training. It needs "
        "JavaScript; the handout shows it in four frames."
    )
    heights: ClassVar = (818, 1366)

    data = traitlets.Enum(list(NOISE), "spiral").tag(sync=True)
    hidden = traitlets.List(
        traitlets.Int(min=0, max=WIDEST), [8, 8, 0], minlen=3, maxlen=3
    ).tag(sync=True)
    activation = traitlets.Enum(list(ACTIVATIONS), "tanh").tag(sync=True)
    rate = traitlets.Float(0.2).tag(sync=True)
    batch = traitlets.Enum([1, 10, 50, COUNT], 10).tag(sync=True)
    init = traitlets.Enum(list(SCALES), "glorot").tag(sync=True)
    seed = traitlets.Int(2, min=0, max=99).tag(sync=True)
    epochs = traitlets.Int(0, min=0, max=LAST).tag(sync=True)
    layer = traitlets.Int(3, min=1, max=3).tag(sync=True)
    axes = traitlets.Int(0, min=0, max=WIDEST // 2).tag(sync=True)

    @traitlets.validate("rate")
    def _positive(self, proposal: dict) -> float:
        if not 0 < proposal["value"] <= 10:
            raise traitlets.TraitError("the learning rate must lie between 0 and 10")
        return proposal["value"]

    def sizes(self) -> list[int]:
        """Units of each layer, from the inputs to the output."""
        return [2, *filter(None, self.hidden), 1]

    def layers(self, theta: np.ndarray) -> Layers:
        """Views of all parameters: weights, (outputs, inputs), and biases by layer."""
        made, start = [], 0
        for inputs, outputs in pairwise(self.sizes()):
            middle, end = start + outputs * inputs, start + outputs * (inputs + 1)
            weights = theta[start:middle].reshape(outputs, inputs)
            made.append((weights, theta[middle:end]))
            start = end
        return made

    def initial(self) -> np.ndarray:
        """All parameters before training, layer by layer, weights first."""
        count = sum((m + 1) * n for m, n in pairwise(self.sizes()))
        drawn = normal(uniform(WEIGHTS, self.seed, 2 * count).reshape(-1, 2))
        for weights, biases in self.layers(drawn):
            outputs, inputs = weights.shape
            weights *= SCALES[self.init](inputs, outputs)
            weights += EQUAL if self.init == "equal" else 0.0
            biases[:] = 0
        return drawn

    def forward(self, theta: np.ndarray, x: np.ndarray) -> list[np.ndarray]:
        """The values of each layer on n points, inputs first and logits last."""
        return self._forward(self.layers(theta), x)

    def _forward(self, layers: Layers, x: np.ndarray) -> list[np.ndarray]:
        phi, values = ACTIVATIONS[self.activation][0], [x]
        for weights, biases in layers[:-1]:
            values.append(phi(values[-1] @ weights.T + biases))
        weights, biases = layers[-1]
        return [*values, values[-1] @ weights.T + biases]

    def gradient(self, theta: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """The gradient of the mean loss on n points; shape of `theta`."""
        result = np.empty_like(theta)
        self._backward(self.layers(theta), x, y, self.layers(result))
        return result

    def _backward(
        self, layers: Layers, x: np.ndarray, y: np.ndarray, slopes: Layers
    ) -> None:
        *values, logits = self._forward(layers, x)
        slope = ACTIVATIONS[self.activation][1]
        delta = (sigmoid(logits) - y[:, None]) / len(y)
        for k in range(len(layers) - 1, -1, -1):
            np.matmul(delta.T, values[k], out=slopes[k][0])
            delta.sum(axis=0, out=slopes[k][1])
            if k:
                delta = (delta @ layers[k][0]) * slope(values[k])

    def course(self) -> Iterator[np.ndarray]:
        """The parameters after 0, 1, 2, ... epochs."""
        x, y = dataset(self.data)
        theta = self.initial()
        gradient = np.empty_like(theta)
        layers, slopes = self.layers(theta), self.layers(gradient)
        for epoch in range(LAST + 1):
            yield theta.copy()
            keys = uniform(ORDER, self.seed, COUNT, skip=epoch * COUNT)
            order = np.argsort(keys, kind="stable").reshape(-1, self.batch)
            for batch, labels in zip(x[order], y[order], strict=True):
                self._backward(layers, batch, labels, slopes)
                theta -= self.rate * gradient

    def trained(self, *epochs: int) -> list[np.ndarray]:
        """The parameters after each of some numbers of epochs."""
        course = list(islice(self.course(), max(epochs) + 1))
        return [course[e] for e in epochs]

    def score(self, theta: np.ndarray, part: int = TRAINING) -> tuple[float, float]:
        """The mean loss, and the share of points on the right side."""
        x, y = dataset(self.data, part)
        margins = (2 * y - 1) * self.forward(theta, x)[-1][:, 0]
        return np.logaddexp(0, -margins).mean(), np.mean(margins > 0)

    def directions(self, theta: np.ndarray) -> np.ndarray:
        """What the plane of the shown layer is seen along; shape (units, 2).

        Two units, if `axes` says so. Else the last hidden layer is seen along the
        output's weights, where the border is a straight line across, and along the
        principal direction of what is left of its values on the training points; an
        earlier one along its first two principal directions. The first axis points to
        where the points of class 1 lie on the average, the second along x₂.
        """
        x, y = dataset(self.data)
        layers = self.layers(theta)
        depth = len(layers) - 1
        shown = min(self.layer, depth)
        values = self._forward(layers, x)[shown]
        units = values.shape[1]
        if self.axes:
            pair = np.arange(2 * self.axes - 2, 2 * self.axes) % units
            return np.eye(units)[:, pair] * ([1, 1] if units > 1 else [1, 0])
        rest, found = values - values.mean(axis=0), []
        spread = np.sum(rest**2)
        output = layers[-1][0][0]
        for axis in range(2):
            way = np.linalg.eigh(rest.T @ rest)[1][:, -1]
            if axis == 0 and shown == depth:
                way = output / (np.linalg.norm(output) or 1)
            elif np.sum(rest**2) <= FLAT * spread:
                way = np.zeros(units)
            else:
                along = (2 * y - 1) if axis == 0 else x[:, 1] - x[:, 1].mean()
                way = way if along @ (rest @ way) >= 0 else -way
            rest = rest - np.outer(rest @ way, way)
            found.append(way)
        return np.column_stack(found)

    def window(self, seen: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The middle of a window around points, and half of its sides."""
        low, high = seen.min(axis=0), seen.max(axis=0)
        half = 0.55 * (high - low)
        return (low + high) / 2, np.where(half == 0, 1, half)

    def draw(self) -> Figure:
        """The plane at three epochs, and as the shown layer sees it in the end."""
        end = self.epochs or 300
        frames = [0, end // 4, end]
        figure = Figure(figsize=(7.2, 2.25))
        axes = figure.subplots(1, 4)
        side = np.linspace(-PLANE, PLANE, NODES)
        nodes = np.stack(np.meshgrid(side, side), axis=-1)
        x, y = dataset(self.data)
        for ax, epochs, theta in zip(axes, frames, self.trained(*frames), strict=False):
            values = self.forward(theta, nodes.reshape(-1, 2))
            logits = values[-1].reshape(NODES, NODES)
            draw_border(ax, nodes, logits, tint=True)
            plot_points(ax, x, y)
            loss, right = self.score(theta)
            ax.set(title=f"epoch {epochs}\nloss {loss:.2f}, {right:.0%} right")
            ax.set(xlim=(-PLANE, PLANE), ylim=(-PLANE, PLANE), aspect="equal")
            ax.set(xlabel="$x_1$", xticks=[-2, 0, 2], yticks=[-2, 0, 2])
        axes[0].set_ylabel("$x_2$")
        self._draw_bent(axes[3], theta, values, logits)
        return figure

    def _draw_bent(self, ax, theta, values, logits) -> None:
        x, y = dataset(self.data)
        shown = min(self.layer, len(values) - 2)
        ways = self.directions(theta)
        bent = (values[shown] @ ways).reshape(NODES, NODES, 2)
        seen = self.forward(theta, x)[shown] @ ways
        middle, half = self.window(seen)
        for line in [*bent[::6], *bent[:, ::6].swapaxes(0, 1)]:
            ax.plot(*line.T, color=palette.data, ls="-", lw=0.25)
        draw_border(ax, bent, logits)
        plot_points(ax, seen, y)
        name = f"layer {shown}" if shown else "inputs"
        ax.set(title=f"as {name}\nsees it then", box_aspect=1, xticks=[], yticks=[])
        xlim, ylim = np.transpose([middle - half, middle + half])
        ax.set(xlim=xlim, ylim=ylim)
        if not self.axes and shown == len(values) - 2:
            ax.set_xlabel("output's weights")


def plot_points(ax, places: np.ndarray, labels: np.ndarray) -> None:
    """Small marks, each class with its own."""
    for label in (0, 1):
        look = {"color": CLASS_COLORS[label], "marker": CLASS_MARKERS[label]}
        ax.scatter(*places[labels == label].T, s=5, linewidth=0, **look)


def draw_border(ax, places, logits, tint: bool = False) -> None:
    """Where the network wavers, and tints by how sure it is; (n, n, 2) and (n, n)."""
    x, y = np.moveaxis(places, -1, 0)
    if tint:
        sure = np.tanh(logits / 2)  # 2p - 1
        for sign, color in [(-1, palette.curve), (1, palette.step)]:
            for least in (0.2, 0.5, 0.8):
                ax.contourf(
                    x, y, sign * sure, levels=[least, 2], colors=[color], alpha=0.13
                )
    if logits.min() < 0 < logits.max():
        ax.contour(x, y, logits, levels=[0], colors=palette.ink, linewidths=1.1)
