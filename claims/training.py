"""What the chapter on training claims, held over draws."""

import functools
from itertools import pairwise

import numpy as np
import torch

from bookpress.checks.claims import claim
from explorers.playground import Playground, dataset
from notebook_utils import load_boston, load_iris, make_spiral

ACTIVATIONS = {
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "ReLU": torch.relu,
    "leaky ReLU": lambda o: torch.nn.functional.leaky_relu(o, 0.1),
}
VARIANCES = {
    "Glorot": lambda m, n: 2 / (m + n),
    "He": lambda m, n: 2 / m,
    "8": lambda m, n: 64 / m,  # gain 8
}


def _draw(draws, widths, variance, generator):
    """Weights and zero biases of so many networks, which are trained side by side."""
    layers = []
    for m, n in pairwise(widths):
        spread = VARIANCES[variance](m, n) ** 0.5
        W = spread * torch.randn(draws, m, n, generator=generator)
        layers.append((W.requires_grad_(), torch.zeros(draws, 1, n).requires_grad_()))
    return layers


def _forward(x, layers, activation):
    """The pre-activations of all layers, of shape (draws, samples, units)."""
    o = []
    for W, b in layers:
        o.append(torch.baddbmm(b, x, W))
        x = ACTIVATIONS[activation](o[-1])
    return o


def _adam(layers, rate):
    return torch.optim.Adam([p for layer in layers for p in layer], lr=rate)


def _standardized(values):
    return (values - values.mean(axis=0)) / values.std(axis=0)


# Depth --------------------------------------------------------------------------------


def _spiral(draws):
    points, arm = make_spiral()
    x = torch.tensor(_standardized(points), dtype=torch.float32)
    y = torch.tensor(arm, dtype=torch.float32)[:, None]
    return x.expand(draws, -1, -1), y.expand(draws, -1, -1)


def _spiral_loss(o, y):
    loss = torch.nn.functional.binary_cross_entropy_with_logits
    return loss(o, y, reduction="none").mean(dim=(1, 2))


def _learn_spiral(depth, activation, variance, steps, rate=0.01, draws=20):
    """Last loss, and the dead units of each layer, in many draws of the weights."""
    x, y = _spiral(draws)
    generator = torch.Generator().manual_seed(0)
    layers = _draw(draws, [2, *depth * [16], 1], variance, generator)
    optimizer = _adam(layers, rate)
    for _ in range(steps):
        optimizer.zero_grad()
        _spiral_loss(_forward(x, layers, activation)[-1], y).sum().backward()
        optimizer.step()
    with torch.no_grad():
        *hidden, o = _forward(x, layers, activation)
        dead = [(values <= 0).all(dim=1).float().mean(dim=1) for values in hidden]
        return _spiral_loss(o, y).tolist(), torch.stack(dead, dim=1).numpy()


_learn_spiral = functools.cache(_learn_spiral)


@claim(draws=20)
def shallow_sigmoids_learn_the_spiral(draw):
    """Two hidden layers of 16 sigmoids, Glorot's weights, 1 000 full-batch steps of
    Adam at rate 0.01: the loss ends below 0.05."""
    loss = _learn_spiral(2, "sigmoid", "Glorot", 1000)[0][draw]
    return loss < 0.05, loss


@claim(draws=20)
def deep_sigmoids_do_not_learn_the_spiral(draw):
    """Ten hidden layers of 16 sigmoids, Glorot's weights, 1 000 full-batch steps of
    Adam at rate 0.01: the loss stays above 0.6."""
    loss = _learn_spiral(10, "sigmoid", "Glorot", 1000)[0][draw]
    return loss > 0.6, loss


@claim(draws=20)
def deep_tanh_learns_the_spiral(draw):
    """Ten hidden layers of 16 tanh units, Glorot's weights, 300 full-batch steps of
    Adam at rate 0.01: the loss ends below 0.05."""
    loss = _learn_spiral(10, "tanh", "Glorot", 300)[0][draw]
    return loss < 0.05, loss


