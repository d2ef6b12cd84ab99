"""Activations and adjoints through many layers: `signal.js` in NumPy, and in print."""

from typing import ClassVar

import numpy as np
import traitlets
from matplotlib.figure import Figure

from explorers.base import Explorer
from notebook_utils import palette

WIDTH = 64  # units in each layer, and inputs
SAMPLES = 16
LAST = 30  # layers that the figure has at most
SEEDS = 100  # sets of weights
BINS = 36  # of a histogram
FLAT = 0.1  # a slope below this part of the greatest one counts as flat
THIN = 0.02  # of the fullest bin; fewer values are not drawn

# Activation, slope (from the pre-activation and the activation), the greatest slope.
ACTIVATIONS = {
    "sigmoid": (lambda o: 1 / (1 + np.exp(-o)), lambda o, a: a * (1 - a), 0.25),
    "tanh": (np.tanh, lambda o, a: 1 - a * a, 1),
    "relu": (lambda o: np.maximum(o, 0), lambda o, a: np.where(o > 0, 1.0, 0.0), 1),
}
# The end of each kind of outcome, by the ratio of the adjoints at both ends.
KINDS = {"vanish": 1e-3, "shrink": 0.1, "keep": 10, "grow": 1e3}


def noise(seed: int, start: int, count: int) -> np.ndarray:
    """Numbers of mean 0 and variance 1, uniform, the same in every language.

    Each is a hash of its place alone: the last step of MurmurHash3 (Appleby).
    """
    with np.errstate(over="ignore"):
        place = np.arange(start, start + count, dtype=np.uint32)
        x = (place + np.uint32(2**17 * seed)) * np.uint32(0x9E3779B9)
        x = (x ^ (x >> np.uint32(16))) * np.uint32(0x85EBCA6B)
        x = (x ^ (x >> np.uint32(13))) * np.uint32(0xC2B2AE35)
        x = x ^ (x >> np.uint32(16))
    return ((x + 0.5) / 2**31 - 1) * np.sqrt(3)


def size(values: np.ndarray) -> float:
    """Root mean square."""
    return np.sqrt(np.mean(values**2))


def histogram(values: np.ndarray, low: float, high: float) -> np.ndarray:
    """How many values have a size in each of 36 bins between two powers of ten."""
    sizes = np.abs(values[values != 0])
    bins = np.floor((np.log10(sizes) - low) / (high - low) * BINS)
    bins = bins[(bins >= 0) & (bins < BINS)].astype(int)
    return np.bincount(bins, minlength=BINS)


