"""Shared plotting helper of the chapters of Deep Learning Basics.

It holds the look of the figures, the plots that several chapters draw, and the
data sets with their checks. Models, losses and training loops stay in the chapters.

Import it before Keras: it sets TensorFlow's log level, which is read only once.
"""

import os
import sys

# TensorFlow prints its start-up notes unless told otherwise before its import. Without
# oneDNN's reordering of sums, every run gives the same bits.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")

# Triton comes with PyTorch's builds for CUDA. Loaded after TensorFlow it aborts the
# process, since both bring a copy of LLVM; no chapter compiles kernels with it.
sys.modules.setdefault("triton", None)

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

DATA = Path(__file__).resolve().parent / "data"


@dataclass(frozen=True)
class Palette:
    """Colors of every figure, by role, as hexadecimal RGB.

    They are told apart by readers with any color vision, keep a contrast of 3 : 1 on
    white and, after the website's dark filter, on the dark page; their lightness
    differs, so that they stay apart in gray print. Tests hold them to this.
    """

    ink: str = "#1f2430"
    axis: str = "#6a7078"
    data: str = "#7c8794"
    curve: str = "#00599c"
    step: str = "#c84e00"
    good: str = "#1f8a6d"
    accent: str = "#93236f"


palette = Palette()


def use_book_style() -> None:
    """Set Matplotlib's defaults to the book's and ask Jupyter for vector figures.

    Called on import. In a notebook each figure is emitted as SVG (website, JupyterLab)
    and as PDF (handout); both are the same bytes on every run.
    """
    mpl.rcParams.update(
        {
            "figure.figsize": (5.6, 3.3),
            "figure.constrained_layout.use": True,
            "savefig.bbox": "tight",
            "font.size": 9.5,
            "mathtext.fontset": "dejavusans",
            "text.color": palette.ink,
            "axes.edgecolor": palette.axis,
            "axes.labelcolor": palette.ink,
            "axes.linewidth": 0.7,
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.titlesize": 10,
            "axes.prop_cycle": mpl.cycler(
                color=[palette.curve, palette.step, palette.good, palette.accent],
                linestyle=["-", "--", "-.", ":"],
            ),
            "xtick.color": palette.axis,
            "ytick.color": palette.axis,
            "xtick.labelcolor": palette.ink,
            "ytick.labelcolor": palette.ink,
            "lines.linewidth": 1.6,
            "legend.frameon": False,
            "svg.hashsalt": "deep-learning-basics",
            "pdf.fonttype": 42,
        }
    )
    try:
        from IPython import get_ipython
        from matplotlib_inline.backend_inline import set_matplotlib_formats
    except ImportError:
        return
    if (shell := get_ipython()) is not None:
        set_matplotlib_formats("svg", "pdf")
        if "inline" in mpl.get_backend():
            # Pyplot would draw each figure once more, as pixels that nobody sees.
            plt.switch_backend(mpl.get_backend())
            plt.uninstall_repl_displayhook()
        printers = shell.display_formatter.formatters
        printers["application/pdf"].for_type(mpl.figure.Figure, _pdf_as_laid_out)


def _pdf_as_laid_out(figure: mpl.figure.Figure) -> bytes:
    """Print as PDF what IPython has just printed as SVG, without a second layout."""
    from IPython.core.pylabtools import print_figure

    engine = figure.get_layout_engine()
    figure.set_layout_engine("none")
    try:
        return print_figure(figure, "pdf")
    finally:
        figure.set_layout_engine(engine)


use_book_style()


# Column: smallest and largest value that the data set can hold (see data/README.md).
BOSTON_COLUMNS = {
    "RM": (3, 9),
    "CRIM": (0, 100),
    "INDUS": (0, 30),
    "NOX": (0.3, 0.9),
    "AGE": (0, 100),
    "TAX": (150, 750),
    "PRICE": (5, 50),
}
IRIS_COLUMNS = {
    "sepal length (cm)": (4, 8),
    "sepal width (cm)": (2, 4.5),
    "petal length (cm)": (1, 7),
    "petal width (cm)": (0.1, 2.5),
    "target": (0, 2),
}


class DataError(ValueError):
    """A data file is missing, cut short or scrambled; the message is one line."""


def load_boston(path: Path | str = DATA / "boston.csv") -> pd.DataFrame:
    """Load the Boston housing data: one row per census tract of 1970.

    Parameters
    ----------
    path : where the CSV file lies

    Returns
    -------
    DataFrame of shape (506, 7), float64: RM (mean rooms per dwelling), CRIM (crime
    rate by town), INDUS (% of land for industry), NOX (parts per 10 million), AGE (% of
    homes built before 1940), TAX ($ per $10 000), PRICE (median home value in $1000).

    Raises
    ------
    DataError : the file is missing or its rows, columns, types or ranges are off

    Source
    ------
    Harrison and Rubinfeld (1978), as packaged in scikit-learn 1.1.3.
    """
    return _load(Path(path), BOSTON_COLUMNS, 506)


def load_iris(path: Path | str = DATA / "iris.csv") -> pd.DataFrame:
    """Load the Iris data: one row per flower, sorted by species.

    Parameters
    ----------
    path : where the CSV file lies

    Returns
    -------
    DataFrame of shape (150, 5): sepal length, sepal width, petal length and petal
    width in cm (float64), target (int64; 0 setosa, 1 versicolor, 2 virginica).

    Raises
    ------
    DataError : the file is missing or its rows, columns, types or ranges are off

    Source
    ------
    Fisher (1936), as packaged in scikit-learn 1.1.3.
    """
    return _load(Path(path), IRIS_COLUMNS, 150, index_col=0).astype({"target": int})


