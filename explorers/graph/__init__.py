"""Forward and backward on a graph, node by node: `graph.js` in Python, and in print."""

import math
from typing import ClassVar, NamedTuple

import traitlets
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch

from explorers.base import Explorer
from notebook_utils import palette


class Node(NamedTuple):
    """A node: its name, what it computes or which kind of input it is, its inputs."""

    name: str
    kind: str
    inputs: tuple[str, ...] = ()


GRAPHS = {
    "exponential": [
        Node("w", "weight"),
        Node("x", "input"),
        Node("b", "bias"),
        Node("z", "product", ("w", "x")),
        Node("o", "sum", ("z", "b")),
        Node("y", "exp", ("o",)),
    ],
    # Each weight is used twice: on the way into its hidden unit and on the way out.
    "network": [
        Node("x", "input"),
        Node("w1", "weight"),
        Node("w2", "weight"),
        Node("y", "target"),
        Node("o1", "product", ("w1", "x")),
        Node("a1", "sigmoid", ("o1",)),
        Node("p1", "product", ("w1", "a1")),
        Node("o2", "product", ("w2", "x")),
        Node("a2", "sigmoid", ("o2",)),
        Node("p2", "product", ("w2", "a2")),
        Node("s", "sum", ("p1", "p2")),
        Node("L", "error", ("s", "y")),
    ],
}


def sigmoid(u: float) -> float:
    return 1 / (1 + math.exp(-u))


# What each kind computes from its inputs, and its slope with respect to each of them.
RULES = {
    "product": (lambda u, v: u * v, lambda u, v: (v, u)),
    "sum": (lambda u, v: u + v, lambda u, v: (1.0, 1.0)),
    "exp": (math.exp, lambda u: (math.exp(u),)),
    "sigmoid": (sigmoid, lambda u: (sigmoid(u) * (1 - sigmoid(u)),)),
    "error": (lambda u, v: (u - v) ** 2, lambda u, v: (2 * (u - v), 2 * (v - u))),
}


class Graph(Explorer):
    """Reverse mode on a graph: y = exp(wx + b), or a network of two hidden units.

    The network is s = w₁ σ(w₁x) + w₂ σ(w₂x) with the loss L = (s − y)². A step gives
    one node its value, later one node its adjoint, which is complete at once.

    Parameters
    ----------
    traits : `example` ("exponential" or "network"), its inputs `exponential` (w, x, b)
        and `network` (x, w₁, w₂, y), `step` (how many are done)
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
        traitlets.Float(), [0.5, 1.5, -1.0, 2.0], minlen=4, maxlen=4
    ).tag(sync=True)
    step = traitlets.Int(0, min=0, max=20).tag(sync=True)

    @traitlets.validate("exponential", "network")
    def _moderate(self, proposal: dict) -> list[float]:
        if not all(abs(value) <= 10 for value in proposal["value"]):
            raise traitlets.TraitError("inputs must lie between -10 and 10")
        return proposal["value"]

    def run(self) -> dict[str, dict]:
        """Values and adjoints by node, slopes and contributions by arrow (from, to)."""
        nodes = GRAPHS[self.example]
        values, slopes = {}, {}
        given = iter(getattr(self, self.example))
        for name, kind, inputs in nodes:
            if not inputs:
                values[name] = next(given)
                continue
            value, slope = RULES[kind]
            arguments = [values[u] for u in inputs]
            values[name] = value(*arguments)
            slopes |= {
                (u, name): by_u
                for u, by_u in zip(inputs, slope(*arguments), strict=True)
            }
        adjoints = dict.fromkeys(values, 0.0)
        adjoints[nodes[-1].name] = 1.0
        contributions = {}
        for name, _, inputs in reversed(nodes):
            for u in inputs:
                contributions[u, name] = adjoints[name] * slopes[u, name]
                adjoints[u] += contributions[u, name]
        return {
            "values": values,
            "slopes": slopes,
            "adjoints": adjoints,
            "contributions": contributions,
        }

    def draw(self) -> Figure:
        """Three frames of the network: forward, half of the way back, all of it."""
        figure = Figure(figsize=(7.2, 4.4))
        frame = Graph(example="network", network=self.network)
        back = [node.name for node in reversed(GRAPHS["network"])]
        titles = ["forward: values, slopes", "backward, half way", "backward: all done"]
        panels = zip(figure.subplots(1, 3), titles, [0, 6, 12], strict=True)
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
            axes.text(
                (x + to_x) / 2 + 0.06 * side,
                (y + to_y) / 2,
                written(run["contributions"][u, v] if passed else slope),
                color=palette.accent if passed else palette.step,
                ha={1: "left", 0: "center", -1: "right"}[side],
                va="center" if side else "bottom",
                fontsize=7.2,
            )
        for name, kind, _ in GRAPHS["network"]:
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
        axes.set(xlim=(-0.56, 4.56), ylim=(-5.4, 0.4))
        axes.axis("off")


# The network in print: middles of the cards, their size, the side of arrows' numbers.
PLACES = {
    "x": (2, 0),
    "o1": (1.15, -1),
    "o2": (2.85, -1),
    "a1": (1.15, -2),
    "a2": (2.85, -2),
    "w1": (0, -2),
    "w2": (4, -2),
    "p1": (1.15, -3),
    "p2": (2.85, -3),
    "s": (2, -4),
    "y": (4, -5),
    "L": (2, -5),
}
WIDTH, HEIGHT = 1.09, 0.66
LEFT = "x o1, w1 o1, w1 p1, p1 s, a2 p2, o2 a2, s L"
SIDES = {tuple(arrow.split()): -1 for arrow in LEFT.split(", ")}
SIGNS = {"product": "×", "sum": "+", "sigmoid": "$\\sigma$", "error": "$(s - y)^2$"}
LOOKS = {
    "input": "data",
    "target": "data",
    "weight": "step",
    "product": "curve",
    "sum": "curve",
    "sigmoid": "curve",
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
