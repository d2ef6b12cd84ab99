"""The rules by which optimizers step: `rules.js` in NumPy.

A rule takes the parameters, their gradient, a memory of its own and the settings, and
returns the next parameters; these arrays have the shape (2,).
"""

from collections.abc import Callable

import numpy as np

Array = np.ndarray


def gradient_descent(theta: Array, g: Array, memory: dict, rate: float) -> Array:
    return theta - rate * g


def momentum(theta: Array, g: Array, memory: dict, rate: float, mu: float) -> Array:
    memory["v"] = mu * memory.get("v", 0.0) - rate * g
    return theta + memory["v"]


def nesterov(theta: Array, g: Array, memory: dict, rate: float, mu: float) -> Array:
    memory["v"] = mu * memory.get("v", 0.0) - rate * g
    return theta + mu * memory["v"] - rate * g


def adagrad(theta: Array, g: Array, memory: dict, rate: float) -> Array:
    memory["s"] = memory.get("s", 0.0) + g * g
    return theta - rate * g / (np.sqrt(memory["s"]) + 1e-10)


def rmsprop(theta: Array, g: Array, memory: dict, rate: float, beta: float) -> Array:
    memory["s"] = beta * memory.get("s", 0.0) + (1 - beta) * g * g
    return theta - rate * g / (np.sqrt(memory["s"]) + 1e-8)


def adam(
    theta: Array, g: Array, memory: dict, rate: float, beta_1: float, beta_2: float
) -> Array:
    m = memory["m"] = beta_1 * memory.get("m", 0.0) + (1 - beta_1) * g
    s = memory["s"] = beta_2 * memory.get("s", 0.0) + (1 - beta_2) * g * g
    # Powers as products: the last bit of a power depends on the language.
    p_1 = memory["p_1"] = memory.get("p_1", 1.0) * beta_1
    p_2 = memory["p_2"] = memory.get("p_2", 1.0) * beta_2
    return theta - rate * (m / (1 - p_1)) / (np.sqrt(s / (1 - p_2)) + 1e-8)


RULES: dict[str, Callable[..., Array]] = {
    "gd": gradient_descent,
    "momentum": momentum,
    "nesterov": nesterov,
    "adagrad": adagrad,
    "rmsprop": rmsprop,
    "adam": adam,
}