class Signal(Explorer):
    """A deep network with random weights, forward and backward.

    Each layer has 64 units and no biases; its weights are uniform, of mean 0 and
    variance `variance` / 64. 16 samples of 64 uniform inputs (mean 0, variance 1) go
    forward. The loss of a sample is the sum of its last activations, each times a
    number of the same kind as the inputs, so that adjoints of size 1 go backward.

    Parameters
    ----------
    traits : `activation` ("sigmoid", "tanh" or "relu"), `variance` (of the weights,
        times the layer's width: 1/3 is PyTorch's default, 1 LeCun's and Glorot's, 2
        He's), `depth` (number of layers L), `seed` (which weights)
    """

    words = (
        "An interactive figure of a deep network before training: how large "
        "activations and adjoints are in each layer, for three activations, any scale "
        "of the weights and up to 30 layers. It needs JavaScript; the handout shows it "
        "in four panels."
    )
    heights: ClassVar = (606, 828)

    activation = traitlets.Enum(list(ACTIVATIONS), "sigmoid").tag(sync=True)
    variance = traitlets.Float(1.0).tag(sync=True)
    depth = traitlets.Int(20, min=2, max=LAST).tag(sync=True)
    seed = traitlets.Int(0, min=0, max=SEEDS - 1).tag(sync=True)

    @traitlets.validate("variance")
    def _in_reach(self, proposal: dict) -> float:
        if not 0.1 <= proposal["value"] <= 10:
            raise traitlets.TraitError("the variance must lie between 0.1 and 10")
        return proposal["value"]

    def given(self) -> dict:
        """Weights (30, 64, 64), and inputs and the loss's factors (64, 16)."""
        shapes = {
            "weights": (LAST, WIDTH, WIDTH),
            "inputs": (WIDTH, SAMPLES),
            "pulls": (WIDTH, SAMPLES),
        }
        given, start = {}, 0
        for name, shape in shapes.items():
            count = int(np.prod(shape))
            given[name] = noise(self.seed, start, count).reshape(shape)
            start += count
        given["weights"] *= np.sqrt(self.variance / WIDTH)
        return given

    def run(self) -> dict:
        """Pre-activations `o`, activations `a` and adjoints `delta`: (L, 64, 16)."""
        phi, slope, _ = ACTIVATIONS[self.activation]
        given = self.given()
        weights, signal = given["weights"][: self.depth], given["inputs"]
        o, a, delta = [], [], []
        for w in weights:
            o.append(w @ signal)
            a.append(phi(o[-1]))
            signal = a[-1]
        back = given["pulls"]
        for layer in reversed(range(self.depth)):
            delta.append(back * slope(o[layer], a[layer]))
            back = weights[layer].T @ delta[-1]
        return {"o": np.array(o), "a": np.array(a), "delta": np.array(delta[::-1])}

    def outcome(self) -> dict:
        """What becomes of the adjoints, and the numbers that say so.

        Sizes of activations and of adjoints (of the pre-activations), by layer; the
        ratio of the first layer's to the last one's, and the factor from layer to
        layer; the share of flat places, and of units that are flat for every sample.
        """
        run = self.run()
        _, slope, greatest = ACTIVATIONS[self.activation]
        flat = slope(run["o"], run["a"]) < FLAT * greatest
        sizes = [size(values) for values in run["delta"]]
        ratio = sizes[0] / sizes[-1]
        kinds = [kind for kind, end in KINDS.items() if ratio <= end]
        return {
            "activations": [size(values) for values in run["a"]],
            "adjoints": sizes,
            "ratio": ratio,
            "factor": ratio ** (1 / (self.depth - 1)),
            "kind": kinds[0] if kinds else "explode",
            "flat": flat.mean(),
            "dead": flat.all(axis=2).mean(),
        }

    def draw(self) -> Figure:
        """Sigmoid and ReLU at Glorot's variance, ReLU at He's, tanh at ten Glorot's."""
        low, high = -22, 6
        figure = Figure(figsize=(7.2, 2.5))
        axes = figure.subplots(1, 4, sharey=True)
        middles = 10 ** (low + (high - low) * (np.arange(BINS) + 0.5) / BINS)
        layers = np.arange(1, LAST + 1)
        for ax, (activation, variance, title) in zip(
            axes,
            [
                ("sigmoid", 1, "sigmoid,\nGlorot"),
                ("relu", 1, "ReLU,\nGlorot"),
                ("relu", 2, "ReLU,\nHe"),
                ("tanh", 10, "tanh,\nten times Glorot"),
            ],
            strict=True,
        ):
            network = Signal(
                activation=activation, variance=variance, depth=LAST, seed=self.seed
            )
            run, outcome = network.run(), network.outcome()
            for name, sizes, color, style in [
                ("a", outcome["activations"], palette.curve, "-"),
                ("delta", outcome["adjoints"], palette.accent, "--"),
            ]:
                for layer, values in zip(layers, run[name], strict=True):
                    counts = histogram(values, low, high)
                    half = np.where(counts > THIN * counts.max(), counts, np.nan)
                    half *= 0.48 / counts.max()
                    ax.fill_betweenx(
                        middles,
                        layer - half,
                        layer + half,
                        color=color,
                        alpha=0.35,
                        lw=0,
                    )
                ax.plot(layers, sizes, color=color, ls=style, lw=1.1)
            ax.set(title=title, xlabel=r"layer $\ell$", yscale="log")
            ax.set(
                xlim=(0, LAST + 1), ylim=(10.0**low, 10.0**high), xticks=[1, 10, 20, 30]
            )
        axes[0].set(ylabel="size", yticks=10.0 ** np.arange(-20, 6, 5))
        axes[0].text(29, 10, "activations", color=palette.curve, ha="right")
        axes[0].text(29, 1e-14, "adjoints", color=palette.accent, ha="right")
        return figure
