"""Experiments with a handful of labeled pictures: patches, measures, and one head.

To compare what features are worth, all of them get the same head, `ridge_scores`: it
has one setting, which it chooses on its training samples alone, and no chance in it.
"""

import numpy as np
import torch

from pretrained import lite0_torch, prepare

PENALTIES = 10.0 ** np.arange(-3, 4)  # in units of the mean eigenvalue


def cut_patches(photo: np.ndarray, side: int) -> np.ndarray:
    """Cut a gray photograph into patches that do not overlap, without its light.

    Parameters
    ----------
    photo : gray values of shape (rows, columns)
    side : rows and columns of a patch, in pixels; what is left at the right and below
        is dropped

    Returns
    -------
    uint8, of shape (patches, side, side), row by row of the photograph. Each patch has
    been brought to mean 127 and standard deviation 50, and cut off at 0 and 255

    Raises
    ------
    ValueError : the photograph has another shape, or is smaller than a patch
    """
    if photo.ndim != 2 or side < 1 or min(photo.shape) < side:
        raise ValueError(f"no patches of side {side} in an array of {photo.shape}")
    rows, columns = (n // side for n in photo.shape)
    patches = photo[: rows * side, : columns * side].astype("float64")
    patches = patches.reshape(rows, side, columns, side).swapaxes(1, 2)
    patches = patches.reshape(-1, side, side)
    patches -= patches.mean((1, 2), keepdims=True)
    spread = patches.std((1, 2), keepdims=True)
    patches /= np.where(spread > 0, spread, 1)
    return np.clip(127 + 50 * patches, 0, 255).astype("uint8")


# Measures made by hand ----------------------------------------------------------------


def edge_directions(pictures: np.ndarray, cells: int) -> np.ndarray:
    """Histograms of the directions of edges, for each cell of a grid.

    Parameters
    ----------
    pictures : gray values, of shape (n, side, side)
    cells : rows and columns of the grid; 1 takes the whole picture

    Returns
    -------
    shape (n, 8 cells²): how much gradient points into each of eight sectors, in each
    cell, in the units of the gray values. Opposite directions are two sectors
    """
    down, across = np.gradient(pictures.astype("float64"), axis=(1, 2))
    size = np.hypot(down, across)
    sector = np.round(np.arctan2(down, across) / (np.pi / 4)).astype(int) % 8
    n, side, _ = pictures.shape
    place = np.arange(side) * cells // side
    histogram = np.zeros((n, cells, cells, 8))
    index = (np.arange(n)[:, None, None], place[:, None], place, sector)
    np.add.at(histogram, index, size)
    return histogram.reshape(n, -1)


def texture_measures(pictures: np.ndarray) -> np.ndarray:
    """Twenty-four numbers that tell surfaces apart, as one would choose them by hand.

    Parameters
    ----------
    pictures : gray values, of shape (n, side, side), the side above 8 pixels

    Returns
    -------
    shape (n, 24): edge directions of the whole picture, as shares; then the logarithm
    of the mean squared difference between pixels that lie 1, 2, 4 and 8 apart, across,
    down, and along both diagonals
    """
    x = pictures.astype("float64")
    edges = edge_directions(x, 1)
    columns = [edges / np.maximum(edges.sum(1, keepdims=True), 1e-9)]
    for s in (1, 2, 4, 8):
        pairs = [
            (x[:, :, s:], x[:, :, :-s]),
            (x[:, s:], x[:, :-s]),
            (x[:, s:, s:], x[:, :-s, :-s]),
            (x[:, s:, :-s], x[:, :-s, s:]),
        ]
        for a, b in pairs:
            columns.append(np.log(((a - b) ** 2).mean((1, 2)) + 1e-9)[:, None])
    return np.concatenate(columns, axis=1)


# What a network knows -----------------------------------------------------------------


def layer_means(
    pictures: np.ndarray,
    size: int,
    layers: list[int],
    network: torch.nn.Sequential | None = None,
    batch: int = 64,
) -> dict[int, np.ndarray]:
    """The mean of each channel over a picture, at several layers.

    Parameters
    ----------
    pictures : as `prepare` takes them
    size : rows and columns that the pictures are brought to, in pixels
    layers : numbers of the layers
    network : as of `lite0_torch`, in inference mode; None takes the trained one
    batch : pictures that are computed at a time

    Returns
    -------
    by layer, float32, of shape (pictures, channels)
    """
    if network is None:
        network = lite0_torch(max(layers))
    found: dict[int, list[np.ndarray]] = {layer: [] for layer in layers}
    with torch.inference_mode():
        for i in range(0, len(pictures), batch):
            a = _channels_second(pictures[i : i + batch], size)
            for layer in range(max(layers) + 1):
                a = network[layer](a)
                if layer in found:
                    found[layer].append(a.mean((2, 3)).numpy())
    return {layer: np.concatenate(parts) for layer, parts in found.items()}


def random_network(seed: int, pictures: np.ndarray, size: int) -> torch.nn.Sequential:
    """The trained network's layers 0 to 17 with random weights, by He's rule.

    Parameters
    ----------
    seed : of the weights
    pictures : from which batch normalization takes its running values
    size : rows and columns that they are brought to, in pixels

    Returns
    -------
    a network in inference mode, as of `lite0_torch(17)`
    """
    torch.manual_seed(seed)
    network = lite0_torch(17)
    for module in network.modules():
        if isinstance(module, torch.nn.Conv2d):
            torch.nn.init.kaiming_normal_(module.weight)
        elif isinstance(module, torch.nn.BatchNorm2d):
            module.reset_parameters()
            module.momentum = 1.0
    with torch.no_grad():
        network.train()(_channels_second(pictures, size))
    return network.eval()


def _channels_second(pictures: np.ndarray, size: int) -> torch.Tensor:
    return torch.from_numpy(prepare(pictures, size)).permute(0, 3, 1, 2)


# The head -----------------------------------------------------------------------------


def ridge_scores(
    x: np.ndarray, y: np.ndarray, x_new: np.ndarray, divide: bool = False
) -> np.ndarray:
    """Scores of new samples by ridge regression on the classes of a few.

    Features are centered by the training samples. Targets are 1 for the class and 0 for
    the others. The penalty is the one of seven, 0.001 to 1000 times the mean eigenvalue
    of the samples' products, with the smallest squared error of leaving out one
    training sample at a time.

    Parameters
    ----------
    x : training features, of shape (n, d)
    y : their classes, integers from 0, of shape (n,)
    x_new : features of the new samples, of shape (m, d)
    divide : whether features are divided by their standard deviation, too, where it is
        not 0. That of a few samples may be next to nothing by chance

    Returns
    -------
    shape (m, classes); the answer is the class with the largest

    Source
    ------
    Hastie, Tibshirani and Friedman (2009), The Elements of Statistical Learning,
    section 7.10, for the error of leaving one out without fitting again.
    """
    x, x_new = x.astype("float64"), x_new.astype("float64")
    mean = x.mean(0)
    x, x_new = x - mean, x_new - mean
    if divide:
        spread = x.std(0)
        spread[spread == 0] = 1
        x, x_new = x / spread, x_new / spread
    targets = np.eye(y.max() + 1)[y]
    middle = targets.mean(0)
    values, vectors = np.linalg.eigh(x @ x.T)
    values = values.clip(0)
    turned = vectors.T @ (targets - middle)
    best = np.inf
    for penalty in PENALTIES * values.sum() / min(x.shape):
        kept = values / (values + penalty)
        hat = (vectors * kept) @ vectors.T + 1 / len(x)  # the mean is fitted as well
        residual = targets - middle - vectors @ (kept[:, None] * turned)
        error = ((residual / (1 - np.diag(hat))[:, None]) ** 2).mean()
        if error < best:
            best, chosen = error, penalty
    weights = x.T @ (vectors @ (turned / (values + chosen)[:, None]))
    return x_new @ weights + middle
