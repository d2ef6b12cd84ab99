"""One neuron in the plane and Rosenblatt's rule: `neuron.js` in NumPy, and in print."""

from typing import ClassVar

import numpy as np
import traitlets
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch

from explorers.base import Explorer
from notebook_utils import palette, plot_boundary, plot_classes

LAST = 40  # mistakes that the figure shows at most
FAR = 1000  # mistakes after which it waits no longer for the end
LABELS = np.tile([0, 1, 1, 0], 3)  # of the points, in the order of their turns
VIEW = (-1.0, 2.0)  # both inputs
ACTIVATIONS = {
    "step": lambda o: np.where(o >= 0, 1.0, 0.0),
    "sigmoid": lambda o: 1 / (1 + np.exp(-o)),
    "identity": lambda o: o,
}

APART = np.array(
    [[-0.1, 0.15], [1.0, 0.8], [0.4, 1.5], [-0.05, -0.35], [0.8, 0.05], [-0.05, 1.1]]
    + [[1.6, 1.55], [0.7, -0.45], [1.3, -0.6], [1.5, 0.25], [0.5, 0.7], [-0.5, 0.7]]
)
MIXED = APART.copy()
MIXED[[2, 7]] = [[0.25, -0.2], [1.1, 1.25]]  # one of each class among the others
SETTINGS = {
    "apart": {"line": [-1.0, 0.8, 0.2], "hold": [0.8, 0.75]},
    "mixed": {"line": [-1.0, 0.8, 0.2], "hold": [0.8, 0.75]},
    "xor": {"line": [1.0, 1.0, -0.5], "hold": [0.25, 0.25]},
}
for _name, _points in {
    "apart": APART,
    "mixed": MIXED,
    "xor": np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]),
}.items():
    SETTINGS[_name]["points"] = _points.ravel().tolist()


