"""Forecasts of the year ahead from any month: `forecasts.js` in NumPy, and in print."""

import base64
import calendar
from collections.abc import Iterable, Sequence
from typing import ClassVar

import numpy as np
import traitlets
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from explorers.base import Explorer
from explorers.numbers import uniforms
from notebook_utils import palette

PAST = 132  # months that the line and the network read
AHEAD = 12  # months that are forecast
LIKE = 36  # months by which a neighbor is found
UNITS = 16  # ReLUs of the network
QUANTILES = 3  # that it gives for each month
PERIODS = (100, 150)  # months that a cycle may last
FOLDS = 5  # of the shuffled split
MONTHS = list(calendar.month_name)[1:]
# Where the buttons lead, and what is printed: year and month.
PLACES = {
    "Minimum 1954": (1954, 4),
    "Rise 1956": (1956, 3),
    "Maximum 1957": (1957, 10),
    "Fall 1959": (1959, 4),
}
FORECASTS = {
    "now": ("as now", palette.step, "--"),
    "cycle": ("as a cycle ago", palette.good, "-."),
    "line": ("line", palette.accent, ":"),
    "network": ("network", palette.curve, "-"),
    "neighbor": ("neighbor", palette.axis, "-"),
}


class YearAhead(Explorer):
    """A series of months, an origin to move, and five forecasts of the next year.

    As now; as one period ago; a line and a network with intervals for 80 %; and what
    came after the most similar 36 months (the nearest neighbor), either of the months
    that are learned from or of a shuffled split: there the windows are dealt to five
    folds at random, and the neighbor comes from the other four. Numbers of the series
    are kept to a tenth, weights to 16 bits.

    Parameters
    ----------
    series : a number for each month, not negative, of shape (n,), the first a January
    line : weights (132, 12) and biases (12,)
    half : half the width of the line's interval, by horizon, (12,)
    network : weights (16, 132), biases (16,), weights (36, 16) and biases (36,), as
        `series.quantile_network` gives them
    scale : mean and spread by which the network's numbers are scaled
    cuts : the months from which on one chooses and judges
    start : the year of the first month
    traits : `origin` (place of the last month known), `period` (of the cycle, 100 to
        150 months), `shown` (names of forecasts), `came` (whether what came is shown),
        `shuffled` (where the neighbor comes from), `visited` (origins whose errors are
        counted); `months`, `weights`, `fan`, `scale`, `cuts`, `start` and `places` (the
        data)
    """

    words = (
        "An interactive figure: 260 years of sunspots with an origin to be moved, five "
        "forecasts of the twelve months after it with intervals, and a record of their "
        "errors. It needs JavaScript; the handout shows four origins."
    )
    heights: ClassVar = (1030, 1428)

    months = traitlets.Unicode().tag(sync=True)
    weights = traitlets.Unicode().tag(sync=True)
    fan = traitlets.Unicode().tag(sync=True)
    scale = traitlets.List(traitlets.Float(), minlen=2, maxlen=2).tag(sync=True)
    cuts = traitlets.List(traitlets.Int(), minlen=2, maxlen=2).tag(sync=True)
    start = traitlets.Int(1749).tag(sync=True)
    places = traitlets.List(traitlets.List()).tag(sync=True)
    origin = traitlets.Int().tag(sync=True)
    period = traitlets.Int(PAST, min=PERIODS[0], max=PERIODS[1]).tag(sync=True)
    shown = traitlets.List(
        traitlets.Enum(list(FORECASTS)), ["now", "cycle", "line", "network"]
    ).tag(sync=True)
    came = traitlets.Bool(False).tag(sync=True)
    shuffled = traitlets.Bool(False).tag(sync=True)
    visited = traitlets.List(traitlets.Int()).tag(sync=True)

    def __init__(
        self,
        series: np.ndarray,
        line: tuple[np.ndarray, np.ndarray],
        half: np.ndarray,
        network: Sequence[np.ndarray],
        scale: tuple[float, float],
        cuts: tuple[int, int],
        start: int = 1749,
        **traits: object,
    ):
        series, half = np.asarray(series, float), np.asarray(half, float)
        least = PERIODS[1] + LIKE + AHEAD
        if series.ndim != 1 or not (series >= 0).all() or series.max() > 6553:
            raise ValueError(
                f"the series has shape {series.shape}; pass a number for each month, "
                "from 0 to 6553"
            )
        if not least <= cuts[0] < cuts[1] <= len(series) - AHEAD:
            raise ValueError(
                f"the cuts are {tuple(cuts)} in {len(series)} months; pass two in "
                f"rising order, from {least} to {AHEAD} months before the end"
            )
        _check("line", (*line, half), [(PAST, AHEAD), (AHEAD,), (AHEAD,)])
        out = AHEAD * QUANTILES
        _check("network", network, [(UNITS, PAST), (UNITS,), (out, UNITS), (out,)])
        first, last = PERIODS[1] - 1, len(series) - AHEAD - 1
        places = [
            [name, 12 * (year - start) + month - 1]
            for name, (year, month) in PLACES.items()
        ]
        places = [place for place in places if first <= place[1] <= last]
        begin = dict(places).get("Rise 1956", cuts[1] - 1)
        traits = {"origin": begin} | traits
        for t in [traits["origin"], *traits.get("visited", [])]:
            if not first <= t <= last:
                raise ValueError(
                    f"{t} is no origin; pass a month from {first} to {last}"
                )
        tenths = np.round(10 * series).astype("<u2")
        super().__init__(
            months=base64.b64encode(tenths.tobytes()).decode(),
            weights=_packed(*line, half),
            fan=_packed(*network),
            scale=[float(value) for value in scale],
            cuts=[int(cut) for cut in cuts],
            start=start,
            places=places,
            **traits,
        )

    def tenths(self) -> np.ndarray:
        """The series in whole tenths, int64, so that distances are exact."""
        return np.frombuffer(base64.b64decode(self.months), "<u2").astype(np.int64)

    def series(self) -> np.ndarray:
        """The series, rounded to a tenth."""
        return self.tenths() / 10

    def line(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The line's rounded weights, its biases and the half width of its interval."""
        return _parts(self.weights, [(PAST, AHEAD), (AHEAD,), (AHEAD,)])

    def origins(self) -> range:
        """Months at which all forecasts can be made and judged."""
        return range(PERIODS[1] - 1, len(self.tenths()) - AHEAD)

    def judged(self) -> range:
        """Those of them whose year lies in the period to judge on."""
        return range(self.cuts[1] - 1, len(self.tenths()) - AHEAD)

    def neighbor(self, origin: int | None = None) -> int:
        """The origin whose last 36 months are most similar; the first of equals."""
        t = self.origin if origin is None else origin
        y = self.tenths()
        ends = np.arange(LIKE - 1, len(y) - AHEAD)
        far = sum((y[ends - back] - y[t - back]) ** 2 for back in range(LIKE))
        if self.shuffled:
            fold = np.floor(FOLDS * uniforms(0, len(ends)))
            usable = fold != fold[t - ends[0]]
        else:
            # Of the months to learn from, and none that the question shares.
            usable = (ends + AHEAD < self.cuts[0]) & (np.abs(ends - t) >= LIKE + AHEAD)
        return int(ends[np.argmin(np.where(usable, far, np.iinfo(np.int64).max))])

    def forecast(self, name: str, origin: int | None = None) -> dict[str, np.ndarray]:
        """What one of them says: `middle` and, of line and network, `low` and `high`.

        Each of shape (12,). Quantiles of the network that cross are sorted.
        """
        t = self.origin if origin is None else origin
        y = self.series()
        if name == "now":
            return {"middle": np.repeat(y[t], AHEAD)}
        if name == "cycle":
            return {"middle": y[t + 1 - self.period :][:AHEAD]}
        if name == "neighbor":
            return {"middle": y[self.neighbor(t) + 1 :][:AHEAD]}
        x = y[t - PAST + 1 : t + 1]
        if name == "line":
            weights, biases, half = self.line()
            middle = x @ weights + biases
            return {"low": middle - half, "middle": middle, "high": middle + half}
        mean, spread = self.scale
        out = AHEAD * QUANTILES
        first, b, second, c = _parts(
            self.fan, [(UNITS, PAST), (UNITS,), (out, UNITS), (out,)]
        )
        z = (x - mean) / spread
        changes = second @ np.maximum(first @ z + b, 0) + c
        sorted_ = np.sort((z[-1] + changes).reshape(AHEAD, QUANTILES), axis=1)
        low, middle, high = (sorted_ * spread + mean).T
        return {"low": low, "middle": middle, "high": high}

    def truth(self, origin: int | None = None) -> np.ndarray:
        """What came in the twelve months after an origin."""
        t = self.origin if origin is None else origin
        return self.series()[t + 1 : t + 1 + AHEAD]

    def counted(self) -> list[int]:
        """The origins that the record is made of, in rising order."""
        return sorted({*self.visited})

    def record(self, name: str, origins: Iterable[int] | None = None) -> dict:
        """What a forecast has to its account.

        `errors` (mean absolute error, by horizon), `low` (months that came out higher
        than forecast), `inside` (months inside of the interval; of line and network
        only) and `months` (all of them).
        """
        places = list(self.counted() if origins is None else origins)
        said = [self.forecast(name, t) for t in places]
        truth = np.array([self.truth(t) for t in places]).reshape(-1, AHEAD)
        middle = np.array([each["middle"] for each in said]).reshape(-1, AHEAD)
        found = {
            "errors": np.abs(middle - truth).sum(axis=0) / max(1, len(places)),
            "low": int((middle < truth).sum()),
            "months": truth.size,
        }
        if name in ("line", "network"):
            inside = [
                (each["low"] <= came) & (came <= each["high"])
                for each, came in zip(said, truth, strict=True)
            ]
            found["inside"] = int(np.sum(inside))
        return found

    def month(self, place: int) -> str:
        """The name of a month, "March 1956"."""
        return f"{MONTHS[place % 12]} {self.start + place // 12}"

    def draw(self) -> Figure:
        """Four origins: the forecasts, their intervals, and what came."""
        spots = [place for _, place in self.places]
        if len(spots) < 4:
            judged = self.judged()
            spots = [judged[i * (len(judged) - 1) // 3] for i in range(4)]
        figure = Figure(figsize=(7.2, 3.0))
        for ax, place in zip(figure.subplots(1, 4), spots, strict=True):
            self._draw_origin(ax, place)
        axes = figure.axes
        axes[0].set_ylabel("sunspot number")
        found = dict(zip(*axes[0].get_legend_handles_labels()[::-1], strict=True))
        names = ["line", "its 80 % ", "network", "its 80 %"]
        names += ["as now", "as a cycle ago", "what came"]
        figure.legend(
            [found[name] for name in names],
            names,
            loc="outside lower center",
            ncols=7,
            fontsize=8.5,
            frameon=False,
            handlelength=1.8,
            columnspacing=1.2,
        )
        return figure

    def _draw_origin(self, ax: Axes, t: int) -> None:
        y, k = self.series(), np.arange(1, AHEAD + 1)
        before = np.arange(-24, 1)
        ax.plot(before, y[t + before], color=palette.ink, lw=0.9, ls="-")
        for name in ("network", "line", "now", "cycle"):
            label, color, style = FORECASTS[name]
            said = self.forecast(name, t)
            if name == "network":
                look = {"color": color, "alpha": 0.25, "lw": 0, "label": "its 80 %"}
                ax.fill_between(k, said["low"], said["high"], **look)
            if name == "line":
                for i, end in enumerate(("low", "high")):
                    look = {"label": "its 80 % "} if i == 0 else {}
                    ax.plot(k, said[end], color=color, lw=0.7, ls="-", **look)
            ax.plot(k, said["middle"], color=color, ls=style, lw=1.3, label=label)
        truth = self.truth(t)
        ax.plot(k, truth, "o-", color=palette.ink, ms=2.2, lw=0.9, label="what came")
        ax.axvline(0, color=palette.axis, lw=0.6, ls="-")
        ax.set(
            title=self.month(t),
            xlim=(-25, 13),
            xlabel="months ahead",
            xticks=[-24, -12, 0, 12],
        )
        ax.set_ylim(bottom=min(0, *ax.get_ylim()))


def _check(
    name: str, arrays: Sequence[np.ndarray], shapes: list[tuple[int, ...]]
) -> None:
    found = [np.shape(array) for array in arrays]
    if found != shapes:
        raise ValueError(f"the {name} has arrays of shape {found}; pass {shapes}")


def _packed(*arrays: np.ndarray) -> str:
    flat = np.concatenate([np.ravel(array) for array in arrays]).astype("<f2")
    return base64.b64encode(flat.tobytes()).decode()


def _parts(text: str, shapes: list[tuple[int, ...]]) -> list[np.ndarray]:
    flat = np.frombuffer(base64.b64decode(text), "<f2").astype(float)
    ends = np.cumsum([np.prod(shape) for shape in shapes])[:-1]
    return [
        part.reshape(shape)
        for part, shape in zip(np.split(flat, ends), shapes, strict=True)
    ]