def make_spiral(
    arm: int = 100, noise: float = 0.03, seed: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Draw points on two arms of a spiral, wound around each other, one class each.

    Along an arm the distance from the center grows evenly from 0.1 to 1, and the angle
    by one turn and a half; arm 1 is arm 0 turned by half a turn.

    Parameters
    ----------
    arm : number of points on each arm
    noise : standard deviation of the normal noise on each coordinate
    seed : of the random numbers

    Returns
    -------
    points of shape (2 * arm, 2) and labels of shape (2 * arm,), arm 0 first
    """
    rng = np.random.default_rng(seed)
    radius = np.tile(np.linspace(0.1, 1.0, arm), 2)
    labels = np.repeat([0, 1], arm)
    angle = 3 * np.pi * radius + np.pi * labels
    points = radius[:, None] * np.column_stack([np.cos(angle), np.sin(angle)])
    return points + noise * rng.standard_normal(points.shape), labels


def _load(path: Path, columns: dict, rows: int, **options) -> pd.DataFrame:
    remedy = "put back the file that came with the book (git checkout data)"
    try:
        data = pd.read_csv(path, **options)
    except FileNotFoundError:
        raise DataError(f"{path} is missing; {remedy}") from None
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeError) as error:
        reason = " ".join(str(error).split())
        raise DataError(f"{path} is not a CSV table ({reason}); {remedy}") from None
    if list(data.columns) != list(columns):
        found = ", ".join(map(str, data.columns))[:80]
        raise DataError(
            f"{path} has columns {found} in place of {', '.join(columns)}; {remedy}"
        )
    if len(data) != rows:
        raise DataError(f"{path} has {len(data)} rows in place of {rows}; {remedy}")
    for name, (low, high) in columns.items():
        values = pd.to_numeric(data[name], errors="coerce")
        for row, found in data[name][~values.between(low, high)].items():
            raise DataError(
                f"{path}, column {name}, row {row}: {found} is not a number between "
                f"{low} and {high}; {remedy}"
            )
    return data


def plot_iterates(
    ax: plt.Axes,
    loss: Callable[[np.ndarray], np.ndarray],
    iterates: Sequence[float],
    grid: np.ndarray,
) -> None:
    """Draw a loss of one parameter and the path of an optimizer down its curve.

    Parameters
    ----------
    ax : axes to draw on
    loss : maps an array of m parameter values to an array of m losses
    iterates : the parameter's values w_0, w_1, ... in the order of the steps
    grid : array of shape (m,), the parameter values at which the curve is drawn
    """
    iterates = np.asarray(iterates)
    heights = loss(iterates)
    ax.plot(grid, loss(grid), color=palette.curve, linestyle="-")
    ax.plot(iterates, heights, color=palette.step, linestyle="-", linewidth=0.9)
    ax.plot(iterates, heights, "o", color=palette.step, markersize=3.5)
    last = len(iterates) - 1
    above = heights[last] > heights[0]
    for t, up in ((0, not above), (last, above)):
        ax.annotate(
            f"$w_{{{t}}}$",
            (iterates[t], heights[t]),
            xytext=(7, 4 if up else -4),
            textcoords="offset points",
            va="bottom" if up else "top",
            color=palette.step,
        )


CLASS_COLORS = [palette.curve, palette.step, palette.good]
CLASS_MARKERS = ["o", "^", "s"]


def plot_classes(
    ax: plt.Axes, points: np.ndarray, labels: np.ndarray, names: Sequence[str]
) -> None:
    """Scatter points in the plane, each class with a color and a marker of its own.

    Parameters
    ----------
    ax : axes to draw on
    points : array of shape (n, 2)
    labels : array of shape (n,), integers from 0 to len(names) - 1
    names : what the legend calls the classes
    """
    for label, name in enumerate(names):
        ax.scatter(
            *points[labels == label].T,
            s=18,
            color=CLASS_COLORS[label],
            marker=CLASS_MARKERS[label],
            linewidth=0,
            alpha=0.8,
            label=name,
        )


def plane(ax: plt.Axes, size: int = 200) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A grid over the axes' present limits, to evaluate a model on.

    Parameters
    ----------
    ax : axes with limits already set
    size : number of grid points along each axis

    Returns
    -------
    the first and the second coordinates, each of shape (size, size), and both as points
    of shape (size * size, 2)
    """
    first, second = np.meshgrid(
        np.linspace(*ax.get_xlim(), size), np.linspace(*ax.get_ylim(), size)
    )
    return first, second, np.column_stack([first.ravel(), second.ravel()])


def plot_boundary(ax: plt.Axes, score: Callable[[np.ndarray], np.ndarray]) -> None:
    """Tint the side of the plane where a score is positive, and draw where it is 0.

    Parameters
    ----------
    ax : axes with limits already set
    score : maps points of shape (m, 2) to m numbers
    """
    first, second, points = plane(ax)
    scores = np.reshape(score(points), first.shape)
    ax.contourf(
        first, second, scores, levels=[0, np.inf], colors=[palette.step], alpha=0.12
    )
    ax.contour(first, second, scores, levels=[0], colors=palette.ink, linewidths=1.2)
