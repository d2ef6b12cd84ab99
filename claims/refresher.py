"""What the refresher claims, held over draws."""

import numpy as np

from bookpress.checks.claims import claim
from notebook_utils import load_iris


def _density(x, group):
    """The Gaussian of a group of flowers, at x."""
    away, covariance = x - group.mean(axis=0), np.cov(group.T, bias=True)
    bowl = away @ np.linalg.solve(covariance, away) / 2
    return np.exp(-bowl) / np.sqrt(np.linalg.det(covariance))


@claim(draws=200)
def our_flower_is_more_likely_a_virginica(draw):
    """With 50 flowers of each species drawn anew from the data, two Gaussians give more
    than one half to virginica for our flower, at equal shares."""
    iris, rng = load_iris(), np.random.default_rng(draw)
    columns = ["petal length (cm)", "petal width (cm)"]
    species = [iris[iris["target"] == k][columns].to_numpy() for k in (1, 2)]
    versicolor, virginica = (group[rng.integers(50, size=50)] for group in species)
    x = np.array([4.9, 1.8])
    times = _density(x, virginica) / _density(x, versicolor)
    return times > 1, 100 * times / (times + 1)
