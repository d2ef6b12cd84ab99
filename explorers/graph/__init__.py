"""Forward and backward on a graph, node by node: `graph.js` in Python, and in print."""

import math
from typing import ClassVar, NamedTuple

import traitlets
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch

from explorers.base import Explorer
from notebook_utils import palette


class Node(NamedTuple):
    """A node: its name, what it computes or which kind of input it is, its inputs.

    An affine node has weights for its inputs, and last a bias.
    """

    name: str
    kind: str
    inputs: tuple[str, ...] = ()
    weights: tuple[float, ...] = ()


GRAPHS = {
    "exponential": [
        Node("w", "weight"),
        Node("x", "input"),
        Node("b", "bias"),
        Node("z", "product", ("w", "x")),
        Node("o", "sum", ("z", "b")),
        Node("y", "exp", ("o",)),
    ],
    # The network that the chapter works in numbers.
    "network": [
        Node("x1", "input"),
        Node("x2", "input"),
        Node("y", "target"),
        Node("o1", "affine", ("x1", "x2"), (1.0, 0.5, 1.0)),
        Node("o2", "affine", ("x1", "x2"), (-2.0, 0.5, 0.0)),
        Node("a1", "relu", ("o1",)),
        Node("a2", "relu", ("o2",)),
        Node("s", "affine", ("a1", "a2"), (2.0, 3.0, -1.0)),
        Node("L", "error", ("s", "y")),
    ],
}


# What each kind computes from its inputs and weights, and its slope by each input.
RULES = {
    "product": (lambda u, v: u * v, lambda u, v: (v, u)),
    "sum": (lambda u, v: u + v, lambda u, v: (1.0, 1.0)),
    "exp": (math.exp, lambda u: (math.exp(u),)),
    "affine": (lambda u, v, p, q, b: p * u + q * v + b, lambda u, v, p, q, b: (p, q)),
    "relu": (lambda u: max(u, 0.0), lambda u: (1.0 if u > 0 else 0.0,)),
    "error": (lambda u, v: (u - v) ** 2, lambda u, v: (2 * (u - v), 2 * (v - u))),
}


