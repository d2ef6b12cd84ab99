"""What the chapter on the perceptron claims, held over draws."""

import numpy as np

from bookpress.checks.claims import claim
from notebook_utils import load_iris


def _mistakes(measurement: str, draw: int, center=False, unit=1.0) -> int:
    """Mistakes of Rosenblatt's rule on setosa and versicolor until it errs no more.

    The measurements are in centimeters times `unit`, less their means if `center`.
    """
    iris = load_iris().query("target < 2")
    columns = [f"{measurement} length (cm)", f"{measurement} width (cm)"]
    points = iris[columns].to_numpy() * unit
    points = (points - center * points.mean(axis=0)).tolist()
    labels = iris["target"].astype(int).tolist()
    rng = np.random.default_rng(draw)
    w_1 = w_2 = b = 0.0
    mistakes, clean = 0, False
    while not clean:
        clean = True
        for i in rng.permutation(len(points)).tolist():
            x_1, x_2 = points[i]
            error = labels[i] - (w_1 * x_1 + w_2 * x_2 + b >= 0)
            if error:
                w_1, w_2, b = w_1 + error * x_1, w_2 + error * x_2, b + error
                mistakes, clean = mistakes + 1, False
    return mistakes


@claim(draws=100)
def petals_take_few_mistakes(draw):
    """By petals, in orders drawn anew each epoch, at most 30 mistakes are made."""
    mistakes = _mistakes("petal", draw)
    return mistakes <= 30, mistakes


@claim(draws=100)
def sepals_take_many_mistakes(draw):
    """By sepals, in orders drawn anew each epoch, over 1 000 mistakes are made."""
    mistakes = _mistakes("sepal", draw)
    return mistakes > 1000, mistakes


@claim(draws=100)
def centered_sepals_take_few_mistakes(draw):
    """By sepals less their means, at most 30 mistakes are made."""
    mistakes = _mistakes("sepal", draw, center=True)
    return mistakes <= 30, mistakes


@claim(draws=50)
def petals_in_millimeters_take_many_mistakes(draw):
    """By petals in millimeters, over 1 000 mistakes are made."""
    mistakes = _mistakes("petal", draw, unit=10.0)
    return mistakes > 1000, mistakes
