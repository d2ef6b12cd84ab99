"""Optimizers race down a landscape: `racers.js` in NumPy.

`rules.py` has the methods, `landscapes.py` and `points.py` what they run on, and
`printed.py` draws both races in print.
"""

from typing import ClassVar

import numpy as np
import traitlets
from matplotlib.figure import Figure

from explorers.base import Explorer
from explorers.race.landscapes import LANDSCAPES, Landscape
from explorers.race.points import EPOCHS, POINTS, SEEDS, Points
from explorers.race.printed import draw_landscapes, draw_memories, draw_points
from explorers.race.rules import RULES, Array

LAST = 150  # steps that the figure shows at most
FAR = 1000  # steps after which it waits no longer for the others
NEAR = 0.01  # so little above the least loss, a method has arrived
MEMORIES = (0.5, 0.8, 0.95)  # of momentum, in print
LOST = 1e6  # parameters beyond it do not come back


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
        self.points = Points(x, y)
        own = SCENES.get(traits.get("landscape"), SCENES["ravine"])
        settings = {"scenes": SCENES, "points": self.points.on_the_page()}
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

    def terrain(self) -> Landscape:
        """The present landscape."""
        if self.landscape == "points":
            return self.points.landscape()
        return LANDSCAPES[self.landscape]

    def racers(self) -> list[str]:
        if self.landscape == "points":
            return ["gd", "sgd"]
        return [name for name in RULES if name in self.shown]

    def path(self, name: str, last: int = LAST) -> Array:
        """A method's iterates, fewer where they run away; shape (steps + 1, 2)."""
        if self.landscape == "points":
            batch = POINTS if name == "gd" else self.batch
            share = batch / POINTS if self.reduction == "sum" else 1.0
            return self.points.epochs(self.start, self.gd[0] * share, batch, self.seed)
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

    def draw(self) -> Figure:
        """Four landscapes; or three memories of momentum; or the points."""
        if self.landscape != "points" and "momentum" in self.shown[-1:]:
            rate = self.momentum[0]
            given = {"start": self.start, "gd": self.gd, "shown": self.shown}
            return draw_memories(
                self._other(self.landscape, momentum=[rate, mu], **given)
                for mu in MEMORIES
            )
        if self.landscape != "points":
            return draw_landscapes({place: self._other(place) for place in LANDSCAPES})
        given = {name: getattr(self, name) for name in ("start", "gd", "batch", "seed")}
        return draw_points(
            {
                reduction: self._other("points", reduction=reduction, **given)
                for reduction in ("mean", "sum")
            }
        )

    def _other(self, landscape: str, **traits: object) -> "Race":
        """A race of the same points, with other traits."""
        x, y = self.points.x, self.points.y
        return Race(x, y, landscape=landscape, **traits)