class Graph(Explorer):
    """Reverse mode on a graph: y = exp(wx + b), or a network of two hidden ReLUs.

    The network has two inputs, fixed weights and the loss L = (s − y)². A step gives
    one node its value, later one node its adjoint, which is complete at once and, at
    a node with weights, gives their gradients.

    Parameters
    ----------
    traits : `example` ("exponential" or "network"), its inputs `exponential` (w, x, b)
        and `network` (x₁, x₂, y), `step` (how many are done)
    """

    words = (
        "An interactive figure of a computational graph: step by step each node gets "
        "its value on the way forward and its adjoint on the way back. It needs "
        "JavaScript; the handout shows it in three frames."
    )
    heights: ClassVar = (619, 815)

    example = traitlets.Enum(list(GRAPHS), "exponential").tag(sync=True)
    exponential = traitlets.List(
        traitlets.Float(), [2.0, 3.0, -4.0], minlen=3, maxlen=3
    ).tag(sync=True)
    network = traitlets.List(
        traitlets.Float(), [1.0, 2.0, 3.0], minlen=3, maxlen=3
    ).tag(sync=True)
    step = traitlets.Int(0, min=0, max=20).tag(sync=True)

    @traitlets.validate("exponential", "network")
    def _moderate(self, proposal: dict) -> list[float]:
        if not all(abs(value) <= 10 for value in proposal["value"]):
            raise traitlets.TraitError("inputs must lie between -10 and 10")
        return proposal["value"]

    def run(self) -> dict[str, dict]:
        """Values and adjoints by node, slopes and contributions by arrow (from, to).

        The gradients of weights, and last of the bias, are by node.
        """
        nodes = GRAPHS[self.example]
        values, slopes = {}, {}
        given = iter(getattr(self, self.example))
        for name, kind, inputs, weights in nodes:
            if not inputs:
                values[name] = next(given)
                continue
            value, slope = RULES[kind]
            arguments = [*(values[u] for u in inputs), *weights]
            values[name] = value(*arguments)
            slopes |= {
                (u, name): by_u
                for u, by_u in zip(inputs, slope(*arguments), strict=True)
            }
        adjoints = dict.fromkeys(values, 0.0)
        adjoints[nodes[-1].name] = 1.0
        contributions, gradients = {}, {}
        for name, _, inputs, weights in reversed(nodes):
            if weights:
                factors = [*(values[u] for u in inputs), 1.0]
                gradients[name] = [adjoints[name] * factor for factor in factors]
            for u in inputs:
                contributions[u, name] = adjoints[name] * slopes[u, name]
                adjoints[u] += contributions[u, name]
        return {
            "values": values,
            "slopes": slopes,
            "adjoints": adjoints,
            "contributions": contributions,
            "gradients": gradients,
        }

    def draw(self) -> Figure:
        """Three frames of the network: forward, half of the way back, all of it."""
        figure = Figure(figsize=(7.2, 4.4))
        frame = Graph(example="network", network=self.network)
        back = [node.name for node in reversed(GRAPHS["network"])]
        titles = ["forward: values, slopes", "backward, half way", "backward: all done"]
        panels = zip(figure.subplots(1, 3), titles, [0, 4, 9], strict=True)
        for axes, title, count in panels:
            axes.set_title(title)
            frame._draw_frame(axes, back[:count])
        return figure

    def _draw_frame(self, axes, known: list[str]) -> None:
        """Draw the network with the adjoints of the nodes that are known."""
        run = self.run()
        for (u, v), slope in run["slopes"].items():
            passed = u in known
            color = palette.accent if passed else palette.axis
            axes.annotate(
                "",
                edge(u, v) if passed else edge(v, u),
                edge(v, u) if passed else edge(u, v),
                arrowprops={
                    "arrowstyle": "-|>",
                    "color": color,
                    "lw": 0.9,
                    "ls": "--" if passed else "-",
                    "shrinkA": 0,
                    "shrinkB": 0,
                    "mutation_scale": 7,
                },
            )
            (x, y), (to_x, to_y) = edge(u, v), edge(v, u)
            side = 0 if y == to_y else SIDES.get((u, v), 1)
            part = 0.3 if (u, v) in CROSSING else 0.5
            axes.text(
                x + part * (to_x - x) + (0.16 if part < 0.5 else 0.08) * side,
                y + part * (to_y - y),
                written(run["contributions"][u, v] if passed else slope),
                color=palette.accent if passed else palette.step,
                ha={1: "left", 0: "center", -1: "right"}[side],
                va="center" if side else "bottom",
                fontsize=7.2,
            )
        for name, kind, _, _ in GRAPHS["network"]:
            x, y = PLACES[name]
            card = FancyBboxPatch(
                (x - WIDTH / 2, y - HEIGHT / 2),
                WIDTH,
                HEIGHT,
                boxstyle="round,pad=0,rounding_size=0.07",
                facecolor="white",
                edgecolor=getattr(palette, LOOKS[kind]),
                linewidth=1,
            )
            axes.add_patch(card)
            lines = [(0.2, SIGNS.get(kind, kind), palette.ink)]
            symbol = name[0] + f"_{name[1:]}" * (len(name) > 1)
            lines += [(0, f"${symbol}$ {written(run['values'][name])}", palette.ink)]
            if name in known:
                text = rf"$\bar{{{name[0]}}}{symbol[1:]}$ "
                text += written(run["adjoints"][name])
                lines += [(-0.2, text, palette.accent)]
            for up, text, color in lines:
                place = {"ha": "center", "va": "center"}
                axes.text(x, y + up, text, color=color, fontsize=7, **place)
        axes.set(xlim=(-0.1, 4.6), ylim=(-5.4, 0.4))
        axes.axis("off")


# The network in print: middles of the cards, their size, the side of arrows' numbers.
PLACES = {
    "x1": (0.7, 0),
    "x2": (3.3, 0),
    "o1": (0.7, -1.4),
    "o2": (3.3, -1.4),
    "a1": (0.7, -2.6),
    "a2": (3.3, -2.6),
    "s": (2, -3.8),
    "y": (4, -5),
    "L": (2, -5),
}
WIDTH, HEIGHT = 1.09, 0.66
SIDES = dict.fromkeys([("x1", "o1"), ("o1", "a1"), ("a1", "s"), ("s", "L")], -1)
CROSSING = {("x1", "o2"), ("x2", "o1")}
SIDES[("x1", "o2")] = -1
SIGNS = {"affine": "affine", "relu": "ReLU", "error": "$(s - y)^2$"}
LOOKS = {
    "input": "data",
    "target": "data",
    "affine": "curve",
    "relu": "curve",
    "error": "good",
}


def edge(u: str, v: str) -> tuple[float, float]:
    """Where the line from the middle of card u to that of card v leaves u."""
    (x, y), (to_x, to_y) = PLACES[u], PLACES[v]
    dx, dy = to_x - x, to_y - y
    part = min(
        WIDTH / 2 / abs(dx) if dx else math.inf,
        HEIGHT / 2 / abs(dy) if dy else math.inf,
    )
    return x + part * dx, y + part * dy


def written(value: float) -> str:
    """The number with two decimals, without zeros at its end."""
    text = f"{value:.2f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text.replace("-", "−")
