"""What a recurrent cell keeps, forward and back: `echo.js` in NumPy, and in print."""

from typing import ClassVar

import numpy as np
import traitlets
from matplotlib.figure import Figure

from explorers.base import Explorer
from explorers.numbers import uniforms
from notebook_utils import palette

UNITS = 16
SEQUENCES = 4
STEPS = 100  # of a sequence, at most
SEEDS = 10  # sets of weights and inputs
BLOCKS = 4  # small layers of an LSTM: i, f, g, q; the simple cells have the first
FLAT = 0.1  # a slope below this part of the greatest one counts as saturated
GONE = 1e-100  # what is less is told as 0


def sigmoid(o: np.ndarray) -> np.ndarray:
    """The logistic function."""
    return 1 / (1 + np.exp(-o))


def noise(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Uniform numbers of mean 0 and variance 1, the same in every language.

    Returns
    -------
    weights : before they are scaled, shape (4, 16, 16)
    inputs : W x of each step, block, unit and sequence, shape (100, 4, 16, 4)
    """
    square = BLOCKS * UNITS * UNITS
    drawn = uniforms(seed, square + STEPS * BLOCKS * UNITS * SEQUENCES)
    drawn = (2 * drawn - 1) * np.sqrt(3)
    return (
        drawn[:square].reshape(BLOCKS, UNITS, UNITS),
        drawn[square:].reshape(STEPS, BLOCKS, UNITS, SEQUENCES),
    )


def radii() -> list[list[float]]:
    """Spectral radius of each block of each set of weights, to seven digits."""
    return [
        [float(f"{np.abs(np.linalg.eigvals(block)).max():.7g}") for block in weights]
        for weights, _ in map(noise, range(SEEDS))
    ]


def size(jacobians: np.ndarray) -> float:
    """Of Jacobians, shape (4, 16, 16): 1 for the identity; mean over sequences."""
    found = np.sqrt(UNITS * np.mean(jacobians**2))
    return found if found > GONE else 0.0


def rows(factors: np.ndarray) -> np.ndarray:
    """Factors of each unit and sequence, shaped to multiply the rows of Jacobians."""
    return factors.T[:, :, None]


class Echo(Explorer):
    """An unrolled recurrent cell with random weights: what becomes of a small change.

    The cell has 16 units and no bias but that of the forget gate; four sequences go
    through it. A simple cell's recurrent weights R are uniform numbers, divided by
    their spectral radius and multiplied by `radius`. The LSTM has such an R for each
    of its four small layers, drawn independently and each scaled to that radius; so
    here the radius says how strongly the state before moves the gates and what is
    written. It does not stand on the line of c. Inputs W x_t are uniform numbers of
    mean 0 and variance `spread`², drawn for each step, layer, unit and sequence.

    What is shown is the size of Jacobians of one state by another, of h, or of c for
    the LSTM (c by whatever way it acts on later ones): Frobenius norm over the square
    root of 16, root mean square over sequences. It is the growth of a change, or of
    an adjoint, in root mean square over all directions.

    Parameters
    ----------
    traits : `cell` ("linear", "tanh" or "lstm"), `radius` (0 to 2.5), `spread` (of the
        inputs, 0 to 2), `length` (T, 5 to 100), `bias` (of the forget gate, -1 to 6),
        `at` (step t that an adjoint is sent back from; the last one if it lies
        behind), `seed` (0 to 9), `radii` (of the weights before they are scaled)
    """

    words = (
        "An interactive figure of a recurrent cell over up to 100 steps: what is left "
        "of a change at the first step, and of an adjoint that is sent back, for a "
        "linear cell, tanh and an LSTM, any spectral radius and size of the inputs. It "
        "needs JavaScript; the handout shows it in four panels."
    )
    heights: ClassVar = (786, 996)

    cell = traitlets.Enum(["linear", "tanh", "lstm"], "tanh").tag(sync=True)
    radius = traitlets.Float(1.0).tag(sync=True)
    spread = traitlets.Float(1.0).tag(sync=True)
    length = traitlets.Int(50, min=5, max=STEPS).tag(sync=True)
    bias = traitlets.Float(3.0).tag(sync=True)
    at = traitlets.Int(50, min=1, max=STEPS).tag(sync=True)
    seed = traitlets.Int(0, min=0, max=SEEDS - 1).tag(sync=True)
    radii = traitlets.List(default_value=radii()).tag(sync=True)

    @traitlets.validate("radius", "spread", "bias")
    def _in_reach(self, proposal: dict) -> float:
        name, value = proposal["trait"].name, proposal["value"]
        low, high = {"radius": (0, 2.5), "spread": (0, 2), "bias": (-1, 6)}[name]
        if not low <= value <= high:
            raise traitlets.TraitError(f"{name} must lie between {low} and {high}")
        return value

    def given(self) -> tuple[np.ndarray, np.ndarray]:
        """Recurrent weights (4, 16, 16) and inputs W x (T, 4, 16, 4), as scaled."""
        weights, inputs = noise(self.seed)
        scale = self.radius / np.array(self.radii[self.seed])
        return weights * scale[:, None, None], self.spread * inputs[: self.length]

    def run(self) -> dict:
        """The cell's way through the sequences, and the slopes of each step.

        Returns
        -------
        dict : `states` h, or c of the LSTM, (T, 16, 4); `within`, the Jacobians of the
            whole state by the one before, (T, 4, n, n), where n is 16 for the simple
            cells and 32 for the LSTM, whose state is c, h; `entry`, those of the whole
            state by h, or by c, of the same step, (T, 4, n, 16); `gates` f,
            (T, 16, 4), for the simple cells as the bias has them; `saturated`, the
            share of flat places
        """
        R, inputs = self.given()
        h, c = np.zeros((2, UNITS, SEQUENCES))
        one = np.broadcast_to(np.eye(UNITS), (SEQUENCES, UNITS, UNITS))
        found = {name: [] for name in ("states", "within", "entry", "gates", "flat")}
        for x in inputs:
            if self.cell == "lstm":
                before = c
                o = x + R @ h
                i, f, q = sigmoid(o[0]), sigmoid(o[1] + self.bias), sigmoid(o[3])
                g = np.tanh(o[2])
                c = f * c + i * g
                h = q * np.tanh(c)
                out = q * (1 - np.tanh(c) ** 2)
                c_by_h = (
                    rows(g * i * (1 - i)) * R[0]
                    + rows(before * f * (1 - f)) * R[1]
                    + rows(i * (1 - g * g)) * R[2]
                )
                h_by_h = rows(h * (1 - q)) * R[3] + rows(out) * c_by_h
                upper = [rows(f) * one, c_by_h]
                within = np.block([upper, [rows(out) * upper[0], h_by_h]])
                entry = np.concatenate([one, rows(out) * one], axis=1)
                slopes = [4 * i * (1 - i), 4 * f * (1 - f), 4 * q * (1 - q), 1 - g * g]
                new = c, within, entry, f, slopes
            else:
                h = x[0] + R[0] @ h
                h = np.tanh(h) if self.cell == "tanh" else h
                slope = 1 - h * h if self.cell == "tanh" else np.ones_like(h)
                f = np.full_like(h, sigmoid(self.bias))
                new = h, rows(slope) * R[0], one, f, slope
            for kept, value in zip(found.values(), new, strict=True):
                kept.append(value)
        found = {name: np.array(values) for name, values in found.items()}
        return found | {"saturated": np.mean(found.pop("flat") < FLAT)}

    def outcome(self) -> dict:
        """What is left of a change and of an adjoint, and the numbers that say so.

        Returns
        -------
        dict : `forward`, of a change at the first step, at steps 1 to T; `back`, of an
            adjoint that is sent back from step t, at steps 1 to t; `gate`, the product
            of the forget gates alone, at these steps; `rate` and `gate_rate`, the
            factors of the last two for each step back; `saturated`, the share
        """
        run = self.run()
        within, entry = run["within"], run["entry"]
        product, forward = entry[0], [1.0]
        for step in within[1:]:
            product = step @ product
            forward.append(size(product[:, :UNITS]))
        at = min(self.at, self.length)
        product = np.eye(within.shape[-1])[:UNITS]
        kept = np.ones((UNITS, SEQUENCES))
        back, gate = [1.0], [1.0]
        for s in range(at - 1, 0, -1):
            product = product @ within[s]
            back.append(size(product @ entry[s - 1]))
            kept = kept * run["gates"][s]
            gate.append(np.sqrt(np.mean(kept**2)))
        steps = max(1, at - 1)
        return {
            "forward": forward,
            "back": back[::-1],
            "gate": gate[::-1],
            "rate": back[-1] ** (1 / steps),
            "gate_rate": gate[-1] ** (1 / steps),
            "saturated": run["saturated"],
        }

    def draw(self) -> Figure:
        """Draw tanh at radius 1 with small and large inputs, at 2, and an LSTM."""
        figure = Figure(figsize=(7.2, 2.5))
        axes = figure.subplots(1, 4, sharey=True)
        t = np.arange(1, self.length + 1)
        for ax, (cell, radius, spread, title) in zip(
            axes,
            [
                ("tanh", 1, 0.1, "tanh, $\\gamma$ = 1,\ninputs of size 0.1"),
                ("tanh", 1, 1, "tanh, $\\gamma$ = 1,\ninputs of size 1"),
                ("tanh", 2, 1, "tanh, $\\gamma$ = 2,\ninputs of size 1"),
                ("lstm", 1, 1, f"LSTM, bias {self.bias:g},\ninputs of size 1"),
            ],
            strict=True,
        ):
            traits = self.state() | {"cell": cell, "radius": radius, "spread": spread}
            end = Echo(**traits | {"at": self.length}).outcome()
            ax.plot(t, end["gate"], color=palette.good, ls=":", lw=1.6)
            ax.plot(t, end["forward"], color=palette.curve, lw=1.2)
            ax.plot(t, end["back"], color=palette.accent, ls="--", lw=1.2)
            ax.set(title=title, xlabel="step $t$", yscale="log")
            ax.set(xlim=(0, self.length + 1), ylim=(1e-16, 1e3))
        axes[0].set(ylabel="what is left", yticks=10.0 ** np.arange(-15, 1, 5))
        top = self.length
        axes[1].text(0.42 * top, 1e-7, "change", color=palette.curve, ha="right")
        axes[1].text(0.62 * top, 1e-7, "adjoint", color=palette.accent, ha="left")
        axes[0].text(0.5 * top, 1e-5, "gate's line", color=palette.good, ha="center")
        return figure