class Neuron(Explorer):
    """A neuron with two inputs: its line, its output, and the rule that moves it.

    The points take turns; each one on the wrong side of the line is a mistake, and the
    rule adds it to the weights or subtracts it.

    Parameters
    ----------
    traits : `data` ("apart", "mixed" or "xor"), `activation` ("step", "sigmoid" or
        "identity"), `line` ([w₁, w₂, b] before the first mistake), `points` (moved
        ones, [x₁, x₂, x₁, ...]; none as long as they are the data set's own), `steps`
        (how many mistakes are shown), `hold` (the handle of the line lies on the line,
        nearest to here); new `data` bring their own line with them
    """

    words = (
        "An interactive figure of one neuron in the plane: points of two classes, the "
        "line between the neuron's answers, and Rosenblatt's rule, which moves it from "
        "mistake to mistake. It needs JavaScript; the handout shows it in four frames."
    )
    heights: ClassVar = (666, 893)

    data = traitlets.Enum(list(SETTINGS), "apart").tag(sync=True)
    activation = traitlets.Enum(list(ACTIVATIONS), "step").tag(sync=True)
    line = traitlets.List(traitlets.Float(), minlen=3, maxlen=3).tag(sync=True)
    hold = traitlets.List(traitlets.Float(), minlen=2, maxlen=2).tag(sync=True)
    points = traitlets.List(traitlets.Float()).tag(sync=True)
    steps = traitlets.Int(0, min=0, max=LAST).tag(sync=True)
    settings = traitlets.Dict().tag(sync=True)

    def __init__(self, **traits: object):
        own = SETTINGS.get(traits.get("data"), SETTINGS["apart"])
        traits = {"line": own["line"], "hold": own["hold"]} | traits
        super().__init__(settings=SETTINGS, **traits)

    @traitlets.validate("line", "hold", "points")
    def _finite(self, proposal: dict) -> list[float]:
        if not np.all(np.isfinite(proposal["value"])):
            raise traitlets.TraitError(f"{proposal['trait'].name} must be finite")
        return proposal["value"]

    @traitlets.observe("data")
    def _begin(self, change: dict) -> None:
        # The figure itself sends all this along with new data, and nothing is left.
        old = SETTINGS.get(change["old"])
        if old and self.line == old["line"]:
            new = SETTINGS[change["new"]]
            self.line, self.hold = new["line"], new["hold"]
            self.points, self.steps = [], 0

    def places(self) -> np.ndarray:
        """Where the points lie, moved ones included; shape (n, 2)."""
        own = SETTINGS[self.data]["points"]
        flat = self.points if len(self.points) == len(own) else own
        return np.reshape(flat, (-1, 2))

    def labels(self) -> np.ndarray:
        """Shape (n,)."""
        return LABELS[: len(self.places())]

    def course(self, limit: int = LAST) -> dict:
        """The rule's way, up to a number of mistakes.

        Returns
        -------
        `lines` of shape (mistakes + 1, 3), each w₁, w₂, b; `culprits`, the point of
        each mistake; `wrong`, how many points are on the wrong side of each line;
        `ended`, whether no point errs any more
        """
        inputs = np.column_stack([self.places(), np.ones(len(self.places()))])
        labels = self.labels()
        weights, lines, culprits = np.array(self.line), [self.line], []
        seen = right = 0
        while right < len(inputs) and len(culprits) < limit:
            i = seen % len(inputs)
            error = labels[i] - (inputs[i] @ weights >= 0)
            seen, right = seen + 1, right + 1
            if error:
                weights = weights + error * inputs[i]
                lines.append(weights)
                culprits.append(i)
                right = 0
        answers = inputs @ np.transpose(lines) >= 0
        return {
            "lines": np.array(lines),
            "culprits": culprits,
            "wrong": np.sum(answers != labels[:, None], axis=0),
            "ended": not np.any(answers[:, -1] != labels),
        }

    def separable(self) -> bool:
        """Whether a line has all points of class 1 strictly on one side."""
        points, labels = self.places(), self.labels()
        # Its normal makes an acute angle with every way from a 0 to a 1; so all these
        # ways lie within less than half a turn.
        ways = (points[labels == 1][:, None] - points[labels == 0]).reshape(-1, 2)
        angles = np.sort(np.arctan2(ways[:, 1], ways[:, 0]))
        gaps = np.diff(angles, append=angles[0] + 2 * np.pi)
        return bool(np.all(np.any(ways != 0, axis=1)) and max(gaps) > np.pi + 1e-9)

    def outcome(self) -> dict:
        """What becomes of the rule: "stops", "circles", "never" or "slow"."""
        far = self.course(FAR)
        if far["ended"]:
            return {"kind": "stops", "mistakes": len(far["culprits"])}
        if self.separable():
            return {"kind": "slow"}
        lines, culprits = far["lines"][: LAST + 1], far["culprits"]
        for now in range(2, len(lines)):
            for then in range(1, now):
                same = np.allclose(lines[now], lines[then], rtol=0, atol=1e-9)
                if same and culprits[now - 1] == culprits[then - 1]:
                    return {"kind": "circles", "since": then, "length": now - then}
        return {"kind": "never"}

    def answers(self, line: np.ndarray) -> np.ndarray:
        """The neuron's outputs on the points, shape (n,)."""
        return ACTIVATIONS[self.activation](self.places() @ line[:2] + line[2])

    def draw(self) -> Figure:
        """Four frames: start, a correction that spoils, the end; XOR in circles."""
        figure = Figure(figsize=(7.2, 2.35))
        axes = figure.subplots(1, 4, sharey=True)
        run = Neuron()
        course = run.course()
        last = len(course["culprits"])
        spoils = int(np.argmax(np.diff(course["wrong"]))) + 1
        wrong = course["wrong"]
        titles = {
            0: f"start:\n{wrong[0]} wrong",
            spoils: "mistake {}:\n{} wrong, then {}".format(
                spoils, *wrong[spoils - 1 : spoils + 1]
            ),
            last: f"mistake {last},\nthe last",
        }
        for ax, (t, title) in zip(axes, titles.items(), strict=False):
            run._draw_state(ax, course, t)
            ax.set_title(title)
        xor = Neuron(data="xor")
        course = xor.course()
        end = xor.outcome()
        t = end["since"] + end["length"]
        xor._draw_state(axes[3], course, t, arrow=False)
        for line in course["lines"][end["since"] + 1 : t]:
            draw_line(axes[3], line, ls=":")
        axes[3].set_title("XOR,\nin circles")
        axes[0].set_ylabel("$x_2$")
        return figure

    def _draw_state(self, ax, course: dict, t: int, arrow: bool = True) -> None:
        ax.set(xlim=VIEW, ylim=VIEW, aspect="equal", xlabel="$x_1$")
        ax.set(xticks=[-1, 0, 1, 2], yticks=[-1, 0, 1, 2])
        line, points, labels = course["lines"][t], self.places(), self.labels()
        plot_boundary(ax, lambda at: at @ line[:2] + line[2])
        wrong = (points @ line[:2] + line[2] >= 0) != labels
        ring = {"facecolor": "none", "s": 85, "linewidth": 1.1}
        ax.scatter(*points[wrong].T, edgecolor=palette.accent, **ring)
        if arrow and t:
            draw_line(ax, course["lines"][t - 1], ls="--")
            culprit = points[course["culprits"][t - 1]]
            ax.scatter(*culprit, edgecolor=palette.ink, **ring | {"s": 170})
        plot_classes(ax, points, labels, ["0", "1"])
        if arrow:
            foot = np.array(self.hold) - line[:2] * (
                (self.hold @ line[:2] + line[2]) / (line[:2] @ line[:2])
            )
            patch = FancyArrowPatch(
                foot, foot + line[:2] / 2, arrowstyle="-|>", mutation_scale=8,
                shrinkA=0, shrinkB=0, color=palette.ink, lw=1.2,
            )  # fmt: skip
            ax.add_patch(patch)


def draw_line(ax, line: np.ndarray, ls: str) -> None:
    """Where w·x + b = 0."""
    w, b = line[:2], line[2]
    foot = -b * w / (w @ w)
    ax.axline(foot, foot + [-w[1], w[0]], color=palette.axis, lw=0.9, ls=ls)
