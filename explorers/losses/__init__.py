"""Losses, their slopes and their rounding: `losses.js` in NumPy, and in print."""

from typing import ClassVar

import numpy as np
import traitlets
from matplotlib.figure import Figure

from explorers.base import Explorer
from notebook_utils import palette


class Losses(Explorer):
    """Losses of a number, of a yes or no, of one of three classes, and in float32.

    Parameters
    ----------
    traits : `view` ("number", "label", "classes" or "float32"); for the first `error`
        (e) and `delta` (δ of Huber's loss); for the second `logit` (o) and `label` (y);
        for the third `logits`, `temperature` (T) and `target` (1, 2 or 3); for the
        last `wrong` (logit of a sample of class 0) and `clip` (ε, probabilities are
        kept at most 1 − ε)
    """

    words = (
        "An interactive figure of losses and their slopes: of a number, of yes or no, "
        "of three classes with a temperature, and of a wrong answer in float32. It "
        "needs JavaScript; the handout shows it in four panels."
    )
    heights: ClassVar = (622, 765)

    view = traitlets.Enum(["number", "label", "classes", "float32"], "number").tag(
        sync=True
    )
    error = traitlets.Float(2.5).tag(sync=True)
    delta = traitlets.Float(1.0).tag(sync=True)
    logit = traitlets.Float(-4.0).tag(sync=True)
    label = traitlets.Int(1, min=0, max=1).tag(sync=True)
    logits = traitlets.List(
        traitlets.Float(), [2.0, 1.0, -1.0], minlen=3, maxlen=3
    ).tag(sync=True)
    temperature = traitlets.Float(1.0).tag(sync=True)
    target = traitlets.Int(2, min=1, max=3).tag(sync=True)
    wrong = traitlets.Float(12.0).tag(sync=True)
    clip = traitlets.Float(1e-7).tag(sync=True)

    @traitlets.validate("delta", "temperature", "clip")
    def _positive(self, proposal: dict) -> float:
        if not 0 < proposal["value"] < np.inf:
            name = proposal["trait"].name
            raise traitlets.TraitError(f"{name} must be positive and finite")
        return proposal["value"]

    def of_number(self, error: np.ndarray) -> np.ndarray:
        """Loss and slope of m errors: squared, absolute, Huber; shape (3, 2, m)."""
        size, sign = np.abs(error), np.sign(error)
        far = size > self.delta
        huber = np.where(far, self.delta * (size - self.delta / 2), size**2 / 2)
        cut = np.where(far, self.delta * sign, error)
        return np.array([[size**2, 2 * error], [size, sign], [huber, cut]])

    def of_label(self, logit: np.ndarray) -> np.ndarray:
        """Loss and slope: cross-entropy, squared error, wrong decisions; (3, 2, m)."""
        sign = 2 * self.label - 1
        margin = sign * np.asarray(logit, float)
        other = 1 / (1 + np.exp(margin))  # probability of the wrong answer
        return np.array(
            [
                [np.logaddexp(0, -margin), -sign * other],
                [other**2, -2 * sign * other**2 * (1 - other)],
                [np.where(margin > 0, 0.0, 1.0), np.zeros_like(margin)],
            ]
        )

    def of_classes(self) -> dict:
        """Probabilities p, p − y and the cross-entropy of the true class."""
        scaled = np.array(self.logits) / self.temperature
        top = scaled.max()
        total = top + np.log(np.exp(scaled - top).sum())
        p = np.exp(scaled - total)
        return {
            "p": p,
            "error": p - np.eye(3)[self.target - 1],
            "loss": total - scaled[self.target - 1],
        }

    def in_float32(self, logit: np.ndarray) -> np.ndarray:
        """Loss and slope of a sample of class 0 with m logits; shape (3, 2, m).

        From the logit; from the probability, each operation rounded to float32; from
        the probability, clipped. The slopes are those of the chain rule: that of the
        sigmoid, which is p (1 − p), divided by 1 − p.
        """
        logit = np.asarray(logit, float)
        exact = [np.logaddexp(0, logit), 1 / (1 + np.exp(-logit))]
        # Twice rounded, float64 and then float32, is once rounded for + and /.
        e = np.exp(-logit.astype("float32").astype(float)).astype("float32")
        p = (1 / (1 + e)).astype(float)
        high = float(np.float32(1 - self.clip))
        with np.errstate(divide="ignore"):
            rounded = [-np.log(1 - p), np.where(p < 1, p, np.nan)]
            clipped = [-np.log(1 - np.minimum(p, high)), np.where(p <= high, p, 0)]
        if high == 1:  # the clip itself is lost in rounding
            clipped = rounded
        return np.array([exact, rounded, clipped])

    def draw(self) -> Figure:
        """Four panels: two of slopes, softmax at three temperatures, and float32."""
        figure = Figure(figsize=(7.2, 2.5))
        axes = figure.subplots(1, 4)

        error = np.linspace(-4, 4, 401)
        squared, absolute, huber = self.of_number(error)[:, 1]
        axes[0].plot(error, squared, color=palette.step, ls="--")
        axes[0].plot(error, absolute, color=palette.accent, ls=":")
        axes[0].plot(error, huber, color=palette.curve, ls="-")
        axes[0].text(-3.8, 6.4, "squared", color=palette.step)
        axes[0].text(3.9, -3.2, "Huber", color=palette.curve, ha="right")
        axes[0].text(3.9, -5.6, "absolute", color=palette.accent, ha="right")
        axes[0].set(title="a number", xlabel="error $e$", ylabel="slope", ylim=(-8, 8))
        axes[0].set(xticks=[-4, 0, 4], yticks=[-8, -4, 0, 4, 8])

        logit = np.linspace(-8, 8, 401)
        entropy, squared, _ = Losses(label=1).of_label(logit)[:, 1]
        axes[1].plot(logit, entropy, color=palette.curve, ls="-")
        axes[1].plot(logit, squared, color=palette.step, ls="--")
        axes[1].text(7.9, -0.98, "cross-\nentropy", color=palette.curve, ha="right")
        axes[1].text(-7.8, 0.05, "squared", color=palette.step)
        axes[1].set(title="a yes", xlabel="logit $o$", ylabel="slope")
        axes[1].set(ylim=(-1.1, 0.3), yticks=[-1, -0.5, 0])

        bars = [(0.3, palette.step), (1.0, palette.curve), (3.0, palette.data)]
        for i, (temperature, color) in enumerate(bars):
            run = Losses(logits=self.logits, temperature=temperature)
            place = np.arange(1, 4) + 0.27 * (i - 1)
            axes[2].bar(place, run.of_classes()["p"], 0.25, color=color)
            axes[2].text(
                3.4, 0.92 - 0.13 * i, f"$T = {temperature:g}$", color=color, ha="right"
            )
        logits = ", ".join(f"{o:g}".replace("-", "−") for o in self.logits)
        axes[2].set(title=f"logits {logits}", xlabel="class", ylim=(0, 1))
        axes[2].set(xticks=[1, 2, 3], ylabel="$p$")

        logit = np.linspace(0, 30, 1201)
        exact, rounded, clipped = self.in_float32(logit)[:, 0]
        axes[3].plot(logit, exact, color=palette.curve, ls="-", lw=1)
        axes[3].plot(logit, clipped, color=palette.good, ls="-.")
        finite = np.isfinite(rounded)
        axes[3].plot(logit[finite], rounded[finite], color=palette.step, ls="--", lw=1)
        edge = logit[~finite][0]
        axes[3].plot([edge, edge], [rounded[finite][-1], 30], color=palette.step, lw=1)
        axes[3].text(edge - 0.7, 26, "infinite", color=palette.step, ha="right")
        axes[3].text(29.8, 11.4, "clipped", color=palette.good, ha="right")
        axes[3].set(title="a no, in float32", xlabel="logit $o$", ylabel="loss")
        axes[3].set(ylim=(0, 30), xticks=[0, 10, 20, 30])
        return figure