@claim(draws=20)
def deep_relus_learn_the_spiral(draw):
    """Ten hidden layers of 16 ReLUs, He's weights, 300 full-batch steps of Adam at
    rate 0.01: the loss ends below 0.05."""
    loss = _learn_spiral(10, "ReLU", "He", 300)[0][draw]
    return loss < 0.05, loss


@claim(draws=20)
def deep_sigmoids_with_large_weights_learn_the_spiral(draw):
    """Ten hidden layers of 16 sigmoids, weights of variance 64/n, 1 000 full-batch
    steps of Adam at rate 0.01: the loss ends below 0.05."""
    loss = _learn_spiral(10, "sigmoid", "8", 1000)[0][draw]
    return loss < 0.05, loss


@claim(draws=20)
def few_units_die_at_a_small_rate(draw):
    """Two hidden layers of 16 ReLUs, He's weights, 300 full-batch steps of Adam at
    rate 0.01 on the spiral: at most a fifth of the hidden units is dead. Measured is
    their percentage."""
    dead = 100 * _learn_spiral(2, "ReLU", "He", 300, 0.01)[1][draw].mean()
    return dead <= 20, dead


@claim(draws=60)
def a_layer_dies_at_a_large_rate(draw):
    """Two hidden layers of 16 ReLUs, He's weights, 300 full-batch steps of Adam at
    rate 1 on the spiral: a whole layer is dead."""
    return _learn_spiral(2, "ReLU", "He", 300, 1.0, draws=60)[1][draw].max() == 1


@claim(draws=20)
def many_units_die_at_a_large_rate(draw):
    """The same: more than 40 percent of the hidden units are dead, and at rate 0.01
    fewer than 20 percent. Measured is the percentage at rate 1."""
    small, large = (
        100 * _learn_spiral(2, "ReLU", "He", 300, rate)[1][draw].mean()
        for rate in (0.01, 1.0)
    )
    return small < 20 and large > 40, large


@claim(draws=60)
def relus_learn_at_a_large_rate(draw):
    """The same with ReLUs: the loss ends below 0.3."""
    loss = _learn_spiral(2, "ReLU", "He", 300, 1.0, draws=60)[0][draw]
    return loss < 0.3, loss


@claim(draws=20)
def leaky_relus_learn_at_a_large_rate(draw):
    """Two hidden layers of 16 leaky ReLUs (slope 0.1), He's weights, 300 full-batch
    steps of Adam at rate 1 on the spiral: the loss ends below 0.3."""
    loss = _learn_spiral(2, "leaky ReLU", "He", 300, 1.0)[0][draw]
    return loss < 0.3, loss


@claim(draws=20)
def a_layer_of_the_playground_dies(draw):
    """The interactive network of ReLUs at rate 2: after 10 epochs a whole hidden layer
    is 0 at every point."""
    game = Playground(activation="relu", rate=2.0, seed=draw)
    (theta,) = game.trained(10)
    _, *hidden, _ = game.forward(theta, dataset("spiral")[0])
    return bool(min(values.max() for values in hidden) == 0)


def _adjoint_left(activation, variance, draw):
    """Share of an adjoint at the tenth hidden layer that arrives at the first."""
    x, _ = _spiral(1)
    generator = torch.Generator().manual_seed(draw)
    o = _forward(x, _draw(1, [2, *10 * [16], 1], variance, generator), activation)
    for values in o:
        values.retain_grad()
    o[-1].sum().backward()
    first, last = (values.grad.square().mean().sqrt().item() for values in (o[0], o[9]))
    return first / last


@claim(draws=20)
def a_layer_of_sigmoids_passes_a_quarter(draw):
    """Ten hidden layers of 16 sigmoids with Glorot's weights, on the points of the
    spiral: on the geometric mean, a layer passes less than 0.25 of the adjoint's size
    on to the layer before it."""
    factor = _adjoint_left("sigmoid", "Glorot", draw) ** (1 / 9)
    return factor < 0.25, factor


