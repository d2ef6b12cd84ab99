"""Twenty points, on which gradient descent races SGD: `points.js` in NumPy."""

import numpy as np

from explorers.race.landscapes import Landscape
from explorers.race.rules import Array

EPOCHS = 10  # what the figure shows of them
POINTS = 20
SEEDS = 8
DECAY = 0.005  # of the loss
ALL = slice(None)


class Points:
    """The loss of a logistic unit without bias: mean cross-entropy and a penalty.

    Parameters
    ----------
    x, y : arrays of shape (20, 2) and (20,), the points and their labels, 0 or 1
    """

    def __init__(self, x: Array, y: Array):
        self.x, self.y = np.asarray(x, float), np.asarray(y, float)
        if self.x.shape != (POINTS, 2) or self.y.shape != (POINTS,):
            raise ValueError(
                f"points of shape {self.x.shape} with labels of shape {self.y.shape}; "
                f"give ({POINTS}, 2) and ({POINTS},)"
            )
        self.best = self.optimum()

    def loss(self, theta: Array) -> Array:
        """The loss at parameters of shape (..., 2)."""
        o = theta[..., :1] * self.x[:, 0] + theta[..., 1:] * self.x[:, 1]
        entropy = np.mean(np.logaddexp(0, o) - self.y * o, axis=-1)
        return entropy + DECAY / 2 * np.sum(theta**2, axis=-1)

    def gradient(self, theta: Array, batch: Array | slice = ALL) -> Array:
        """The mean over a batch of indices (default: all)."""
        x, y = self.x[batch], self.y[batch]
        y_hat = 1 / (1 + np.exp(-(x @ theta)))
        return (y_hat - y) @ x / len(x) + DECAY * theta

    def optimum(self) -> Array:
        """Newton's method, from zero."""
        theta = np.zeros(2)
        for _ in range(30):
            y_hat = 1 / (1 + np.exp(-(self.x @ theta)))
            hessian = (self.x.T * (y_hat * (1 - y_hat))) @ self.x / POINTS
            hessian += DECAY * np.eye(2)
            theta = theta - np.linalg.solve(hessian, self.gradient(theta))
        return theta

    def landscape(self) -> Landscape:
        return Landscape(self.loss, self.gradient, float(self.loss(self.best)))

    def epochs(self, start: list[float], rate: float, batch: int, seed: int) -> Array:
        """Iterates of minibatch descent in ten epochs; with 20, of gradient descent."""
        theta = np.array(start)
        path = [theta]
        for order in orders(seed):
            for indices in np.split(order, POINTS // batch):
                theta = theta - rate * self.gradient(theta, indices)
                path.append(theta)
        return np.array(path)

    def on_the_page(self) -> dict:
        """What the page carries of them, the shuffles with a letter for each point."""
        return {
            "x": self.x.ravel().tolist(),
            "y": self.y.tolist(),
            "best": self.best.tolist(),
            "least": self.landscape().least,
            "orders": ["".join(map(chr, 97 + orders(s).ravel())) for s in range(SEEDS)],
        }


def orders(seed: int) -> Array:
    """The samples' order in each of ten epochs; shape (10, 20)."""
    rng = np.random.default_rng(seed)
    return np.array([rng.permutation(POINTS) for _ in range(EPOCHS)])
