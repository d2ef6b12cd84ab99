"""Both races in print: panels of landscapes, and the twenty points."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from explorers.race.landscapes import BETTER
from explorers.race.points import EPOCHS
from explorers.race.rules import Array
from notebook_utils import palette, plane

if TYPE_CHECKING:
    from explorers.race import Race

# Name, color, line and marker.
LOOKS = {
    "gd": ("gradient descent", palette.step, "-", "o"),
    "sgd": ("SGD", palette.ink, "-", "^"),
    "momentum": ("momentum", palette.curve, "-", "v"),
    "nesterov": ("Nesterov", palette.ink, "--", "D"),
    "adagrad": ("AdaGrad", palette.good, "--", "P"),
    "rmsprop": ("RMSProp", palette.good, "-", ">"),
    "adam": ("Adam", palette.accent, "-", "*"),
}
# What each panel shows: its axes, contour lines, and where the loss is least.
VIEWS = {
    "ravine": ((-10, 5), (-9, 6), [0.5, 5, 25, 80, 200], [[0, 0]]),
    "rosenbrock": ((-1.7, 1.7), (-0.8, 2.2), [0.5, 4, 20, 80, 250], [[1, 1]]),
    "saddle": ((-2, 2), (-2, 2), [0.05, 0.4, 1, 3, 8], []),
    "wells": ((-2.2, 2.2), (-1.8, 2.2), [0, 0.5, 1, 2, 4, 8], [[BETTER, 0]]),
}


def draw_landscapes(runs: dict[str, "Race"]) -> Figure:
    """Three methods on each of the four landscapes."""
    figure = Figure(figsize=(7.2, 6.2))
    axes = figure.subplots(2, 2).ravel()
    titles = {"rosenbrock": "Rosenbrock", "wells": "two wells"}
    drawn = {"wells": ["adam", "momentum", "gd"]}
    for ax, (place, (xlim, ylim, levels, best)) in zip(
        axes, VIEWS.items(), strict=True
    ):
        run = runs[place]
        ax.set(xlim=xlim, ylim=ylim)
        ax.set_title(titles.get(place, place))
        draw_contours(ax, run, levels)
        if place == "saddle":
            far = np.linspace(0.5, 2, 40)
            for side in (far, -far):
                ax.plot(side, 1 / side, color=palette.good, ls="-", lw=1)
        for point in best:
            ax.plot(*point, "s", color=palette.good, ms=5)
        # Plain descent goes where others have been: it is drawn on top.
        for name in drawn.get(place, ["adam", "nesterov", "gd"]):
            draw_path(ax, name, run.path(name))
        ax.plot(*run.start, "o", color=palette.ink, ms=4)
    for ax in axes[2:]:
        ax.set_xlabel("$\\theta_1$")
    for ax in axes[::2]:
        ax.set_ylabel("$\\theta_2$")
    handles = {
        text: handle
        for ax in axes
        for handle, text in zip(*ax.get_legend_handles_labels(), strict=True)
    }
    figure.legend(handles.values(), handles.keys(), loc="outside lower center", ncols=4)
    return figure


def draw_memories(runs: Iterable["Race"]) -> Figure:
    """Momentum with three memories beside the other methods that are shown."""
    figure = Figure(figsize=(7.2, 2.9))
    axes = figure.subplots(1, 3, sharey=True)
    for ax, run in zip(axes, runs, strict=True):
        xlim, ylim, levels, best = VIEWS[run.landscape]
        ax.set(xlim=xlim, ylim=ylim, xlabel="$\\theta_1$")
        end = run.outcome("momentum")
        steps = f"{end['step']} steps" if "step" in end else "no arrival"
        ax.set_title(f"$\\mu = {run.momentum[1]}$: {steps}")
        draw_contours(ax, run, levels)
        for point in best:
            ax.plot(*point, "s", color=palette.good, ms=5)
        for name in run.shown[::-1]:
            draw_path(ax, name, run.path(name))
        ax.plot(*run.start, "o", color=palette.ink, ms=4)
    axes[0].set_ylabel("$\\theta_2$")
    handles = axes[0].get_legend_handles_labels()
    figure.legend(*handles, loc="outside lower center", ncols=4)
    return figure


def draw_points(runs: dict[str, "Race"]) -> Figure:
    """Gradient descent and SGD with means, with sums, and their losses."""
    figure = Figure(figsize=(7.4, 2.7))
    axes = figure.subplots(1, 3)
    points = runs["mean"].points
    for ax, (reduction, run) in zip(axes, runs.items(), strict=False):
        ax.set(xlim=(0, 6), ylim=(-3.4, 1.6), xlabel="$\\theta_1$")
        ax.set_title(f"loss is a {reduction}")
        draw_contours(ax, run, [0.17, 0.2, 0.3, 0.5, 0.8, 1.2, 1.8, 2.5])
        for name in ("sgd", "gd"):
            draw_path(ax, name, run.path(name))
        ax.plot(*points.best, "s", color=palette.good)
    axes[0].set_ylabel("$\\theta_2$")
    for label, name, reduction, style in [
        ("GD", "gd", "mean", "-"),
        ("SGD", "sgd", "mean", "-"),
        ("SGD, sum", "sgd", "sum", ":"),
    ]:
        path = runs[reduction].path(name)
        at = np.linspace(0, EPOCHS, len(path))
        color = LOOKS[name][1]
        axes[2].plot(at, points.loss(path), color=color, ls=style, label=label)
    axes[2].set(xlabel="epoch", title="loss (mean)", ylim=(0, 1), xticks=[0, 5, 10])
    axes[2].legend()
    return figure


def draw_contours(ax: Axes, run: "Race", levels: list[float]) -> None:
    first, second, points = plane(ax, 100)
    heights = run.terrain().loss(points).reshape(first.shape)
    ax.contour(
        first, second, heights, levels=levels, colors=palette.axis, linewidths=0.5
    )


def draw_path(ax: Axes, name: str, path: Array) -> None:
    label, color, style, marker = LOOKS[name]
    ax.plot(*path.T, ".", color=color, ls=style, lw=0.8, ms=2.5)
    ax.plot(*path[-1], marker, color=color, ms=5, ls=style, lw=0.8, label=label)