def _differences_left(initialize, draw):
    """What 20 layers of 128 ReLUs leave of the spread of 64 random inputs."""
    torch.manual_seed(draw)
    net = torch.nn.Sequential()
    for _ in range(20):
        linear = torch.nn.Linear(128, 128)
        if initialize is not None:
            initialize(linear.weight)
            torch.nn.init.zeros_(linear.bias)
        net.extend([linear, torch.nn.ReLU()])
    x = torch.randn(64, 128)
    with torch.inference_mode():
        return (net(x).std(dim=0).mean() / x.std()).item()


@claim(draws=20)
def glorot_s_weights_lose_the_differences(draw):
    """20 layers of 128 ReLUs with Glorot's uniform weights leave less than a thousandth
    of the spread of random inputs."""
    left = _differences_left(torch.nn.init.xavier_uniform_, draw)
    return left < 1e-3, left


@claim(draws=20)
def pytorch_s_weights_lose_the_differences(draw):
    """20 layers of 128 ReLUs with PyTorch's default weights and biases leave less than
    a hundred-thousandth of the spread of random inputs."""
    left = _differences_left(None, draw)
    return left < 1e-5, left


@claim(draws=20)
def he_s_weights_keep_the_differences(draw):
    """20 layers of 128 ReLUs with He's normal weights leave more than a tenth of the
    spread of random inputs."""
    left = _differences_left(torch.nn.init.kaiming_normal_, draw)
    return left > 0.1, left


# Scaling ------------------------------------------------------------------------------


def _crossentropy(o, y):
    log_p = torch.log_softmax(o, dim=-1)
    return -log_p.gather(-1, y[..., None])[..., 0].mean(dim=-1)


def _squared(o, y):
    return ((o - y) ** 2).mean(dim=(1, 2))


def _rows(values, rows):
    """Each draw's own rows, of shape (draws, rows, ...)."""
    return torch.stack([v[r] for v, r in zip(values, rows, strict=True)])


def _train(layers, loss, parts, rate, epochs, batch=30):
    """Train networks of ReLUs side by side, each on its own shuffled batches.

    Returns, for each epoch and network, the mean of the batches' losses and the losses
    of all parts after the epoch; and the networks' last outputs on the last part.
    """
    (x, y), optimizer, history = parts[0], _adam(layers, rate), []
    generator = torch.Generator().manual_seed(0)
    for _ in range(epochs):
        order = torch.rand(x.shape[:2], generator=generator).argsort(dim=1)
        seen = []
        for rows in order.split(batch, dim=1):
            optimizer.zero_grad()
            losses = loss(_forward(_rows(x, rows), layers, "ReLU")[-1], _rows(y, rows))
            losses.sum().backward()
            optimizer.step()
            seen.append(losses.detach())
        with torch.no_grad():
            outputs = [_forward(inputs, layers, "ReLU")[-1] for inputs, _ in parts]
            after = [loss(o, t) for o, (_, t) in zip(outputs, parts, strict=True)]
        history.append(torch.stack([torch.stack(seen).mean(dim=0), *after]))
    return torch.stack(history).numpy(), outputs[-1]


