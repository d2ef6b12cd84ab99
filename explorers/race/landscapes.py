"""Losses of two parameters: `landscapes.js` in NumPy."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from explorers.race.rules import Array

# A bowl with curvatures 1 and 100, turned by 30 degrees.
RAVINE = np.array([[25.75, -24.75 * np.sqrt(3)], [-24.75 * np.sqrt(3), 75.25]])


class Landscape(NamedTuple):
    """A loss of two parameters, its gradient, and the least loss.

    `loss` maps points of shape (..., 2) to losses; `gradient` a point to its gradient.
    """

    loss: Callable[[Array], Array]
    gradient: Callable[[Array], Array]
    least: float


def ravine_loss(theta: Array) -> Array:
    a, b = theta[..., 0], theta[..., 1]
    return 0.5 * (
        RAVINE[0, 0] * a * a + 2 * RAVINE[0, 1] * a * b + RAVINE[1, 1] * b * b
    )


def ravine_gradient(theta: Array) -> Array:
    a, b = theta
    (p, q), (_, r) = RAVINE
    return np.array([p * a + q * b, q * a + r * b])


def rosenbrock_loss(theta: Array) -> Array:
    a, b = theta[..., 0], theta[..., 1]
    return (1 - a) * (1 - a) + 100 * (b - a * a) * (b - a * a)


def rosenbrock_gradient(theta: Array) -> Array:
    a, b = theta
    bend = 200 * (b - a * a)
    return np.array([-2 * (1 - a) - 2 * a * bend, bend])


def saddle_loss(theta: Array) -> Array:
    a, b = theta[..., 0], theta[..., 1]
    return (a * b - 1) * (a * b - 1)


def saddle_gradient(theta: Array) -> Array:
    a, b = theta
    return np.array([2 * (a * b - 1) * b, 2 * (a * b - 1) * a])


def wells_loss(theta: Array) -> Array:
    a, b = theta[..., 0], theta[..., 1]
    return (a * a - 1) * (a * a - 1) + 0.3 * a + 0.5 * b * b


def wells_gradient(theta: Array) -> Array:
    a, b = theta
    return np.array([4 * a * (a * a - 1) + 0.3, b])


BETTER = np.roots([4, 0, -4, 0.3]).real.min()  # the lower of the two wells

LANDSCAPES = {
    "ravine": Landscape(ravine_loss, ravine_gradient, 0.0),
    "rosenbrock": Landscape(rosenbrock_loss, rosenbrock_gradient, 0.0),
    "saddle": Landscape(saddle_loss, saddle_gradient, 0.0),
    "wells": Landscape(
        wells_loss, wells_gradient, float(wells_loss(np.array([BETTER, 0.0])))
    ),
}