def _flowers(inputs):
    """Losses of 40 splits of the flowers, at the rate that validation found best.

    Each has 90 flowers to train on, 30 to choose rate and epoch by and 30 to judge,
    equally many of each species; 4-64-64-64-3 ReLUs, Glorot's weights, Adam, batches
    of 30, 100 epochs; the rates are 0.001, 0.003, 0.01, 0.03 and 0.1.
    Returns for each split: test loss at the chosen rate and epoch, at the last epoch,
    training loss at the last epoch, share right there on the test flowers.
    """
    iris = load_iris()
    cm = iris.iloc[:, :4].to_numpy()
    species = torch.tensor(iris["target"].to_numpy())
    parts = []
    for draw in range(40):
        rng = np.random.default_rng(draw)
        lots = np.stack([50 * k + rng.permutation(50) for k in range(3)])
        rows = [lots[:, :30].ravel(), lots[:, 30:40].ravel(), lots[:, 40:].ravel()]
        x = cm
        if inputs != "centimeters":
            x = cm - cm[rows[0]].mean(axis=0)
        if inputs == "standardized":
            x = x / cm[rows[0]].std(axis=0)
        parts.append([(torch.tensor(x[r]).float(), species[r]) for r in rows])
    stacked = [
        tuple(torch.stack(values) for values in zip(*part, strict=True))
        for part in zip(*parts, strict=True)
    ]
    found = []
    for rate in (0.001, 0.003, 0.01, 0.03, 0.1):
        generator = torch.Generator().manual_seed(0)
        layers = _draw(40, [4, 64, 64, 64, 3], "Glorot", generator)
        history, o = _train(layers, _crossentropy, stacked, rate, 100)
        right = (o.argmax(dim=-1) == stacked[2][1]).float().mean(dim=1).numpy()
        best = history[:, 2].argmin(axis=0)
        each = np.arange(40)
        found.append(
            np.stack(
                [
                    history[best, 2, each],
                    history[best, 3, each],
                    history[-1, 3],
                    history[-1, 1],
                    right,
                ]
            )
        )
    found = np.stack(found)
    chosen = found[:, 0].argmin(axis=0)
    return found[chosen, 1:, np.arange(40)]


_flowers = functools.cache(_flowers)


@claim(draws=40)
def scaled_flowers_are_fitted_faster(draw):
    """4-64-64-64-3 ReLUs on 90 flowers, Adam at the best of five rates by
    validation, 100 epochs: the training loss ends lower with standardized inputs than
    with centimeters. Measured is how many times lower."""
    raw, scaled = _flowers("centimeters")[draw][2], _flowers("standardized")[draw][2]
    return scaled < raw, raw / scaled


@claim(draws=40)
def centered_flowers_are_fitted_faster(draw):
    """The same with inputs that are only centered, still in centimeters. Measured is
    how many times lower the training loss ends than with centimeters alone."""
    raw, centered = _flowers("centimeters")[draw][2], _flowers("centered")[draw][2]
    return centered < raw, raw / centered


@claim(draws=40)
def scaled_flowers_are_predicted_worse(draw):
    """The same networks, at the rate and epoch that 30 flowers found best: the loss on
    30 others is higher with standardized inputs. Measured is by how much."""
    raw, scaled = _flowers("centimeters")[draw][0], _flowers("standardized")[draw][0]
    return scaled > raw, scaled - raw


@claim(draws=40)
def raw_flowers_test_loss(draw):
    """The same networks on centimeters, as chosen: the test loss is finite."""
    loss = _flowers("centimeters")[draw][0]
    return np.isfinite(loss), loss


@claim(draws=40)
def scaled_flowers_test_loss(draw):
    """The same networks on standardized inputs, as chosen: the test loss is finite."""
    loss = _flowers("standardized")[draw][0]
    return np.isfinite(loss), loss


# The whole program --------------------------------------------------------------------


def _tracts(standardize=True):
    """Training, validation and test part of 20 splits, prices in thousands of dollars.

    Returns them for networks, stacked, and the test errors of the best linear models.
    """
    boston = load_boston()
    x, y = boston.drop(columns="PRICE").to_numpy(), boston["PRICE"].to_numpy()
    parts, rivals = [], []
    for draw in range(20):
        rows = np.split(np.random.default_rng(draw).permutation(506), [306, 406])
        z = (x - x[rows[0]].mean(axis=0)) / x[rows[0]].std(axis=0)
        columns = np.column_stack([z, np.ones(506)])
        w = np.linalg.lstsq(columns[rows[0]], y[rows[0]])[0]
        rivals.append(np.sqrt(np.mean((columns[rows[2]] @ w - y[rows[2]]) ** 2)))
        inputs = torch.tensor(z if standardize else x).float()
        parts.append([(inputs[r], torch.tensor(y[r, None]).float()) for r in rows])
    return [
        tuple(torch.stack(values) for values in zip(*part, strict=True))
        for part in zip(*parts, strict=True)
    ], rivals


_tracts = functools.cache(_tracts)


def _house_networks():
    generator = torch.Generator().manual_seed(0)
    return _draw(20, [6, 32, 32, 1], "He", generator)


def _houses(rate):
    """The chapter's program in 20 splits: losses by epoch, and the epochs kept.

    6-32-32-1 ReLUs on standardized inputs, He's weights, Adam, batches of 32, at most
    200 epochs, patience 10.
    """
    parts, _ = _tracts()
    history, _ = _train(_house_networks(), _squared, parts, rate, 200, batch=32)
    kept = []
    for curve in history[:, 2].T:
        best = 0
        for epoch, loss in enumerate(curve):
            if loss < curve[best]:
                best = epoch
            elif epoch - best >= 10:
                break
        kept.append(best)
    return history, kept


_houses = functools.cache(_houses)


def _house_error(rate, draw):
    history, kept = _houses(rate)
    return np.sqrt(history[kept[draw], 3, draw])


@claim(draws=20)
def the_program_beats_a_line(draw):
    """6-32-32-1 ReLUs on 306 tracts, standardized, He's weights, Adam at rate 0.01,
    batches of 32, patience 10: the test error in thousands of dollars is below that of
    the best linear model."""
    error = _house_error(0.01, draw)
    return error < _tracts()[1][draw], error


@claim(draws=20)
def too_small_a_rate_loses_to_a_line(draw):
    """The same at rate 0.0001 and 200 epochs: the test error in thousands of dollars
    is above that of the best linear model."""
    error = _house_error(0.0001, draw)
    return error > _tracts()[1][draw], error


@claim(draws=20)
def fit_reports_more_than_is_left(draw):
    """In the first epoch of that program at rate 0.01 the mean of the batches' losses,
    which Keras' fit reports, is more than 1.2 times the loss that the epoch leaves on
    the same tracts. Measured is how many times."""
    history, _ = _houses(0.01)
    times = history[0, 0, draw] / history[0, 1, draw]
    return times > 1.2, times


@claim(draws=20)
def the_first_loss_tells_raw_inputs(draw):
    """Before training, the same networks have a loss within a third of the mean squared
    price on standardized inputs, and more than three times it on raw ones. Measured is
    the loss on raw inputs, in mean squared prices."""
    found = []
    for standardize in (True, False):
        x, y = _tracts(standardize)[0][0]
        with torch.no_grad():
            loss = _squared(_forward(x, _house_networks(), "ReLU")[-1], y)
        found.append((loss / (y**2).mean(dim=(1, 2)))[draw].item())
    return 0.67 < found[0] < 1.33 and found[1] > 3, found[1]


def _ten_tracts(start):
    """Loss on ten tracts after 1 000 full-batch steps of Adam at rate 0.01."""
    x, y = (values[:, :10] for values in _tracts()[0][0])
    layers = _house_networks()
    if start == "zero":
        layers = [
            tuple(torch.zeros_like(p).requires_grad_() for p in layer)
            for layer in layers
        ]
    _train(layers, _squared, [(x, y)], 0.01, 1000, batch=10)
    with torch.no_grad():
        return _squared(_forward(x, layers, "ReLU")[-1], y).tolist()


_ten_tracts = functools.cache(_ten_tracts)


@claim(draws=20)
def ten_tracts_are_learned_by_heart(draw):
    """1 000 full-batch steps of Adam at rate 0.01 on ten tracts: the loss ends below
    0.1; with all weights zero at the start it stays above 5. Measured is the latter."""
    healthy, faulty = _ten_tracts("He")[draw], _ten_tracts("zero")[draw]
    return healthy < 0.1 and faulty > 5, faulty


@claim(draws=20)
def adjoints_by_layer_tell_sigmoids(draw):
    """Ten hidden layers of 16 units before training, on the points of the spiral: of
    the adjoints at the tenth, more than a hundredth arrives at the first for ReLUs with
    He's weights, less than a hundred-thousandth for sigmoids with Glorot's. Measured is
    the share for ReLUs."""
    relu = _adjoint_left("ReLU", "He", draw)
    sigmoid = _adjoint_left("sigmoid", "Glorot", draw)
    return relu > 0.01 and sigmoid < 1e-5, relu


def _step_lengths(rate):
    """Percent of their size by which a step changes weights, in the sixth epoch."""
    (x, y), layers = _tracts()[0][0], _house_networks()
    optimizer, lengths = _adam(layers, rate), []
    weights = [W for W, _ in layers]
    for _ in range(6):
        for rows in torch.arange(306).split(32):
            before = [W.detach().clone() for W in weights]
            optimizer.zero_grad()
            _squared(
                _forward(x[:, rows], layers, "ReLU")[-1], y[:, rows]
            ).sum().backward()
            optimizer.step()
            pairs = zip(weights, before, strict=True)
            change = sum((W - V).detach().square().sum(dim=(1, 2)) for W, V in pairs)
            size = sum(V.square().sum(dim=(1, 2)) for V in before)
            lengths.append(100 * (change / size).sqrt())
    return torch.stack(lengths[-10:]).mean(dim=0).tolist()


_step_lengths = functools.cache(_step_lengths)


@claim(draws=20)
def short_steps_tell_a_small_rate(draw):
    """In the sixth epoch of the chapter's program a step changes the weights by 0.1 to
    1 percent of their size at rate 0.01, by less than 0.05 at 0.0001. Measured is the
    percentage at 0.01."""
    small, healthy = (_step_lengths(rate)[draw] for rate in (0.0001, 0.01))
    return small < 0.05 and 0.1 < healthy < 1, healthy


@claim(draws=20)
def steps_at_a_small_rate(draw):
    """The same at rate 0.0001: less than 0.05 percent, which is measured."""
    return _step_lengths(0.0001)[draw] < 0.05, _step_lengths(0.0001)[draw]


@claim(draws=50)
def shuffled_labels_tell_a_leak(draw):
    """60 samples of 1 000 features of noise and labels by a coin, ten features chosen
    by correlation, least squares on half: more of the other half is right if all rows
    have chosen than if the training half has. Measured is the percentage with all."""
    rng = np.random.default_rng(draw)
    x, y = rng.normal(size=(60, 1000)), rng.integers(2, size=60) * 2.0 - 1
    right = []
    for seen in (slice(30), slice(60)):
        chosen = np.argsort(np.abs(x[seen].T @ y[seen]))[-10:]
        inputs = np.column_stack([x[:, chosen], np.ones(60)])
        w = np.linalg.lstsq(inputs[:30], y[:30])[0]
        right.append(100 * np.mean(np.sign(inputs[30:] @ w) == y[30:]))
    return right[1] > right[0], right[1]


@claim(draws=20)
def counting_tells_twins(draw):
    """Of 506 tracts none occurs twice; if each is doubled before the split, more than
    half of 100 test rows also stand among the other 912. Measured is their share."""
    x = load_boston().drop(columns="PRICE").to_numpy()
    shares = []
    for rows in (x, np.repeat(x, 2, axis=0)):
        order = np.random.default_rng(draw).permutation(len(rows))
        test, rest = rows[order[:100]], {tuple(row) for row in rows[order[100:]]}
        shares.append(np.mean([tuple(row) in rest for row in test]))
    return shares[0] == 0 and shares[1] > 0.5, 100 * shares[1]


@claim(draws=20)
def known_answers_tell_forgotten_scaling(draw):
    """Networks trained for 30 epochs on standardized tracts, rate 0.01: their training
    error in thousands of dollars is below 6, and above 60 if they get the raw numbers.
    Measured is the latter."""
    healthy, faulty = _known_answers()
    return healthy[draw] < 6 and faulty[draw] > 60, faulty[draw]


def _known_answers():
    layers, (x, y), (raw, _) = _house_networks(), _tracts()[0][0], _tracts(False)[0][0]
    _train(layers, _squared, [(x, y)], 0.01, 30, batch=32)
    with torch.no_grad():
        return [
            _squared(_forward(inputs, layers, "ReLU")[-1], y).sqrt().tolist()
            for inputs in (x, raw)
        ]


_known_answers = functools.cache(_known_answers)
